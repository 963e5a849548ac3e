package rule

import (
	"slices"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/tidegate/tidegate/schemas/event"
)

func (s *Scene) partyFact(name string) string {
	return "parties[" + itoa(s.party) + "]." + name
}

func (s *Scene) orderParty() *event.Party      { return &s.order.Parties[s.party] }
func (s *Scene) partyFacts() *event.PartyFacts { return &s.facts.Parties[s.party] }

func (s *Scene) headquarters() event.Country { return s.partyFacts().Headquarters.Country }

// parent is where the ultimate parent is headquartered; a party stated to have none is its own.
func (s *Scene) parent() (country event.Country, fact string) {
	if p := s.partyFacts().Parent; p.Country != "" || p.How != "stated_none" {
		return p.Country, "ultimate_parent"
	}
	return s.headquarters(), "headquarters"
}

// partyD5M says whether the party or its ultimate parent is headquartered in Macau or a D:5 place (15 CFR 744.23(a)(3)).
func (s *Scene) partyD5M() ref.Val {
	if s.d5mOf[s.party] == nil {
		s.d5mOf[s.party] = s.askD5M()
	}
	return s.d5mOf[s.party]
}

func (s *Scene) askD5M() ref.Val {
	return anyOf(2, func(i int) ref.Val {
		country, fact := s.headquarters(), "headquarters"
		if i == 1 {
			country, fact = s.parent()
		}
		if country == "" {
			return s.unknown(s.partyFact(fact))
		}
		return s.d5m(country)
	})
}

// consignees are the roles that an item goes to (15 CFR 748.5 (c) to (f)).
var consignees = []event.Role{event.Purchaser, event.IntermediateConsignee, event.UltimateConsignee, event.EndUser}

// anyD5M asks partyD5M of every party that the items go to. It leaves the current party as it was.
func (s *Scene) anyD5M() ref.Val {
	at := s.party
	defer func() { s.party = at }()
	return anyOf(len(s.order.Parties), func(i int) ref.Val {
		if !slices.Contains(consignees, s.order.Parties[i].Role) {
			return types.False
		}
		s.party = i
		return s.partyD5M()
	})
}

// freight says whether the party is a freight forwarder: it is named in that role too, or its line of business says so.
func (s *Scene) freight() ref.Val {
	p := s.orderParty()
	for i, o := range s.order.Parties {
		if i != s.party && o.Role == event.Forwarder && strings.EqualFold(o.Name, p.Name) && p.Name != "" {
			return types.True
		}
	}
	line := strings.ToLower(p.Business)
	for _, word := range []string{"freight", "forwarder", "forwarding", "logistics", "customs broker"} {
		if strings.Contains(line, word) {
			return types.True
		}
	}
	return types.False
}

// payerForeign says whether the payment comes from a country that is neither a destination nor home of a party the
// items go to, nor the United States.
func (s *Scene) payerForeign() ref.Val {
	if s.order.Payment == nil || s.order.Payment.Country == "" || home(s.order.Payment.Country) {
		return types.False
	}
	payer := s.order.Payment.Country
	if slices.Contains(s.places, payer) {
		return types.False
	}
	for i, p := range s.order.Parties {
		f := &s.facts.Parties[i]
		if slices.Contains(consignees, p.Role) && (f.Country == payer || f.Headquarters.Country == payer || f.Parent.Country == payer) {
			return types.False
		}
	}
	return types.True
}

// isHit says whether a match is the listed party itself: score at the threshold, countries not in conflict.
func (s *Scene) isHit(m *event.Match) bool {
	return m.Score >= s.thresholds.Hit && m.Countries != "different"
}

// matchHit says whether the current match is a hit on the party's own name.
func (s *Scene) matchHit() ref.Val {
	m := s.currentMatch()
	own := m.Field == "name" || m.Field == "alias" || m.Field == "identifier"
	return types.Bool(own && s.isHit(m) && s.listed(m))
}

// matchPossible says whether the current match is one that a person must look at: likeness in the review band, a
// country in conflict, or a listed name that is not the party's own.
func (s *Scene) matchPossible() ref.Val {
	m := s.currentMatch()
	if !s.listed(m) || m.Score < s.thresholds.Review || m.Field == "address" || m.Field == "parent" || m.Field == "owner" {
		return types.False
	}
	return types.Bool(s.matchHit() != types.True && !s.outdone(m))
}

// outdone says whether the same string of the order is certainly another entry of the same list, which it resembles
// no less: then nobody need ask about this one.
func (s *Scene) outdone(m *event.Match) bool {
	if s.isHit(m) {
		return false // another name than the party's own
	}
	matches := s.partyFacts().Matches
	return slices.ContainsFunc(matches, func(o event.Match) bool {
		return o.List == m.List && o.Queried == m.Queried && o.Field == m.Field && o.Score >= m.Score && s.isHit(&o) && s.listed(&o)
	})
}

// roomListed says whether an address-only row in force names the party's room.
func (s *Scene) roomListed() ref.Val {
	return types.Bool(slices.ContainsFunc(s.partyFacts().Matches, func(m event.Match) bool {
		return m.List == "EL" && m.Scope == "ccl" && m.Method == "address_room" && s.listed(&m)
	}))
}
