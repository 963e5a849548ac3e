package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
)

// askedWithin is how long an answer of the matcher is waited for; it takes a millisecond.
const askedWithin = 5 * time.Second

// getMatch asks with the members of event.Question in the query; identifiers, as id, may stand more than once.
func (s *Service) getMatch(w http.ResponseWriter, r *http.Request) {
	v := r.URL.Query()
	for name := range v {
		switch name {
		case "name", "type", "country", "address", "as_of", "id", "born":
		default:
			probRequest.because("%s=; there is name, type, country, address, as_of, id and born", name).write(w, r)
			return
		}
	}
	q := event.Question{
		Name: v.Get("name"), Type: v.Get("type"), Country: event.Country(v.Get("country")), Address: v.Get("address"),
		AsOf: event.Date(v.Get("as_of")), Identifiers: v["id"], Born: v.Get("born"),
	}
	if err := q.Check(); err != nil {
		probRequest.because("%v", err).write(w, r)
		return
	}
	question, err := json.Marshal(q)
	if err != nil {
		probInternal.because("%v", err).write(w, r)
		return
	}
	s.ask(w, r, question)
}

// postMatch asks with an event.Question as the body.
func (s *Service) postMatch(w http.ResponseWriter, r *http.Request) {
	question, err := io.ReadAll(http.MaxBytesReader(w, r.Body, event.MaxOrderSize))
	if err != nil {
		probTooLarge.because("%v", err).write(w, r)
		return
	}
	s.ask(w, r, question)
}

// ask passes a question on to enrichment, which knows the lists, and its answer back.
func (s *Service) ask(w http.ResponseWriter, r *http.Request, question []byte) {
	m := nats.NewMsg(subject.MatchSubject)
	m.Data = question
	ctx, cancel := context.WithTimeout(r.Context(), askedWithin)
	defer cancel()
	answer, err := s.nc.RequestMsgWithContext(ctx, m)
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		probNotReady.because("nobody answers questions now: enrichment does not run").write(w, r)
	case err != nil:
		probAnswer.because("%v", err).write(w, r)
	case answer.Header.Get("Nats-Service-Error-Code") == "400":
		probRequest.because("%s", answer.Header.Get("Nats-Service-Error")).write(w, r)
	case answer.Header.Get("Nats-Service-Error-Code") != "":
		probInternal.because("%s", answer.Header.Get("Nats-Service-Error")).write(w, r)
	default:
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answer.Data)
	}
}
