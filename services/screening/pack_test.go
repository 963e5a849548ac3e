package screening

import (
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

const goodPack = `id: tiny
version: "1"
title: A tiny pack
semantics: 1
thresholds: {hit: 0.900, review: 0.800}
parameters:
- {name: mode, title: Mode, values: [soft, hard], default: soft}
`

const goodRules = `rules:
- id: everything
  title: Everything
  citation: none
  certainty: M
  source: invented
  outcome: hold
  per: [item]
  status:
  - {from: 2025-01-01, state: active}
  when: item.a && item.tpp >= 4800.0
  explain: "{item.description} at {item.tpp}"
`

func tiny(manifest, rules string) fs.FS {
	return fstest.MapFS{"pack.yaml": {Data: []byte(manifest)}, "rules/1.yaml": {Data: []byte(rules)}}
}

func TestAPackWithFaultsListsThemAllWithFileAndLine(t *testing.T) {
	t.Parallel()
	if _, err := LoadPack(tiny(goodPack, goodRules)); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name            string
		manifest, rules string
		want            []string
	}{
		{"a misspelled member", goodPack, strings.Replace(goodRules, "certainty:", "certanty:", 1), []string{"rules/1.yaml:5"}},
		{"a member that stands twice", goodPack, strings.Replace(goodRules, "  outcome: hold", "  outcome: hold\n  outcome: block", 1), []string{"rules/1.yaml:8"}},
		{"an id that stands twice", goodPack, goodRules + strings.TrimPrefix(goodRules, "rules:\n"), []string{"rules/1.yaml:13:7: rule everything stands in rules/1.yaml already"}},
		{"a name that the language does not know", goodPack, strings.Replace(goodRules, "item.tpp >=", "item.tops >=", 1), []string{"rules/1.yaml:11", "item.tops"}},
		{"a name out of scope", goodPack, strings.Replace(goodRules, "item.a &&", "party.d5m &&", 1), []string{"party.d5m cannot be asked of a rule per item"}},
		{"a condition that is not a bool", goodPack, strings.Replace(goodRules, "item.a && item.tpp >= 4800.0", "item.tpp", 1), []string{"rules/1.yaml:11", "want bool"}},
		{"a condition that mixes types", goodPack, strings.Replace(goodRules, "4800.0", "'4800'", 1), []string{"rules/1.yaml:11", "overload"}},
		{"a text with an unknown place", goodPack, strings.Replace(goodRules, "{item.tpp}", "{item.price}", 1), []string{"rules/1.yaml:12", "{item.price}"}},
		{"a day that no calendar has", goodPack, strings.Replace(goodRules, "2025-01-01", "2025-02-30", 1), []string{"rules/1.yaml:10", "2025-02-30"}},
		{"stretches that overlap", goodPack, strings.Replace(goodRules, "state: active}", "state: active}\n  - {from: 2024-01-01, state: stayed}", 1), []string{"rules/1.yaml:11", "overlaps"}},
		{"an undeclared parameter", goodPack, strings.Replace(goodRules, "  when:", "  parameter: {name: mode, value: medium}\n  when:", 1), []string{"declares no parameter mode with value medium"}},
		{"a need that nothing has", goodPack, strings.Replace(goodRules, "  when:", "  needs: [luck]\n  when:", 1), []string{"rules/1.yaml:11", "luck"}},
		{"semantics of the future", strings.Replace(goodPack, "semantics: 1", "semantics: 2", 1), goodRules, []string{"pack.yaml:4", "semantics 2"}},
		{"thresholds the wrong way round", strings.Replace(goodPack, "review: 0.800", "review: 0.950", 1), goodRules, []string{"pack.yaml:5"}},
		{"several at once", strings.Replace(goodPack, "id: tiny", "id: ''", 1), strings.NewReplacer("outcome: hold", "outcome: stop", "certainty: M", "certainty: X", "item.a &&", "item.z &&").Replace(goodRules), []string{"pack.yaml:1", `"stop"`, `"X"`, "item.z"}},
		{"not YAML", goodPack, "rules: [", []string{"rules/1.yaml:"}},
		{"no rules", goodPack, "rules: []", []string{"no rules"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := LoadPack(tiny(tt.manifest, tt.rules))
			if !errors.Is(err, ErrPack) {
				t.Fatalf("error: %v", err)
			}
			for _, w := range tt.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("no %q in\n%v", w, err)
				}
			}
		})
	}
}

func TestParametersAreThoseThatThePackDeclares(t *testing.T) {
	t.Parallel()
	p := us(t)
	if got := p.Ref().Parameters["diffusion"]; got != "announced" {
		t.Errorf("default %q", got)
	}
	q, err := p.With(map[string]string{"diffusion": "codified"})
	if err != nil || q.Ref().Parameters["diffusion"] != "codified" || p.Ref().Parameters["diffusion"] != "announced" {
		t.Errorf("with: %v; %v, %v", err, q.Ref().Parameters, p.Ref().Parameters)
	}
	if q.Ref().Digest != p.Ref().Digest {
		t.Error("a parameter changed the digest of the files")
	}
	for _, wrong := range []map[string]string{{"diffusion": "maybe"}, {"speed": "high"}} {
		if _, err := p.With(wrong); err == nil {
			t.Errorf("%v was accepted", wrong)
		}
	}
}

func TestACaseThatCameOutOtherwiseIsReported(t *testing.T) {
	t.Parallel()
	fsys := tiny(goodPack, goodRules).(fstest.MapFS)
	fsys["cases/everything.yaml"] = &fstest.MapFile{Data: []byte(`order: {parties: [{role: purchaser}], items: [{description: x}]}
cases:
- {name: wrong, kind: fires, date: 2025-06-01, expect: {outcome: hold, state: fires}}
- {name: wrong member, kind: misses, date: 2025-06-01, order: {pries: 1}, expect: {outcome: release, state: silent}}
- {name: wrong day, kind: day_before, date: 2024-12-30, expect: {outcome: release, state: silent}}
`)}
	p, err := LoadPack(fsys)
	if err != nil {
		t.Fatal(err)
	}
	r := p.Test()
	if r.OK() || len(r.Fails) != 3 || r.Fails[0].Place != "cases/everything.yaml:3" {
		t.Errorf("report: %+v", r)
	}
}

func FuzzLoadPack(f *testing.F) {
	f.Add(goodPack, goodRules)
	f.Add("id: [", "rules:\n- &a {id: *a}")
	f.Add(goodPack, "rules:\n- null\n- {clauses: [{}]}\n")
	f.Fuzz(func(t *testing.T, manifest, rules string) {
		p, err := LoadPack(tiny(manifest, rules))
		if (err == nil) == (p == nil) {
			t.Fatalf("pack %v, error %v", p, err)
		}
		if err != nil {
			return
		}
		c, facts := server("CN", "CN")
		p.Decide(c, facts, "", AsOf{})
	})
}

// A condition that foreign hands wrote loads or is refused, and where it loads it judges within its cost.
func FuzzCondition(f *testing.F) {
	for _, when := range []string{
		"item.a && item.tpp >= 4800.0", "!(order.subject) || item.entry in ['3B001']", "item.eccn.matches('^3A')", "item.tpp / 0.0 > 1.0",
		"['a'].exists(x, x == item.eccn)", "item.a ? item.b : item.c", "(((((", "item.a && 'x'", "true", "item.tpp + item.tpp < 1e308",
	} {
		f.Add(when)
	}
	f.Fuzz(func(t *testing.T, when string) {
		rules := strings.Replace(goodRules, "  when: item.a && item.tpp >= 4800.0\n", "  when: "+strconv.Quote(when)+"\n", 1)
		p, err := LoadPack(tiny(goodPack, rules))
		if err != nil {
			if !errors.Is(err, ErrPack) {
				t.Fatalf("%q: %v", when, err)
			}
			return
		}
		c, facts := server("CN", "CN")
		if j := p.Decide(c, facts, "", AsOf{}); j.Outcome.Severity() < 0 {
			t.Fatalf("%q: outcome %q", when, j.Outcome)
		}
	})
}
