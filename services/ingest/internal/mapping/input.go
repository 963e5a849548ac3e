package mapping

import (
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/tidegate/tidegate/services/ingest/internal/csvdoc"
	"github.com/tidegate/tidegate/services/ingest/internal/document"
	"github.com/tidegate/tidegate/services/ingest/internal/jsondoc"
	"github.com/tidegate/tidegate/services/ingest/internal/xmldoc"
)

// FormatName is the format of orders made by the mapping.
func (m *Map) FormatName() string { return "map:" + m.Name }

func (m *Map) found(b []byte, offset int) *document.Found {
	return &document.Found{Format: m.FormatName(), Bytes: b, Offset: offset}
}

// Document gives the orders of one JSON or XML document.
func (m *Map) Document(b []byte, used Used) []*document.Found {
	if m.Format == XML {
		return m.xml(b, used)
	}
	v, faults := jsondoc.Parse(b)
	if len(faults) > 0 {
		f := m.found(b, 0)
		f.Faults = faults
		return []*document.Found{f}
	}
	at := v
	for _, name := range m.records {
		at = at.At(name)
	}
	if !at.Has() {
		f := m.found(b, 0)
		f.Fault(v.Offset, document.CodeRequired, "no records at %s", strings.Join(m.records, "."))
		return []*document.Found{f}
	}
	var out []*document.Found
	for r := range at.Elems {
		f := m.found(b, r.Offset)
		if at.Kind == jsondoc.Array {
			f.Bytes = r.Raw
		}
		m.apply(f, map[string]any{"rec": native(r), "rows": []any{}}, used)
		out = append(out, f)
	}
	return out
}

// native gives a JSON value as expressions see it. Whole numbers are int, others double.
func native(v jsondoc.Value) any {
	switch v.Kind {
	case jsondoc.String:
		return v.String()
	case jsondoc.Bool:
		return v.True()
	case jsondoc.Number:
		if n, err := strconv.ParseInt(string(v.Raw), 10, 64); err == nil {
			return n
		}
		n, err := strconv.ParseFloat(string(v.Raw), 64)
		if err != nil {
			return string(v.Raw)
		}
		return n
	case jsondoc.Array:
		out := []any{}
		for e := range v.Elems {
			out = append(out, native(e))
		}
		return out
	case jsondoc.Object:
		out := map[string]any{}
		for name, e := range v.Members {
			out[name] = native(e)
		}
		return out
	default:
		return nil
	}
}

// xml gives the orders of an XML document: an element is a text where it has neither attributes nor elements in it, else its
// elements by their names without prefix, a list where one stands several times, its attributes with @, its own text as #text.
func (m *Map) xml(b []byte, used Used) []*document.Found {
	doc, fault := xmldoc.Parse(b)
	if fault != nil {
		f := m.found(b, 0)
		f.Fault(fault.Offset, fault.Code, "%s", fault.Detail)
		return []*document.Found{f}
	}
	nodes := []*xmldoc.Node{doc.Root}
	path := m.records
	if len(path) > 0 && path[0] == doc.Root.Name {
		path = path[1:]
	}
	for _, name := range path {
		var next []*xmldoc.Node
		for _, n := range nodes {
			for k := range n.Kids {
				if k.Name == name {
					next = append(next, k)
				}
			}
		}
		nodes = next
	}
	var out []*document.Found
	for _, n := range nodes {
		f := m.found(b, n.Offset)
		m.apply(f, map[string]any{"rec": element(n), "rows": []any{}}, used)
		out = append(out, f)
	}
	if out == nil {
		f := m.found(b, 0)
		f.Fault(doc.Root.Offset, document.CodeRequired, "no records at %s", strings.Join(m.records, "/"))
		return []*document.Found{f}
	}
	return out
}

func element(n *xmldoc.Node) any {
	kids := map[string]any{}
	for _, a := range n.Attrs() {
		kids["@"+a.Name] = a.Value
	}
	count := len(kids)
	for k := range n.Kids {
		count++
		v := element(k)
		switch before := kids[k.Name].(type) {
		case nil:
			kids[k.Name] = v
		case several:
			kids[k.Name] = append(before, v)
		default:
			kids[k.Name] = several{before, v}
		}
	}
	text := document.Text(n.Text())
	if count == 0 {
		return text
	}
	if text != "" {
		kids["#text"] = text
	}
	for name, v := range kids {
		if s, ok := v.(several); ok {
			kids[name] = []any(s)
		}
	}
	return kids
}

// several are elements of one name, told from a list that an element is.
type several []any

// maxRows is how many rows one order may have.
const maxRows = 1000

// Rows reads orders from CSV: of each row one, or of each run of rows that are equal in the group's column.
type Rows struct {
	m     *Map
	rows  *csvdoc.Rows
	head  csvdoc.Row
	ahead *csvdoc.Row
	used  Used
	late  *document.Found
	any   bool // a row was read
	err   error
}

// CSV begins to read rows under their header.
func (m *Map) CSV(rows *csvdoc.Rows, head csvdoc.Row, used Used) *Rows {
	r := &Rows{m: m, rows: rows, head: head, used: used}
	if head.Err != nil {
		r.late = m.found(head.Raw, head.Offset)
		r.late.Fault(head.Offset, document.CodeSyntax, "line %d: %v", head.Line, head.Err)
	}
	if m.group != "" && r.column(m.group) < 0 && r.late == nil {
		r.late = m.found(head.Raw, head.Offset)
		r.late.Fault(head.Offset, document.CodeRequired, "line %d: there is no column %q to group by", head.Line, m.group)
	}
	return r
}

func (r *Rows) column(name string) int {
	for i, f := range r.head.Fields {
		if strings.TrimSpace(f) == name {
			return i
		}
	}
	return -1
}

// Next gives the next order; io.EOF behind the last one.
func (r *Rows) Next() (*document.Found, error) {
	if r.late != nil {
		f := r.late
		r.late, r.err = nil, io.EOF
		return f, nil
	}
	if r.err != nil {
		return nil, r.err // of the read that ended the order before
	}
	var group []csvdoc.Row
	for {
		row := r.ahead
		r.ahead = nil
		if row == nil {
			next, err := r.rows.Next()
			if r.err = err; errors.Is(err, io.EOF) && !r.any {
				r.any = true
				f := r.m.found(r.head.Raw, r.head.Offset)
				f.Fault(r.head.Offset, document.CodeRequired, "line %d is a header and no row follows: there is no order in it", r.head.Line)
				return f, nil
			}
			if err != nil && len(group) == 0 {
				return nil, err
			}
			r.any = true
			if err != nil {
				return r.order(group), nil //nolint:nilerr // it is given next time
			}
			row = &next
		}
		if len(group) > 0 && (r.key(*row) != r.key(group[0]) || row.Broken() && r.key(*row) == "") {
			r.ahead = row
			return r.order(group), nil
		}
		if len(group) > maxRows {
			continue // the rest of an order that is refused is no order by itself
		}
		if group = append(group, *row); r.m.group == "" || row.Broken() && r.key(*row) == "" {
			return r.order(group), nil
		}
	}
}

func (r *Rows) key(row csvdoc.Row) string {
	if i := r.column(r.m.group); i >= 0 && i < len(row.Fields) {
		return document.Text(row.Fields[i])
	}
	return ""
}

func (r *Rows) order(group []csvdoc.Row) *document.Found {
	f := r.m.found(append([]byte{}, r.head.Raw...), group[0].Offset)
	var rows []any
	for _, row := range group {
		f.Bytes = append(f.Bytes, row.Raw...)
		switch {
		case row.Err != nil:
			f.Fault(row.Offset, document.CodeSyntax, "line %d: %v", row.Line, row.Err)
		case len(row.Fields) != len(r.head.Fields):
			f.Fault(row.Offset, document.CodeSyntax, "line %d: %d fields under %d columns", row.Line, len(row.Fields), len(r.head.Fields))
		default:
			fields := map[string]any{}
			for i, name := range r.head.Fields {
				fields[strings.TrimSpace(name)] = row.Fields[i]
			}
			rows = append(rows, fields)
		}
	}
	if len(group) > maxRows {
		f.Fault(group[0].Offset, document.CodeSize, "line %d: an order of more than %d rows: send a larger order as several", group[0].Line, maxRows)
	}
	if len(rows) > 0 {
		r.m.apply(f, map[string]any{"rec": rows[0], "rows": rows}, r.used)
	}
	return f
}
