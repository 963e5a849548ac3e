package event

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Leaf is the first line of what the audit log holds at one index: where the bytes that follow come from. The envelope
// is versioned; readers refuse a version they do not know, and later versions may hold sealed fields.
type Leaf struct {
	Line     string  `json:"line"`             // "leaf"
	V        int     `json:"v"`                // 1
	Kind     string  `json:"kind"`             // decision, refusal
	Stream   string  `json:"stream"`           // the stream it was read from
	Sequence uint64  `json:"sequence"`         // of the block in that stream
	Place    int     `json:"place"`            // of the case in the block, from 0
	Cases    int     `json:"cases"`            // cases in the block
	At       Instant `json:"at"`               // when audit read it
	SHA256   string  `json:"sha256,omitempty"` // of the case, where it is kept in the blob store because it is larger than MaxLeafSize
	Size     int     `json:"size,omitempty"`   // bytes of that case
}

// The kinds of leaf.
const (
	LeafDecision = "decision"
	LeafRefusal  = "refusal"
)

// AppendLeaf writes a leaf: its header line, then the case's exact bytes (none when they are in the blob store).
func AppendLeaf(b []byte, l Leaf, c []byte) ([]byte, error) {
	head, err := json.Marshal(l)
	if err != nil {
		return nil, fmt.Errorf("leaf header: %w", err)
	}
	b = append(append(b, head...), '\n')
	return append(b, c...), nil
}

// ParseLeaf splits a leaf into its header and the case's bytes.
func ParseLeaf(b []byte) (Leaf, []byte, error) {
	head, rest, ok := bytes.Cut(b, []byte{'\n'})
	var l Leaf
	if !ok {
		return l, nil, fmt.Errorf("%w: leaf header does not end", ErrBlock)
	}
	if err := json.Unmarshal(head, &l); err != nil {
		return l, nil, fmt.Errorf("leaf header: %w", err)
	}
	if l.Line != "leaf" || l.V != 1 {
		return l, nil, fmt.Errorf("leaf header: line %q version %d is not one this program reads", l.Line, l.V)
	}
	return l, rest, nil
}
