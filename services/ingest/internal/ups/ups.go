// Package ups reads UPS shipment requests with their export filing, and the shipments of import and export compliance checks.
package ups

import (
	"strconv"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/document"
	"github.com/tidegate/tidegate/services/ingest/internal/jsondoc"
)

// Format names what is read.
const Format = "ups"

// Read gives what a document says.
func Read(b []byte, v jsondoc.Value) []*document.Found {
	f := &document.Found{Format: Format, Bytes: b}
	r := &reader{f: f}
	switch {
	case v.At("ShipmentRequest").Kind == jsondoc.Object:
		r.request(v.At("ShipmentRequest"))
	case v.At("ShipmentResponse").Has(), v.At("shipment", "importExportCompliance").Has(), v.At("shipment", "hasCommodityWarnings").Has():
		return []*document.Found{jsondoc.Refuse(Format, v, b, "an answer of UPS is no order; send what was asked")}
	case v.At("shipment").Kind == jsondoc.Object:
		r.check(v.At("shipment"))
	default:
		return []*document.Found{jsondoc.Refuse(Format, v, b, "no shipment")}
	}
	return []*document.Found{f}
}

// reader reads one shipment.
type reader struct{ f *document.Found }

// request reads a shipment request. The forms for customs say the most; without them only the shipment's own description is known.
func (r *reader) request(v jsondoc.Value) {
	o := &r.f.Order
	s := v.At("Shipment")
	if s.Kind != jsondoc.Object {
		r.f.FaultAt(v.Pointer, v.Offset, document.CodeRequired, "Shipment is missing")
		return
	}
	form := s.At("ShipmentServiceOptions", "InternationalForms")
	if form.Kind == jsondoc.Missing {
		form = s.At("InternationalForms")
	}
	o.ID = first(form.At("PurchaseOrderNumber").Text(), form.At("InvoiceNumber").Text(), reference(s), v.At("Request", "TransactionReference", "CustomerContext").Text())
	o.OrderDate = jsondoc.Day(r.f, form.At("InvoiceDate"))
	o.ShipDate = jsondoc.Day(r.f, form.At("ExportDate"))
	o.Incoterm = document.Incoterm(form.At("TermsOfShipment").Text())
	r.party(event.Exporter, s.At("Shipper"))
	r.party(event.Exporter, s.At("ShipFrom"))
	to := event.UltimateConsignee
	if form.At("Contacts", "UltimateConsignee").Has() { // who then is another, or stands there twice
		to = event.IntermediateConsignee
	}
	r.party(to, s.At("ShipTo"))
	r.contacts(form.At("Contacts"))
	r.party(event.Purchaser, s.At("SoldTo"))
	from := s.At("ShipFrom", "Address", "CountryCode")
	if !from.Has() {
		from = s.At("Shipper", "Address", "CountryCode")
	}
	o.ShipFrom, o.ShipTo = jsondoc.Country(r.f, from), jsondoc.Country(r.f, s.At("ShipTo", "Address", "CountryCode"))
	for c := range s.At("PaymentInformation", "ShipmentCharge").Elems {
		if third := c.At("BillThirdParty", "Address", "CountryCode"); third.Has() {
			o.Payment = &event.Payment{Country: jsondoc.Country(r.f, third)}
		}
	}
	r.products(s, form)
}

func first(s ...string) string {
	for _, t := range s {
		if t != "" {
			return t
		}
	}
	return ""
}

func reference(s jsondoc.Value) string {
	for n := range s.At("ReferenceNumber").Elems {
		if v := n.At("Value").Text(); v != "" {
			return v
		}
	}
	return ""
}

// contacts reads the parties of the forms.
func (r *reader) contacts(c jsondoc.Value) {
	jsondoc.Whole(r.f, c)
	for _, k := range []struct {
		name string
		role event.Role
	}{
		{"SoldTo", event.Purchaser},
		{"ForwardAgent", event.Forwarder},
		{"UltimateConsignee", event.UltimateConsignee},
		{"IntermediateConsignee", event.IntermediateConsignee},
		{"Producer", event.Manufacturer},
	} {
		r.party(k.role, c.At(k.name))
	}
}

// party reads one. Nobody stands where neither a name nor an address is given.
func (r *reader) party(role event.Role, v jsondoc.Value) {
	if !jsondoc.Whole(r.f, v) {
		return
	}
	a := v.At("Address")
	var lines []string
	for l := range a.At("AddressLine").Elems {
		lines = append(lines, l.Text())
	}
	p := event.Party{
		Name: first(v.At("Name").Text(), v.At("CompanyName").Text(), v.At("AttentionName").Text()), Registration: v.At("TaxIdentificationNumber").Text(),
		Phone: v.At("Phone", "Number").Text(), Email: document.Email(v.First("EMailAddress", "EmailAddress").Text()),
	}
	if s := v.At("CompanyDisplayableName").Text(); s != "" && s != p.Name {
		p.Aliases = []string{s}
	}
	if s := v.At("AttentionName").Text(); s != "" && s != p.Name {
		p.Contacts = []string{s}
	}
	p.Customer = v.At("ShipperNumber").Text()
	p.Address = document.Address(event.Address{
		Lines: document.Lines(lines...), City: first(a.At("City").Text(), a.At("Town").Text()), Region: a.At("StateProvinceCode").Text(), Postcode: a.At("PostalCode").Text(),
		Country: jsondoc.Country(r.f, a.At("CountryCode")),
	})
	if p.Address != nil && a.Is("ResidentialAddressIndicator") {
		p.Address.Kind = "residential"
	}
	p.ConsigneeType = map[string]string{"D": "direct_consumer", "G": "government", "R": "reseller", "O": "other"}[v.At("UltimateConsigneeType", "Code").Text()]
	if !r.f.Party(v.Offset, role, p) && p.Address != nil {
		r.f.FaultAt(v.Pointer, v.Offset, document.CodeRequired, "an address without a name: whose is it?")
	}
}

func (r *reader) products(s, form jsondoc.Value) {
	currency := jsondoc.Currency(r.f, form.At("CurrencyCode"))
	r.license(form.At("License"))
	for p := range form.At("Product").Elems {
		r.product(p, currency, form.At("ECCNNumber").Text())
	}
	if len(r.f.Order.Items) > 0 {
		return
	}
	if said := s.At("Description").Text(); said != "" {
		r.f.Item(s.Offset, event.Item{Description: said})
		return
	}
	n := 0
	for range s.At("Package").Elems {
		n++
	}
	if n > 0 {
		r.f.Item(s.Offset, event.Item{Quantity: event.Decimal(strconv.Itoa(n)), Unit: "parcel"})
	}
}

func (r *reader) product(p jsondoc.Value, currency, eccn string) {
	var said []string
	for d := range p.At("Description").Elems {
		said = append(said, document.Lines(d.Text())...)
	}
	unit := p.At("Unit")
	export := p.At("EEIInformation", "License")
	it := event.Item{
		Description: strings.Join(said, "; "), PartNumber: p.At("PartNumber").Text(), Quantity: jsondoc.Decimal(r.f, unit.At("Number")),
		Unit: document.Unit(unit.At("UnitOfMeasurement", "Code").Text()), Origin: jsondoc.Country(r.f, p.At("OriginCountryCode")),
		HTS:  document.HTS(first(p.At("CommodityCode").Text(), p.At("ScheduleB", "Number").Text())),
		ECCN: document.ECCN(first(export.At("ECCNNumber").Text(), eccn)),
	}
	if it.Value = document.Times(it.Quantity, jsondoc.Decimal(r.f, unit.At("Value")), ""); it.Value != "" {
		it.Currency = currency
	}
	r.license(export)
	r.f.Item(p.Offset, it)
}

// license reads what the shipper relies on: a license by its number, an exception by its code. C33 is no license required.
func (r *reader) license(v jsondoc.Value) {
	number, code, exception := v.At("Number").Text(), v.At("Code").Text(), v.At("ExceptionCode").Text()
	o := &r.f.Order
	switch {
	case !document.Unknown(number):
		o.Declared = append(o.Declared, event.Authority{Kind: "license", Number: number, Code: code})
	case code != "" && code != "C33" && !document.Unknown(code):
		o.Declared = append(o.Declared, event.Authority{Kind: "exception", Code: code})
	}
	if !document.Unknown(exception) {
		o.Declared = append(o.Declared, event.Authority{Kind: "exception", Code: exception})
	}
}

// check reads the shipment of a compliance check, which names countries and goods; parties only some senders add.
func (r *reader) check(s jsondoc.Value) {
	o := &r.f.Order
	o.ID = s.At("id").Text()
	o.ShipFrom, o.ShipTo = jsondoc.Country(r.f, s.At("exportCountryCode")), jsondoc.Country(r.f, s.At("importCountryCode"))
	for _, k := range []struct {
		name string
		role event.Role
	}{{"shipper", event.Exporter}, {"exporter", event.Exporter}, {"consignee", event.UltimateConsignee}, {"importer", event.IntermediateConsignee}, {"buyer", event.Purchaser}} {
		if p := s.At(k.name); p.Kind == jsondoc.Object {
			r.f.Party(p.Offset, k.role, event.Party{Name: p.First("name", "companyName").Text()})
		}
	}
	for i := range s.At("shipmentItems").Elems {
		it := event.Item{
			Description: i.At("description").Text(), ECCN: document.ECCN(i.At("eccn").Text()), HTS: document.HTS(i.At("hsCode").Text()),
			Origin: jsondoc.Country(r.f, i.At("originCountryCode")), Quantity: jsondoc.Decimal(r.f, i.At("quantity")), Unit: document.Unit(i.At("UOM").Text()),
		}
		if it.Value = jsondoc.Decimal(r.f, i.At("amountValue")); it.Value != "" {
			it.Currency = jsondoc.Currency(r.f, i.At("currencyCode"))
		}
		r.f.Item(i.Offset, it)
	}
	if len(o.Parties) == 0 {
		r.f.FaultAt(s.Pointer, s.Offset, document.CodeRequired, "a compliance check names countries and goods and nobody; an order names at least one party")
	}
}
