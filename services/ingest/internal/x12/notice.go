package x12

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/document"
	"github.com/tidegate/tidegate/services/ingest/internal/edi"
)

// shipped is one order of a ship notice.
type shipped struct {
	id    string
	at    int
	own   document.Found // its parties, which are nobody of the other orders
	items []event.Item
	less  bool // less was sent than ordered
}

// notice reads an 856: levels of shipment, orders, packages and items, each naming the one above it. Every order in it
// left on the day of shipment (DTM 011); where the notice does not say, on its own date.
func (r *reader) notice() []*document.Found {
	bsn := r.one("BSN")
	if bsn == nil {
		return []*document.Found{r.f}
	}
	switch code := bsn.El(1); code {
	case "00", "05", "06", "07", "04", "ZZ", "":
	default:
		r.f.Fault(bsn.Offset, document.CodeNotSupported, "BSN01 %s: a ship notice that is taken back or only asked about", document.Quote(code))
	}
	if bsn.El(2) == "" {
		r.f.Fault(bsn.Offset, document.CodeRequired, "BSN02 is empty: the ship notice has no number")
	}
	n := noticed{r: r, above: map[string]string{}, order: map[string]*shipped{}}
	for i := range r.set.Segments {
		n.segment(&r.set.Segments[i])
	}
	r.endParty()
	n.endItem()
	return n.found(bsn)
}

// noticed follows the levels of a notice.
type noticed struct {
	r      *reader
	above  map[string]string   // the level above each
	order  map[string]*shipped // of the level that is one
	orders []*shipped
	level  string // the open one
	kind   string
	item   *event.Item // the open one
	left   event.Date
	levels int
}

func (n *noticed) segment(s *edi.Segment) {
	r := n.r
	switch s.Tag {
	case "HL":
		r.endParty()
		n.endItem()
		n.levels++
		n.level, n.kind = s.El(1), s.El(3)
		if _, twice := n.above[n.level]; twice {
			r.f.Fault(s.Offset, document.CodeDuplicate, "level HL %s is given twice", document.Quote(n.level))
		}
		if up := s.El(2); up != "" {
			if _, ok := n.above[up]; !ok {
				r.f.Fault(s.Offset, document.CodeSyntax, "level HL %s stands below HL %s, which is not there", n.level, document.Quote(up))
			}
		}
		n.above[n.level] = s.El(2)
		if n.kind == "O" {
			n.begun(s.Offset)
		}
		n.addressed()
	case "PRF":
		r.endParty()
		o := n.of()
		if o == nil {
			o = n.begun(s.Offset)
		}
		o.id = releaseOf(s.El(1), s.El(2))
		n.addressed()
	case "DTM":
		if s.El(1) == "011" {
			if d := r.day(s, 2); d != "" {
				n.left = d
			}
		}
	case "LIN":
		n.endItem()
		r.item = r.room.clear(s.Offset)
		r.identify(s, 2)
		it := r.item.Item
		it.SKU = first(it.SKU, r.item.bought)
		n.item, r.item = &it, nil
	case "PID":
		if said := document.Text(s.Whole(5)); n.item != nil && said != "" {
			n.item.Description = strings.TrimPrefix(n.item.Description+"; "+said, "; ")
		}
	case "SN1":
		n.sent(s)
	case "N1", "NM1", "N2", "N3", "N4", "PER":
		r.partySegment(s)
	case "CTT":
		if !isCount(s.El(1), n.levels) {
			r.f.Fault(s.Offset, document.CodeSyntax, "CTT01 counts %s levels, %d are there: one may be lost", document.Quote(s.El(1)), n.levels)
		}
	}
}

func isCount(s string, n int) bool {
	d, ok := document.Decimal(s, '.')
	return ok && d.Float() == float64(n)
}

// begun opens an order at the open level.
func (n *noticed) begun(at int) *shipped {
	o := &shipped{at: at}
	n.order[n.level] = o
	n.orders = append(n.orders, o)
	return o
}

// addressed gives the parties that follow to the order of the open level; outside of one they are everybody's.
func (n *noticed) addressed() {
	if n.r.to = nil; n.of() != nil {
		n.r.to = &n.of().own
	}
}

// sent reads how much of an item left.
func (n *noticed) sent(s *edi.Segment) {
	if n.item == nil || n.item.Quantity != "" {
		n.endItem()
		n.item = &event.Item{}
	}
	it := n.item
	it.Quantity = n.r.number(s, 2)
	_, it.Unit = n.r.unit(s, 3)
	if ordered := n.r.number(s, 5); ordered != "" && ordered.Float() > it.Quantity.Float() && n.of() != nil {
		n.of().less = true
	}
}

// endItem adds the open item to the order of the open level.
func (n *noticed) endItem() {
	if o := n.of(); o != nil && n.item != nil {
		o.items = append(o.items, *n.item)
	}
	n.item = nil
}

// of finds the order that the open level belongs to.
func (n *noticed) of() *shipped {
	for at, steps := n.level, 0; at != "" && steps <= len(n.above); at, steps = n.above[at], steps+1 {
		if o := n.order[at]; o != nil {
			return o
		}
	}
	return nil
}

// found makes an event of each order. Levels of the same order are one.
func (n *noticed) found(bsn *edi.Segment) []*document.Found {
	r := n.r
	if n.left == "" {
		n.left = r.day(bsn, 3)
	}
	if n.left == "" {
		r.f.Fault(bsn.Offset, document.CodeRequired, "neither DTM 011 nor BSN03 is a date: when did it leave?")
	}
	r.f.Order.Event = event.Shipped
	var out []*document.Found
	byID := map[string]*document.Found{}
	for _, o := range n.orders {
		if o.id == "" {
			r.f.Fault(o.at, document.CodeRequired, "PRF01 is missing or empty: which order was sent?")
			continue
		}
		f := byID[o.id]
		if f == nil {
			f = r.f.Beside()
			f.Order.ID, f.Order.Items = o.id, nil
			f.Ship = &event.Shipment{Date: n.left, Document: bsn.El(2)}
			byID[o.id] = f
			out = append(out, f)
		}
		for i, p := range o.own.Order.Parties {
			f.Party(o.own.Place("/parties/"+strconv.Itoa(i)), p.Role, p)
		}
		f.Order.Items = append(f.Order.Items, o.items...)
		if o.less {
			partial := true
			f.Ship.Partial = &partial
		}
	}
	if len(n.orders) == 0 {
		r.f.Fault(r.set.Offset, document.CodeRequired, "PRF is missing: which order was sent?")
	}
	if len(out) == 0 {
		return []*document.Found{r.f}
	}
	for _, f := range out { // what is wrong with the notice is wrong with all of it
		f.Faults = slices.Clip(r.f.Faults)
	}
	return out
}
