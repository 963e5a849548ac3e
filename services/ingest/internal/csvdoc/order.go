package csvdoc

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/document"
)

// maxRows is how many rows one order may have.
const maxRows = 500

// Orders reads one order after the other.
type Orders struct {
	rows    *Rows
	head    Row
	columns []column
	ahead   *Row // of the next order
	ended   error
	start   []*document.Found // why the header is of no use
}

// New reads the header line.
func New(r *bufio.Reader) (*Orders, error) {
	rows, head, err := NewRows(r)
	if err != nil {
		return nil, err
	}
	o := &Orders{rows: rows, head: head}
	o.header()
	return o, nil
}

// header finds what each column is. With a column that could hide what screening needs, no row is read.
func (o *Orders) header() {
	f := &document.Found{Format: Format, Bytes: o.head.Raw, Offset: o.head.Offset}
	if o.head.Err != nil {
		f.Fault(o.head.Offset, document.CodeSyntax, "line %d: %v", o.head.Line, o.head.Err)
	}
	shop := slices.ContainsFunc(o.head.Fields, func(f string) bool { return fold(f) == "lineitemname" })
	seen := map[column]string{}
	for _, name := range o.head.Fields {
		c, ok := known(name, shop)
		switch {
		case !ok:
			if near := document.Near(fold(name), names()); near != "" {
				f.Fault(o.head.Offset, document.CodeUnknown, "line %d: column %s is not known here; did you mean %s?", o.head.Line, document.Quote(name), near)
			} else if slices.ContainsFunc(telling, func(part string) bool { return strings.Contains(fold(name), part) }) {
				f.Fault(o.head.Offset, document.CodeUnknown, "line %d: column %s is not known here and could name a party, a country or a class; name it as the documentation does, or give a mapping",
					o.head.Line, document.Quote(name))
			}
		case c.field != "line" && c.field != "alias" && c.field != "contact" && seen[c] != "":
			f.Fault(o.head.Offset, document.CodeDuplicate, "line %d: columns %s and %s are the same", o.head.Line, document.Quote(seen[c]), document.Quote(name))
		default:
			seen[c] = name
		}
		o.columns = append(o.columns, c)
	}
	if len(f.Faults) > 0 {
		o.start, o.ended = []*document.Found{f}, io.EOF
	}
}

// Next gives the next order; io.EOF behind the last one. An error that is none of the input's ends the reading.
func (o *Orders) Next() (*document.Found, error) {
	if len(o.start) > 0 {
		f := o.start[0]
		o.start = o.start[1:]
		return f, nil
	}
	var rows []Row
	for {
		row := o.ahead
		o.ahead = nil
		if row == nil {
			r, err := o.read()
			if err != nil && len(rows) == 0 {
				return nil, err
			}
			if err != nil {
				return o.order(rows), nil //nolint:nilerr // it is given next time
			}
			row = &r
		}
		if len(rows) > 0 && !o.together(rows[0], *row) {
			o.ahead = row
			return o.order(rows), nil
		}
		if rows = append(rows, *row); row.Broken() || o.number(*row) == "" || len(rows) > maxRows || size(rows) > document.MaxSize {
			return o.order(rows), nil
		}
	}
}

func (o *Orders) read() (Row, error) {
	if o.ended != nil {
		return Row{}, o.ended
	}
	r, err := o.rows.Next()
	if err != nil {
		if !errors.Is(err, io.EOF) {
			err = fmt.Errorf("read orders: %w", err)
		}
		o.ended = err
	}
	return r, err
}

func size(rows []Row) int {
	n := 0
	for _, r := range rows {
		n += len(r.Raw)
	}
	return n
}

// together says whether a row goes on with the order of another: the same number and revision.
func (o *Orders) together(a, b Row) bool {
	return b.Err == nil && o.number(a) == o.number(b) && o.value(a, "order.revision") == o.value(b, "order.revision") && o.value(a, "order.source") == o.value(b, "order.source")
}

func (o *Orders) number(r Row) string { return o.value(r, "order.id") }

func (o *Orders) value(r Row, field string) string {
	for i, c := range o.columns {
		if c.field == field && c.role == "" && i < len(r.Fields) {
			return document.Text(r.Fields[i])
		}
	}
	return ""
}

// order makes one of its rows. What is the order's and a party's stands in the first; later ones may repeat it or leave it out.
func (o *Orders) order(rows []Row) *document.Found {
	f := &document.Found{Format: Format, Offset: rows[0].Offset, Bytes: append([]byte{}, o.head.Raw...)}
	b := builder{f: f, decimal: '.', parties: map[event.Role]*event.Party{}}
	if o.rows.comma == ';' {
		b.decimal = ','
	}
	for i, r := range rows {
		f.Bytes = append(f.Bytes, r.Raw...)
		b.row = r
		if r.Err != nil {
			f.Fault(r.Offset, document.CodeSyntax, "line %d: %v", r.Line, r.Err)
			continue
		}
		if len(r.Fields) != len(o.columns) {
			f.Fault(r.Offset, document.CodeSyntax, "line %d: %d fields under %d columns", r.Line, len(r.Fields), len(o.columns))
			continue
		}
		b.item, b.price, b.said = event.Item{}, "", false
		for j, c := range o.columns {
			v := document.Text(r.Fields[j])
			if v == "" || c == (column{}) {
				continue
			}
			if !strings.HasPrefix(c.field, "item.") && i > 0 {
				o.same(f, rows[0], r, j, v)
				continue
			}
			b.put(c, v, o.head.Fields[j])
		}
		b.endRow()
	}
	if len(rows) > maxRows {
		f.Fault(rows[0].Offset, document.CodeSize, "line %d: an order of more than %d rows", rows[0].Line, maxRows)
	}
	b.end()
	return f
}

// same refuses rows of one order that contradict each other.
func (o *Orders) same(f *document.Found, first, r Row, column int, v string) {
	if column >= len(first.Fields) {
		return // the first row is at fault itself
	}
	if was := document.Text(first.Fields[column]); was != v {
		f.Fault(r.Offset, document.CodeDuplicate, "line %d: %s is %s, in line %d of the same order it is %s", r.Line,
			o.head.Fields[column], document.Quote(v), first.Line, document.Quote(was))
	}
}

// builder fills an order.
type builder struct {
	f       *document.Found
	row     Row
	item    event.Item
	said    bool // the row says something of an item besides the currency
	price   event.Decimal
	decimal byte
	parties map[event.Role]*event.Party
	order   []event.Role // as they came
}

func (b *builder) put(c column, v, name string) {
	if c.role != "" {
		b.party(c, v, name)
		return
	}
	what := fmt.Sprintf("line %d: %s", b.row.Line, name)
	at := b.row.Offset
	o, it := &b.f.Order, &b.item
	b.said = b.said || strings.HasPrefix(c.field, "item.") && c.field != "item.currency" && c.field != "item.position"
	switch c.field {
	case "order.id":
		o.ID = v
	case "order.tenant":
		o.Tenant = v
	case "order.source":
		o.Source = v
	case "order.revision":
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 {
			b.f.Fault(at, document.CodeFormat, "%s %s is no revision: want a whole number from 0", what, document.Quote(v))
		}
		o.Revision = n
	case "order.event":
		o.Event = event.Kind(strings.ToLower(v))
	case "order.date":
		o.OrderDate = b.f.Day(at, what, v)
	case "order.ship":
		o.ShipDate = b.f.Day(at, what, v)
	case "order.from":
		o.ShipFrom = b.f.Country(at, what, v)
	case "order.to":
		o.ShipTo = b.f.Country(at, what, v)
	case "order.release":
		o.ReleaseTo = b.f.Country(at, what, v)
	case "order.incoterm":
		o.Incoterm = document.Incoterm(v)
	case "order.transaction":
		o.Transaction = event.Transaction(strings.ToLower(v))
	case "order.use":
		b.use().Text = v
	case "order.payment":
		b.payment().Method = strings.ReplaceAll(strings.ToLower(v), " ", "_")
	case "order.paidfrom":
		b.payment().Country = b.f.Country(at, what, v)
	case "order.license":
		o.Declared = append(o.Declared, event.Authority{Kind: "license", Number: v})
	case "order.licensecode":
		o.Declared = append(o.Declared, event.Authority{Kind: "license", Code: v})
	case "order.exception":
		o.Declared = append(o.Declared, event.Authority{Kind: "exception", Code: v})
	case "item.position":
		it.Position = v
	case "item.description":
		it.Description = v
	case "item.part":
		it.PartNumber = v
	case "item.sku":
		it.SKU = v
	case "item.quantity":
		it.Quantity = b.f.Number(at, what, v, b.decimal)
	case "item.unit":
		it.Unit = document.Unit(v)
	case "item.value":
		it.Value = b.f.Number(at, what, v, b.decimal)
	case "item.price":
		b.price = b.f.Number(at, what, v, b.decimal)
	case "item.currency":
		it.Currency = b.f.Currency(at, v)
	case "item.eccn":
		it.ECCN = document.ECCN(v)
	case "item.hts":
		it.HTS = document.HTS(v)
	case "item.origin":
		it.Origin = b.f.Country(at, what, v)
	case "item.manufacturer":
		it.Manufacturer = v
	}
}

func (b *builder) use() *event.EndUse {
	if b.f.Order.EndUse == nil {
		b.f.Order.EndUse = &event.EndUse{}
	}
	return b.f.Order.EndUse
}

func (b *builder) payment() *event.Payment {
	if b.f.Order.Payment == nil {
		b.f.Order.Payment = &event.Payment{}
	}
	return b.f.Order.Payment
}

func (b *builder) party(c column, v, name string) {
	p := b.parties[c.role]
	if p == nil {
		p = &event.Party{Address: &event.Address{}}
		b.parties[c.role] = p
		b.order = append(b.order, c.role)
	}
	what, at := fmt.Sprintf("line %d: %s", b.row.Line, name), b.row.Offset
	switch c.field {
	case "name":
		if p.Name == "" {
			p.Name = v
		} else if p.Name != v { // a company beside a person
			p.Aliases = append(p.Aliases, v)
		}
	case "alias":
		for a := range strings.SplitSeq(v, ";") {
			if a = document.Text(a); a != "" {
				p.Aliases = append(p.Aliases, a)
			}
		}
	case "line":
		p.Address.Lines = append(p.Address.Lines, v)
	case "city":
		p.Address.City = v
	case "region":
		p.Address.Region = v
	case "postcode":
		p.Address.Postcode = v
	case "country":
		p.Address.Country = b.f.Country(at, what, v)
	case "headquarters":
		p.Headquarters = b.f.Country(at, what, v)
	case "email":
		p.Email = document.Email(v)
	case "phone":
		p.Phone = v
	case "gln":
		p.GLN = v
	case "lei":
		p.LEI = strings.ToUpper(v)
	case "registration":
		p.Registration = v
	case "customer":
		p.Customer = v
	case "contact":
		p.Contacts = append(p.Contacts, v)
	case "website":
		p.Website = v
	case "business":
		p.Business = v
	case "type":
		p.ConsigneeType = strings.ReplaceAll(strings.ToLower(v), " ", "_")
	}
}

func (b *builder) endRow() {
	it := &b.item
	if it.Value == "" {
		it.Value = document.Times(it.Quantity, b.price, "")
	}
	if b.said {
		b.f.Item(b.row.Offset, *it)
	}
}

func (b *builder) end() {
	for _, role := range b.order {
		p := *b.parties[role]
		p.Address = document.Address(*p.Address)
		if !b.f.Party(b.f.Offset, role, p) {
			b.nameless(role, p)
		}
	}
}

// nameless takes a party of which only the address is given: that of delivery, where the purchaser receives the goods. Of
// anybody else somebody is missing.
func (b *builder) nameless(role event.Role, p event.Party) {
	buyer := b.parties[event.Purchaser]
	switch {
	case p.Address == nil && p.Email == "":
	case role == event.UltimateConsignee && p.Address != nil && (buyer != nil || len(p.Address.Lines) == 0):
		if b.f.Order.ShipTo == "" {
			b.f.Order.ShipTo = p.Address.Country
		}
		if buyer != nil && len(p.Address.Lines) > 0 {
			there := *buyer
			there.Address = p.Address
			b.f.Party(b.f.Offset, role, there)
		}
	default:
		b.f.Fault(b.f.Offset, document.CodeRequired, "line %d: of the %s an address is given and no name", b.row.Line, strings.ReplaceAll(string(role), "_", " "))
	}
}
