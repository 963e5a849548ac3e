package rule

import (
	"slices"
	"strings"
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
)

// scene is an order of one server for one party in Germany.
func scene(class string, hq event.Country) (*event.Cause, *event.Facts) {
	o := &event.Order{ShipTo: "DE", Parties: []event.Party{{Role: event.Purchaser, Name: "Meridian Compute"}}, Items: []event.Item{{Description: "server"}}}
	f := &event.Facts{
		Parties: []event.PartyFacts{{Country: "DE", Headquarters: event.Known{Country: hq}, Parent: event.Known{Country: hq}}},
		Items:   []event.ItemFacts{{Class: class, Class2022: "none", Missing: []string{"tpp"}}},
		Places:  []event.Place{{Country: "CN", Groups: []event.Group{{Group: "D:5"}}}, {Country: "DE", Groups: []event.Group{{Group: "A:5"}}}},
	}
	return &event.Cause{Order: o}, f
}

func compiled(t *testing.T, when string) *Rule {
	t.Helper()
	r := &Rule{
		ID: "x", Title: "X", Citation: "none", Certainty: "M", Source: "invented", Outcome: "hold", Per: []string{"item", "party"},
		Status: []Status{{State: Active}}, When: when, Explain: "{item.description} for {party.name}",
	}
	if faults := r.Compile(); faults != nil {
		t.Fatalf("%+v", faults)
	}
	return r
}

func evaluate(r *Rule, c *event.Cause, f *event.Facts) []Say {
	var s Scene
	s.Load(c, f, "2026-01-01", Thresholds{Hit: 900, Review: 800})
	var out []Say
	for _, clause := range r.Conditions() {
		out = clause.Evaluate(&s, out)
	}
	return out
}

func TestConditionsAreThreeValued(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		when      string
		class, hq string
		want      string // fires, silent, or the missing facts
	}{
		{"both hold", "item.a && party.d5m", "a", "CN", "fires"},
		{"a known no settles an unknown, on either side", "item.a && party.d5m", "none", "", "silent"},
		{"the same the other way round", "party.d5m && item.a", "none", "", "silent"},
		{"a known yes settles an unknown, on either side", "party.d5m || item.a", "a", "", "fires"},
		{"an unknown that could make it fire", "item.a && party.d5m", "a", "", "parties[0].headquarters,parties[0].ultimate_parent"},
		{"two unknowns are both named", "item.a && party.d5m", "unknown", "", "items[0].tpp,parties[0].headquarters,parties[0].ultimate_parent"},
		{"not of an unknown is unknown", "!item.a", "unknown", "DE", "items[0].tpp"},
		{"a choice on an unknown is unknown", "item.a ? true : false", "unknown", "DE", "items[0].tpp"},
		{"a choice takes only its branch", "item.a ? true : party.d5m", "a", "", "fires"},
		{"a comparison with an unknown is unknown", "item.bandwidth < 6500.0", "a", "DE", "items[0].memory_bandwidth_gbps"},
		{"membership of a known value", "order.ship_from in ['US', 'MY']", "a", "DE", "fires"},
		{"a function of an unknown is unknown", "string(item.bandwidth).startsWith('6')", "a", "DE", "items[0].memory_bandwidth_gbps"},
		{"a walk over a list settles as its parts do", "['CN', 'DE'].exists(c, c == party.country)", "a", "DE", "fires"},
		{"a walk over a list with an unknown in it", "[1, 2].exists(i, item.a && i > 1)", "unknown", "DE", "items[0].tpp"},
		{"a walk over a list where the unknown changes nothing", "[1, 2].exists(i, item.a && i > 2)", "unknown", "DE", "silent"},
		{"a condition that breaks holds", "item.a && 1 / (order.end_user_named ? 1 : 0) == 1", "a", "DE", "rule:x"},
		{"a condition that is false before it breaks is silent", "item.a && 1 / (order.end_user_named ? 1 : 0) == 1", "none", "DE", "silent"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, f := scene(tt.class, event.Country(tt.hq))
			got := "silent"
			if says := evaluate(compiled(t, tt.when), c, f); len(says) == 1 {
				got = "fires"
				if says[0].Unknown {
					got = strings.Join(says[0].Missing, ",")
				}
			}
			if got != tt.want {
				t.Errorf("%s gives %s, want %s", tt.when, got, tt.want)
			}
		})
	}
}

func TestTextsNameWhatIsNotStated(t *testing.T) {
	t.Parallel()
	r := compiled(t, "item.a")
	r.Explain = "{item.description}: TPP {item.tpp}, for {party.name} of {party.headquarters}"
	if faults := r.Compile(); faults != nil {
		t.Fatal(faults)
	}
	c, f := scene("a", "")
	if got, want := evaluate(r, c, f)[0].Text, "server: TPP not stated, for Meridian Compute of not stated"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestNeedsAreNeverStricterThanTheVocabulary(t *testing.T) {
	t.Parallel()
	for name := range needNames {
		if !slices.Contains(Needs(), name) {
			t.Errorf("%s is not listed", name)
		}
	}
	for i, v := range Vocabulary() {
		if v.Means == "" || variables[v.Name] != i {
			t.Errorf("%s: means %q, stands at %d and %d", v.Name, v.Means, i, variables[v.Name])
		}
	}
}

func TestAStatusBindsFromItsComplianceDateAndNotWhileStayed(t *testing.T) {
	t.Parallel()
	r := compiled(t, "item.a")
	r.Status = []Status{
		{From: "2025-01-13", Until: "2025-11-09", State: Active, Compliance: "2025-05-15"},
		{From: "2025-11-10", Until: "2026-11-09", State: Stayed},
		{From: "2026-11-10", State: Active},
	}
	if faults := r.Compile(); faults != nil {
		t.Fatal(faults)
	}
	for _, tt := range []struct {
		date event.Date
		want bool
	}{
		{"2025-01-12", false},
		{"2025-01-13", false},
		{"2025-05-14", false},
		{"2025-05-15", true},
		{"2025-11-09", true},
		{"2025-11-10", false},
		{"2026-11-09", false},
		{"2026-11-10", true},
	} {
		if got := r.InForce(tt.date); got != tt.want {
			t.Errorf("%s: in force %v, want %v", tt.date, got, tt.want)
		}
	}
}

func TestTerritoriesAreTheUnitedStates(t *testing.T) {
	t.Parallel()
	for country, want := range map[event.Country]string{"US": "fires", "PR": "fires", "GU": "fires", "DE": "silent", "MO": "silent"} {
		c, f := scene("a", "DE")
		c.Order.ShipTo = country
		f.Parties[0].Country = country
		got := "silent"
		if len(evaluate(compiled(t, "order.domestic"), c, f)) > 0 {
			got = "fires"
		}
		if got != want {
			t.Errorf("%s: domestic %s, want %s", country, got, want)
		}
	}
}

func TestStakesOfOneSourceAddUpAndThoseOfSeveralAgree(t *testing.T) {
	t.Parallel()
	st := func(source string, least, most event.Decimal) event.Stake {
		return event.Stake{Holder: "Vale", Held: "Meridian Compute", AtLeast: least, AtMost: most, Source: source}
	}
	for _, tt := range []struct {
		name   string
		stakes []event.Stake
		want   string
	}{
		{"two blocks of one source", []event.Stake{st("order", "30", "30"), st("order", "20.5", "20.5")}, "50.5 to 50.5"},
		{"one source narrows another", []event.Stake{st("GLEIF", "0", "100"), st("order", "30", "30")}, "30 to 30"},
		{"bounds that overlap", []event.Stake{st("a", "20", "60"), st("b", "50", "80")}, "50 to 60"},
		{"two sources that contradict each other leave all that one says", []event.Stake{st("a", "20", "20"), st("b", "60", "60")}, "20 to 60"},
		{"two blocks beside a source that agrees", []event.Stake{st("a", "25", "25"), st("a", "25.0", "25.0"), st("b", "50", "50")}, "50.0 to 50.0"},
		{"never more than all", []event.Stake{st("a", "0", "100"), st("a", "0", "100")}, "0 to 100"},
	} {
		c, f := scene("none", "DE")
		f.Parties[0].Stakes = tt.stakes
		var s Scene
		s.Load(c, f, "2026-01-01", Thresholds{Hit: 900, Review: 800})
		got := s.merged()
		if len(got) != 1 || string(got[0].AtLeast)+" to "+string(got[0].AtMost) != tt.want {
			t.Errorf("%s: %+v, want %s", tt.name, got, tt.want)
		}
	}
}
