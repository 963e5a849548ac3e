package page

import (
	"fmt"
	"mime"
	"net/http"

	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/search"
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

func (s *Service) took(who viewer, count string, h search.Hit) {
	s.asked.add(who, deed{what: export, count: count, text: "leaf " + cursor(search.Place{Log: h.Number, Leaf: h.Index})})
}

func fileName(h search.Hit) string {
	if h.Number > 1 {
		return fmt.Sprintf("log-%d-%d", h.Number, h.Index)
	}
	return fmt.Sprint(h.Index)
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
