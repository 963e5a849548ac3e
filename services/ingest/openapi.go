package ingest

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"
	"sync"

	"go.yaml.in/yaml/v4"

	"github.com/tidegate/tidegate/schemas"
)

//go:embed openapi.yaml
var openAPISource []byte

// OpenAPI is the description of the HTTP door (OpenAPI 3.1, JSON) with the schemas of the lines in it, so that it needs
// nothing beside itself.
var OpenAPI = sync.OnceValues(func() ([]byte, error) {
	var doc map[string]any
	if err := yaml.Load(openAPISource, &doc, yaml.WithUniqueKeys()); err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	components, ok := doc["components"].(map[string]any)
	if !ok {
		return nil, errors.New("openapi.yaml: no components")
	}
	known, ok := components["schemas"].(map[string]any)
	if !ok {
		return nil, errors.New("openapi.yaml: no components/schemas")
	}
	for _, name := range []string{"order-content", "act", "facts", "judgement", "record", "refusal"} {
		b, err := schemas.V1.ReadFile("v1/" + name + ".schema.json")
		if err != nil {
			return nil, fmt.Errorf("openapi: %w", err)
		}
		var s map[string]any
		if err := json.Unmarshal(b, &s); err != nil {
			return nil, fmt.Errorf("openapi: %s: %w", name, err)
		}
		delete(s, "$schema")
		delete(s, "$id")
		parts, _ := s["$defs"].(map[string]any) // none where it has none
		delete(s, "$defs")
		known[name] = relocated(s, name)
		for part, one := range parts {
			known[name+"."+part] = relocated(one, name)
		}
	}
	return json.MarshalIndent(doc, "", "  ")
})

// relocated gives a schema whose references point to where it stands in the document: its parts stand beside it, because
// generators of clients take parts within for members.
func relocated(v any, name string) any {
	switch v := v.(type) {
	case map[string]any:
		for k, one := range v {
			if to, ok := one.(string); ok && k == "$ref" {
				v[k] = reference(to, name)
				continue
			}
			v[k] = relocated(one, name)
		}
	case []any:
		for i := range v {
			v[i] = relocated(v[i], name)
		}
	}
	return v
}

func reference(to, name string) string {
	file, place, _ := strings.Cut(to, "#")
	if file != "" {
		name = strings.TrimSuffix(path.Base(file), ".schema.json")
	}
	return "#/components/schemas/" + name + strings.ReplaceAll(place, "/$defs/", ".")
}

func (s *Service) getOpenAPI(w http.ResponseWriter, r *http.Request) {
	b, err := OpenAPI()
	if err != nil {
		probInternal.because("%v", err).write(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(b)
}
