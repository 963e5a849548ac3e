package samples

import (
	"fmt"
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/shared/codec"
)

// lines makes a case of a cause and facts, as enrichment passes it on; one of no order is its cause alone.
func lines(t *testing.T, c *event.Cause, f *event.Facts) event.Case {
	t.Helper()
	b, err := codec.Append(nil, c)
	if err != nil {
		t.Fatal(err)
	}
	out := event.NewCase(b)
	if out.Orderless() {
		return out
	}
	if b, err = codec.Append(nil, f); err != nil {
		t.Fatal(err)
	}
	return out.With(b)
}

func TestTheStoryGoesAsExpected(t *testing.T) {
	t.Parallel()
	steps, err := Story()
	if err != nil {
		t.Fatal(err)
	}
	j, ledger, placed := newJudge(t), screening.NewLedger(), map[string]*event.Cause{}
	for i, s := range steps {
		c := event.Cause{Line: event.LineOrder, V: 1, Kind: event.Placed, Event: fmt.Sprintf("event-%d", i), Tenant: "default", Source: "story", At: "2026-11-06T10:00:00.000000Z"}
		if s.Act != nil {
			c.Kind, c.OrderID, c.Particulars = s.Act.Kind, s.Act.OrderID, s.Act.Particulars
			if was := placed[c.OrderID]; was != nil {
				c.Order, c.Of, c.Revision = was.Order, was.Event, was.Revision
			}
		} else {
			c.Order = new(event.Order)
			if err := codec.Decode(s.Order, c.Order); err != nil {
				t.Fatalf("%s: %v", s.Name, err)
			}
			if c.OrderID, c.Revision = c.Order.ID, c.Order.Revision; c.Revision > 0 {
				c.Kind = event.Revised
			}
			placed[c.OrderID] = &c
		}
		var f event.Facts
		if c.Order != nil {
			f = j.reference.Facts(c.Order, "")
		}
		out := ledger.Judge(j.pack, lines(t, &c, &f))
		if out.Orderless() {
			continue
		}
		var got event.Judgement
		if err := codec.Decode(out.Line(2), &got); err != nil {
			t.Fatal(err)
		}
		if off := s.Expect.Missed(&got); off != "" {
			t.Errorf("%s: %s: %+v", s.Name, off, got.Findings)
		}
	}
}
