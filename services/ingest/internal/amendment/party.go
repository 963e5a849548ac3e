package amendment

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
)

// parties takes over those that the change names, role by role. One that is the same as before is brought up to date; one that is another takes
// the place of the one before where each of them is alone in its role. Who stands besides whom nobody can tell otherwise.
func (m *merging) parties() {
	before := slices.Clone(m.out.Parties)
	var strangers []int // of the change's
	known := make([]bool, len(before))
	for i, p := range m.a.Order.Parties {
		at, several := find(before, known, p)
		switch {
		case several:
			m.fault(fmt.Sprintf("/parties/%d", i), codeConflict, "several parties of the order before could be this %s; send the whole order as a replacement", words(p.Role))
		case at < 0:
			strangers = append(strangers, i)
		default:
			known[at] = true
			m.out.Parties[at] = renewed(m.out.Parties[at], p)
		}
	}
	for _, i := range strangers {
		m.stranger(i, before, known)
	}
}

// stranger places a party that the order before has not.
func (m *merging) stranger(i int, before []event.Party, known []bool) {
	p := m.a.Order.Parties[i]
	at, had, named := -1, 0, 0
	for j, b := range before {
		if b.Role == p.Role {
			at = j
			had++
		}
	}
	for _, o := range m.a.Order.Parties {
		if o.Role == p.Role {
			named++
		}
	}
	switch {
	case had == 0:
		m.out.Parties = append(m.out.Parties, p)
	case had == 1 && named == 1 && !known[at] && contradict(before[at], p):
		m.out.Parties[at] = p
	case had == 1 && named == 1 && !known[at]:
		m.fault(fmt.Sprintf("/parties/%d", i), codeConflict, "nothing tells whether this %s is the one of the order before: one is known by what the other lacks; send the whole order as a replacement", words(p.Role))
	default:
		m.fault(fmt.Sprintf("/parties/%d", i), codeConflict, "the order before has other parties as %s: does this one stand beside them or instead of one? send the whole order as a replacement", words(p.Role))
	}
}

func words(r event.Role) string { return strings.ReplaceAll(string(r), "_", " ") }

// find is the party of the same role that p is; -1 where there is none.
func find(before []event.Party, known []bool, p event.Party) (at int, several bool) {
	var found []int
	for i, b := range before {
		if b.Role == p.Role && !known[i] && same(b, p) {
			found = append(found, i)
		}
	}
	if several = len(found) > 1; several { // one firm at several addresses
		found = slices.DeleteFunc(found, func(i int) bool { return !sameAddress(before[i].Address, p.Address) })
	}
	switch len(found) {
	case 0:
		return -1, several
	case 1:
		return found[0], false
	default:
		return -1, true
	}
}

func identity(p event.Party) [5]string {
	return [5]string{p.GLN, p.LEI, p.Registration, p.Customer, plain(p.Name)}
}

// plain is a name without what spaces and capitals make of it.
func plain(name string) string { return strings.Join(strings.Fields(strings.ToLower(name)), " ") }

// same says whether two parties share a number or the name.
func same(a, b event.Party) bool {
	x, y := identity(a), identity(b)
	for i := range x {
		if x[i] != "" && x[i] == y[i] {
			return true
		}
	}
	return false
}

// contradict says whether a number or name that both have differs.
func contradict(a, b event.Party) bool {
	x, y := identity(a), identity(b)
	for i := range x {
		if x[i] != "" && y[i] != "" && x[i] != y[i] {
			return true
		}
	}
	return false
}

func sameAddress(a, b *event.Address) bool {
	switch {
	case a == nil || b == nil:
		return a == b
	default:
		return slices.Equal(a.Lines, b.Lines) && a.City == b.City && a.Region == b.Region && a.Postcode == b.Postcode && a.Country == b.Country
	}
}

// renewed is a party with what the change says of it. A name that it had before stays as another name.
func renewed(was, now event.Party) event.Party {
	out := was
	overlay(&out, &now, "Aliases")
	for _, alias := range append([]string{was.Name}, now.Aliases...) {
		if plain(alias) != plain(out.Name) && alias != "" && !slices.Contains(out.Aliases, alias) {
			out.Aliases = append(slices.Clip(out.Aliases), alias)
		}
	}
	return out
}
