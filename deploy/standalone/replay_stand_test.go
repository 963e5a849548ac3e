package standalone

import (
	"context"
	"fmt"
	"iter"
	"os"
	"testing"

	"pgregory.net/rapid"

	"github.com/tidegate/tidegate/deploy/orders"
	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening/replay"
	"github.com/tidegate/tidegate/shared/codec"
)

// happening is something that is said of one order.
type happening struct {
	Kind     event.Kind
	Revision int
	Partial  bool
}

// life draws what may be said of one order, in the order in which it comes in: notices may come before the order does.
func life(t *rapid.T) (out []happening) {
	placed, revision := false, 0
	for range rapid.IntRange(1, 8).Draw(t, "length") {
		h := happening{Kind: rapid.SampledFrom([]event.Kind{event.Placed, event.Revised, event.Shipped, event.Cancelled, event.Rejudge}).Draw(t, "kind")}
		switch {
		case !placed && (h.Kind == event.Revised || h.Kind == event.Rejudge), placed && h.Kind == event.Placed:
			continue
		case h.Kind == event.Placed:
			placed = true
		case h.Kind == event.Revised:
			revision++
		case h.Kind == event.Shipped:
			h.Partial = rapid.Bool().Draw(t, "partial")
		}
		h.Revision = revision
		if revision > 0 && h.Kind != event.Revised && rapid.IntRange(0, 9).Draw(t, "late") == 0 {
			h.Revision--
		}
		out = append(out, h)
	}
	if !placed {
		out = append(out, happening{Kind: event.Placed})
	}
	return out
}

func (h happening) decided(t *rapid.T, n int, known bool) event.Case {
	c := event.Cause{
		Line: event.LineOrder, V: 1, Kind: h.Kind, Event: fmt.Sprint("event-", n), Tenant: "default", Source: "shop", OrderID: "A", Revision: h.Revision,
		At: event.Instant(fmt.Sprintf("2026-11-02T10:00:%02d.000000Z", n)), Order: &event.Order{Parties: []event.Party{{Role: event.Purchaser, Name: "Holm GmbH"}}},
	}
	if known && (h.Kind == event.Shipped || h.Kind == event.Cancelled || h.Kind == event.Rejudge) {
		c.Of = "event-0"
	}
	if h.Kind == event.Shipped {
		c.Shipment = &event.Shipment{Date: "2026-11-02", Partial: &h.Partial}
	}
	var lines event.Case
	for _, v := range []any{c, event.Facts{Line: event.LineFacts, V: 1}, event.Judgement{Line: event.LineJudgement, V: 1, Outcome: event.Release}} {
		b, err := codec.Append(nil, v)
		if err != nil {
			t.Fatal(err)
		}
		lines = lines.With(b)
	}
	return lines
}

// What a replay calls open is what the index of orders calls open, whatever was said of an order and when: what activation shows,
// and what --apply has judged again, is chosen by both.
func TestAReplayAndTheIndexCallTheSameOrdersOpen(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp(data, "orders") //nolint:usetesting // one for each draw
		if err != nil {
			t.Fatal(err)
		}
		known := false
		var past []replay.Past
		book, err := orders.OpenBook(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = book.Close() }()
		for i, h := range life(t) {
			c := h.decided(t, i, known)
			known = known || h.Kind == event.Placed
			past = append(past, replay.Past{Sequence: uint64(i + 1), Case: c}) //nolint:gosec // few
			if err := book.Take(uint64(i+1), []event.Case{c}); err != nil {    //nolint:gosec // few
				t.Fatal(err)
			}
		}
		if err := book.Flush(); err != nil {
			t.Fatal(err)
		}
		page, err := book.Ask(orders.Question{})
		if err != nil || len(page.Orders) != 1 {
			t.Fatalf("%+v %v", page, err)
		}
		want := page.Orders[0]
		for _, stand := range []replay.Stand{replay.Open, replay.Shipped, replay.Cancelled} {
			judge := replay.NewJudge(replay.Question{Slice: replay.Slice{Stands: []replay.Stand{stand}}}, nil)
			if err := judge.Survey(context.Background(), func(context.Context, replay.Mark) iter.Seq2[replay.Batch, error] {
				return func(yield func(replay.Batch, error) bool) { yield(replay.Batch{Cases: past}, nil) }
			}); err != nil {
				t.Fatal(err)
			}
			newest := past[want.Sequence-1 : want.Sequence]
			kept, _, err := judge.Sift(newest)
			if err != nil {
				t.Fatal(err)
			}
			if is := string(want.State) == string(stand); is != (len(kept) == 1) {
				t.Errorf("the index says %s, of %s orders a replay keeps %d of its newest decision", want.State, stand, len(kept))
			}
		}
	})
}
