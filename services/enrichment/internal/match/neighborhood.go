package match

import "slices"

// neighborhood finds stored strings that are the same as, or may be one edit away from, a string.
type neighborhood struct {
	whole   *table
	deleted *table // a stored string without one of its runes
}

// newNeighborhood stores strings of runes under their places. Those shorter than least are found only as they stand.
func newNeighborhood(strings [][]rune, least int) neighborhood {
	var whole, deleted []pair
	var h hasher
	for i, s := range strings {
		if len(s) == 0 {
			continue
		}
		h.set(s)
		whole = append(whole, pair{h.whole(), int32(i)})
		for k := 0; k < len(s) && len(s) >= least; k++ {
			deleted = append(deleted, pair{h.without(k), int32(i)})
		}
	}
	return neighborhood{newTable(whole), newTable(deleted)}
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
