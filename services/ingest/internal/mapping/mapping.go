// Package mapping reads orders in any JSON, XML or CSV by a mapping: data that says, in expressions of the Common Expression
// Language, where in a record the members of the normal form stand. A mapping with any fault is refused whole, with every
// fault, its line and column.
package mapping

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"go.yaml.in/yaml/v4"

	"github.com/tidegate/tidegate/services/ingest/internal/document"
)

// Format says what a mapping reads.
type Format string

// The formats.
const (
	JSON Format = "json"
	XML  Format = "xml"
	CSV  Format = "csv"
)

// Map is a mapping that was checked.
type Map struct {
	Name    string // as orders made by it name their format: map:NAME
	Format  Format
	records []string // path to the records; the whole document where it is empty
	group   string   // column of CSV whose equal values make one order of rows
	order   *node
	source  string // of every order
}

// Fault is one fault of a mapping.
type Fault struct {
	Line, Column int
	Detail       string
}

// FaultsError are all faults of a mapping, with the text they stand in.
type FaultsError struct {
	File  string
	text  []string
	Found []Fault
}

// Error lists every fault with its line and a caret.
func (f *FaultsError) Error() string {
	var b strings.Builder
	for i, x := range f.Found {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s:%d:%d: %s", f.File, x.Line, x.Column, x.Detail)
		if x.Line > 0 && x.Line <= len(f.text) {
			line := strings.ReplaceAll(f.text[x.Line-1], "\t", " ")
			fmt.Fprintf(&b, "\n%5d | %s\n      | %s^", x.Line, line, strings.Repeat(" ", max(0, x.Column-1)))
		}
	}
	return b.String()
}

// reader reads a mapping's text.
type reader struct {
	env    *cel.Env
	faults []Fault
}

func (r *reader) fault(n *yaml.Node, format string, v ...any) {
	r.faults = append(r.faults, Fault{n.Line, n.Column, fmt.Sprintf(format, v...)})
}

// top are the members of a mapping.
var top = []string{"version", "name", "format", "records", "group", "source", "order"}

// Read checks a mapping. The error is *FaultsError.
func Read(file string, b []byte) (*Map, error) {
	r := &reader{}
	f := &FaultsError{File: file, text: strings.Split(string(b), "\n")}
	var doc yaml.Node
	if err := yaml.Load(b, &doc, yaml.WithUniqueKeys(true)); err != nil {
		f.Found = []Fault{{lineOf(err), 1, strings.TrimSpace(err.Error())}}
		return nil, f
	}
	m := &Map{}
	env, err := environment()
	if err != nil {
		return nil, fmt.Errorf("mapping: %w", err)
	}
	r.env = env
	root := &doc
	if root.Kind == yaml.DocumentNode && len(root.Content) == 1 {
		root = root.Content[0]
	}
	r.mapping(m, root)
	if f.Found = r.faults; len(r.faults) > 0 {
		slices.SortStableFunc(f.Found, func(a, b Fault) int { return (a.Line-b.Line)*1000 + a.Column - b.Column })
		return nil, f
	}
	if m.Name == "" {
		m.Name = strings.TrimSuffix(strings.TrimSuffix(file[strings.LastIndexByte(file, '/')+1:], ".yaml"), ".yml")
	}
	return m, nil
}

// lineOf finds the line that a YAML error names.
func lineOf(err error) int {
	_, rest, found := strings.Cut(err.Error(), "line ")
	n := 0
	for _, c := range rest {
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + int(c-'0')
	}
	if !found || n == 0 {
		return 1
	}
	return n
}

func (r *reader) mapping(m *Map, root *yaml.Node) {
	if root.Kind != yaml.MappingNode {
		r.fault(root, "want a mapping with format, records and order")
		return
	}
	seen := map[string]*yaml.Node{}
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		if !slices.Contains(top, key.Value) {
			r.fault(key, "no member of this name is known here%s", didYouMean(key.Value, top))
			continue
		}
		seen[key.Value] = value
	}
	for _, name := range []string{"version", "format", "order"} {
		if seen[name] == nil {
			r.fault(root, "%s is missing", name)
		}
	}
	if v := seen["version"]; v != nil && v.Value != "1" {
		r.fault(v, "version %s; this is 1", v.Value)
	}
	r.head(m, seen)
	if o := seen["order"]; o != nil {
		m.order = r.object(o, orderShape, nil)
	}
}

func (r *reader) head(m *Map, seen map[string]*yaml.Node) {
	if v := seen["format"]; v != nil {
		m.Format = Format(v.Value)
		if m.Format != JSON && m.Format != XML && m.Format != CSV {
			r.fault(v, "format %q is none of json, xml, csv", v.Value)
		}
	}
	if v := seen["name"]; v != nil {
		if m.Name = v.Value; strings.Trim(m.Name, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" || m.Name == "" || len(m.Name) > 64 {
			r.fault(v, "name %q: want up to 64 small letters, digits, - and _", v.Value)
		}
	}
	if v := seen["records"]; v != nil && v.Value != "" {
		if m.Format == CSV {
			r.fault(v, "the records of CSV are its rows; leave it out")
		}
		m.records = strings.FieldsFunc(v.Value, func(c rune) bool { return c == '.' || c == '/' })
	}
	if v := seen["group"]; v != nil {
		if m.group = v.Value; m.Format != CSV {
			r.fault(v, "only rows of CSV are grouped")
		}
	}
	if v := seen["source"]; v != nil {
		m.source = v.Value
	}
}

func didYouMean(name string, names []string) string {
	if near := document.Near(name, names); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return "; known are " + strings.Join(names, ", ")
}
