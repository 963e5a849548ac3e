package rule

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"cel.dev/cel-go/common/types"

	"github.com/tidegate/tidegate/schemas/event"
)

// template is a text with places: "{party.name} resembles {match.matched}".
type template struct {
	parts []part
}

type part struct {
	literal string
	get     func(*Scene) string
}

type word struct {
	scope Scope
	get   func(*Scene) string
}

// texts are the places that explanations may have, all as the order or the facts say them.
var texts = map[string]word{
	"order.ship_from":          {0, func(s *Scene) string { return string(s.order.ShipFrom) }},
	"order.destinations":       {0, func(s *Scene) string { return countries(s.places) }},
	"order.payment_country":    {0, func(s *Scene) string { return string(paymentOf(s).Country) }},
	"order.other_eccns":        {0, func(s *Scene) string { return cmp.Or(strings.Join(s.otherECCNs(), ", "), "none") }},
	"order.disagreements":      {0, (*Scene).disagreements},
	"order.failed":             {0, func(s *Scene) string { return s.facts.Failed }},
	"order.power_mw":           {0, func(s *Scene) string { return string(endUseOf(s).PowerMW) }},
	"order.uses":               {0, func(s *Scene) string { return strings.Join(s.uses(), ", ") }},
	"order.training_for":       {0, func(s *Scene) string { return string(endUseOf(s).TrainingFor) }},
	"item.description":         {perItem, func(s *Scene) string { return itemName(s) }},
	"item.class":               {perItem, func(s *Scene) string { return s.itemFacts().Class }},
	"item.how":                 {perItem, func(s *Scene) string { return s.itemFacts().How }},
	"item.eccn":                {perItem, func(s *Scene) string { return s.itemFacts().ECCN }},
	"item.tpp":                 {perItem, func(s *Scene) string { return string(s.itemFacts().TPP) }},
	"item.performance_density": {perItem, func(s *Scene) string { return string(s.itemFacts().Density) }},
	"item.bandwidth":           {perItem, func(s *Scene) string { return string(s.itemFacts().Bandwidth) }},
	"item.hbm_density":         {perItem, func(s *Scene) string { return string(s.itemFacts().HBMDens) }},
	"item.total_tpp":           {perItem, func(s *Scene) string { return string(s.itemFacts().TotalTPP) }},
	"item.letter":              {perItem, func(s *Scene) string { return s.itemFacts().Letter }},
	"item.prc_chip":            {perItem, func(s *Scene) string { return s.itemFacts().PRCChip }},
	"item.node_nm":             {perItem, func(s *Scene) string { return string(s.orderItem().NodeNM) }},
	"item.transistors":         {perItem, func(s *Scene) string { return string(s.orderItem().Transistors) }},
	"destination.name":         {perDestination, func(s *Scene) string { return string(s.destination()) }},
	"party.name":               {perParty, func(s *Scene) string { return s.orderParty().Name }},
	"party.role":               {perParty, func(s *Scene) string { return strings.ReplaceAll(string(s.orderParty().Role), "_", " ") }},
	"party.country":            {perParty, func(s *Scene) string { return string(s.partyFacts().Country) }},
	"party.headquarters":       {perParty, func(s *Scene) string { return string(s.headquarters()) }},
	"party.parent":             {perParty, func(s *Scene) string { c, _ := s.parent(); return string(c) }},
	"party.business":           {perParty, func(s *Scene) string { return s.orderParty().Business }},
	"party.incorporated":       {perParty, func(s *Scene) string { return string(s.orderParty().Incorporated) }},
	"party.owners":             {perParty, func(s *Scene) string { return s.ownersText(listedOwners, multiplied) }},
	"party.owners_policy":      {perParty, (*Scene).ownersPolicy},
	"party.sdn_owners":         {perParty, func(s *Scene) string { return s.ownersText(blockedOwners, chained) }},
	"match.list":               {perMatch | perParty, func(s *Scene) string { return listName(s.currentMatch().List) }},
	"match.name":               {perMatch | perParty, func(s *Scene) string { return s.currentMatch().Name }},
	"match.country":            {perMatch | perParty, func(s *Scene) string { return string(s.currentMatch().Country) }},
	"match.queried":            {perMatch | perParty, func(s *Scene) string { return s.currentMatch().Queried }},
	"match.matched":            {perMatch | perParty, func(s *Scene) string { return s.currentMatch().Matched }},
	"match.field":              {perMatch | perParty, func(s *Scene) string { return s.currentMatch().Field }},
	"match.method":             {perMatch | perParty, func(s *Scene) string { return s.currentMatch().Method }},
	"match.score":              {perMatch | perParty, func(s *Scene) string { return s.currentMatch().Score.String() }},
	"match.citation":           {perMatch | perParty, func(s *Scene) string { return s.currentMatch().Citation }},
	"match.policy":             {perMatch | perParty, func(s *Scene) string { return s.currentMatch().Policy }},
	"match.footnotes":          {perMatch | perParty, footnotes},
}

// Texts lists the places that explanations may have, sorted.
func Texts() []string { return slices.Sorted(maps.Keys(texts)) }

func parseTemplate(text string, scope Scope) (template, error) {
	var t template
	var faults []error
	for whole := text; text != ""; {
		before, rest, found := strings.Cut(text, "{")
		if before != "" {
			t.parts = append(t.parts, part{literal: before})
		}
		if !found {
			break
		}
		at := len(whole) - len(rest) - 1
		name, after, closed := strings.Cut(rest, "}")
		w, ok := texts[name]
		switch {
		case !closed:
			return t, errors.Join(append(faults, &misplaced{at, fmt.Sprintf("{%s is not closed", name)})...)
		case !ok:
			faults = append(faults, &misplaced{at, fmt.Sprintf("{%s} is no place that a text can have", name)})
		case w.scope&^scope != 0:
			faults = append(faults, &misplaced{at, fmt.Sprintf("{%s} cannot be told by a rule per %s", name, scope)})
		}
		t.parts, text = append(t.parts, part{get: w.get}), after
	}
	return t, errors.Join(faults...)
}

func (t template) render(s *Scene) string {
	if len(t.parts) == 1 && t.parts[0].get == nil {
		return t.parts[0].literal
	}
	var b strings.Builder
	for _, p := range t.parts {
		if p.get == nil {
			b.WriteString(p.literal)
			continue
		}
		v := p.get(s)
		if v == "" {
			v = "not stated"
		}
		b.WriteString(v)
	}
	return b.String()
}

func countries(list []event.Country) string {
	names := make([]string, len(list))
	for i, c := range list {
		names[i] = string(c)
	}
	return strings.Join(names, ", ")
}

func itemName(s *Scene) string {
	for _, name := range []string{s.orderItem().Description, s.orderItem().PartNumber, s.orderItem().SKU} {
		if name != "" {
			return name
		}
	}
	return "item " + itoa(s.item+1)
}

func paymentOf(s *Scene) event.Payment {
	if s.order.Payment == nil {
		return event.Payment{}
	}
	return *s.order.Payment
}

func endUseOf(s *Scene) event.EndUse {
	if s.order.EndUse == nil {
		return event.EndUse{}
	}
	return *s.order.EndUse
}

func footnotes(s *Scene) string {
	var out []string
	for _, n := range s.currentMatch().Footnotes {
		if n.Holds(s.date) {
			out = append(out, itoa(n.Number))
		}
	}
	if out == nil {
		return "none"
	}
	return strings.Join(out, ", ")
}

func listName(list string) string {
	switch list {
	case "EL":
		return "Entity List"
	case "MEU":
		return "Military End-User List"
	case "MIEU":
		return "list of military-intelligence end users"
	case "METI":
		return "Foreign End User List of Japan"
	case "OWN":
		return "company's own list"
	case "UVL":
		return "Unverified List"
	case "DPL":
		return "Denied Persons List"
	case "SDN":
		return "SDN List"
	case "CMIC":
		return "NS-CMIC List"
	case "1260H":
		return "Section 1260H list"
	default:
		return list
	}
}

// The statements that an application under 91 FR 1684 comes with, by kind of certification.
var chinaStatements = []struct{ kind, means string }{
	{"us_supply", "enough supply left for US buyers"},
	{"volume_share", "no more than half of what goes to US customers"},
	{"security_and_kyc", "the buyer's security, know-your-customer and remote-access controls"},
	{"no_military_end_use", "no military end use"},
	{"us_lab_test", "an independent US laboratory's test"},
}

func chinaCertificates(s *Scene) string { return chinaStated(s, true) }

func missingChinaCertificates(s *Scene) string {
	if missing := chinaStated(s, false); missing != "" {
		return missing
	}
	return "none"
}

func chinaStated(s *Scene, given bool) string {
	var out []string
	for _, c := range chinaStatements {
		if (s.certified(c.kind) == types.True) == given {
			out = append(out, c.means)
		}
	}
	return strings.Join(out, "; ")
}

// hook tells by what the EAR reach the items for the listed party.
func hook(s *Scene) string {
	if s.subjectAnyhow() {
		return "items subject to the EAR wherever they go"
	}
	var out []string
	for _, h := range []struct {
		number int
		cite   string
	}{{1, "734.9(e)(1)"}, {3, "734.9(g)"}, {4, "734.9(e)(2)"}, {5, "734.9(e)(3)"}} {
		if footnote(h.number)(s) == types.True {
			out = append(out, "footnote "+itoa(h.number)+", 15 CFR "+h.cite)
		}
	}
	return "foreign direct products, by " + strings.Join(out, " and ")
}
