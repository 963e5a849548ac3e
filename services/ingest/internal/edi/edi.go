// Package edi reads the envelopes that ANSI ASC X12 and UN/EDIFACT (ISO 9735) share in idea: an interchange of groups of
// sets, each set a run of segments with its own count at the end. Sets come one at a time, in memory bounded by one; a set
// whose count or number does not agree with what is there is refused, for something of it may be lost.
package edi

import (
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

	els    []string // without tag and terminator, as received
	delims *Delimiters
	text   func([]byte) string
}

// Len is the number of elements.
func (s *Segment) Len() int { return len(s.els) }

// Raw gives element n, the first being 1, as received.
func (s *Segment) Raw(n int) string {
	if s == nil || n < 1 || n > len(s.els) {
		return ""
	}
	return s.els[n-1]
}

// El gives the text of element n; of a composite its first component.
func (s *Segment) El(n int) string { return s.Comp(n, 1) }

// Comp gives the text of component c of element n, both from 1, without the spaces around it.
func (s *Segment) Comp(n, c int) string {
	e := s.Raw(n)
	if e == "" {
		return ""
	}
	if s.delims.Component == 0 && c > 1 {
		return ""
	}
	for s.delims.Component != 0 {
		at := index(e, s.delims.Component, s.delims.Release)
		if c--; c == 0 {
			if at >= 0 {
				e = e[:at]
			}
			break
		}
		if at < 0 {
			return ""
		}
		e = e[at+1:]
	}
	return s.value(e)
}

// Whole gives the text of element n where a component separator in it is an ordinary character, as in X12 texts.
func (s *Segment) Whole(n int) string { return s.value(s.Raw(n)) }

func (s *Segment) value(e string) string {
	if e = strings.TrimSpace(e); e == "" {
		return ""
	}
	if s.delims.Release != 0 && strings.IndexByte(e, s.delims.Release) >= 0 {
		e = released(e, s.delims.Release)
	}
	for i := range len(e) {
		if e[i] >= utf8.RuneSelf {
			return s.text([]byte(e))
		}
	}
	return e
}

// released takes the release characters away.
func released(e string, release byte) string {
	out := make([]byte, 0, len(e))
	for i := 0; i < len(e); i++ {
		if e[i] == release && i+1 < len(e) {
			i++
		}
		out = append(out, e[i])
	}
	return string(out)
}

// index is where the separator stands that no release character stands before; -1 where there is none.
func index(b string, sep, release byte) int {
	if release == 0 {
		return strings.IndexByte(b, sep)
	}
	from := 0
	for {
		at := strings.IndexByte(b[from:], sep)
		if at < 0 {
			return -1
		}
		if at += from; at == 0 || b[at-1] != release || !escaped(b[:at], release) {
			return at
		}
		from = at + 1
	}
}

// escaped says whether an odd number of release characters stands at the end.
func escaped[T string | []byte](b T, release byte) bool {
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
