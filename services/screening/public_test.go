package screening

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/natstest"
)

// decided is a block of one decision on order k.
func decided(k int) []byte {
	c := event.NewCase(fmt.Appendf(nil, `{"line":"order","event":"e%d","source":"test","order_id":"order-%d"}`, k, k)).
		With([]byte(`{"line":"facts"}`)).With(fmt.Appendf(nil, `{"line":"judgement","outcome":"release","rule":"order-%d"}`, k))
	return event.AppendBlock(nil, []event.Case{c})
}

// publishing copies decisions until stop.
func publishing(t *testing.T, s *Service) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.publishDecisions(ctx)
	}()
	return func() { cancel(); <-done }
}

func TestPublishingGoesOnBehindDecisionsThatAreGone(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		running bool // they go while decisions are copied
		says    string
	}{
		"before it starts": {false, "first_block=1 last_block=2"},
		"while it copies":  {true, "first_block=2 last_block=2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			s, err := New(natstest.Server(t), Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			decide(t, s, 1)
			stop := func() {}
			if tt.running {
				stop = publishing(t, s)
				awaitOrder(t, s, "order-1")
			}
			if err := bus.Purge(t.Context(), s.js, subject.DecisionStream, 3); err != nil {
				t.Fatal(err)
			}
			decide(t, s, 3)
			if !tt.running {
				stop = publishing(t, s)
			}
			awaitOrder(t, s, "order-3")
			stop()
			if strings.Count(log.String(), tt.says) != 1 || strings.Count(log.String(), "\n") != 1 {
				t.Errorf("want one line with %s: %s", tt.says, log.String())
			}
		})
	}
}

func decide(t *testing.T, s *Service, k int) {
	t.Helper()
	ack, err := s.js.Publish(t.Context(), subject.DecisionSubject, decided(k))
	if err != nil {
		t.Fatal(err)
	}
	cases, err := event.ParseBlock(decided(k))
	if err != nil {
		t.Fatal(err)
	}
	s.stored(ack.Sequence, cases)
}

// awaitOrder waits until the decision on an order is public.
func awaitOrder(t *testing.T, s *Service, order string) {
	t.Helper()
	in, err := bus.OpenReader(t.Context(), s.js, subject.PublicDecisionStream, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for {
		b, err := in.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b.Data), order) {
			return
		}
	}
}

func TestPublishingMissesNothingWhenManyAreStoredAtOnce(t *testing.T) {
	t.Parallel()
	s, err := New(natstest.Server(t), Config{})
	if err != nil {
		t.Fatal(err)
	}
	decide(t, s, 1)
	defer publishing(t, s)()
	awaitOrder(t, s, "order-1")
	for k := 2; k <= 50; k++ {
		decide(t, s, k)
	}
	awaitOrder(t, s, "order-50")
	all, err := bus.Look(t.Context(), s.js, subject.PublicDecisionStream)
	if err != nil || all.Last != 50 {
		t.Errorf("%d public decisions, %v", all.Last, err)
	}
}
