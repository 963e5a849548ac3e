package edi

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/tidegate/tidegate/services/ingest/internal/document"
)

// Set is a transaction set or message: what stands from its first to its last segment. Its segments hold until the next one is read.
type Set struct {
	Segments []Segment
	Raw      []byte // the interchange's and group's heads, then the set, all as received
	Offset   int    // of the set in the input
	Size     int    // bytes of the set; more than there are in Raw where it was too large
	Date     string // of the group, else the interchange, as written
	Time     string
	Decimal  byte

	Found *document.Found // where the envelope around sets is at fault; there are no segments then
}

// kind is how one standard calls its sets.
type kind struct {
	format string   // of faults outside of sets
	what   string   // a set
	last   string   // tag of a set's last segment
	next   []string // tags that never stand in a set
}

// envelope reads what the two standards share: sets inside groups inside interchanges, and what is wrong with them.
type envelope struct {
	scanner
	kind kind

	open      bool // an interchange is
	stray     bool // the segment before stood outside of sets
	date, now string
	late      []*Set // faults to give before reading on
	ended     error

	raw   []byte // of the set being read
	spans []span
	segs  []Segment
	els   []string
}

// span is where a segment stands in a set's raw bytes, and its place in the input.
type span struct{ start, end, offset int }

// sets gives the next set that step comes to; io.EOF behind the last.
func (e *envelope) sets(step func() *Set) (*Set, error) {
	for {
		if len(e.late) > 0 {
			s := e.late[0]
			e.late = e.late[1:]
			return s, nil
		}
		if e.ended != nil {
			return nil, e.ended
		}
		if s := step(); s != nil {
			return s, nil
		}
	}
}

func (e *envelope) end(err error, why ...*Set) *Set {
	e.ended = err
	e.late = append(e.late, why...)
	return nil
}

// fault is a set that is a fault of the envelope.
func fault(format string, raw []byte, offset int, code, detail string, v ...any) *Set {
	f := &document.Found{Format: format, Bytes: bytes.Clone(raw), Offset: offset}
	f.Fault(offset, code, detail, v...)
	return &Set{Found: f, Offset: offset}
}

func (e *envelope) syntax(raw []byte, offset int, detail string, v ...any) *Set {
	return fault(e.kind.format, raw, offset, document.CodeSyntax, detail, v...)
}

// afterwards notes a fault of the envelope that is given before reading on.
func (e *envelope) afterwards(raw []byte, offset int, detail string, v ...any) {
	e.late = append(e.late, e.syntax(raw, offset, detail, v...))
}

// outside notes a segment that stands outside of sets; of several in a row the first is told.
func (e *envelope) outside(raw []byte, seg *Segment) *Set {
	if !e.stray {
		e.afterwards(raw, seg.Offset, "segment %s outside of a %s", document.Quote(seg.Tag), e.kind.what)
	}
	e.stray = true
	return nil
}

// closes holds what a group or interchange says at its end against what was there.
func (e *envelope) closes(raw []byte, seg *Segment, what, number string, agree bool, n int, parts string) {
	switch {
	case !agree:
		e.afterwards(raw, seg.Offset, "%s closes %s %s, open is %s", seg.Tag, what, document.Quote(seg.El(2)), document.Quote(number))
	case !is(seg.El(1), n):
		e.afterwards(raw, seg.Offset, "%s counts %s %s, %d are there: one may be lost; those that are there are whole", seg.Tag, document.Quote(seg.El(1)), parts, n)
	}
}

// set reads from a set's first segment, which was read, to its last. Heads are those of the interchange and group around it; name tells
// by the first segment which format and number the set has.
func (e *envelope) set(heads [2][]byte, first []byte, from, at int, text func([]byte) string, name func(*Segment) (format, number string)) *Set {
	s := &Set{Offset: at, Date: e.date, Time: e.now, Decimal: e.delims.Decimal}
	e.raw = append(append(append(e.raw[:0], heads[0]...), heads[1]...), first...)
	head := len(heads[0]) + len(heads[1])
	e.spans = append(e.spans[:0], span{head + from, len(e.raw), at})
	begun := e.alone(e.raw[head+from:], at, text)
	format, number := name(&begun)
	k := e.kind
	for {
		if next := e.ahead(k.next); next != "" {
			return fault(format, e.raw, at, document.CodeSyntax, "%s %s does not end: %s where %s should stand", k.what, number, next, k.last)
		}
		raw, from, err := e.next()
		switch {
		case errors.Is(err, io.EOF):
			return fault(format, e.raw, at, document.CodeSyntax, "%s %s does not end: %s is missing", k.what, number, k.last)
		case errors.Is(err, errSegment):
			e.end(io.EOF)
			return fault(format, e.raw, e.offset-len(raw)+from, document.CodeSyntax, "%v", err)
		case err != nil:
			return e.end(err)
		}
		s.Size = e.offset - at
		if len(e.raw)+len(raw) <= document.MaxSize {
			e.spans = append(e.spans, span{len(e.raw) + from, len(e.raw) + len(raw), e.offset - len(raw) + from})
			e.raw = append(e.raw, raw...)
		}
		if !e.tagged(raw[from:], k.last) {
			continue
		}
		if s.Size > document.MaxSize-head {
			return fault(format, e.raw[:min(len(e.raw), 16<<10)], at, document.CodeSize, "a %s of %d bytes; at most %d are taken: send a large order as several", k.what, s.Size, document.MaxSize)
		}
		e.apart(s, text)
		s.closed(format, number, k)
		return s
	}
}

// apart takes a set apart into its segments.
func (e *envelope) apart(s *Set, text func([]byte) string) {
	s.Raw = bytes.Clone(e.raw)
	whole := string(e.raw) // what the segments say are parts of it
	e.segs, e.els = e.segs[:0], e.els[:0]
	for _, p := range e.spans {
		var seg Segment
		seg, e.els = e.segment(whole[p.start:p.end], p.offset, text, e.els)
		e.segs = append(e.segs, seg)
	}
	s.Segments = e.segs
}

// closed holds a set's count and number against what its last segment says.
func (s *Set) closed(format, want string, k kind) {
	last := &s.Segments[len(s.Segments)-1]
	f := &document.Found{Format: format, Bytes: s.Raw, Offset: s.Offset}
	if n := len(s.Segments); !is(last.El(1), n) {
		f.Fault(last.Offset, document.CodeSyntax, "%s counts %s segments, %d are there: something of the %s may be lost", k.last, document.Quote(last.El(1)), n, k.what)
	}
	if number := last.El(2); number != want {
		f.Fault(last.Offset, document.CodeSyntax, "%s closes %s %s, open is %s", k.last, k.what, document.Quote(number), document.Quote(want))
	}
	s.Found = f
}

// same compares control numbers, which some write with zeros before them.
func same(a, b string) bool {
	return strings.TrimLeft(a, "0") == strings.TrimLeft(b, "0")
}

func is(count string, n int) bool {
	c, err := strconv.Atoi(count)
	return err == nil && c == n
}

func plain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == ' ' || c >= 0x80
}
