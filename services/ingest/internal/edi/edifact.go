package edi

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/tidegate/tidegate/services/ingest/internal/document"
)

// UN reads the messages of EDIFACT interchanges, one behind the other.
type UN struct {
	scanner

	unb, ung  []byte
	control   string
	messages  int // of the interchange
	groups    int
	inGroup   int // messages of the open group; -1 outside of one
	group     string
	open      bool
	stray     bool // the segment before stood outside of messages
	bare      bool // messages without an interchange around them
	text      func([]byte) string
	utf8      bool // the character set is
	date, now string
	late      []*Set
	ended     error
}

// NewUN begins to read.
func NewUN(r *bufio.Reader) *UN { return &UN{scanner: scanner{r: r}, inGroup: -1} }

// Next gives the next message; io.EOF behind the last.
func (x *UN) Next() (*Set, error) {
	for {
		if len(x.late) > 0 {
			s := x.late[0]
			x.late = x.late[1:]
			return s, nil
		}
		if x.ended != nil {
			return nil, x.ended
		}
		if s := x.step(); s != nil {
			return s, nil
		}
	}
}

func (x *UN) end(err error, why ...*Set) *Set {
	x.ended = err
	x.late = append(x.late, why...)
	return nil
}

// defaults are the delimiters of an interchange without UNA.
var defaults = Delimiters{Component: ':', Element: '+', Decimal: '.', Release: '?', Terminator: '\''}

// begin reads what stands before an interchange: UNA says what stands between parts.
func (x *UN) begin() *Set {
	x.space()
	b := x.peek(9)
	if len(b) == 0 {
		return x.end(io.EOF)
	}
	x.delims = defaults
	if bytes.HasPrefix(b, []byte("UNA")) {
		if len(b) < 9 {
			return x.end(io.EOF, fault("edifact", b, x.offset, document.CodeSyntax, "UNA is cut off"))
		}
		x.delims = Delimiters{Component: b[3], Element: b[4], Decimal: b[5], Release: b[6], Terminator: b[8]}
		if x.delims.Release == ' ' {
			x.delims.Release = 0
		}
		for i, c := range []byte{b[3], b[4], b[8]} {
			if plain(c) || i > 0 && c == b[3] || i > 1 && c == b[4] {
				return x.end(io.EOF, fault("edifact", b, x.offset, document.CodeSyntax, "UNA: %q cannot be told from text", c))
			}
		}
		if !strings.ContainsRune("? \\", rune(b[6])) || b[5] != '.' && b[5] != ',' {
			return x.end(io.EOF, fault("edifact", b, x.offset, document.CodeSyntax, "UNA: release character %q and decimal mark %q; taken are ? or \\ or none, and . or ,", b[6], b[5]))
		}
		x.skip(9)
		x.space()
		b = x.peek(9)
	}
	x.open, x.text, x.inGroup, x.messages, x.groups, x.unb, x.ung = true, Latin, -1, 0, 0, nil, nil
	x.bare = bytes.HasPrefix(b, []byte("UNH"))
	if !x.bare && !bytes.HasPrefix(b, []byte("UNB")) {
		return x.end(io.EOF, fault("edifact", b, x.offset, document.CodeSyntax, "want an interchange that begins with UNB"))
	}
	return nil
}

func (x *UN) step() *Set {
	if !x.open {
		return x.begin()
	}
	raw, from, err := x.next()
	at := x.offset - len(raw) + from
	switch {
	case errors.Is(err, io.EOF):
		if x.bare {
			return x.end(io.EOF)
		}
		return x.end(io.EOF, fault("edifact", x.unb, x.offset, document.CodeSyntax, "ends inside an interchange: UNZ is missing"))
	case errors.Is(err, errSegment):
		return x.end(io.EOF, fault("edifact", raw, at, document.CodeSyntax, "%v", err))
	case err != nil:
		return x.end(err)
	}
	seg := x.segment(raw[from:], at, x.text)
	switch seg.Tag {
	case "UNB":
		return x.interchange(raw, &seg)
	case "UNG":
		x.ung = bytes.Clone(raw)
		x.inGroup, x.group = 0, seg.El(5)
		x.groups++
	case "UNE":
		x.closeGroup(raw, &seg)
	case "UNZ":
		x.closeInterchange(raw, &seg)
	case "UNH":
		x.stray = false
		return x.message(bytes.Clone(raw), from, at)
	default:
		if !x.stray { // of several in a row the first is told
			x.late = append(x.late, fault("edifact", raw, at, document.CodeSyntax, "segment %s outside of a message", document.Quote(seg.Tag)))
		}
		x.stray = true
		return nil
	}
	x.stray = false
	return nil
}

func (x *UN) interchange(raw []byte, seg *Segment) *Set {
	if x.unb != nil {
		return x.end(io.EOF, fault("edifact", raw, seg.Offset, document.CodeSyntax, "an interchange inside an interchange: UNZ is missing"))
	}
	x.unb = bytes.Clone(raw)
	x.control, x.date, x.now = seg.El(5), seg.Comp(4, 1), seg.Comp(4, 2)
	text, ok := charset(seg.Comp(1, 1))
	if !ok {
		return x.end(io.EOF, fault("edifact", raw, seg.Offset, document.CodeNotSupported, "character set %s; read are UNOA to UNOK, UNOW and UNOY", document.Quote(seg.Comp(1, 1))))
	}
	x.text, x.utf8 = text, strings.ToUpper(seg.Comp(1, 1)) >= "UNOW"
	return nil
}

// charset is how the bytes of a syntax identifier are read (ISO 9735, 0001): UNOA and UNOB are ASCII, for which some send
// UTF-8 or ISO 8859-1.
func charset(id string) (func([]byte) string, bool) {
	of := func(m *charmap.Charmap) (func([]byte) string, bool) {
		return func(b []byte) string {
			var out strings.Builder
			for _, c := range b {
				out.WriteRune(m.DecodeByte(c))
			}
			return out.String()
		}, true
	}
	switch strings.ToUpper(id) {
	case "UNOA", "UNOB":
		return Latin, true
	case "UNOC":
		return of(charmap.ISO8859_1)
	case "UNOD":
		return of(charmap.ISO8859_2)
	case "UNOE":
		return of(charmap.ISO8859_5)
	case "UNOF":
		return of(charmap.ISO8859_7)
	case "UNOG":
		return of(charmap.ISO8859_3)
	case "UNOH":
		return of(charmap.ISO8859_4)
	case "UNOI":
		return of(charmap.ISO8859_6)
	case "UNOJ":
		return of(charmap.ISO8859_8)
	case "UNOK":
		return of(charmap.ISO8859_9)
	case "UNOW", "UNOY":
		return func(b []byte) string { return strings.ToValidUTF8(string(b), "\ufffd") }, true
	default:
		return Latin, false
	}
}

func (x *UN) closeGroup(raw []byte, seg *Segment) {
	switch {
	case x.inGroup < 0:
		x.late = append(x.late, fault("edifact", raw, seg.Offset, document.CodeSyntax, "UNE without a UNG before it"))
	case seg.El(2) != x.group:
		x.late = append(x.late, fault("edifact", raw, seg.Offset, document.CodeSyntax, "UNE closes group %s, open is %s", document.Quote(seg.El(2)), document.Quote(x.group)))
	case !is(seg.El(1), x.inGroup):
		x.late = append(x.late, fault("edifact", raw, seg.Offset, document.CodeSyntax,
			"UNE counts %s messages, %d are there: one may be lost; those that are there are whole", document.Quote(seg.El(1)), x.inGroup))
	}
	x.inGroup, x.ung = -1, nil
}

func (x *UN) closeInterchange(raw []byte, seg *Segment) {
	count := x.messages
	if x.groups > 0 {
		count = x.groups
	}
	switch {
	case x.inGroup >= 0:
		x.late = append(x.late, fault("edifact", raw, seg.Offset, document.CodeSyntax, "UNZ inside a group: UNE is missing"))
	case seg.El(2) != x.control:
		x.late = append(x.late, fault("edifact", raw, seg.Offset, document.CodeSyntax, "UNZ closes interchange %s, open is %s", document.Quote(seg.El(2)), document.Quote(x.control)))
	case !is(seg.El(1), count):
		x.late = append(x.late, fault("edifact", raw, seg.Offset, document.CodeSyntax,
			"UNZ counts %s messages, %d are there: one may be lost; those that are there are whole", document.Quote(seg.El(1)), count))
	}
	x.open = false
}

// message reads from UNH to UNT.
func (x *UN) message(unh []byte, from, at int) *Set {
	x.messages++
	if x.inGroup >= 0 {
		x.inGroup++
	}
	head := len(x.unb) + len(x.ung)
	s := &Set{Offset: at, Date: x.date, Time: x.now, Decimal: x.delims.Decimal, Raw: make([]byte, 0, head+4096)}
	s.Raw = append(append(append(s.Raw, x.unb...), x.ung...), unh...)
	first := x.segment(unh[from:], at, x.text)
	number, format := first.El(1), "edifact-"+strings.ToLower(first.Comp(2, 1))
	type span struct{ start, end, offset int }
	spans := []span{{head + from, len(s.Raw), at}}
	for {
		if next := x.tag(); next == "UNH" || next == "UNE" || next == "UNZ" {
			return fault(format, s.Raw, at, document.CodeSyntax, "message %s does not end: %s where UNT should stand", number, next)
		}
		raw, from, err := x.next()
		switch {
		case errors.Is(err, io.EOF):
			return fault(format, s.Raw, at, document.CodeSyntax, "message %s does not end: UNT is missing", number)
		case errors.Is(err, errSegment):
			x.end(io.EOF)
			return fault(format, s.Raw, x.offset-len(raw)+from, document.CodeSyntax, "%v", err)
		case err != nil:
			return x.end(err)
		}
		offset := x.offset - len(raw) + from
		s.Size = x.offset - at
		if len(s.Raw)+len(raw) <= document.MaxSize {
			spans = append(spans, span{len(s.Raw) + from, len(s.Raw) + len(raw), offset})
			s.Raw = append(s.Raw, raw...)
		}
		if seg := x.segment(raw[from:], offset, x.text); seg.Tag == "UNT" {
			if s.Size > document.MaxSize-head {
				return fault(format, s.Raw[:min(len(s.Raw), 16<<10)], at, document.CodeSize, "a message of %d bytes; at most %d are taken", s.Size, document.MaxSize)
			}
			s.Segments = make([]Segment, 0, len(spans))
			for _, p := range spans {
				s.Segments = append(s.Segments, x.segment(s.Raw[p.start:p.end], p.offset, x.text))
			}
			s.closed(format, seg.El(1), seg.El(2), number, offset, "UNT", "message")
			if x.utf8 && !utf8.Valid(s.Raw) {
				s.Found.Fault(at, document.CodeUTF8, "bytes that are not UTF-8, which UNB declares")
			}
			return s
		}
	}
}

// tag looks at the tag of the segment that comes next.
func (x *UN) tag() string {
	b := x.peek(64)
	if b = b[begin(b):]; len(b) < 4 || b[3] != x.delims.Element {
		return ""
	}
	return string(b[:3])
}
