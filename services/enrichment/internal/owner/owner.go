// Package owner finds who owns a party, directly and through others: from what the order states and from registers of
// ownership. It states the stakes that lead from listed owners to the party, each with its dates, bounds and source; what
// they make together is for the rules.
package owner

import (
	"slices"

	"github.com/tidegate/tidegate/schemas/event"
)

// Limits on what is followed from one party. What is left out is told.
const (
	MostOwners = 400 // parties above one
	MostStakes = 800
)

// Node is a party of a register.
type Node struct {
	ID      string // in its register, "lei:…"; unique
	Name    string
	Also    []string // other names
	Country event.Country
	Person  bool
}

// Stake is what a holder has of a node, as a register knows it: in percent; not stated when AtMost is empty.
type Stake struct {
	Holder          Node
	AtLeast, AtMost event.Decimal
	event.Span
	Source string
}

// Register knows who owns whom. The stakes come in an order of their own that is always the same.
type Register interface {
	OwnersOf(id string) []Stake
	ByName(name string, country event.Country) (id string, ok bool) // the one node of that name in that country
}

// Lists says which listed entries a name may be, and how many listed names were compared.
type Lists func(name string, country event.Country) ([]event.Match, int)

// Found is who on the lists owns a party.
type Found struct {
	Owners     []event.ListedHold
	Stakes     []event.Stake // none where the owners hold what the order states directly, and no more is known
	Cut        bool          // there are more owners than were followed
	Considered int           // listed names compared
}

// Find follows the owners of a party that is in a country, as far as is known. ids are what the register may know it by;
// there may be no register.
func Find(p *event.Party, country event.Country, ids []string, reg Register, lists Lists) Found {
	if len(p.Owners) == 0 && reg == nil {
		return Found{}
	}
	g := newGraph(p, country, ids, reg)
	g.follow()
	var f Found
	f.Cut = g.cut
	plain := g.plain()
	g.ask(lists, plain, &f)
	if len(f.Owners) == 0 {
		return f
	}
	if !plain {
		f.Stakes = g.stakes()
		for i := range f.Owners { // what they hold follows from the stakes
			f.Owners[i].Percent, f.Owners[i].Held = "", event.Span{}
		}
		f.Owners = slices.CompactFunc(f.Owners, func(a, b event.ListedHold) bool { return a.Owner == b.Owner && a.Match.Entry == b.Match.Entry })
	}
	return f
}

// ask matches the name of everybody above the party.
func (g *graph) ask(lists Lists, plain bool, f *Found) {
	asked := map[int][]event.Match{}
	for _, e := range g.edges {
		if e.holder == 0 {
			continue // the party itself is matched by its own name
		}
		ms, done := asked[e.holder]
		if !done {
			ms = g.matches(e.holder, lists, f)
			asked[e.holder] = ms
		}
		if done && !plain {
			continue
		}
		for _, m := range ms {
			f.Owners = append(f.Owners, event.ListedHold{Owner: g.nodes[e.holder].label, Percent: e.stated, Held: e.span, Match: m})
			g.listed[e.holder] = true
		}
	}
}

func (g *graph) matches(at int, lists Lists, f *Found) []event.Match {
	n := &g.nodes[at]
	var out []event.Match
	for _, name := range n.names {
		ms, considered := lists(name, n.country)
		f.Considered += considered
		for _, m := range ms {
			at := slices.IndexFunc(out, func(o event.Match) bool { return o.Entry == m.Entry })
			switch {
			case at < 0:
				out = append(out, m)
			case out[at].Score < m.Score:
				out[at] = m
			}
		}
	}
	return out
}
