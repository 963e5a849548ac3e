package ingest

import (
	"bytes"
	"errors"
	"io"
	"net/http"

	"github.com/tidegate/tidegate/services/ingest/internal/feed"
	"github.com/tidegate/tidegate/services/ingest/internal/format"
	"github.com/tidegate/tidegate/shared/token"
)

// maxWebhook is how many bytes of a webhook are read before its signature is known to be good.
const maxWebhook = 1 << 20

// maxDrain is how many bytes behind those are passed over before the answer.
const maxDrain = 16 << 20

// postWebhook takes what a source posts when its signature is good. The sender's id of the message is its idempotency
// key. An order that is refused is answered with 200 like any other: the refusal is stored, and sending it again, which is
// what senders do after anything else, would change nothing.
func (s *Service) postWebhook(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	hook, known := s.Doors().Webhooks[name]
	if !known {
		probPath.because("no webhook %q is configured", name).write(w, r)
		return
	}
	rc := http.NewResponseController(w)
	from := &patientReader{r: r.Body, rc: rc, now: s.cfg.Clock}
	body, err := io.ReadAll(&counted{r: from, most: maxWebhook})
	if err != nil {
		_, _ = io.CopyN(io.Discard, from, maxDrain) // who is still sending reads no answer
		notRead(err).write(w, r)
		return
	}
	id, err := hook.key.Check(r.Header.Get, body, s.cfg.Clock())
	if err != nil {
		probSignature.because("%v", err).write(w, r)
		return
	}
	v := wish{who: caller{
		Record: token.Record{Name: "webhook " + name, Tenants: []string{or(hook.Tenant, "default")}, Sources: []string{hook.Source}},
		Actor:  "webhook:" + name,
	}}
	if usable(id) {
		v.key = name + ":" + id
	}
	in := format.New(bytes.NewReader(body), format.Hint{Map: hook.Map})
	first, err := in.Next()
	if err != nil && !errors.Is(err, feed.ErrCut) && !errors.Is(err, io.EOF) {
		notRead(err).write(w, r)
		return
	}
	if !in.Single() {
		s.answerMany(w, r, rc, v, in, first, err)
		return
	}
	a, _ := s.finish(r.Context(), v, s.begin(r.Context(), v, first, ""))
	if a.Status == statusRefused {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(a.appendTo(nil))
		return
	}
	s.sayOne(w, r, a, false)
}
