package rule

import (
	"slices"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/tidegate/tidegate/schemas/event"
)

const (
	china    event.Country = "CN"
	hongKong event.Country = "HK"
	macau    event.Country = "MO"
	america  event.Country = "US"
)

// findPlaces lists where the items go: the stated country of ultimate destination, where technology or compute time is
// released, the site of use, and where ultimate consignee and end user are. Without any of these, where the purchaser
// is. A purchaser, forwarder or intermediate consignee elsewhere is no destination.
func (s *Scene) findPlaces() {
	add := func(c event.Country) {
		if c != "" && !slices.Contains(s.places, c) {
			s.places = append(s.places, c)
		}
	}
	add(s.order.ShipTo)
	add(s.order.ReleaseTo)
	if u := s.order.EndUse; u != nil && u.Site != nil {
		add(u.Site.Country)
	}
	for i, p := range s.order.Parties {
		if p.Role == event.UltimateConsignee || p.Role == event.EndUser {
			add(s.facts.Parties[i].Country)
		}
	}
	for i, p := range s.order.Parties {
		if len(s.places) == 0 && p.Role == event.Purchaser {
			add(s.facts.Parties[i].Country)
		}
	}
}

// member says whether a country is in a Country Group on the scene's date. A place that the facts leave out is unknown.
func (s *Scene) member(c event.Country, group string) ref.Val {
	for i := range s.facts.Places {
		if p := &s.facts.Places[i]; p.Country == c {
			for _, g := range p.Groups {
				if g.Group == group && g.Holds(s.date) {
					return types.True
				}
			}
			return types.False
		}
	}
	return s.unknown("places." + string(c))
}

// home says whether a country is the United States, to which their territories, dependencies and possessions belong (15 CFR 772.1).
func home(c event.Country) bool {
	switch c {
	case america, "PR", "GU", "VI", "AS", "MP", "UM":
		return true
	}
	return false
}

// code is the country as the EAR sees it on the date: Hong Kong is China once the facts give it China's groups (85 FR 83765), Puerto Rico
// is the United States.
func (s *Scene) code(c event.Country) event.Country {
	if home(c) {
		return america
	}
	if c == hongKong && s.member(c, "D:5") == types.True {
		return china
	}
	return c
}

// d5m says whether a country is Macau or in Country Group D:5. Macau is never in D:5 itself.
func (s *Scene) d5m(c event.Country) ref.Val {
	if c == macau {
		return types.True
	}
	return s.member(c, "D:5")
}

// toD5M says whether the items go to Macau or a D:5 place.
func (s *Scene) toD5M() ref.Val {
	if len(s.places) == 0 {
		return s.unknown("ship_to")
	}
	return anyOf(len(s.places), func(i int) ref.Val { return s.d5m(s.places[i]) })
}

// destination is the current one; empty when the order names none.
func (s *Scene) destination() event.Country {
	if s.place >= len(s.places) {
		return ""
	}
	return s.places[s.place]
}

func (s *Scene) destinationCode() ref.Val {
	if s.destination() == "" {
		return s.unknown("ship_to")
	}
	return types.String(s.code(s.destination()))
}

func inGroup(group string) func(*Scene) ref.Val {
	return func(s *Scene) ref.Val {
		if s.destination() == "" {
			return s.unknown("ship_to")
		}
		return s.member(s.destination(), group)
	}
}

// domestic says whether everything stays in the United States.
func (s *Scene) domestic() ref.Val {
	if len(s.places) == 0 {
		return s.unknown("ship_to")
	}
	abroad := slices.ContainsFunc(s.places, func(c event.Country) bool { return !home(c) })
	return types.Bool(!abroad)
}

// shipFrom is where the shipment starts; an export starts in the United States (15 CFR 734.13).
func (s *Scene) shipFrom() ref.Val {
	switch {
	case s.order.ShipFrom != "":
		return types.String(s.code(s.order.ShipFrom))
	case s.transaction() == event.Export:
		return types.String(america)
	default:
		return s.unknown("ship_from")
	}
}

func (s *Scene) transaction() event.Transaction {
	if s.order.Transaction == "" {
		return event.Export
	}
	return s.order.Transaction
}

// elsewhere says whether a destination abroad is outside the destination test: not in D:1, D:4 or D:5, or in A:5 or A:6
// too. There the headquarters test alone decides.
func (s *Scene) elsewhere() ref.Val {
	if len(s.places) == 0 {
		return s.unknown("ship_to")
	}
	return anyOf(len(s.places), func(i int) ref.Val {
		c := s.places[i]
		if home(c) {
			return types.False
		}
		return either(negate(s.inAny(c, "D:1", "D:4", "D:5")), s.inAny(c, "A:5", "A:6"))
	})
}

func (s *Scene) inAny(c event.Country, groups ...string) ref.Val {
	return anyOf(len(groups), func(i int) ref.Val { return s.member(c, groups[i]) })
}

func either(a, b ref.Val) ref.Val {
	values := [2]ref.Val{a, b}
	return anyOf(2, func(i int) ref.Val { return values[i] })
}

func negate(v ref.Val) ref.Val {
	if b, ok := v.(types.Bool); ok {
		return !b
	}
	return v
}
