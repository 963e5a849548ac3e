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

// share is what listed owners hold in the party on the date, in percent: held for certain, and whether more may be
// held, because a percent is not stated or an owner only resembles a listed one. A stake counts once, however many
// entries its owner resembles.
func (s *Scene) share(lists ...string) (held float64, open []string) {
	owners := s.partyFacts().Owners
	for i := range owners {
		o := &owners[i]
		if slices.ContainsFunc(owners[:i], func(p event.ListedHold) bool { return sameStake(&p, o) }) || !o.Held.Holds(s.date) {
			continue
		}
		hit, possible := s.ownerIs(owners[i:], lists)
		switch {
		case !hit && !possible:
		case !hit:
			open = append(open, s.partyFact("owners["+o.Owner+"].identity"))
		case o.Percent == "":
			open = append(open, s.partyFact("owners["+o.Owner+"].percent"))
		default:
			held += o.Percent.Float()
		}
	}
	return held, append(open, s.openParents(lists)...)
}

func sameStake(a, b *event.ListedHold) bool {
	return a.Owner == b.Owner && a.Percent == b.Percent && a.Held == b.Held
}

// ownerIs says whether the first stake's owner is listed on one of the lists, or may be.
func (s *Scene) ownerIs(stakes []event.ListedHold, lists []string) (hit, possible bool) {
	for i := range stakes {
		m := &stakes[i].Match
		if sameStake(&stakes[0], &stakes[i]) && slices.Contains(lists, m.List) && s.listed(m) {
			hit = hit || s.isHit(m)
			possible = possible || m.Score >= s.thresholds.Review
		}
	}
	return hit, possible
}

// openParents names listed parents and owners whose share nobody stated.
func (s *Scene) openParents(lists []string) []string {
	f := s.partyFacts()
	for i := range f.Matches {
		m := &f.Matches[i]
		same := func(o event.ListedHold) bool { // a stake that share counts, or asks about
			return o.Match.Entry == m.Entry && o.Match.Score >= s.thresholds.Review && o.Held.Holds(s.date)
		}
		if (m.Field == "parent" || m.Field == "owner") && slices.Contains(lists, m.List) && m.Score >= s.thresholds.Review &&
			s.listed(m) && !slices.ContainsFunc(f.Owners, same) {
			return []string{s.partyFact(m.Field + "_share")}
		}
	}
	return nil
}

var listedOwners = []string{"EL", "MEU", "SDN"} // 90 FR 47201; 15 CFR 744.8(a)(1)

func heldBy(lists ...string) func(*Scene) ref.Val {
	return func(s *Scene) ref.Val {
		held, _ := s.share(lists...)
		return types.Double(held)
	}
}

// totalHeldBy is unknown when a share is open, by the facts that would settle it.
func totalHeldBy(lists ...string) func(*Scene) ref.Val {
	return func(s *Scene) ref.Val {
		held, open := s.share(lists...)
		if len(open) == 0 {
			return types.Double(held)
		}
		var u *types.Unknown
		for _, fact := range open {
			u = types.MergeUnknowns(u, s.unknown(fact).(*types.Unknown))
		}
		return u
	}
}

func (s *Scene) shareOpen() ref.Val {
	_, open := s.share(listedOwners...)
	return types.Bool(len(open) > 0)
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
	if s.order.Payment == nil || s.order.Payment.Country == "" || s.order.Payment.Country == america {
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
	own := m.Field == "name" || m.Field == "alias"
	return types.Bool(own && s.isHit(m) && s.listed(m))
}

// matchPossible says whether the current match is one that a person must look at: likeness in the review band, a
// country in conflict, or a listed name that is not the party's own.
func (s *Scene) matchPossible() ref.Val {
	m := s.currentMatch()
	if !s.listed(m) || m.Score < s.thresholds.Review || m.Field == "address" || m.Field == "parent" || m.Field == "owner" {
		return types.False
	}
	return types.Bool(s.matchHit() != types.True)
}
