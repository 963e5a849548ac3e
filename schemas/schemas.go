// Package schemas holds the contract for readers of other languages: the JSON Schema of every line. Package event says
// the same as Go types; a test holds the two together.
package schemas

import "embed"

// V1 holds the JSON Schema files (2020-12) as v1/<line>.schema.json.
//
//go:embed v1/*.schema.json
var V1 embed.FS
