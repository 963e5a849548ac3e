package snapshot

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/tidegate/tidegate/schemas/event"
)

// Beside gives the rows of the curated set and of imported lists together, sorted by id. A curated row whose party an imported row of the same
// list is, by name and country, is no row of its own: the official one stands, with what only the curated one knows. Rows with one id
// become one.
func Beside(curated, imported []Entry) []Entry {
	all := append(make([]Entry, 0, len(imported)+len(curated)), imported...)
	index := map[string][]int{} // of the names that are asked for
	for i := range curated {
		index[curated[i].List+"/"+nameKey(curated[i].Name)] = nil
	}
	for i := range all {
		e := &all[i]
		for _, name := range slices.Concat([]string{e.Name}, e.Aliases) {
			key := e.List + "/" + nameKey(name)
			if at, ok := index[key]; ok && !slices.Contains(at, i) {
				index[key] = append(at, i)
			}
		}
	}
	for i := range curated {
		c := &curated[i]
		if at := sameParty(c, all, index[c.List+"/"+nameKey(c.Name)]); at >= 0 {
			adopt(&all[at], c)
		} else {
			all = append(all, *c)
		}
	}
	slices.SortStableFunc(all, func(x, y Entry) int { return strings.Compare(x.ID, y.ID) })
	out := all[:0]
	for _, e := range all {
		if n := len(out); n > 0 && out[n-1].ID == e.ID {
			Join(&out[n-1], &e)
			continue
		}
		out = append(out, e)
	}
	return out
}

// nameKey is a name's letters and digits.
func nameKey(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// sameParty finds the imported row of a curated one's party: one of its own name before one with an alias of that name. -1 where there is none. A row
// that lists an address is no party's.
func sameParty(c *Entry, all []Entry, candidates []int) int {
	best := -1
	for _, i := range candidates {
		o := &all[i]
		if c.AddressOnly || o.AddressOnly || c.Person != o.Person || o.Kind != c.Kind {
			continue
		}
		if c.Country != "" && o.Country != "" && !o.LocatedIn(c.Country) {
			continue
		}
		if own := nameKey(o.Name) == nameKey(c.Name); own && (best < 0 || nameKey(all[best].Name) != nameKey(c.Name)) || best < 0 {
			best = i
		}
	}
	return best
}

// adopt adds to an official row what only the curated one knows: spellings, a parent, the dates that the official row does not give, and footnotes
// with theirs.
func adopt(o, c *Entry) {
	if nameKey(c.Name) != nameKey(o.Name) {
		o.Aliases = union(slices.Clip(o.Aliases), []string{c.Name})
	}
	o.Aliases, o.Also, o.Weak = union(o.Aliases, c.Aliases), union(o.Also, c.Also), union(o.Weak, c.Weak)
	o.Addresses, o.Notes, o.IDs, o.Born = union(o.Addresses, c.Addresses), union(o.Notes, c.Notes), union(o.IDs, c.IDs), union(o.Born, c.Born)
	o.Country, o.Parent = cmp.Or(o.Country, c.Country), cmp.Or(o.Parent, c.Parent)
	for _, at := range append(slices.Clone(c.Countries), c.Country) {
		if at != "" && at != o.Country && !slices.Contains(o.Countries, at) {
			o.Countries = append(slices.Clip(o.Countries), at)
		}
	}
	o.Policy, o.Scope, o.Citation = cmp.Or(o.Policy, c.Policy), cmp.Or(o.Scope, c.Scope), cmp.Or(o.Citation, c.Citation)
	if o.Listed[0].From == "" && c.Listed[0].From != "" {
		listed := slices.Clone(c.Listed)
		if end := o.Listed[len(o.Listed)-1].Until; end != "" {
			listed[len(listed)-1].Until = max(end, listed[len(listed)-1].From)
		}
		o.Listed = listed
	}
	o.Footnotes = slices.Clone(o.Footnotes)
	for _, f := range c.Footnotes {
		if i := slices.IndexFunc(o.Footnotes, func(g event.Footnote) bool { return g.Number == f.Number }); i >= 0 {
			o.Footnotes[i] = f
		} else {
			o.Footnotes = append(o.Footnotes, f)
		}
	}
}
