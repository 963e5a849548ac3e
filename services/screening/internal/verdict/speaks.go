package verdict

import (
	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening/internal/pack"
	"github.com/tidegate/tidegate/services/screening/internal/rule"
)

// Speaks says whether one of some rules of the pack says anything of an order on one of some dates, open questions
// included. The facts are of the order and did not fail.
func Speaks(p *pack.Pack, rules []*rule.Rule, c *event.Cause, f *event.Facts, read *event.Read, dates []event.Date) bool {
	if c.Kind == event.Cancelled {
		return false // nothing is judged, whatever the rules
	}
	s := scenes.Get().(*rule.Scene)
	defer func() { s.Clear(); scenes.Put(s) }()
	for i, d := range dates {
		if i == 0 {
			s.Load(c, f, d, p.Thresholds)
			s.Read(read)
			if !mayMatter(rules, s.Needs()) {
				return false
			}
		} else {
			s.At(d)
		}
		if len(askOnly(rules, s)) > 0 {
			return true
		}
	}
	return false
}
