package page

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/search"
	"github.com/tidegate/tidegate/shared/token"
)

// send gives a file to keep.
func send(w http.ResponseWriter, name, kind string, b []byte) error {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	_, err := w.Write(b)
	return err
}

// getLeaf gives a leaf's exact bytes: what its hash is of.
func (s *Service) getLeaf(w http.ResponseWriter, r *http.Request, who viewer) error {
	h, _, err := s.recordAt(r, who)
	if err != nil {
		return err
	}
	s.took(who, "leaves", h)
	return send(w, fileName(h)+".leaf", "application/octet-stream", h.Bytes())
}

// getProof gives the proof that a leaf is under the published checkpoint (C2SP tlog-proof).
func (s *Service) getProof(w http.ResponseWriter, r *http.Request, who viewer) error {
	h, reader, err := s.recordAt(r, who)
	if err != nil {
		return err
	}
	b, err := reader.Proof(h.Number, h.Index)
	if err != nil {
		return err
	}
	s.took(who, "proofs", h)
	return send(w, fileName(h)+".tlog-proof", "text/plain; charset=utf-8", b)
}

// getEvidence gives the evidence pack of an order. It holds every event of the order, so the viewer must see them all.
func (s *Service) getEvidence(w http.ResponseWriter, r *http.Request, who viewer) error {
	id, source := r.URL.Query().Get("id"), r.URL.Query().Get("source")
	q := search.Query{Order: id, Source: source, Limit: 1, Within: who.Reach()}
	got, err := s.ask(r.Context(), q, nil)
	if err != nil {
		return err
	}
	if id == "" || len(got.Hits) == 0 {
		return errNothing
	}
	if !who.Reach().Whole() {
		if err := s.seesAll(r, who, q); err != nil {
			return err
		}
	}
	sees := func(l audit.Logged) (bool, error) {
		row, err := search.RowOf(l)
		return who.Reach().Sees(row.Tenant, row.Source, row.Date), err
	}
	var b bytes.Buffer
	_, err = audit.Evidence(r.Context(), s.cfg.Dir, id, &b, audit.EvidenceOptions{
		Source: source, CheckpointDir: s.cfg.CheckpointDir, Witnesses: s.cfg.Witnesses, WithoutPDF: r.URL.Query().Get("pdf") == "no", Rows: s.cfg.Rows, Sees: sees,
	})
	switch {
	case errors.Is(err, audit.ErrGlyph):
		return fault{http.StatusUnprocessableEntity, "The document cannot be printed: " + err.Error() + ". With &pdf=no behind the address you get everything but the document."}
	case errors.Is(err, audit.ErrNone):
		return errNothing
	case errors.Is(err, audit.ErrBeyond):
		return errBeyond
	case err != nil:
		return err
	}
	s.asked.add(who, deed{what: evidence, count: "packs", text: "order " + strconv.Quote(id)})
	return send(w, "evidence-"+plain(id)+".zip", "application/zip", b.Bytes())
}

var errBeyond = fault{http.StatusForbidden, "A part of this order's history lies beyond what your token may see, and an evidence pack holds all of it."}

var errLicensed = fault{http.StatusForbidden, "The order was judged by licenses, which are of no source and lie beyond what your token may see, and an evidence pack holds them."}

// seesAll refuses what holds more than the viewer sees: some event of the order lies beyond, or it is the order's of another source.
func (s *Service) seesAll(r *http.Request, who viewer, q search.Query) error {
	counts := [2]int{}
	for i, within := range []token.Reach{{}, who.Reach()} {
		q.Within, q.Limit = within, search.MaxLimit
		got, err := s.ask(r.Context(), q, nil)
		if err != nil {
			return err
		}
		counts[i] = len(got.Hits)
		for _, h := range got.Hits {
			if v, err := recordOf(h); err != nil {
				return err
			} else if v.Judgement != nil && v.Judgement.Read != nil && len(v.Judgement.Read.Licenses) > 0 {
				return errLicensed
			}
		}
	}
	if counts[0] != counts[1] {
		return errBeyond
	}
	return nil
}

// plain is an id as part of a file name.
func plain(id string) string {
	return strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '_' {
			return c
		}
		return '_'
	}, id[:min(len(id), 64)])
}

func (s *Service) took(who viewer, count string, h search.Hit) {
	s.asked.add(who, deed{what: export, count: count, text: "leaf " + cursor(search.Place{Log: h.Number, Leaf: h.Index})})
}

func fileName(h search.Hit) string {
	if h.Number > 1 {
		return fmt.Sprintf("log-%d-%d", h.Number, h.Index)
	}
	return strconv.FormatUint(h.Index, 10)
}

// getCheckpoint gives the newest checkpoint, to be kept elsewhere.
func (s *Service) getCheckpoint(w http.ResponseWriter, _ *http.Request, who viewer) error {
	point, err := audit.Published(s.cfg.Dir)
	if err != nil {
		return err
	}
	s.asked.add(who, deed{what: export, count: "checkpoints"})
	return send(w, fmt.Sprintf("%d.checkpoint", point.Size), "text/plain; charset=utf-8", point.Raw)
}

// getKey gives the log's key. It proves no more than that log and key belong together: who wants more has it from elsewhere.
func (s *Service) getKey(w http.ResponseWriter, _ *http.Request, who viewer) error {
	key, err := audit.PublicKey(s.cfg.Dir)
	if err != nil {
		return err
	}
	s.asked.add(who, deed{what: export, count: "keys"})
	return send(w, "log.pub", "text/plain; charset=utf-8", []byte(key))
}
