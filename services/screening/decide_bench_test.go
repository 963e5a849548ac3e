package screening

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"testing"
	"testing/fstest"

	"go.yaml.in/yaml/v4"

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

func BenchmarkJudgeOrdinary(b *testing.B) { benchmark(b, ordinary) }

func BenchmarkJudgeAdvanced(b *testing.B) { benchmark(b, advanced) }

func benchmark(b *testing.B, order func() (*event.Cause, *event.Facts)) {
	b.Helper()
	benchmarkUnder(b, us(b), order)
}

func benchmarkUnder(b *testing.B, p *Pack, order func() (*event.Cause, *event.Facts)) {
	b.Helper()
	c, f := order()
	b.ReportAllocs()
	for b.Loop() {
		p.Decide(c, f, "", AsOf{})
	}
}

// BenchmarkJudgeTenfold judges the same orders under ten times as many rules: each rule of the US pack and nine of its
// kind for other countries, as nine more regimes would bring.
func BenchmarkJudgeTenfoldOrdinary(b *testing.B) { benchmarkUnder(b, tenfold(b), ordinary) }

func BenchmarkJudgeTenfoldAdvanced(b *testing.B) { benchmarkUnder(b, tenfold(b), advanced) }

func tenfold(tb testing.TB) *Pack {
	tb.Helper()
	files := fstest.MapFS{}
	manifest, err := packs.ReadFile("packs/us/pack.yaml")
	if err != nil {
		tb.Fatal(err)
	}
	files["pack.yaml"] = &fstest.MapFile{Data: manifest}
	names, err := fs.Glob(packs, "packs/us/rules/*.yaml")
	if err != nil {
		tb.Fatal(err)
	}
	for _, name := range names {
		text, err := packs.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		files["rules/"+path.Base(name)] = &fstest.MapFile{Data: text}
		for i := 1; i < 10; i++ {
			files[fmt.Sprintf("rules/9-%d-%s", i, path.Base(name))] = &fstest.MapFile{Data: elsewhere(tb, text, i)}
		}
	}
	p, err := LoadPack(files)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// elsewhere gives the rules of a file as another regime would have them: for shipments from, destinations in, or
// parties of another country.
func elsewhere(tb testing.TB, text []byte, copyOf int) []byte {
	tb.Helper()
	var f struct {
		Rules []map[string]any `yaml:"rules"`
	}
	var n yaml.Node
	if err := yaml.Unmarshal(text, &n); err != nil {
		tb.Fatal(err)
	}
	if err := n.Decode(&f); err != nil {
		tb.Fatal(err)
	}
	for _, r := range f.Rules {
		r["id"] = fmt.Sprintf("%v-%d", r["id"], copyOf)
		delete(r, "settled_by")
		delete(r, "replaces_policy")
		narrow(r, r["per"], copyOf)
		clauses, _ := r["clauses"].([]any)
		for _, c := range clauses {
			clause, _ := c.(map[string]any)
			per := clause["per"]
			if per == nil {
				per = r["per"]
			}
			narrow(clause, per, copyOf)
		}
	}
	out, err := yaml.Marshal(f)
	if err != nil {
		tb.Fatal(err)
	}
	return []byte(timeless.ReplaceAllString(string(out), "$1"))
}

var timeless = regexp.MustCompile(`(\d{4}-\d{2}-\d{2})T00:00:00Z`)

func narrow(r map[string]any, per any, copyOf int) {
	when, ok := r["when"].(string)
	if !ok {
		return
	}
	word := "order.ship_from"
	parts, _ := per.([]any)
	for _, p := range parts {
		switch p {
		case "destination":
			word = "destination.code"
		case "party", "match":
			word = "party.country"
		}
	}
	r["when"] = fmt.Sprintf("%s == 'Q%d' && (%s)", word, copyOf, when)
}
