package ingest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/ingest"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/natstest"
)

// service starts a door without a listener.
func service(tb testing.TB, nc *nats.Conn, cfg ingest.Config) (s *ingest.Service, stop func() error) {
	tb.Helper()
	if cfg.Dir == "" {
		cfg.Dir = tb.TempDir()
	}
	s, err := ingest.New(nc, cfg)
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stop = sync.OnceValue(func() error { cancel(); return <-done })
	tb.Cleanup(func() { _ = stop() })
	select {
	case <-s.Ready():
	case err := <-done:
		tb.Fatal(err)
	}
	return s, stop
}

func accepted(t *testing.T, s *ingest.Service, order string) ingest.Answer {
	t.Helper()
	a, err := s.Submit(t.Context(), []byte(order), "test")
	if err != nil || a.Status != "accepted" {
		t.Fatalf("%+v %v", a, err)
	}
	return a
}

func revision(id, buyer string, n int) string {
	return strings.Replace(order(id, buyer), `"source"`, fmt.Sprintf(`"revision":%d,"source"`, n), 1)
}

func disposition(id, reason string) event.Act {
	return event.Act{
		Kind: event.Disposition, ID: id, Source: "shop", OrderID: "A",
		Particulars: event.Particulars{Disposition: &event.Disposed{
			By: "ann", Role: "officer", Outcome: event.Release, Reason: reason, Findings: []event.Answered{{Rule: "possible-match"}},
		}},
	}
}

// caused finds the stored cause of an event.
func caused(t *testing.T, nc *nats.Conn, id string) (c event.Cause, line string) {
	t.Helper()
	for _, l := range stored(t, nc) {
		if !strings.Contains(l, `"event":"`+id+`"`) {
			continue
		}
		if err := json.Unmarshal([]byte(l), &c); err != nil {
			t.Fatal(err)
		}
		return c, l
	}
	t.Fatalf("event %s is not stored", id)
	return c, ""
}

func TestActsCarryTheNewestRevision(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	dir := t.TempDir()
	s, stop := service(t, nc, ingest.Config{Dir: dir})
	first := accepted(t, s, order("A", "Example Fans GmbH"))
	say := func(a event.Act) event.Cause {
		t.Helper()
		got, err := bus.Act(t.Context(), nc, a)
		if err != nil {
			t.Fatal(err)
		}
		c, line := caused(t, nc, got.Event)
		if c.Order == nil || !strings.HasSuffix(line, "}") {
			t.Fatal(line)
		}
		return c
	}
	if c := say(disposition("d1", "looked")); c.Of != first.Event || c.Order.Parties[0].Name != "Example Fans GmbH" || c.Revision != 0 {
		t.Errorf("%+v", c)
	}
	third := accepted(t, s, revision("A", "Third", 3))
	accepted(t, s, revision("A", "Second comes late", 2))
	if c := say(disposition("d2", "looked")); c.Of != third.Event || c.Order.Parties[0].Name != "Third" || c.Revision != 3 {
		t.Errorf("%+v", c)
	}
	shipped := accepted(t, s, `{"source":"shop","id":"A","event":"shipped","shipment":{"date":"2026-11-25","document":"DN-1"}}`)
	if c, _ := caused(t, nc, shipped.Event); c.Of != third.Event || c.Kind != event.Shipped || c.Shipment == nil || c.Order.Parties[0].Name != "Third" {
		t.Errorf("%+v", c)
	}

	again, err := bus.Act(t.Context(), nc, disposition("d1", "looked"))
	if err != nil || !again.Duplicate {
		t.Errorf("the same again: %+v %v", again, err)
	}
	if _, err := bus.Act(t.Context(), nc, disposition("d1", "looked again")); !errors.Is(err, bus.ErrRefused) || !strings.Contains(err.Error(), "an id of its own") {
		t.Errorf("other content: %v", err)
	}

	// An index made again from the stream knows the same.
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "keys.db")); err != nil {
		t.Fatal(err)
	}
	service(t, nc, ingest.Config{Dir: dir})
	if c := say(disposition("d3", "looked")); c.Of != third.Event {
		t.Errorf("after the index was made again: %+v", c)
	}
	if again, err := bus.Act(t.Context(), nc, disposition("d1", "looked")); err != nil || !again.Duplicate {
		t.Errorf("the same again: %+v %v", again, err)
	}
}

func TestActsOfAnOrderNobodyKnows(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	s, _ := service(t, nc, ingest.Config{})
	if _, err := bus.Act(t.Context(), nc, disposition("d", "looked")); !errors.Is(err, bus.ErrRefused) || !strings.Contains(err.Error(), `no order "A"`) {
		t.Errorf("%v", err)
	}
	got, err := bus.Act(t.Context(), nc, event.Act{Kind: event.Cancelled, ID: "c", Source: "shop", OrderID: "A"})
	if err != nil {
		t.Fatal(err)
	}
	if c, _ := caused(t, nc, got.Event); c.Of != "" || c.Order != nil {
		t.Errorf("%+v", c)
	}
	// Once the order is there, the disposition that was refused is taken.
	accepted(t, s, order("A", "Example Fans GmbH"))
	if got, err := bus.Act(t.Context(), nc, disposition("d", "looked")); err != nil || got.Duplicate {
		t.Errorf("%+v %v", got, err)
	}
}

func TestActsAndTheirOrderInOneBlock(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	s, _ := service(t, nc, ingest.Config{})
	var sent sync.WaitGroup
	for i := range 200 {
		id := fmt.Sprintf("A-%d", i)
		sent.Go(func() {
			for _, in := range []string{order(id, "Example Fans GmbH"), revision(id, "Other", 1)} {
				if a, err := s.Submit(t.Context(), []byte(in), "test"); err != nil || a.Status != "accepted" {
					t.Errorf("%+v %v", a, err)
				}
			}
		})
		sent.Go(func() {
			_, err := bus.Act(t.Context(), nc, event.Act{Kind: event.Cancelled, ID: "c", Source: "shop", OrderID: id})
			if err != nil {
				t.Error(err)
			}
		})
	}
	sent.Wait()
	newest := map[string]string{} // event of the newest revision seen so far, by order
	for _, l := range stored(t, nc) {
		var c event.Cause
		if err := json.Unmarshal([]byte(l), &c); err != nil {
			t.Fatal(err)
		}
		if c.Kind != event.Cancelled {
			newest[c.OrderID] = c.Event
		} else if c.Of != newest[c.OrderID] {
			t.Errorf("%s was cancelled as of %q, the newest before is %q", c.OrderID, c.Of, newest[c.OrderID])
		}
	}
}

func TestAnOrderThatIsOnlyInTheLog(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	js := natstest.JetStream(t, nc)
	var lines []string
	s, _ := service(t, nc, ingest.Config{Cause: func(_ context.Context, id string) ([]byte, bool, error) {
		for _, l := range lines {
			if strings.Contains(l, id) {
				return []byte(l), true, nil
			}
		}
		return nil, false, nil
	}})
	placed := accepted(t, s, order("A", "Example Fans GmbH"))
	lines = stored(t, nc)
	if err := bus.Purge(t.Context(), js, subject.OrderStream, placed.Sequence+1); err != nil {
		t.Fatal(err)
	}
	got, err := bus.Act(t.Context(), nc, disposition("d", "looked"))
	if err != nil {
		t.Fatal(err)
	}
	if c, line := caused(t, nc, got.Event); c.Of != placed.Event || !strings.HasSuffix(line, `,"order":`+order("A", "Example Fans GmbH")+`}`) {
		t.Error(line)
	}
	lines = nil
	if err := bus.Purge(t.Context(), js, subject.OrderStream, placed.Sequence+2); err != nil {
		t.Fatal(err)
	}
	if got, err := bus.Act(t.Context(), nc, disposition("d2", "looked")); err == nil || got.Status != "unavailable" {
		t.Errorf("an order out of reach: %+v %v", got, err)
	}
}

func TestAControlActIsABlockByItself(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	s, _ := service(t, nc, ingest.Config{})
	var sent sync.WaitGroup
	for i := range 300 {
		sent.Go(func() {
			in, kind := order(fmt.Sprintf("A-%d", i), "Example Fans GmbH"), "order"
			var err error
			if i%50 == 7 {
				kind = "control"
				_, err = bus.Act(t.Context(), nc, event.Act{Kind: event.Control, ID: strconv.Itoa(i), Particulars: event.Particulars{
					Control: &event.Activation{What: "lists", Digest: strings.Repeat("a", 64), By: "ann", Why: "test"},
				}})
			} else {
				_, err = s.Submit(t.Context(), []byte(in), "test")
			}
			if err != nil {
				t.Errorf("%s: %v", kind, err)
			}
		})
	}
	sent.Wait()
	js := natstest.JetStream(t, nc)
	b, err := bus.Look(t.Context(), js, subject.OrderStream)
	if err != nil {
		t.Fatal(err)
	}
	controls := 0
	for k := b.First; k <= b.Last; k++ {
		data, err := bus.Get(t.Context(), js, subject.OrderStream, k)
		if err != nil {
			t.Fatal(err)
		}
		cases, err := event.ParseBlock(data)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			if c.Orderless() {
				if controls++; len(cases) != 1 {
					t.Errorf("block %d holds a control and %d cases more", k, len(cases)-1)
				}
			}
		}
	}
	if controls != 6 {
		t.Errorf("%d controls", controls)
	}
}

func TestBlocksSayWhatIsInForce(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	js := natstest.JetStream(t, nc)
	dir := t.TempDir()
	s, stop := service(t, nc, ingest.Config{Dir: dir})
	activate := func(id, what, letter string) {
		t.Helper()
		if _, err := bus.Act(t.Context(), nc, event.Act{Kind: event.Control, ID: id, Particulars: event.Particulars{
			Control: &event.Activation{What: what, Digest: strings.Repeat(letter, 64), By: "ann", Why: "test"},
		}}); err != nil {
			t.Fatal(err)
		}
	}
	accepted(t, s, order("1", "a"))
	activate("c1", "lists", "a")
	accepted(t, s, order("3", "a"))
	activate("c2", "pack", "b")
	activate("c3", "lists", "c")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	s, stop = service(t, nc, ingest.Config{Dir: dir})
	accepted(t, s, order("6", "a"))
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "keys.db")); err != nil {
		t.Fatal(err)
	}
	s, _ = service(t, nc, ingest.Config{Dir: dir})
	accepted(t, s, order("7", "a"))
	other, _ := service(t, nc, ingest.Config{})
	accepted(t, other, order("8", "a"))
	r, err := bus.OpenReader(t.Context(), js, subject.OrderStream, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	a, c := strings.Repeat("a", 64), bus.InForce{Lists: strings.Repeat("c", 64), Pack: strings.Repeat("b", 64)}
	for k, want := range []bus.InForce{{}, {}, {Lists: a}, {Lists: a}, {Lists: a, Pack: c.Pack}, c, c, c} {
		b, err := r.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if b.InForce != want {
			t.Errorf("block %d: %+v, want %+v", k+1, b.InForce, want)
		}
	}
}
