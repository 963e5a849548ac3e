package x12

import (
	"slices"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/document"
	"github.com/tidegate/tidegate/services/ingest/internal/edi"
)

// roles by entity identifier code (element 98). A code that is not here stands for another party to the transaction, which
// is screened as an intermediate consignee: no party is left out because of its code.
var roles = map[string][]event.Role{
	"BY": {event.Purchaser}, "SO": {event.Purchaser}, "OB": {event.Purchaser}, "MI": {event.Purchaser}, "SI": {event.Purchaser}, "LW": {event.Purchaser},
	"BG": {event.Purchaser}, "PK": {event.Purchaser}, "BS": {event.Purchaser, event.UltimateConsignee},
	"ST": {event.UltimateConsignee}, "UC": {event.UltimateConsignee}, "CN": {event.UltimateConsignee}, "DA": {event.UltimateConsignee}, "AB": {event.UltimateConsignee},
	"RC": {event.UltimateConsignee}, "DN": {event.UltimateConsignee}, "X9": {event.UltimateConsignee},
	"EN": {event.EndUser}, "EU": {event.EndUser}, "MA": {event.EndUser}, "IA": {event.EndUser}, "Z7": {event.EndUser}, "R6": {event.EndUser}, "UD": {event.EndUser}, "LI": {event.EndUser},
	"IC": {event.IntermediateConsignee}, "DU": {event.IntermediateConsignee}, "DS": {event.IntermediateConsignee}, "RS": {event.IntermediateConsignee},
	"FW": {event.Forwarder}, "CA": {event.Forwarder}, "CS": {event.Forwarder}, "CB": {event.Forwarder}, "FA": {event.Forwarder}, "FF": {event.Forwarder}, "BR": {event.Forwarder},
	"SE": {event.Exporter}, "SU": {event.Exporter}, "VN": {event.Exporter}, "SF": {event.Exporter}, "EX": {event.Exporter}, "SH": {event.Exporter}, "PW": {event.Exporter},
	"II": {event.Exporter}, "BO": {event.Exporter}, "FR": {event.Exporter}, "RI": {event.Exporter}, "PE": {event.Exporter},
	"BT": {event.Payer}, "PR": {event.Payer}, "PO": {event.Payer}, "AP": {event.Payer}, "IV": {event.Payer},
	"MF": {event.Manufacturer}, "MP": {event.Manufacturer},
}

// partySegment reads a segment of an N1 loop, and contacts before the first.
func (r *reader) partySegment(s *edi.Segment) {
	if s.Tag == "N1" || s.Tag == "NM1" {
		r.endParty()
		r.party = r.begun(s)
		return
	}
	p := r.party
	if p == nil {
		if s.Tag != "PER" {
			r.f.Fault(s.Offset, document.CodeSyntax, "%s without an N1 before it: whose name or address is it?", s.Tag)
		}
		if s.Tag == "PER" && r.item == nil {
			r.buyer = append(r.buyer, document.Lines(s.Whole(2))...)
		}
		return
	}
	switch s.Tag {
	case "N2":
		p.more = append(p.more, document.Lines(s.Whole(1), s.Whole(2))...)
	case "N3":
		p.Address.Lines = append(p.Address.Lines, document.Lines(s.Whole(1), s.Whole(2))...)
	case "N4":
		p.Address.City, p.Address.Region, p.Address.Postcode = document.Text(s.Whole(1)), s.El(2), s.El(3)
		p.Address.Country = r.f.Country(s.Offset, "N404", s.El(4))
	case "PER":
		p.Contacts = append(p.Contacts, document.Lines(s.Whole(2))...)
		for i := 3; i < s.Len(); i += 2 {
			p.reach(s.El(i), document.Text(s.Whole(i+1)))
		}
	}
}

// reach takes a communication number by its qualifier (element 365).
func (p *partner) reach(qualifier, number string) {
	switch qualifier {
	case "TE", "CP", "WP", "HP", "AP":
		p.Phone = first(p.Phone, number)
	case "EM":
		p.Email = first(p.Email, document.Email(number))
	case "UR":
		p.Website = first(p.Website, number)
	}
}

// begun opens a party: its name, and its number by who gave it (element 66).
func (r *reader) begun(s *edi.Segment) *partner {
	p := &partner{at: s.Offset, code: s.El(1)}
	p.Address = &event.Address{}
	p.Name = document.Text(s.Whole(2))
	qualifier, id := s.El(3), s.El(4)
	if s.Tag == "NM1" { // a person's or firm's name by its parts
		p.Name = document.Text(s.Whole(4) + " " + s.Whole(5) + " " + s.Whole(3))
		qualifier, id = s.El(8), s.El(9)
	}
	switch {
	case id == "" || document.Unknown(id):
	case qualifier == "UL" && document.GLN(id):
		p.GLN = id
	default:
		p.Customer = id
	}
	if p.code == "" {
		r.f.Fault(s.Offset, document.CodeRequired, "%s01 is empty: which part does %s play?", s.Tag, document.Quote(p.Name))
	}
	return p
}

// endParty adds the open party in each of its roles.
func (r *reader) endParty() {
	p := r.party
	if r.party = nil; p == nil {
		return
	}
	who := p.Party
	for _, more := range p.more {
		if who.Name == "" {
			who.Name = more
			continue
		}
		for _, alias := range []string{more, who.Name + " " + more} {
			if !slices.Contains(who.Aliases, alias) {
				who.Aliases = append(who.Aliases, alias)
			}
		}
	}
	who.Address = document.Address(*p.Address)
	if p.code == "DU" || p.code == "DS" || p.code == "RS" {
		who.ConsigneeType = "reseller"
	}
	all := roles[p.code]
	if all == nil {
		all = []event.Role{event.IntermediateConsignee}
	}
	named := false
	to := r.f
	if r.to != nil {
		to = r.to
	}
	for _, role := range all {
		named = to.Party(p.at, role, who) || named
	}
	o := &r.f.Order
	switch {
	case !named && (who.Address != nil || who.Email != ""):
		r.f.Fault(p.at, document.CodeRequired, "N1 %s has an address and neither a name nor a number", p.code)
	case who.Address == nil:
	case p.code == "SF" && o.ShipFrom == "":
		o.ShipFrom = who.Address.Country
	}
}

// contacts gives persons named before any party to the purchaser.
func (r *reader) contacts() {
	for i := range r.f.Order.Parties {
		if p := &r.f.Order.Parties[i]; p.Role == event.Purchaser && len(r.buyer) > 0 {
			p.Contacts = append(p.Contacts, r.buyer...)
			return
		}
	}
}
