// Package place says which Country Groups a country belongs to, and when.
package place

import (
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

// Groups holds every country's dated memberships. It is immutable and safe for concurrent use.
type Groups struct {
	of map[event.Country][]event.Group
}

// New sorts the memberships by country, group and date.
func New(rows []snapshot.Membership) *Groups {
	g := &Groups{of: map[event.Country][]event.Group{}}
	for _, r := range rows {
		g.of[r.Country] = append(g.of[r.Country], event.Group{Group: r.Group, Span: r.Span})
	}
	for _, groups := range g.of {
		slices.SortFunc(groups, func(a, b event.Group) int {
			if c := strings.Compare(a.Group, b.Group); c != 0 {
				return c
			}
			return strings.Compare(string(a.From), string(b.From))
		})
	}
	return g
}

// Places gives each country once with its groups, sorted by code; named is sorted in place. Empty codes are left out; a
// country in no group is stated with none.
func (g *Groups) Places(named []event.Country) []event.Place {
	slices.Sort(named)
	named = slices.Compact(named)
	out := make([]event.Place, 0, len(named))
	for _, c := range named {
		if c != "" {
			out = append(out, event.Place{Country: c, Groups: g.groups(c)})
		}
	}
	return out
}

// groups are those of a country. Territories, dependencies and possessions of the United States have theirs (15 CFR 772.1).
func (g *Groups) groups(c event.Country) []event.Group {
	switch c {
	case "PR", "GU", "VI", "AS", "MP", "UM":
		return g.of["US"]
	}
	return g.of[c]
}
