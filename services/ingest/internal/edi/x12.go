package edi

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/tidegate/tidegate/services/ingest/internal/document"
)

// X12 reads the transaction sets of X12 interchanges, one behind the other.
type X12 struct {
	scanner

	isa, gs   []byte // as received
	control   string // of the interchange
	groups    int
	group     string // control number of the open group
	sets      int
	inGroup   bool
	stray     bool // the segment before stood outside of sets
	open      bool // an interchange is
	date, now string
	late      []*Set // faults to give before reading on
	ended     error
}

// NewX12 begins to read.
func NewX12(r *bufio.Reader) *X12 { return &X12{scanner: scanner{r: r}} }

// Next gives the next set; io.EOF behind the last.
func (x *X12) Next() (*Set, error) {
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

func (x *X12) end(err error, why ...*Set) *Set {
	x.ended = err
	x.late = append(x.late, why...)
	return nil
}

// step reads one segment outside of sets, or a whole set.
func (x *X12) step() *Set {
	if !x.open {
		return x.interchange()
	}
	raw, from, err := x.next()
	at := x.offset - len(raw) + from
	switch {
	case errors.Is(err, io.EOF):
		return x.end(io.EOF, fault("x12", x.isa, x.offset, document.CodeSyntax, "ends inside an interchange: IEA is missing"))
	case errors.Is(err, errSegment):
		return x.end(io.EOF, fault("x12", raw, at, document.CodeSyntax, "%v", err))
	case err != nil:
		return x.end(err)
	}
	seg := x.segment(raw[from:], at, Latin)
	switch seg.Tag {
	case "GS":
		if x.inGroup {
			x.late = append(x.late, fault("x12", raw, at, document.CodeSyntax, "a group inside a group: GE is missing"))
		}
		x.gs = bytes.Clone(raw)
		x.inGroup, x.sets, x.group = true, 0, seg.El(6)
		x.groups++
		x.date, x.now = seg.El(4), seg.El(5)
	case "GE":
		x.closeGroup(raw, &seg)
	case "IEA":
		x.closeInterchange(raw, &seg)
	case "ST":
		x.stray = false
		return x.set(bytes.Clone(raw), from, at)
	case "ISA":
		x.late = append(x.late, fault("x12", raw, at, document.CodeSyntax, "an interchange inside an interchange: IEA is missing"))
		x.open = false
		return x.end(io.EOF)
	default:
		if !x.stray { // of several in a row the first is told
			x.late = append(x.late, fault("x12", raw, at, document.CodeSyntax, "segment %s outside of a transaction set", document.Quote(seg.Tag)))
		}
		x.stray = true
		return nil
	}
	x.stray = false
	return nil
}

// interchange reads an ISA: 16 elements, behind whose last one byte ends the segment.
func (x *X12) interchange() *Set {
	x.space()
	head := x.peek(256)
	if len(head) == 0 {
		return x.end(io.EOF)
	}
	if len(head) < 106 || !bytes.HasPrefix(head, []byte("ISA")) {
		return x.end(io.EOF, fault("x12", head, x.offset, document.CodeSyntax, "want an interchange that begins with ISA and its 16 elements"))
	}
	sep, at := head[3], 3
	for range 15 {
		n := bytes.IndexByte(head[at+1:], sep)
		if n < 0 || n > 40 {
			return x.end(io.EOF, fault("x12", head, x.offset, document.CodeSyntax, "ISA has fewer than 16 elements"))
		}
		at += 1 + n
	}
	if at+2 >= len(head) {
		return x.end(io.EOF, fault("x12", head, x.offset, document.CodeSyntax, "ISA does not end"))
	}
	x.delims = Delimiters{Element: sep, Component: head[at+1], Terminator: head[at+2], Decimal: '.'}
	size := at + 3
	if x.delims.Terminator == '\r' && len(head) > at+3 && head[at+3] == '\n' {
		x.delims.Terminator, size = '\n', at+4
	}
	if plain(sep) || plain(x.delims.Terminator) || sep == x.delims.Terminator {
		return x.end(io.EOF, fault("x12", head, x.offset, document.CodeSyntax, "ISA: element separator %q and segment terminator %q cannot be told from text", sep, x.delims.Terminator))
	}
	x.isa = bytes.Clone(head[:size])
	seg := x.segment(x.isa, x.offset, Latin)
	if r := seg.Raw(11); len(r) == 1 && !plain(r[0]) {
		x.delims.Repetition = r[0]
	}
	x.control, x.groups, x.inGroup, x.open, x.gs = seg.El(13), 0, false, true, nil
	x.date, x.now = seg.El(9), seg.El(10)
	x.skip(size)
	return nil
}

func plain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == ' ' || c >= 0x80
}

func (x *X12) closeGroup(raw []byte, seg *Segment) {
	switch {
	case !x.inGroup:
		x.late = append(x.late, fault("x12", raw, seg.Offset, document.CodeSyntax, "GE without a GS before it"))
	case !same(seg.El(2), x.group):
		x.late = append(x.late, fault("x12", raw, seg.Offset, document.CodeSyntax, "GE closes group %s, open is %s", seg.El(2), x.group))
	case !is(seg.El(1), x.sets):
		x.late = append(x.late, fault("x12", raw, seg.Offset, document.CodeSyntax,
			"GE counts %s transaction sets, %d are there: one may be lost; those that are there are whole", document.Quote(seg.El(1)), x.sets))
	}
	x.inGroup = false
}

func (x *X12) closeInterchange(raw []byte, seg *Segment) {
	switch {
	case x.inGroup:
		x.late = append(x.late, fault("x12", raw, seg.Offset, document.CodeSyntax, "IEA inside a group: GE is missing"))
	case !same(seg.El(2), x.control):
		x.late = append(x.late, fault("x12", raw, seg.Offset, document.CodeSyntax, "IEA closes interchange %s, open is %s", seg.El(2), x.control))
	case !is(seg.El(1), x.groups):
		x.late = append(x.late, fault("x12", raw, seg.Offset, document.CodeSyntax,
			"IEA counts %s groups, %d are there: one may be lost; the sets that are there are whole", document.Quote(seg.El(1)), x.groups))
	}
	x.open = false
	x.space()
}

// set reads from ST to SE.
func (x *X12) set(st []byte, from, at int) *Set {
	x.sets++
	head := len(x.isa) + len(x.gs)
	s := &Set{Offset: at, Date: x.date, Time: x.now, Decimal: '.', Raw: make([]byte, 0, head+4096)}
	s.Raw = append(append(append(s.Raw, x.isa...), x.gs...), st...)
	first := x.segment(st[from:], at, Latin)
	type span struct{ start, end, offset int }
	spans := []span{{head + from, len(s.Raw), at}}
	format := "x12-" + first.El(1)
	for {
		if next := x.tag(); next == "ST" || next == "GE" || next == "IEA" || next == "GS" {
			return fault(format, s.Raw, at, document.CodeSyntax, "transaction set %s does not end: %s where SE should stand", first.El(2), next)
		}
		raw, from, err := x.next()
		switch {
		case errors.Is(err, io.EOF):
			return fault(format, s.Raw, at, document.CodeSyntax, "transaction set %s does not end: SE is missing", first.El(2))
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
		if seg := x.segment(raw[from:], offset, Latin); seg.Tag == "SE" {
			if s.Size > document.MaxSize-head {
				return fault(format, s.Raw[:min(len(s.Raw), 16<<10)], at, document.CodeSize, "a transaction set of %d bytes; at most %d are taken", s.Size, document.MaxSize)
			}
			s.Segments = make([]Segment, 0, len(spans))
			for _, p := range spans {
				s.Segments = append(s.Segments, x.segment(s.Raw[p.start:p.end], p.offset, Latin))
			}
			s.closed(format, seg.El(1), seg.El(2), first.El(2), offset, "SE", "transaction set")
			return s
		}
	}
}

// tag looks at the tag of the segment that comes next.
func (x *X12) tag() string {
	b := x.peek(64)
	b = b[begin(b):]
	for i, c := range b {
		if c == x.delims.Element {
			return string(b[:i])
		}
		if i == 3 {
			break
		}
	}
	return ""
}

// closed holds a set's count and number against what its last segment says.
func (s *Set) closed(format, count, number, want string, at int, tag, what string) {
	f := &document.Found{Format: format, Bytes: s.Raw, Offset: s.Offset}
	if n := len(s.Segments); !is(count, n) {
		f.Fault(at, document.CodeSyntax, "%s counts %s segments, %d are there: something of the %s may be lost", tag, document.Quote(count), n, what)
	}
	if number != want {
		f.Fault(at, document.CodeSyntax, "%s closes %s %s, open is %s", tag, what, document.Quote(number), document.Quote(want))
	}
	s.Found = f
}

// same compares control numbers, which some write with zeros before them.
func same(a, b string) bool {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return a == b
}

func is(count string, n int) bool {
	c, err := strconv.Atoi(count)
	return err == nil && c == n
}
