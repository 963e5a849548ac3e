package rule

import (
	"maps"
	"slices"

	"cel.dev/cel-go/common/types"

	"github.com/tidegate/tidegate/schemas/event"
)

// Need is what an order must have before a rule is evaluated at all: a cheap guard in front of the condition, never
// instead of it. A rule's condition must be false wherever its need is not met.
type Need uint32

// The needs.
const (
	NeedMatch         Need = 1 << iota // a party resembles a listed one
	NeedShared                         // a party shares an address with a listed one
	NeedOwner                          // a party has a listed owner or parent
	NeedAdvanced                       // an item is of class a or b, or may be
	NeedHBM                            // an item is of class c, or is memory that may be; other unknown items are asked about under NeedAdvanced
	Need2022                           // an item was controlled in 2022, or may have been
	NeedLetter                         // an item is named in a letter
	NeedPRCChip                        // an item is a chip designed in a D:5 place
	NeedFoundry                        // the transaction is foundry work
	NeedUse                            // an end use is stated, or the transaction is cloud
	NeedWithheld                       // the purchaser would not state the end use
	NeedFailed                         // enrichment failed
	NeedPayment                        // how it is paid, and from where
	NeedRouteChange                    // route, consignee or address changed late
	NeedIncorporated                   // a party's date of incorporation
	NeedNoWebsite                      // a party without web presence
	NeedAddressKind                    // the kind of a party's address
	NeedConsigneeType                  // the type of a consignee
	NeedLineOfWork                     // a party's line of business, or a forwarder in another role
	NeedDisagreement                   // order and masters differ
	NeedOutside                        // a destination under embargo, or an item with controls other than 3A090 and 4A090
	NeedShipped                        // the order, or a part of it, left
	NeedStopped                        // a party looks like one that was stopped before
	NeedLicenseFault                   // a license that the order names does not answer what it should
	NeedRoute                          // countries passed on the way
	NeedCCL                            // an item known to be on the Commerce Control List
	NeedProduct                        // an item that is subject to the EAR as a direct product alone, or below the de minimis line
)

// placeless are the needs of rules that never ask for a country's groups on their own.
const placeless = NeedDisagreement | NeedWithheld | NeedFailed | NeedPayment | NeedRouteChange | NeedIncorporated | NeedNoWebsite |
	NeedAddressKind | NeedConsigneeType | NeedLineOfWork | NeedShipped | NeedStopped | NeedLicenseFault

var needNames = map[string]Need{
	"match": NeedMatch, "shared_address": NeedShared, "owner": NeedOwner, "advanced": NeedAdvanced, "hbm": NeedHBM,
	"controlled_2022": Need2022, "letter": NeedLetter, "prc_chip": NeedPRCChip, "foundry": NeedFoundry, "use": NeedUse,
	"withheld": NeedWithheld, "failed": NeedFailed, "payment": NeedPayment, "route_changed": NeedRouteChange,
	"incorporated": NeedIncorporated, "no_web_presence": NeedNoWebsite, "address_kind": NeedAddressKind,
	"consignee_type": NeedConsigneeType, "line_of_business": NeedLineOfWork, "outside": NeedOutside,
	"disagreement": NeedDisagreement,
	"shipped":      NeedShipped, "stopped": NeedStopped, "license_fault": NeedLicenseFault,
	"route": NeedRoute, "ccl": NeedCCL, "direct_product": NeedProduct,
}

// Needs lists the names of the needs, sorted.
func Needs() []string { return slices.Sorted(maps.Keys(needNames)) }

// Need is what the rule needs.
func (r *Rule) Need() Need { return r.needs }

// found gathers what an order has.
func (s *Scene) found() Need {
	var n Need
	for i := range s.facts.Parties {
		n |= partyNeeds(&s.facts.Parties[i]) | statedOf(&s.order.Parties[i])
		for m := range s.matchesOf(i) {
			s.party, s.match = i, m
			s.lists |= listBit(s.currentMatch().List)
		}
	}
	if s.order.Payment != nil {
		n |= NeedPayment
	}
	if is(s.order.RouteLate) {
		n |= NeedRouteChange
	}
	for i := range s.facts.Items {
		n |= itemNeeds(&s.facts.Items[i])
	}
	if s.order.Transaction == event.Foundry {
		n |= NeedFoundry
	}
	if s.order.Transaction == event.Cloud || len(s.uses()) > 0 {
		n |= NeedUse
	}
	if len(s.facts.Disagrees) > 0 {
		n |= NeedDisagreement
	}
	if s.cause.Kind == event.Shipped {
		n |= NeedShipped
	}
	if len(s.order.Route) > 0 {
		n |= NeedRoute
	}
	if s.outside() {
		n |= NeedOutside
	}
	if s.withheld() == types.True {
		n |= NeedWithheld
	}
	return n
}

// statedOf gathers what the order states of a party that red flags ask about.
func statedOf(p *event.Party) Need {
	var n Need
	if p.Incorporated != "" {
		n |= NeedIncorporated
	}
	if is(p.NoWebsite) {
		n |= NeedNoWebsite
	}
	if p.Address != nil && p.Address.Kind != "" {
		n |= NeedAddressKind
	}
	if p.ConsigneeType != "" {
		n |= NeedConsigneeType
	}
	if p.Business != "" || p.Role == event.Forwarder {
		n |= NeedLineOfWork
	}
	return n
}

// AsksPlaces says whether the order has anything for which a rule may ask for Country Groups.
func (s *Scene) AsksPlaces() bool { return s.needs&^placeless != 0 }

func partyNeeds(f *event.PartyFacts) Need {
	var n Need
	if len(f.Matches) > 0 {
		n |= NeedMatch
	}
	if len(f.SharedWith) > 0 {
		n |= NeedShared | NeedMatch
	}
	if len(f.Owners) > 0 || f.StakesCut {
		n |= NeedOwner
	}
	for i := range f.Matches {
		switch f.Matches[i].Field {
		case "parent", "owner":
			n |= NeedOwner
		case "address":
			n |= NeedShared
		}
	}
	return n
}

func itemNeeds(f *event.ItemFacts) Need {
	var n Need
	switch f.Class {
	case "none":
	case "a", "b":
		n |= NeedAdvanced
	case "c":
		n |= NeedHBM
	default:
		n |= NeedAdvanced
		if slices.Contains(f.Missing, "hbm_package_area_mm2") {
			n |= NeedHBM
		}
	}
	if f.Class2022 != "none" {
		n |= Need2022
	}
	if f.Letter != "" {
		n |= NeedLetter
	}
	if f.Subject != "no" && (advancedClass(f.Class) || f.ECCN != "" && f.ECCN != "EAR99") {
		n |= NeedCCL
	}
	if directProduct(*f) || f.SubjectHow == "de_minimis" {
		n |= NeedProduct
	}
	if f.PRCChip != "" {
		n |= NeedPRCChip
	}
	return n
}
