package match

import "slices"

// neighborhood finds stored strings that are the same as, or may be one edit away from, a string.
type neighborhood struct {
	whole   *table
	deleted *table // a stored string without one of its runes
}

// newNeighborhood stores n strings of runes under their places; at gives each, in room that it may use. Those shorter
// than least are found only as they stand.
func newNeighborhood(n, least int, at func(i int, room []rune) []rune) neighborhood {
	var h hasher
	var room []rune
	whole, deleted := 0, 0
	for i := range n {
		room = at(i, room[:0])
		if len(room) > 0 {
			whole++
		}
		if len(room) >= least {
			deleted += deletions(room)
		}
	}
	each := func(f func(i int32)) {
		for i := range n {
			room = at(i, room[:0])
			if len(room) > 0 {
				h.set(room)
				f(int32(i)) //nolint:gosec // places fit
			}
		}
	}
	return neighborhood{
		whole: tableOf(whole, func(put func(uint64, int32)) { each(func(i int32) { put(h.whole(), i) }) }),
		deleted: tableOf(deleted, func(put func(uint64, int32)) {
			each(func(i int32) {
				for k := 0; k < len(room) && len(room) >= least; k++ {
					if k == 0 || room[k] != room[k-1] {
						put(h.without(k), i)
					}
				}
			})
		}),
	}
}

// deletions counts the strings that lack one rune of s: which of two equal neighbors goes makes no difference.
func deletions(s []rune) int {
	n := 0
	for k := range s {
		if k == 0 || s[k] != s[k-1] {
			n++
		}
	}
	return n
}

// same appends the places stored under the string that h was set to.
func (n neighborhood) same(h *hasher, rows []int32) []int32 { return n.whole.find(h.whole(), rows) }

// near appends the places of strings that may be one edit away, each once, in order. Callers compare what they get.
func (n neighborhood) near(h *hasher, rows []int32) []int32 {
	from := len(rows)
	rows = n.deleted.find(h.whole(), rows)
	for k := range h.len() {
		d := h.without(k)
		rows = n.whole.find(d, rows)
		rows = n.deleted.find(d, rows)
	}
	if len(rows)-from > 1 {
		slices.Sort(rows[from:])
		rows = rows[:from+len(slices.Compact(rows[from:]))]
	}
	return rows
}
