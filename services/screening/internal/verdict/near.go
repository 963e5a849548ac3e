package verdict

import (
	"fmt"
	"slices"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening/internal/pack"
	"github.com/tidegate/tidegate/services/screening/internal/rule"
)

// Missed is a rule that says nothing of the order, though not much is lacking: one part of its condition, its dates, or
// the company's choice.
type Missed struct {
	rule.Near
	Why string // where it is dates or a choice: in words
}

// NearMisses lists, in pack order, the rules without a finding that nearly have one on the date; at most one of each rule.
func NearMisses(p *pack.Pack, c *event.Cause, f *event.Facts, read *event.Read, d event.Date, findings []event.Finding) []Missed {
	if c.Kind == event.Cancelled || unusable(c, f) != "" {
		return nil
	}
	s := scenes.Get().(*rule.Scene)
	defer func() { s.Clear(); scenes.Put(s) }()
	s.Load(c, f, d, p.Thresholds)
	s.Read(read)
	var out []Missed
	for _, r := range p.Rules {
		if slices.ContainsFunc(findings, func(f event.Finding) bool { return f.Rule == r.ID }) || r.Severity() == 0 {
			continue
		}
		if m, ok := missed(p, r, s, d); ok {
			out = append(out, m)
		}
	}
	return out
}

func missed(p *pack.Pack, r *rule.Rule, s *rule.Scene, d event.Date) (Missed, bool) {
	s.At(d)
	applies := r.Applies(p.Parameters)
	var near []rule.Near
	for _, clause := range r.Conditions() {
		binds := clause.Binds(d)
		if !binds || !applies {
			for _, say := range clause.Evaluate(s, nil) {
				if why := offDate(p, r, d, applies); !say.Unknown && why != "" {
					return Missed{rule.Near{Rule: r, Party: say.Party, Item: say.Item}, why}, true
				}
			}
			continue
		}
		near = append(near, clause.NearMisses(s)...)
	}
	if len(near) == 0 {
		return Missed{}, false
	}
	return Missed{Near: near[0]}, true
}

// offDate says why a rule whose condition holds is not in force; empty where it ended years ago: that is history.
func offDate(p *pack.Pack, r *rule.Rule, d event.Date, applies bool) string {
	if !applies {
		return fmt.Sprintf("it is judged only with parameter %s=%s; this company chose %s", r.Parameter.Name, r.Parameter.Value, p.Parameters[r.Parameter.Name])
	}
	if r.InForce(d) {
		return ""
	}
	for _, b := range sorted(r.Bounds()) {
		if b > d && r.InForce(b) {
			if st, ok := r.StatusOn(d); ok && st.State != rule.Active {
				return fmt.Sprintf("it is %s on %s and binds from %s", st.State, d, b)
			}
			return fmt.Sprintf("it is not in force on %s and binds from %s", d, b)
		}
	}
	for _, b := range slices.Backward(sorted(r.Bounds())) {
		if b <= d && r.InForce(b.AddDays(-1)) && b > d.AddDays(-400) {
			return fmt.Sprintf("it ended on %s", b.AddDays(-1))
		}
	}
	return ""
}

func sorted(d []event.Date) []event.Date { slices.Sort(d); return d }
