package screening

import (
	"bytes"
	"flag"
	"fmt"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/shared/codec"
)

// init makes the drawn cases the same in every run; -rapid.seed on the command line draws others.
func init() {
	if err := flag.Set("rapid.seed", "20261123"); err != nil {
		panic(err)
	}
}

var (
	someCountries = []event.Country{"", "CN", "DE", "HK", "MO", "SG", "US", "VN"}
	someDates     = []event.Date{"2022-08-25", "2022-11-01", "2023-11-17", "2025-01-20", "2025-05-15", "2025-10-01", "2026-01-20", "2026-11-09", "2026-11-10", "2027-06-01"}
	someRoles     = []event.Role{event.Purchaser, event.UltimateConsignee, event.EndUser, event.Forwarder, event.Payer, event.Manufacturer}
	someLists     = []string{"EL", "MEU", "UVL", "DPL", "SDN", "CMIC", "1260H"}
)

func somePlaces() []event.Place {
	groups := map[event.Country][]string{
		"CN": {"D:1", "D:4", "D:5"}, "DE": {"A:1", "A:5", "S5A"}, "MO": {"D:1", "D:4"}, "SG": {"A:6"}, "US": {"A:1"}, "VN": {"D:1"},
	}
	var out []event.Place
	for _, c := range someCountries[1:] {
		p := event.Place{Country: c}
		for _, g := range groups[c] {
			p.Groups = append(p.Groups, event.Group{Group: g})
		}
		if c == "HK" {
			p.Groups = []event.Group{{Group: "D:1", Span: event.Span{From: "2020-12-23"}}, {Group: "D:5", Span: event.Span{From: "2020-12-23"}}}
		}
		out = append(out, p)
	}
	return out
}

func drawMatch(t *rapid.T) event.Match {
	list := rapid.SampledFrom(someLists).Draw(t, "list")
	return event.Match{
		List: list, Entry: list + rapid.SampledFrom([]string{"-1", "-2"}).Draw(t, "entry"), Name: "Lantern Bay", Queried: "Lantern Bay", Matched: "Lantern Bay",
		Field:     rapid.SampledFrom([]string{"name", "alias", "director", "parent", "payer", "address"}).Draw(t, "field"),
		Method:    rapid.SampledFrom([]string{"exact", "address_room", "address_building"}).Draw(t, "method"),
		Score:     event.Milli(rapid.IntRange(700, 1000).Draw(t, "score")),
		Countries: rapid.SampledFrom([]string{"same", "different", "unknown"}).Draw(t, "countries"),
		Scope:     rapid.SampledFrom([]string{"all", "ccl"}).Draw(t, "scope"), Citation: "invented", Certainty: "C",
		Listed: []event.Span{{From: rapid.SampledFrom(someDates).Draw(t, "listed")}},
	}
}

func drawOrder(t *rapid.T) (*event.Cause, *event.Facts) {
	country := func(label string) event.Country { return rapid.SampledFrom(someCountries).Draw(t, label) }
	o := &event.Order{
		OrderDate: rapid.SampledFrom(someDates).Draw(t, "order date"), ShipTo: country("ship to"),
		Transaction: rapid.SampledFrom([]event.Transaction{"", event.Reexport, event.Cloud, event.Foundry}).Draw(t, "transaction"),
	}
	if rapid.Bool().Draw(t, "ships later") {
		o.ShipDate = rapid.SampledFrom(someDates).Draw(t, "ship date")
	}
	if rapid.Bool().Draw(t, "has use") {
		o.EndUse = &event.EndUse{Uses: []string{rapid.SampledFrom([]string{"ai_training", "military", "civil"}).Draw(t, "use")}, TrainingFor: country("training for")}
	}
	f := &event.Facts{Line: event.LineFacts, V: 1, Places: somePlaces()}
	for range rapid.IntRange(1, 3).Draw(t, "parties") {
		o.Parties = append(o.Parties, event.Party{Role: rapid.SampledFrom(someRoles).Draw(t, "role"), Name: "Lantern Bay"})
		p := event.PartyFacts{Country: country("country"), Headquarters: event.Known{Country: country("hq")}, Parent: event.Known{Country: country("parent")}}
		for range rapid.IntRange(0, 2).Draw(t, "matches") {
			p.Matches = append(p.Matches, drawMatch(t))
		}
		if rapid.Bool().Draw(t, "owned") {
			p.Owners = append(p.Owners, event.ListedHold{Owner: "Lantern Bay", Percent: rapid.SampledFrom([]event.Decimal{"", "20", "49.99", "50"}).Draw(t, "percent"), Match: drawMatch(t)})
		}
		f.Parties = append(f.Parties, p)
	}
	for range rapid.IntRange(1, 3).Draw(t, "items") {
		class := rapid.SampledFrom([]string{"a", "b", "c", "none", "unknown"}).Draw(t, "class")
		o.Items = append(o.Items, event.Item{Description: "part", NodeNM: rapid.SampledFrom([]event.Decimal{"", "7", "28"}).Draw(t, "node")})
		f.Items = append(f.Items, event.ItemFacts{
			Class: class, Class2022: rapid.SampledFrom([]string{"controlled", "none", "unknown"}).Draw(t, "class 2022"), How: "numbers", Missing: []string{"tpp"},
			TPP:       rapid.SampledFrom([]event.Decimal{"", "15832", "36000"}).Draw(t, "tpp"),
			Bandwidth: rapid.SampledFrom([]event.Decimal{"", "3350", "8000"}).Draw(t, "bandwidth"),
			DC:        rapid.SampledFrom([]string{"yes", "no", "unknown"}).Draw(t, "dc"), Subject: rapid.SampledFrom([]string{"yes", "no", "unknown"}).Draw(t, "subject"),
			Letter: rapid.SampledFrom([]string{"", "H20", "A100"}).Draw(t, "letter"),
		})
	}
	return &event.Cause{Line: event.LineOrder, V: 1, Kind: event.Placed, At: "2026-11-23T10:00:00.000000Z", Order: o}, f
}

func encode(t *testing.T, j event.Judgement) []byte {
	t.Helper()
	b, err := codec.Append(nil, j)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDecideGivesTheSameBytesAlwaysAndFromManyGoroutines(t *testing.T) {
	t.Parallel()
	p := us(t)
	rapid.Check(t, func(rt *rapid.T) {
		c, f := drawOrder(rt)
		want := encode(t, p.Decide(c, f, "x", AsOf{}))
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if got := encode(t, p.Decide(c, f, "x", AsOf{})); !bytes.Equal(got, want) {
					t.Errorf("two answers:\n%s\n%s", want, got)
				}
			})
		}
		wg.Wait()
	})
}

func TestAnotherListedMatchNeverLowersTheOutcome(t *testing.T) {
	t.Parallel()
	p := us(t)
	rapid.Check(t, func(rt *rapid.T) {
		c, f := drawOrder(rt)
		before := p.Decide(c, f, "", AsOf{})
		i := rapid.IntRange(0, len(f.Parties)-1).Draw(rt, "party")
		if rapid.Bool().Draw(rt, "as owner") {
			f.Parties[i].Owners = append(f.Parties[i].Owners, event.ListedHold{Owner: "Another", Percent: "30", Match: drawMatch(rt)})
		} else {
			f.Parties[i].Matches = append(f.Parties[i].Matches, drawMatch(rt))
		}
		after := p.Decide(c, f, "", AsOf{})
		if after.Outcome.Severity() < before.Outcome.Severity() {
			rt.Fatalf("from %s (%s) to %s (%s)", before.Outcome, before.Rule, after.Outcome, after.Rule)
		}
	})
}

// The answer must not change before valid_until, and must on the day after.
func TestTheAnswerHoldsToItsLastDayAndNotBeyond(t *testing.T) {
	t.Parallel()
	p := us(t)
	rapid.Check(t, func(rt *rapid.T) {
		c, f := drawOrder(rt)
		d := rapid.SampledFrom(someDates).Draw(rt, "as of")
		now := p.Decide(c, f, "", AsOf{Fixed: d})
		end := now.ValidUntil
		if end != "" {
			if after := p.Decide(c, f, "", AsOf{Fixed: end.AddDays(1)}); gist(now) == gist(after) {
				rt.Fatalf("valid until %s, but the day after says the same: %s", end, gist(now))
			}
		}
		for _, later := range append(someDates, end) {
			if later > d && (end == "" || later <= end) {
				if then := p.Decide(c, f, "", AsOf{Fixed: later}); gist(now) != gist(then) {
					rt.Fatalf("as of %s valid until %q, but on %s:\n%s\n%s", d, end, later, gist(now), gist(then))
				}
			}
		}
	})
}

func gist(j event.Judgement) string {
	var s strings.Builder
	s.WriteString(string(j.Outcome))
	for _, f := range j.Findings {
		party, item := -1, -1
		if f.Party != nil {
			party = *f.Party
		}
		if f.Item != nil {
			item = *f.Item
		}
		fmt.Fprintf(&s, " %s/%s/%s/%d/%d/%s/%s/%v", f.Rule, f.Outcome, f.State, party, item, f.Entry, f.Policy, f.Missing)
	}
	return s.String()
}

// An unknown class is never better than every class it may be: what holds for all of them is not released.
func TestAnUnknownClassIsNeverReleasedWhereAKnownOneWouldBeStopped(t *testing.T) {
	t.Parallel()
	p := us(t)
	rapid.Check(t, func(rt *rapid.T) {
		c, f := drawOrder(rt)
		f.Items[0].Class = rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "known class")
		known := p.Decide(c, f, "", AsOf{})
		f.Items[0].Class = "unknown"
		open := p.Decide(c, f, "", AsOf{})
		if known.Outcome != event.Release && open.Outcome == event.Release {
			rt.Fatalf("known: %s because of %s; unknown: released", known.Outcome, known.Rule)
		}
	})
}
