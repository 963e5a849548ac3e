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
	"github.com/tidegate/tidegate/services/ingest/internal/country"
	"github.com/tidegate/tidegate/services/ingest/internal/document"
)

// maxRows is how many rows one order may have.
const maxRows = 500

// Orders reads one order after the other.
type Orders struct {
	rows    *Rows
	head    Row
	shop    bool // a web shop's export
	beside  bool // who goods are delivered to stands beside the consignee, and is an intermediate consignee where it is another
	columns []column
	keys    [3][]int // columns of the order's number, revision and source
	ahead   *Row     // of the next order
	open    []Row    // of the order being read
	over    int      // rows of it beyond what is taken
	any     bool     // something was given
	build   builder
	room    document.Room
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
		o.start, o.ended = []*document.Found{f}, io.EOF
		return
	}
	o.shop = slices.ContainsFunc(o.head.Fields, func(f string) bool { return fold(f) == "lineitemname" })
	seen := map[column]string{}
	o.beside = beside(o.head.Fields, o.shop)
	for _, name := range o.head.Fields {
		c, ok := known(name, o.shop)
		if o.beside && c.role == event.UltimateConsignee && delivered(name) {
			c.role = event.IntermediateConsignee
		}
		switch {
		case !ok:
			if near := document.Near(fold(name), names()); near != "" {
				f.Fault(o.head.Offset, document.CodeUnknown, "line %d: column %s is not known here; did you mean %s?", o.head.Line, document.Quote(name), near)
			} else if slices.ContainsFunc(telling, func(part string) bool { return strings.Contains(fold(name), part) }) {
				f.Fault(o.head.Offset, document.CodeUnknown, "line %d: column %s is not known here and could name a party, a country or a class; name it as the documentation does, or give a mapping",
					o.head.Line, document.Quote(name))
			}
		case c == column{}: // of no use
		case c.field != "line" && c.field != "alias" && c.field != "contact" && seen[c] != "":
			f.Fault(o.head.Offset, document.CodeDuplicate, "line %d: columns %s and %s are the same", o.head.Line, document.Quote(seen[c]), document.Quote(name))
		default:
			seen[c] = name
		}
		for k, field := range []string{"order.id", "order.revision", "order.source"} {
			if c.field == field && c.role == "" {
				o.keys[k] = append(o.keys[k], len(o.columns))
			}
		}
		o.columns = append(o.columns, c)
	}
	if len(f.Faults) > 0 {
		o.start, o.ended = []*document.Found{f}, io.EOF
	}
}

// Next gives the next order, which holds until the next call; io.EOF behind the last one. An error that is none of the input's ends the reading.
func (o *Orders) Next() (*document.Found, error) {
	if len(o.start) > 0 {
		f := o.start[0]
		o.start, o.any = o.start[1:], true
		return f, nil
	}
	rows, size := o.open[:0], 0
	o.over = 0
	defer func() { o.open = rows }()
	for {
		row := o.ahead
		o.ahead = nil
		if row == nil {
			r, err := o.read()
			if errors.Is(err, io.EOF) && !o.any {
				o.any = true
				return o.empty(), nil
			}
			if err != nil && len(rows) == 0 {
				return nil, err
			}
			o.any = true
			if err != nil {
				return o.order(rows), nil // the error is given next time
			}
			row = &r
		}
		if len(rows) > 0 && !o.together(rows[0], *row) {
			o.ahead = row
			return o.order(rows), nil
		}
		if size += len(row.Raw); len(rows) > maxRows || size > document.MaxSize && len(rows) > 0 {
			o.over++ // the rest of an order that is refused is no order by itself
			continue
		}
		if rows = append(rows, *row); o.number(*row) == "" {
			return o.order(rows), nil
		}
	}
}

// empty is a file of a header line alone, whose rows may be lost.
func (o *Orders) empty() *document.Found {
	f := &document.Found{Format: Format, Bytes: o.head.Raw, Offset: o.head.Offset}
	f.Fault(o.head.Offset, document.CodeRequired, "line %d is a header and no row follows: there is no order in it", o.head.Line)
	return f
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

// together says whether a row goes on with the order of another: the same number and revision. One that could not be read to its end is
// of the order whose number it has, which is refused for it: without that row it would be another order.
func (o *Orders) together(a, b Row) bool {
	if a.Err != nil || b.Err != nil {
		return o.number(b) != "" && o.number(a) == o.number(b)
	}
	for k := range o.keys {
		if o.value(a, k) != o.value(b, k) {
			return false
		}
	}
	return true
}

func (o *Orders) number(r Row) string { return o.value(r, 0) }

// value is the row's first field among the columns of a key.
func (o *Orders) value(r Row, key int) string {
	for _, i := range o.keys[key] {
		if i < len(r.Fields) {
			return document.Text(r.Fields[i])
		}
	}
	return ""
}

// order makes one of its rows. What is the order's and a party's stands in the first; later ones may repeat it or leave it out.
func (o *Orders) order(rows []Row) *document.Found {
	size := len(o.head.Raw)
	for _, r := range rows {
		size += len(r.Raw)
	}
	f := &document.Found{Format: Format, Offset: rows[0].Offset, Bytes: append(make([]byte, 0, size), o.head.Raw...)}
	o.room.For(f, len(o.build.parties)+1, len(rows))
	b := &o.build
	*b = builder{f: f, decimal: '.', shop: o.shop, beside: o.beside, parties: b.parties[:0]}
	if o.rows.comma == ';' {
		b.decimal = ','
	}
	base := max(0, slices.IndexFunc(rows, func(r Row) bool { return !r.Broken() }))
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
			if i > base && !strings.HasPrefix(c.field, "item.") {
				o.same(f, rows[base], r, j, v)
				continue
			}
			b.put(c, v, o.head.Fields[j])
		}
		b.endRow()
	}
	if len(rows) > maxRows || o.over > 0 {
		f.Fault(rows[0].Offset, document.CodeSize, "line %d: an order of %d rows; at most %d are taken, of %d bytes: send a larger order as several", rows[0].Line, len(rows)+o.over, maxRows, document.MaxSize)
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
	shop    bool
	beside  bool
	parties []partner // as they came
}

// partner is the party in a role.
type partner struct {
	event.Party
	company string // where a person is named beside it
	address event.Address
}

// of gives the party in a role; nil where the order has none.
func (b *builder) of(role event.Role) *partner {
	for i := range b.parties {
		if b.parties[i].Role == role {
			return &b.parties[i]
		}
	}
	return nil
}

// what names a field in a fault.
func (b *builder) what(name string) string { return fmt.Sprintf("line %d: %s", b.row.Line, name) }

// country, number and day name the field only where there is a fault in it: most rows have none.
func (b *builder) country(v, name string) event.Country {
	if c, ok := country.Read(v); ok && !country.Placeholder(v) {
		return c
	}
	return b.f.Country(b.row.Offset, b.what(name), v)
}

func (b *builder) number(v, name string) event.Decimal {
	if b.decimal == ',' && thousands(v) {
		b.f.Fault(b.row.Offset, document.CodeFormat, "%s %s could be thousands or thousandths: write %s or %s", b.what(name), document.Quote(v),
			strings.Replace(v, ".", "", 1), strings.Replace(v, ".", ",", 1))
		return ""
	}
	if d, ok := document.Decimal(v, b.decimal); ok {
		return d
	}
	return b.f.Number(b.row.Offset, b.what(name), v, b.decimal)
}

// thousands says whether a point stands where one between thousands would: nobody knows which it is in a file whose decimal mark is a comma.
func thousands(v string) bool {
	whole, rest, ok := strings.Cut(strings.TrimLeft(v, "+-"), ".")
	return ok && len(rest) == 3 && len(whole) >= 1 && len(whole) <= 3 && whole[0] != '0' && strings.Trim(whole+rest, "0123456789") == ""
}

func (b *builder) day(v, name string) event.Date {
	if d, ok := document.Day(v); ok {
		return d
	}
	return b.f.Day(b.row.Offset, b.what(name), v)
}

func (b *builder) put(c column, v, name string) {
	if c.role != "" {
		b.party(c, v, name)
		return
	}
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
			b.f.Fault(at, document.CodeFormat, "%s %s is no revision: want a whole number from 0", b.what(name), document.Quote(v))
		}
		o.Revision = n
	case "order.event":
		o.Event = event.Kind(strings.ToLower(v))
	case "order.cancelled":
		o.Event = event.Cancelled
	case "order.date":
		o.OrderDate = b.day(v, name)
	case "order.ship":
		o.ShipDate = b.day(v, name)
	case "order.from":
		o.ShipFrom = b.country(v, name)
	case "order.to":
		o.ShipTo = b.country(v, name)
	case "order.release":
		o.ReleaseTo = b.country(v, name)
	case "order.incoterm":
		o.Incoterm = document.Incoterm(v)
	case "order.transaction":
		o.Transaction = event.Transaction(strings.ToLower(v))
	case "order.use":
		b.use().Text = v
	case "order.payment":
		b.payment().Method = strings.ReplaceAll(strings.ToLower(v), " ", "_")
	case "order.paidfrom":
		b.payment().Country = b.country(v, name)
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
		it.Quantity = b.number(v, name)
	case "item.unit":
		it.Unit = document.Unit(v)
	case "item.value":
		it.Value = b.number(v, name)
	case "item.price":
		b.price = b.number(v, name)
	case "item.currency":
		it.Currency = b.f.Currency(at, v)
	case "item.eccn":
		it.ECCN = document.ECCN(v)
	case "item.hts":
		it.HTS = document.HTS(v)
	case "item.origin":
		it.Origin = b.country(v, name)
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
	p := b.of(c.role)
	if p == nil {
		b.parties = append(b.parties, partner{Party: event.Party{Role: c.role}})
		p = &b.parties[len(b.parties)-1]
	}
	switch c.field {
	case "name":
		p.Name = v
	case "company":
		p.company = v
	case "alias":
		for a := range strings.SplitSeq(v, ";") {
			if a = document.Text(a); a != "" {
				p.Aliases = append(p.Aliases, a)
			}
		}
	case "line":
		p.address.Lines = append(p.address.Lines, v)
	case "city":
		p.address.City = v
	case "region":
		p.address.Region = v
	case "postcode":
		p.address.Postcode = strings.TrimPrefix(v, "'") // which spreadsheets put before digits
	case "country":
		p.address.Country = b.country(v, name)
	case "headquarters":
		p.Headquarters = b.country(v, name)
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
	for i := range b.parties {
		if p := &b.parties[i]; p.company != "" {
			p.Contacts = append(p.Contacts, document.Lines(p.Name)...)
			p.Name = p.company
		}
	}
	b.billed()
	if b.beside {
		b.received()
	}
	for i := range b.parties {
		p := &b.parties[i]
		p.Address = document.Address(p.address)
		if !b.f.Party(b.f.Offset, p.Role, p.Party) {
			b.nameless(p.Role, p.Party)
		}
	}
}

// received makes whom goods are delivered to the consignee, where no other is named.
func (b *builder) received() {
	there, consignee := b.of(event.IntermediateConsignee), b.of(event.UltimateConsignee)
	if there == nil {
		return
	}
	if consignee == nil {
		there.Role = event.UltimateConsignee
		return
	}
	if b.f.Order.ShipTo == "" { // goods go there, wherever the consignee is
		b.f.Order.ShipTo = there.address.Country
	}
	if there.Name != "" && there.Name != consignee.Name {
		return
	}
	there.Name = consignee.Name
	if !document.Filled(consignee.address) {
		consignee.address = there.address
	}
	if !document.Filled(there.address) || same(there.address, consignee.address) {
		there.Party, there.address = event.Party{Role: event.IntermediateConsignee}, event.Address{}
	}
}

func same(a, b event.Address) bool {
	return slices.Equal(a.Lines, b.Lines) && a.City == b.City && a.Region == b.Region && a.Postcode == b.Postcode && a.Country == b.Country
}

// billed makes who is billed the purchaser of a web shop's order, whom its export knows by the e-mail address.
func (b *builder) billed() {
	buyer, payer := b.of(event.Purchaser), b.of(event.Payer)
	if !b.shop || buyer == nil || buyer.Name != "" {
		return
	}
	if payer == nil {
		buyer.Customer = buyer.Email
		return
	}
	buyer.Name, buyer.Contacts, buyer.address = payer.Name, payer.Contacts, payer.address
}

// nameless takes a party of which only the address is given: that of delivery, where the purchaser receives the goods. Of
// anybody else somebody is missing.
func (b *builder) nameless(role event.Role, p event.Party) {
	buyer := b.of(event.Purchaser)
	switch {
	case p.Address == nil && p.Email == "":
	case role == event.UltimateConsignee && p.Address != nil && (buyer != nil || len(p.Address.Lines) == 0):
		if b.f.Order.ShipTo == "" {
			b.f.Order.ShipTo = p.Address.Country
		}
		if buyer != nil && len(p.Address.Lines) > 0 {
			there := buyer.Party
			there.Address = p.Address
			b.f.Party(b.f.Offset, role, there)
		}
	default:
		b.f.Fault(b.f.Offset, document.CodeRequired, "line %d: of the %s an address is given and no name", b.row.Line, strings.ReplaceAll(string(role), "_", " "))
	}
}
