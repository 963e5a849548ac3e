package accept

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
)

// kind is a JSON type as orders use it.
type kind uint8

const (
	null kind = iota
	text
	number
	flag
	list
	object
)

// shape is what a value of an order looks like, read once from the Go types so that the two cannot part.
type shape struct {
	kind   kind
	whole  bool   // a number without a fraction
	elem   *shape // of a list
	fields []field
	index  map[string]int // name to place in fields
	rule   rule
}

// partShape is the shape of what a change lists of an order.
var partShape = func() *shape {
	s := *orderShape
	s.rule.also = nil
	return &s
}()

type field struct {
	name  string
	shape *shape
}

// orderShape is the shape of a whole order.
var orderShape = shapeOf(reflect.TypeFor[event.Order](), "Order")

// shapeOf reads a type. path is "Type.member", by which the rules are looked up; a rule for the type itself comes second.
func shapeOf(t reflect.Type, path string) *shape {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	s := &shape{rule: ruleFor(path, t)}
	switch {
	case t == reflect.TypeFor[event.Decimal]():
		s.kind = number
	case t.Kind() == reflect.String:
		s.kind = text
	case t.Kind() == reflect.Int:
		s.kind, s.whole = number, true
	case t.Kind() == reflect.Bool:
		s.kind = flag
	case t.Kind() == reflect.Slice:
		s.kind, s.elem = list, shapeOf(t.Elem(), path+"[]")
	case t.Kind() == reflect.Struct:
		s.kind, s.index = object, map[string]int{}
		s.members(t, t.Name())
	default:
		panic(fmt.Sprintf("%s: no JSON shape for %s", path, t))
	}
	return s
}

func (s *shape) members(t reflect.Type, typeName string) {
	for f := range t.Fields() {
		if f.Anonymous {
			s.members(f.Type, typeName)
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		s.index[name] = len(s.fields)
		s.fields = append(s.fields, field{name: name, shape: shapeOf(f.Type, typeName+"."+name)})
	}
	if len(s.fields) > maxFields {
		panic(fmt.Sprintf("%s has more than %d members", typeName, maxFields))
	}
}

// names lists the members of an object.
func (s *shape) names() []string {
	out := make([]string, len(s.fields))
	for i, f := range s.fields {
		out[i] = f.name
	}
	return out
}
