package rule

import (
	"slices"
	"strings"
	"unicode"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/tidegate/tidegate/schemas/event"
)

// Variable is a name that conditions may use.
type Variable struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Per   string `json:"per"` // what the rule must be evaluated per
	Means string `json:"means"`
}

// Vocabulary lists every name that conditions may use, in the order of the scopes.
func Vocabulary() []Variable {
	out := make([]Variable, 0, len(vocabulary))
	for _, v := range vocabulary {
		out = append(out, Variable{v.name, v.typ.String(), v.scope.String(), v.means})
	}
	return out
}

type variable struct {
	name  string
	typ   *cel.Type
	scope Scope
	means string
	get   func(*Scene) ref.Val
}

// Values of variables are kept by place in this table; a scope's variables must stand together.
var vocabulary = slices.Concat(
	orderWords, orderWordsToo, ledgerWords, itemWords, itemWordsToo, destinationWords, partyWords, partyWordsToo, stoppedWords, matchWords, matchWordsToo)

// getters is set by init, for what gets a value may ask for another.
var getters []func(*Scene) ref.Val

func init() {
	for _, v := range vocabulary {
		getters = append(getters, v.get)
	}
}

var variables = func() map[string]int {
	m := make(map[string]int, len(vocabulary))
	for i, v := range vocabulary {
		m[v.name] = i
	}
	return m
}()

var firstOf, endOf = func() (first, end [1 << 4]int) {
	for i, v := range slices.Backward(vocabulary) {
		first[v.scope] = i
	}
	for i, v := range vocabulary {
		end[v.scope] = i + 1
	}
	return first, end
}()

func text(f func(*Scene) string) func(*Scene) ref.Val {
	return func(s *Scene) ref.Val { return types.String(f(s)) }
}

func truth(f func(*Scene) bool) func(*Scene) ref.Val {
	return func(s *Scene) ref.Val { return types.Bool(f(s)) }
}

func is(b *bool) bool { return b != nil && *b }

var orderWords = []variable{
	{"order.failed", cel.BoolType, 0, "enrichment could not state facts", truth(func(s *Scene) bool { return s.facts.Failed != "" })},
	{"order.transaction", cel.StringType, 0, "export, reexport, in_country, cloud, foundry, servicing", text(func(s *Scene) string { return string(s.transaction()) })},
	{"order.ship_from", cel.StringType, 0, "country of shipment start; US for an export that does not say", (*Scene).shipFrom},
	{"order.domestic", cel.BoolType, 0, "every destination is the United States", (*Scene).domestic},
	{"order.elsewhere", cel.BoolType, 0, "a destination abroad that the destination test of 15 CFR 742.6(a)(6)(iii) leaves out", (*Scene).elsewhere},
	{"order.to_d5m", cel.BoolType, 0, "a destination is Macau or in Country Group D:5", (*Scene).toD5M},
	{"order.subject", cel.BoolType, 0, "not every item is known to be outside the EAR", (*Scene).subject},
	{"order.a", cel.BoolType, 0, "an item of class a, not known to be outside the EAR", anyClass("a")},
	{"order.advanced", cel.BoolType, 0, "an item of class a or b, not known to be outside the EAR", anyClass("ab")},
	{"order.ccl", cel.BoolType, 0, "an item on the Commerce Control List, not known to be outside the EAR", (*Scene).anyCCL},
	{"order.other_ccl", cel.BoolType, 0, "an item whose ECCN has controls besides anti-terrorism that are not those of 3A090 and 4A090", (*Scene).otherCCL},
	{"order.no_ccl", cel.BoolType, 0, "every item is known not to be on the Commerce Control List", truth(func(s *Scene) bool { return s.anyCCL() == types.False })},
	{"order.d5m", cel.BoolType, 0, "a party the items go to is headquartered, or has its ultimate parent, in Macau or a D:5 place", (*Scene).anyD5M},
	{"order.known_d5m", cel.BoolType, 0, "the same, known for certain", truth(func(s *Scene) bool { return s.anyD5M() == types.True })},
	{"order.ai_training", cel.BoolType, 0, "AI training is a stated use", use("ai_training")},
	{"order.training", cel.BoolType, 0, "the same; unknown when no use is stated", (*Scene).training},
	{"order.training_for_d5m", cel.BoolType, 0, "models are trained for a party headquartered in Macau or a D:5 place", (*Scene).trainingForD5M},
	{"order.military", cel.BoolType, 0, "military use is stated", use("military")},
	{"order.military_intelligence", cel.BoolType, 0, "military-intelligence use is stated", use("military_intelligence")},
	{"order.wmd", cel.BoolType, 0, "use in weapons of mass destruction is stated", use("wmd")},
	{"order.technical_analysis", cel.BoolType, 0, "technical analysis is the only stated use", (*Scene).technicalAnalysis},
	{"order.withheld", cel.BoolType, 0, "the purchaser would not state the end use", (*Scene).withheld},
	{"order.route_changed", cel.BoolType, 0, "route, consignee or address changed late", truth(func(s *Scene) bool { return is(s.order.RouteLate) })},
	{"order.cash", cel.BoolType, 0, "paid in cash", truth(func(s *Scene) bool { return s.order.Payment != nil && s.order.Payment.Method == "cash" })},
	{"order.payer_foreign", cel.BoolType, 0, "paid from a country that is neither a destination nor a party's", (*Scene).payerForeign},
	{"order.power_stated", cel.BoolType, 0, "the data center's power is stated", truth(func(s *Scene) bool { _, ok := s.power(); return ok })},
	{"order.power_mw", cel.DoubleType, 0, "the data center's power, MW; 0 when not stated", func(s *Scene) ref.Val { mw, _ := s.power(); return types.Double(mw) }},
	{"order.accelerators", cel.DoubleType, 0, "number of chips whose TPP is known", (*Scene).accelerators},
	{"order.total_tpp", cel.DoubleType, 0, "TPP of all items of class a together; unknown where one is", (*Scene).totalTPP},
	{"order.end_user_named", cel.BoolType, 0, "a party is named as end user", truth(func(s *Scene) bool {
		return slices.ContainsFunc(s.order.Parties, func(p event.Party) bool { return p.Role == event.EndUser })
	})},
	{"order.master_disagrees", cel.BoolType, 0, "the company's own masters say otherwise than the order", truth(func(s *Scene) bool { return len(s.facts.Disagrees) > 0 })},
	{"order.master_conflict", cel.BoolType, 0, "the same, where it may count", truth((*Scene).conflict)},
	{"order.uvl_statement", cel.BoolType, 0, "a UVL statement is given", func(s *Scene) ref.Val { return s.certified("uvl_statement") }},
}

var itemWords = []variable{
	{"item.a", cel.BoolType, perItem, "3A090.a, 4A090.a or the matching .z", class("a")},
	{"item.b", cel.BoolType, perItem, "3A090.b, 4A090.b or the matching .z", class("b")},
	{"item.ab", cel.BoolType, perItem, "class a or b", class("ab")},
	{"item.c", cel.BoolType, perItem, "3A090.c: high-bandwidth memory", class("c")},
	{"item.controlled_2022", cel.BoolType, perItem, "3A090 or 4A090 as they stood from 2022-10-21 to 2023-11-16", (*Scene).controlled2022},
	{"item.ccl", cel.BoolType, perItem, "on the Commerce Control List", (*Scene).ccl},
	{"item.subject", cel.BoolType, perItem, "not known to be outside the EAR", truth(func(s *Scene) bool { return s.itemFacts().Subject != "no" })},
	{"item.tpp", cel.DoubleType, perItem, "total processing performance of one IC or package", func(s *Scene) ref.Val { return s.number("tpp", s.itemFacts().TPP, s.orderItem().TPP) }},
	{"item.total_tpp", cel.DoubleType, perItem, "TPP × chips × quantity", func(s *Scene) ref.Val { return s.number("total_tpp", s.itemFacts().TotalTPP) }},
	{"item.bandwidth", cel.DoubleType, perItem, "total DRAM bandwidth, GB/s", func(s *Scene) ref.Val {
		return s.number("memory_bandwidth_gbps", s.itemFacts().Bandwidth, s.orderItem().Bandwidth)
	}},
	{"item.hbm_density", cel.DoubleType, perItem, "HBM bandwidth density, GB/s per mm²", func(s *Scene) ref.Val { return s.number("hbm_package_area_mm2", s.itemFacts().HBMDens) }},
	{"item.datacenter", cel.BoolType, perItem, "designed or marketed for data centers", (*Scene).datacenter},
	{"item.letter", cel.StringType, perItem, "named in an is-informed letter: A100, H100, MI250, H20, MI308; empty when not", text(func(s *Scene) string { return s.itemFacts().Letter })},
	{"item.prc_chip", cel.StringType, perItem, "advanced chip designed by a firm in a D:5 place, by name; empty when not", text(func(s *Scene) string { return s.itemFacts().PRCChip })},
	{"item.late_to_market", cel.BoolType, perItem, "stated not to have been on sale in the United States on 2026-01-15", truth(func(s *Scene) bool { v := s.orderItem().SoldInUS; return v != nil && !*v })},
	{"item.node_nm", cel.DoubleType, perItem, "logic node, nm", func(s *Scene) ref.Val { return s.number("node_nm", s.orderItem().NodeNM) }},
	{"item.non_planar", cel.BoolType, perItem, "non-planar transistors", (*Scene).nonPlanar},
	{"item.transistors", cel.DoubleType, perItem, "transistors of the packaged IC, billions; unknown when not stated", func(s *Scene) ref.Val { return s.number("transistors_billion", s.orderItem().Transistors) }},
	{"item.transistors_stated", cel.BoolType, perItem, "the number of transistors is stated", truth(func(s *Scene) bool { return s.orderItem().Transistors != "" })},
	{"item.no_hbm", cel.BoolType, perItem, "stated to hold no high-bandwidth memory", truth(func(s *Scene) bool { v := s.orderItem().HBM; return v != nil && !*v })},
	{"item.designer_status", cel.StringType, perItem, "approved, authorized; empty when not stated", text(func(s *Scene) string { return s.orderItem().DesignerStatus })},
	{"item.packager_status", cel.StringType, perItem, "approved; empty when not stated", text(func(s *Scene) string { return s.orderItem().PackagerStatus })},
	{"item.packager_is_foundry", cel.BoolType, perItem, "packaged by the fabricator itself, outside Macau and D:5", (*Scene).packagedByFoundry},
}

var destinationWords = []variable{
	{"destination.code", cel.StringType, perDestination, "country; CN for Hong Kong from 2020-12-23", (*Scene).destinationCode},
	{"destination.a1", cel.BoolType, perDestination, "in Country Group A:1", inGroup("A:1")},
	{"destination.a5", cel.BoolType, perDestination, "in Country Group A:5", inGroup("A:5")},
	{"destination.a6", cel.BoolType, perDestination, "in Country Group A:6", inGroup("A:6")},
	{"destination.d1", cel.BoolType, perDestination, "in Country Group D:1", inGroup("D:1")},
	{"destination.d4", cel.BoolType, perDestination, "in Country Group D:4", inGroup("D:4")},
	{"destination.d5", cel.BoolType, perDestination, "in Country Group D:5", inGroup("D:5")},
	{"destination.e1", cel.BoolType, perDestination, "in Country Group E:1", inGroup("E:1")},
	{"destination.e2", cel.BoolType, perDestination, "in Country Group E:2", inGroup("E:2")},
	{"destination.s5a", cel.BoolType, perDestination, "in Supplement 5(a) to part 740", inGroup("S5A")},
}

var partyWords = []variable{
	{"party.d5m", cel.BoolType, perParty, "headquartered, or ultimate parent headquartered, in Macau or a D:5 place", (*Scene).partyD5M},
	{"party.country", cel.StringType, perParty, "where it is located; empty when not known", text(func(s *Scene) string { return string(s.partyFacts().Country) })},
	{"party.a1", cel.BoolType, perParty, "located in Country Group A:1; false when not known", truth(func(s *Scene) bool { return s.member(s.partyFacts().Country, "A:1") == types.True })},
	{"party.role", cel.StringType, perParty, "role", text(func(s *Scene) string { return string(s.orderParty().Role) })},
	{"party.name", cel.StringType, perParty, "name", text(func(s *Scene) string { return s.orderParty().Name })},
	{"party.customer", cel.StringType, perParty, "the seller's own number for it; empty when not stated", text(func(s *Scene) string { return s.orderParty().Customer })},
	{"party.plain_name", cel.StringType, perParty, "name in small letters, words parted by one space, without marks", text(func(s *Scene) string { return plainName(s.orderParty().Name) })},
	{"party.business", cel.StringType, perParty, "line of business; empty when not stated", text(func(s *Scene) string { return s.orderParty().Business })},
	{"party.unrelated_trade", cel.StringType, perParty, "a trade that has no use for advanced chips, in its line of business or name: realtor, bakery …; empty when none", text(func(s *Scene) string { return unrelatedTrade(s.orderParty()) })},
	{"party.incorporated", cel.StringType, perParty, "date of incorporation; empty when not stated", text(func(s *Scene) string { return string(s.orderParty().Incorporated) })},
	{"party.no_web_presence", cel.BoolType, perParty, "a web presence was looked for and not found", truth(func(s *Scene) bool { return is(s.orderParty().NoWebsite) })},
	{"party.address_kind", cel.StringType, perParty, "office, datacenter, warehouse, residential, mail_drop; empty when not stated", text(func(s *Scene) string {
		if a := s.orderParty().Address; a != nil {
			return a.Kind
		}
		return ""
	})},
	{"party.consignee_type", cel.StringType, perParty, "direct_consumer, government, reseller, other; empty when not stated", text(func(s *Scene) string { return s.orderParty().ConsigneeType })},
	{"party.room_listed", cel.BoolType, perParty, "an address-only row of the Entity List in force names its room", (*Scene).roomListed},
	{"party.freight", cel.BoolType, perParty, "a freight forwarder by its other role or its line of business", (*Scene).freight},
	{"party.held_by_sdn", cel.DoubleType, perParty, "percent held for certain by SDN parties, together; who they own half of counts as one of them", ownedBy("SDN")},
	{"party.total_held_by_sdn", cel.DoubleType, perParty, "the same; unknown when a share is open that could make it half", totalOwnedBy("SDN")},
	{"party.held_by_listed", cel.DoubleType, perParty, "percent held for certain by Entity List, MEU List and SDN parties, together: shares multiplied along every way and summed", heldBy(listedOwners...)},
	{"party.held_by_el_sdn", cel.DoubleType, perParty, "percent of these held by Entity List and SDN parties", heldBy("EL", "SDN")},
	{"party.listed_share_open", cel.BoolType, perParty, "a listed party holds a share that nobody stated", (*Scene).shareOpen},
}

var matchWords = []variable{
	{"match.list", cel.StringType, perMatch | perParty, "EL, MEU, UVL, DPL, SDN, CMIC, 1260H", text(func(s *Scene) string { return s.currentMatch().List })},
	{"match.hit", cel.BoolType, perMatch | perParty, "the party's own name is the listed one: score at the hit threshold, countries not in conflict", (*Scene).matchHit},
	{"match.possible", cel.BoolType, perMatch | perParty, "a person must look: review band, country in conflict, or another name than the party's own", (*Scene).matchPossible},
	{"match.listed", cel.BoolType, perMatch | perParty, "the entry is in force", truth(func(s *Scene) bool { return s.listed(s.currentMatch()) })},
	{"match.certain", cel.BoolType, perMatch | perParty, "score at the hit threshold", truth(func(s *Scene) bool { return s.currentMatch().Score >= s.thresholds.Hit })},
	{"match.field", cel.StringType, perMatch | perParty, "name, alias, identifier, director, contact, parent, owner, payer, address", text(func(s *Scene) string { return s.currentMatch().Field })},
	{"match.method", cel.StringType, perMatch | perParty, "exact, normalized, reordered, one_edit, alike, identifier, address_room, address_building", text(func(s *Scene) string { return s.currentMatch().Method })},
	{"match.scope", cel.StringType, perMatch | perParty, "what items the row covers: all, ccl", text(func(s *Scene) string { return s.currentMatch().Scope })},
	{"match.address_only", cel.BoolType, perMatch | perParty, "an address-only row", truth(func(s *Scene) bool { return s.currentMatch().Scope == "ccl" })},
}

// plainName keeps letters and digits: "Lantern-Bay Trading Co., Ltd." is "lantern bay trading co ltd".
func plainName(name string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ")
}

// packagedByFoundry says whether the fabricator packages the IC outside Macau and the D:5 places (15 CFR 742.6(a)(6)(iii)).
func (s *Scene) packagedByFoundry() ref.Val {
	it := s.orderItem()
	return types.Bool(it.Packager != "" && it.Packager == it.Foundry && it.PackagerCountry != "" && s.d5m(it.PackagerCountry) == types.False)
}
