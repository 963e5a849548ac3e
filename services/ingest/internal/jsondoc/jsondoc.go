// Package jsondoc reads foreign JSON into a small tree that knows where each value stands and keeps numbers as written.
package jsondoc

import (
	"strconv"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/document"
	"github.com/tidegate/tidegate/shared/codec"
)

// Limits of one document.
var Limits = codec.Limits{Size: document.MaxSize, Depth: 48, Number: 64, Faults: 50}

// Kind is a JSON type.
type Kind uint8

// The kinds. Missing is the zero value: what is not there.
const (
	Missing Kind = iota
	Null
	String
	Number
	Bool
	Array
	Object
)

// Value is a value with its place. What is asked of a value that is not there, or is of another kind, is not there.
type Value struct {
	Kind    Kind
	Raw     []byte // as written
	Offset  int    // of Raw in the document
	Pointer string // JSON pointer

	kids []kid
}

type kid struct {
	name string
	Value
}

// Parse reads a document; with faults there is none.
func Parse(b []byte) (Value, []event.Fault) {
	if faults := codec.Check(b, Limits); len(faults) > 0 {
		return Value{}, faults
	}
	p := parser{b: b}
	p.space()
	return p.value(""), nil
}

// parser reads bytes that have passed codec.Check.
type parser struct {
	b []byte
	i int
}

func (p *parser) space() {
	for p.i < len(p.b) && p.b[p.i] <= ' ' {
		p.i++
	}
}

func (p *parser) value(pointer string) Value {
	v := Value{Offset: p.i, Pointer: pointer}
	switch p.b[p.i] {
	case '{':
		v.Kind = Object
		p.object(&v)
	case '[':
		v.Kind = Array
		p.array(&v)
	case '"':
		v.Kind = String
		p.i += codec.ValueLen(p.b[p.i:])
	case 't', 'f':
		v.Kind = Bool
		p.i += codec.ValueLen(p.b[p.i:])
	case 'n':
		v.Kind = Null
		p.i += codec.ValueLen(p.b[p.i:])
	default:
		v.Kind = Number
		p.i += codec.ValueLen(p.b[p.i:])
	}
	v.Raw = p.b[v.Offset:p.i]
	return v
}

func (p *parser) object(v *Value) {
	p.i++
	for p.space(); p.b[p.i] != '}'; p.space() {
		if p.b[p.i] == ',' {
			p.i++
			p.space()
		}
		n := codec.ValueLen(p.b[p.i:])
		name := codec.Unquote(p.b[p.i+1 : p.i+n-1])
		p.i += n
		p.space()
		p.i++ // the colon
		p.space()
		v.kids = append(v.kids, kid{name, p.value(v.Pointer + "/" + codec.PointerToken(name))})
	}
	p.i++
}

func (p *parser) array(v *Value) {
	p.i++
	for n := 0; ; n++ {
		if p.space(); p.b[p.i] == ']' {
			break
		}
		if p.b[p.i] == ',' {
			p.i++
			p.space()
		}
		v.kids = append(v.kids, kid{"", p.value(v.Pointer + "/" + strconv.Itoa(n))})
	}
	p.i++
}

// At gives the value below member names.
func (v Value) At(path ...string) Value {
	for _, name := range path {
		v = v.member(name)
	}
	return v
}

func (v Value) member(name string) Value {
	if v.Kind != Object {
		return Value{}
	}
	for _, k := range v.kids {
		if k.name == name {
			return k.Value
		}
	}
	return Value{}
}

// Has says whether a value is there and not null.
func (v Value) Has() bool { return v.Kind != Missing && v.Kind != Null }

// Is says whether the object has the member, whatever its value.
func (v Value) Is(name string) bool { return v.member(name).Kind != Missing }

// Text is a string's content, a number or boolean as written; "" for anything else. Spaces are tidied.
func (v Value) Text() string { return document.Text(v.String()) }

// String is what Text gives, as it stands.
func (v Value) String() string {
	switch v.Kind {
	case String:
		return codec.Unquote(v.Raw[1 : len(v.Raw)-1])
	case Number, Bool:
		return string(v.Raw)
	default:
		return ""
	}
}

// First gives the first of several members that says something.
func (v Value) First(names ...string) Value {
	for _, name := range names {
		if m := v.member(name); m.Text() != "" {
			return m
		}
	}
	return Value{}
}

// True says whether the value is true, as a boolean or in words.
func (v Value) True() bool { return strings.EqualFold(v.Text(), "true") }

// Elems gives the elements of an array. An object or scalar where an array is usual is its one element.
func (v Value) Elems(yield func(Value) bool) {
	if v.Kind != Array {
		if v.Has() {
			yield(v)
		}
		return
	}
	for _, k := range v.kids {
		if !yield(k.Value) {
			return
		}
	}
}

// Members gives the members of an object in their order.
func (v Value) Members(yield func(string, Value) bool) {
	if v.Kind != Object {
		return
	}
	for _, k := range v.kids {
		if !yield(k.name, k.Value) {
			return
		}
	}
}

// Len is the number of elements or members.
func (v Value) Len() int { return len(v.kids) }
