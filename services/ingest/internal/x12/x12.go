// Package x12 reads ANSI ASC X12 purchase orders (850), purchase order changes (860) and ship notices (856), releases 3040
// to 8020. Codes are X12's: purpose 353, party 98, identifier 66, item identifier 235, date 374.
package x12

import (
	"bufio"
	"strconv"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/document"
	"github.com/tidegate/tidegate/services/ingest/internal/edi"
)

// New begins to read interchanges.
func New(r *bufio.Reader) *edi.Orders { return edi.NewOrders(edi.NewX12(r).Next, read) }

// read gives what a transaction set says, in a room where the one before was.
func read(s *edi.Set, room *document.Room) []*document.Found {
	r := &reader{set: s, f: s.Found}
	r.tags()
	room.For(r.f, s.Count("N1", "NM1"), s.Count("PO1", "POC"))
	switch kind := s.Segments[0].El(1); kind {
	case "850":
		r.order()
	case "860":
		r.change()
	case "856":
		return r.notice()
	default:
		r.f.Fault(s.Offset, document.CodeNotSupported, "transaction set %s is no order; taken are 850, 860 and 856", document.Quote(kind))
	}
	return []*document.Found{r.f}
}

// segments are those of the three transaction sets in any release, and those that trading partners make up begin with Z.
// A tag that is none of them was something else before it was damaged.
var segments = func() map[string]bool {
	known := map[string]bool{}
	for tag := range strings.FieldsSeq(`ST SE BEG BCH BSN CUR REF PER TAX FOB CTP PAM CSH TC2 SAC ITA ITD DIS INC DTM LDT LIN SI PID MEA PWK PKG TD1 TD2 TD3 TD4 TD5 TDS
		MAN PCT CTB TXI AMT N9 MSG N1 N2 NX2 N3 N4 NM1 NTE G61 G62 G66 MTX LM LQ V1 R4 FA1 FA2 SPI CB1 PO1 PO3 PO4 POC IT8 IT3 SDQ SCH QTY SLN ADV III LUI CTT HL PRF SN1 PAL CLD CID
		TSD YNQ UIT PSC CD3 GTC DMG EFI ETD X1 X2 TMD GF LS LE OTI TED DVI E1 E4 E5 E8 N5 N6 R1 R2 R3 CRC CR3 PDL PDI LOC AAA IMM PRR PRT PYD CUR NDT STC FK IN2 MS1 MS2 MS3 L5 L7 L8 M7 SUM PCR PD PDP VEH BDD`) {
		known[tag] = true
	}
	return known
}()

// tags refuses segments of no tag that could stand here.
func (r *reader) tags() {
	for i := range r.set.Segments {
		if s := &r.set.Segments[i]; !segments[s.Tag] && !strings.HasPrefix(s.Tag, "Z") {
			r.f.Fault(s.Offset, document.CodeSyntax, "segment %s is none of a purchase order, change or ship notice", document.Quote(s.Tag))
		}
	}
}

// reader reads one transaction set.
type reader struct {
	set      *edi.Set
	f        *document.Found
	currency string

	item  *line           // the open one
	room  line            // where it stands
	party *partner        // the open one
	to    *document.Found // whose parties are read; f's where it is nil
	items int             // lines of the set, as CTT counts them
	added bool            // lines without a code are added
	buyer []string        // persons named before any party
}

// line is an item in the making.
type line struct {
	event.Item
	at     int
	price  event.Decimal
	basis  string
	code   string // X12's unit
	said   []string
	does   string // POC02, the change code
	bought string
}

// clear makes room for another line.
func (l *line) clear(at int) *line {
	*l = line{at: at, said: l.said[:0]}
	return l
}

// partner is a party in the making.
type partner struct {
	event.Party
	at   int
	code string
	more []string
}

// releaseOf puts a blanket order's release behind its number: each release is an order of its own.
func releaseOf(number, release string) string {
	if release == "" || strings.Trim(release, "0") == "" || document.Unknown(release) {
		return number
	}
	return number + "-" + release
}

// order reads an 850.
func (r *reader) order() {
	beg := r.one("BEG")
	if beg == nil {
		return
	}
	o := &r.f.Order
	o.ID = releaseOf(beg.El(3), beg.El(4))
	if beg.El(3) == "" {
		r.f.Fault(beg.Offset, document.CodeRequired, "BEG03 is empty: the purchase order has no number")
	}
	o.OrderDate = r.day(beg, 5)
	r.purpose(beg, beg.El(1), "")
	r.body()
	r.whole(beg, beg.El(1), "")
}

// change reads an 860. Its revision is the change order sequence number; without one, the group's date and time.
func (r *reader) change() {
	bch := r.one("BCH")
	if bch == nil {
		return
	}
	o := &r.f.Order
	o.ID = releaseOf(bch.El(3), bch.El(4))
	if bch.El(3) == "" {
		r.f.Fault(bch.Offset, document.CodeRequired, "BCH03 is empty: which purchase order is changed?")
	}
	o.OrderDate = r.day(bch, 6)
	code := bch.El(1)
	if placing(code) {
		code = "04"
	}
	r.purpose(bch, code, bch.El(5))
	r.body()
	r.whole(bch, code, bch.El(5))
}

// whole tells a set that gives the whole order (05 replaces it) from one that lists what changed (04, 19), what comes to it (02),
// or what falls away.
func (r *reader) whole(begin *edi.Segment, code, sequence string) {
	o := &r.f.Order
	switch {
	case o.Event == event.Revised && code != "05":
		_, err := strconv.Atoi(sequence)
		r.f.Part(err == nil)
	case o.Event == event.Cancelled && code == "03" && len(o.Items) > 0:
		r.f.Fault(begin.Offset, document.CodeNotSupported, "%s01 03 with lines: is the order deleted or are these lines? send 01 for the order, 04 and lines of DI", begin.Tag)
	}
	if r.f.Amends == nil {
		r.f.Whole()
	}
}

// placing says whether a purpose is that of an order itself: the original, or it once more (confirmed, in duplicate, sent again).
func placing(code string) bool {
	switch code {
	case "", "00", "06", "07", "15", "18", "20", "22", "ZZ":
		return true
	}
	return false
}

// purpose says what happened to the order: 01, 03 and 17 take it back, 04, 05 and 02 change it. What is only asked, proposed, drafted, held
// or rejected is no order.
func (r *reader) purpose(begin *edi.Segment, code, sequence string) {
	o := &r.f.Order
	switch code {
	case "01", "03", "17":
		o.Event = event.Cancelled
	case "02", "04", "05", "19", "52":
		o.Event, r.added = event.Revised, code == "02"
		if n, err := strconv.Atoi(sequence); err == nil && n > 0 && n < 1e9 {
			o.Revision = n
		} else {
			o.Revision = r.sent()
		}
	default:
		if !placing(code) {
			r.f.Fault(begin.Offset, document.CodeNotSupported, "%s01 %s: neither placed nor changed nor taken back", begin.Tag, document.Quote(code))
		}
	}
}

// sent is the minutes from 2000-01-01 to the group's date and time; 1 at the least.
func (r *reader) sent() int {
	d, _ := document.Day(r.set.Date) // none where it is none
	return document.Minutes(string(d), r.set.Time)
}

// one gives the segment that begins a set of its kind, which stands once.
func (r *reader) one(tag string) *edi.Segment {
	var found *edi.Segment
	for i := range r.set.Segments {
		s := &r.set.Segments[i]
		if s.Tag != tag {
			continue
		}
		if found != nil {
			r.f.Fault(s.Offset, document.CodeDuplicate, "%s is given twice", tag)
			return found
		}
		found = s
	}
	if found == nil {
		r.f.Fault(r.set.Offset, document.CodeRequired, "%s is missing", tag)
	}
	return found
}

func (r *reader) day(s *edi.Segment, n int) event.Date {
	return r.f.Day(s.Offset, element(s, n), s.El(n))
}

// element names an element as X12 does: BEG05.
func element(s *edi.Segment, n int) string {
	if n < 10 {
		return s.Tag + "0" + strconv.Itoa(n)
	}
	return s.Tag + strconv.Itoa(n)
}

func (r *reader) number(s *edi.Segment, n int) event.Decimal {
	return r.f.Number(s.Offset, element(s, n), s.El(n), '.')
}

// unit reads a unit of measure: two characters (element 355).
func (r *reader) unit(s *edi.Segment, n int) (code, unit string) {
	code = s.El(n)
	if code != "" && len(code) != 2 {
		r.f.Fault(s.Offset, document.CodeFormat, "%s %s is no unit of measure: want a code of two characters, such as EA", element(s, n), document.Quote(code))
		return "", ""
	}
	return code, document.Unit(code)
}
