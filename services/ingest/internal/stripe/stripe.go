// Package stripe reads Stripe's checkout sessions, invoices, charges and payment intents, by themselves, in lists or in
// events, with customers and products as ids or expanded.
package stripe

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/document"
	"github.com/tidegate/tidegate/services/ingest/internal/jsondoc"
)

// Format names what is read.
const Format = "stripe"

// Read gives every order of a document.
func Read(b []byte, v jsondoc.Value) []*document.Found {
	if v.At("object").Text() == "list" {
		var out []*document.Found
		for e := range v.At("data").Elems {
			f := one(e.Raw, e, jsondoc.Value{})
			f.Offset = e.Offset
			out = append(out, f)
		}
		return out
	}
	if v.At("object").Text() == "event" {
		return []*document.Found{one(b, v.At("data", "object"), v)}
	}
	return []*document.Found{one(b, v, jsondoc.Value{})}
}

// reader reads one object.
type reader struct {
	f        *document.Found
	v        jsondoc.Value
	currency string
}

func one(b []byte, v, happened jsondoc.Value) *document.Found {
	r := &reader{f: &document.Found{Format: Format, Bytes: b}, v: v}
	switch kind := v.At("object").Text(); kind {
	case "checkout.session":
		r.session()
	case "invoice":
		r.invoice()
	case "charge", "payment_intent":
		r.payment(kind)
	default:
		what := kind
		if t := happened.At("type").Text(); t != "" {
			what = t
		}
		return jsondoc.Refuse(Format, v, b, "%s is no order; taken are checkout sessions, invoices, charges and payment intents", document.Quote(what))
	}
	r.happened(happened)
	return r.f
}

// happened reads an event's own type: what was updated is a revision, its number the seconds since the object was made.
func (r *reader) happened(e jsondoc.Value) {
	kind := e.At("type").Text()
	switch {
	case strings.HasSuffix(kind, ".updated") && r.f.Order.Event == "":
		made, _ := strconv.ParseInt(r.v.At("created").Text(), 10, 64)
		now, _ := strconv.ParseInt(e.At("created").Text(), 10, 64)
		r.f.Order.Event, r.f.Order.Revision = event.Revised, int(min(max(1, now-made), 999_999_999))
	case strings.HasSuffix(kind, ".refunded"):
		t := e.At("type")
		r.f.FaultAt(t.Pointer, t.Offset, document.CodeNotSupported, "a refund says nothing of the goods; send a cancellation or a return by itself")
	}
}

func (r *reader) begin() {
	o := &r.f.Order
	o.ID = jsondoc.Need(r.f, r.v, "id", "which order is this?")
	o.OrderDate = jsondoc.Seconds(r.f, r.v.At("created"))
	r.currency = jsondoc.Currency(r.f, r.v.At("currency"))
}

// status refuses what is not an order yet, or never became one.
func (r *reader) status(taken, cancelled string) {
	s := r.v.At("status")
	switch {
	case s.Text() == "" || strings.Contains(taken, " "+s.Text()+" "):
	case strings.Contains(cancelled, " "+s.Text()+" "):
		r.f.Order.Event = event.Cancelled
	default:
		r.f.FaultAt(s.Pointer, s.Offset, document.CodeNotSupported, "status %s: not ordered yet, or never", document.Quote(s.Text()))
	}
}

func (r *reader) session() {
	r.begin()
	r.status(" complete ", "")
	d := r.v.At("customer_details")
	jsondoc.Whole(r.f, d)
	r.buyer(r.v.At("customer"), first(d.At("business_name").Text(), d.At("name").Text(), d.At("individual_name").Text()),
		first(d.At("email").Text(), r.v.At("customer_email").Text()), d.At("phone").Text(), d.At("address"))
	r.receiver(r.v.At("collected_information", "shipping_details"), r.v.At("shipping_details"), r.v.At("shipping"), r.v.At("customer", "shipping"))
	r.method(r.v.At("payment_method_types"))
	r.lines(r.v.At("line_items"), "amount_total", "amount_total")
}

func (r *reader) invoice() {
	r.begin()
	r.status(" draft open paid ", " void deleted ")
	r.buyer(r.v.At("customer"), r.v.At("customer_name").Text(), r.v.At("customer_email").Text(), r.v.At("customer_phone").Text(), r.v.At("customer_address"))
	r.receiver(r.v.At("shipping_details"), r.v.At("customer_shipping"), r.v.At("customer", "shipping"))
	r.lines(r.v.At("lines"), "amount", "total")
}

// payment reads a charge or payment intent: somebody pays for something that is described at best.
func (r *reader) payment(kind string) {
	r.begin()
	r.status(" succeeded pending requires_capture processing ", " canceled ")
	charge := r.v
	if kind == "payment_intent" {
		charge = r.v.At("latest_charge")
		if charge.Kind != jsondoc.Object {
			for c := range r.v.At("charges", "data").Elems {
				charge = c
				break
			}
		}
	}
	b := charge.At("billing_details")
	r.buyer(r.v.At("customer"), b.At("name").Text(), first(b.At("email").Text(), r.v.At("receipt_email").Text()), b.At("phone").Text(), b.At("address"))
	r.receiver(r.v.At("shipping"), r.v.At("customer", "shipping"))
	if charge.At("payment_method_details", "card").Has() {
		r.pay().Method = "card"
	}
	r.whole("amount", r.v.At("description").Text())
}

func first(s ...string) string {
	for _, t := range s {
		if t != "" {
			return t
		}
	}
	return ""
}

// buyer is who the object names, and the customer with what is known where it is expanded.
func (r *reader) buyer(customer jsondoc.Value, name, email, phone string, home jsondoc.Value) {
	p := event.Party{Name: name, Email: document.Email(email), Phone: phone, Address: r.address(home)}
	if customer.Kind == jsondoc.Object {
		p.Customer = customer.At("id").Text()
		known := first(customer.At("business_name").Text(), customer.At("name").Text(), customer.At("individual_name").Text())
		if p.Name == "" {
			p.Name = known
		} else if known != "" && known != p.Name {
			p.Aliases = []string{known}
		}
		p.Email = first(p.Email, document.Email(customer.At("email").Text()))
		p.Phone = first(p.Phone, customer.At("phone").Text())
		if p.Address == nil {
			p.Address = r.address(customer.At("address"))
		}
	} else {
		p.Customer = customer.Text()
	}
	if p.Name == "" && p.Customer == "" { // a guest, whom Stripe knows by the e-mail address
		p.Customer = p.Email
	}
	at := r.v.Offset
	if !r.f.Party(at, event.Purchaser, p) && p.Address != nil {
		r.f.FaultAt(r.v.Pointer, at, document.CodeRequired, "a customer with an address and neither a name nor an id")
	}
	if p.Name != "" || p.Address != nil {
		pay := r.pay()
		pay.Payer = p.Name
		if p.Address != nil {
			pay.Country = p.Address.Country
		}
	}
}

func (r *reader) pay() *event.Payment {
	if r.f.Order.Payment == nil {
		r.f.Order.Payment = &event.Payment{}
	}
	return r.f.Order.Payment
}

func (r *reader) method(types jsondoc.Value) {
	var ways []string
	for t := range types.Elems {
		ways = append(ways, t.Text())
	}
	if len(ways) == 1 && ways[0] == "card" {
		r.pay().Method = "card"
	}
}

// receiver is the first that says something.
func (r *reader) receiver(places ...jsondoc.Value) {
	for _, v := range places {
		jsondoc.Whole(r.f, v)
		name, a := v.At("name").Text(), r.address(v.At("address"))
		if name == "" && a == nil {
			continue
		}
		p := event.Party{Name: name, Phone: v.At("phone").Text(), Address: a}
		if name == "" { // the buyer receives it there
			if at := slices.IndexFunc(r.f.Order.Parties, func(p event.Party) bool { return p.Role == event.Purchaser }); at >= 0 {
				p = r.f.Order.Parties[at]
				p.Address = a
			}
		}
		if !r.f.Party(v.Offset, event.UltimateConsignee, p) {
			r.f.FaultAt(v.Pointer, v.Offset, document.CodeRequired, "an address without a name: whose is it?")
		}
		if a != nil {
			r.f.Order.ShipTo = a.Country
		}
		return
	}
}

func (r *reader) address(v jsondoc.Value) *event.Address {
	return document.Address(event.Address{
		Lines: document.Lines(v.At("line1").Text(), v.At("line2").Text()), City: v.At("city").Text(), Region: v.At("state").Text(),
		Postcode: v.At("postal_code").Text(), Country: jsondoc.Country(r.f, v.At("country")),
	})
}

// lines reads what was bought. Where the lines were not expanded, all that is known is the sum.
func (r *reader) lines(list jsondoc.Value, amount, total string) {
	n := 0
	for li := range list.At("data").Elems {
		n++
		r.line(li, amount)
	}
	if list.At("has_more").True() {
		r.f.FaultAt(list.Pointer, list.Offset, document.CodeRequired, "%d lines of more: send all of them", n)
	}
	if n == 0 {
		r.whole(total, "")
	}
}

// whole makes an item of the sum: what it is stays unknown.
func (r *reader) whole(amount, description string) {
	v := r.v.At(amount)
	it := event.Item{Description: description}
	if v.Has() {
		it.Value, it.Currency = document.Minor(v.Text(), r.currency), r.currency
	}
	if it.Description == "" && it.Value == "" {
		r.f.FaultAt(r.v.Pointer, r.v.Offset, document.CodeRequired, "neither lines nor an amount: what was bought? Expand line_items")
		return
	}
	r.f.Item(r.v.Offset, it)
}

func (r *reader) line(li jsondoc.Value, amount string) {
	product := li.At("price", "product")
	if product.Kind != jsondoc.Object {
		product = li.At("product")
	}
	said := li.At("description").Text()
	if name := product.At("name").Text(); name != "" && !strings.Contains(said, name) {
		said = strings.TrimPrefix(said+"; "+name, "; ")
	}
	if more := product.At("description").Text(); more != "" && !strings.Contains(said, more) {
		said = strings.TrimPrefix(said+"; "+more, "; ")
	}
	it := event.Item{Description: said, Quantity: jsondoc.Decimal(r.f, li.At("quantity"))}
	it.SKU = first(product.At("metadata", "sku").Text(), product.At("id").Text(), product.Text(), li.At("pricing", "price_details", "product").Text())
	currency := first(jsondoc.Currency(r.f, li.At("currency")), r.currency)
	if v := li.First(amount, "amount", "amount_total", "amount_subtotal"); v.Has() {
		it.Value, it.Currency = document.Minor(v.Text(), currency), currency
	}
	meta := product.At("metadata")
	it.ECCN = document.ECCN(meta.First("eccn", "ECCN").Text())
	it.HTS = document.HTS(meta.First("hts", "hts_code", "hs_code").Text())
	it.PartNumber = meta.First("part_number", "mpn").Text()
	it.Manufacturer = meta.At("manufacturer").Text()
	it.Origin = jsondoc.Country(r.f, meta.First("country_of_origin", "origin"))
	r.f.Item(li.Offset, it)
}
