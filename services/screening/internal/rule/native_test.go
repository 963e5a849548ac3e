package rule

import (
	"fmt"
	"slices"
	"testing"

	"cel.dev/cel-go/cel"
	"pgregory.net/rapid"

	"github.com/tidegate/tidegate/schemas/event"
)

func drawCondition(t *rapid.T, depth int) string {
	kind := rapid.IntRange(0, 5).Draw(t, "kind")
	if depth == 0 {
		kind += 3
	}
	part := func() string { return "(" + drawCondition(t, depth-1) + ")" }
	switch kind {
	case 0:
		return part() + " && " + part()
	case 1:
		return part() + " || " + part()
	case 2:
		return "!" + part()
	}
	i := rapid.IntRange(0, len(vocabulary)-1).Draw(t, "word")
	word := vocabulary[i]
	operator := rapid.SampledFrom([]string{"==", "!=", "<", "<=", ">", ">="}).Draw(t, "operator")
	switch word.typ {
	case cel.BoolType:
		if rapid.Bool().Draw(t, "compared") {
			return word.name + " == true"
		}
		return word.name
	case cel.StringType:
		switch rapid.IntRange(0, 2).Draw(t, "form") {
		case 0:
			return word.name + " in ['CN', 'US', '', 'export']"
		case 1:
			return word.name + ".startsWith('C')"
		}
		return fmt.Sprintf("%s %s '%s'", word.name, operator, rapid.SampledFrom([]string{"", "CN", "DE", "export", "2025-01-01"}).Draw(t, "text"))
	default:
		if rapid.Bool().Draw(t, "reckoned") {
			return fmt.Sprintf("%s + 1.0 %s 1601.0", word.name, operator)
		}
		return fmt.Sprintf("%s %s %s", word.name, operator, rapid.SampledFrom([]string{"0.0", "50.0", "1600.0", "21000.0"}).Draw(t, "number"))
	}
}

// What is worked out here must be what cel-go makes of the same condition, unknowns and all.
func TestConditionsMeanWhatCELSaysTheyMean(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		when := drawCondition(rt, 3)
		p, err := compile(when, perItem|perDestination|perParty|perMatch)
		if err != nil {
			rt.Fatalf("%s: %v", when, err)
		}
		c, f := scene(rapid.SampledFrom([]string{"a", "b", "none", "unknown"}).Draw(rt, "class"), rapid.SampledFrom([]event.Country{"", "CN", "DE"}).Draw(rt, "hq"))
		f.Items[0].TPP = rapid.SampledFrom([]event.Decimal{"", "1600", "21000"}).Draw(rt, "tpp")
		f.Parties[0].Matches = []event.Match{{List: "EL", Field: "name", Score: event.Milli(rapid.IntRange(700, 1000).Draw(rt, "score")), Countries: "same"}}
		if rapid.Bool().Draw(rt, "no destination") {
			c.Order.ShipTo, f.Parties[0].Country = "", ""
		}
		var s Scene
		s.Load(c, f, "2026-01-01", Thresholds{Hit: 900, Review: 800})
		s.setItem(0)
		s.setPlace(0)
		s.setParty(0)
		s.setMatch(0)
		got, gotMissing := truthOf(p.parts.ask(&s))
		v, _, err := p.whole.Eval(&s)
		want, wantMissing := truthOf(v)
		if err != nil {
			want, wantMissing = Broken, nil
		}
		if got != want || !slices.Equal(gotMissing, wantMissing) {
			rt.Fatalf("%s: %v %v, cel-go says %v %v", when, got, gotMissing, want, wantMissing)
		}
		if p.refuted(&s, 0, 0) && want != No {
			rt.Fatalf("%s: refuted, but cel-go says %v", when, want)
		}
	})
}

func TestAConditionThatCouldHangTheStreamIsRefused(t *testing.T) {
	t.Parallel()
	for _, when := range []string{
		"[1,2,3,4,5,6,7,8,9].all(a, [1,2,3,4,5,6,7,8,9].all(b, [1,2,3,4,5,6,7,8,9].all(c, [1,2,3,4,5,6,7,8,9].all(d, [1,2,3,4,5,6,7,8,9].all(e, a+b+c+d+e > 0)))))",
		"party.name.matches(party.business + party.name + party.business) && [1,2,3,4,5].all(i, party.name.matches(party.business + party.name))",
	} {
		if _, err := compile(when, perParty); err == nil {
			t.Errorf("%s was accepted", when)
		}
	}
	if _, err := compile("party.name.matches('(?i)^lantern')", perParty); err != nil {
		t.Errorf("a plain pattern: %v", err)
	}
}
