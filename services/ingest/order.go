package ingest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/ingest/internal/accept"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/codec"
	"github.com/tidegate/tidegate/shared/token"
)

// Logged is a case that the audit log holds.
type Logged struct {
	Leaf    uint64 // index
	Case    event.Case
	Receipt []byte // record line
}

// about is what a cause or refusal says of itself.
type about struct {
	Line     string        `json:"line"`
	Kind     event.Kind    `json:"kind"`
	Event    string        `json:"event"`
	Tenant   string        `json:"tenant"`
	Source   string        `json:"source"`
	OrderID  string        `json:"order_id"`
	Revision int           `json:"revision"`
	Format   string        `json:"format"`
	At       event.Instant `json:"received_at"`
	Faults   []event.Fault `json:"faults"`
	Corrects string        `json:"corrects"`
}

func aboutOf(c event.Case) (a about, err error) {
	if err := codec.Decode(c.Line(0), &a); err != nil {
		return a, fmt.Errorf("first line of a case: %w", err)
	}
	return a, nil
}

// sees says whether who asks may see a case.
func (c caller) sees(a about) bool { return c.ActsFor(or(a.Tenant, accept.Unnamed), a.Source) }

// getOrder gives everything that is known of an order: the cases that are logged, each with its receipt, and the newest
// revision where it is not logged yet.
func (s *Service) getOrder(w http.ResponseWriter, r *http.Request) {
	if s.cfg.Lookup == nil {
		probNotHere.because("this door was started without the audit log").write(w, r)
		return
	}
	who, id := callerOf(r.Context()), r.PathValue("id")
	logged, size, err := s.cfg.Lookup(r.Context(), id)
	if err != nil {
		probLookup.because("%v", err).write(w, r)
		return
	}
	b, err := codec.Append([]byte(`{"order_id":`), id)
	if err != nil {
		probInternal.write(w, r)
		return
	}
	b = fmt.Appendf(b, `,"log_size":%d,"leaves":[`, size)
	n, seen := 0, map[string]bool{}
	for _, l := range logged {
		a, err := aboutOf(l.Case)
		if err != nil || !who.sees(a) || !fits(r.URL.Query(), a) {
			continue
		}
		b = append(fmt.Appendf(b, `%s{"leaf":%d,"lines":`, comma(n), l.Leaf), lines(l.Case)...)
		if l.Receipt != nil {
			b = append(append(b, `,"receipt":`...), l.Receipt...)
		}
		b = append(b, '}')
		n, seen[a.Event] = n+1, true
	}
	b = append(b, `],"pending":[`...)
	if c, state, ok := s.pending(r.Context(), who, r.URL.Query(), id); ok {
		if a, err := aboutOf(c); err == nil && !seen[a.Event] {
			b = append(append(fmt.Appendf(b, `{"state":%q,"lines":`, state), lines(c)...), '}')
			n++
		}
	}
	if n == 0 {
		probOrder.because("nothing is known of %s; where its source is not %q, say ?source=", id, s.sourceOf(who, r.URL.Query())).write(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(b, "]}\n"...))
}

// fits says whether a case is of the source and tenant that were asked for.
func fits(q url.Values, a about) bool {
	return (!q.Has("source") || q.Get("source") == a.Source) && (!q.Has("tenant") || q.Get("tenant") == or(a.Tenant, accept.Unnamed))
}

// lines writes the lines of a case as an array. They are appended as they are: encoding them again would change their digests.
func lines(c event.Case) []byte {
	b := make([]byte, 0, c.Size()+8)
	b = append(b, '[')
	for i := range c.Len() {
		b = append(append(b, comma(i)...), c.Line(i)...)
	}
	return append(b, ']')
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ","
}

func (s *Service) sourceOf(who caller, q url.Values) string {
	return or(q.Get("source"), token.Only(who.Sources, or(s.cfg.Source, accept.Unnamed)))
}

// pending finds the newest revision of an order in the streams: decided, or only accepted so far.
func (s *Service) pending(ctx context.Context, who caller, q url.Values, id string) (c event.Case, state string, ok bool) {
	tenant := or(q.Get("tenant"), token.Only(who.Tenants, accept.Unnamed))
	source := s.sourceOf(who, q)
	if !who.ActsFor(tenant, source) || s.write == nil {
		return c, "", false
	}
	order := accept.OrderKey(tenant, source, id)
	number, seq, known, err := s.write.newest(order)
	if err != nil || !known {
		return c, "", false
	}
	_, event := accept.RevisionKey(order, number)
	for _, from := range []struct{ stream, state string }{{subject.DecisionStream, "decided"}, {subject.OrderStream, "accepted"}} {
		if c, ok := s.caseIn(ctx, from.stream, seq, event); ok {
			return c, from.state, true
		}
	}
	return c, "", false
}

// caseIn reads an event's case from a block.
func (s *Service) caseIn(ctx context.Context, stream string, seq uint64, id string) (c event.Case, ok bool) {
	data, err := bus.Get(ctx, s.js, stream, seq)
	if err != nil {
		return c, false
	}
	cases, err := event.ParseBlock(data)
	if err != nil {
		return c, false
	}
	for _, c := range cases {
		if a, err := aboutOf(c); err == nil && a.Event == id {
			return c, true
		}
	}
	return c, false
}
