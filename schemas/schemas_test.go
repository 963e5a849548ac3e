package schemas_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tidegate/tidegate/schemas"
	"github.com/tidegate/tidegate/schemas/event"
)

const home = "https://github.com/tidegate/tidegate/schemas/v1/"

// lines are the schemas with the Go types they describe.
var lines = map[string]reflect.Type{
	"order":         reflect.TypeFor[event.Cause](),
	"order-content": reflect.TypeFor[event.Order](),
	"facts":         reflect.TypeFor[event.Facts](),
	"judgement":     reflect.TypeFor[event.Judgement](),
	"record":        reflect.TypeFor[event.Record](),
	"refusal":       reflect.TypeFor[event.Refusal](),
	"leaf":          reflect.TypeFor[event.Leaf](),
	"act":           reflect.TypeFor[event.Act](),
}

// documents reads every schema file as JSON.
func documents(t *testing.T) map[string]any {
	t.Helper()
	files, err := schemas.V1.ReadDir("v1")
	if err != nil {
		t.Fatal(err)
	}
	docs := map[string]any{}
	for _, f := range files {
		b, err := schemas.V1.ReadFile("v1/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		if docs[f.Name()], err = jsonschema.UnmarshalJSON(bytes.NewReader(b)); err != nil {
			t.Fatal(f.Name(), err)
		}
	}
	return docs
}

func compiler(t *testing.T) *jsonschema.Compiler {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	for name, doc := range documents(t) {
		if err := c.AddResource(home+name, doc); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// TestExamples reads event/testdata/<line>: accept-*.json pass the schema, decode strictly into the Go type and
// encode back to the same values; the schema refuses reject-*.json.
func TestExamples(t *testing.T) {
	t.Parallel()
	for _, line := range slices.Sorted(maps.Keys(lines)) {
		sch, err := compiler(t).Compile(home + line + ".schema.json")
		if err != nil {
			t.Fatal(err)
		}
		files, err := filepath.Glob("event/testdata/" + line + "/*.json")
		if err != nil || len(files) < 5 {
			t.Errorf("%s: %d examples, %v", line, len(files), err)
		}
		for _, file := range files {
			t.Run(line+"/"+filepath.Base(file), func(t *testing.T) {
				t.Parallel()
				b, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
				if err != nil {
					t.Fatal(err)
				}
				err = sch.Validate(doc)
				if strings.HasPrefix(filepath.Base(file), "reject-") {
					if err == nil {
						t.Error("the schema accepts it")
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				checkRoundTrip(t, b, lines[line])
			})
		}
	}
}

func checkRoundTrip(t *testing.T, b []byte, typ reflect.Type) {
	t.Helper()
	v := reflect.New(typ).Interface()
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		t.Fatal(err)
	}
	back, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(values(t, b), values(t, back)); diff != "" {
		t.Error(diff)
	}
}

// values decodes with numbers as they are written.
func values(t *testing.T, b []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestSchemasAndTypesAgree walks every Go type and its schema side by side: the same members, the same ones required, the
// same JSON types, and nothing else allowed.
func TestSchemasAndTypesAgree(t *testing.T) {
	t.Parallel()
	docs := documents(t)
	for line, typ := range lines {
		w := walker{t: t, docs: docs, seen: map[string]bool{}}
		w.object(typ, w.resolve(line+".schema.json", map[string]any{"$ref": line + ".schema.json"}))
	}
	// Two schemas more than lines: rulepack is for rule files and mapping for mappings; screening and ingest hold them and
	// their readers together.
	if len(docs) != len(lines)+2 {
		t.Errorf("%d schema files for %d lines, rulepack and mapping", len(docs), len(lines))
	}
}

type walker struct {
	t    *testing.T
	docs map[string]any
	seen map[string]bool
}

// place is a schema with the file it stands in.
type place struct {
	file   string
	schema map[string]any
}

func (w walker) resolve(file string, s map[string]any) place {
	ref, ok := s["$ref"].(string)
	if !ok {
		return place{file, s}
	}
	to, def, _ := strings.Cut(ref, "#/$defs/")
	if to == "" {
		to = file
	}
	doc, ok := w.docs[to].(map[string]any)
	if !ok {
		w.t.Fatalf("%s: no file for %s", file, ref)
	}
	if def == "" {
		return place{to, doc}
	}
	defs, _ := doc["$defs"].(map[string]any)
	found, ok := defs[def].(map[string]any)
	if !ok {
		w.t.Fatalf("%s: nothing behind %s", file, ref)
	}
	return place{to, found}
}

func (w walker) object(typ reflect.Type, p place) {
	w.t.Helper()
	if w.seen[typ.Name()] {
		return
	}
	w.seen[typ.Name()] = true
	props, _ := p.schema["properties"].(map[string]any)
	fields, required := members(typ)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(fields)), slices.Sorted(maps.Keys(props))); diff != "" {
		w.t.Errorf("%s and %s: members differ (- Go, + schema):\n%s", typ, p.file, diff)
	}
	var needs []string
	for _, n := range anys(p.schema["required"]) {
		needs = append(needs, n.(string))
	}
	slices.Sort(needs)
	if diff := cmp.Diff(required, needs); diff != "" {
		w.t.Errorf("%s and %s: required members differ (- Go, + schema):\n%s", typ, p.file, diff)
	}
	if p.schema["additionalProperties"] != false {
		w.t.Errorf("%s in %s lets unknown members through", typ, p.file)
	}
	if p.schema["title"] == nil || p.schema["description"] == nil {
		w.t.Errorf("%s in %s has no title or description", typ, p.file)
	}
	for name, f := range fields {
		if s, ok := props[name].(map[string]any); ok {
			w.value(typ.Name()+"."+name, f, w.resolve(p.file, s))
		}
	}
}

func (w walker) value(at string, typ reflect.Type, p place) {
	w.t.Helper()
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	want := map[reflect.Kind]string{
		reflect.String: "string", reflect.Int: "integer", reflect.Uint64: "integer", reflect.Bool: "boolean", reflect.Slice: "array",
		reflect.Struct: "object", reflect.Map: "object",
	}[typ.Kind()]
	if typ == reflect.TypeFor[event.Decimal]() || typ == reflect.TypeFor[event.Milli]() {
		want = "number"
	}
	if got, ok := p.schema["type"].(string); ok && got != want {
		w.t.Errorf("%s: %s in Go, %s in %s", at, want, got, p.file)
	}
	switch typ.Kind() {
	case reflect.Struct:
		w.object(typ, p)
	case reflect.Slice:
		items, _ := p.schema["items"].(map[string]any)
		w.value(at+"[]", typ.Elem(), w.resolve(p.file, items))
	default:
	}
}

func anys(v any) []any {
	list, _ := v.([]any)
	return list
}

// members gives the JSON members of a Go type, embedded ones included, and those that are always written, sorted.
func members(typ reflect.Type) (fields map[string]reflect.Type, required []string) {
	fields = map[string]reflect.Type{}
	for f := range typ.Fields() {
		if f.Anonymous {
			inner, more := members(f.Type)
			maps.Copy(fields, inner)
			required = append(required, more...)
			continue
		}
		name, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
		fields[name] = f.Type
		if !strings.Contains(opts, "omitempty") {
			required = append(required, name)
		}
	}
	slices.Sort(required)
	return fields, required
}
