package screening

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/shared/codec"
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
	before := processor(b)
	for b.Loop() {
		p.Decide(c, f, "", AsOf{})
	}
	b.ReportMetric(float64((processor(b)-before).Nanoseconds())/float64(b.N), "cpu-ns/op")
}

// listed is the same order with a party that resembles five entries, and a listed owner.
func listed() (*event.Cause, *event.Facts) {
	c, f := ordinary()
	for i := range 5 {
		f.Parties[0].Matches = append(f.Parties[0].Matches, event.Match{
			List: "EL", Entry: fmt.Sprintf("el-%d", i), Name: "Lantern Bay", Queried: "Lantern Bay", Matched: "Lantern Bay", Field: "name", Method: "alike",
			Score: event.Milli(960 - 30*i), Countries: "same", Citation: "invented", Certainty: "C", Policy: "PoD", Listed: []event.Span{{From: "2020-01-01"}},
		})
	}
	return c, f
}

// mix is a hundred orders as a seller's stream has them: most in which nothing is found, four with servers, one with a
// listed party.
func mix() ([]*event.Cause, []*event.Facts) {
	var causes []*event.Cause
	var facts []*event.Facts
	for i := range 100 {
		order := ordinary
		switch {
		case i%25 == 7:
			order = advanced
		case i == 50:
			order = listed
		}
		c, f := order()
		causes, facts = append(causes, c), append(facts, f)
	}
	return causes, facts
}

func BenchmarkJudgeListed(b *testing.B) { benchmark(b, listed) }

func BenchmarkJudgeMix(b *testing.B) { benchmarkMix(b, us(b)) }

func BenchmarkJudgeTenfoldMix(b *testing.B) { benchmarkMix(b, tenfold(b)) }

func benchmarkMix(b *testing.B, p *Pack) {
	b.Helper()
	causes, facts := mix()
	i := 0
	before := processor(b)
	for b.Loop() {
		p.Decide(causes[i%100], facts[i%100], "", AsOf{})
		i++
	}
	b.ReportMetric(float64((processor(b)-before).Nanoseconds())/float64(b.N), "cpu-ns/op")
}

// processor is the processor time that this process has used: on a busy machine the clock on the wall tells little.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkJudgeDecode reads the order and the facts line of an advanced order.
func BenchmarkJudgeDecode(b *testing.B) {
	c, f := advanced()
	one, err := codec.Append(nil, c)
	if err != nil {
		b.Fatal(err)
	}
	two, err := codec.Append(nil, f)
	if err != nil {
		b.Fatal(err)
	}
	var d input
	b.SetBytes(int64(len(one) + len(two)))
	for b.Loop() {
		if err := errors.Join(codec.Decode(one, &d.cause), codec.Decode(two, &d.facts)); err != nil {
			b.Fatal(err)
		}
		d.cause.Reset()
		d.facts.Reset()
	}
}

// BenchmarkJudgeEncode writes the judgement line of an advanced order.
func BenchmarkJudgeEncode(b *testing.B) {
	c, f := advanced()
	j := us(b).Decide(c, f, "", AsOf{})
	line := make([]byte, 0, 64<<10)
	for b.Loop() {
		var err error
		if line, err = codec.Append(line[:0], j); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(line)))
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
