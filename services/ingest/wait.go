package ingest

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/shared/bus"
)

// awaited is what a sender may wait for beyond durability.
type awaited string

const (
	waitNothing  awaited = ""
	waitDecision awaited = "decision"
	waitReceipt  awaited = "receipt"
)

// listenWithin bounds the wait for the server to know a subscription.
const listenWithin = 5 * time.Second

// waiting listens to the public subjects on behalf of senders who wait, and only while there are any: one plain
// subscription for each source waited for.
type waiting struct {
	nc *nats.Conn

	mu      sync.Mutex
	listens map[string]*listening // by subject
	events  map[string][]*expectation
}

type listening struct {
	sub   *nats.Subscription
	users int
}

// expectation is one sender's wait for one event.
type expectation struct {
	of      *waiting
	subject string
	event   string
	line    chan []byte // holds one
}

func newWaiting(nc *nats.Conn) *waiting {
	return &waiting{nc: nc, listens: map[string]*listening{}, events: map[string][]*expectation{}}
}

// expect begins to listen; what is published after it returned will be heard. The caller ends it with forget.
func (w *waiting) expect(ctx context.Context, what awaited, source, id string) (*expectation, error) {
	prefix := subject.PublicDecisionPrefix
	if what == waitReceipt {
		prefix = subject.PublicRecordPrefix
	}
	e := &expectation{of: w, subject: prefix + subject.Token(source) + ".*", event: id, line: make(chan []byte, 1)}
	fresh, err := w.add(e)
	if err == nil && fresh {
		ctx, cancel := context.WithTimeout(ctx, listenWithin)
		defer cancel()
		err = w.nc.FlushWithContext(ctx) // the server knows the subscription when it answers
	}
	if err != nil {
		e.forget()
		return nil, fmt.Errorf("listen for %s: %w", what, err)
	}
	return e, nil
}

func (w *waiting) add(e *expectation) (fresh bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := w.listens[e.subject]
	if l == nil {
		sub, err := w.nc.Subscribe(e.subject, w.heard)
		if err != nil {
			return false, err
		}
		l = &listening{sub: sub}
		w.listens[e.subject] = l
	}
	l.users++
	w.events[e.event] = append(w.events[e.event], e)
	return true, nil
}

func (w *waiting) heard(m *nats.Msg) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.events[m.Header.Get(subject.HeaderCEID)] {
		select {
		case e.line <- m.Data:
		default: // has one already
		}
	}
}

// forget ends the wait. Twice is fine.
func (e *expectation) forget() {
	w := e.of
	w.mu.Lock()
	defer w.mu.Unlock()
	at := -1
	for i, other := range w.events[e.event] {
		if other == e {
			at = i
		}
	}
	if at < 0 {
		return
	}
	rest := append(w.events[e.event][:at:at], w.events[e.event][at+1:]...)
	if w.events[e.event] = rest; len(rest) == 0 {
		delete(w.events, e.event)
	}
	l := w.listens[e.subject]
	if l.users--; l.users == 0 {
		delete(w.listens, e.subject)
		_ = l.sub.Unsubscribe() // fails only when the connection is gone, and the subscription with it
	}
}

// await gives the line waited for: what is published, or, for an order sent again, what was before. Nil when ctx ends first.
func (s *Service) await(ctx context.Context, e *expectation, what awaited, v verdict) []byte {
	if v.duplicate {
		if line := s.before(ctx, what, v); line != nil {
			return line
		}
	}
	select {
	case line := <-e.line:
		return line
	case <-ctx.Done():
		return nil
	}
}

// before looks up the decision or receipt of an order that was stored earlier.
func (s *Service) before(ctx context.Context, what awaited, v verdict) []byte {
	if what == waitReceipt {
		if s.cfg.Receipt == nil {
			return nil
		}
		line, _, err := s.cfg.Receipt(ctx, v.entry.Event)
		if err != nil {
			return nil
		}
		return line
	}
	data, err := bus.Get(ctx, s.js, subject.DecisionStream, v.sequence)
	if err != nil {
		return nil
	}
	cases, err := event.ParseBlock(data)
	if err != nil {
		return nil
	}
	for _, c := range cases {
		if bytes.Contains(c.Line(0)[:min(200, len(c.Line(0)))], []byte(`"event":"`+v.entry.Event+`"`)) {
			return c.Line(2)
		}
	}
	return nil
}
