package edi

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/tidegate/tidegate/services/ingest/internal/document"
)

// maxSegment is how many bytes a segment may have; a text is at most a few hundred.
const maxSegment = 32 << 10

// errSegment says that a segment does not end where one could.
var errSegment = fmt.Errorf("a segment of more than %d bytes: its terminator is missing", maxSegment)

// scanner gives segments with the exact bytes between them.
type scanner struct {
	r      *bufio.Reader
	offset int // of what comes next
	delims Delimiters
	buf    []byte
}

// peek gives up to n bytes that come next.
func (s *scanner) peek(n int) []byte {
	b, _ := s.r.Peek(n) // what there is, where there is less
	return b
}

// skip passes over bytes that were peeked at.
func (s *scanner) skip(n int) {
	_, _ = s.r.Discard(n)
	s.offset += n
}

// space passes over spaces and line breaks, and a byte order mark.
func (s *scanner) space() {
	for {
		b := s.peek(3)
		switch {
		case bytes.HasPrefix(b, []byte("\xef\xbb\xbf")):
			s.skip(3)
		case len(b) > 0 && (b[0] <= ' ' || b[0] == 0x1a):
			s.skip(1)
		default:
			return
		}
	}
}

// next reads one segment. raw is everything up to and with the terminator, from is where the tag begins in it. The bytes
// hold until the next call. The last segment may lack its terminator.
func (s *scanner) next() (raw []byte, from int, err error) {
	s.buf = s.buf[:0]
	for {
		part, err := s.r.ReadSlice(s.delims.Terminator)
		s.offset += len(part)
		if len(s.buf) == 0 && err == nil && (s.delims.Release == 0 || !escaped(part[:len(part)-1], s.delims.Release)) {
			if at := begin(part); at < len(part)-1 {
				return part, at, nil // the usual case copies nothing
			}
		}
		s.buf = append(s.buf, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			at := begin(s.buf)
			if at == len(s.buf) {
				return nil, 0, io.EOF
			}
			return s.buf, at, nil
		case err != nil:
			return nil, 0, fmt.Errorf("read orders: %w", err)
		case s.delims.Release != 0 && escaped(s.buf[:len(s.buf)-1], s.delims.Release):
		default:
			if at := begin(s.buf); at < len(s.buf)-1 {
				return s.buf, at, nil
			}
			continue // a line break alone, where lines are the terminators
		}
		if len(s.buf) > maxSegment {
			return s.buf, begin(s.buf), errSegment
		}
	}
}

// begin is where the tag stands behind spaces and line breaks.
func begin(b []byte) int {
	for i, c := range b {
		if c > ' ' && c != 0x1a {
			return i
		}
	}
	return len(b)
}

// segment takes raw bytes apart into tag and elements. The bytes must not change any more.
func (s *scanner) segment(raw []byte, offset int, text func([]byte) string) Segment {
	body := raw
	if n := len(body); n > 0 && body[n-1] == s.delims.Terminator {
		body = body[:n-1]
	}
	body = bytes.TrimRight(body, "\r\n")
	tag, rest, _ := bytes.Cut(body, []byte{s.delims.Element})
	if s.delims.Component != 0 {
		tag, _, _ = bytes.Cut(tag, []byte{s.delims.Component})
	}
	return Segment{Tag: known(tag), Offset: offset, raw: rest, delims: &s.delims, text: text}
}

// known gives a tag as a string without a copy for those that come often.
func known(tag []byte) string {
	switch string(tag) {
	case "PO1":
		return "PO1"
	case "PID":
		return "PID"
	case "N1":
		return "N1"
	case "N3":
		return "N3"
	case "N4":
		return "N4"
	case "REF":
		return "REF"
	case "DTM":
		return "DTM"
	case "LIN":
		return "LIN"
	case "PIA":
		return "PIA"
	case "IMD":
		return "IMD"
	case "QTY":
		return "QTY"
	case "MOA":
		return "MOA"
	case "PRI":
		return "PRI"
	case "RFF":
		return "RFF"
	case "NAD":
		return "NAD"
	}
	return string(tag)
}

// Set is a transaction set or message: what stands from its first to its last segment.
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

// Fault is a set that is a fault of the envelope.
func fault(format string, raw []byte, offset int, code, detail string, v ...any) *Set {
	f := &document.Found{Format: format, Bytes: bytes.Clone(raw), Offset: offset}
	f.Fault(offset, code, detail, v...)
	return &Set{Found: f, Offset: offset}
}
