package match

import "slices"

// table maps hashes to rows: sorted pairs, cut into buckets by the hash's upper bits, behind a bit set that answers
// most absent hashes from one word of memory.
type table struct {
	hashes []uint64
	rows   []int32
	starts []int32 // by bucket
	shift  uint
	seen   []uint64
	mask   uint64
}

type pair struct {
	hash uint64
	row  int32
}

func newTable(pairs []pair) *table {
	slices.SortFunc(pairs, func(a, b pair) int {
		switch {
		case a.hash < b.hash:
			return -1
		case a.hash > b.hash:
			return 1
		}
		return int(a.row) - int(b.row)
	})
	pairs = slices.Compact(pairs)
	bits := uint(1)
	for 1<<bits < len(pairs) {
		bits++
	}
	t := &table{shift: 64 - bits, starts: make([]int32, (1<<bits)+1), mask: 1<<(bits+4) - 1}
	t.seen = make([]uint64, max(1, (1<<(bits+4))/64))
	for _, p := range pairs {
		t.hashes, t.rows = append(t.hashes, p.hash), append(t.rows, p.row)
		t.starts[p.hash>>t.shift+1]++
		t.seen[(p.hash&t.mask)/64] |= 1 << (p.hash & 63)
	}
	for i := 1; i < len(t.starts); i++ {
		t.starts[i] += t.starts[i-1]
	}
	return t
}

// find appends the rows stored under a hash.
func (t *table) find(hash uint64, rows []int32) []int32 {
	if t.seen[(hash&t.mask)/64]&(1<<(hash&63)) == 0 {
		return rows
	}
	bucket := hash >> t.shift
	for i := t.starts[bucket]; i < t.starts[bucket+1]; i++ {
		if t.hashes[i] == hash {
			rows = append(rows, t.rows[i])
		}
	}
	return rows
}
