// Package feed splits what senders send, one order, an array of them or one a line, into single orders, each with its
// exact bytes, in memory that does not grow with the input.
package feed

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
)

// Form is how orders stand in the input.
type Form int

// The forms.
const (
	JSON  Form = iota // one order, or an array of orders
	Lines             // one order a line; empty lines count for nothing
)

// ErrCut says that an array ended before its closing bracket. The orders before were whole.
var ErrCut = errors.New("the array does not end")

// Piece is one order's bytes. Of an order larger than the limit, Bytes is only the beginning; Size and SHA256 are of
// the whole.
type Piece struct {
	Bytes  []byte
	Size   int
	SHA256 [sha256.Size]byte // set only where Size is larger than len(Bytes)
}

// Feed reads pieces.
type Feed struct {
	r     *bufio.Reader
	form  Form
	most  int
	state state
	b     []byte    // of the piece being read
	size  int       // of it
	sum   hash.Hash // of it, once it is too large

	elements int  // of the array, so far
	single   bool // the input is no array
}

type state int

const (
	atStart state = iota
	inArray
	atEnd
)

// New reads orders of at most so many bytes each from r.
func New(r io.Reader, form Form, most int) *Feed {
	return &Feed{r: bufio.NewReaderSize(r, 32<<10), form: form, most: most}
}

// Single says, after the first Next, whether the input is one order by itself.
func (f *Feed) Single() bool { return f.single }

// Next gives the next order; io.EOF behind the last one, ErrCut where an array does not end.
func (f *Feed) Next() (Piece, error) {
	if f.form == Lines {
		return f.line()
	}
	switch f.state {
	case atStart:
		return f.first()
	case inArray:
		return f.element()
	default:
		return Piece{}, io.EOF
	}
}

// line reads up to a line break, past empty lines.
func (f *Feed) line() (Piece, error) {
	for {
		err := f.until(func(b []byte) int { return bytes.IndexByte(b, '\n') })
		p := f.piece(true)
		switch {
		case err != nil && !errors.Is(err, io.EOF):
			return Piece{}, fmt.Errorf("read orders: %w", err)
		case p.Size > 0:
			return p, nil
		case err != nil:
			return Piece{}, io.EOF
		}
	}
}

// first looks whether the input is an array; if not, the whole input is one order, spaces included.
func (f *Feed) first() (Piece, error) {
	for {
		c, err := f.r.ReadByte()
		if err != nil || c > ' ' {
			if c == '[' && err == nil {
				f.state = inArray
				f.b, f.size = nil, 0
				return f.element()
			}
			if err == nil {
				_ = f.r.UnreadByte()
			}
			break
		}
		f.keep([]byte{c})
	}
	f.state, f.single = atEnd, true
	if err := f.until(func([]byte) int { return -1 }); !errors.Is(err, io.EOF) {
		return Piece{}, fmt.Errorf("read order: %w", err)
	}
	return f.piece(false), nil
}

// element reads up to the comma or bracket that ends an element of the array.
func (f *Feed) element() (Piece, error) {
	n := nesting{}
	err := f.until(n.end)
	p := f.piece(true)
	switch {
	case errors.Is(err, io.EOF):
		f.state = atEnd
		if p.Size > 0 {
			return p, nil
		}
		return Piece{}, ErrCut
	case err != nil:
		return Piece{}, fmt.Errorf("read orders: %w", err)
	}
	f.elements++
	if n.last {
		f.form, f.state = Lines, atStart // what stands behind the array is read as a line, and refused
		if p.Size == 0 && f.elements == 1 {
			return f.line()
		}
	}
	return p, nil
}

// nesting follows brackets and strings through an element.
type nesting struct {
	depth   int
	quoted  bool
	escaped bool
	last    bool // the bracket that ends the array was found
}

func (n *nesting) end(b []byte) int {
	for i, c := range b {
		switch {
		case n.escaped:
			n.escaped = false
		case n.quoted:
			n.quoted, n.escaped = c != '"', c == '\\'
		case c == '"':
			n.quoted = true
		case c == '{' || c == '[':
			n.depth++
		case n.depth == 0 && (c == ',' || c == ']'):
			n.last = c == ']'
			return i
		case c == '}' || c == ']':
			n.depth = max(n.depth-1, 0)
		}
	}
	return -1
}

// until reads into the piece up to the byte that end finds, which it passes over. end is given all bytes in order.
func (f *Feed) until(end func([]byte) int) error {
	for {
		if _, err := f.r.Peek(1); err != nil {
			return err
		}
		b, _ := f.r.Peek(f.r.Buffered())
		at := end(b)
		if at >= 0 {
			f.keep(b[:at])
			_, err := f.r.Discard(at + 1)
			return err
		}
		f.keep(b)
		if _, err := f.r.Discard(len(b)); err != nil {
			return err
		}
	}
}

// keep adds to the piece. Beyond the limit only the size and the digest grow.
func (f *Feed) keep(b []byte) {
	f.size += len(b)
	if f.sum == nil && f.size <= f.most {
		f.b = append(f.b, b...)
		return
	}
	if f.sum == nil {
		f.sum = sha256.New()
		f.sum.Write(f.b)
	}
	f.sum.Write(b)
}

// piece ends the piece and gives it; spaces around it are not part of it where it is one of several.
func (f *Feed) piece(trim bool) Piece {
	p := Piece{Bytes: f.b, Size: f.size}
	switch {
	case f.sum != nil:
		p.SHA256 = [sha256.Size]byte(f.sum.Sum(nil))
	case trim:
		p.Bytes = bytes.Trim(p.Bytes, " \t\r\n")
		p.Size = len(p.Bytes)
	}
	f.b, f.size, f.sum = nil, 0, nil
	return p
}
