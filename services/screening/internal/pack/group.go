package pack

import (
	"slices"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening/internal/rule"
)

// group is the clauses that need the same of an order: what it has, the lists its parties may be on. Those that also
// need a word to have one of some values stand under these, so that rules for other countries cost an order nothing.
type group struct {
	needs rule.Need
	lists rule.Lists
	free  []int // places in the epoch's clauses
	keyed []keyed
}

type keyed struct {
	word int
	all  []int
	by   map[string][]int
}

func groupsOf(clauses []*rule.Compiled) []group {
	var out []group
	for at, c := range clauses {
		needs, lists := c.Rule.Need(), c.Rule.OnLists()
		i := slices.IndexFunc(out, func(g group) bool { return g.needs == needs && g.lists == lists })
		if i < 0 {
			i, out = len(out), append(out, group{needs: needs, lists: lists})
		}
		out[i].add(c, at)
	}
	return out
}

func (g *group) add(c *rule.Compiled, at int) {
	word, values, ok := c.Key()
	if !ok {
		g.free = append(g.free, at)
		return
	}
	i := slices.IndexFunc(g.keyed, func(k keyed) bool { return k.word == word })
	if i < 0 {
		i, g.keyed = len(g.keyed), append(g.keyed, keyed{word: word, by: map[string][]int{}})
	}
	k := &g.keyed[i]
	k.all = append(k.all, at)
	for _, v := range values {
		k.by[v] = append(k.by[v], at)
	}
}

// Select calls ask with each clause that binds on the date and that the order may make fire, in pack order.
func (p *Pack) Select(d event.Date, s *rule.Scene, ask func(*rule.Compiled)) {
	e := &p.epochs[p.epochAt(d)]
	places := s.Room()
	for i := range e.groups {
		if g := &e.groups[i]; s.Has(g.needs, g.lists) {
			places = g.gather(s, places)
		}
	}
	slices.Sort(places)
	places = slices.Compact(places)
	s.KeepRoom(places)
	for _, at := range places {
		ask(e.clauses[at])
	}
}

func (g *group) gather(s *rule.Scene, places []int) []int {
	places = append(places, g.free...)
	for i := range g.keyed {
		k := &g.keyed[i]
		values, open := s.Values(k.word)
		if open {
			places = append(places, k.all...)
			continue
		}
		for _, v := range values {
			places = append(places, k.by[v]...)
		}
	}
	return places
}
