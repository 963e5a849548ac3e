package classify

import (
	"github.com/shopspring/decimal"

	"github.com/tidegate/tidegate/schemas/event"
)

// figures works out TPP and applicable die area from a data sheet's figures where the order does not state them, and gives the TPP
// as a fact. A stated TPP below the one that the figures give does not count: the larger does.
func (e *evidence) figures(it *event.Item) event.Decimal {
	tpp, exact := ofCompute(it.Compute)
	switch {
	case tpp == nil:
	case exact && (e.own.tpp == nil || tpp.GreaterThan(*e.own.tpp)):
		e.own.tpp = tpp
	case e.own.tpp == nil && tpp.LessThan(tpp1600):
		e.own.tpp, e.bound = tpp, true // under every line, whatever it is exactly
	}
	if e.own.area == nil {
		e.own.area = ofDies(it.Dies)
	}
	if exact && e.own.tpp != nil {
		return plain(*e.own.tpp)
	}
	return it.TPP
}

// ofCompute is TOPS times bit length, the most of each unit's bit lengths, summed over the units. Figures with sparsity count
// for nothing; a unit that has no others leaves the sum a bound from above, which is told by exact.
func ofCompute(figures []event.Compute) (tpp *decimal.Decimal, exact bool) {
	type unit struct{ dense, any decimal.Decimal }
	units := map[string]unit{}
	for i := range figures {
		c := &figures[i]
		bits, tops, count := number(c.BitLength), number(c.TOPS), number(c.Count)
		if bits == nil || tops == nil {
			return nil, false
		}
		v := bits.Mul(*tops)
		if count != nil {
			v = v.Mul(*count)
		}
		u := units[c.Unit]
		u.any = decimal.Max(u.any, v)
		if c.Sparse == nil || !*c.Sparse {
			u.dense = decimal.Max(u.dense, v)
		}
		units[c.Unit] = u
	}
	if len(units) == 0 {
		return nil, false
	}
	var sum decimal.Decimal
	exact = true
	for _, u := range units { // a sum: in any order the same
		if u.dense.IsZero() && !u.any.IsZero() {
			exact = false
			u.dense = u.any
		}
		sum = sum.Add(u.dense)
	}
	return &sum, exact
}

// ofDies is the area of the dies on a non-planar node; unknown where one die does not say what it is made on.
func ofDies(dies []event.Die) *decimal.Decimal {
	if len(dies) == 0 {
		return nil
	}
	var sum decimal.Decimal
	for i := range dies {
		d := &dies[i]
		area, count := number(d.Area), number(d.Count)
		switch {
		case d.NonPlanar == nil || area == nil:
			return nil
		case !*d.NonPlanar:
			continue
		case count != nil:
			sum = sum.Add(area.Mul(*count))
		default:
			sum = sum.Add(*area)
		}
	}
	return &sum
}
