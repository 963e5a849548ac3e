package master

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/match"
)

// Filling is what the masters made of an order.
type Filling struct {
	Order     *event.Order // as filled; nil where nothing was
	From      []event.FilledFrom
	Disagrees []event.Disagreement
}

// Fill takes from the masters what an order does not say, and tells where they say otherwise. The order itself stays as it
// is; what was filled is a copy of it.
func (s *Set) Fill(o *event.Order) Filling {
	f := filler{set: s, from: o}
	for i := range o.Parties {
		f.party(i)
	}
	for i := range o.Items {
		f.item(i)
	}
	slices.SortFunc(f.out.From, func(a, b event.FilledFrom) int { return cmp.Compare(a.Pointer, b.Pointer) })
	slices.SortFunc(f.out.Disagrees, func(a, b event.Disagreement) int {
		return cmp.Or(cmp.Compare(a.Pointer, b.Pointer), cmp.Compare(a.Master, b.Master))
	})
	return f.out
}

type filler struct {
	set  *Set
	from *event.Order
	out  Filling
}

// order is the copy, made when the first member is filled. Parties and items are copied, what they point to is not: it is
// replaced as a whole, never changed.
func (f *filler) order() *event.Order {
	if f.out.Order == nil {
		o := *f.from
		o.Parties, o.Items, o.Certs = slices.Clone(o.Parties), slices.Clone(o.Items), slices.Clone(o.Certs)
		f.out.Order = &o
	}
	return f.out.Order
}

// pointers are JSON pointers to the members of the first parties or items: "/parties/0/name".
type pointers [][]string

func pointersTo(list string, members []string) pointers {
	const first = 8
	p := make(pointers, first)
	for i := range p {
		for _, m := range members {
			p[i] = append(p[i], "/"+list+"/"+strconv.Itoa(i)+"/"+m)
		}
	}
	return p
}

func (p pointers) at(list string, i, member int) string {
	if i < len(p) {
		return p[i][member]
	}
	return "/" + list + "/" + strconv.Itoa(i) + strings.TrimPrefix(p[0][member], "/"+list+"/0")
}

// What a partner row fills beside the members of the table, behind them in the pointers.
const (
	addressAt = iota
	countryAt
	parentAt
	parentCountryAt
	ownersAt
)

var (
	partyPointers = pointersTo("parties", append(names(partyMembers), "address", "address/country", "ultimate_parent", "ultimate_parent/country", "owners"))
	itemPointers  = pointersTo("items", append(names(itemMembers), "contains"))
)

func partyPointer(i, member int) string { return partyPointers.at("parties", i, member) }
func morePointer(i, more int) string    { return partyPointer(i, len(partyMembers)+more) }

func (f *filler) filled(pointer string, k Known) {
	f.out.From = append(f.out.From, event.FilledFrom{Pointer: pointer, Source: string(k)})
}

func (f *filler) disagrees(pointer, stated, master string, k Known) {
	f.out.Disagrees = append(f.out.Disagrees, event.Disagreement{Pointer: pointer, Stated: stated, Master: master, Source: string(k)})
}

func (f *filler) party(i int) {
	p := &f.from.Parties[i]
	row, k, ok := f.set.Partner(p)
	if !ok {
		return
	}
	for n, m := range partyMembers {
		stated, known := m.at(p), m.at(&row.Party)
		switch {
		case empty(known):
		case m.name == "no_parent" && p.Parent != nil:
			f.disagrees(partyPointer(i, n), parentText(p.Parent), "no parent", k)
		case empty(stated):
			take(m.at(&f.order().Parties[i]), known)
			f.filled(partyPointer(i, n), k)
		case m.free || agree(stated, known) || m.name == "name" && f.alias(p, &row.Party):
		default:
			f.disagrees(partyPointer(i, n), text(stated), text(known), k)
		}
	}
	f.address(i, p, row, k)
	f.parent(i, p, row, k)
	f.owners(i, p, row, k)
	f.certs(row, k)
}

// alias says whether the order's name for a partner is one of those the master has for it, or the other way round.
func (f *filler) alias(p, master *event.Party) bool {
	same := func(a, b string) bool { return match.Parse(a).Compact == match.Parse(b).Compact }
	return same(p.Name, master.Name) || slices.ContainsFunc(master.Aliases, func(a string) bool { return same(a, p.Name) }) ||
		slices.ContainsFunc(p.Aliases, func(a string) bool { return same(a, master.Name) })
}

// address is filled as a whole: parts of two addresses make none. One that lacks its country only is given the master's
// where nothing else is stated of it.
func (f *filler) address(i int, p *event.Party, row *Partner, k Known) {
	switch {
	case row.Address == nil:
	case p.Address == nil || len(p.Address.Lines) == 0 && p.Address.City == "" && p.Address.Region == "" && p.Address.Postcode == "" && p.Address.Country == "":
		a := *row.Address
		if p.Address != nil && p.Address.Kind != "" {
			a.Kind = p.Address.Kind
		}
		f.order().Parties[i].Address = &a
		f.filled(morePointer(i, addressAt), k)
	case p.Address.Country != "" && row.Address.Country != "" && p.Address.Country != row.Address.Country:
		f.disagrees(morePointer(i, countryAt), string(p.Address.Country), string(row.Address.Country), k)
	}
}

func (f *filler) parent(i int, p *event.Party, row *Partner, k Known) {
	alone := p.Independent != nil && *p.Independent
	switch {
	case row.Parent == nil:
	case alone:
		f.disagrees(morePointer(i, parentAt), "no parent", parentText(row.Parent), k)
	case p.Parent == nil:
		f.order().Parties[i].Parent = row.Parent
		f.filled(morePointer(i, parentAt), k)
	case p.Parent.Country != "" && row.Parent.Country != "" && p.Parent.Country != row.Parent.Country,
		p.Parent.Name != "" && row.Parent.Name != "" && match.Parse(p.Parent.Name).Compact != match.Parse(row.Parent.Name).Compact:
		f.disagrees(morePointer(i, parentAt), parentText(p.Parent), parentText(row.Parent), k)
	case p.Parent.Country == "" && row.Parent.Country != "" && p.Parent.Name != "" && row.Parent.Name != "":
		f.order().Parties[i].Parent = &event.Parent{Name: p.Parent.Name, Country: row.Parent.Country}
		f.filled(morePointer(i, parentCountryAt), k)
	}
}

func parentText(p *event.Parent) string {
	switch {
	case p.Name == "":
		return "a parent in " + string(p.Country)
	case p.Country == "":
		return p.Name
	}
	return p.Name + ", " + string(p.Country)
}

// owners are filled as a whole. Where the order states owners, another share of the same owner is a disagreement, and so is
// one that the order leaves out.
func (f *filler) owners(i int, p *event.Party, row *Partner, k Known) {
	if len(row.Owners) == 0 {
		return
	}
	if len(p.Owners) == 0 {
		f.order().Parties[i].Owners = row.Owners
		f.filled(morePointer(i, ownersAt), k)
		return
	}
	for _, m := range row.Owners {
		j := slices.IndexFunc(p.Owners, func(o event.Owner) bool {
			return match.Key(o.Name) == match.Key(m.Name) && match.Key(o.Of) == match.Key(m.Of)
		})
		switch {
		case j < 0:
			f.disagrees(morePointer(i, ownersAt), "not "+m.Name, m.Name+share(m.Percent), k)
		case p.Owners[j].Percent != "" && m.Percent != "" && !agree(&p.Owners[j].Percent, &m.Percent):
			f.disagrees(morePointer(i, ownersAt)+"/"+strconv.Itoa(j)+"/percent", string(p.Owners[j].Percent), string(m.Percent), k)
		}
	}
}

func share(d event.Decimal) string {
	if d == "" {
		return ""
	}
	return " " + string(d) + " %"
}

// certs adds the statements that the partner signed and the order does not bring.
func (f *filler) certs(row *Partner, k Known) {
	for _, c := range row.Certs {
		if c.By == "" {
			c.By = row.Name
		}
		if slices.ContainsFunc(f.from.Certs, func(o event.Cert) bool { return o.Kind == c.Kind && (o.By == "" || match.Key(o.By) == match.Key(c.By)) }) ||
			f.out.Order != nil && slices.Contains(f.out.Order.Certs, c) {
			continue
		}
		o := f.order()
		f.filled("/certifications/"+strconv.Itoa(len(o.Certs)), k)
		o.Certs = append(o.Certs, c)
	}
}

func (f *filler) item(i int) {
	it := &f.from.Items[i]
	row, k, ok := f.set.Item(it)
	if !ok {
		return
	}
	for n, m := range itemMembers {
		stated, known := m.at(it), m.at(row)
		switch {
		case empty(known):
		case empty(stated):
			take(m.at(&f.order().Items[i]), known)
			f.filled(itemPointers.at("items", i, n), k)
		case m.free || agree(stated, known):
		default:
			f.disagrees(itemPointers.at("items", i, n), text(stated), text(known), k)
		}
	}
	if len(row.Contains) > 0 && len(it.Contains) == 0 {
		f.order().Items[i].Contains = row.Contains
		f.filled(itemPointers.at("items", i, len(itemMembers)), k)
	}
}
