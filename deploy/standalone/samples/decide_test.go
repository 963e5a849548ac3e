package samples

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/shared/codec"
)

// judge decides samples in process, without doors and bus: order, facts, judgement.
type judge struct {
	reference *enrichment.Reference
	pack      *screening.Pack
}

func newJudge(t *testing.T) judge {
	t.Helper()
	reference, err := enrichment.Curated()
	if err != nil {
		t.Fatal(err)
	}
	pack, err := screening.USPack()
	if err != nil {
		t.Fatal(err)
	}
	return judge{reference, pack}
}

func (j judge) with(t *testing.T, params map[string]string) judge {
	t.Helper()
	pack, err := j.pack.With(params)
	if err != nil {
		t.Fatal(err)
	}
	return judge{j.reference, pack}
}

func (j judge) decide(t *testing.T, s Sample, asOf screening.AsOf) event.Judgement {
	t.Helper()
	c, f := j.inputs(t, s)
	return j.pack.Decide(c, f, "", asOf)
}

func (j judge) inputs(t *testing.T, s Sample) (*event.Cause, *event.Facts) {
	t.Helper()
	o := decode(t, s)
	sum := sha256.Sum256(s.Input)
	c := event.Cause{
		Line: event.LineOrder, V: 1, Kind: event.Placed, Tenant: "default", Source: o.Source, OrderID: o.ID, Revision: o.Revision,
		At: event.Instant(string(o.OrderDate) + "T12:00:00.000000Z"), Order: &o,
		Received: event.Received{SHA256: hex.EncodeToString(sum[:]), Size: len(s.Input)},
	}
	f := j.reference.Facts(&o, "")
	return &c, &f
}

func judged(t *testing.T) []Sample {
	t.Helper()
	return slices.DeleteFunc(loaded(t), func(s Sample) bool { return s.Kind == Refusal })
}

// story judges the samples one after the other, as they are submitted: some answers follow from those before.
func (j judge) story(t *testing.T, set []Sample) []event.Judgement {
	t.Helper()
	ledger := screening.NewLedger()
	var out []event.Judgement
	for _, s := range set {
		c, f := j.inputs(t, s)
		var lines event.Case
		for i, line := range []any{c, f} {
			b, err := codec.Append(nil, line)
			if err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				lines = event.NewCase(b)
			} else {
				lines = lines.With(b)
			}
		}
		var got event.Judgement
		if err := codec.Decode(ledger.Judge(j.pack, lines).Line(2), &got); err != nil {
			t.Fatal(err)
		}
		out = append(out, got)
	}
	return out
}

func TestSamplesDecideAsExpected(t *testing.T) {
	t.Parallel()
	set := judged(t)
	answers := newJudge(t).story(t, set)
	for i, s := range set {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			got := answers[i]
			want := s.Expect
			if got.Outcome != want.Outcome || got.Rule != want.Rule || got.Differs != want.Differs {
				t.Fatalf("%s by %q (differs: %t), want %s by %q (differs: %t) because %s\nfindings: %s",
					got.Outcome, got.Rule, got.Differs, want.Outcome, want.Rule, want.Differs, want.Why, findings(got))
			}
			checkDeciding(t, got, want)
		})
	}
}

// checkDeciding compares the deciding rule's findings with state, policy and missing facts.
func checkDeciding(t *testing.T, got event.Judgement, want Expect) {
	t.Helper()
	var missing []string
	for i, f := range deciders(got) {
		if i == 0 && (want.State != "" && f.State != want.State || want.Policy != "" && f.Policy != want.Policy) {
			t.Errorf("%s %s, want %s %s: %s", f.State, f.Policy, want.State, want.Policy, findings(got))
		}
		missing = append(missing, f.Missing...)
	}
	for _, fact := range want.Missing {
		if !slices.Contains(missing, fact) {
			t.Errorf("missing %v do not name %s", missing, fact)
		}
	}
}

func deciders(j event.Judgement) []event.Finding {
	return slices.DeleteFunc(slices.Clone(j.Findings), func(f event.Finding) bool { return f.Rule != j.Rule || f.Outcome != j.Outcome })
}

func TestSamplesUnderTheCodifiedDiffusionRule(t *testing.T) {
	t.Parallel()
	j := newJudge(t).with(t, map[string]string{"diffusion": "codified"})
	for _, s := range judged(t) {
		got, want := j.decide(t, s, screening.AsOf{}), &Answer{s.Expect.Outcome, s.Expect.Rule}
		if s.Expect.Codified != nil {
			want = s.Expect.Codified
		}
		if got.Outcome != want.Outcome || got.Rule != want.Rule && got.Outcome != event.Release {
			t.Errorf("%s: %s by %q, want %s by %q: %s", s.Name, got.Outcome, got.Rule, want.Outcome, want.Rule, findings(got))
		}
	}
}

func TestTheAffiliatesRuleOnTheDayItRevives(t *testing.T) {
	t.Parallel()
	j := newJudge(t)
	for _, s := range judged(t) {
		before, after := j.decide(t, s, screening.AsOf{Fixed: "2026-11-09"}), j.decide(t, s, screening.AsOf{Fixed: "2026-11-10"})
		changed := before.Outcome != after.Outcome || before.Rule != after.Rule
		switch want := s.Expect.Affiliates; {
		case changed != (want != nil):
			t.Errorf("%s: from %s by %q to %s by %q on the day the rule revives", s.Name, before.Outcome, before.Rule, after.Outcome, after.Rule)
		case want != nil && *want != Answer{after.Outcome, after.Rule}:
			t.Errorf("%s: %s by %q, want %s by %q: %s", s.Name, after.Outcome, after.Rule, want.Outcome, want.Rule, findings(after))
		}
	}
}

func findings(j event.Judgement) string {
	var b strings.Builder
	for _, f := range j.Findings {
		fmt.Fprintf(&b, "\n  %s %s %s %s: %s %v", f.Outcome, f.Rule, f.State, f.Policy, f.Text, f.Missing)
	}
	return b.String()
}
