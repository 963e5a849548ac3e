// Package reference holds the curated reference set that the product ships, so that a first run needs nothing: listed
// parties, the chip and system catalog, and the EAR's Country Groups. SOURCES.md says what came from where.
package reference

import "embed"

// Files is the curated set as it stands in this folder.
//
//go:embed parties/*.jsonl catalog.jsonl groups.jsonl
var Files embed.FS
