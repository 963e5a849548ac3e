package ubl

import (
	"slices"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/document"
	"github.com/tidegate/tidegate/services/ingest/internal/xmldoc"
)

// delivery reads where the goods go and when they leave. Where it names nobody, the buyer receives them there.
func (r *reader) delivery(n *xmldoc.Node) {
	at := r.address(r.cac(n, "DeliveryAddress"))
	if at == nil {
		at = r.address(r.cac(n, "DeliveryLocation", "Address"))
	}
	if at != nil {
		r.shipTo(at.Country)
	}
	r.receiver(n, at)
	for _, name := range []string{"CarrierParty", "NotifyParty"} {
		for p := range each(n, name) {
			r.customer(roles[name], p)
		}
	}
	d := r.cac(n, "Despatch")
	for _, name := range []string{"ActualDespatchDate", "GuaranteedDespatchDate", "EstimatedDespatchDate", "RequestedDespatchDate"} {
		if day := r.day(r.basic(d, name)); day != "" && r.f.Order.ShipDate == "" {
			r.f.Order.ShipDate = day
		}
	}
	from := r.address(r.cac(d, "DespatchAddress"))
	if from == nil {
		from = r.address(r.cac(d, "DespatchLocation", "Address"))
	}
	if from != nil && r.f.Order.ShipFrom == "" {
		r.f.Order.ShipFrom = from.Country
	}
	if s := r.cac(n, "Shipment"); s != nil {
		r.consignments(s)
	}
}

func (r *reader) receiver(n *xmldoc.Node, at *event.Address) {
	named := false
	for p := range each(n, "DeliveryParty") {
		who := r.who(p, "")
		if who.Address == nil {
			who.Address = at
		}
		named = r.f.Party(p.Offset, event.UltimateConsignee, who) || named
	}
	if named || at == nil {
		return
	}
	for _, p := range r.f.Order.Parties {
		if p.Role == event.Purchaser {
			p.Address = at
			r.f.Party(n.Offset, event.UltimateConsignee, p)
			return
		}
	}
}

// shipTo takes the country of delivery. Two that differ leave it to the consignees'.
func (r *reader) shipTo(c event.Country) {
	switch {
	case c == "" || r.f.Order.ShipTo == c:
	case r.f.Order.ShipTo == "" && !r.split:
		r.f.Order.ShipTo = c
	default:
		r.f.Order.ShipTo = ""
		r.split = true
	}
}

// declaration reads an export customs declaration: what is declared is what ships.
func (r *reader) declaration() {
	r.f.Order.ID = r.need(r.root, "ID")
	r.f.Order.OrderDate = r.day(r.basic(r.root, "IssueDate"))
	r.parties()
	found := false
	for d := range each(r.root, "CustomsDeclaration") {
		found = true
		r.partiesOf(d)
		for s := range each(d, "Shipment") {
			r.shipment(s)
		}
	}
	for s := range each(r.root, "Shipment") {
		found = true
		r.shipment(s)
	}
	if !found {
		r.fault(r.root, document.CodeRequired, "CustomsDeclaration is missing: nothing is declared")
	}
}

// forwarding reads instructions to a forwarder.
func (r *reader) forwarding() {
	r.f.Order.ID = r.need(r.root, "ID")
	r.f.Order.OrderDate = r.day(r.basic(r.root, "IssueDate"))
	r.parties()
	s := r.cac(r.root, "Shipment")
	if s == nil {
		r.fault(r.root, document.CodeRequired, "Shipment is missing: nothing is to be forwarded")
		return
	}
	r.shipment(s)
}

// shipment reads a shipment with its goods, wherever they stand in it.
func (r *reader) shipment(s *xmldoc.Node) {
	r.partiesOf(s)
	if c := r.cac(s, "ExportCountry"); c != nil && r.f.Order.ShipFrom == "" {
		r.f.Order.ShipFrom = r.country(c)
	}
	for d := range each(s, "Delivery") {
		r.delivery(d)
	}
	r.consignments(s)
	r.goods(s)
}

func (r *reader) consignments(s *xmldoc.Node) {
	o := &r.f.Order
	for c := range each(s, "Consignment") {
		r.partiesOf(c)
		r.terms(c)
		if from := r.country(r.cac(c, "OriginalDepartureCountry")); from != "" && o.ShipFrom == "" {
			o.ShipFrom = from
		}
		to := r.country(r.cac(c, "FinalDestinationCountry"))
		if to == "" {
			if a := r.address(r.cac(c, "RequestedDeliveryTransportEvent", "Location", "Address")); a != nil {
				to = a.Country
			}
		}
		r.shipTo(to)
		for t := range each(c, "TransitCountry") {
			if code := r.country(t); code != "" && !slices.Contains(o.Route, code) {
				o.Route = append(o.Route, code)
			}
		}
	}
}

// goods reads every goods item below a node. The consignment's tariff number is theirs where they have none.
func (r *reader) goods(n *xmldoc.Node) {
	tariff := ""
	var walk func(*xmldoc.Node)
	walk = func(n *xmldoc.Node) {
		for k := range n.Kids {
			if k.Space != cac {
				continue
			}
			if k.Name == "Consignment" {
				if t := document.HTS(r.cbc(k, "TariffCode")); t != "" {
					tariff = t
				}
			}
			if k.Name == "GoodsItem" {
				r.goodsItem(k, tariff)
				continue
			}
			walk(k)
		}
	}
	walk(n)
}

func (r *reader) goodsItem(n *xmldoc.Node, tariff string) {
	count := 0
	for i := range each(n, "Item") {
		count++
		it := r.item(i, n)
		if it.Description == "" {
			it.Description = joined(texts(n, "Description"))
		}
		r.valued(&it, n, tariff)
		r.f.Item(n.Offset, it)
	}
	if count == 0 {
		it := event.Item{Description: joined(texts(n, "Description"))}
		r.valued(&it, n, tariff)
		r.f.Item(n.Offset, it)
	}
}

func (r *reader) valued(it *event.Item, n *xmldoc.Node, tariff string) {
	it.Quantity, it.Unit = r.quantity(r.basic(n, "Quantity"))
	for _, name := range []string{"ValueAmount", "DeclaredCustomsValueAmount", "FreeOnBoardValueAmount", "DeclaredForCarriageValueAmount"} {
		if it.Value == "" {
			if it.Value, it.Currency = r.amount(r.basic(n, name)); it.Value == "" {
				it.Currency = ""
			}
		}
	}
	if it.HTS == "" {
		it.HTS = tariff
	}
	if it.Origin == "" {
		if c := r.cac(n, "OriginAddress", "Country"); c != nil {
			it.Origin = r.country(c)
		}
	}
}

// cancellation makes an event of each order that is cancelled.
func (r *reader) cancellation() {
	r.parties()
	refs := r.references(each(r.root, "OrderReference"))
	if len(refs) == 0 {
		r.fault(r.root, document.CodeRequired, "OrderReference is missing: which order is cancelled?")
		return
	}
	r.events(event.Cancelled, nil, refs)
}

// despatch makes an event of each order that something was sent of. It left on the day of despatch; where the advice does
// not say, on its own date.
func (r *reader) despatch() {
	r.parties()
	issued := r.day(r.basic(r.root, "IssueDate"))
	left := event.Date("")
	s := r.cac(r.root, "Shipment")
	for d := range each(s, "Delivery") {
		if day := r.day(r.basic(d, "Despatch", "ActualDespatchDate")); day != "" {
			left = day
		}
		r.delivery(d)
	}
	if left == "" {
		left = issued
	}
	if left == "" {
		r.fault(r.root, document.CodeRequired, "neither IssueDate nor ActualDespatchDate: when did it leave?")
	}
	refs := r.references(each(r.root, "OrderReference"))
	var lines []despatched
	for l := range each(r.root, "DespatchLine") {
		var of despatched
		it := r.item(r.cac(l, "Item"), l)
		it.Quantity, it.Unit = r.quantity(r.basic(l, "DeliveredQuantity"))
		r.f.Item(l.Offset, it)
		for _, name := range []string{"BackorderQuantity", "OutstandingQuantity"} {
			q, _ := r.quantity(r.basic(l, name))
			of.less = of.less || q.Float() > 0
		}
		for o := range each(l, "OrderLineReference") {
			for _, ref := range r.references(each(o, "OrderReference")) {
				of.orders = append(of.orders, ref)
				if !slices.Contains(refs, ref) {
					refs = append(refs, ref)
				}
			}
		}
		lines = append(lines, of)
	}
	if len(refs) == 0 {
		r.fault(r.root, document.CodeRequired, "OrderReference is missing: which order was sent?")
		return
	}
	number, all := r.need(r.root, "ID"), r.f.Order.Items
	for i, id := range refs {
		f := r.f
		if i > 0 {
			f = r.f.Beside()
			r.more = append(r.more, f)
		}
		f.Order.Event, f.Order.ID, f.Order.Items, f.Ship = event.Shipped, id, nil, &event.Shipment{Date: left, Document: number}
		for k, of := range lines {
			if len(of.orders) > 0 && !slices.Contains(of.orders, id) { // what names no order may be of any
				continue
			}
			f.Order.Items = append(f.Order.Items, all[k])
			if of.less {
				f.Ship.Partial = &of.less
			}
		}
	}
}

// despatched is which orders a line names, and whether less of it was sent than ordered.
type despatched struct {
	orders []string
	less   bool
}

func (r *reader) references(nodes func(func(*xmldoc.Node) bool)) []string {
	var out []string
	for n := range nodes {
		if id := r.need(n, "ID"); id != "" && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// events makes one of each order: the first in what was found so far, the others as copies of it.
func (r *reader) events(kind event.Kind, ship *event.Shipment, refs []string) {
	r.f.Order.Event, r.f.Ship = kind, ship
	r.f.Order.ID = refs[0]
	for _, id := range refs[1:] {
		other := *r.f
		other.Order.ID = id
		r.more = append(r.more, &other)
	}
}
