package owner

import (
	"cmp"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/match"
)

// orderSource is the source of what the order itself states.
const orderSource = "order"

var hundred = decimal.NewFromInt(100)

// graph is who is above one party, which is node 0.
type graph struct {
	party  *event.Party
	reg    Register
	nodes  []node
	edges  []edge
	byKey  map[string]int // by the folded name
	byID   map[string]int // by a register's id
	listed map[int]bool
	cut    bool
}

type node struct {
	label   string // unique in the graph: the name, with the id where two have one name
	names   []string
	country event.Country
	ids     []string // what registers know it by
}

type edge struct {
	holder, of  int
	stated      event.Decimal // as the order states a direct stake
	least, most event.Decimal // empty most: not stated
	span        event.Span
	source      string
}

func newGraph(p *event.Party, country event.Country, ids []string, reg Register) *graph {
	g := &graph{party: p, reg: reg, byKey: map[string]int{}, byID: map[string]int{}, listed: map[int]bool{}}
	g.nodes = append(g.nodes, node{label: p.Name, names: []string{p.Name}, country: country, ids: ids})
	if k := match.Key(p.Name); k != "" {
		g.byKey[k] = 0
	}
	for _, id := range ids {
		g.byID[id] = 0
	}
	return g
}

// follow takes what the order states first, then goes up the registers, nearest owners first.
func (g *graph) follow() {
	for i := range g.party.Owners {
		g.state(&g.party.Owners[i])
	}
	g.attach()
	if g.reg == nil {
		return
	}
	for at := 0; at < len(g.nodes); at++ {
		some := false
		for _, id := range g.nodes[at].ids {
			for _, s := range g.reg.OwnersOf(id) {
				g.register(at, s)
				some = true
			}
		}
		if !some {
			g.byName(at)
		}
	}
}

// byName asks the register for the owners of a party that it does not know by an identifier. A name is weak evidence: it
// only ever adds owners.
func (g *graph) byName(at int) {
	id, ok := g.reg.ByName(g.nodes[at].names[0], g.nodes[at].country)
	if _, met := g.byID[id]; !ok || met {
		return
	}
	g.know(at, id)
	for _, s := range g.reg.OwnersOf(id) {
		s.Source += ", found by name"
		g.register(at, s)
	}
}

// state adds a stake of the order.
func (g *graph) state(o *event.Owner) {
	of := 0
	if o.Of != "" {
		of = g.named(o.Of, "")
	}
	e := edge{holder: g.named(o.Name, o.Country), of: of, span: o.Span, source: orderSource}
	if o.Percent != "" {
		e.least, e.most = o.Percent, o.Percent
		if of == 0 {
			e.stated = o.Percent
		}
	}
	g.add(e)
}

// attach makes an owner of the party of whoever has owners by the order, but owns nobody by it: why else would it say so.
func (g *graph) attach() {
	for at := 1; at < len(g.nodes); at++ {
		if !slices.ContainsFunc(g.edges, func(e edge) bool { return e.holder == at }) {
			g.add(edge{holder: at, of: 0, source: orderSource})
		}
	}
}

// register adds a stake of a register.
func (g *graph) register(of int, s Stake) {
	holder, ok := g.node(&s.Holder)
	if !ok {
		g.cut = true
		return
	}
	g.add(edge{holder: holder, of: of, least: s.AtLeast, most: s.AtMost, span: s.Span, source: s.Source})
}

func (g *graph) add(e edge) {
	if len(g.edges) == MostStakes {
		g.cut = true
		return
	}
	g.edges = append(g.edges, e)
}

// named is the node of a name that the order states.
func (g *graph) named(name string, country event.Country) int {
	k := match.Key(name)
	if at, ok := g.byKey[k]; ok && k != "" {
		if g.nodes[at].country == "" {
			g.nodes[at].country = country
		}
		return at
	}
	return g.push(node{label: name, names: []string{name}, country: country}, k)
}

// node is the node of a register's party: the one of its id, else the one the order states by the same name.
func (g *graph) node(n *Node) (int, bool) {
	if at, ok := g.byID[n.ID]; ok {
		return at, true
	}
	k := match.Key(n.Name)
	if at, ok := g.byKey[k]; ok && k != "" && len(g.nodes[at].ids) == 0 {
		g.know(at, n.ID)
		return at, true
	}
	if len(g.nodes) > MostOwners {
		return 0, false
	}
	label := n.Name
	if _, taken := g.byKey[k]; taken || label == "" {
		label = strings.TrimSpace(n.Name + " (" + n.ID + ")")
	}
	at := g.push(node{label: label, names: append([]string{n.Name}, n.Also...), country: n.Country}, k)
	g.know(at, n.ID)
	return at, true
}

func (g *graph) know(at int, id string) {
	if _, taken := g.byID[id]; taken {
		return
	}
	g.nodes[at].ids, g.byID[id] = append(g.nodes[at].ids, id), at
}

func (g *graph) push(n node, key string) int {
	at := len(g.nodes)
	if _, taken := g.byKey[key]; !taken && key != "" {
		g.byKey[key] = at
	}
	g.nodes = append(g.nodes, n)
	return at
}

// plain says whether nothing is known but direct stakes that the order states, none of which bounds another.
func (g *graph) plain() bool {
	if g.cut {
		return false
	}
	for i := range g.edges {
		e := &g.edges[i]
		if e.of != 0 || e.holder == 0 || e.source != orderSource || e.stated == "" && g.most(e).LessThan(hundred) {
			return false
		}
	}
	return true
}

// stakes are those on a way from a listed owner to the party, by the party owned, as they were found.
func (g *graph) stakes() []event.Stake {
	up := g.listed
	for grown := true; grown; {
		grown = false
		for _, e := range g.edges {
			if up[e.holder] && !up[e.of] {
				up[e.of], grown = true, true
			}
		}
	}
	var out []event.Stake
	for i := range g.edges {
		e := &g.edges[i]
		if !up[e.holder] {
			continue
		}
		s := event.Stake{Holder: g.nodes[e.holder].label, Held: g.nodes[e.of].label, AtLeast: e.least, AtMost: e.most, Span: e.span, Source: e.source}
		if e.most == "" {
			s.AtMost = event.Decimal(g.most(e).String())
		}
		if s.AtLeast == "" {
			s.AtLeast = "0"
		}
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b event.Stake) int {
		return cmp.Or(cmp.Compare(a.Held, b.Held), cmp.Compare(a.Holder, b.Holder), cmp.Compare(a.From, b.From), cmp.Compare(a.Until, b.Until), cmp.Compare(a.Source, b.Source))
	})
	return out
}

// most is what others leave of a share that is not stated: all, less what is known to be held by others at every time the
// stake may be held. Where they claim more than all there is, they leave everything: one of them is wrong.
func (g *graph) most(e *edge) decimal.Decimal {
	others := map[int]decimal.Decimal{}
	for i := range g.edges {
		o := &g.edges[i]
		if o.of != e.of || o.holder == e.holder || o.least == "" || !covers(o.span, e.span) {
			continue
		}
		if d, err := decimal.NewFromString(string(o.least)); err == nil && d.GreaterThan(others[o.holder]) {
			others[o.holder] = d // two sources may say the same
		}
	}
	left := hundred
	for _, d := range others {
		left = left.Sub(d)
	}
	if left.IsNegative() {
		return hundred
	}
	return left
}

// covers says whether the first span holds on every day of the second.
func covers(a, b event.Span) bool {
	return (a.From == "" || b.From != "" && a.From <= b.From) && (a.Until == "" || b.Until != "" && b.Until <= a.Until)
}
