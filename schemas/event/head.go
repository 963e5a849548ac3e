package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// A leaf's header is written and read millions of times and nearly always in one form: the members in order, nothing to
// escape. That form is written and read by hand; any other goes through encoding/json, with the same result.

// appendHead writes a header line without its line break, byte for byte as encoding/json does.
func appendHead(b []byte, l Leaf) ([]byte, error) {
	if !plain(l.Line) || !plain(l.Kind) || !plain(l.Stream) || !plain(string(l.At)) || !plain(l.SHA256) {
		head, err := json.Marshal(l)
		if err != nil {
			return nil, fmt.Errorf("leaf header: %w", err)
		}
		return append(b, head...), nil
	}
	b = append(append(append(b, `{"line":"`...), l.Line...), `","v":`...)
	b = strconv.AppendInt(b, int64(l.V), 10)
	b = append(append(append(b, `,"kind":"`...), l.Kind...), `","stream":"`...)
	b = append(append(b, l.Stream...), `","sequence":`...)
	b = strconv.AppendUint(b, l.Sequence, 10)
	b = strconv.AppendInt(append(b, `,"place":`...), int64(l.Place), 10)
	b = strconv.AppendInt(append(b, `,"cases":`...), int64(l.Cases), 10)
	if l.To != 0 {
		b = strconv.AppendUint(append(b, `,"to":`...), l.To, 10)
	}
	b = append(append(append(b, `,"at":"`...), l.At...), '"')
	if l.SHA256 != "" {
		b = append(append(append(b, `,"sha256":"`...), l.SHA256...), '"')
	}
	if l.Size != 0 {
		b = strconv.AppendInt(append(b, `,"size":`...), int64(l.Size), 10)
	}
	return append(b, '}'), nil
}

// parseHead reads a header line.
func parseHead(b []byte) (Leaf, error) {
	if l, ok := readHead(b); ok {
		return l, nil
	}
	return decodeHead(b)
}

func decodeHead(b []byte) (l Leaf, err error) {
	if err := json.Unmarshal(b, &l); err != nil {
		return l, fmt.Errorf("leaf header: %w", err)
	}
	return l, nil
}

// readHead reads a header of the usual form; ok is false for any other.
func readHead(b []byte) (l Leaf, ok bool) {
	r := headReader{b, true}
	r.literal(`{"line":"leaf","v":`)
	l.Line, l.V = "leaf", int(r.number())
	r.literal(`,"kind":"`)
	l.Kind = known(r.text(), LeafDecision, LeafRefusal)
	r.literal(`,"stream":"`)
	l.Stream = known(r.text(), "DECISION")
	r.literal(`,"sequence":`)
	l.Sequence = r.number()
	r.literal(`,"place":`)
	l.Place = int(r.number())
	r.literal(`,"cases":`)
	l.Cases = int(r.number())
	if r.has(`,"to":`) {
		l.To = r.number()
	}
	r.literal(`,"at":"`)
	l.At = Instant(r.text())
	if r.has(`,"sha256":"`) {
		l.SHA256 = string(r.text())
	}
	if r.has(`,"size":`) {
		l.Size = int(r.number())
	}
	r.literal(`}`)
	return l, r.ok && len(r.rest) == 0
}

// known gives a text that is nearly always one of a few without making it anew.
func known(b []byte, of ...string) string {
	for _, s := range of {
		if string(b) == s {
			return s
		}
	}
	return string(b)
}

// headReader takes a header apart from its beginning; ok turns false for good at what is not as usual.
type headReader struct {
	rest []byte
	ok   bool
}

func (r *headReader) has(s string) bool {
	if !bytes.HasPrefix(r.rest, []byte(s)) {
		return false
	}
	r.rest = r.rest[len(s):]
	return true
}

func (r *headReader) literal(s string) { r.ok = r.has(s) && r.ok }

// text reads up to and over the next quote.
func (r *headReader) text() []byte {
	end := bytes.IndexByte(r.rest, '"')
	if end < 0 {
		r.ok = false
		return nil
	}
	s := r.rest[:end]
	r.ok = r.ok && plain(s)
	r.rest = r.rest[end+1:]
	return s
}

// number reads a number that fits into an int and has no leading zero.
func (r *headReader) number() (n uint64) {
	digits := 0
	for digits < len(r.rest) && r.rest[digits] >= '0' && r.rest[digits] <= '9' {
		n = n*10 + uint64(r.rest[digits]-'0')
		digits++
	}
	r.ok = r.ok && digits > 0 && digits < 19 && (r.rest[0] != '0' || digits == 1)
	r.rest = r.rest[digits:]
	return n
}

// plain says whether a text stands in JSON as it is.
func plain[T string | []byte](s T) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ', c > '~', c == '"', c == '\\', c == '<', c == '>', c == '&':
			return false
		}
	}
	return true
}
