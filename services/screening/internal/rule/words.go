package rule

import (
	"maps"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/tidegate/tidegate/schemas/event"
)

// Words about license exceptions, foreign direct products, other entries of the Commerce Control List and routes.
var (
	orderWordsToo = []variable{
		{"order.known_advanced", cel.BoolType, 0, "an item of class a or b for certain", truth(func(s *Scene) bool { return anyClass("ab")(s) == types.True })},
		{"order.known_ccl", cel.BoolType, 0, "an item on the Commerce Control List for certain", truth(func(s *Scene) bool { return s.anyCCL() == types.True })},
		{"order.barred", cel.BoolType, 0, "a party is a hit on the Entity, Unverified, Military End-User, Denied Persons or SDN List: no license exception", truth((*Scene).barred)},
		{"order.supercomputer", cel.BoolType, 0, "use in a supercomputer is stated", use("supercomputer")},
		{"order.semiconductor", cel.BoolType, 0, "semiconductor manufacturing is a stated use", use("semiconductor_manufacturing")},
		{"order.services_only", cel.BoolType, 0, "the buyer gives others access to the compute", truth(func(s *Scene) bool { return s.order.EndUse != nil && is(s.order.EndUse.ServicesOnly) })},
		{"order.government", cel.BoolType, 0, "a consignee is a government", truth(func(s *Scene) bool {
			return slices.ContainsFunc(s.order.Parties, func(p event.Party) bool { return p.ConsigneeType == "government" })
		})},
		{"order.end_user_us_a5", cel.BoolType, 0, "every end user, else ultimate consignee, else purchaser, is headquartered in the United States or Country Group A:5", (*Scene).endUserA5},
		{"order.located_s5a", cel.BoolType, 0, "every party the items go to is located and headquartered, with its ultimate parent, in Supplement 5(a) to part 740", (*Scene).locatedS5A},
		{"order.known_outside_s5a", cel.BoolType, 0, "a party the items go to is headquartered, or has its ultimate parent, outside Supplement 5(a) for certain", truth(func(s *Scene) bool { return s.headquarteredS5A() == types.False })},
		{"order.authorized_designer", cel.BoolType, 0, "every designer of an item of class a is stated to be approved or authorized, or headquartered in Taiwan, A:1 or A:5", (*Scene).authorizedDesigner},
		{"order.end_user_statement", cel.BoolType, 0, "an end-user statement is given", func(s *Scene) ref.Val { return s.certified("end_user_statement") }},
		{"order.nac_declared", cel.BoolType, 0, "license exception NAC is declared", truth(func(s *Scene) bool { return s.declared("NAC") != nil })},
		{"order.aia_declared", cel.BoolType, 0, "license exception AIA is declared", truth(func(s *Scene) bool { return s.declared("AIA") != nil })},
		{"order.lpp_declared", cel.BoolType, 0, "license exception LPP is declared", truth(func(s *Scene) bool { return s.declared("LPP") != nil })},
		{"order.lpp_numbered", cel.BoolType, 0, "LPP is declared with the number of the notice to BIS", truth(func(s *Scene) bool { a := s.declared("LPP"); return a != nil && a.Number != "" })},
		{"order.nac_notified", cel.BoolType, 0, "NAC is declared with the number of a notification made 25 calendar days or more before", truth((*Scene).nacNotified)},
		{"order.odd_route", cel.BoolType, 0, "the route passes Macau, a D:5 place or Russia, which is no destination", (*Scene).oddRoute},
		{"order.direct_product", cel.BoolType, 0, "an item is subject to the EAR as a direct product and for nothing else", truth(func(s *Scene) bool { return slices.ContainsFunc(s.facts.Items, directProduct) })},
	}
	itemWordsToo = []variable{
		{"item.eccn", cel.StringType, perItem, "ECCN; empty when not known", text(func(s *Scene) string { return s.itemFacts().ECCN })},
		{"item.entry", cel.StringType, perItem, "the five characters of its ECCN; empty when not known", text(func(s *Scene) string { return entryOf(s.itemFacts().ECCN) })},
		{"item.other_controls", cel.BoolType, perItem, "its ECCN has controls besides anti-terrorism that are not those of 3A090 and 4A090; not known to be outside the EAR", truth(func(s *Scene) bool {
			f := s.itemFacts()
			return f.Subject != "no" && !advancedClass(f.Class) && otherControls(f.ECCN)
		})},
		{"item.series_600", cel.BoolType, perItem, "a 600-series or 9x515 item", truth(func(s *Scene) bool { return series600(s.itemFacts().ECCN) })},
		{"item.none", cel.BoolType, perItem, "known to be of no class", truth(func(s *Scene) bool { return s.itemFacts().Class == "none" })},
		{"item.bandwidth_stated", cel.BoolType, perItem, "the total DRAM bandwidth is known", truth(func(s *Scene) bool { return s.itemFacts().Bandwidth != "" || s.orderItem().Bandwidth != "" })},
		{"item.hbm", cel.BoolType, perItem, "stated to hold high-bandwidth memory", truth(func(s *Scene) bool { return is(s.orderItem().HBM) })},
		{"item.designed_d5m", cel.BoolType, perItem, "designed by a firm headquartered in Macau or a D:5 place; false when not known", truth(func(s *Scene) bool {
			hq := s.itemFacts().DesignHQ
			return hq != "" && s.d5m(hq) == types.True
		})},
	}
	partyWordsToo = []variable{
		{"party.a5_a6", cel.BoolType, perParty, "located in Country Group A:5 or A:6; false when not known", truth(func(s *Scene) bool { return s.inAny(s.partyFacts().Country, "A:5", "A:6") == types.True })},
		{"party.known_d5m", cel.BoolType, perParty, "headquartered, or ultimate parent headquartered, in Macau or a D:5 place, for certain", truth(func(s *Scene) bool { return s.partyD5M() == types.True })},
	}
	matchWordsToo = []variable{
		{"match.footnote_1", cel.BoolType, perMatch | perParty, "the row carries footnote 1 on the date", footnote(1)},
		{"match.footnote_3", cel.BoolType, perMatch | perParty, "footnote 3", footnote(3)},
		{"match.footnote_4", cel.BoolType, perMatch | perParty, "footnote 4", footnote(4)},
		{"match.footnote_5", cel.BoolType, perMatch | perParty, "footnote 5", footnote(5)},
		{"match.subject", cel.BoolType, perMatch | perParty, "an item is subject to the EAR whoever it is for: not known to be outside, and not as a direct product alone unless of class a, b or c", truth((*Scene).subjectAnyhow)},
		{"match.tool", cel.BoolType, perMatch | perParty, "an item with US content or a direct product is of product group 3B", truth((*Scene).tool)},
		{"match.open_product", cel.BoolType, perMatch | perParty, "an item is a direct product that another paragraph of 15 CFR 734.9 may reach: its ECCN is not known or is controlled for more than anti-terrorism", truth((*Scene).openProduct)},
		{"match.entry", cel.StringType, perMatch | perParty, "the entry's id", text(func(s *Scene) string { return s.currentMatch().Entry })},
		{"match.name", cel.StringType, perMatch | perParty, "the entry's primary name", text(func(s *Scene) string { return s.currentMatch().Name })},
	}
)

// Places of texts for the same things.
func init() {
	maps.Copy(texts, map[string]word{
		"order.cn_certificates":         {0, chinaCertificates},
		"order.missing_cn_certificates": {0, missingChinaCertificates},
		"order.route":                   {0, func(s *Scene) string { return countries(s.order.Route) }},
		"order.transaction":             {0, func(s *Scene) string { return string(s.transaction()) }},
		"match.hook":                    {perMatch | perParty, hook},
		"party.customer":                {perParty, func(s *Scene) string { return s.orderParty().Customer }},
	})
}

func footnote(number int) func(*Scene) ref.Val {
	return truth(func(s *Scene) bool {
		return slices.ContainsFunc(s.currentMatch().Footnotes, func(n event.Footnote) bool { return n.Number == number && n.Holds(s.date) })
	})
}

func directProduct(f event.ItemFacts) bool {
	return f.Subject == "yes" && f.SubjectHow == "direct_product"
}

func advancedClass(class string) bool { return class == "a" || class == "b" || class == "c" }

// subjectAnyhow leaves out direct products, which a footnote must reach, save those of class a, b and c, which 15 CFR
// 734.9(h) reaches.
func (s *Scene) subjectAnyhow() bool {
	return len(s.facts.Items) == 0 || slices.ContainsFunc(s.facts.Items, func(f event.ItemFacts) bool {
		return f.Subject != "no" && (!directProduct(f) || advancedClass(f.Class))
	})
}

func (s *Scene) tool() bool {
	return slices.ContainsFunc(s.facts.Items, func(f event.ItemFacts) bool {
		return strings.HasPrefix(f.ECCN, "3B") && (directProduct(f) || f.SubjectHow == "de_minimis")
	})
}

func (s *Scene) openProduct() bool {
	return slices.ContainsFunc(s.facts.Items, func(f event.ItemFacts) bool {
		return directProduct(f) && !advancedClass(f.Class) && (f.ECCN == "" && f.How != "goods" || otherControls(f.ECCN))
	})
}

func entryOf(eccn string) string {
	entry, _, _ := strings.Cut(eccn, ".")
	return entry
}

// series600 says whether the third character of an entry is a 6, or the entry is 9x515 (15 CFR 772.1).
func series600(eccn string) bool {
	entry := entryOf(eccn)
	return len(entry) == 5 && entry != "EAR99" && (entry[2] == '6' || entry[0] == '9' && entry[2:] == "515")
}

var barring = []string{"EL", "UVL", "MEU", "MIEU", "DPL", "SDN"}

// barred says whether a party's own name is a hit on a list that bars license exceptions (15 CFR 740.2(a), 744.11(a),
// 744.15(a), 744.16(b)).
func (s *Scene) barred() bool {
	for i := range s.facts.Parties {
		f := &s.facts.Parties[i]
		if slices.ContainsFunc(f.Matches, func(m event.Match) bool {
			own := m.Field == "name" || m.Field == "alias"
			return own && slices.Contains(barring, m.List) && s.isHit(&m) && s.listed(&m)
		}) {
			return true
		}
	}
	return false
}

// allOf is the three-valued and of n values.
func allOf(n int, value func(int) ref.Val) ref.Val {
	return negate(anyOf(n, func(i int) ref.Val { return negate(value(i)) }))
}

// taking lists the parties of the first of these roles that the order has.
func (s *Scene) taking() []int {
	var out []int
	for _, role := range []event.Role{event.EndUser, event.UltimateConsignee, event.Purchaser} {
		for i := range s.order.Parties {
			if s.order.Parties[i].Role == role {
				out = append(out, i)
			}
		}
		if out != nil {
			break
		}
	}
	return out
}

func (s *Scene) endUserA5() ref.Val {
	at := s.party
	defer func() { s.party = at }()
	users := s.taking()
	return allOf(len(users), func(i int) ref.Val {
		s.party = users[i]
		hq := s.headquarters()
		switch hq {
		case "":
			return s.unknown(s.partyFact("headquarters"))
		case america:
			return types.True
		}
		return s.member(hq, "A:5")
	})
}

func (s *Scene) locatedS5A() ref.Val {
	located := allOf(len(s.order.Parties), func(i int) ref.Val {
		c := s.facts.Parties[i].Country
		switch {
		case !slices.Contains(consignees, s.order.Parties[i].Role), c == america:
			return types.True
		case c == "":
			return s.unknown("parties[" + itoa(i) + "].address.country")
		}
		return s.member(c, "S5A")
	})
	values := [2]ref.Val{located, s.headquarteredS5A()}
	return allOf(2, func(i int) ref.Val { return values[i] })
}

func (s *Scene) headquarteredS5A() ref.Val {
	at := s.party
	defer func() { s.party = at }()
	return allOf(2*len(s.order.Parties), func(i int) ref.Val {
		s.party = i / 2
		if !slices.Contains(consignees, s.order.Parties[s.party].Role) {
			return types.True
		}
		country, fact := s.headquarters(), "headquarters"
		if i%2 == 1 {
			country, fact = s.parent()
		}
		switch country {
		case "":
			return s.unknown(s.partyFact(fact))
		case america:
			return types.True
		}
		return s.member(country, "S5A")
	})
}

func (s *Scene) authorizedDesigner() ref.Val {
	return allOf(len(s.order.Items), func(i int) ref.Val {
		if s.facts.Items[i].Class != "a" {
			return types.True
		}
		if hq := s.facts.Items[i].DesignHQ; s.order.Items[i].DesignerStatus != "" || hq == america || hq == "TW" {
			return types.True
		} else if hq != "" && s.inAny(hq, "A:1", "A:5") == types.True {
			return types.True
		}
		return s.unknown("items[" + itoa(i) + "].designer_status")
	})
}

// declared is the license exception of this code that the order relies on; nil where it does not.
func (s *Scene) declared(code string) *event.Authority {
	for i := range s.order.Declared {
		if a := &s.order.Declared[i]; a.Kind == "exception" && strings.EqualFold(a.Code, code) {
			return a
		}
	}
	return nil
}

// nacNotified asks for the number of the notification and for its first day, 25 calendar days or more before the date
// (15 CFR 740.8(a)(2)).
func (s *Scene) nacNotified() bool {
	a := s.declared("NAC")
	return a != nil && a.Number != "" && a.From != "" && a.From.AddDays(25) <= s.date && (a.Until == "" || s.date <= a.Until)
}

func (s *Scene) oddRoute() ref.Val {
	return anyOf(len(s.order.Route), func(i int) ref.Val {
		c := s.order.Route[i]
		if slices.Contains(s.places, c) {
			return types.False
		}
		if c == "RU" {
			return types.True
		}
		return s.d5m(c)
	})
}
