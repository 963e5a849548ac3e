package stake

import (
	"math/big"
	"slices"
)

// system is x = b + A·x over the parties above one, which is the first: b is what owners hold of each directly, A what the
// others hold of each other.
type system struct {
	value   []*big.Rat // b, then x
	above   []map[int]*big.Rat
	settled []bool
}

// newSystem gathers who is above the party, without going beyond an owner.
func newSystem(edges []Edge, of string, owner map[string]bool) *system {
	s := &system{}
	index := map[string]int{}
	add := func(name string) int {
		if i, ok := index[name]; ok {
			return i
		}
		i := len(s.value)
		index[name] = i
		s.value, s.above, s.settled = append(s.value, new(big.Rat)), append(s.above, map[int]*big.Rat{}), append(s.settled, false)
		return i
	}
	names := []string{of}
	add(of)
	for i := 0; i < len(names); i++ {
		for _, e := range edges {
			if e.Of != names[i] || e.Share.Sign() <= 0 {
				continue
			}
			if owner[e.Holder] && e.Holder != of {
				s.value[i].Add(s.value[i], e.Share)
				continue
			}
			h := add(e.Holder)
			if h == len(names) {
				names = append(names, e.Holder)
			}
			s.above[i][h] = plus(s.above[i][h], e.Share)
		}
	}
	return s
}

func plus(a, b *big.Rat) *big.Rat {
	if a == nil {
		return b
	}
	return new(big.Rat).Add(a, b)
}

// settle works out everybody above whom nobody is unsettled, again and again: all of them, where nobody owns in a circle.
func (s *system) settle() {
	for again := true; again; {
		again = false
		for i := range s.value {
			if s.settled[i] || !s.ready(i) {
				continue
			}
			for h, share := range s.above[i] { // a sum: in any order the same
				s.value[i].Add(s.value[i], new(big.Rat).Mul(share, atMostWhole(s.value[h])))
			}
			s.settled[i], again = true, true
		}
	}
}

func (s *system) ready(i int) bool {
	for h := range s.above[i] {
		if !s.settled[h] {
			return false
		}
	}
	return true
}

// solve eliminates those who own in a circle, from the last to the first, then keeps the party's own value. Where that does
// not work, because some own each other entirely or more than entirely, the most is the whole, the least is what so many
// rounds of adding up reach.
func (s *system) solve(side Side) {
	rounds := s.rounds()
	for i := range s.value {
		if s.settled[i] {
			continue
		}
		for h, share := range s.above[i] {
			if s.settled[h] {
				s.value[i].Add(s.value[i], new(big.Rat).Mul(share, atMostWhole(s.value[h])))
				delete(s.above[i], h)
			}
		}
	}
	for k := range slices.Backward(s.value) {
		if s.settled[k] {
			continue
		}
		if !s.eliminate(k) {
			s.value[0] = whole
			if side == Least {
				s.value[0] = rounds
			}
			return
		}
	}
}

// eliminate takes k's own circle out of its equation and k out of the equations of those before it. It fails where k owns
// itself entirely, or more: then there is no one solution that is a share.
func (s *system) eliminate(k int) bool {
	if own := s.above[k][k]; own != nil {
		rest := new(big.Rat).Sub(whole, own)
		if rest.Sign() <= 0 {
			return false
		}
		delete(s.above[k], k)
		rest.Inv(rest)
		s.value[k].Mul(s.value[k], rest)
		for h, share := range s.above[k] {
			s.above[k][h] = new(big.Rat).Mul(share, rest)
		}
	}
	for i := range k {
		share := s.above[i][k]
		if share == nil {
			continue
		}
		delete(s.above[i], k)
		s.value[i].Add(s.value[i], new(big.Rat).Mul(share, s.value[k]))
		for h, through := range s.above[k] {
			s.above[i][h] = plus(s.above[i][h], new(big.Rat).Mul(share, through))
		}
	}
	return true
}

// rounds adds up from nothing: each round is less than the fixed point or equal. Cut off at twelve decimals, downwards.
func (s *system) rounds() *big.Rat {
	const most = 64
	x := make([]*big.Rat, len(s.value))
	for i := range x {
		x[i] = new(big.Rat)
	}
	for range most {
		next := make([]*big.Rat, len(x))
		for i := range x {
			next[i] = new(big.Rat).Set(s.value[i])
			if s.settled[i] {
				continue
			}
			for h, share := range s.above[i] {
				v := x[h]
				if s.settled[h] {
					v = atMostWhole(s.value[h])
				}
				next[i].Add(next[i], new(big.Rat).Mul(share, v))
			}
			next[i] = cut(atMostWhole(next[i]))
		}
		x = next
	}
	return x[0]
}

var trillion = big.NewInt(1_000_000_000_000)

func cut(r *big.Rat) *big.Rat {
	n := new(big.Int).Mul(r.Num(), trillion)
	return new(big.Rat).SetFrac(n.Quo(n, r.Denom()), trillion)
}
