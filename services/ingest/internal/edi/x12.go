package edi

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// X12 reads the transaction sets of X12 interchanges, one behind the other.
type X12 struct {
	envelope

	isa, gs []byte // as received
	control string // of the interchange
	groups  int
	group   string // control number of the open group
	count   int    // sets of it
	all     int    // sets of the interchange
	inGroup bool
}

// NewX12 begins to read.
func NewX12(r *bufio.Reader) *X12 {
	return &X12{envelope: envelope{scanner: scanner{r: r}, kind: kind{format: "x12", what: "transaction set", last: "SE", next: []string{"ST", "GE", "IEA", "GS"}}}}
}

// Next gives the next set; io.EOF behind the last.
func (x *X12) Next() (*Set, error) { return x.sets(x.step) }

// step reads one segment outside of sets, or a whole set.
func (x *X12) step() *Set {
	if !x.open {
		return x.interchange()
	}
	raw, from, err := x.next()
	at := x.offset - len(raw) + from
	switch {
	case errors.Is(err, io.EOF):
		return x.end(io.EOF, x.syntax(x.isa, x.offset, "ends inside an interchange: IEA is missing"))
	case errors.Is(err, errSegment):
		return x.end(io.EOF, x.syntax(raw, at, "%v", err))
	case err != nil:
		return x.end(err)
	}
	if x.tagged(raw[from:], "ST") {
		x.stray = false
		x.count++
		x.all++
		return x.set([2][]byte{x.isa, x.gs}, raw, from, at, Latin, func(st *Segment) (format, number string) { return "x12-" + st.El(1), st.El(2) })
	}
	seg := x.alone(raw[from:], at, Latin)
	switch seg.Tag {
	case "GS":
		if x.inGroup {
			x.afterwards(raw, at, "a group inside a group: GE is missing")
		}
		x.gs = bytes.Clone(raw)
		x.inGroup, x.count, x.group = true, 0, seg.El(6)
		x.groups++
		x.date, x.now = seg.El(4), seg.El(5)
	case "GE":
		x.closeGroup(raw, &seg)
	case "IEA":
		x.closeInterchange(raw, &seg)
	case "ISA":
		x.afterwards(raw, at, "an interchange inside an interchange: IEA is missing")
		x.open = false
		return x.end(io.EOF)
	default:
		return x.outside(raw, &seg)
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
		return x.end(io.EOF, x.syntax(head, x.offset, "want an interchange that begins with ISA and its 16 elements"))
	}
	sep, at := head[3], 3
	for range 15 {
		n := bytes.IndexByte(head[at+1:], sep)
		if n < 0 || n > 40 {
			return x.end(io.EOF, x.syntax(head, x.offset, "ISA has fewer than 16 elements"))
		}
		at += 1 + n
	}
	if at+2 >= len(head) {
		return x.end(io.EOF, x.syntax(head, x.offset, "ISA does not end"))
	}
	d := Delimiters{Element: sep, Component: head[at+1], Terminator: head[at+2], Decimal: '.'}
	size := at + 3
	if d.Terminator == '\r' && len(head) > at+3 && head[at+3] == '\n' {
		d.Terminator, size = '\n', at+4
	}
	x.separate(d)
	if plain(sep) || plain(d.Terminator) || sep == d.Terminator {
		return x.end(io.EOF, x.syntax(head, x.offset, "ISA: element separator %q and segment terminator %q cannot be told from text", sep, d.Terminator))
	}
	x.isa = bytes.Clone(head[:size])
	seg := x.alone(x.isa, x.offset, Latin)
	if r := seg.Raw(11); len(r) == 1 && !plain(r[0]) {
		x.delims.Repetition = r[0]
	}
	x.control, x.groups, x.all, x.inGroup, x.open, x.gs = seg.El(13), 0, 0, false, true, nil
	x.date, x.now = seg.El(9), seg.El(10)
	x.skip(size)
	return nil
}

func (x *X12) closeGroup(raw []byte, seg *Segment) {
	if !x.inGroup {
		x.afterwards(raw, seg.Offset, "GE without a GS before it")
	} else {
		x.closes(raw, seg, "group", x.group, same(seg.El(2), x.group), x.count, "transaction sets")
	}
	x.inGroup = false
}

func (x *X12) closeInterchange(raw []byte, seg *Segment) {
	if x.inGroup {
		x.afterwards(raw, seg.Offset, "IEA inside a group: GE is missing")
	} else {
		x.closes(raw, seg, "interchange", x.control, same(seg.El(2), x.control), x.groups, "groups")
	}
	if x.all == 0 && len(x.late) == 0 {
		x.afterwards(raw, seg.Offset, "an interchange without a transaction set: there is no order in it")
	}
	x.open = false
	x.space()
}
