package page

import (
	"io"
	"log/slog"
	"net/http"

	"github.com/tidegate/tidegate/services/audit/search"
	"github.com/tidegate/tidegate/shared/clock"
)

// exports is how many are written at once: one may be of the whole log.
const exports = 2

// errExports says that there are too many.
var errExports = fault{http.StatusServiceUnavailable, "Others export at this moment. Try again when they are done."}

// getExport writes every record that a question asks for, each proven, as JSON lines or CSV. An export that breaks off has no last line: of JSON lines
// that is the trailer, which says how many rows there are, under which checkpoints, and their digest.
func (s *Service) getExport(w http.ResponseWriter, r *http.Request, who viewer) error {
	f := formOf(r.URL.Query())
	q := f.query(who)
	if _, err := q.Normal(); err != nil {
		return fault{http.StatusBadRequest, err.Error()}
	}
	out := &slowly{w: w, rc: http.NewResponseController(w)}
	var to search.Format
	name, kind := "records.jsonl", "application/x-ndjson"
	switch r.URL.Query().Get("as") {
	case "", "jsonl":
		to = search.NewJSONL(out)
	case "csv":
		name, kind, to = "records.csv", "text/csv; charset=utf-8", search.NewCSV(out)
	default:
		return fault{http.StatusBadRequest, "as: want jsonl or csv; \"tidegate audit export\" writes Parquet, too"}
	}
	select {
	case s.exporting <- struct{}{}:
		defer func() { <-s.exporting }()
	default:
		return errExports
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	t, err := s.archive.Export(r.Context(), q, to, nil)
	s.asked.add(who, deed{what: export, count: "exports", text: asText(f)})
	s.asked.addSome(who, export, "rows", int(t.Rows)) //nolint:gosec // far smaller
	if err != nil && out.n > 0 {
		s.cfg.Log.WarnContext(r.Context(), "an export broke off", slog.Any("error", err))
		panic(http.ErrAbortHandler) // cut off: what was sent must not look whole
	}
	return err
}

// slowly writes to somebody who must take what he is sent.
type slowly struct {
	w  io.Writer
	rc *http.ResponseController
	n  int
}

func (o *slowly) Write(b []byte) (int, error) {
	_ = o.rc.SetWriteDeadline(clock.System().Add(takeWithin))
	n, err := o.w.Write(b)
	o.n += n
	return n, err
}
