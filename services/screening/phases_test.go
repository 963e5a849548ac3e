package screening

import (
	"slices"
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
)

// server is one server of class a to one country, bought by a firm headquartered in another.
func server(ship, hq event.Country) (*event.Cause, *event.Facts) {
	o := &event.Order{
		ShipTo: ship, ShipFrom: "US", Parties: []event.Party{{Role: event.Purchaser, Name: "Meridian Compute"}},
		Items: []event.Item{{Description: "8-GPU server"}},
	}
	f := &event.Facts{
		Line: event.LineFacts, V: 1, Places: somePlaces(),
		Parties: []event.PartyFacts{{Country: ship, Headquarters: event.Known{Country: hq}, Parent: event.Known{Country: hq}}},
		Items: []event.ItemFacts{{
			Class: "a", Class2022: "controlled", How: "catalog", TPP: "15832", TotalTPP: "126656", Bandwidth: "4800",
			DC: "yes", Subject: "yes", Letter: "H100",
		}},
	}
	return &event.Cause{Line: event.LineOrder, V: 1, Kind: event.Placed, At: "2026-11-23T10:00:00.000000Z", Order: o}, f
}

func TestThePhasesOfTheChipControls(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		ship, hq  event.Country
		diffusion string
		date      event.Date
		want      event.Outcome
		rule      string
		policy    string
		until     event.Date
	}{
		{"before any control, to China", "CN", "CN", "announced", "2022-08-25", "release", "", "", "2022-08-25"},
		{"letters, to China", "CN", "CN", "announced", "2022-08-26", "license", "ac-letters-2022", "", "2022-10-20"},
		{"letters, to Macau", "MO", "MO", "announced", "2022-08-26", "release", "", "", "2023-01-16"},
		{"the 2022 rule, to China", "CN", "CN", "announced", "2022-10-21", "license", "ac-2022", "PoD", "2023-11-16"},
		{"the 2022 rule, to Hong Kong", "HK", "HK", "announced", "2022-10-21", "license", "ac-2022", "PoD", "2023-11-16"},
		{"the 2022 rule, to Macau the day before", "MO", "MO", "announced", "2023-01-16", "release", "", "", "2023-01-16"},
		{"the 2022 rule, to Macau", "MO", "MO", "announced", "2023-01-17", "license", "ac-2022", "PoD", "2023-11-16"},
		{"the 2022 rule, to Vietnam", "VN", "VN", "announced", "2023-11-16", "release", "", "", "2023-11-16"},
		{"the 2022 rule, last day to China", "CN", "CN", "announced", "2023-11-16", "license", "ac-2022", "PoD", "2023-11-16"},
		{"the 2023 rule, to China", "CN", "CN", "announced", "2023-11-17", "license", "ac-destination", "PoD", "2026-01-14"},
		{"the 2023 rule, to Vietnam", "VN", "VN", "announced", "2023-11-17", "license", "ac-destination", "PoA", ""},
		{"the 2023 rule, to Germany for a Chinese firm", "DE", "CN", "announced", "2023-11-17", "license", "ac-headquarters", "PoD", "2025-05-14"},
		{"the 2023 rule, to Germany the day before for a Chinese firm", "DE", "CN", "announced", "2023-11-16", "release", "", "", "2023-11-16"},
		{"the 2023 rule, to Germany", "DE", "DE", "announced", "2023-11-17", "release", "", "", "2025-05-14"},
		{"diffusion codified, eve of compliance", "DE", "DE", "codified", "2025-05-14", "release", "", "", "2025-05-14"},
		{"diffusion codified", "DE", "DE", "codified", "2025-05-15", "license", "diffusion-worldwide", "PoA", ""},
		{"diffusion announced, the text does not bind yet", "DE", "DE", "announced", "2025-05-14", "release", "", "", "2025-05-14"},
		{"diffusion announced as not enforced", "DE", "DE", "announced", "2025-05-15", "release", "diffusion-announced", "", ""},
		{"diffusion announced, Chinese firm in Germany", "DE", "CN", "announced", "2026-11-23", "license", "ac-headquarters", "PoD", ""},
		{"case by case, the eve", "CN", "CN", "announced", "2026-01-14", "license", "ac-destination", "PoD", "2026-01-14"},
		{"case by case", "CN", "CN", "announced", "2026-01-15", "license", "ac-destination", "CBC", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := us(t).With(map[string]string{"diffusion": tt.diffusion})
			if err != nil {
				t.Fatal(err)
			}
			c, f := server(tt.ship, tt.hq)
			j := p.Decide(c, f, "", AsOf{Fixed: tt.date})
			if j.Outcome != tt.want || j.Rule != tt.rule || j.ValidUntil != tt.until {
				t.Errorf("%s because of %q until %q, want %s because of %q until %q", j.Outcome, j.Rule, j.ValidUntil, tt.want, tt.rule, tt.until)
			}
			if tt.policy != "" && j.Findings[0].Policy != tt.policy {
				t.Errorf("policy %s, want %s", j.Findings[0].Policy, tt.policy)
			}
		})
	}
}

func TestAnOrderIsJudgedForBothItsDatesAndTheLaterGoverns(t *testing.T) {
	t.Parallel()
	p := us(t)
	c, f := server("DE", "DE")
	f.Items[0].Class = "none"
	f.Parties[0].Owners = []event.ListedHold{{Owner: "Listed Holding", Percent: "50", Match: event.Match{List: "EL", Entry: "el-1", Score: 1000, Field: "owner", Matched: "Listed Holding", Citation: "invented"}}}
	for _, tt := range []struct {
		name        string
		order, ship event.Date
		want        event.Outcome
		rule        string
		differs     bool
		until       event.Date
		says        []event.Outcome
	}{
		{"released on the order date, needs a license on the ship date", "2026-11-08", "2026-11-12", "license", "affiliates-50", true, "", []event.Outcome{"release", "license"}},
		{"needs a license on the order date, released on the ship date", "2025-11-09", "2025-11-10", "release", "", true, "2026-11-09", []event.Outcome{"license", "release"}},
		{"a ship date before the order date, released on it", "2026-11-20", "2019-01-01", "license", "affiliates-50", true, "", []event.Outcome{"license", "release"}},
		{"a ship date before the order date, license on it", "2025-12-01", "2025-11-09", "release", "", true, "2026-11-09", []event.Outcome{"release", "license"}},
		{"no order date, shipped before it was received", "", "2019-01-01", "license", "affiliates-50", true, "", []event.Outcome{"license", "release"}},
		{"no ship date", "2026-11-09", "", "release", "", false, "2026-11-09", []event.Outcome{"release"}},
		{"released two days before the rule revives", "2026-11-08", "2026-11-08", "release", "", false, "2026-11-09", []event.Outcome{"release"}},
		{"released two days before the rule revives, no ship date", "2026-11-08", "", "release", "", false, "2026-11-09", []event.Outcome{"release"}},
		{"the same date twice", "2026-11-10", "2026-11-10", "license", "affiliates-50", false, "", []event.Outcome{"license"}},
		{"no date at all: the received date", "", "", "license", "affiliates-50", false, "", []event.Outcome{"license"}},
		{"both within the stay", "2026-01-01", "2026-03-01", "release", "", false, "2026-11-09", []event.Outcome{"release", "release"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			order := *c.Order
			order.OrderDate, order.ShipDate = tt.order, tt.ship
			cause := *c
			cause.Order = &order
			j := p.Decide(&cause, f, "", AsOf{})
			var says []event.Outcome
			for _, d := range j.Dates {
				says = append(says, d.Outcome)
			}
			if j.Outcome != tt.want || j.Rule != tt.rule || j.Differs != tt.differs || j.ValidUntil != tt.until || len(says) != len(tt.says) {
				t.Fatalf("%s because of %q, differs %v, until %q, dates %v", j.Outcome, j.Rule, j.Differs, j.ValidUntil, says)
			}
			for i := range says {
				if says[i] != tt.says[i] {
					t.Errorf("date %d says %s, want %s", i, says[i], tt.says[i])
				}
			}
		})
	}
}

func TestAListingEndsTheAnswerOfADaySooner(t *testing.T) {
	t.Parallel()
	p := us(t)
	c, f := server("DE", "DE")
	f.Items[0].Class = "none"
	f.Parties[0].Matches = []event.Match{{List: "EL", Entry: "el-1", Field: "name", Score: 1000, Countries: "same", Listed: []event.Span{{From: "2025-10-08", Until: "2025-10-20"}, {From: "2026-12-01"}}}}
	for _, tt := range []struct {
		date  event.Date
		want  event.Outcome
		until event.Date
	}{
		{"2025-10-07", "release", "2025-10-07"},
		{"2025-10-08", "license", "2025-10-20"},
		{"2025-10-20", "license", "2025-10-20"},
		{"2025-10-21", "release", "2026-11-30"},
		{"2026-12-01", "license", ""},
	} {
		if j := p.Decide(c, f, "", AsOf{Fixed: tt.date}); j.Outcome != tt.want || j.ValidUntil != tt.until {
			t.Errorf("%s: %s until %q, want %s until %q", tt.date, j.Outcome, j.ValidUntil, tt.want, tt.until)
		}
	}
}

func TestFactsThatCannotBeJudgedHoldTheOrder(t *testing.T) {
	t.Parallel()
	p := us(t)
	c, f := server("DE", "DE")
	for name, broken := range map[string]event.Facts{
		"enrichment failed":       {Failed: "the catalog could not be read"},
		"facts of another order":  {Parties: make([]event.PartyFacts, 3), Items: f.Items},
		"facts without any items": {Parties: f.Parties},
	} {
		j := p.Decide(c, &broken, "x", AsOf{})
		if j.Outcome != event.Hold || j.Rule != FactsFailed || j.Failed == "" || len(j.Findings) != 1 || len(j.Dates) != 1 || j.Prev != "x" {
			t.Errorf("%s: %+v", name, j)
		}
	}
	if j := p.Decide(&event.Cause{At: "2026-11-23T10:00:00.000000Z"}, f, "", AsOf{}); j.Outcome != event.Hold || j.Rule != FactsFailed {
		t.Errorf("a case without order: %+v", j)
	}
}

func TestTooManyFindingsEndInOneExplicitHold(t *testing.T) {
	t.Parallel()
	c, f := server("CN", "CN")
	for range 300 {
		c.Order.Items = append(c.Order.Items, c.Order.Items[0])
		f.Items = append(f.Items, f.Items[0])
	}
	j := us(t).Decide(c, f, "", AsOf{Fixed: "2024-05-01"})
	last := j.Findings[len(j.Findings)-1]
	if len(j.Findings) != 200 || last.Rule != FactsFailed || last.Outcome != event.Hold || j.Outcome != event.NeedsLic || j.Rule != "ac-destination" {
		t.Errorf("%d findings, the last %+v; %s because of %s", len(j.Findings), last, j.Outcome, j.Rule)
	}
}

func TestOpenQuestionsOfOneRuleAreOneFinding(t *testing.T) {
	t.Parallel()
	c, f := server("DE", "DE")
	f.Parties[0].Headquarters, f.Parties[0].Parent = event.Known{}, event.Known{}
	c.Order.Parties = append(c.Order.Parties, event.Party{Role: event.EndUser, Name: "Blue Fern"})
	f.Parties = append(f.Parties, event.PartyFacts{Country: "DE", Headquarters: event.Known{Country: "DE"}})
	j := us(t).Decide(c, f, "", AsOf{Fixed: "2024-05-01"})
	want := []string{"parties[0].headquarters", "parties[0].ultimate_parent", "parties[1].ultimate_parent"}
	j.Findings = slices.DeleteFunc(j.Findings, func(f event.Finding) bool { return f.Rule == "note-records" })
	if len(j.Findings) != 1 || len(j.Findings[0].Missing) != 3 || j.Findings[0].Party != nil || *j.Findings[0].Item != 0 {
		t.Fatalf("findings: %+v", j.Findings)
	}
	for i, m := range j.Findings[0].Missing {
		if m != want[i] {
			t.Errorf("missing %q, want %q", m, want[i])
		}
	}
}
