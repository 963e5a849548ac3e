package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/google/uuid"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/ingest/internal/accept"
	"github.com/tidegate/tidegate/services/ingest/internal/format"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/codec"
	"github.com/tidegate/tidegate/shared/token"
)

// Limits of one ad hoc request.
const (
	maxAsked     = 8 << 20 // bytes
	maxInquiries = 1000    // orders
)

// Inquiry is what would be decided of an order that does not become one: nothing waits for it, no total counts it, and it
// lets no goods move. That it was asked is logged.
type Inquiry struct {
	Inquiry  bool            `json:"inquiry"` // true, so that nobody takes it for a decision
	Status   string          `json:"status"`  // judged, refused; inside a stream of answers also forbidden, unavailable
	OrderID  string          `json:"order_id,omitempty"`
	Source   string          `json:"source,omitempty"`
	Outcome  event.Outcome   `json:"outcome,omitempty"`
	Rule     string          `json:"rule,omitempty"`
	Note     string          `json:"note,omitempty"` // event id of the note in the log
	Faults   []event.Fault   `json:"faults,omitempty"`
	Detail   string          `json:"detail,omitempty"`   // why it is neither judged nor refused
	Facts    json.RawMessage `json:"facts,omitempty"`    // the facts line
	Decision json.RawMessage `json:"decision,omitempty"` // the judgement line
}

const statusJudged = "judged"

// inquire judges one order without making it one.
func (s *Service) inquire(ctx context.Context, who caller, in accept.Input) Inquiry {
	in.Actor, in.Tenant = who.Actor, token.Only(who.Tenants, "")
	in.Source = token.Only(who.Sources, in.Source)
	e := s.accept(in)
	q := Inquiry{Inquiry: true, OrderID: e.OrderID, Source: e.Source, Faults: e.Faults}
	switch {
	case !who.ActsFor(e.Tenant(), e.Source):
		q.Status, q.Detail = statusForbidden, fmt.Sprintf("token %s may not act for source %q of tenant %q", who.Name, e.Source, e.Tenant())
		return q
	case e.Refused():
		q.Status = statusRefused
		return q
	case e.Line == nil:
		if q.Status, q.Detail = statusRefused, "it is no order but says what happened to one"; e.Partial() {
			q.Detail = "it lists only what changed of an order; ask with the whole one"
		}
		q.Faults = []event.Fault{{Code: "not_supported", Detail: q.Detail}}
		return q
	}
	if err := s.judge(ctx, who, e, &q); err != nil {
		return Inquiry{Inquiry: true, Status: statusUnavailable, OrderID: e.OrderID, Source: e.Source, Detail: err.Error()}
	}
	return q
}

// judge asks the steps one after the other and has it noted before anybody sees the answer.
func (s *Service) judge(ctx context.Context, who caller, e accept.Entry, q *Inquiry) error {
	c := event.NewCase(e.Line)
	var err error
	for _, step := range []string{subject.AskFacts, subject.AskJudgement} {
		if c, err = bus.Ask(ctx, s.nc, step, c); err != nil {
			return err
		}
	}
	var j struct {
		Outcome event.Outcome `json:"outcome"`
		Rule    string        `json:"rule"`
	}
	if err := codec.Decode(c.Line(2), &j); err != nil {
		return fmt.Errorf("judgement: %w", err)
	}
	text := fmt.Sprintf("Order %q of source %q was judged ad hoc: %s", q.OrderID, q.Source, j.Outcome)
	if j.Rule != "" {
		text += " (" + j.Rule + ")"
	}
	act, err := json.Marshal(event.Act{Kind: event.Remark, ID: "inquiry-" + uuid.NewString(), Particulars: event.Particulars{
		Note: &event.Note{What: "inquiry", By: who.Actor, Text: text + ".", SHA256: event.Digest(c.Line(2))},
	}})
	if err != nil {
		return fmt.Errorf("note the inquiry: %w", err)
	}
	a, err := s.Act(ctx, act, who.Actor)
	if err == nil && a.Status != statusAccepted {
		err = fmt.Errorf("%+v", a.Faults)
	}
	if err != nil {
		return fmt.Errorf("note the inquiry: %w", err)
	}
	s.meter.inquiries.WithLabelValues(string(j.Outcome)).Inc()
	q.Status, q.Outcome, q.Rule, q.Note, q.Facts, q.Decision = statusJudged, j.Outcome, j.Rule, a.Event, c.Line(1), c.Line(2)
	return nil
}

// appendTo writes the inquiry as one line. Facts and judgement are copied, so that their digests stay checkable.
func (q Inquiry) appendTo(b []byte) []byte {
	facts, decision := q.Facts, q.Decision
	q.Facts, q.Decision = nil, nil
	b, err := codec.Append(b, q)
	if err != nil {
		panic(err) // texts always encode
	}
	if decision != nil {
		b = append(append(b[:len(b)-1], `,"facts":`...), facts...)
		b = append(append(append(b, `,"decision":`...), decision...), '}')
	}
	return append(b, '\n')
}

// postScreen answers what would be decided: of one order as one object, of several as a line each.
func (s *Service) postScreen(w http.ResponseWriter, r *http.Request) {
	v, p := readWish(r)
	if p != nil {
		p.write(w, r)
		return
	}
	body, p := s.body(http.NewResponseController(w), r)
	if p != nil {
		p.write(w, r)
		return
	}
	b, err := io.ReadAll(&counted{r: body, most: maxAsked})
	if err != nil {
		notRead(err).write(w, r)
		return
	}
	all, err := s.inquiries(r.Context(), v.who, b, v.hint)
	switch {
	case err != nil:
		notRead(err).write(w, r)
	case len(all) == 1:
		sayInquiry(w, r, all[0])
	default:
		w.Header().Set("Content-Type", "application/x-ndjson")
		for _, q := range all {
			_, _ = w.Write(q.appendTo(nil))
		}
	}
}

func sayInquiry(w http.ResponseWriter, r *http.Request, q Inquiry) {
	switch q.Status {
	case statusForbidden:
		probForbidden.because("%s", q.Detail).write(w, r)
	case statusUnavailable:
		probUnavailable.because("%s", q.Detail).write(w, r)
	case statusRefused:
		p := refusedProblem(Answer{OrderID: q.OrderID, Source: q.Source, Faults: q.Faults})
		if p.Detail = "an inquiry: nothing was stored"; len(q.Faults) == 1 {
			p.Detail = q.Faults[0].Detail
		}
		p.write(w, r)
	default:
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(q.appendTo(nil))
	}
}

// inquiries judges every order of a document.
func (s *Service) inquiries(ctx context.Context, who caller, b []byte, h format.Hint) (all []Inquiry, err error) {
	in := format.New(bytes.NewReader(b), h)
	for {
		piece, err := in.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		if len(all) == maxInquiries {
			return nil, fmt.Errorf("%w: more than %d orders", errTooLarge, maxInquiries)
		}
		all = append(all, s.inquire(ctx, who, piece))
	}
}
