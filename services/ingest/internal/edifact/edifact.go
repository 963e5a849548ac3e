// Package edifact reads UN/EDIFACT ORDERS, ORDCHG and DESADV messages, directories D.93A and later. Codes are the
// directory's: document function 1225, party 3035, item identification 7143, quantity 6063, date 2005 and 2379, place 3227.
package edifact

import (
	"bufio"
	"strconv"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/document"
	"github.com/tidegate/tidegate/services/ingest/internal/edi"
)

// New begins to read interchanges.
func New(r *bufio.Reader) *edi.Orders { return edi.NewOrders(edi.NewUN(r).Next, read) }

// read gives what a message says, in a room where the one before was.
func read(s *edi.Set, room *document.Room) []*document.Found {
	r := &reader{set: s, f: s.Found, mark: '.'}
	if s.Decimal == ',' {
		r.mark = ','
	}
	r.tags()
	room.For(r.f, s.Count("NAD"), s.Count("LIN"))
	switch kind := s.Segments[0].Comp(2, 1); kind {
	case "ORDERS":
		r.order(false)
	case "ORDCHG":
		r.order(true)
	case "DESADV":
		return r.despatch()
	default:
		r.f.Fault(s.Offset, document.CodeNotSupported, "message %s is no order; taken are ORDERS, ORDCHG and DESADV", document.Quote(kind))
	}
	return []*document.Found{r.f}
}

// segments are those of the three messages in any directory. A tag that is none of them was something else before it was damaged.
var segments = func() map[string]bool {
	known := map[string]bool{}
	for tag := range strings.FieldsSeq(`UNH UNT UNS BGM DTM PAI ALI IMD FTX GIR RFF NAD LOC FII DOC CTA COM TAX MOA CUX PCD PAT TDT TOD PAC MEA PCI GIN EQD SCC QTY ALC RNG RTE RCS DGS
		APR LIN PIA HAN QVR PRI GIS STG MTD INV GEI TSR EFI TMD CPS SGP SEL HYN SGU TPL CNI DLM CCI CAV QRS ASI PGI IDE BII CNT AUT ATT RJL IRQ MKS CST GRU FRM HDR AGR CRI PNA ADR ICD DAM SPS UNP UNO`) {
		known[tag] = true
	}
	return known
}()

// tags refuses segments of no tag that could stand here.
func (r *reader) tags() {
	for i := range r.set.Segments {
		if s := &r.set.Segments[i]; !segments[s.Tag] {
			r.f.Fault(s.Offset, document.CodeSyntax, "segment %s is none of an order, change or despatch advice", document.Quote(s.Tag))
		}
	}
}

// reader reads one message.
type reader struct {
	set      *edi.Set
	f        *document.Found
	mark     byte
	currency string

	number   string // of the document
	function string
	dated    event.Date // the message
	clock    string     // hours and minutes of it
	placed   event.Date // the order, where the message says it
	left     event.Date // the goods
	order0   string     // the order that is referred to
	version  int
	counted  bool     // the version is a count of changes
	refs     []string // orders that lines refer to

	line   *line
	room   line // where it stands
	party  *event.Party
	code   string // of the party
	at     int    // of the party
	lines  int
	sent   bool     // the message says what was sent
	orders []ofLine // of each line
}

// ofLine is the order of a line, "" where the line names none, and whether less of it was sent than ordered.
type ofLine struct {
	order string
	less  bool
}

// line is an item in the making.
type line struct {
	event.Item
	at      int
	price   event.Decimal
	per     event.Decimal
	unit    string // the price's
	code    string // the quantity's, as sent
	said    []string
	others  string        // numbers of the buyer, and GTINs
	does    string        // the action code
	packed  bool          // PAC or LOC groups follow, whose quantities are parts of the line's
	back    bool          // less was sent than ordered
	order   string        // the order it names
	ordered event.Decimal // of it, where that is given besides what was sent
}

// order reads ORDERS or ORDCHG. Its revision is its own version or change number; without one, the minutes from 2000-01-01
// to the message's date and time.
func (r *reader) order(change bool) {
	r.read()
	o := &r.f.Order
	o.ID = r.number
	o.OrderDate = r.dated
	if r.placed != "" {
		o.OrderDate = r.placed
	}
	if change && r.order0 != "" {
		o.ID = r.order0
	}
	switch r.function {
	case "1", "3", "17", "50":
		o.Event = event.Cancelled
		if r.function == "3" && len(o.Items) > 0 {
			r.f.Fault(r.set.Offset, document.CodeNotSupported, "BGM function 3 with lines: is the order deleted or are these lines? send 1 for the order, 4 and lines of action 2")
		}
	case "4", "5", "2", "19", "20", "33", "36":
		change = true
	case "8", "10", "11", "12", "16", "21", "23", "25", "27", "37", "38", "39", "40", "41", "48", "49", "52", "53":
		r.f.Fault(r.set.Offset, document.CodeNotSupported, "BGM function %s: neither placed nor changed nor taken back", r.function)
	}
	if change && o.Event == "" {
		o.Event, o.Revision = event.Revised, r.revision()
	}
	if o.Event == event.Revised && r.function != "5" { // 5 replaces the order; anything else lists what changed
		r.f.Part(r.counted)
	} else {
		r.f.Whole()
	}
}

func (r *reader) revision() int {
	if r.version > 0 {
		return r.version
	}
	clock := r.clock
	if clock == "" && len(r.set.Time) >= 4 {
		clock = r.set.Time
	}
	return document.Minutes(string(r.dated), clock)
}

// read goes through the message.
func (r *reader) read() {
	begun := 0
	for i := range r.set.Segments {
		s := &r.set.Segments[i]
		if s.Tag == "BGM" {
			if begun++; begun > 1 {
				r.f.Fault(s.Offset, document.CodeDuplicate, "BGM is given twice")
				continue
			}
			r.begin(s)
			continue
		}
		r.segment(s)
	}
	if begun == 0 {
		r.f.Fault(r.set.Offset, document.CodeRequired, "BGM is missing: which document is this?")
	}
	r.endParty()
	r.endLine()
}

func (r *reader) begin(s *edi.Segment) {
	r.number, r.function = document.Text(s.Comp(2, 1)), s.El(3)
	if r.number == "" {
		r.f.Fault(s.Offset, document.CodeRequired, "BGM: the document has no number")
	}
	for c := 2; c <= 3; c++ { // 1056 version and 1060 revision, from D.97A on
		if n, err := strconv.Atoi(s.Comp(2, c)); err == nil && n > 0 && n < 1e9 {
			r.version = n
		}
	}
}

func (r *reader) segment(s *edi.Segment) {
	switch s.Tag {
	case "DTM":
		r.date(s)
	case "RFF":
		r.reference(s)
	case "NAD", "CTA", "COM":
		r.partySegment(s)
	case "CUX":
		if r.currency == "" && (s.Comp(1, 1) == "2" || s.Comp(1, 1) == "") {
			r.currency = r.f.Currency(s.Offset, s.Comp(1, 2))
		}
	case "TOD":
		if c := document.Incoterm(s.Comp(3, 1)); c != "" && r.f.Order.Incoterm == "" {
			r.f.Order.Incoterm = c
		}
	case "TDT":
		if name := document.Text(s.Comp(5, 4)); name != "" {
			r.f.Party(s.Offset, event.Forwarder, event.Party{Name: name})
		}
	case "LOC":
		r.place(s)
	case "LIN":
		r.begun(s)
	case "UNS":
		r.endParty()
		r.endLine()
	case "CNT":
		if n, ok := document.Decimal(s.Comp(1, 2), r.mark); s.Comp(1, 1) == "2" && (!ok || n.Float() != float64(r.lines)) {
			r.f.Fault(s.Offset, document.CodeSyntax, "CNT counts %s lines, %d are there: a line may be lost", document.Quote(s.Comp(1, 2)), r.lines)
		}
	default:
		if r.line != nil {
			r.detail(s)
		}
	}
}

// date reads a DTM: of the document, the order, the shipping.
func (r *reader) date(s *edi.Segment) {
	qualifier, value, form := s.Comp(1, 1), s.Comp(1, 2), s.Comp(1, 3)
	switch qualifier {
	case "137", "4", "10", "11", "17", "200":
	default:
		return
	}
	d, clock, ok := day(value, form)
	if !ok {
		r.f.Fault(s.Offset, document.CodeFormat, "DTM %s: %s is not a date of format %s", qualifier, document.Quote(value), document.Quote(form))
		return
	}
	switch {
	case d == "":
	case qualifier == "137" && r.line == nil:
		r.dated, r.clock = d, clock
	case qualifier == "4" && r.line == nil:
		r.placed = d
	case qualifier == "11":
		r.left = d
		fallthrough
	case qualifier == "10", qualifier == "200":
		if r.f.Order.ShipDate == "" {
			r.f.Order.ShipDate = d
		}
	}
}

// day reads a date by its format code (2379). Weeks and months are no day and stay unknown.
func day(value, form string) (d event.Date, clock string, ok bool) {
	if value == "" {
		return "", "", true
	}
	switch form {
	case "", "102", "101", "718", "713", "203", "204", "201", "205", "303", "711":
	case "2":
		if len(value) == 6 {
			value = value[4:] + value[2:4] + value[:2]
		}
	default:
		return "", "", true
	}
	switch {
	case len(value) >= 12 && (form == "203" || form == "204" || form == "205" || form == "303"):
		clock = value[8:12]
		value = value[:8]
	case form == "201" && len(value) >= 10:
		clock = value[6:10]
		value = value[:6]
	case len(value) > 8 && (form == "718" || form == "713" || form == "711"):
		value = value[:8]
	}
	d, ok = document.Day(value)
	return d, clock, ok
}

// reference reads RFF: the order that is meant, a license, a party's register number.
func (r *reader) reference(s *edi.Segment) {
	kind, id := s.Comp(1, 1), document.Text(s.Comp(1, 2))
	if id == "" {
		return
	}
	switch kind {
	case "ON", "CO":
		if r.line != nil {
			r.line.order = first(r.line.order, id)
			r.refs = append(r.refs, id)
		} else if r.order0 == "" {
			r.order0 = id
		} else if r.order0 != id {
			r.refs = append(r.refs, id)
		}
		if n, err := strconv.Atoi(s.Comp(1, 4)); err == nil && n > 0 && n < 1e9 && r.version == 0 {
			r.version = n
		}
	case "PP", "POR":
		if n, err := strconv.Atoi(id); err == nil && n > 0 && n < 1e9 && r.version == 0 {
			r.version, r.counted = n, kind == "PP"
		}
	case "EX":
		r.f.Order.Declared = append(r.f.Order.Declared, event.Authority{Kind: "license", Number: id})
	case "XA", "GN":
		if r.party != nil && r.party.Registration == "" {
			r.party.Registration = id
		}
	}
}

// place reads LOC: countries of export, destination and origin, as a code of two letters or the beginning of a UN/LOCODE.
func (r *reader) place(s *edi.Segment) {
	code := strings.ReplaceAll(s.Comp(2, 1), "-", "")
	if code == "" {
		code = s.Comp(2, 4)
	}
	if len(code) == 5 {
		code = code[:2]
	}
	o := &r.f.Order
	switch s.El(1) {
	case "28", "36":
		o.ShipTo = r.f.Country(s.Offset, "LOC "+s.El(1), code)
	case "35":
		o.ShipFrom = r.f.Country(s.Offset, "LOC 35", code)
	case "27":
		if r.line != nil {
			r.line.Origin = r.f.Country(s.Offset, "LOC 27", code)
		}
	}
	if r.line != nil {
		r.line.packed = true
	}
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
