package edi

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/tidegate/tidegate/services/ingest/internal/document"
)

// UN reads the messages of EDIFACT interchanges, one behind the other.
type UN struct {
	envelope

	unb, ung []byte
	control  string
	messages int // of the interchange
	groups   int
	inGroup  int // messages of the open group; -1 outside of one
	group    string
	bare     bool // messages without an interchange around them
	text     func([]byte) string
	utf8     bool // the character set is
}

// NewUN begins to read.
func NewUN(r *bufio.Reader) *UN {
	return &UN{inGroup: -1, envelope: envelope{scanner: scanner{r: r}, kind: kind{format: "edifact", what: "message", last: "UNT", next: []string{"UNH", "UNE", "UNZ"}}}}
}

// Next gives the next message; io.EOF behind the last.
func (x *UN) Next() (*Set, error) { return x.sets(x.step) }

// defaults are the delimiters of an interchange without UNA.
var defaults = Delimiters{Component: ':', Element: '+', Decimal: '.', Release: '?', Terminator: '\''}

// begin reads what stands before an interchange: UNA says what stands between parts.
func (x *UN) begin() *Set {
	x.space()
	b := x.peek(9)
	if len(b) == 0 {
		return x.end(io.EOF)
	}
	d := defaults
	if bytes.HasPrefix(b, []byte("UNA")) {
		if len(b) < 9 {
			return x.end(io.EOF, x.syntax(b, x.offset, "UNA is cut off"))
		}
		d = Delimiters{Component: b[3], Element: b[4], Decimal: b[5], Release: b[6], Terminator: b[8]}
		if d.Release == ' ' {
			d.Release = 0
		}
		if b[5] != '.' && b[5] != ',' {
			return x.end(io.EOF, x.syntax(b, x.offset, "UNA: decimal mark %q; taken are . and ,", b[5]))
		}
		service := []byte{b[3], b[4], b[8], b[6]} // the release character last: a space is none
		for i, c := range service {
			if none := i == 3 && c == ' '; !none && (plain(c) || slices.Contains(service[:i], c)) || c == b[5] && i == 3 {
				return x.end(io.EOF, x.syntax(b, x.offset, "UNA: %q cannot be told from text", c))
			}
		}
		x.skip(9)
		x.space()
		b = x.peek(9)
	}
	x.separate(d)
	x.open, x.text, x.inGroup, x.messages, x.groups, x.unb, x.ung = true, Latin, -1, 0, 0, nil, nil
	x.bare = bytes.HasPrefix(b, []byte("UNH"))
	if !x.bare && !bytes.HasPrefix(b, []byte("UNB")) {
		return x.end(io.EOF, x.syntax(b, x.offset, "want an interchange that begins with UNB"))
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
		return x.end(io.EOF, x.syntax(x.unb, x.offset, "ends inside an interchange: UNZ is missing"))
	case errors.Is(err, errSegment):
		return x.end(io.EOF, x.syntax(raw, at, "%v", err))
	case err != nil:
		return x.end(err)
	}
	if x.tagged(raw[from:], "UNH") {
		return x.message(raw, from, at)
	}
	seg := x.alone(raw[from:], at, x.text)
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
	default:
		return x.outside(raw, &seg)
	}
	x.stray = false
	return nil
}

func (x *UN) interchange(raw []byte, seg *Segment) *Set {
	if x.unb != nil {
		return x.end(io.EOF, x.syntax(raw, seg.Offset, "an interchange inside an interchange: UNZ is missing"))
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

// charset is how the bytes of a syntax identifier are read (ISO 9735, 0001): UNOA and UNOB are ASCII and UNOC is
// ISO 8859-1, for all of which some send UTF-8: it is told by its bytes, for a garbled name is found on no list.
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
	case "UNOA", "UNOB", "UNOC":
		return Latin, true
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
	if x.inGroup < 0 {
		x.afterwards(raw, seg.Offset, "UNE without a UNG before it")
	} else {
		x.closes(raw, seg, "group", x.group, seg.El(2) == x.group, x.inGroup, "messages")
	}
	x.inGroup, x.ung = -1, nil
}

func (x *UN) closeInterchange(raw []byte, seg *Segment) {
	count := x.messages
	if x.groups > 0 {
		count = x.groups
	}
	if x.inGroup >= 0 {
		x.afterwards(raw, seg.Offset, "UNZ inside a group: UNE is missing")
	} else {
		x.closes(raw, seg, "interchange", x.control, seg.El(2) == x.control, count, "messages")
	}
	if x.messages == 0 && len(x.late) == 0 {
		x.afterwards(raw, seg.Offset, "an interchange without a message: there is no order in it")
	}
	x.open = false
}

// message reads from UNH to UNT.
func (x *UN) message(unh []byte, from, at int) *Set {
	x.stray = false
	x.messages++
	if x.inGroup >= 0 {
		x.inGroup++
	}
	s := x.set([2][]byte{x.unb, x.ung}, unh, from, at, x.text, func(unh *Segment) (format, number string) {
		return "edifact-" + strings.ToLower(unh.Comp(2, 1)), unh.El(1)
	})
	if s != nil && s.Segments != nil && x.delims.Release != '?' {
		if c, bad := x.doubtful(s.Raw); bad {
			s.Found.Fault(at, document.CodeSyntax, "release character %q of UNA, and %q in a text: which is meant?", x.delims.Release, c)
		}
	}
	if s != nil && s.Segments != nil && x.utf8 && !utf8.Valid(s.Raw) {
		s.Found.Fault(at, document.CodeUTF8, "bytes that are not UTF-8, which UNB declares")
	}
	return s
}

// doubtful finds where a release character besides the usual one may not be what it is said to be: before a character that needs none, or
// where the usual one stands before one that does. A damaged UNA would change names and numbers.
func (x *UN) doubtful(raw []byte) (pair []byte, bad bool) {
	d := &x.delims
	for i := 0; i+1 < len(raw); i++ {
		next := raw[i+1]
		service := next == d.Component || next == d.Element || next == d.Terminator || next == d.Release && d.Release != 0
		switch {
		case raw[i] == '?' && service:
			return raw[i : i+2], true
		case raw[i] != d.Release || d.Release == 0:
		case !service:
			return raw[i : i+2], true
		default:
			i++
		}
	}
	return nil, false
}
