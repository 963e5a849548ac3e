package screening

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening/internal/pack"
	"github.com/tidegate/tidegate/services/screening/internal/rule"
)

// CaseReport is what came of a pack's own cases.
type CaseReport struct {
	Pack  event.PackRef `json:"pack"`
	Rules int           `json:"rules"`
	Cases int           `json:"cases"`
	Fails []CaseFail    `json:"fails"`    // in pack order, then by place in the file
	Cover []RuleCover   `json:"coverage"` // by rule, in pack order
}

// RuleCover counts the cases of a rule by kind.
type RuleCover struct {
	Rule  string         `json:"rule"`
	Kinds map[string]int `json:"kinds"` // fires, misses, day_before, day_after, open, answered
}

// CaseKinds lists the kinds of case, in the order in which they are shown.
func CaseKinds() []string { return pack.Kinds() }

// CaseFail is a case that came out otherwise, or one that a rule lacks.
type CaseFail struct {
	Rule  string `json:"rule"`
	Place string `json:"place"` // cases/ac-2022.yaml:12
	Case  string `json:"case,omitempty"`
	Why   string `json:"why"`
}

// OK says whether every case came out as expected and no rule lacks one.
func (r CaseReport) OK() bool { return len(r.Fails) == 0 }

// Proven judges the pack's own cases and gives an error that wraps ErrPack and lists every one that came out otherwise.
func (p *Pack) Proven() error {
	var faults []string
	for _, f := range p.Test().Fails {
		if f.Case != "" {
			faults = append(faults, fmt.Sprintf("%s: rule %s, case %q: %s", f.Place, f.Rule, f.Case, f.Why))
		}
	}
	if faults == nil {
		return nil
	}
	return fmt.Errorf("%w:\n  %s", ErrPack, strings.Join(faults, "\n  "))
}

// Test judges the pack's own cases. Every rule needs a case that fires and one that just misses, one on the day before
// where it begins on a known date, and one on the day after where it ends on one.
//
// In a set each pack is tested as it was written: alone, or with those packs of the set that it stands on.
func (p *Pack) Test() CaseReport {
	if p.p.Members == nil {
		return p.test(p.p)
	}
	out := CaseReport{Pack: p.Ref(), Fails: []CaseFail{}}
	for _, m := range p.p.Members {
		r := p.below(m).test(m)
		out.Rules, out.Cases, out.Fails = out.Rules+r.Rules, out.Cases+r.Cases, append(out.Fails, r.Fails...)
		out.Cover = append(out.Cover, r.Cover...)
	}
	return out
}

// below is a pack of the set with those that it stands on.
func (p *Pack) below(m *pack.Pack) *Pack {
	var all []*pack.Pack
	for _, o := range p.p.Members {
		if o == m || slices.Contains(m.Manifest.With, o.Manifest.ID) {
			all = append(all, o)
		}
	}
	q, err := pack.Compose(all...)
	if err != nil {
		return p // a part of a set that was composed composes
	}
	return &Pack{q}
}

// test judges the cases of one pack under p, which is that pack or a set with it.
func (p *Pack) test(of *pack.Pack) CaseReport {
	packs := variants{}
	r := CaseReport{Pack: p.Ref(), Rules: len(of.Rules), Fails: []CaseFail{}}
	for _, one := range of.Rules {
		f, ok := of.Cases(one.ID)
		cover := RuleCover{one.ID, map[string]int{}}
		for i := range f.Cases {
			cover.Kinds[f.Cases[i].Kind]++
		}
		r.Cover = append(r.Cover, cover)
		if !ok {
			r.Fails = append(r.Fails, CaseFail{Rule: one.ID, Place: "cases/" + one.ID + ".yaml", Why: "the rule has no cases"})
			continue
		}
		r.Fails = append(r.Fails, lacking(one, f.Cases)...)
		for i := range f.Cases {
			r.Cases++
			if why := p.try(packs, of.Manifest.ID, one, &f, &f.Cases[i]); why != "" {
				r.Fails = append(r.Fails, CaseFail{Rule: one.ID, Place: f.Cases[i].Place(one.ID), Case: f.Cases[i].Name, Why: why})
			}
		}
	}
	return r
}

// variants keeps a pack with each set of parameters that cases ask for.
type variants map[string]*Pack

func (v variants) with(p *Pack, params map[string]string) (*Pack, error) {
	key := fmt.Sprint(params) // sorted by name
	if q, ok := v[key]; ok {
		return q, nil
	}
	q, err := p.With(params)
	if err == nil {
		v[key] = q
	}
	return q, err
}

// lacking lists the kinds of case that a rule needs and does not have.
func lacking(r *Rule, cases []pack.RuleCase) []CaseFail {
	begins, ends := false, false
	for _, s := range r.Status {
		if span, ok := s.Binds(); ok {
			begins, ends = begins || span.From != "", ends || span.Until != ""
		}
	}
	// A rule that goes on the day after one of its stretches does not end there.
	ends = ends && !continues(r)
	var out []CaseFail
	for _, k := range []struct {
		kind   string
		needed bool
	}{{pack.Fires, true}, {pack.JustMiss, true}, {pack.DayBefore, begins}, {pack.DayAfter, ends}} {
		has := slices.ContainsFunc(cases, func(c pack.RuleCase) bool { return c.Kind == k.kind })
		if k.needed && !has {
			out = append(out, CaseFail{Rule: r.ID, Place: "cases/" + r.ID + ".yaml", Why: "no case of kind " + k.kind})
		}
	}
	return out
}

func continues(r *Rule) bool {
	for _, s := range r.Status {
		if span, ok := s.Binds(); ok && span.Until != "" && !r.InForce(span.Until.AddDays(1)) {
			return false
		}
	}
	return true
}

// try judges one case and says how it came out otherwise; empty when it did not.
func (p *Pack) try(packs variants, of string, r *Rule, f *pack.CaseFile, c *pack.RuleCase) string {
	params := c.Params
	if r.Parameter != nil && params == nil {
		params = map[string]string{r.Parameter.Name: r.Parameter.Value}
	}
	q, err := packs.with(p, params)
	if err != nil {
		return err.Error()
	}
	b, err := f.Build(c)
	if err != nil {
		return err.Error()
	}
	j := q.DecideWith(b.Cause, b.Facts, b.Read, "", AsOf{Fixed: c.Date})
	if misdated := misdated(r, c); misdated != "" {
		return misdated
	}
	return strings.Join(differences(r, of, &c.Expect, &j), "; ")
}

// misdated says what is wrong with the date of a case of the day before or after; empty when nothing is. Rules without
// dates of their own, as those about lists, have such cases about the entry's dates.
func misdated(r *Rule, c *pack.RuleCase) string {
	var neighbor event.Date
	switch c.Kind {
	case pack.DayBefore:
		neighbor = c.Date.AddDays(1)
	case pack.DayAfter:
		neighbor = c.Date.AddDays(-1)
	default:
		return ""
	}
	if alwaysBinds(r) || slices.Contains(r.Bounds(), max(neighbor, c.Date)) {
		return ""
	}
	return fmt.Sprintf("the rule neither begins nor ends between %s and %s", min(neighbor, c.Date), max(neighbor, c.Date))
}

// alwaysBinds says whether a clause of the rule has no dates of its own.
func alwaysBinds(r *Rule) bool {
	return slices.ContainsFunc(r.Conditions(), func(c *rule.Compiled) bool { return c.Always() })
}

func differences(r *Rule, of string, want *pack.Expect, j *event.Judgement) []string {
	var out []string
	differ := func(what string, got, want any) {
		out = append(out, fmt.Sprintf("%s is %v, want %v", what, got, want))
	}
	if j.Outcome != want.Outcome {
		differ("outcome", j.Outcome, want.Outcome)
	}
	if want.Rule != "" && j.Rule != want.Rule {
		differ("deciding rule", j.Rule, want.Rule)
	}
	if want.Until != "" && j.ValidUntil != want.Until {
		differ("valid until", j.ValidUntil, want.Until)
	}
	for _, id := range want.Finds {
		if !slices.ContainsFunc(j.Findings, func(f event.Finding) bool { return f.Rule == id }) {
			out = append(out, "no finding of "+id)
		}
	}
	i := slices.IndexFunc(j.Findings, func(f event.Finding) bool { return f.Rule == r.ID && (f.Pack == "" || f.Pack == of) })
	if i < 0 {
		if want.State != "silent" {
			differ("state", "silent", want.State)
		}
		return out
	}
	f := &j.Findings[i]
	if f.State != want.State {
		differ("state", fmt.Sprintf("%s (%s)", f.State, f.Text), want.State)
	}
	if want.Policy != "" && f.Policy != want.Policy {
		differ("policy", f.Policy, want.Policy)
	}
	if note := f.Outcome == event.Release && r.Severity() > 0; note != want.Note {
		differ("note", note, want.Note)
	}
	if want.Missing != nil && !slices.Equal(f.Missing, want.Missing) {
		differ("missing", f.Missing, want.Missing)
	}
	return out
}
