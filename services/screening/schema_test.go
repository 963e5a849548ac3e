package screening

import (
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"
)

func TestTheRuleFilesKeepToTheirSchema(t *testing.T) {
	t.Parallel()
	schema, err := jsonschema.NewCompiler().Compile("../../schemas/v1/rulepack.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("packs/us/rules/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d rule files: %v", len(files), err)
	}
	for _, name := range files {
		if err := schema.Validate(plain(t, name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// plain reads a YAML file as JSON has it: dates are text.
func plain(t *testing.T, name string) any {
	t.Helper()
	b, err := packs.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var n yaml.Node
	if err := yaml.Unmarshal(b, &n); err != nil {
		t.Fatal(err)
	}
	return value(&n)
}

func value(n *yaml.Node) any {
	switch n.Kind {
	case yaml.DocumentNode:
		return value(n.Content[0])
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			m[n.Content[i].Value] = value(n.Content[i+1])
		}
		return m
	case yaml.SequenceNode:
		list := []any{}
		for _, c := range n.Content {
			list = append(list, value(c))
		}
		return list
	default:
	}
	if n.Tag == "!!bool" {
		return n.Value == "true"
	}
	return n.Value
}
