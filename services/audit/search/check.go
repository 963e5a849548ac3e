package search

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"

	"github.com/tidegate/tidegate/services/audit"
)

// Check reads the log and the whole index and says whether the index holds what the log makes it, no more and no less (ErrDoctored, wrapped, where it does
// not): one that leaves a record out is found by this and by nothing else. It changes nothing and needs little memory: what both hold is
// added up under a key that is drawn anew each time, so that nobody can make an index whose sum comes out. The leaves are proven to be
// those under the checkpoint. progress may be nil.
func (a *Archive) Check(ctx context.Context, progress func(done, total uint64)) error {
	c := newChecker()
	if err := a.index.Look(ctx, c.view()); err != nil {
		return err
	}
	r, err := audit.NewReader(a.dir) // after the look: it has all that the index covers
	if err != nil {
		return err
	}
	if !agrees(r, c.covered) {
		return fmt.Errorf("%w: it is not of this log as it stands", ErrDoctored)
	}
	if err := c.read(ctx, r, progress); err != nil {
		return err
	}
	return c.compare()
}

// checker adds up what the index holds and takes away what the log says that it must.
type checker struct {
	seeds   [2]maphash.Seed
	covered []Covered
	ranges  map[Place]sum // of terms, by the first leaf of a range of them
	near    sum
	known   sum
	words   map[string]bool // of the log
	tally   Tally           // of the index
	counted Tally           // of the log
}

// sum is a sum of keyed hashes.
type sum [2]uint64

const leavesInRange = 1 << 16

func newChecker() *checker {
	return &checker{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, ranges: map[Place]sum{}, words: map[string]bool{}, counted: NewTally()}
}

func (c *checker) view() View {
	return View{
		Covered: func(cs []Covered) { c.covered = cs },
		Term:    func(term string, p Place) { c.term(term, p, 1) },
		Near:    func(key, word string) { c.near.add(c.hash(key, word, 0), 1) },
		Known:   func(word string) { c.known.add(c.hash(word, "", 0), 1) },
		Tally:   func(t Tally) { c.tally = t },
	}
}

func (c *checker) term(term string, p Place, sign uint64) {
	at := Place{p.Log, p.Leaf &^ (leavesInRange - 1)}
	s := c.ranges[at]
	s.add(c.hash(term, "", uint64(idOf(p))), sign) //nolint:gosec // the same on both sides
	c.ranges[at] = s
}

func (c *checker) hash(a, b string, n uint64) (out sum) {
	for i, seed := range c.seeds {
		out[i] = maphash.Comparable(seed, struct {
			a, b string
			n    uint64
		}{a, b, n})
	}
	return out
}

func (s *sum) add(o sum, sign uint64) {
	s[0] += o[0] * sign
	s[1] += o[1] * sign
}

const minus = ^uint64(0)

// read takes away what the log says, as far as the index covers it.
func (c *checker) read(ctx context.Context, r *audit.Reader, progress func(done, total uint64)) error {
	var done, total uint64
	for _, p := range c.covered {
		total += p.Size
	}
	for _, p := range c.covered {
		for l, err := range r.Whole(ctx, p.Log) {
			if err != nil {
				return err
			}
			if l.Index >= p.Size {
				continue
			}
			row, err := RowOf(l)
			if err != nil {
				return err
			}
			c.row(row)
			if done++; progress != nil && done%batch == 0 {
				progress(done, total)
			}
		}
	}
	for w := range c.words {
		c.known.add(c.hash(w, "", 0), minus)
		for _, key := range NearKeys(w) {
			c.near.add(c.hash(key, w, 0), minus)
		}
	}
	return nil
}

func (c *checker) row(r Row) {
	at := Place{r.Log, r.Leaf}
	for _, t := range Terms(r) {
		c.term(t, at, minus)
	}
	for _, w := range Known(r) {
		c.words[w] = true
	}
	c.counted.Add(r)
}

// compare says where both are not the same.
func (c *checker) compare() error {
	var bad []Place
	for at, s := range c.ranges {
		if s != (sum{}) {
			bad = append(bad, at)
		}
	}
	slices.SortFunc(bad, func(a, b Place) int { return int(idOf(a) - idOf(b)) })
	switch {
	case len(bad) > 0:
		return fmt.Errorf("%w: of leaves %d to %d of log %d, and of %d more such ranges, it does not hold what the log holds", ErrDoctored, bad[0].Leaf, bad[0].Leaf+leavesInRange-1, bad[0].Log, len(bad)-1)
	case c.near != (sum{}), c.known != (sum{}):
		return fmt.Errorf("%w: it does not know the words that the log has", ErrDoctored)
	}
	is, err := json.Marshal(c.tally)
	if err != nil {
		return err
	}
	ought, err := json.Marshal(c.counted)
	if err != nil {
		return err
	}
	if string(is) != string(ought) {
		return fmt.Errorf("%w: its counts by day are not those of the log%s", ErrDoctored, c.differing())
	}
	return nil
}

// differing names the first day whose counts are others.
func (c *checker) differing() string {
	days := maps.Clone(c.tally.Days)
	maps.Copy(days, c.counted.Days)
	for _, d := range slices.Sorted(maps.Keys(days)) {
		is, err1 := json.Marshal(c.tally.Days[d])
		ought, err2 := json.Marshal(c.counted.Days[d])
		if err1 != nil || err2 != nil || string(is) != string(ought) {
			return ", first on " + string(d)
		}
	}
	return ""
}
