// Package edi reads the envelopes that ANSI ASC X12 and UN/EDIFACT (ISO 9735) share in idea: an interchange of groups of
// sets, each set a run of segments with its own count at the end. Sets come one at a time, in memory bounded by one; a set
// whose count or number does not agree with what is there is refused, for something of it may be lost.
package edi

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// Delimiters are what stands between parts. Zero where there is none.
type Delimiters struct {
	Element, Component, Repetition, Release, Terminator, Decimal byte
}

// Segment is one, with the place of its tag in the input.
type Segment struct {
	Tag    string
	Offset int

	raw    []byte // elements, without tag and terminator
	delims *Delimiters
	text   func([]byte) string
}

// Len is the number of elements.
func (s *Segment) Len() int {
	if len(s.raw) == 0 {
		return 0
	}
	n := 0
	for range split(s.raw, s.delims.Element, s.delims.Release) {
		n++
	}
	return n
}

// Raw gives element n, the first being 1, as received.
func (s *Segment) Raw(n int) []byte {
	if s == nil || len(s.raw) == 0 {
		return nil
	}
	return nth(s.raw, n, s.delims.Element, s.delims.Release)
}

// El gives the text of element n; of a composite its first component.
func (s *Segment) El(n int) string { return s.Comp(n, 1) }

// Comp gives the text of component c of element n, both from 1, without the spaces around it.
func (s *Segment) Comp(n, c int) string {
	e := s.Raw(n)
	if len(e) == 0 {
		return ""
	}
	if s.delims.Component != 0 {
		e = nth(e, c, s.delims.Component, s.delims.Release)
	} else if c > 1 {
		return ""
	}
	return s.value(e)
}

// Whole gives the text of element n where a component separator in it is an ordinary character, as in X12 texts.
func (s *Segment) Whole(n int) string { return s.value(s.Raw(n)) }

func (s *Segment) value(e []byte) string {
	e = bytes.TrimSpace(e)
	if len(e) == 0 {
		return ""
	}
	if s.delims.Release != 0 && bytes.IndexByte(e, s.delims.Release) >= 0 {
		e = released(e, s.delims.Release)
	}
	for _, c := range e {
		if c >= utf8.RuneSelf {
			return s.text(e)
		}
	}
	return string(e)
}

// released takes the release characters away.
func released(e []byte, release byte) []byte {
	out := make([]byte, 0, len(e))
	for i := 0; i < len(e); i++ {
		if e[i] == release && i+1 < len(e) {
			i++
		}
		out = append(out, e[i])
	}
	return out
}

// nth gives part n of b, the first being 1.
func nth(b []byte, n int, sep, release byte) []byte {
	for part := range split(b, sep, release) {
		if n--; n == 0 {
			return part
		}
	}
	return nil
}

// split gives the parts between separators that no release character stands before.
func split(b []byte, sep, release byte) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for {
			at := index(b, sep, release)
			if at < 0 {
				yield(b)
				return
			}
			if !yield(b[:at]) {
				return
			}
			b = b[at+1:]
		}
	}
}

func index(b []byte, sep, release byte) int {
	if release == 0 {
		return bytes.IndexByte(b, sep)
	}
	from := 0
	for {
		at := bytes.IndexByte(b[from:], sep)
		if at < 0 {
			return -1
		}
		if at += from; !escaped(b[:at], release) {
			return at
		}
		from = at + 1
	}
}

// escaped says whether an odd number of release characters stands at the end.
func escaped(b []byte, release byte) bool {
	n := 0
	for len(b) > n && b[len(b)-1-n] == release {
		n++
	}
	return n%2 == 1
}

// Latin reads bytes that are UTF-8, or else ISO 8859-1.
func Latin(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	var out strings.Builder
	for _, c := range b {
		out.WriteRune(rune(c))
	}
	return out.String()
}
