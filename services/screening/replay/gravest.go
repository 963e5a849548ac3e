package replay

import (
	"cmp"
	"container/heap"
	"slices"
)

// Gravest picks the n gravest changes of any number, in one pass: what would become most severe first, among those what
// was mildest before, then in the order of their cases. It holds no more than these.
func (c Changes) Gravest(n int) ([]Change, error) {
	var top mildest
	at := 0
	for c, err := range c.All() {
		if err != nil {
			return nil, err
		}
		one := ranked{c, at}
		at++
		switch {
		case len(top) < n:
			heap.Push(&top, one)
		case graver(one, top[0]) < 0:
			top[0] = one
			heap.Fix(&top, 0)
		}
	}
	slices.SortFunc(top, graver)
	out := make([]Change, len(top))
	for i := range top {
		out[i] = top[i].Change
	}
	return out, nil
}

// ranked is a change with its place among all.
type ranked struct {
	Change
	at int
}

func graver(a, b ranked) int {
	return cmp.Or(
		cmp.Compare(b.To.Severity(), a.To.Severity()),
		cmp.Compare(a.From.Severity(), b.From.Severity()),
		cmp.Compare(a.at, b.at))
}

// mildest is a heap with the least grave on top: the one that goes when a graver one comes.
type mildest []ranked

func (m mildest) Len() int           { return len(m) }
func (m mildest) Less(i, j int) bool { return graver(m[i], m[j]) > 0 }
func (m mildest) Swap(i, j int)      { m[i], m[j] = m[j], m[i] }
func (m *mildest) Push(x any)        { *m = append(*m, x.(ranked)) } //nolint:forcetypeassert // only Gravest pushes
func (m *mildest) Pop() any {
	last := (*m)[len(*m)-1]
	*m = (*m)[:len(*m)-1]
	return last
}
