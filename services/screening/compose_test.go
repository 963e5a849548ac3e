package screening

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"

	"github.com/tidegate/tidegate/schemas/event"
)

func shipped(t *testing.T, name string) *Pack {
	t.Helper()
	p, err := ShippedPack(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func composed(t *testing.T, packs ...*Pack) *Pack {
	t.Helper()
	p, err := Compose(packs...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestEveryShippedPackKeepsItsCases(t *testing.T) {
	t.Parallel()
	for _, name := range Shipped {
		p := shipped(t, name)
		for _, f := range p.Test().Fails {
			t.Errorf("%s: %s: %s: %s", name, f.Place, f.Case, f.Why)
		}
		if err := p.Proven(); err != nil {
			t.Error(err)
		}
	}
}

func TestASetKeepsTheCasesOfEachOfItsPacks(t *testing.T) {
	t.Parallel()
	all := composed(t, shipped(t, "us"), shipped(t, "jp"), shipped(t, "example"))
	if err := all.Proven(); err != nil {
		t.Error(err)
	}
	if r := all.Test(); r.Rules != len(all.Rules()) || !r.OK() {
		t.Errorf("%d of %d rules tested: %+v", r.Rules, len(all.Rules()), r.Fails)
	}
}

func TestFindingsOfASetNameTheirPackAndTheStrictestWins(t *testing.T) {
	t.Parallel()
	both := composed(t, shipped(t, "us"), shipped(t, "jp"))
	c, f := server("SG", "SG")
	c.Order.ShipFrom, c.Order.Transaction = "JP", event.Reexport
	f.Parties[0].Matches = []event.Match{
		{List: "1260H", Entry: "d", Field: "name", Score: 1000, Countries: "same"},
		{List: "METI", Entry: "m", Field: "name", Score: 1000, Countries: "same"},
	}
	j := both.Decide(c, f, "", AsOf{Fixed: "2024-05-01"})
	if j.Outcome != "license" || j.Rule != "jp-end-user-list" {
		t.Errorf("%s by %s", j.Outcome, j.Rule)
	}
	for rule, pack := range map[string]string{"jp-end-user-list": "jp", "dod-1260h-red-flag": "us"} {
		if got, ok := of(j, rule); !ok || got.Pack != pack {
			t.Errorf("%s of pack %q, want %q", rule, got.Pack, pack)
		}
	}
	alone := us(t).Decide(c, f, "", AsOf{Fixed: "2024-05-01"})
	if got, _ := of(alone, "dod-1260h-red-flag"); got.Pack != "" || alone.Pack.Packs != nil {
		t.Error("one pack alone needs no naming")
	}
}

func TestASetIsNamedByAllOfItsPacks(t *testing.T) {
	t.Parallel()
	a, b := shipped(t, "us"), shipped(t, "jp")
	both, turned := composed(t, a, b), composed(t, b, a)
	ref := both.Ref()
	if ref.ID != "us+jp" || len(ref.Packs) != 2 || ref.Packs[0].Digest != a.Ref().Digest || ref.Packs[1].Digest != b.Ref().Digest {
		t.Errorf("%+v", ref)
	}
	if ref.Digest == turned.Ref().Digest {
		t.Error("the order of packs is part of the set")
	}
	codified, err := both.With(map[string]string{"diffusion": "codified"})
	if err != nil || codified.Ref().Packs[0].Parameters["diffusion"] != "codified" || codified.Ref().Digest != ref.Digest {
		t.Errorf("%v: %+v", err, codified.Ref())
	}
	back, err := OpenPack(codified.Activation())
	if err != nil || back.Ref().Digest != ref.Digest || back.Ref().Parameters["diffusion"] != "codified" || event.Digest(both.Object()) != ref.Digest {
		t.Errorf("from its object: %v", err)
	}
	if own, err := OpenPack(shipped(t, "example").Object()); err != nil || own.Ref().Digest != shipped(t, "example").Ref().Digest {
		t.Errorf("a pack that stands on another, from its object: %v", err)
	}
	if again := composed(t, both, a, b); again.Ref().Digest != ref.Digest {
		t.Error("a pack that stands twice counts once")
	}
	if single := composed(t, a); single.Ref().ID != "us" {
		t.Errorf("a set of one is the one: %s", single.Ref().ID)
	}
}

// own is a company's pack with the given lines in its manifest and a rule that gives this outcome to every order.
func own(t *testing.T, manifest, outcome, more string) (*Pack, error) {
	t.Helper()
	return LoadPack(fstest.MapFS{
		"pack.yaml": {Data: []byte("id: own\nversion: '1'\ntitle: Own\nsemantics: 1\n" + manifest)},
		"rules/1.yaml": {Data: []byte(`rules:
- id: always
  title: Always
  citation: own policy
  certainty: C
  source: own policy
  outcome: ` + outcome + `
  status: [{state: active}]
  when: order.subject || !order.subject
  explain: always
` + more)},
	})
}

const exception = `- id: exception
  title: Exception
  citation: own policy
  certainty: C
  source: own policy
  outcome: release
  answers: [us/nothing]
  status: [{until: 2027-01-01, state: active}]
  when: order.subject
  explain: excepted
`

func TestASetWithFaultsIsRefusedWithAllOfThem(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, manifest, more string
		want                 []string
	}{
		{"a shipped pack that is not there", "with: [mars]\n", "", []string{`no shipped pack "mars"`}},
		{"an override without reason", "with: [us]\noverrides: [{pack: us, parameters: {diffusion: codified}}]\n", "", []string{"pack.yaml:6", "by and why"}},
		{"an override of a pack that is not in the set", "overrides: [{pack: jp, parameters: {x: y}, by: me, why: so}]\nwith: [us]\n", "", []string{"pack jp, which is not in the set"}},
		{"an override of no parameter, and one of no value", "with: [us]\noverrides: [{pack: us, parameters: {diffusion: maybe, speed: high}, by: me, why: so}]\n", "", []string{"diffusion with value maybe", "speed with value high"}},
		{"thresholds the wrong way round", "with: [us]\noverrides: [{pack: us, thresholds: {hit: 0.7, review: 0.8}, by: me, why: so}]\n", "", []string{"0 < review <= hit <= 1"}},
		{"other thresholds without an override", "with: [us]\nthresholds: {hit: 0.95, review: 0.8}\n", "", []string{"set them under overrides"}},
		{"an exception for a rule that is not there", "with: [us]\n", exception, []string{"rule exception answers rule us/nothing"}},
		{"an exception without end", "with: [us]\n", "  answers: [us/possible-match]\n", []string{"until"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := own(t, tt.manifest, "release", tt.more)
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

func TestACompanySetsThresholdsAndParametersOfThePackItStandsOn(t *testing.T) {
	t.Parallel()
	p, err := own(t, "with: [us]\noverrides: [{pack: us, thresholds: {hit: 0.95, review: 0.7}, parameters: {diffusion: codified}, by: me, why: so}]\n", "release", "")
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Ref().Parameters["diffusion"]; got != "codified" || p.Ref().Packs[0].Parameters["diffusion"] != "codified" {
		t.Errorf("diffusion %s", got)
	}
	c, f := server("DE", "DE")
	f.Items[0] = event.ItemFacts{Class: "none", Class2022: "none", ECCN: "EAR99"}
	f.Parties[0].Matches = []event.Match{{List: "EL", Entry: "e", Field: "name", Score: 940, Countries: "same"}}
	if j := p.Decide(c, f, "", AsOf{Fixed: "2024-05-01"}); j.Rule != "possible-match" {
		t.Errorf("0.940 below our hit: %s by %s", j.Outcome, j.Rule)
	}
	f.Parties[0].Matches[0].Score = 700
	if j := p.Decide(c, f, "", AsOf{Fixed: "2024-05-01"}); j.Rule != "possible-match" {
		t.Errorf("0.700 at our review: %s by %s", j.Outcome, j.Rule)
	}
}

// A rule more never lowers an outcome, and a stricter one raises it to its own at least.
func TestARuleMoreNeverLowersTheOutcome(t *testing.T) {
	t.Parallel()
	p := us(t)
	sets := map[string]*Pack{}
	for _, outcome := range []string{"release", "hold", "license", "block"} {
		more, err := own(t, "", outcome, "")
		if err != nil {
			t.Fatal(err)
		}
		sets[outcome] = composed(t, p, more)
	}
	rapid.Check(t, func(rt *rapid.T) {
		c, f := drawOrder(rt)
		before := p.Decide(c, f, "", AsOf{})
		for outcome, set := range sets {
			after := set.Decide(c, f, "", AsOf{})
			want := max(before.Outcome.Severity(), event.Outcome(outcome).Severity())
			if after.Outcome.Severity() != want {
				rt.Fatalf("%s with a rule of outcome %s: %s", before.Outcome, outcome, after.Outcome)
			}
		}
	})
}

// The same rule with a higher severity never lowers an outcome.
func TestAStricterRuleNeverLowersTheOutcome(t *testing.T) {
	t.Parallel()
	p := us(t)
	stricter := map[string]*Pack{}
	for _, id := range []string{"possible-match", "rf-cash-payment", "ac-headquarters", "uvl-statement", "dod-1260h-red-flag"} {
		stricter[id] = harder(t, id)
	}
	ids := slices.Sorted(func(yield func(string) bool) {
		for id := range stricter {
			if !yield(id) {
				return
			}
		}
	})
	rapid.Check(t, func(rt *rapid.T) {
		c, f := drawOrder(rt)
		before := p.Decide(c, f, "", AsOf{})
		for _, id := range ids {
			if after := stricter[id].Decide(c, f, "", AsOf{}); after.Outcome.Severity() < before.Outcome.Severity() {
				rt.Fatalf("%s as a block: from %s by %s to %s by %s", id, before.Outcome, before.Rule, after.Outcome, after.Rule)
			}
		}
	})
}

// harder is the US pack with one rule made a block.
func harder(t *testing.T, id string) *Pack {
	t.Helper()
	files := fstest.MapFS{}
	names := []string{"pack.yaml"}
	for _, name := range []string{"1-parties", "2-items", "3-flags", "4-other", "5-ledger"} {
		names = append(names, "rules/"+name+".yaml")
	}
	for _, name := range names {
		b, err := packs.ReadFile("packs/us/" + name)
		if err != nil {
			continue
		}
		text := string(b)
		if _, after, ok := strings.Cut(text, "- id: "+id+"\n"); ok {
			rule, rest, _ := strings.Cut(after, "\n- id: ")
			_, outcome, _ := strings.Cut(rule, "  outcome: ")
			outcome, _, _ = strings.Cut(outcome, "\n")
			hard := strings.Replace(rule, "  outcome: "+outcome, "  outcome: block", 1)
			text = strings.Replace(text, rule+"\n- id: "+rest, hard+"\n- id: "+rest, 1)
		}
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	p, err := LoadPack(files)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
