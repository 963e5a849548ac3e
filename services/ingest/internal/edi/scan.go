package edi

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
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
	cut    string // the element separator
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

// tagged says whether raw, from where its tag begins, is a segment of a tag.
func (s *scanner) tagged(raw []byte, tag string) bool {
	if len(raw) < len(tag) || string(raw[:len(tag)]) != tag {
		return false
	}
	if len(raw) == len(tag) {
		return true
	}
	c := raw[len(tag)]
	return c == s.delims.Element || c == s.delims.Terminator || c == '\r' || c == '\n' || c == s.delims.Component && c != 0
}

// ahead is the tag of the segment that comes next, where one of the tags is, else "".
func (s *scanner) ahead(tags []string) string {
	b := s.peek(64)
	b = b[begin(b):]
	for _, tag := range tags {
		if len(b) > len(tag) && b[len(tag)] == s.delims.Element && string(b[:len(tag)]) == tag {
			return tag
		}
	}
	return ""
}

// segment takes a segment apart into tag and elements, behind those that els holds.
func (s *scanner) segment(raw string, offset int, text func([]byte) string, els []string) (Segment, []string) {
	if n := len(raw); n > 0 && raw[n-1] == s.delims.Terminator {
		raw = raw[:n-1]
	}
	for len(raw) > 0 && (raw[len(raw)-1] == '\r' || raw[len(raw)-1] == '\n') {
		raw = raw[:len(raw)-1]
	}
	tag, rest, more := strings.Cut(raw, s.cut)
	if s.delims.Component != 0 {
		if at := strings.IndexByte(tag, s.delims.Component); at >= 0 {
			tag = tag[:at]
		}
	}
	first := len(els)
	for more = more && rest != ""; more; {
		at := index(rest, s.delims.Element, s.delims.Release)
		if more = at >= 0; !more {
			at = len(rest)
		}
		els = append(els, rest[:at])
		if more {
			rest = rest[at+1:]
		}
	}
	return Segment{Tag: tag, Offset: offset, els: els[first:len(els):len(els)], delims: &s.delims, text: text}, els
}

// alone takes one segment apart that stands outside of sets.
func (s *scanner) alone(raw []byte, offset int, text func([]byte) string) Segment {
	seg, _ := s.segment(string(raw), offset, text, nil)
	return seg
}

// separate sets what stands between parts.
func (s *scanner) separate(d Delimiters) { s.delims, s.cut = d, string([]byte{d.Element}) }
