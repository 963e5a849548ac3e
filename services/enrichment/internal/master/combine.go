package master

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/shared/codec"
)

// Combine gives the rows of several compiled editions as one set has them. A partner or item stands in one of them only.
// What several registers say of one firm is put together, the first one's name first.
func Combine(sets []*Set) (*Rows, error) {
	out := &Rows{}
	taken := map[string]string{} // key of a partner or item → file
	all := map[string]*Firm{}
	var order []string
	for _, s := range sets {
		file := s.editions[0].File
		for keys, value := range s.all() {
			if id, ok := strings.CutPrefix(keys[0], firmKey); ok {
				var f Firm
				if err := codec.Decode(value, &f); err != nil {
					return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, file, err)
				}
				if old, ok := all[id]; ok {
					old.join(&f)
				} else {
					all[id] = &f
					order = append(order, id)
				}
				continue
			}
			for _, k := range keys {
				if first, ok := taken[k]; ok && first != file {
					return nil, fmt.Errorf("%w: %s stands in %s and in %s; give both files one --series, or take it out of one", ErrRefused, k[2:], first, file)
				}
				taken[k] = file
			}
			out.push(keys, value)
		}
	}
	addFirms(out, all, unite(all, order))
	return out, nil
}

// unite makes one firm of those that have an id in common, and gives the ids that are left.
func unite(all map[string]*Firm, order []string) []string {
	slices.Sort(order)
	is := map[string]string{} // id → the id it is known by
	for _, id := range order {
		for _, o := range all[id].Other {
			if _, taken := is[o]; !taken {
				is[o] = id
			}
		}
	}
	known := func(id string) string {
		for range 4 { // a firm has few ids; two that name each other end here
			next, ok := is[id]
			if !ok || next == id || all[next] == nil {
				break
			}
			id = next
		}
		return id
	}
	left := make([]string, 0, len(order))
	for _, id := range order {
		to := known(id)
		if to != id {
			all[to].join(all[id])
			all[to].Other = append(all[to].Other, id)
			continue
		}
		left = append(left, id)
	}
	for _, id := range left {
		x := all[id]
		x.Parent = known(x.Parent)
		for i := range x.Held {
			x.Held[i].By = known(x.Held[i].By)
		}
		x.sort()
		x.Other = slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(x.Other))), func(o string) bool { return known(o) != id })
	}
	return left
}

func (x *Firm) join(o *Firm) {
	if x.Name == "" {
		x.Name = o.Name
	}
	for _, n := range append([]string{o.Name}, o.Also...) {
		if n != "" && n != x.Name && !slices.Contains(x.Also, n) {
			x.Also = append(x.Also, n)
		}
	}
	if x.Country == "" {
		x.Country = o.Country
	}
	if x.HQ == "" && o.HQ != "" {
		x.HQ, x.Source = o.HQ, o.Source
	}
	if x.Parent == "" && x.Alone == "" {
		x.Parent, x.Alone = o.Parent, o.Alone
	}
	x.Person = x.Person || o.Person
	x.Held = append(x.Held, o.Held...)
	x.Other = append(x.Other, o.Other...)
	x.sort()
}

// addFirms adds a row for each firm, and one for each name that one firm alone has in its country.
func addFirms(out *Rows, all map[string]*Firm, order []string) {
	slices.Sort(order)
	owner := map[string]string{} // key of a name → id; empty for a name of several
	for _, id := range order {
		x := all[id]
		for _, n := range append([]string{x.Name}, x.Also...) {
			k := named(n, x.Country)
			if k == "" || x.Person {
				continue
			}
			if first, ok := owner[k]; ok && first != id {
				owner[k] = ""
				continue
			}
			owner[k] = id
		}
	}
	for _, id := range order {
		x := all[id]
		keys := []string{firmKey + id}
		for _, o := range x.Other {
			keys = append(keys, firmKey+o)
		}
		for _, n := range append([]string{x.Name}, x.Also...) {
			if k := named(n, x.Country); k != "" && owner[k] == id && !slices.Contains(keys, k) {
				keys = append(keys, k)
			}
		}
		out.add(keys, x)
	}
}
