package replay

import (
	"iter"
	"strconv"
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/shared/codec"
)

// split is two orders of one consignee that together pass the line of 3,200,000 TPP, decided by a ledger.
func split(t *testing.T, p *screening.Pack) []event.Case {
	t.Helper()
	l := screening.NewLedger()
	var out []event.Case
	for i := range 2 {
		o := &event.Order{OrderDate: "2026-04-08", ShipTo: "IN", Parties: []event.Party{{Role: event.UltimateConsignee, Name: "Lantern Bay"}}, Items: []event.Item{{Description: "card"}}}
		c := event.Cause{Line: event.LineOrder, V: 1, Kind: event.Placed, Event: strconv.Itoa(i), Tenant: "default", Source: "shop", OrderID: strconv.Itoa(i), At: "2026-04-08T10:00:00.000000Z", Order: o}
		f := event.Facts{
			Line: event.LineFacts, V: 1, Places: []event.Place{{Country: "IN"}},
			Parties: []event.PartyFacts{{Country: "IN", Headquarters: event.Known{Country: "IN"}, Parent: event.Known{Country: "IN"}}},
			Items:   []event.ItemFacts{{Class: "a", Class2022: "controlled", How: "catalog", TPP: "15832", TotalTPP: "3182232", Bandwidth: "1", DC: "yes", Subject: "yes"}},
		}
		first, err := codec.Append(nil, c)
		if err != nil {
			t.Fatal(err)
		}
		second, err := codec.Append(nil, f)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, l.Judge(p, event.NewCase(first).With(second)))
	}
	return out
}

func TestTheStateIsRecordedOrRecomputed(t *testing.T) {
	t.Parallel()
	p, err := screening.USPack()
	if err != nil {
		t.Fatal(err)
	}
	cases := split(t, p)
	for _, tt := range []struct {
		name    string
		cases   []event.Case
		again   bool
		state   State
		changed int
	}{
		{"as read then", cases, false, "recorded", 0},
		{"from the first order on", cases, true, "recomputed", 0},
		{"the second alone, as read then", cases[1:], false, "recorded", 0},
		{"the second alone, from the first order on", cases[1:], true, "recomputed", 1},
	} {
		r, err := Run(t.Context(), given(tt.cases), Options{Pack: p, Recompute: tt.again})
		if err != nil || r.Question.State != tt.state || r.Changed != tt.changed {
			t.Errorf("%s: %v: state %s, %d changed", tt.name, err, r.Question.State, r.Changed)
		}
	}
}

func given(cases []event.Case) iter.Seq2[event.Case, error] {
	return func(yield func(event.Case, error) bool) {
		for _, c := range cases {
			if !yield(c, nil) {
				return
			}
		}
	}
}
