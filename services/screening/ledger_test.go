package screening

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/shared/codec"
)

// caseOf makes a case of a cause and facts, as enrichment passes it on.
func caseOf(tb interface{ Fatal(args ...any) }, c *event.Cause, f *event.Facts) event.Case {
	c.Line, c.V = event.LineOrder, 1
	line, err := codec.Append(nil, c)
	if err != nil {
		tb.Fatal(err)
	}
	out := event.NewCase(line)
	if out.Orderless() {
		return out
	}
	f.Line, f.V, f.Prev = event.LineFacts, 1, event.Digest(line)
	if line, err = codec.Append(nil, f); err != nil {
		tb.Fatal(err)
	}
	return out.With(line)
}

// told reads the judgement of a case.
func told(tb interface{ Fatal(args ...any) }, c event.Case) event.Judgement {
	var j event.Judgement
	if err := codec.Decode(c.Line(2), &j); err != nil {
		tb.Fatal(err)
	}
	return j
}

// history draws what happens to some orders: placed, revised, cancelled, shipped, rejudged, disposed of; and licenses.
func history(t *rapid.T) []event.Case {
	type placed struct {
		cause event.Cause
		facts event.Facts
	}
	orders := map[string]placed{}
	var out []event.Case
	for i := range rapid.IntRange(1, 25).Draw(t, "causes") {
		c := event.Cause{
			Kind:  rapid.SampledFrom([]event.Kind{event.Placed, event.Placed, event.Revised, event.Cancelled, event.Shipped, event.Rejudge, event.Disposition, event.License}).Draw(t, "kind"),
			Event: fmt.Sprintf("3a4b0c10-7f5e-5b6e-9d61-%012d", i), Tenant: "default", Source: "shop", At: "2026-11-20T10:00:00.000000Z",
			OrderID: rapid.SampledFrom([]string{"A", "B", "C", "D"}).Draw(t, "order"),
		}
		was, known := orders[c.OrderID]
		switch c.Kind {
		case event.License:
			c.OrderID, c.Source = "", ""
			c.License = &event.Licensed{
				Number: "D1", Kind: "license", Issuer: "BIS", Quantity: rapid.SampledFrom([]event.Decimal{"", "3", "40"}).Draw(t, "quantity"),
				Revoked: rapid.Bool().Draw(t, "revoked"),
			}
			out = append(out, caseOf(t, &c, nil))
			continue
		case event.Placed, event.Revised:
			cause, facts := drawOrder(t)
			c.Order, c.Kind = cause.Order, event.Placed
			if known {
				c.Kind, c.Revision = event.Revised, was.cause.Revision+1
			}
			for k := range facts.Items {
				facts.Items[k].TotalTPP = rapid.SampledFrom([]event.Decimal{"", "15832", "1000000.5", "3182232"}).Draw(t, "total")
				c.Order.Items[k].Quantity = rapid.SampledFrom([]event.Decimal{"", "1", "2.5"}).Draw(t, "pieces")
			}
			for k := range c.Order.Parties {
				c.Order.Parties[k].Name = rapid.SampledFrom([]string{"Lantern Bay", "Lantern Bey Ltd", "Ferrous Hill"}).Draw(t, "name")
				c.Order.Parties[k].Email = rapid.SampledFrom([]string{"", "buy@lantern.example"}).Draw(t, "mail")
			}
			if rapid.Bool().Draw(t, "licensed") {
				c.Order.Declared = []event.Authority{{Kind: "license", Number: rapid.SampledFrom([]string{"D1", "D2"}).Draw(t, "number")}}
			}
			orders[c.OrderID] = placed{c, *facts}
			out = append(out, caseOf(t, &c, facts))
			continue
		case event.Shipped:
			c.Shipment = &event.Shipment{Date: rapid.SampledFrom(someDates).Draw(t, "left")}
		case event.Rejudge:
			c.Rejudging = &event.Rejudging{Why: "person"}
		case event.Cancelled, event.Control, event.Remark: // no more than their kind, or not drawn
		case event.Disposition:
			c.Disposition = &event.Disposed{
				By: "ann", Role: rapid.SampledFrom([]string{"officer", "counsel"}).Draw(t, "role"), Second: rapid.SampledFrom([]string{"", "bob"}).Draw(t, "second"),
				Outcome: rapid.SampledFrom([]event.Outcome{event.Release, event.Block}).Draw(t, "found"), Reason: "looked",
				Findings: []event.Answered{{Rule: rapid.SampledFrom([]string{"possible-match", "ac-destination", "rf-split-order"}).Draw(t, "rule")}},
				Until:    rapid.SampledFrom([]event.Date{"", "2025-06-01"}).Draw(t, "until"),
			}
		}
		facts := was.facts
		if known {
			c.Order, c.Revision, c.Of = was.cause.Order, was.cause.Revision, was.cause.Event
		} else if facts.Failed = "no order"; c.Kind == event.Disposition {
			continue // ingest refuses one for an order it does not know
		}
		out = append(out, caseOf(t, &c, &facts))
	}
	return out
}

func saved(t *rapid.T, l *Ledger) []byte {
	b, err := l.l.Save()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What decisions are taken in again make is the ledger that judged them; from any block on they go on the same; and a
// record alone, with what it says was read, is judged the same.
func TestALedgerRebuiltFromDecisionsIsTheLedger(t *testing.T) {
	t.Parallel()
	p := us(t)
	rapid.Check(t, func(rt *rapid.T) {
		live, again := NewLedger(), NewLedger()
		cut := rapid.IntRange(0, 25).Draw(rt, "cut")
		for i, c := range history(rt) {
			if i == cut {
				loaded, err := loadLedger(saved(rt, live))
				if err != nil {
					rt.Fatal(err)
				}
				live = loaded
			}
			out := live.Judge(p, c)
			again.Take(out)
			if a, b := saved(rt, live), saved(rt, again); !bytes.Equal(a, b) {
				rt.Fatalf("after cause %d:\n%s", i, cmp.Diff(string(a), string(b)))
			}
			if c.Passes() {
				continue
			}
			j := told(rt, out)
			if same := JudgeWith(p, c, j.Read); !bytes.Equal(same.Line(2), out.Line(2)) {
				rt.Fatalf("judged again:\n%s", cmp.Diff(string(out.Line(2)), string(same.Line(2))))
			}
		}
	})
}

// order is a placed order of advanced chips for a consignee in India.
func (s *story) order(id string, revision int, tpp event.Decimal, change ...func(*event.Order)) event.Judgement {
	s.t.Helper()
	kind := event.Placed
	if revision > 0 {
		kind = event.Revised
	}
	o := &event.Order{
		OrderDate: "2026-04-08", ShipTo: "IN", Items: []event.Item{{Description: "card", Quantity: "10", Value: "1000", Currency: "USD"}},
		Parties: []event.Party{{Role: event.UltimateConsignee, Name: "Godavari Neural Services Pvt. Ltd.", Parent: &event.Parent{Name: "Godavari Holdings", Country: "IN"}}},
	}
	for _, ch := range change {
		ch(o)
	}
	f := &event.Facts{
		Places:  []event.Place{{Country: "IN"}, {Country: "CN", Groups: []event.Group{{Group: "D:1"}, {Group: "D:5"}}}, {Country: "SG"}, {Country: "VN", Groups: []event.Group{{Group: "D:1"}}}},
		Parties: make([]event.PartyFacts, len(o.Parties)), Items: make([]event.ItemFacts, len(o.Items)),
	}
	for i := range f.Parties {
		f.Parties[i] = event.PartyFacts{Country: o.ShipTo, Headquarters: event.Known{Country: o.ShipTo}, Parent: event.Known{Country: o.ShipTo}}
	}
	for i := range f.Items {
		f.Items[i] = event.ItemFacts{Class: "a", Class2022: "controlled", How: "catalog", ECCN: "3A090.A", TPP: "15832", TotalTPP: tpp, Bandwidth: "3350", DC: "yes", Subject: "yes"}
	}
	c := event.Cause{Kind: kind, OrderID: id, Revision: revision, Order: o}
	s.kept[id] = kept{c, f}
	return s.say(c, f)
}

type kept struct {
	cause event.Cause
	facts *event.Facts
}

// story is a ledger with what happened so far.
type story struct {
	t    *testing.T
	p    *Pack
	l    *Ledger
	n    int
	kept map[string]kept
}

func newStory(t *testing.T) *story {
	t.Helper()
	return &story{t: t, p: us(t), l: NewLedger(), kept: map[string]kept{}}
}

func (s *story) say(c event.Cause, f *event.Facts) event.Judgement {
	s.t.Helper()
	s.n++
	c.Tenant, c.Source, c.At, c.Event = "default", "shop", "2026-11-20T10:00:00.000000Z", fmt.Sprintf("event-%d", s.n)
	out := s.l.Judge(s.p, caseOf(s.t, &c, f))
	if out.Orderless() {
		return event.Judgement{}
	}
	return told(s.t, out)
}

// act is something that happens to an order placed before.
func (s *story) act(kind event.Kind, id string, what event.Particulars) event.Judgement {
	s.t.Helper()
	was := s.kept[id]
	c := event.Cause{Kind: kind, OrderID: id, Revision: was.cause.Revision, Order: was.cause.Order, Of: "some event", Particulars: what}
	return s.say(c, was.facts)
}

func (s *story) license(l event.Licensed) {
	s.t.Helper()
	s.say(event.Cause{Kind: event.License, Particulars: event.Particulars{License: &l}}, nil)
}

func (s *story) total(j event.Judgement, id string) (event.Decimal, int) {
	if j.Read != nil {
		for _, t := range j.Read.Totals {
			if t.ID == id {
				return t.Sum, t.Orders
			}
		}
	}
	return "0", 0
}

func (s *story) want(j event.Judgement, outcome event.Outcome, rule string) {
	s.t.Helper()
	if j.Outcome != outcome || j.Rule != rule {
		s.t.Fatalf("%s by %q, want %s by %q: %+v", j.Outcome, j.Rule, outcome, rule, j.Findings)
	}
}

func TestWhatCountsInTheYearAndWhatGivesBack(t *testing.T) {
	t.Parallel()
	const note = "diffusion-announced"
	s := newStory(t)
	year := func(j event.Judgement) event.Decimal { sum, _ := s.total(j, event.TPPYear); return sum }
	s.want(s.order("A", 0, "100"), event.Release, note)
	if got := year(s.order("B", 0, "200")); got != "100" {
		t.Errorf("the second order reads %s", got)
	}
	if got := year(s.order("B", 1, "300")); got != "100" {
		t.Errorf("a revision reads %s: its own earlier revision counts", got)
	}
	if got := year(s.order("C", 0, "1")); got != "400" {
		t.Errorf("a third order reads %s: the superseded revision counts", got)
	}
	if got := year(s.order("sister", 0, "1", func(o *event.Order) { o.Parties[0].Name = "Godavari Cloud" })); got != "401" {
		t.Errorf("another firm of the group reads %s", got)
	}
	if got := year(s.order("next year", 0, "1", func(o *event.Order) { o.OrderDate = "2027-01-01" })); got != "0" {
		t.Errorf("next year reads %s", got)
	}
	s.want(s.act(event.Cancelled, "B", event.Particulars{}), event.Hold, "order-cancelled")
	if got := year(s.order("D", 0, "1")); got != "102" {
		t.Errorf("after a cancellation it reads %s", got)
	}
	held := func(o *event.Order) { o.EndUse = &event.EndUse{Withheld: yes()} }
	s.want(s.order("E", 0, "5000", held), event.Hold, "rf-end-use-withheld")
	if got := year(s.order("F", 0, "1")); got != "103" {
		t.Errorf("after a hold it reads %s: a hold counts before it is released", got)
	}
	s.act(event.Disposition, "E", event.Particulars{Disposition: &event.Disposed{
		By: "ann", Role: "officer", Outcome: event.Release, Reason: "stated on the telephone", Findings: []event.Answered{{Rule: "rf-end-use-withheld"}},
	}})
	if got := year(s.order("G", 0, "1")); got != "5104" {
		t.Errorf("after the hold was released it reads %s", got)
	}
	s.act(event.Shipped, "A", event.Particulars{Shipment: &event.Shipment{Date: "2027-01-02"}})
	if got := year(s.order("H", 0, "1")); got != "5005" {
		t.Errorf("after one left in the next year it reads %s", got)
	}
	s.act(event.Cancelled, "A", event.Particulars{})
	if got := year(s.order("next year too", 0, "1", func(o *event.Order) { o.OrderDate = "2027-01-01" })); got != "101" {
		t.Errorf("next year reads %s: what left is not given back", got)
	}
}

func yes() *bool { b := true; return &b }

func TestSplitOrdersAreSeenTogether(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.want(s.order("A", 0, "3182232"), event.Release, "diffusion-announced")
	s.want(s.order("B", 0, "3182232", func(o *event.Order) { o.OrderDate = "2026-05-08" }), event.Hold, "rf-split-order")
	s.want(s.order("C", 0, "17767", func(o *event.Order) { o.OrderDate = "2026-03-08" }), event.Release, "diffusion-announced")
	s.act(event.Cancelled, "A", event.Particulars{})
	s.want(s.act(event.Rejudge, "B", event.Particulars{Rejudging: &event.Rejudging{Why: "person"}}), event.Release, "diffusion-announced")
	s.want(s.order("D", 0, "20000", func(o *event.Order) { o.OrderDate = "2026-06-08" }), event.Release, "diffusion-announced")
}

func TestAPartyStoppedComesAgain(t *testing.T) {
	t.Parallel()
	to := func(country event.Country, name, mail string) func(*event.Order) {
		return func(o *event.Order) { o.ShipTo, o.Parties[0].Name, o.Parties[0].Email = country, name, mail }
	}
	s := newStory(t)
	s.want(s.order("A", 0, "100", to("CN", "Lantern Bay", "buy@lantern.example")), event.NeedsLic, "ac-destination")
	for _, tt := range []struct {
		name  string
		id    string
		order func(*event.Order)
		want  string
	}{
		{"under another name with the same mail", "B", to("SG", "Quiet Harbor", "Buy@Lantern.example"), "rf-stopped-before"},
		{"by a name that sounds alike, elsewhere", "C", to("SG", "Lantem Bey", ""), "diffusion-announced"},
		{"under the same name to another country", "D", to("SG", "Lantern Bay Ltd", "buy@lantern.example"), "diffusion-announced"},
		{"under another name without anything shared", "E", to("SG", "Quiet Harbor", "x@quiet.example"), "diffusion-announced"},
		{"as a revision of the same order", "A", to("SG", "Quiet Harbor", "buy@lantern.example"), "rf-stopped-before"},
	} {
		revision := 0
		if tt.id == "A" {
			revision = 1
		}
		if j := s.order(tt.id, revision, "100", tt.order); j.Rule != tt.want {
			t.Errorf("%s: %s by %q, want %q", tt.name, j.Outcome, j.Rule, tt.want)
		}
	}
}

func TestALicenseIsDrawnDown(t *testing.T) {
	t.Parallel()
	licensed := func(o *event.Order) {
		o.ShipTo = "CN"
		o.Declared = []event.Authority{{Kind: "license", Number: "D1"}}
	}
	license := event.Licensed{Number: "D1", Kind: "license", Issuer: "BIS", Parties: []string{"Godavari Neural Services"}, ECCNs: []string{"3A090.a"}, Quantity: "25"}
	s := newStory(t)
	s.want(s.order("A", 0, "100", licensed), event.NeedsLic, "ac-destination")
	s.license(license)
	s.want(s.act(event.Rejudge, "A", event.Particulars{Rejudging: &event.Rejudging{Why: "person"}}), event.Release, "")
	s.want(s.order("B", 0, "100", licensed), event.Release, "")
	j := s.order("C", 0, "100", licensed)
	s.want(j, event.NeedsLic, "ac-destination")
	if f, ok := of(j, "license-overdraw"); !ok || j.Read.Licenses[0].Quantity != "5" {
		t.Errorf("%+v; %+v", f, j.Read.Licenses)
	}
	s.want(s.order("B", 1, "100", licensed, func(o *event.Order) { o.Items[0].Quantity = "15" }), event.Release, "")
	s.act(event.Cancelled, "A", event.Particulars{})
	s.want(s.act(event.Rejudge, "C", event.Particulars{Rejudging: &event.Rejudging{Why: "person"}}), event.Release, "")
	if got := s.l.Licenses(); len(got) != 1 || got[0].Quantity != "25" {
		t.Errorf("the register: %+v", got)
	}
	license.Quantity = "30"
	s.license(license)
	withheld := func(o *event.Order) { o.EndUse = &event.EndUse{Withheld: yes()}; o.Items[0].Quantity = "5" }
	j = s.order("D", 0, "100", licensed, withheld)
	s.want(j, event.Hold, "rf-end-use-withheld")
	if f, _ := of(j, "ac-destination"); f.AnsweredBy == nil || f.AnsweredBy.ID != "D1" {
		t.Errorf("a license answers what it covers, not the order: %+v", f)
	}
}

func TestWhoMayDispose(t *testing.T) {
	t.Parallel()
	dispose := func(rule, role, second string) event.Particulars {
		return event.Particulars{Disposition: &event.Disposed{By: "ann", Role: role, Second: second, Outcome: event.Release, Reason: "looked into", Findings: []event.Answered{{Rule: rule}}}}
	}
	s := newStory(t)
	s.order("held", 0, "100", func(o *event.Order) { o.EndUse = &event.EndUse{Withheld: yes()} })
	s.order("licensed", 0, "100", func(o *event.Order) { o.ShipTo = "VN" })
	for _, tt := range []struct {
		name    string
		order   string
		what    event.Particulars
		outcome event.Outcome
	}{
		{"another rule's finding", "held", dispose("possible-match", "officer", ""), event.Hold},
		{"a clerk", "held", dispose("rf-end-use-withheld", "clerk", ""), event.Hold},
		{"an officer", "held", dispose("rf-end-use-withheld", "officer", ""), event.Release},
		{"later rejudgements keep it", "held", event.Particulars{Rejudging: &event.Rejudging{Why: "person"}}, event.Release},
		{"counsel alone on a license", "licensed", dispose("ac-destination", "counsel", ""), event.NeedsLic},
		{"counsel twice", "licensed", dispose("ac-destination", "counsel", "Ann"), event.NeedsLic},
		{"counsel and somebody else", "licensed", dispose("ac-destination", "counsel", "bob"), event.Release},
		{"confirmed as prohibited", "held", event.Particulars{Disposition: &event.Disposed{
			By: "ann", Role: "officer", Outcome: event.Block, Reason: "he lied", Findings: []event.Answered{{Rule: "rf-end-use-withheld"}},
		}}, event.Block},
	} {
		kind := event.Disposition
		if tt.what.Rejudging != nil {
			kind = event.Rejudge
		}
		if j := s.act(kind, tt.order, tt.what); j.Outcome != tt.outcome {
			t.Errorf("%s: %s, want %s: %+v", tt.name, j.Outcome, tt.outcome, j.Findings)
		}
	}
	if j := s.order("held", 1, "100", func(o *event.Order) { o.EndUse = &event.EndUse{Withheld: yes()} }); j.Outcome != event.Hold || j.Read.Dispositions != nil {
		t.Errorf("a new revision: %s, %+v", j.Outcome, j.Read)
	}
}

func TestWhatLeftWithoutARelease(t *testing.T) {
	t.Parallel()
	left := event.Particulars{Shipment: &event.Shipment{Date: "2026-04-09"}}
	s := newStory(t)
	s.order("held", 0, "100", func(o *event.Order) { o.EndUse = &event.EndUse{Withheld: yes()} })
	s.order("released", 0, "100")
	s.order("cancelled", 0, "100")
	s.act(event.Cancelled, "cancelled", event.Particulars{})
	for order, want := range map[string]string{"held": "shipped-unreleased", "released": "", "cancelled": "shipped-unreleased"} {
		j := s.act(event.Shipped, order, left)
		if _, found := of(j, "shipped-unreleased"); found != (want != "") || len(j.Dates) != 1 || j.Dates[0].AsOf != "shipped_date" {
			t.Errorf("%s: %s by %s, %+v", order, j.Outcome, j.Rule, j.Dates)
		}
	}
	s.want(s.say(event.Cause{Kind: event.Shipped, OrderID: "nobody's", Particulars: left}, &event.Facts{Failed: "no order"}), event.Hold, "shipped-unreleased")
}
