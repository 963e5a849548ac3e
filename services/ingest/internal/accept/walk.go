package accept

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/shared/codec"
)

// maxFields is how many members an object's shape may have.
const maxFields = 48

// maxFaults is how many faults one look lists; the others are counted.
const maxFaults = 100

// walk holds an order's bytes against its shape. The bytes have passed codec.Check, so tokens need no second look.
type walk struct {
	b      []byte
	i      int
	path   []place
	faults []event.Fault
	more   int        // faults found beyond those listed
	room   []*members // not in use
}

type place struct {
	name  string
	index int // used where name is empty
}

// members say where the values of one object stand, by place in its shape; end is 0 where a member was not given.
type members struct {
	b     []byte
	shape *shape
	at    [maxFields]struct{ start, end int32 }
	count int
}

func (m *members) has(name string) bool { return m.at[m.shape.index[name]].end > 0 }

func (m *members) raw(name string) []byte {
	at := m.at[m.shape.index[name]]
	return m.b[at.start:at.end]
}

// text gives a text member's content; "" when it was not given or is no text.
func (m *members) text(name string) string {
	raw := m.raw(name)
	if len(raw) < 2 || raw[0] != '"' {
		return ""
	}
	return codec.Unquote(raw[1 : len(raw)-1])
}

// take gives members that nobody uses; release gives them back.
func (w *walk) take(s *shape) *members {
	if len(w.room) == 0 {
		return &members{b: w.b, shape: s}
	}
	m := w.room[len(w.room)-1]
	w.room = w.room[:len(w.room)-1]
	*m = members{b: w.b, shape: s}
	return m
}

func (w *walk) release(m *members) { w.room = append(w.room, m) }

// look lists the faults of an order, or of the part of one that a change lists, and reads what it says about itself; the members are
// nil where it is no object.
func look(b []byte, part bool) (head, *members, []event.Fault) {
	s := orderShape
	if part {
		s = partShape
	}
	m, faults := hold(b, s)
	if m == nil {
		return head{}, nil, faults
	}
	h := head{tenant: m.text("tenant"), source: m.text("source"), id: m.text("id"), kind: event.Kind(m.text("event"))}
	h.revision, _ = strconv.Atoi(string(m.raw("revision"))) // a fault is listed where it is no number
	return h, m, faults
}

// hold lists the faults of a whole input against its shape, and gives its members where it is an object.
func hold(b []byte, s *shape) (*members, []event.Fault) {
	w := walks.Get().(*walk)
	*w = walk{b: b, path: w.path[:0], room: w.room}
	defer w.done()
	w.space()
	if kindOf(b[w.i]) != object {
		w.wrongType(object)
		return nil, w.faults
	}
	m := w.object(s)
	if w.more > 0 {
		w.faults = append(w.faults, event.Fault{Code: codec.CodeSize, Detail: fmt.Sprintf("and %d faults more", w.more)})
	}
	return m, w.faults
}

// walks keeps the room for paths and members from one order to the next.
var walks = sync.Pool{New: func() any { return &walk{path: make([]place, 0, 8)} }}

// done gives the room back, and nothing that holds the order.
func (w *walk) done() {
	w.b, w.faults = nil, nil
	for _, m := range w.room {
		m.b = nil
	}
	walks.Put(w)
}

func (w *walk) fault(code, detail string) {
	if len(w.faults) == maxFaults {
		w.more++
		return
	}
	w.faults = append(w.faults, event.Fault{Pointer: w.pointer(), Code: code, Detail: detail})
}

// faultAt notes a fault of a member below where the walk stands.
func (w *walk) faultAt(name, code, detail string) {
	w.path = append(w.path, place{name: name})
	w.fault(code, detail)
	w.path = w.path[:len(w.path)-1]
}

func (w *walk) pointer() string {
	var p strings.Builder
	for _, at := range w.path {
		p.WriteByte('/')
		if at.name == "" {
			p.WriteString(strconv.Itoa(at.index))
		} else {
			p.WriteString(codec.PointerToken(at.name))
		}
	}
	return p.String()
}

func (w *walk) space() {
	for w.b[w.i] <= ' ' {
		w.i++
	}
}

// value holds the value at i against its shape.
func (w *walk) value(s *shape) {
	start := w.i
	if kindOf(w.b[w.i]) != s.kind {
		w.wrongType(s.kind)
		w.i += codec.ValueLen(w.b[w.i:])
		return
	}
	switch s.kind {
	case object:
		w.release(w.object(s))
	case list:
		w.list(s)
	default:
		w.i += codec.ValueLen(w.b[w.i:])
		w.scalar(s, w.b[start:w.i])
	}
}

// object gives the members it found; the caller releases them.
func (w *walk) object(s *shape) *members {
	m := w.take(s)
	w.i++
	for w.space(); w.b[w.i] != '}'; w.space() {
		if w.b[w.i] == ',' {
			w.i++
			w.space()
		}
		w.member(m)
		m.count++
	}
	w.i++
	for _, name := range s.rule.need {
		if !m.has(name) {
			w.faultAt(name, codeRequired, s.rule.needs(name))
		}
	}
	if s.rule.also != nil {
		s.rule.also(w, m)
	}
	return m
}

func (w *walk) member(m *members) {
	n := codec.ValueLen(w.b[w.i:])
	raw := w.b[w.i+1 : w.i+n-1]
	w.i += n
	w.space()
	w.i++ // the colon
	w.space()
	at, ok := m.shape.index[string(raw)]
	if !ok {
		at, ok = m.shape.index[codec.Unquote(raw)]
	}
	if !ok {
		name := codec.Unquote(raw)
		w.faultAt(name, codeUnknown, unknown(name, m.shape))
		w.i += codec.ValueLen(w.b[w.i:])
		return
	}
	w.path = append(w.path, place{name: m.shape.fields[at].name})
	start := w.i
	w.value(m.shape.fields[at].shape)
	m.at[at].start, m.at[at].end = int32(start), int32(w.i)
	w.path = w.path[:len(w.path)-1]
}

func (w *walk) list(s *shape) {
	n := 0
	w.i++
	for w.space(); w.b[w.i] != ']'; w.space() {
		if w.b[w.i] == ',' {
			w.i++
			w.space()
		}
		w.path = append(w.path, place{index: n})
		w.value(s.elem)
		w.path = w.path[:len(w.path)-1]
		n++
	}
	w.i++
	switch {
	case n < s.rule.min:
		w.fault(codeRequired, "empty; "+s.rule.why)
	case n > s.rule.max:
		w.fault(codeRange, fmt.Sprintf("%d entries; at most %d are taken", n, s.rule.max))
	}
}

func (w *walk) scalar(s *shape, raw []byte) {
	switch s.kind {
	case text:
		w.text(s, raw[1:len(raw)-1])
	case number:
		w.number(s, raw)
	default:
	}
}

func (w *walk) text(s *shape, raw []byte) {
	v := raw
	if bytes.IndexByte(raw, '\\') >= 0 {
		v = []byte(codec.Unquote(raw))
		if i := bytes.IndexFunc(v, control); i >= 0 {
			w.fault(codeFormat, fmt.Sprintf("holds the control character U+%04X", v[i]))
			return
		}
	}
	switch {
	case len(v) > s.rule.max:
		w.fault(codec.CodeSize, fmt.Sprintf("%d bytes; at most %d are taken", len(v), s.rule.max))
	case len(v) < s.rule.min:
		w.fault(codeFormat, "empty; leave the member out where it is not known")
	case s.rule.check != nil:
		if code, detail := s.rule.check(v); code != "" {
			w.fault(code, detail)
		}
	}
}

func control(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f }

func (w *walk) number(s *shape, raw []byte) {
	if s.whole && bytes.ContainsAny(raw, ".eE") {
		w.fault(codeType, "want a whole number, found "+string(raw))
		return
	}
	if err := event.Decimal(raw).Check(); err != nil {
		w.fault(codeFormat, err.Error()+", found "+string(raw))
		return
	}
	if code, detail := s.rule.check(raw); code != "" {
		w.fault(code, detail)
	}
}

func (w *walk) wrongType(want kind) {
	got := kindOf(w.b[w.i])
	detail := "want " + kindNames[want] + ", found " + kindNames[got]
	if got == null {
		detail = "want " + kindNames[want] + "; leave the member out where it is not known"
	}
	w.fault(codeType, detail)
}

var kindNames = map[kind]string{
	null: "null", text: "a text", number: "a number", flag: "true or false", list: "an array", object: "an object",
}

// kindOf tells a value's JSON type by its first byte.
func kindOf(c byte) kind {
	switch c {
	case '"':
		return text
	case '{':
		return object
	case '[':
		return list
	case 't', 'f':
		return flag
	case 'n':
		return null
	default:
		return number
	}
}
