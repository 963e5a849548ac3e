package mapping

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"go.yaml.in/yaml/v4"

	"github.com/tidegate/tidegate/schemas/event"
)

// kind is what a member of the normal form is.
type kind int

const (
	text kind = iota
	number
	flag
	list
	object
)

// shape is a member's shape, read from the Go types so that the two cannot part.
type shape struct {
	kind   kind
	whole  bool
	name   string // of its type: Country, Date, Role …
	elem   *shape
	names  []string
	fields map[string]*shape
}

var orderShape = shapeOf(reflect.TypeFor[event.Order]())

func shapeOf(t reflect.Type) *shape {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	s := &shape{name: t.Name()}
	switch {
	case t == reflect.TypeFor[event.Decimal]():
		s.kind = number
	case t.Kind() == reflect.Int:
		s.kind, s.whole = number, true
	case t.Kind() == reflect.Bool:
		s.kind = flag
	case t.Kind() == reflect.Slice:
		s.kind, s.elem = list, shapeOf(t.Elem())
	case t.Kind() == reflect.Struct:
		s.kind, s.fields = object, map[string]*shape{}
		s.members(t)
	}
	return s
}

func (s *shape) members(t reflect.Type) {
	for f := range t.Fields() {
		if f.Anonymous {
			s.members(f.Type)
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		s.names = append(s.names, name)
		s.fields[name] = shapeOf(f.Type)
	}
}

// node is a part of the order to be: an object's members, a list's elements, or an expression.
type node struct {
	shape *shape
	name  string
	line  int
	kids  []*node // members, or elements of a list that are written out
	when  *program
	each  *program // of a list: what its elements are made from
	as    string
	elem  *node
	value *program
	fixed *string // a value that is no expression
}

// program is an expression.
type program struct {
	cel.Program
	text         string
	line, column int
	fixed        bool // the same whatever the input is
}

// literal says whether a scalar of a shape is taken as it stands: words of closed sets.
func literal(s *shape, v string) bool {
	switch s.name {
	case "Role":
		return strings.Trim(v, "abcdefghijklmnopqrstuvwxyz_") == ""
	case "Transaction", "Kind":
		return strings.Trim(v, "abcdefghijklmnopqrstuvwxyz_") == ""
	}
	return false
}

// object reads the members of an object. vars are the names that expressions know besides rec.
func (r *reader) object(n *yaml.Node, s *shape, vars []string) *node {
	out := &node{shape: s, line: n.Line}
	if n.Kind != yaml.MappingNode {
		r.fault(n, "want the members of an object: %s", strings.Join(s.names, ", "))
		return out
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Value == "when" {
			out.when = r.compile(value, vars)
			continue
		}
		member := s.fields[key.Value]
		if member == nil {
			r.fault(key, "no member of this name is known here%s", didYouMean(key.Value, s.names))
			continue
		}
		kid := r.value(value, member, vars)
		kid.name = key.Value
		out.kids = append(out.kids, kid)
	}
	return out
}

func (r *reader) value(n *yaml.Node, s *shape, vars []string) *node {
	switch {
	case n.Kind == yaml.AliasNode:
		r.fault(n, "an alias; write it out")
	case s.kind == list && n.Kind == yaml.MappingNode:
		return r.each(n, s, vars)
	case s.kind == list && n.Kind == yaml.SequenceNode:
		out := &node{shape: s, line: n.Line}
		for _, k := range n.Content {
			if k.Kind == yaml.MappingNode && slices.ContainsFunc(k.Content, func(c *yaml.Node) bool { return c.Value == "each" }) {
				out.kids = append(out.kids, r.each(k, s, vars))
			} else {
				out.kids = append(out.kids, r.value(k, s.elem, vars))
			}
		}
		return out
	case s.kind == object:
		return r.object(n, s, vars)
	case n.Kind != yaml.ScalarNode:
		r.fault(n, "want an expression")
	case literal(s, n.Value):
		return &node{shape: s, line: n.Line, fixed: &n.Value}
	default:
		return &node{shape: s, line: n.Line, value: r.compile(n, vars)}
	}
	return &node{shape: s, line: n.Line}
}

// each reads a list whose elements are made one from each element of the input's: {each: EXPRESSION, as: NAME, …members}.
func (r *reader) each(n *yaml.Node, s *shape, vars []string) *node {
	out := &node{shape: s, line: n.Line, as: "it"}
	rest := &yaml.Node{Kind: yaml.MappingNode, Line: n.Line, Column: n.Column}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch key.Value {
		case "each":
			out.each = r.compile(value, vars)
		case "as":
			out.as = value.Value
			if value.Value == "" || strings.Trim(value.Value, "abcdefghijklmnopqrstuvwxyz_") != "" || value.Value == "rec" {
				r.fault(value, "as %q: want a name in small letters that is not rec", value.Value)
			}
		default:
			rest.Content = append(rest.Content, key, value)
		}
	}
	if out.each == nil {
		r.fault(n, "want a list of elements, or each: with what they are made from")
		return out
	}
	inner := append(slices.Clone(vars), out.as)
	if s.elem.kind == object {
		out.elem = r.object(rest, s.elem, inner)
	} else {
		r.fault(n, "each makes objects; give a list of texts as one expression")
	}
	return out
}

// compile reads an expression. What is wrong with it stands at its own line and column.
func (r *reader) compile(n *yaml.Node, vars []string) *program {
	if n.Kind != yaml.ScalarNode {
		r.fault(n, "want an expression")
		return nil
	}
	if len(n.Value) > 4096 {
		r.fault(n, "an expression of %d bytes; at most 4096", len(n.Value))
		return nil
	}
	opts := make([]cel.EnvOption, 0, len(vars))
	for _, v := range vars {
		opts = append(opts, cel.Variable(v, cel.DynType))
	}
	env, err := r.env.Extend(opts...)
	if err != nil {
		r.fault(n, "%v", err)
		return nil
	}
	ast, issues := env.Compile(n.Value)
	if issues != nil && issues.Err() != nil {
		for _, e := range issues.Errors() {
			r.faults = append(r.faults, Fault{n.Line + e.Location.Line() - 1, column(n, e.Location.Line(), e.Location.Column()), tidy(e.Message)})
		}
		return nil
	}
	p, err := env.Program(ast, cel.CostLimit(costLimit), cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		r.fault(n, "%v", err)
		return nil
	}
	return &program{p, n.Value, n.Line, n.Column, fixed(n.Value, vars)}
}

// fixed says whether no name of the input stands in an expression.
func fixed(text string, vars []string) bool {
	words := strings.FieldsFunc(text, func(c rune) bool {
		return c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9')
	})
	return !slices.ContainsFunc(words, func(w string) bool { return w == "rec" || w == "rows" || slices.Contains(vars, w) })
}

// column is where a place of an expression stands in the file: behind the opening quote, where there is one.
func column(n *yaml.Node, line, col int) int {
	if line > 1 {
		return col + 1
	}
	if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
		col++
	}
	return n.Column + col
}

func tidy(message string) string {
	message, _, _ = strings.Cut(message, " expecting {")
	return strings.TrimSuffix(strings.ReplaceAll(message, " (in container '')", ""), " ")
}

// costLimit bounds the work of one expression.
const costLimit = 200_000

func (p *program) at() string { return fmt.Sprintf("line %d of the mapping, %s", p.line, p.text) }
