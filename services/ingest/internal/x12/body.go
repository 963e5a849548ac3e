package x12

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/amendment"
	"github.com/tidegate/tidegate/services/ingest/internal/document"
	"github.com/tidegate/tidegate/services/ingest/internal/edi"
)

// body reads what 850 and 860 share: parties, dates, terms and lines.
func (r *reader) body() {
	for i := range r.set.Segments {
		r.segment(&r.set.Segments[i])
	}
	r.endParty()
	r.endItem()
	r.contacts()
}

func (r *reader) segment(s *edi.Segment) {
	o := &r.f.Order
	switch s.Tag {
	case "CUR":
		if c := r.f.Currency(s.Offset, s.El(2)); c != "" && r.item == nil {
			r.currency = c
		}
	case "DTM":
		r.date(s)
	case "FOB":
		term := s.El(5)
		if c := document.Incoterm(term); c != "" && o.Incoterm == "" {
			o.Incoterm = c
		}
	case "REF":
		if s.El(1) == "EP" && !document.Unknown(s.El(2)) { // export permit number
			o.Declared = append(o.Declared, event.Authority{Kind: "license", Number: s.El(2)})
		}
	case "N1", "NM1", "N2", "N3", "N4", "PER":
		r.partySegment(s)
	case "PO1":
		r.begin(s, 2, 6)
		r.item.code, r.item.Unit = r.unit(s, 3)
		r.item.price, r.item.basis = r.number(s, 4), s.El(5)
	case "POC":
		r.begin(s, 3, 8)
		r.item.code, r.item.Unit = r.unit(s, 5)
		r.item.price, r.item.basis = r.number(s, 6), s.El(7)
		r.item.does = s.El(2)
	case "PID", "MSG", "TC2", "SLN", "IT8", "MTX":
		r.detail(s)
	case "SCH":
		r.scheduled(s)
	case "CTT":
		r.endParty()
		r.endItem()
		if n, err := strconv.Atoi(s.El(1)); err != nil || n != r.items {
			r.f.Fault(s.Offset, document.CodeSyntax, "CTT01 counts %s lines, %d are there: a line may be lost", document.Quote(s.El(1)), r.items)
		}
	}
}

// date reads dates of shipping; those of a line count where the order has none.
func (r *reader) date(s *edi.Segment) {
	switch s.El(1) {
	case "010", "068", "118", "110", "037": // 002, 017 and their like are days of delivery
		if d := r.day(s, 2); d != "" && r.f.Order.ShipDate == "" {
			r.f.Order.ShipDate = d
		}
	}
}

// begin opens a line; identifiers stand in pairs of qualifier and value.
func (r *reader) begin(s *edi.Segment, quantity, pairs int) {
	r.endParty()
	r.endItem()
	r.items++
	r.item = r.room.clear(s.Offset)
	r.item.Position = document.Text(s.El(1))
	r.item.Quantity = r.number(s, quantity)
	r.identify(s, pairs)
}

// identify sorts a line's identifiers (element 235).
func (r *reader) identify(s *edi.Segment, from int) {
	it, n := r.item, s.Len()
	for i := from; i < n; i += 2 {
		id := document.Text(s.Whole(i + 1))
		if id == "" {
			continue
		}
		switch s.El(i) {
		case "MG", "MP", "PN":
			it.PartNumber = first(it.PartNumber, id)
		case "VN", "VP", "VC", "VA", "SK", "SW":
			it.SKU = first(it.SKU, id)
		case "MF", "MB":
			it.Manufacturer = first(it.Manufacturer, id)
		case "HD", "HS":
			it.HTS = first(it.HTS, document.HTS(id))
		case "CH":
			it.Origin = r.f.Country(s.Offset, element(s, i+1), id)
		case "MN":
			it.said = append(it.said, id)
		case "BP", "UP", "UA", "UI", "UK", "EN", "IN", "PI", "CB", "UC", "EC":
			it.bought = first(it.bought, id)
		}
	}
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// detail reads what describes the open line.
func (r *reader) detail(s *edi.Segment) {
	if r.item == nil {
		return
	}
	switch s.Tag {
	case "PID":
		r.say(s.Whole(5))
	case "MSG", "MTX":
		r.endParty()
		n := 1
		if s.Tag == "MTX" {
			n = 2
		}
		r.say(s.Whole(n))
	case "TC2":
		if s.El(1) == "J" || s.El(1) == "H" || s.El(1) == "A" {
			r.item.HTS = first(r.item.HTS, document.HTS(s.El(2)))
		}
	case "SLN":
		r.part(s)
	}
}

func (r *reader) say(text string) {
	if text = document.Text(text); text != "" && !slices.Contains(r.item.said, text) {
		r.item.said = append(r.item.said, text)
	}
}

// scheduled reads to whom a part of a line goes, where a schedule names somebody.
func (r *reader) scheduled(s *edi.Segment) {
	if s.El(3) == "" && s.El(4) == "" {
		return
	}
	r.endParty()
	r.party = &partner{at: s.Offset, code: s.El(3)}
	r.party.Name, r.party.Address = document.Text(s.Whole(4)), &event.Address{}
	r.endParty()
}

// part reads a component of a line that is a kit.
func (r *reader) part(s *edi.Segment) {
	number := ""
	for i := 9; i < s.Len(); i += 2 {
		switch s.El(i) {
		case "MG", "MP", "PN", "VN", "VP", "BP":
			number = first(number, document.Text(s.Whole(i+1)))
		}
	}
	if q := r.number(s, 4); number != "" && q != "" {
		r.item.Contains = append(r.item.Contains, event.Part{PartNumber: number, Count: q})
	}
}

// endItem adds the open line.
func (r *reader) endItem() {
	it := r.item
	if r.item = nil; it == nil {
		return
	}
	it.Description = strings.Join(it.said, "; ")
	it.SKU = first(it.SKU, it.bought)
	if v := it.value(); v != "" {
		it.Value, it.Currency = v, r.currency
	}
	does := amendment.Line{Action: action(it.does, r.added)}
	if it.price != "" && it.per() != "" {
		does.Price, does.Per, does.Currency = it.price, it.per(), r.currency
	}
	r.f.Line(it.at, it.Item, does)
}

// action is what a change code (element 670) does to a line; "" where that is not certain. Of a set that only adds, what has no code
// is added.
func action(code string, added bool) amendment.Action {
	switch code {
	case "":
		if added {
			return amendment.Add
		}
		return amendment.Say
	case "AI":
		return amendment.Add
	case "DI":
		return amendment.Remove
	case "NC":
		return amendment.Keep
	case "AA", "CA", "CB", "CC", "CE", "CG", "CT", "MU", "PC", "PQ", "PR", "QC", "QD", "QI", "RA", "RB", "RQ", "RS", "RZ":
		return amendment.Change
	}
	return "" // replaced by another item, transferred, rejected, confirmed
}

// value is quantity times price, by what the price is for; unknown where that is another unit.
func (it *line) value() event.Decimal {
	per := it.per()
	if per == "" {
		return ""
	}
	return document.Times(it.Quantity, it.price, per)
}

// per is how many of the quantity's unit the price is for (element 639); "" where that is not known.
func (it *line) per() event.Decimal {
	switch it.basis {
	case "", "UM", "CP", "CT", "NT", "NS", "QT", "LM", "LD", "DP", "PR", "PQ", "SC":
		return "1"
	case "PE", "CA", "WE", "LE", "RE", "EA", "AA", "NE", "ES", "UE", "DE", "BW", "RT", "WH":
		if it.Unit == "piece" || it.code == "" {
			return "1"
		}
	case "HP":
		return "100"
	case "TP":
		return "1000"
	}
	return ""
}
