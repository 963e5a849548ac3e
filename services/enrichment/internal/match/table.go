package match

// table maps hashes to rows: entries in buckets by the hash's upper bits, in the order they came, behind a bit set that
// answers most absent hashes from one word of memory. An entry keeps the hash's lower half; with the bucket that is
// enough, and callers compare what they find.
type table struct {
	entries []entry
	starts  []uint32 // by bucket
	shift   uint
	seen    []uint64
	mask    uint64
}

type entry struct {
	mark uint32 // lower half of the hash
	row  int32
}

type pair struct {
	hash uint64
	row  int32
}

func newTable(pairs []pair) *table {
	return tableOf(len(pairs), func(put func(uint64, int32)) {
		for _, p := range pairs {
			put(p.hash, p.row)
		}
	})
}

// tableOf builds a table of n entries, which each gives twice: counted first, then put in their places, so that
// nothing is sorted and nothing is kept twice.
func tableOf(n int, each func(put func(hash uint64, row int32))) *table {
	bits := uint(1)
	for 4<<bits < n {
		bits++
	}
	t := &table{shift: 64 - bits, starts: make([]uint32, (1<<bits)+2), mask: 1<<(bits+5) - 1, entries: make([]entry, n)}
	t.seen = make([]uint64, 1<<(bits+5)/64)
	each(func(hash uint64, _ int32) {
		t.starts[hash>>t.shift+2]++
		t.seen[(hash&t.mask)/64] |= 1 << (hash & 63)
	})
	for i := 2; i < len(t.starts); i++ {
		t.starts[i] += t.starts[i-1]
	}
	each(func(hash uint64, row int32) {
		at := &t.starts[hash>>t.shift+1]
		t.entries[*at] = entry{uint32(hash), row} //nolint:gosec // the lower half
		*at++
	})
	t.starts = t.starts[:len(t.starts)-1]
	return t
}

// find appends the rows stored under a hash, in the order they came.
func (t *table) find(hash uint64, rows []int32) []int32 {
	if t.seen[(hash&t.mask)/64]&(1<<(hash&63)) == 0 {
		return rows
	}
	bucket := hash >> t.shift
	for _, e := range t.entries[t.starts[bucket]:t.starts[bucket+1]] {
		if e.mark == uint32(hash) { //nolint:gosec // the lower half
			rows = append(rows, e.row)
		}
	}
	return rows
}
