package screening

import (
	"slices"
	"strings"
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
)

// of gives the finding of a rule.
func of(j event.Judgement, rule string) (event.Finding, bool) {
	i := slices.IndexFunc(j.Findings, func(f event.Finding) bool { return f.Rule == rule })
	if i < 0 {
		return event.Finding{}, false
	}
	return j.Findings[i], true
}

func TestNoApprovalIsPromisedWhileAHeadquartersIsOpen(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		diffusion string
		rule      string
		ship      event.Country
		hq, up    event.Country
		want      string
	}{
		{"all in Vietnam", "announced", "ac-destination", "VN", "VN", "VN", "PoA"},
		{"parent in China", "announced", "ac-destination", "VN", "VN", "CN", "PoD"},
		{"headquarters in Macau", "announced", "ac-destination", "VN", "MO", "VN", "PoD"},
		{"parent not stated", "announced", "ac-destination", "VN", "VN", "", ""},
		{"nothing stated", "announced", "ac-destination", "VN", "", "", ""},
		{"nothing stated, to China", "announced", "ac-destination", "CN", "", "", "PoD"},
		{"nothing stated, headquarters in China", "announced", "ac-destination", "VN", "CN", "", "PoD"},
		{"codified, all in Germany", "codified", "diffusion-worldwide", "DE", "DE", "DE", "PoA"},
		{"codified, parent not stated", "codified", "diffusion-worldwide", "DE", "DE", "", ""},
		{"codified, parent in China", "codified", "diffusion-worldwide", "DE", "DE", "CN", "PoD"},
		{"UAE, parent in China", "announced", "ac-uae", "AE", "AE", "CN", "PoD"},
		{"UAE, all there", "announced", "ac-uae", "AE", "AE", "AE", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := us(t).With(map[string]string{"diffusion": tt.diffusion})
			if err != nil {
				t.Fatal(err)
			}
			c, f := server(tt.ship, tt.hq)
			f.Parties[0].Parent = event.Known{Country: tt.up}
			j := p.Decide(c, f, "", AsOf{Fixed: "2025-12-01"})
			got, found := of(j, tt.rule)
			if !found || got.State != "fires" || got.Policy != tt.want || j.Outcome != event.NeedsLic {
				t.Errorf("policy %q, want %q; %s; %+v", got.Policy, tt.want, j.Outcome, j.Findings)
			}
		})
	}
}

func TestDoubtsAreMarkedOnTheirDates(t *testing.T) {
	t.Parallel()
	p := us(t)
	hbm, memory := server("CN", "CN")
	memory.Items[0] = event.ItemFacts{Class: "c", Class2022: "none", HBMDens: "3.1", Subject: "yes"}
	owned, held := server("DE", "DE")
	held.Items[0] = event.ItemFacts{Class: "none", Class2022: "none", ECCN: "EAR99"}
	held.Parties[0].Owners = []event.ListedHold{{Owner: "Listed Holding", Percent: "50", Match: event.Match{List: "EL", Entry: "el-1", Score: 1000, Field: "owner", Matched: "Listed Holding", Citation: "invented"}}}
	little, less := server("DE", "DE")
	less.Items[0] = held.Items[0]
	less.Parties[0].Owners = []event.ListedHold{{Owner: "Listed Holding", Percent: "49.99", Match: held.Parties[0].Owners[0].Match}}
	emirates, uae := server("AE", "AE")
	war, arms := server("CN", "CN")
	war.Order.EndUse = &event.EndUse{Uses: []string{"military"}}
	arms.Items[0] = event.ItemFacts{Class: "none", Class2022: "none", ECCN: "5A992.C"}
	mass, wmd := server("DE", "DE")
	mass.Order.EndUse = &event.EndUse{Uses: []string{"wmd"}}
	wmd.Items[0] = arms.Items[0]
	for _, tt := range []struct {
		name  string
		cause *event.Cause
		facts *event.Facts
		rule  string
		date  event.Date
		want  string
	}{
		{"memory, the first day", hbm, memory, "hbm-2024", "2024-12-02", "?"},
		{"memory, the day before compliance", hbm, memory, "hbm-2024", "2024-12-30", "?"},
		{"memory, compliance", hbm, memory, "hbm-2024", "2024-12-31", "C"},
		{"owners, the first days", owned, held, "affiliates-50", "2025-11-09", "R"},
		{"owners, after the revival", owned, held, "affiliates-50", "2026-11-10", "?"},
		{"red flag 29, the first days", little, less, "affiliates-red-flag-29", "2025-09-29", "R"},
		{"red flag 29, after the revival", little, less, "affiliates-red-flag-29", "2026-11-10", "?"},
		{"the United Arab Emirates", emirates, uae, "ac-uae", "2026-11-08", "?"},
		{"military use", war, arms, "military-end-use", "2026-11-08", "C"},
		{"weapons, from memory", mass, wmd, "military-end-use", "2026-11-08", "M"},
	} {
		got, found := of(p.Decide(tt.cause, tt.facts, "", AsOf{Fixed: tt.date}), tt.rule)
		if !found || got.Certainty != tt.want {
			t.Errorf("%s: certainty %q, want %q", tt.name, got.Certainty, tt.want)
		}
	}
}

func TestLicenseExceptionsAreTriedAtTheirLines(t *testing.T) {
	t.Parallel()
	codified, err := us(t).With(map[string]string{"diffusion": "codified"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name        string
		ship, hq    event.Country
		transaction event.Transaction
		total       event.Decimal
		datacenter  string
		rule, code  string
		applies     bool
	}{
		{"LPP at 26,900,000", "BR", "BR", "export", "26900000", "yes", "diffusion-worldwide", "LPP", true},
		{"LPP at 26,900,001", "BR", "BR", "export", "26900001", "yes", "diffusion-worldwide", "LPP", false},
		{"LPP within a country", "BR", "BR", "in_country", "15832", "yes", "diffusion-worldwide", "LPP", false},
		{"LPP for a Chinese firm", "BR", "CN", "export", "15832", "yes", "diffusion-worldwide", "LPP", false},
		{"AIA in Germany", "DE", "DE", "export", "15832", "yes", "diffusion-worldwide", "AIA", true},
		{"AIA in Brazil", "BR", "BR", "export", "15832", "yes", "diffusion-worldwide", "AIA", false},
		{"NAC, a gaming card to China", "CN", "CN", "export", "15832", "no", "ac-destination", "NAC", true},
		{"NAC, a data center card to China", "CN", "CN", "export", "15832", "yes", "ac-destination", "NAC", false},
		{"NAC, a gaming card to Vietnam", "VN", "VN", "export", "15832", "no", "ac-destination", "NAC", false},
		{"ACA, a gaming card to Vietnam", "VN", "VN", "export", "15832", "no", "ac-destination", "ACA", true},
		{"ACA, a gaming card to China", "CN", "CN", "export", "15832", "no", "ac-destination", "ACA", false},
		{"ACA, a gaming card within China", "CN", "CN", "in_country", "15832", "no", "ac-destination", "ACA", true},
		{"ACA, a data center card within China", "CN", "CN", "in_country", "15832", "yes", "ac-destination", "ACA", false},
	} {
		c, f := server(tt.ship, tt.hq)
		c.Order.Transaction = tt.transaction
		f.Places = append(f.Places, event.Place{Country: "BR"})
		f.Items[0].TotalTPP, f.Items[0].DC, f.Items[0].DesignHQ = tt.total, tt.datacenter, "US"
		got, _ := of(codified.Decide(c, f, "", AsOf{Fixed: "2025-12-01"}), tt.rule)
		i := slices.IndexFunc(got.Tried, func(x event.Tried) bool { return x.Code == tt.code })
		if i < 0 || got.Tried[i].Applies != tt.applies {
			t.Errorf("%s: %+v", tt.name, got.Tried)
		}
	}
}

// Every text about a likeness names both strings; every finding that stops an order says what would answer it.
func TestTextsSayWhatACompliancePersonNeeds(t *testing.T) {
	t.Parallel()
	for _, r := range us(t).Rules() {
		if slices.Equal(r.Per, []string{"match"}) && (!strings.Contains(r.Explain, "{match.queried}") || !strings.Contains(r.Explain, "{match.matched}")) {
			t.Errorf("%s names not both strings of a match: %s", r.ID, r.Explain)
		}
		if r.Flag && !strings.Contains(r.Explain, "red_flag_answers") {
			t.Errorf("%s does not say where it is answered: %s", r.ID, r.Explain)
		}
	}
}

func TestTheStricterOfTwoRowsStandsFirst(t *testing.T) {
	t.Parallel()
	c, f := server("DE", "DE")
	f.Items[0] = event.ItemFacts{Class: "none", Class2022: "none", ECCN: "EAR99"}
	for i, policy := range []string{"CBC", "PoD"} {
		f.Parties[0].Matches = append(f.Parties[0].Matches, event.Match{
			List: "EL", Entry: []string{"el-1", "el-2"}[i], Field: "name", Score: 1000, Countries: "same", Policy: policy, Citation: "invented",
		})
	}
	j := us(t).Decide(c, f, "", AsOf{Fixed: "2024-05-01"})
	if len(j.Findings) != 2 || j.Findings[0].Policy != "PoD" || j.Findings[1].Policy != "CBC" {
		t.Errorf("findings: %+v", j.Findings)
	}
}

func TestAContradictedECCNIsToldAsWhatItIs(t *testing.T) {
	t.Parallel()
	c, f := server("CN", "CN")
	f.Items[0] = event.ItemFacts{
		Class: "unknown", Class2022: "none", How: "unknown", Missing: []string{"eccn"}, ECCN: "5A992.C",
		Disagrees: "the stated ECCN 5A992.C is not controlled, but the catalog gives 3A090.a",
	}
	c.Order.Items = append(c.Order.Items, event.Item{Description: "accelerator card"})
	f.Items = append(f.Items, event.ItemFacts{Class: "unknown", Class2022: "none", How: "unknown", Missing: []string{"eccn"}})
	got, _ := of(us(t).Decide(c, f, "", AsOf{Fixed: "2026-11-20"}), "ac-destination")
	want := "Open: Advanced computing items to Country Groups D:1, D:4 and D:5. Item 1: the stated ECCN 5A992.C is not controlled, " +
		"but the catalog gives 3A090.a. Have the vendor confirm its classification of the part, and send the ECCN or the figures " +
		"again so that they agree. Whether it applies depends on what the order does not say or leaves open: items[1].eccn."
	if got.Text != want || !slices.Equal(got.Missing, []string{"items[0].eccn", "items[1].eccn"}) {
		t.Errorf("%v: %s", got.Missing, got.Text)
	}
}

func TestFootnotesAreCitedWhereInForce(t *testing.T) {
	t.Parallel()
	c, f := server("DE", "DE")
	f.Items[0] = event.ItemFacts{Class: "none", Class2022: "none", ECCN: "EAR99"}
	f.Parties[0].Matches = []event.Match{{
		List: "EL", Entry: "el-1", Field: "name", Score: 1000, Countries: "same",
		Footnotes: []event.Footnote{{Number: 1}, {Number: 4, Span: event.Span{From: "2022-10-21"}}},
	}}
	for date, want := range map[event.Date]string{"2022-10-20": "footnotes 1;", "2022-10-21": "footnotes 1, 4;"} {
		if got, _ := of(us(t).Decide(c, f, "", AsOf{Fixed: date}), "el-license"); !strings.Contains(got.Text, want) {
			t.Errorf("%s: want %s in %s", date, want, got.Text)
		}
	}
}
