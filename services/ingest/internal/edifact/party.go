package edifact

import (
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/document"
	"github.com/tidegate/tidegate/services/ingest/internal/edi"
)

// roles by party function code (3035). A code that is not here stands for another party to the transaction, which is
// screened as an intermediate consignee: no party is left out because of its code. Senders and receivers of the message
// itself (MS, MR) are none.
var roles = map[string][]event.Role{
	"BY": {event.Purchaser}, "OB": {event.Purchaser}, "OY": {event.Purchaser}, "BS": {event.Purchaser, event.UltimateConsignee}, "SO": {event.Purchaser},
	"DP": {event.UltimateConsignee}, "CN": {event.UltimateConsignee}, "UC": {event.UltimateConsignee}, "ST": {event.UltimateConsignee}, "SN": {event.UltimateConsignee},
	"UD": {event.EndUser}, "EN": {event.EndUser}, "EU": {event.EndUser}, "IT": {event.EndUser}, "FD": {event.EndUser}, "UP": {event.UltimateConsignee},
	"IC": {event.IntermediateConsignee}, "NI": {event.IntermediateConsignee}, "N1": {event.IntermediateConsignee},
	"FW": {event.Forwarder}, "CA": {event.Forwarder}, "FA": {event.Forwarder}, "CB": {event.Forwarder}, "DT": {event.Forwarder}, "AE": {event.Forwarder}, "CS": {event.Forwarder}, "TR": {event.Forwarder},
	"SU": {event.Exporter}, "SE": {event.Exporter}, "EX": {event.Exporter}, "CZ": {event.Exporter}, "SF": {event.Exporter}, "II": {event.Exporter}, "PW": {event.Exporter}, "SR": {event.Exporter},
	"VN": {event.Exporter}, "DS": {event.IntermediateConsignee}, "PE": {event.Exporter}, "RE": {event.Exporter}, "MI": {event.Purchaser},
	"IV": {event.Payer}, "PR": {event.Payer}, "BT": {event.Payer}, "PL": {event.Payer},
	"MF": {event.Manufacturer}, "MP": {event.Manufacturer},
	"MS": {}, "MR": {}, "DO": {},
}

func (r *reader) partySegment(s *edi.Segment) {
	switch s.Tag {
	case "NAD":
		r.endParty()
		r.named(s)
	case "CTA":
		if r.party != nil {
			r.party.Contacts = append(r.party.Contacts, document.Lines(first(s.Comp(2, 2), s.Comp(2, 1)))...)
		}
	case "COM":
		if r.party != nil {
			r.reach(s)
		}
	}
}

func (r *reader) reach(s *edi.Segment) {
	number := document.Text(s.Comp(1, 1))
	switch s.Comp(1, 2) {
	case "TE", "AL", "MA":
		r.party.Phone = first(r.party.Phone, number)
	case "EM":
		r.party.Email = first(r.party.Email, document.Email(number))
	}
}

// named reads NAD. Without a structured name its free lines are name and address.
func (r *reader) named(s *edi.Segment) {
	p := &event.Party{}
	r.party, r.code, r.at = p, s.El(1), s.Offset
	if r.code == "" {
		r.f.Fault(s.Offset, document.CodeRequired, "NAD: the party has no function code")
	}
	switch id, agency := document.Text(s.Comp(2, 1)), s.Comp(2, 3); {
	case id == "" || document.Unknown(id):
	case document.GLN(id) && (agency == "9" || agency == "" || agency == "14"):
		p.GLN = id
	default:
		p.Customer = id
	}
	free := comps(s, 3, 5)
	name := comps(s, 4, 5)
	a := event.Address{Lines: comps(s, 5, 4), City: document.Text(s.El(6)), Region: document.Text(first(s.Comp(7, 1), s.Comp(7, 4))), Postcode: document.Text(s.El(8))}
	a.Country = r.f.Country(s.Offset, "NAD country", s.El(9))
	switch {
	case len(name) > 0:
		p.Name, p.Aliases = whole(name)
		a.Lines = append(a.Lines, free...)
	case len(free) > 0:
		p.Name = free[0]
		a.Lines = append(slices.Clip(free[1:]), a.Lines...)
	}
	p.Address = document.Address(a)
}

// whole puts a name together that stands in several components. Behind one of 35 characters, all that there are, a word may have been cut:
// then the name is also read with a space there.
func whole(parts []string) (name string, aliases []string) {
	name = parts[0]
	for i, part := range parts[1:] {
		name = joined(name, part, len([]rune(parts[i])))
	}
	if len(parts) > 1 {
		aliases = parts[:1:1]
	}
	if spaced := strings.Join(parts, " "); spaced != name {
		aliases = append(aliases, spaced)
	}
	return name, aliases
}

// comps gives the components of an element that say something.
func comps(s *edi.Segment, n, most int) []string {
	var out []string
	for c := 1; c <= most; c++ {
		out = append(out, document.Lines(s.Comp(n, c))...)
	}
	return out
}

// endParty adds the open party in each of its roles.
func (r *reader) endParty() {
	p := r.party
	if r.party = nil; p == nil {
		return
	}
	all, ok := roles[r.code]
	if !ok {
		all = []event.Role{event.IntermediateConsignee}
	}
	named := len(all) == 0
	for _, role := range all {
		named = r.f.Party(r.at, role, *p) || named
	}
	switch {
	case !named && p.Address != nil:
		r.f.Fault(r.at, document.CodeRequired, "NAD %s has an address and neither a name nor a number", r.code)
	case p.Address == nil:
	case r.code == "SF" && r.f.Order.ShipFrom == "":
		r.f.Order.ShipFrom = p.Address.Country
	}
}
