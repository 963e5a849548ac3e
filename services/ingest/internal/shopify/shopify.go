// Package shopify reads orders and fulfillments as Shopify's webhooks and REST Admin API write them: an order by itself,
// inside "order", or several inside "orders".
package shopify

import (
	"slices"
	"strings"
	"time"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/document"
	"github.com/tidegate/tidegate/services/ingest/internal/jsondoc"
)

// Format names what is read.
const Format = "shopify"

// Read gives every order of a document. The bytes of an order that stands among others are its own.
func Read(b []byte, v jsondoc.Value) []*document.Found {
	switch {
	case v.At("orders").Kind == jsondoc.Array:
		return several(v.At("orders"))
	case v.At("fulfillments").Kind == jsondoc.Array && !v.Is("line_items"):
		return several(v.At("fulfillments"))
	case v.At("order").Kind == jsondoc.Object:
		return []*document.Found{one(b, v.At("order"))}
	case v.At("fulfillment").Kind == jsondoc.Object:
		return []*document.Found{one(b, v.At("fulfillment"))}
	default:
		return []*document.Found{one(b, v)}
	}
}

func several(list jsondoc.Value) []*document.Found {
	var out []*document.Found
	for v := range list.Elems {
		f := one(v.Raw, v)
		f.Offset = v.Offset
		out = append(out, f)
	}
	return out
}

// reader reads one order.
type reader struct {
	f        *document.Found
	v        jsondoc.Value
	currency string
}

func one(b []byte, v jsondoc.Value) *document.Found {
	r := &reader{f: &document.Found{Format: Format, Bytes: b}, v: v}
	switch {
	case v.At("abandoned_checkout_url").Has():
		r.f.FaultAt(v.Pointer, v.Offset, document.CodeNotSupported, "a checkout that was not finished is no order")
	case v.Is("invoice_url") && v.Is("invoice_sent_at"):
		r.f.FaultAt(v.Pointer, v.Offset, document.CodeNotSupported, "a draft order is no order yet")
	case v.At("order_id").Has() && (v.Is("tracking_number") || v.Is("tracking_company") || v.Is("shipment_status")):
		r.fulfillment()
	default:
		r.order()
	}
	return r.f
}

// order reads an order. Its revision is the seconds from its creation to its last change, 0 where there was none.
func (r *reader) order() {
	o := &r.f.Order
	o.ID = jsondoc.Need(r.f, r.v, "id", "which order is this?")
	o.OrderDate = jsondoc.Day(r.f, r.v.First("created_at", "processed_at"))
	o.Revision = seconds(r.v.At("created_at").Text(), r.v.At("updated_at").Text())
	if c := r.v.At("cancelled_at"); c.Has() {
		o.Event, o.Revision = event.Cancelled, 0
	}
	r.currency = jsondoc.Currency(r.f, r.v.At("currency"))
	r.purchaser()
	r.address(event.Payer, r.v.At("billing_address"))
	to := r.v.At("shipping_address")
	r.address(event.UltimateConsignee, to)
	o.ShipTo = r.country(to)
	r.payment()
	r.notes()
	if r.v.At("line_items").Kind != jsondoc.Array {
		r.f.FaultAt(r.v.Pointer, r.v.Offset, document.CodeRequired, "line_items is missing: nothing is ordered")
	}
	lines := r.v.At("line_items")
	for li := range lines.Elems {
		r.item(li)
	}
	if len(o.Items) == 0 && lines.Kind == jsondoc.Array && o.Event != event.Cancelled && len(r.f.Faults) == 0 {
		r.f.FaultAt(lines.Pointer, lines.Offset, document.CodeRequired, "no line is left in the order, which is not cancelled: cancel it, or what was screened before stands")
	}
}

// seconds between two instants; 0 where one is missing or the second is not later.
func seconds(from, to string) int {
	a, err := time.Parse(time.RFC3339, from)
	if err != nil {
		return 0
	}
	b, err := time.Parse(time.RFC3339, to)
	if err != nil {
		return 0
	}
	return min(max(0, int(b.Sub(a).Seconds())), 999_999_999)
}

// fulfillment says that a part of an order left.
func (r *reader) fulfillment() {
	o := &r.f.Order
	o.ID, o.Event = r.v.At("order_id").Text(), event.Shipped
	if s := r.v.At("status"); s.Text() != "success" && s.Text() != "" {
		r.f.FaultAt(s.Pointer, s.Offset, document.CodeNotSupported, "a fulfillment that is %s has not left", document.Quote(s.Text()))
	}
	day := jsondoc.Day(r.f, r.v.At("created_at"))
	if day == "" {
		r.f.FaultAt(r.v.Pointer, r.v.Offset, document.CodeRequired, "created_at is missing: when did it leave?")
	}
	r.f.Ship = &event.Shipment{Date: day, Document: r.v.First("name", "id").Text()}
	r.address(event.UltimateConsignee, r.v.At("destination"))
	for li := range r.v.At("line_items").Elems {
		r.item(li)
	}
}

// purchaser is the customer; where there is none, whoever is billed.
func (r *reader) purchaser() {
	c := r.v.At("customer")
	home := c.At("default_address")
	if !jsondoc.Whole(r.f, c) {
		c = r.v.At("billing_address")
		if !c.Has() {
			c = r.v.At("shipping_address")
		}
		home = c
	}
	p := r.named(home)
	person := document.Text(c.At("first_name").Text() + " " + c.At("last_name").Text())
	switch {
	case p.Name == "":
		p.Name = person
	case person != "" && person != p.Name && !slices.Contains(p.Contacts, person):
		p.Contacts = append(p.Contacts, person)
	}
	if r.v.At("customer").Kind == jsondoc.Object {
		p.Customer = c.At("id").Text()
	}
	p.Email = document.Email(first(c.At("email").Text(), r.v.First("contact_email", "email").Text()))
	p.Phone = first(c.At("phone").Text(), p.Phone)
	if p.Name == "" && p.Customer == "" { // a guest, whom the shop knows by the e-mail address
		p.Customer = p.Email
	}
	r.f.Party(c.Offset, event.Purchaser, p)
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// named reads an address with who lives there: a company, else a person.
func (r *reader) named(v jsondoc.Value) event.Party {
	var p event.Party
	person := first(v.At("name").Text(), document.Text(v.At("first_name").Text()+" "+v.At("last_name").Text()))
	if p.Name = v.At("company").Text(); p.Name == "" {
		p.Name = person
	} else if person != "" {
		p.Contacts = []string{person}
	}
	p.Phone = v.At("phone").Text()
	a := event.Address{
		Lines: document.Lines(v.At("address1").Text(), v.At("address2").Text()), City: v.At("city").Text(),
		Region: v.First("province", "province_code").Text(), Postcode: v.At("zip").Text(), Country: r.country(v),
	}
	p.Address = document.Address(a)
	return p
}

func (r *reader) country(v jsondoc.Value) event.Country {
	return jsondoc.Country(r.f, v.First("country_code", "country", "country_name"))
}

func (r *reader) address(role event.Role, v jsondoc.Value) {
	if !jsondoc.Whole(r.f, v) {
		return
	}
	if p := r.named(v); !r.f.Party(v.Offset, role, p) && p.Address != nil {
		r.f.FaultAt(v.Pointer, v.Offset, document.CodeRequired, "an address without a name: whose is it?")
	}
}

// payment says who pays, from where and how, as far as the order does.
func (r *reader) payment() {
	bill := r.v.At("billing_address")
	p := event.Payment{Payer: first(bill.At("company").Text(), bill.At("name").Text()), Country: r.country(bill)}
	var ways []string
	for g := range r.v.At("payment_gateway_names").Elems {
		ways = append(ways, strings.ToLower(g.Text()))
	}
	ways = append(ways, strings.ToLower(r.v.At("gateway").Text()))
	for _, way := range ways {
		switch {
		case strings.Contains(way, "cash"):
			p.Method = "cash"
		case strings.Contains(way, "bank") && p.Method == "", strings.Contains(way, "wire") && p.Method == "":
			p.Method = "wire"
		}
	}
	if p.Method == "" && r.v.At("payment_details", "credit_card_company").Has() {
		p.Method = "card"
	}
	if p != (event.Payment{}) {
		r.f.Order.Payment = &p
	}
}

// notes reads what the shop asked at the checkout about end use and end user.
func (r *reader) notes() {
	all := r.v.At("note_attributes")
	if all.Has() && all.Kind != jsondoc.Array {
		r.f.FaultAt(all.Pointer, all.Offset, document.CodeType, "want a list; it could name the end user")
	}
	for n := range all.Elems {
		value := n.At("value").Text()
		if value == "" {
			continue
		}
		switch key(n.At("name").Text()) {
		case "enduse":
			r.f.Order.EndUse = &event.EndUse{Text: value}
		case "enduser":
			r.f.Party(n.Offset, event.EndUser, event.Party{Name: value})
		}
	}
}

func key(s string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "_", "", "-", "").Replace(s))
}

// item reads a line as it stands now. One that was taken out is none.
func (r *reader) item(li jsondoc.Value) {
	quantity := li.At("quantity")
	if now := li.At("current_quantity"); now.Has() && r.f.Order.Event != event.Cancelled {
		if quantity = now; now.Text() == "0" {
			return
		}
	}
	said := []string{first(li.At("name").Text(), document.Text(li.At("title").Text()+" "+li.At("variant_title").Text()))}
	if vendor := li.At("vendor").Text(); vendor != "" {
		said = append(said, vendor)
	}
	it := event.Item{Description: strings.Join(said, "; "), SKU: first(li.At("sku").Text(), li.At("variant_id").Text()), Quantity: jsondoc.Decimal(r.f, quantity)}
	if it.Value = document.Times(it.Quantity, jsondoc.Decimal(r.f, li.At("price")), ""); it.Value != "" {
		it.Currency = r.currency
	}
	for d := range li.At("duties").Elems {
		it.HTS = first(it.HTS, document.HTS(d.At("harmonized_system_code").Text()))
		if it.Origin == "" {
			it.Origin = jsondoc.Country(r.f, d.At("country_code_of_origin"))
		}
	}
	for p := range li.At("properties").Elems {
		switch key(p.At("name").Text()) {
		case "eccn":
			it.ECCN = document.ECCN(p.At("value").Text())
		case "hts", "htscode", "hscode":
			it.HTS = first(document.HTS(p.At("value").Text()), it.HTS)
		}
	}
	if from := li.At("origin_location", "country_code"); from.Has() && r.f.Order.ShipFrom == "" {
		r.f.Order.ShipFrom = jsondoc.Country(r.f, from)
	}
	r.f.Item(li.Offset, it)
}
