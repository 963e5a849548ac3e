package verdict

import (
	"slices"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening/internal/pack"
	"github.com/tidegate/tidegate/services/screening/internal/rule"
)

// validUntil is the eve of the first date after d on which a known rule, listing, stake or membership changes the
// answer: the outcome or the set of findings. Empty when none does.
//
// Where only rules change, only those rules are asked again. now is the findings on d, facts every date of the facts.
func validUntil(p *pack.Pack, s *rule.Scene, c *event.Cause, f *event.Facts, now []found, facts []event.Date, d event.Date) event.Date {
	facts = slices.DeleteFunc(facts, func(b event.Date) bool { return b <= d })
	for change := range p.After(d) {
		for len(facts) > 0 && facts[0] < change.Date {
			if differs(p, s, c, f, facts[0], nil, now) {
				return facts[0].AddDays(-1)
			}
			facts = facts[1:]
		}
		only := change.Rules
		if len(facts) > 0 && facts[0] == change.Date {
			only, facts = nil, facts[1:]
		}
		if mayMatter(only, s.Needs()) && differs(p, s, c, f, change.Date, only, now) {
			return change.Date.AddDays(-1)
		}
	}
	for _, at := range facts {
		if differs(p, s, c, f, at, nil, now) {
			return at.AddDays(-1)
		}
	}
	return ""
}

// mayMatter says whether the order has what one of the rules needs.
func mayMatter(rules []*rule.Rule, has rule.Need) bool {
	return rules == nil || slices.ContainsFunc(rules, func(r *rule.Rule) bool { return r.Need()&^has == 0 })
}

// differs asks the rules, or only some, on another date and compares with the findings of now.
func differs(p *pack.Pack, s *rule.Scene, c *event.Cause, f *event.Facts, at event.Date, only []*rule.Rule, now []found) bool {
	s.At(at)
	var then []found
	if only != nil {
		says := askOnly(only, s)
		if concernsOthers(only, says, now) {
			only = nil
		} else {
			then = settle(says, s, c)
		}
	}
	if only == nil {
		then = on(p, s, c, f)
	}
	// The same finding may stand more than once, for one destination each: one more or one less is a change.
	gone := make(map[findingKey]int, len(now))
	for i := range now {
		if only == nil || slices.Contains(only, now[i].Rule) {
			gone[key(&now[i])]++
		}
	}
	for i := range then {
		if gone[key(&then[i])]--; gone[key(&then[i])] < 0 {
			return true
		}
	}
	for _, n := range gone {
		if n > 0 {
			return true
		}
	}
	return false
}

// concernsOthers says whether changed rules could settle, or be settled by, rules that did not change.
func concernsOthers(only []*rule.Rule, says []rule.Say, now []found) bool {
	return len(says) > 0 || slices.ContainsFunc(now, func(f found) bool { return slices.Contains(only, f.Rule) })
}

// changes says whether any rule that the order has something for, or any fact, changes between two dates.
func changes(p *pack.Pack, facts []event.Date, has rule.Need, a, b event.Date) bool {
	a, b = min(a, b), max(a, b)
	for change := range p.After(a) {
		if change.Date > b {
			break
		}
		if mayMatter(change.Rules, has) {
			return true
		}
	}
	return slices.ContainsFunc(facts, func(d event.Date) bool { return a < d && d <= b })
}

// factDates lists the days on which something dated in the facts, or in what answers findings, changes, ascending. Group memberships count for the
// countries that the facts name.
func factDates(s *rule.Scene, c *event.Cause, f *event.Facts, read *event.Read) []event.Date {
	var out []event.Date
	add := func(spans ...event.Span) {
		for _, span := range spans {
			out = rule.AppendBounds(out, span)
		}
	}
	for i := range f.Parties {
		p := &f.Parties[i]
		for m := range p.Matches {
			add(p.Matches[m].Listed...)
			for _, n := range p.Matches[m].Footnotes {
				add(n.Span)
			}
		}
		for m := range p.SharedWith {
			add(p.SharedWith[m].Listed...)
		}
		for o := range p.Owners {
			add(p.Owners[o].Held)
			add(p.Owners[o].Match.Listed...)
		}
		for t := range p.Stakes {
			add(p.Stakes[t].Span)
		}
	}
	if s.AsksPlaces() {
		for i := range f.Places {
			for _, g := range f.Places[i].Groups {
				add(g.Span)
			}
		}
	}
	declared := f.Judged(c).Declared
	for i := range declared {
		if a := &declared[i]; a.Kind == "exception" {
			add(a.Span)
		}
	}
	if read != nil {
		for i := range read.Licenses {
			if l := read.Licenses[i].License; l != nil {
				add(l.Span)
			}
		}
		for i := range read.Dispositions {
			add(event.Span{Until: read.Dispositions[i].Until})
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
