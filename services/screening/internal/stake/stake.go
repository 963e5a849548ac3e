// Package stake works out what owners hold of a party through others: exactly, with cycles, in two ways of counting.
//
// Shares are parts of the whole, 0 to 1. An unknown share is asked about twice: with the least and with the most it may be.
package stake

import (
	"maps"
	"math/big"
	"slices"
)

// Edge is a share that Holder has of Of.
type Edge struct {
	Holder, Of string
	Share      *big.Rat
}

// Side says which bound is asked for where the arithmetic itself leaves room: owners who own each other entirely.
type Side bool

// The bounds.
const (
	Least Side = false
	Most  Side = true
)

var (
	whole = big.NewRat(1, 1)
	half  = big.NewRat(1, 2)
)

// Multiplied gives what the owners together hold of a party: the shares along each way multiplied, the ways summed. A way
// ends at the first owner it meets, seen from the party, so that what one holds through another is counted once. Ways
// around a cycle are summed to their end: the fixed point of x = Σ share × x. It is never more than the whole.
func Multiplied(edges []Edge, of string, owner map[string]bool, side Side) *big.Rat {
	s := newSystem(edges, of, owner)
	s.settle()
	if !s.settled[0] {
		s.solve(side)
	}
	return atMostWhole(s.value[0])
}

func atMostWhole(r *big.Rat) *big.Rat {
	if r.Cmp(whole) > 0 {
		return whole
	}
	return r
}

// Chained gives what the owners hold of a party where whoever they own half of or more, together and in turn, counts as one
// of them in full, and what they hold through anybody else counts for nothing.
func Chained(edges []Edge, of string, owner map[string]bool) *big.Rat {
	counts := map[string]bool{}
	maps.Copy(counts, owner)
	for grown := true; grown; {
		grown = false
		for _, e := range edges {
			if !counts[e.Of] && e.Of != of && into(edges, e.Of, counts).Cmp(half) >= 0 {
				counts[e.Of], grown = true, true
			}
		}
	}
	return atMostWhole(into(edges, of, counts))
}

// into sums what these hold of one party directly.
func into(edges []Edge, of string, counts map[string]bool) *big.Rat {
	sum := new(big.Rat)
	for _, e := range edges {
		if e.Of == of && e.Holder != of && counts[e.Holder] {
			sum.Add(sum, e.Share)
		}
	}
	return sum
}

// Reaches says whether an owner holds anything of a party, by any way.
func Reaches(edges []Edge, of, owner string) bool {
	below := map[string]bool{owner: true}
	for grown := true; grown; {
		grown = false
		for _, e := range edges {
			if below[e.Holder] && !below[e.Of] && e.Share.Sign() > 0 {
				below[e.Of], grown = true, true
			}
		}
	}
	return below[of] && owner != of
}

// Ways lists up to most ways from an owner down to a party that meet nobody twice, the shortest first; edges stand as they
// are given. More says that there are others.
func Ways(edges []Edge, of, owner string, most int) (ways [][]Edge, more bool) {
	const steps = 10_000 // a thicket is not searched to its end
	type part struct {
		at  string
		way []Edge
	}
	queue := []part{{at: owner}}
	for n := 0; len(queue) > 0; n++ {
		p := queue[0]
		queue = queue[1:]
		if len(ways) == most || n == steps {
			return ways, true
		}
		for _, e := range edges {
			if e.Holder != p.at || e.Of == owner || slices.ContainsFunc(p.way, func(o Edge) bool { return o.Of == e.Of }) {
				continue
			}
			way := append(slices.Clone(p.way), e)
			if e.Of != of {
				queue = append(queue, part{e.Of, way})
			} else if len(ways) < most {
				ways = append(ways, way)
			} else {
				more = true
			}
		}
	}
	return ways, more
}
