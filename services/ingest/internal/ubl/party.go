package ubl

import (
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/document"
	"github.com/tidegate/tidegate/services/ingest/internal/xmldoc"
)

// roles of the parties that stand in a document, an order's, a delivery's or a shipment's.
var roles = map[string]event.Role{
	"BuyerCustomerParty":      event.Purchaser,
	"SellerSupplierParty":     event.Exporter,
	"OriginatorCustomerParty": event.EndUser,
	"AccountingCustomerParty": event.Payer,
	"PayerParty":              event.Payer,
	"FreightForwarderParty":   event.Forwarder,
	"DespatchSupplierParty":   event.Exporter,
	"DeliveryCustomerParty":   event.UltimateConsignee,
	"ExporterParty":           event.Exporter,
	"ConsignorParty":          event.Exporter,
	"ConsigneeParty":          event.UltimateConsignee,
	"FinalDeliveryParty":      event.EndUser,
	"DeliveryParty":           event.UltimateConsignee,
	"CarrierParty":            event.Forwarder,
	"DeclarantParty":          event.Forwarder,
	"AgentParty":              event.Forwarder,
	"NotifyParty":             event.IntermediateConsignee,
	"ImporterParty":           event.IntermediateConsignee,
	"WarehouseParty":          event.IntermediateConsignee,
	"LogisticsOperatorParty":  event.Forwarder,
	"BuyerParty":              event.Purchaser,
	"SellerParty":             event.Exporter,
	"EndUserParty":            event.EndUser,
	"DespatchParty":           event.Exporter,
	"MediationParty":          event.IntermediateConsignee,
}

// parties reads those of the document itself.
func (r *reader) parties() { r.partiesOf(r.root) }

func (r *reader) partiesOf(n *xmldoc.Node) {
	for k := range n.Kids {
		if role, ok := roles[k.Name]; ok && k.Space == cac && k.Name != "DeliveryParty" {
			r.customer(role, k)
		}
	}
}

// customer reads a party, or the customer's or supplier's account around one.
func (r *reader) customer(role event.Role, n *xmldoc.Node) {
	inner := n
	if p := r.cac(n, "Party"); p != nil {
		inner = p
	}
	r.named(role, n, r.who(inner, r.account(role, n)))
	if agent := first(inner, "AgentParty"); agent != nil {
		r.party(event.Forwarder, agent)
	}
}

// account is the number under which the seller knows a customer.
func (r *reader) account(role event.Role, n *xmldoc.Node) string {
	if role == event.Exporter {
		return ""
	}
	if s := r.cbc(n, "SupplierAssignedAccountID"); s != "" {
		return s
	}
	for k := range n.Kids { // AdditionalAccountID may stand several times
		if k.Space == cbc && k.Name == "AdditionalAccountID" {
			return document.Text(k.Text())
		}
	}
	return ""
}

// party reads a cac:Party.
func (r *reader) party(role event.Role, n *xmldoc.Node) {
	r.named(role, n, r.who(n, ""))
}

// named adds a party. One of whom more is said than nothing, and not who it is, is a fault: somebody is missing.
func (r *reader) named(role event.Role, n *xmldoc.Node, who event.Party) {
	if !r.f.Party(n.Offset, role, who) && (who.Address != nil || who.Email != "" || who.Phone != "" || len(who.Contacts) > 0) {
		r.fault(n, document.CodeRequired, "%s has an address or a contact and neither a name nor a number: who is it?", n.Name)
	}
}

func (r *reader) who(n *xmldoc.Node, account string) event.Party {
	p := event.Party{Customer: account}
	r.called(&p, n)
	r.numbered(&p, n)
	p.Website = r.cbc(n, "WebsiteURI")
	p.Address = r.home(n)
	contact := r.cac(n, "Contact")
	p.Phone = r.cbc(contact, "Telephone")
	p.Email = document.Email(r.cbc(contact, "ElectronicMail"))
	if s := r.cbc(contact, "Name"); s != "" {
		p.Contacts = append(p.Contacts, s)
	}
	for person := range each(n, "Person") {
		s := joinWords(r.cbc(person, "FirstName"), r.cbc(person, "MiddleName"), r.cbc(person, "FamilyName"))
		if p.Name == "" {
			p.Name = s // the party is a person
			continue
		}
		if s != "" && !slices.Contains(p.Contacts, s) {
			p.Contacts = append(p.Contacts, s)
		}
	}
	return p
}

func joinWords(words ...string) string {
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " ")
}

// called takes the trading name, and the registered names as aliases where they differ.
func (r *reader) called(p *event.Party, n *xmldoc.Node) {
	var names []string
	add := func(s string) {
		if s != "" && !slices.Contains(names, s) {
			names = append(names, s)
		}
	}
	for k := range each(n, "PartyName") {
		add(r.cbc(k, "Name"))
	}
	for k := range each(n, "PartyLegalEntity") {
		add(r.cbc(k, "RegistrationName"))
	}
	for k := range each(n, "PartyTaxScheme") {
		add(r.cbc(k, "RegistrationName"))
	}
	if len(names) > 0 {
		p.Name, p.Aliases = names[0], names[1:]
	}
	if len(p.Aliases) == 0 {
		p.Aliases = nil
	}
}

func partyName(n *xmldoc.Node) string {
	for _, at := range []struct{ in, name string }{{"PartyName", "Name"}, {"PartyLegalEntity", "RegistrationName"}} {
		if k := first(n, at.in); k != nil {
			if s := texts(k, at.name); len(s) > 0 {
				return s[0]
			}
		}
	}
	return ""
}

// numbered sorts a party's numbers: GLN (ISO 6523 0088), LEI (0199), register number, and what else it is known by.
func (r *reader) numbered(p *event.Party, n *xmldoc.Node) {
	var others []string
	take := func(id *xmldoc.Node, register bool) {
		s := document.Text(id.Text())
		scheme := id.Attr("schemeID")
		switch {
		case s == "":
		case document.GLN(s) && (scheme == "0088" || strings.EqualFold(scheme, "GLN")):
			if p.GLN == "" {
				p.GLN = s
			}
		case scheme == "0199" && len(s) == 20:
			p.LEI = strings.ToUpper(s)
		case register:
			if p.Registration == "" {
				p.Registration = s
			}
		default:
			others = append(others, s)
		}
	}
	for k := range each(n, "PartyIdentification") {
		take(r.basic(k, "ID"), false)
	}
	for k := range each(n, "PartyLegalEntity") {
		take(r.basic(k, "CompanyID"), true)
	}
	if e := r.basic(n, "EndpointID"); e != nil && document.GLN(document.Text(e.Text())) {
		take(e, false)
	}
	if p.Customer == "" && len(others) > 0 && others[0] != p.Registration {
		p.Customer = others[0]
	}
}

// home is the party's postal address, else where it is, else where it is registered.
func (r *reader) home(n *xmldoc.Node) *event.Address {
	for _, at := range []*xmldoc.Node{r.cac(n, "PostalAddress"), r.cac(n, "PhysicalLocation", "Address"), r.cac(first(n, "PartyLegalEntity"), "RegistrationAddress")} {
		if a := r.address(at); a != nil {
			return a
		}
	}
	return nil
}

// address reads a cac:Address; nil where it says nothing.
func (r *reader) address(n *xmldoc.Node) *event.Address {
	if n == nil {
		return nil
	}
	get := func(name string) string { return r.cbc(n, name) }
	street := joinWords(get("StreetName"), get("BuildingNumber"))
	box := get("Postbox")
	if box != "" {
		box = "PO Box " + box
	}
	lines := []string{street, get("AdditionalStreetName"), get("BuildingName"), joinWords(get("Floor"), get("Room")), get("BlockName"), box, get("CitySubdivisionName")}
	for l := range each(n, "AddressLine") {
		lines = append(lines, r.cbc(l, "Line"))
	}
	a := event.Address{Lines: document.Lines(lines...), City: get("CityName"), Postcode: get("PostalZone"), Region: get("CountrySubentity")}
	if a.Region == "" {
		a.Region = get("CountrySubentityCode")
	}
	a.Country = r.country(r.cac(n, "Country"))
	return document.Address(a)
}

// country reads a cac:Country: its code, else its name.
func (r *reader) country(n *xmldoc.Node) event.Country {
	if n == nil {
		return ""
	}
	if c := r.basic(n, "IdentificationCode"); document.Text(c.Text()) != "" {
		return r.f.Country(c.Offset, "IdentificationCode", document.Text(c.Text()))
	}
	if c := r.basic(n, "Name"); c != nil {
		return r.f.Country(c.Offset, "country", document.Text(c.Text()))
	}
	return ""
}
