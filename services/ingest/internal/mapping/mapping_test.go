package mapping_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"github.com/tidegate/tidegate/services/ingest/internal/format"
	"github.com/tidegate/tidegate/services/ingest/internal/mapping"
)

func TestEveryFaultIsShownWithItsLineAndACaret(t *testing.T) {
	t.Parallel()
	_, err := mapping.Read("bad.yaml", []byte(`version: 2
format: jsn
recods: a
order:
  idd: rec.no
  id: recc.no + 
  parties:
    - role: purchaser
      name: "recc.customer.name"
  items:
    as: Line
    description: "'x'"
`))
	want := `bad.yaml:1:10: version 2; this is 1
    1 | version: 2
      |          ^
bad.yaml:2:9: format "jsn" is none of json, xml, csv
    2 | format: jsn
      |         ^
bad.yaml:3:1: no member of this name is known here; did you mean "records"?
    3 | recods: a
      | ^`
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Fatal(cmp.Diff(want, err.Error()))
	}
	var faults *mapping.FaultsError
	if !errors.As(err, &faults) || len(faults.Found) != 8 {
		t.Errorf("%d faults: %v", len(faults.Found), err)
	}
	if !strings.Contains(err.Error(), "did you mean 'rec'?)\n    9 |       name: \"recc.customer.name\"\n      |              ^") {
		t.Error(err)
	}
}

// read applies a mapping to one document.
func read(t *testing.T, m, doc string) (orders, faults []string) {
	t.Helper()
	mapped, err := mapping.Read("test.yaml", []byte("version: 1\nformat: json\norder:\n"+m))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range mapped.Document([]byte(doc), nil) {
		orders = append(orders, string(f.JSON()))
		for _, x := range f.All() {
			faults = append(faults, x.Pointer+" "+x.Detail)
		}
	}
	return orders, faults
}

func TestExpressions(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, mapping, doc, want, fault string }{
		{"what is not there is left out", "  id: rec.no\n  incoterm: rec.terms", `{"no":"1"}`, `{"id":"1"}`, ""},
		{"what is empty or null is left out", "  id: rec.no\n  incoterm: rec.terms\n  ship_to: rec.to", `{"no":1,"terms":null,"to":""}`, `{"id":"1"}`, ""},
		{"a country by its name", "  ship_to: country(rec.to)", `{"to":"Viet Nam"}`, `{"ship_to":"VN"}`, ""},
		{"a placeholder is no country", "  ship_to: country(rec.to)", `{"to":"N/A"}`, `{}`, ""},
		{"a text that is no country", "  ship_to: country(rec.to)", `{"to":"Atlantis"}`, `{}`, `"Atlantis" is no country`},
		{"numbers in other clothes", "  items:\n    each: rec.l\n    quantity: number(it, \",\")", `{"l":["1.234,5","7",8]}`, `{"items":[{"quantity":1234.5},{"quantity":7},{"quantity":8}]}`, ""},
		{"a text where a number should stand", "  items:\n    each: rec.l\n    quantity: it", `{"l":["x"]}`, `{}`, "/items/0/quantity \"x\" is not a number"},
		{"exact products", "  items:\n    each: \"[rec]\"\n    value: times(rec.q, rec.p)", `{"q":3,"p":0.1}`, `{"items":[{"value":0.3}]}`, ""},
		{"a date by its pattern", "  order_date: date(rec.d, \"DD.MM.YY\")", `{"d":"20.11.26"}`, `{"order_date":"2026-11-20"}`, ""},
		{"a condition", "  parties:\n    - {role: end_user, when: known(rec.e), name: rec.e}", `{"e":"TBD"}`, `{}`, ""},
		{"a constant party", "  parties:\n    - {role: exporter, name: \"'Prairie Compute Inc.'\"}", `{}`, `{"parties":[{"role":"exporter","name":"Prairie Compute Inc."}]}`, ""},
		{"a party of constants and no name is none", "  parties:\n    - {role: exporter, name: rec.n, address: {country: \"'US'\"}}", `{}`, `{}`, ""},
		{"written elements beside made ones", "  parties:\n    - {role: purchaser, name: rec.b}\n    - {each: rec.users, as: u, role: end_user, name: u}", `{"b":"B","users":["X","Y"]}`, `{"parties":[{"role":"purchaser","name":"B"},{"role":"end_user","name":"X"},{"role":"end_user","name":"Y"}]}`, ""},
		{"true and false", "  parties:\n    - {role: purchaser, name: rec.n, person: rec.p}", `{"n":"A","p":true}`, `{"parties":[{"role":"purchaser","name":"A","person":true}]}`, ""},
		{"an expression that costs too much", "  id: string(rec.l.map(a, rec.l.map(b, rec.l.map(c, c))).size())", `{"l":[` + strings.Repeat("1,", 199) + `1]}`, `{}`, "cost"},
	} {
		orders, faults := read(t, row.mapping, row.doc)
		if diff := cmp.Diff([]string{row.want}, orders); diff != "" {
			t.Errorf("%s: %s", row.name, diff)
		}
		if (row.fault == "") != (len(faults) == 0) || row.fault != "" && !strings.Contains(faults[0], row.fault) {
			t.Errorf("%s: faults %q", row.name, faults)
		}
	}
}

// TestExamples holds the worked examples against the schema that editors use, and reads each.
func TestExamples(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../examples/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatal(files, err)
	}
	schema, err := jsonschema.NewCompiler().Compile("../../../../schemas/v1/mapping.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := mapping.Read(file, b); err != nil {
			t.Error(err)
		}
		var v any
		if err := yaml.Unmarshal(b, &v); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		inst, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(inst); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("version: 1\nformat: json\norder: {id: rec.no}"))
	f.Fuzz(func(_ *testing.T, b []byte) { _, _ = mapping.Read("f.yaml", b) })
}

func TestRowsOfAnOrderThatCannotAllBeRead(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../examples/warehouse.yaml")
	if err != nil {
		t.Fatal(err)
	}
	m, err := mapping.Read("warehouse.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	const head, row = "Auftrag;Datum;Kunde;Ort;Land;Endkunde;Artikel;Text;Menge;Wert\n", ";20.11.2026;Lindenhof;Bonn;Deutschland;;S-1;Rack;8;10,00\n"
	for name, in := range map[string]string{
		"a row in the middle is broken":    head + "W-1" + row + "W-1;20.11.2026;L\xfcbeck\n" + "W-1" + row + "W-2" + row,
		"more rows than an order may have": head + strings.Repeat("W-1"+row, 1200) + "W-2" + row,
	} {
		all, err := format.All([]byte(in), format.Hint{Map: m})
		if err != nil || len(all) != 2 || len(all[0].Faults) == 0 || len(all[1].Faults) != 0 {
			t.Errorf("%s: %d orders, %v", name, len(all), err)
		}
	}
	if all, err := format.All([]byte(head), format.Hint{Map: m}); err != nil || len(all) != 1 || len(all[0].Faults) == 0 {
		t.Errorf("a header alone: %v %v", all, err)
	}
}
