package edifact

import (
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/amendment"
	"github.com/tidegate/tidegate/services/ingest/internal/document"
	"github.com/tidegate/tidegate/services/ingest/internal/edi"
)

// begun opens a line.
func (r *reader) begun(s *edi.Segment) {
	r.endParty()
	r.endLine()
	r.lines++
	r.room = line{at: s.Offset, does: s.El(2), said: r.room.said[:0]}
	r.line = &r.room
	r.line.Position = document.Text(s.El(1))
	r.identify(s.Comp(3, 1), s.Comp(3, 2))
}

// identify sorts a line's numbers (7143).
func (r *reader) identify(id, kind string) {
	it := r.line
	if id = document.Text(id); id == "" {
		return
	}
	switch kind {
	case "MF", "MP", "VX":
		it.PartNumber = first(it.PartNumber, id)
	case "SA", "VN", "VP", "SK", "AA":
		it.SKU = first(it.SKU, id)
	case "HS":
		it.HTS = first(it.HTS, document.HTS(id))
	case "MN":
		it.said = append(it.said, id)
	case "CG", "GB", "GN", "NB", "SN", "PV", "BB", "AT":
	default:
		it.others = first(it.others, id)
	}
}

// detail reads what belongs to the open line.
func (r *reader) detail(s *edi.Segment) {
	it := r.line
	switch s.Tag {
	case "PIA":
		for n := 2; n <= 6; n++ {
			r.identify(s.Comp(n, 1), s.Comp(n, 2))
		}
	case "IMD":
		if text := document.Text(joined(s.Comp(3, 4), s.Comp(3, 5), len([]rune(s.Comp(3, 4))))); text != "" && !slices.Contains(it.said, text) {
			it.said = append(it.said, text)
		}
	case "FTX":
		if k := s.El(1); k == "AAA" || k == "PRD" { // what the goods are
			if text := strings.Join(comps(s, 4, 5), " "); text != "" && !slices.Contains(it.said, text) {
				it.said = append(it.said, text)
			}
		}
	case "QTY":
		r.quantity(s)
	case "QVR":
		if d, ok := document.Decimal(s.Comp(1, 1), r.mark); ok && d.Float() != 0 {
			it.back = true
		}
	case "MOA":
		if k := s.Comp(1, 1); (k == "203" || k == "38" || k == "66") && it.Value == "" {
			it.Value = r.f.Number(s.Offset, "MOA "+k, s.Comp(1, 2), r.decimal(s.Comp(1, 2)))
			it.Currency = r.f.Currency(s.Offset, s.Comp(1, 3))
		}
	case "PRI":
		if k := s.Comp(1, 1); (k == "AAA" || k == "CAL" || k == "CT" || k == "INV" || k == "AAE" || k == "AAB") && it.price == "" {
			it.price = r.f.Number(s.Offset, "PRI "+k, s.Comp(1, 2), r.decimal(s.Comp(1, 2)))
			it.per = r.f.Number(s.Offset, "PRI "+k, s.Comp(1, 5), r.decimal(s.Comp(1, 5)))
			it.unit = s.Comp(1, 6)
		}
	case "ALI":
		if c := s.El(1); c != "" {
			it.Origin = r.f.Country(s.Offset, "ALI", c)
		}
	case "PAC":
		it.packed = true
	}
}

// joined puts a text together that was cut at the 35 characters of a component; length is that of the last one in a.
func joined(a, b string, length int) string {
	if length == 35 {
		return a + b
	}
	return a + " " + b
}

// decimal is the mark of a number: UNA's, but a comma too where no point stands, for ISO 9735 lets both stand.
func (r *reader) decimal(s string) byte {
	if strings.IndexByte(s, ',') >= 0 && strings.IndexByte(s, '.') < 0 {
		return ','
	}
	return r.mark
}

// quantity reads what is ordered (21), of a despatch advice what was sent (12); others are parts of it.
func (r *reader) quantity(s *edi.Segment) {
	it := r.line
	switch k := s.Comp(1, 1); k {
	case "21", "12", "47", "61":
		if k == "21" && r.sent {
			it.ordered, _ = document.Decimal(s.Comp(1, 2), r.decimal(s.Comp(1, 2)))
		}
		if it.Quantity != "" && (it.packed || k != "12" || !r.sent) {
			return
		}
		it.Quantity = r.f.Number(s.Offset, "QTY "+k, s.Comp(1, 2), r.decimal(s.Comp(1, 2)))
		it.code = s.Comp(1, 3)
		it.Unit = document.Unit(it.code)
	case "83", "73", "192":
		if d, ok := document.Decimal(s.Comp(1, 2), r.mark); ok && d.Float() > 0 {
			it.back = true
		}
	}
}

// endLine adds the open line.
func (r *reader) endLine() {
	it := r.line
	if r.line = nil; it == nil {
		return
	}
	it.Description = strings.Join(it.said, "; ")
	it.SKU = first(it.SKU, it.others)
	does := amendment.Line{Action: amendment.Coded(it.does)}
	if it.does == "" && r.function == "2" { // lines that come to the order
		does.Action = amendment.Add
	}
	if it.unit == "" || document.Unit(it.unit) == it.Unit || it.code == "" && document.Unit(it.unit) == "piece" {
		if it.Value == "" {
			it.Value = document.Times(it.Quantity, it.price, it.per)
		}
		if it.price != "" {
			does.Price, does.Per, does.Currency = it.price, it.per, r.currency
		}
	}
	if it.Currency = first(it.Currency, r.currency); it.Value == "" {
		it.Currency = ""
	}
	less := it.back || it.ordered != "" && it.ordered.Float() > it.Quantity.Float()
	if does.Action != amendment.Remove { // which is no item of what was sent
		r.orders = append(r.orders, ofLine{order: it.order, less: less})
	}
	r.f.Line(it.at, it.Item, does)
}

// despatch reads a DESADV: every order in it left on the day of despatch; where it does not say, on its own date.
func (r *reader) despatch() []*document.Found {
	r.sent = true
	r.read()
	r.f.Whole()
	for i := range r.f.Order.Items { // numbered by the advice, not by the order
		r.f.Order.Items[i].Position = ""
	}
	if r.function == "1" || r.function == "3" {
		r.f.Fault(r.set.Offset, document.CodeNotSupported, "a despatch advice that is taken back")
	}
	left := r.left
	if left == "" {
		left = r.dated
	}
	if left == "" {
		r.f.Fault(r.set.Offset, document.CodeRequired, "neither DTM 11 nor DTM 137: when did it leave?")
	}
	refs := []string{}
	if r.order0 != "" {
		refs = append(refs, r.order0)
	}
	for _, id := range r.refs {
		if !slices.Contains(refs, id) {
			refs = append(refs, id)
		}
	}
	if len(refs) == 0 {
		r.f.Fault(r.set.Offset, document.CodeRequired, "RFF ON is missing: which order was sent?")
		return []*document.Found{r.f}
	}
	var out []*document.Found
	for _, id := range refs {
		out = append(out, r.sentOf(id, event.Shipment{Date: left, Document: r.number}))
	}
	return out
}

// sentOf is what was sent of one order: the lines that name it, and those that name none.
func (r *reader) sentOf(id string, ship event.Shipment) *document.Found {
	f := r.f.Beside()
	f.Order.Event, f.Order.ID, f.Order.Items, f.Ship = event.Shipped, id, nil, &ship
	for i, it := range r.f.Order.Items {
		of := r.orders[i]
		if of.order != "" && of.order != id {
			continue
		}
		f.Order.Items = append(f.Order.Items, it)
		if of.less {
			partial := true
			ship.Partial = &partial
		}
	}
	return f
}
