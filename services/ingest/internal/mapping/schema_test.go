package mapping

import (
	"bytes"
	"encoding/json"
	flags "flag"
	"maps"
	"os"
	"slices"
	"testing"
)

var update = flags.Bool("update", false, "write the schema of mappings anew")

// schemaFile is what editors check mappings against.
const schemaFile = "../../../../schemas/v1/mapping.schema.json"

type schema = map[string]any

// TestSchemaFollowsTheNormalForm holds the schema against the Go types of the normal form, member by member. With -update it
// is written anew.
func TestSchemaFollowsTheNormalForm(t *testing.T) {
	t.Parallel()
	g := generator{defs: schema{"Expression": schema{
		"title": "Expression", "type": []string{"string", "number", "boolean"},
		"description": "Common Expression Language over rec, the record (rows, those of a CSV group; a name given by as). What is not there is left out. Besides CEL's own " +
			"functions and those for texts: country(x), date(x), date(x, \"DD.MM.YYYY\"), number(x), number(x, \",\"), times(a, b), list(x), known(x). Role, event and transaction may be given as words.",
	}}}
	text := func(description string) schema { return schema{"type": "string", "description": description} }
	want, err := json.MarshalIndent(schema{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://github.com/tidegate/tidegate/schemas/v1/mapping.schema.json",
		"title": "Mapping", "description": "How other JSON, XML or CSV becomes orders: expressions from an input's record to the members of the normal form.",
		"type": "object", "required": []string{"version", "format", "order"}, "additionalProperties": false,
		"properties": schema{
			"version": schema{"const": 1},
			"name":    schema{"type": "string", "pattern": "^[a-z0-9_-]{1,64}$", "description": "Names the format of the orders, map:NAME; the file's name when not given."},
			"format":  schema{"enum": []string{"json", "xml", "csv"}},
			"records": text("Path to the records, names with . or / between them; the whole document when empty. Of CSV each row is one."),
			"group":   text("Column of CSV whose equal values make one order of rows that follow each other."),
			"source":  text("Source of the orders."),
			"order":   g.object("Order", orderShape, false),
		},
		"$defs": g.defs,
	}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile(schemaFile, want, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("schemas/v1/mapping.schema.json is not that of the normal form; run: go test ./services/ingest/internal/mapping -run Schema -update")
	}
}

type generator struct{ defs schema }

var expression = schema{"$ref": "#/$defs/Expression"}

func (g generator) value(s *shape) schema {
	switch s.kind {
	case object:
		if g.defs[s.name] == nil {
			g.defs[s.name] = schema{}
			g.defs[s.name] = g.object(s.name, s, false)
			g.defs["Each"+s.name] = g.object("Each "+s.name, s, true)
		}
		return schema{"$ref": "#/$defs/" + s.name}
	case list:
		if s.elem.kind != object {
			return schema{"anyOf": []schema{expression, {"type": "array", "items": expression}}}
		}
		one := g.value(s.elem)
		each := schema{"$ref": "#/$defs/Each" + s.elem.name}
		return schema{"anyOf": []schema{each, {"type": "array", "items": schema{"anyOf": []schema{one, each}}}}}
	default:
		return expression
	}
}

func (g generator) object(title string, s *shape, each bool) schema {
	members := schema{"when": schema{"$ref": "#/$defs/Expression", "description": "The object is left out unless this is true."}}
	for _, name := range slices.Sorted(maps.Keys(s.fields)) {
		members[name] = g.value(s.fields[name])
	}
	out := schema{"type": "object", "title": title, "properties": members, "additionalProperties": false}
	if each {
		members["each"] = schema{"$ref": "#/$defs/Expression", "description": "A list, of whose elements one object each is made; what is no list is a list of one."}
		members["as"] = schema{"type": "string", "pattern": "^[a-z_]+$", "default": "it", "description": "By which name expressions know the element."}
		out["required"] = []string{"each"}
	}
	return out
}
