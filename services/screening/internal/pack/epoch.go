package pack

import (
	"slices"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening/internal/rule"
)

// epoch is a stretch of time in which the same clauses bind. It ends where the next begins.
type epoch struct {
	from    event.Date // "" for the first
	clauses []*rule.Compiled
	groups  []group      // the same clauses, by what an order must have for them
	changed []*rule.Rule // whose clauses differ from the epoch before
}

func epochsOf(rules []*rule.Rule, parameters map[string]string) []epoch {
	dates := []event.Date{""}
	for _, r := range rules {
		dates = append(dates, r.Bounds()...)
	}
	slices.Sort(dates)
	dates = slices.Compact(dates)
	epochs := make([]epoch, 0, len(dates))
	for i, d := range dates {
		e := epoch{from: d}
		for _, r := range rules {
			if !r.Applies(parameters) {
				continue
			}
			changed := false
			for _, c := range r.Conditions() {
				now := c.Binds(d)
				if now {
					e.clauses = append(e.clauses, c)
				}
				changed = changed || i > 0 && now != c.Binds(dates[i-1])
			}
			if changed {
				e.changed = append(e.changed, r)
			}
		}
		e.groups = groupsOf(e.clauses)
		epochs = append(epochs, e)
	}
	return epochs
}

func (p *Pack) epochAt(d event.Date) int {
	i, found := slices.BinarySearchFunc(p.epochs, d, func(e epoch, d event.Date) int {
		switch {
		case e.from < d:
			return -1
		case e.from > d:
			return 1
		}
		return 0
	})
	if found {
		return i
	}
	return i - 1
}

// Change is a date on which some rules begin or cease to bind.
type Change struct {
	Date  event.Date
	Rules []*rule.Rule
}

// After lists the changes after a date, ascending.
func (p *Pack) After(d event.Date) func(yield func(Change) bool) {
	return func(yield func(Change) bool) {
		for _, e := range p.epochs[p.epochAt(d)+1:] {
			if len(e.changed) > 0 && !yield(Change{e.from, e.changed}) {
				return
			}
		}
	}
}
