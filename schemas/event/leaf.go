package event

import (
	"bytes"
	"errors"
	"fmt"
)

// Leaf is the first line of what the audit log holds at one index: where the bytes that follow come from. The envelope
// is versioned; readers refuse a version they do not know, and later versions may hold sealed fields.
type Leaf struct {
	Line     string  `json:"line"`             // "leaf"
	V        int     `json:"v"`                // 1
	Kind     string  `json:"kind"`             // decision, refusal, control, license, note, gap, accept, restore
	Stream   string  `json:"stream"`           // the stream it was read from
	Sequence uint64  `json:"sequence"`         // of the block in that stream
	Place    int     `json:"place"`            // of the case in the block, from 0
	Cases    int     `json:"cases"`            // cases in the block
	To       uint64  `json:"to,omitempty"`     // of a gap: the last block that was lost before it was logged
	At       Instant `json:"at"`               // when audit read it
	SHA256   string  `json:"sha256,omitempty"` // of the case, where it is kept in the blob store because it is larger than MaxLeafSize; of a gap, of what the streams before still held of it
	Size     int     `json:"size,omitempty"`   // bytes of that
}

// LeafVersion is the version of the envelope that this program writes and reads.
const LeafVersion = 1

// ErrLeafVersion says that a leaf is of a version that this program does not know: it is no fault of the log.
var ErrLeafVersion = errors.New("leaf of another version")

// The kinds of leaf.
const (
	LeafDecision = "decision"
	LeafRefusal  = "refusal"
	LeafControl  = "control" // a pack or snapshot took effect
	LeafLicense  = "license" // a license was registered
	LeafNote     = "note"    // a replay, an export, a query, a reproduction
	LeafGap      = "gap"     // blocks Sequence (from case Place on) to To were lost before they were logged
	LeafAccept   = "accept"  // an operator declared the log to be trusted as it is; it stands before the case at its place
)

// LeafKind is the kind of the leaf that the case makes.
func (c Case) LeafKind() string {
	if c.Refused() {
		return LeafRefusal
	}
	for _, o := range orderless {
		if bytes.HasPrefix(c.Line(0), o.begin) {
			return o.leaf
		}
	}
	return LeafDecision
}

// LeafRestore is the first leaf of a log that was begun after a declared restore; it stands before the first case.
const LeafRestore = "restore"

// HasCase says whether the leaf is of a case: what reads history passes over the others.
func (l Leaf) HasCase() bool { return l.Kind != LeafGap && !l.Declares() }

// Declares says whether the leaf is an operator's declaration, which stands between cases.
func (l Leaf) Declares() bool { return l.Kind == LeafAccept || l.Kind == LeafRestore }

// Accept is the one line of an accept leaf: which checkpoint was trusted before, and which is now.
type Accept struct {
	Line     string  `json:"line"`              // "accept"
	V        int     `json:"v"`                 // 1
	Trusted  string  `json:"trusted,omitempty"` // the last checkpoint that the guard had verified, a signed note; empty when it had lost it
	Accepted string  `json:"accepted"`          // the checkpoint declared to be trusted from now on, a signed note
	At       Instant `json:"at"`                // when that was declared
}

// Restore is the one line of a restore leaf: which log this one goes on from, how much of that one counts, and who
// declared it. What the log before lost is Trusted's size less Leaves.
type Restore struct {
	Line     string  `json:"line"`              // "restore"
	V        int     `json:"v"`                 // 1
	Log      string  `json:"log"`               // name of the log before
	Key      string  `json:"key"`               // its verifier key
	Trusted  string  `json:"trusted,omitempty"` // the largest checkpoint of it that anybody kept, a signed note; empty when none was
	Found    string  `json:"found,omitempty"`   // the checkpoint of what is left of it; empty when it was abandoned
	Leaves   uint64  `json:"leaves"`            // leaves left of it; 0 when it was abandoned
	Sequence uint64  `json:"sequence"`          // first block of this log: what the log before holds of it and of later ones does not count
	By       string  `json:"by"`                // who declared it
	Why      string  `json:"why"`
	At       Instant `json:"at"`
}

// The lines of declarations.
const (
	LineAccept  = "accept"
	LineRestore = "restore"
)

// AppendLeaf writes a leaf: its header line, then the case's exact bytes (none when they are in the blob store).
func AppendLeaf(b []byte, l Leaf, c []byte) ([]byte, error) {
	b, err := appendHead(b, l)
	if err != nil {
		return nil, err
	}
	return append(append(b, '\n'), c...), nil
}

// ParseLeaf splits a leaf into its header and the case's bytes.
func ParseLeaf(b []byte) (Leaf, []byte, error) {
	head, rest, ok := bytes.Cut(b, []byte{'\n'})
	if !ok {
		return Leaf{}, nil, fmt.Errorf("%w: leaf header does not end", ErrBlock)
	}
	l, err := parseHead(head)
	switch {
	case err != nil:
		return l, nil, err
	case l.Line != "leaf":
		return l, nil, fmt.Errorf("%w: leaf header: line %q", ErrBlock, l.Line)
	case l.V != LeafVersion:
		return l, nil, fmt.Errorf("%w: this leaf is of version %d, this program reads version %d: use a newer one", ErrLeafVersion, l.V, LeafVersion)
	}
	return l, rest, nil
}
