// Package easypost reads EasyPost shipments and orders, as requests and as answers, and in events.
package easypost

import (
	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/document"
	"github.com/tidegate/tidegate/services/ingest/internal/jsondoc"
)

// Format names what is read.
const Format = "easypost"

// Read gives what a document says.
func Read(b []byte, v jsondoc.Value) []*document.Found {
	switch {
	case v.At("object").Text() == "Event":
		v = v.At("result")
	case v.At("shipment").Kind == jsondoc.Object:
		v = v.At("shipment")
	case v.At("order").Kind == jsondoc.Object:
		v = v.At("order")
	case v.At("shipments").Kind == jsondoc.Array && !v.Is("to_address"):
		return several(v.At("shipments"))
	}
	return []*document.Found{one(b, v)}
}

func several(list jsondoc.Value) []*document.Found {
	var out []*document.Found
	for s := range list.Elems {
		f := one(s.Raw, s)
		f.Offset = s.Offset
		out = append(out, f)
	}
	return out
}

// reader reads one shipment or order.
type reader struct {
	f *document.Found
	v jsondoc.Value
}

func one(b []byte, v jsondoc.Value) *document.Found {
	r := &reader{f: &document.Found{Format: Format, Bytes: b}, v: v}
	switch kind := v.At("object").Text(); kind {
	case "", "Shipment", "Order":
		r.read()
	case "CustomsInfo":
		r.f.FaultAt(v.Pointer, v.Offset, document.CodeRequired, "a customs_info names no party; send the shipment that it belongs to")
		r.customs(v, "")
	default:
		return jsondoc.Refuse(Format, v, b, "%s is no order; taken are shipments and orders", document.Quote(kind))
	}
	return r.f
}

func (r *reader) read() {
	o := &r.f.Order
	if back := r.v.At("is_return"); back.True() {
		r.f.FaultAt(back.Pointer, back.Offset, document.CodeNotSupported, "a return: its addresses are those of the way there, and no order goes out")
	}
	o.ID = r.v.First("id", "reference").Text()
	if r.v.Is("customs_items") {
		r.customs(r.v, "")
	}
	o.OrderDate = jsondoc.Day(r.f, r.v.At("created_at"))
	options := r.v.At("options")
	o.ShipDate = jsondoc.Day(r.f, options.At("label_date"))
	o.Incoterm = document.Incoterm(options.At("incoterm").Text())
	if pay := options.At("payment"); pay.At("type").Text() == "THIRD_PARTY" && pay.At("country").Has() {
		o.Payment = &event.Payment{Country: jsondoc.Country(r.f, pay.At("country"))}
	}
	from, to := r.v.At("from_address"), r.v.At("to_address")
	r.party(event.Exporter, from)
	r.party(event.UltimateConsignee, to)
	r.party(event.Purchaser, r.v.At("buyer_address"))
	r.party(event.IntermediateConsignee, r.v.At("importer_address"))
	o.ShipFrom, o.ShipTo = jsondoc.Country(r.f, from.At("country")), jsondoc.Country(r.f, to.At("country"))
	r.goods(options.At("currency").Text())
}

// party reads an address with who lives there: a company, else a person.
func (r *reader) party(role event.Role, v jsondoc.Value) {
	if !jsondoc.Whole(r.f, v) {
		return
	}
	p := event.Party{Name: v.At("company").Text(), Phone: v.At("phone").Text(), Email: document.Email(v.At("email").Text()), Registration: v.At("federal_tax_id").Text()}
	if person := v.At("name").Text(); p.Name == "" {
		p.Name = person
	} else if person != "" {
		p.Contacts = []string{person}
	}
	a := event.Address{
		Lines: document.Lines(v.At("street1").Text(), v.At("street2").Text()), City: v.At("city").Text(), Region: v.At("state").Text(),
		Postcode: v.At("zip").Text(), Country: jsondoc.Country(r.f, v.At("country")),
	}
	if v.At("residential").True() {
		a.Kind = "residential"
	}
	p.Address = document.Address(a)
	if p.Name == "" && p.Registration == "" && v.At("id").Text() != "" && p.Address == nil {
		p.Customer = v.At("id").Text() // an address by its id alone
	}
	if !r.f.Party(v.Offset, role, p) {
		r.f.FaultAt(v.Pointer, v.Offset, document.CodeRequired, "an address without a name: whose is it?")
	}
}

// goods reads the customs items of the shipment, of an order those of its shipments too, and to whom those go. Of a parcel without them it
// stays unknown what is in it, whatever is in those beside it.
func (r *reader) goods(currency string) {
	r.customs(r.v.At("customs_info"), currency)
	parcels := 0
	for s := range r.v.At("shipments").Elems {
		r.party(event.UltimateConsignee, s.At("to_address"))
		r.party(event.Purchaser, s.At("buyer_address"))
		before := len(r.f.Order.Items)
		r.customs(s.At("customs_info"), currency)
		if len(r.f.Order.Items) == before {
			parcels++
		}
	}
	if len(r.f.Order.Items) == 0 && parcels == 0 && r.v.At("parcel").Has() {
		parcels = 1
	}
	for range parcels {
		r.f.Item(r.v.Offset, event.Item{Quantity: "1", Unit: "parcel"})
	}
}

func (r *reader) customs(info jsondoc.Value, currency string) {
	for c := range info.At("customs_items").Elems {
		it := event.Item{
			Description: c.At("description").Text(), Manufacturer: c.At("manufacturer").Text(), SKU: c.At("code").Text(), Quantity: jsondoc.Decimal(r.f, c.At("quantity")),
			ECCN: document.ECCN(c.At("eccn").Text()), HTS: document.HTS(c.At("hs_tariff_number").Text()), Origin: jsondoc.Country(r.f, c.At("origin_country")),
		}
		if it.Value = jsondoc.Decimal(r.f, c.At("value")); it.Value != "" {
			if it.Currency = jsondoc.Currency(r.f, c.At("currency")); it.Currency == "" {
				it.Currency = currency
			}
		}
		r.f.Item(c.Offset, it)
	}
}
