// Package evidence is the form of an evidence pack and its check offline: one zip with everything that an outsider needs to be
// convinced of what was decided on an order, who did what, and that the log holds it.
//
// Decisions: the zip is stored, never compressed, and of one canonical form (Encode), so that every bit of it counts, the
// same files give the same bytes under any version of any library, and nothing grows when it is read. SHA256SUMS is what sha256sum reads;
// manifest.json says what each file is and which belong together. Both name every file. What vouches for a record is its proof, the
// checkpoint's signature and its cosignatures: the document and the README are views of it, which nobody signs. Each record is
// proven twice where it can be, under the pack's checkpoint and under the first one that was timestamped after it.
package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Where things lie in a pack.
const (
	SumsFile     = "SHA256SUMS"
	ManifestFile = "manifest.json"
	DocumentFile = "evidence.pdf"
	ReadmeFile   = "README.txt"
	ScriptFile   = "verify.py"

	LineEvidence = "evidence"
)

// Manifest says what is in a pack and which of its files belong together.
type Manifest struct {
	Line    string    `json:"line"` // "evidence"
	V       int       `json:"v"`    // 1
	Tenant  string    `json:"tenant,omitempty"`
	Source  string    `json:"source,omitempty"`
	OrderID string    `json:"order_id,omitempty"` // empty for an input that was refused before it was an order
	Logs    []Log     `json:"logs"`               // oldest first
	Records []Record  `json:"records"`            // in the order they were logged; licenses that they were judged with first
	Cited   []Citing  `json:"cited,omitempty"`    // rules and list entries that the records cite
	LeftOut []LeftOut `json:"left_out,omitempty"`
	Files   []Listed  `json:"files"` // every file but this one and SHA256SUMS, by name
}

// Log is one of the logs that the records stand in, under one of its checkpoints. Its files lie in a folder of its own: key.pub,
// key.pem (the same key for openssl), checkpoint, and witnesses with their keys where there are any.
type Log struct {
	Dir       string  `json:"dir"` // log-1 …
	Name      string  `json:"name"`
	Size      uint64  `json:"size"` // leaves under the checkpoint
	Root      string  `json:"root"` // base64, as in the checkpoint
	Policy    string  `json:"witness_policy,omitempty"`
	Witnesses []Key   `json:"witnesses,omitempty"`   // whose keys are in the pack
	Stamps    []Stamp `json:"timestamped,omitempty"` // timestamped checkpoints, in the order in which records need them
}

// Key is a witness's key for openssl.
type Key struct {
	Name string `json:"name"`
	PEM  string `json:"pem"` // file
}

// Stamp is a checkpoint with an RFC 3161 timestamp over its exact bytes.
type Stamp struct {
	Size         uint64 `json:"size"`
	Checkpoint   string `json:"checkpoint"`             // file
	Token        string `json:"token"`                  // file: the authority's answer
	Query        string `json:"query"`                  // file: the question, made again from the answer
	Certificates string `json:"certificates,omitempty"` // file: those the token carries, the signer's among them
}

// Record is one leaf with its files.
type Record struct {
	Kind     string   `json:"kind"` // of the leaf
	Event    string   `json:"event"`
	Log      int      `json:"log"`                // index in Logs
	Index    uint64   `json:"leaf"`               // in that log, from 0
	Leaf     string   `json:"file"`               // its exact bytes
	Case     string   `json:"case,omitempty"`     // the case's bytes, where the leaf has only their digest
	Received string   `json:"received,omitempty"` // the received bytes
	Partly   bool     `json:"received_partly,omitempty"`
	Proofs   []string `json:"proofs"` // under the log's checkpoint; then under the first timestamped one that covers it
}

// Citing is what records cite: an archived object whole, or what it says of a rule or a list entry.
type Citing struct {
	What   string   `json:"what"`           // pack, snapshot, masters; rules, entries
	Digest string   `json:"digest"`         // SHA-256 of the object, as records name it
	File   string   `json:"file,omitempty"` // empty where it is left out
	Names  []string `json:"names,omitempty"`
}

// LeftOut is what a pack could have and has not, with the reason.
type LeftOut struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

// Listed is a file of the pack.
type Listed struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Size   int    `json:"size"`
	What   string `json:"what"` // in words
}

// Described is a file with what it is, in words.
type Described struct {
	File
	What string
}

// Pack writes a pack: it completes the manifest by the files, and adds it and SHA256SUMS.
func Pack(m Manifest, files []Described) ([]byte, error) {
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b Described) int { return strings.Compare(a.Name, b.Name) })
	m.Line, m.V, m.Files = LineEvidence, 1, nil
	all := make([]File, 0, len(files)+2)
	for _, f := range files {
		m.Files = append(m.Files, Listed{f.Name, digest(f.Data), len(f.Data), f.What})
		all = append(all, f.File)
	}
	manifest, err := encode(m)
	if err != nil {
		return nil, err
	}
	all = append(all, File{ManifestFile, manifest})
	all = append(all, File{SumsFile, sums(all)})
	slices.SortFunc(all, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return Encode(all)
}

// encode writes a manifest in its one form.
func encode(m Manifest) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(m); err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	return b.Bytes(), nil
}

// sums is what sha256sum says of files, by name.
func sums(files []File) []byte {
	lines := make([]string, 0, len(files))
	for _, f := range files {
		if f.Name != SumsFile {
			lines = append(lines, f.Name+"\x00"+digest(f.Data))
		}
	}
	slices.Sort(lines)
	var b bytes.Buffer
	for _, l := range lines {
		name, sum, _ := strings.Cut(l, "\x00")
		b.WriteString(sum + "  " + name + "\n")
	}
	return b.Bytes()
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
