package match

// table maps hashes to rows: entries in buckets by the hash's upper bits, in the order they came, behind a bit set that
// answers most absent hashes from one word of memory. An entry keeps the hash's lower half; with the bucket that is
// enough, and callers compare what they find.
type table struct {
	marks  []uint16 // of the hashes: with the bucket enough to leave few that callers look at in vain
	rows   []int32
	starts []uint32 // by bucket
	shift  uint
	seen   []uint64
	mask   uint64
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
	t := &table{shift: 64 - bits, starts: make([]uint32, (1<<bits)+2), mask: 1<<(bits+5) - 1, marks: make([]uint16, n), rows: make([]int32, n)}
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
		t.marks[*at], t.rows[*at] = markIn(hash), row
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
	from, to := t.starts[bucket], t.starts[bucket+1]
	for i, m := range t.marks[from:to] {
		if m == markIn(hash) {
			rows = append(rows, t.rows[int(from)+i])
		}
	}
	return rows
}

// markIn takes bits that neither bucket nor bit set use.
func markIn(hash uint64) uint16 { return uint16(hash >> 24) } //nolint:gosec // some of its bits
