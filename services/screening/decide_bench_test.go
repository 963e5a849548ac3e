package screening

import (
	"fmt"
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
)

// ordinary is an order of 5 parties and 5 items in which nothing is found, for two dates.
func ordinary() (*event.Cause, *event.Facts) {
	o := &event.Order{OrderDate: "2026-11-01", ShipDate: "2026-11-20", ShipTo: "DE", ShipFrom: "US"}
	f := &event.Facts{Line: event.LineFacts, V: 1, Places: []event.Place{{Country: "DE", Groups: []event.Group{{Group: "A:1"}, {Group: "A:5"}}}}}
	for i, role := range []event.Role{event.Purchaser, event.UltimateConsignee, event.EndUser, event.Forwarder, event.Payer} {
		o.Parties = append(o.Parties, event.Party{Role: role, Name: fmt.Sprintf("Nordlicht Werke %d GmbH", i)})
		f.Parties = append(f.Parties, event.PartyFacts{Country: "DE", Considered: 3})
	}
	for i := range 5 {
		o.Items = append(o.Items, event.Item{Description: fmt.Sprintf("case fan %d mm", 80+i), ECCN: "EAR99"})
		f.Items = append(f.Items, event.ItemFacts{Class: "none", Class2022: "none", How: "eccn", ECCN: "EAR99", DC: "unknown", Subject: "unknown"})
	}
	return &event.Cause{Line: event.LineOrder, V: 1, Kind: event.Placed, Order: o}, f
}

// advanced is the same order with servers in it, to parties whose headquarters nobody stated.
func advanced() (*event.Cause, *event.Facts) {
	c, f := ordinary()
	for i := range f.Items {
		f.Items[i] = event.ItemFacts{Class: "a", Class2022: "controlled", How: "catalog", TPP: "15832", TotalTPP: "126656", Bandwidth: "3350", DC: "yes", Subject: "yes"}
	}
	return c, f
}

func BenchmarkDecideOrdinary(b *testing.B) { benchmark(b, ordinary) }

func BenchmarkDecideAdvanced(b *testing.B) { benchmark(b, advanced) }

func benchmark(b *testing.B, order func() (*event.Cause, *event.Facts)) {
	b.Helper()
	p := us(b)
	c, f := order()
	b.ReportAllocs()
	for b.Loop() {
		p.Decide(c, f, "", AsOf{})
	}
}
