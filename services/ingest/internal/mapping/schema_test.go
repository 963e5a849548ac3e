package mapping

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
)

// TestSchemaNamesEveryMember holds the schema for editors against the normal form.
func TestSchemaNamesEveryMember(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../../../schemas/v1/mapping.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	type members struct {
		Properties map[string]json.RawMessage `json:"properties"`
	}
	var schema struct {
		Properties struct {
			Order members `json:"order"`
		} `json:"properties"`
		Defs map[string]members `json:"$defs"`
	}
	if err := json.Unmarshal(b, &schema); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	var walk func(s *shape, in members)
	walk = func(s *shape, in members) {
		for _, name := range s.names {
			if in.Properties[name] == nil {
				t.Errorf("%s: the schema has no %s", s.name, name)
			}
			kid := s.fields[name]
			if kid.kind == list {
				kid = kid.elem
			}
			if kid.kind == objects && !seen[kid.name] {
				seen[kid.name] = true
				if def, ok := schema.Defs[kid.name]; ok {
					walk(kid, def)
				} else {
					t.Errorf("the schema has no %s", kid.name)
				}
			}
		}
		for name := range in.Properties {
			if name != "when" && !slices.Contains(s.names, name) {
				t.Errorf("%s: the schema has %s", s.name, name)
			}
		}
	}
	walk(orderShape, schema.Properties.Order)
}

const objects = object
