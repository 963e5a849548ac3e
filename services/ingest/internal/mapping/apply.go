package mapping

import (
	"bytes"
	"strconv"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/tidegate/tidegate/services/ingest/internal/document"
	"github.com/tidegate/tidegate/shared/codec"
)

// Used counts, for each expression, how often it gave something: one that never does is likely misspelled.
type Used map[string]int

// apply makes an order of a record.
func (m *Map) apply(f *document.Found, vars map[string]any, used Used) {
	a := &applied{f: f, vars: vars, used: used}
	b, _ := a.object(nil, m.order)
	if m.source != "" && strings.IndexByte(string(b), '{') == 0 {
		rest := string(b[1:])
		if len(rest) > 1 {
			rest = "," + rest
		}
		text, _ := codec.Append(nil, m.source) // a text always encodes
		b = append(append([]byte(`{"source":`), text...), rest...)
	}
	f.Raw = b
}

type applied struct {
	f    *document.Found
	vars map[string]any
	used Used
	at   []string
	said int // values that the input gave
}

func (a *applied) pointer() string {
	if len(a.at) == 0 {
		return ""
	}
	return "/" + strings.Join(a.at, "/")
}

// eval gives an expression's value; nil where the input has nothing of the kind.
func (a *applied) eval(p *program) ref.Val {
	if p == nil {
		return nil
	}
	v, _, err := p.Eval(a.vars)
	if a.used != nil {
		a.used[p.at()] += 0
	}
	if err != nil {
		if detail, missing := errText(err); !missing {
			a.f.FaultAt(a.pointer(), a.f.Offset, document.CodeFormat, "%s: %s", p.at(), detail)
		}
		return nil
	}
	if o, ok := v.(*types.Optional); ok {
		if !o.HasValue() {
			return nil
		}
		v = o.GetValue()
	}
	if v == nil || v.Type() == types.NullType {
		return nil
	}
	if t, bad := say(v); !p.fixed && (bad != nil || t != "") {
		a.said++
	}
	if a.used != nil {
		a.used[p.at()]++
	}
	return v
}

// object writes an object of the members that say something; said is false where none does.
func (a *applied) object(b []byte, n *node) (out []byte, said bool) {
	if n.when != nil {
		if v := a.eval(n.when); v == nil || v != types.True {
			return b, false
		}
	}
	out = append(b, '{')
	for _, k := range n.kids {
		before := len(out)
		if said {
			out = append(out, ',')
		}
		out = append(append(append(out, '"'), k.name...), '"', ':')
		a.at = append(a.at, k.name)
		with, ok := a.value(out, k)
		a.at = a.at[:len(a.at)-1]
		if !ok {
			out = out[:before]
			continue
		}
		out, said = with, true
	}
	return append(out, '}'), said
}

func (a *applied) value(b []byte, n *node) ([]byte, bool) {
	switch {
	case n.fixed != nil:
		return append(append(append(b, '"'), *n.fixed...), '"'), true
	case n.each != nil, n.shape.kind == list && n.value == nil:
		return a.list(b, n)
	case n.shape.kind == object:
		return a.object(b, n)
	default:
		return a.scalar(b, n.shape, a.eval(n.value))
	}
}

// list writes the elements that say something.
func (a *applied) list(b []byte, n *node) ([]byte, bool) {
	out := append(b, '[')
	count := 0
	add := func(k *node) {
		before := len(out)
		if count > 0 {
			out = append(out, ',')
		}
		a.at = append(a.at, strconv.Itoa(count))
		with, ok := a.element(out, k)
		a.at = a.at[:len(a.at)-1]
		if !ok {
			out = out[:before]
			return
		}
		out = with
		count++
	}
	if n.each != nil {
		a.over(n, add)
	}
	for _, k := range n.kids {
		if k.each != nil {
			a.over(k, add)
			continue
		}
		add(k)
	}
	return append(out, ']'), count > 0
}

// element writes one; a party of which only what is the same for every input is known, and no name, is none.
func (a *applied) element(b []byte, k *node) ([]byte, bool) {
	before := a.said
	out, ok := a.value(b, k)
	if ok && k.shape.name == "Party" && a.said == before && !bytes.Contains(out[len(b):], []byte(`"name":`)) {
		return b, false
	}
	return out, ok
}

// over makes an element of each of the input's.
func (a *applied) over(n *node, add func(*node)) {
	v := a.eval(n.each)
	if v == nil {
		return
	}
	l, ok := asList(v).(traits.Lister)
	if !ok {
		return
	}
	outer, shadowed := a.vars[n.as]
	i := 0
	for it := l.Iterator(); it.HasNext() == types.True; i++ {
		if i == 1000 {
			a.f.FaultAt(a.pointer(), a.f.Offset, document.CodeSize, "%s gives more than 1000 elements", n.each.at())
			break
		}
		a.vars[n.as] = it.Next()
		add(n.elem)
	}
	if delete(a.vars, n.as); shadowed {
		a.vars[n.as] = outer
	}
}

// scalar writes a value as its member wants it. An empty text and a placeholder are nothing.
func (a *applied) scalar(b []byte, s *shape, v ref.Val) ([]byte, bool) {
	if v == nil {
		return b, false
	}
	if s.kind == list {
		return a.texts(b, s, v)
	}
	t, bad := say(v)
	if bad != nil {
		a.f.FaultAt(a.pointer(), a.f.Offset, document.CodeType, "%v", bad)
		return b, false
	}
	if t = document.Text(t); t == "" || s.name == "Country" && document.Unknown(t) && t != "NA" {
		return b, false
	}
	switch s.kind {
	case flag:
		if t != "true" && t != "false" {
			a.f.FaultAt(a.pointer(), a.f.Offset, document.CodeType, "%s is neither true nor false", document.Quote(t))
			return b, false
		}
		return append(b, t...), true
	case number:
		d, ok := document.Decimal(t, '.')
		if !ok {
			a.f.FaultAt(a.pointer(), a.f.Offset, document.CodeType, "%s is not a number; read it with number(x) or number(x, \",\")", document.Quote(t))
			return b, false
		}
		return append(b, d...), true
	default:
		out, err := codec.Append(b, t)
		return out, err == nil
	}
}

// texts writes a list of texts.
func (a *applied) texts(b []byte, s *shape, v ref.Val) ([]byte, bool) {
	l, ok := asList(v).(traits.Lister)
	if !ok {
		return b, false
	}
	out, count := append(b, '['), 0
	for it := l.Iterator(); it.HasNext() == types.True && count < 1000; {
		before := len(out)
		if count > 0 {
			out = append(out, ',')
		}
		with, ok := a.scalar(out, s.elem, it.Next())
		if !ok {
			out = out[:before]
			continue
		}
		out = with
		count++
	}
	return append(out, ']'), count > 0
}
