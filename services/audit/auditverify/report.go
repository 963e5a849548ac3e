package auditverify

import (
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/tidegate/tidegate/schemas/event"
)

// Report is what a verification found.
type Report struct {
	Verdict       string         `json:"verdict"` // good, bad, unusable
	Origin        string         `json:"origin,omitempty"`
	Size          uint64         `json:"size"`           // leaves the checkpoint covers
	Root          string         `json:"root,omitempty"` // base64, as in the checkpoint
	Decisions     uint64         `json:"decisions"`
	Refusals      uint64         `json:"refusals"`
	Controls      uint64         `json:"controls,omitempty"` // activations of packs and snapshots
	Licenses      uint64         `json:"licenses,omitempty"` // licenses registered
	Notes         uint64         `json:"notes,omitempty"`    // what was done with the history: replays, exports, queries, reproductions
	Blobs         uint64         `json:"blobs"`              // cases kept in the blob store
	Archived      uint64         `json:"archived,omitempty"` // packs and snapshots that records name, found whole in the archive
	Gaps          []Gap          `json:"gaps,omitempty"`     // blocks that were lost before they were logged; the log says so itself
	Accepts       uint64         `json:"accepts,omitempty"`  // how often an operator declared the log to be trusted as it is
	FirstSequence uint64         `json:"first_sequence"`
	LastSequence  uint64         `json:"last_sequence"`
	Open          int            `json:"open_cases"` // cases of the last block that are not under the checkpoint yet
	Displaced     int            `json:"displaced"`  // leaves that lie before their turn
	FirstAt       event.Instant  `json:"first_at,omitempty"`
	LastAt        event.Instant  `json:"last_at,omitempty"`
	Kept          []uint64       `json:"kept_sizes,omitempty"` // sizes of the kept checkpoints that the log contains
	Witnesses     []Cosignature  `json:"witnesses,omitempty"`  // good cosignatures on the checkpoint
	Faults        []Fault        `json:"faults,omitempty"`
	Checkpoint    string         `json:"checkpoint,omitempty"` // the signed note
	Restored      *event.Restore `json:"restored,omitempty"`   // what the first leaf says, where the log goes on after another
	Lost          uint64         `json:"lost,omitempty"`       // leaves of this log that were declared lost when the next one was begun
	Former        []Report       `json:"former,omitempty"`     // of the logs before this one, oldest first
	Lacks         []string       `json:"lacks,omitempty"`      // what could not be looked at
}

// Gap is a leaf that says which blocks were lost before they were logged.
type Gap struct {
	Leaf uint64        `json:"leaf"`
	From uint64        `json:"from"`
	To   uint64        `json:"to"`
	At   event.Instant `json:"at"`
}

// Fault is one thing that is wrong.
type Fault struct {
	Leaf *uint64 `json:"leaf,omitempty"` // index of the leaf it concerns
	Text string  `json:"text"`
}

// String says where and what.
func (f Fault) String() string {
	if f.Leaf == nil {
		return f.Text
	}
	return fmt.Sprintf("leaf %d: %s", *f.Leaf, f.Text)
}

// restored notes what the first leaf says of the log before. That it is under the checkpoint is checked with all others.
func (r *Report) restored(log fs.FS, size uint64) {
	leaves, err := ReadBundle(log, 0, size)
	if err != nil {
		return
	}
	if l, c, err := OpenLeaf(leaves[0], nil); err == nil {
		if said, err := openRestore(l, c); err == nil {
			r.Restored = &said
		}
	}
}

// String is the report for a person, a few lines.
func (r Report) String() string {
	var b strings.Builder
	for _, f := range r.Former {
		b.WriteString(f.String())
	}
	if b.WriteString(r.Verdict); r.Origin != "" {
		fmt.Fprintf(&b, ": log %s, size %d, root %s", r.Origin, r.Size, r.Root)
	}
	b.WriteByte('\n')
	if r.Verdict == "good" && r.Size > 0 {
		missing := "none missing"
		if len(r.Gaps) > 0 {
			missing = fmt.Sprintf("%d GAPS", len(r.Gaps))
		}
		fmt.Fprintf(&b, "  %d decisions and %d refusals of blocks %d to %d, %s, logged %s to %s\n",
			r.Decisions, r.Refusals, r.FirstSequence, r.LastSequence, missing, r.FirstAt, r.LastAt)
	}
	if n := r.Controls + r.Licenses + r.Notes; n > 0 && r.Verdict == "good" {
		fmt.Fprintf(&b, "  %d activations, %d licenses, %d notes\n", r.Controls, r.Licenses, r.Notes)
	}
	if r.Archived > 0 {
		fmt.Fprintf(&b, "  %d packs and snapshots that they name are archived\n", r.Archived)
	}
	for _, g := range r.Gaps {
		fmt.Fprintf(&b, "  GAP: blocks %d to %d were lost before they were logged, leaf %d, %s\n", g.From, g.To, g.Leaf, g.At)
	}
	if r.Restored != nil {
		fmt.Fprintf(&b, "  goes on from block %d after the log %s, of which %d leaves are left: declared by %s on %s: %s\n",
			r.Restored.Sequence, r.Restored.Log, r.Restored.Leaves, r.Restored.By, r.Restored.At, r.Restored.Why)
	}
	if r.Lost > 0 {
		fmt.Fprintf(&b, "  LOST: the last %d leaves of it were declared lost\n", r.Lost)
	}
	if r.Accepts > 0 {
		fmt.Fprintf(&b, "  declared by an operator to be trusted as it was: %d times\n", r.Accepts)
	}
	if len(r.Kept) > 0 {
		fmt.Fprintf(&b, "  contains the kept checkpoints of size %s\n", strings.Trim(fmt.Sprint(r.Kept), "[]"))
	}
	for _, c := range r.Witnesses {
		fmt.Fprintf(&b, "  witnessed by %s at %s\n", c.Witness, c.At.Format(time.RFC3339))
	}
	for _, f := range r.Faults {
		fmt.Fprintf(&b, "  fault: %s\n", f)
	}
	for _, n := range r.Lacks {
		fmt.Fprintf(&b, "  note: %s\n", n)
	}
	return b.String()
}

// Shown gives a Progress function that says how far it is, once a verification takes over two seconds.
func Shown(w io.Writer, now func() time.Time) func(done, total uint64) {
	next := now().Add(2 * time.Second)
	return func(done, total uint64) {
		if total == 0 || now().Before(next) {
			return
		}
		next = now().Add(time.Second)
		_, _ = fmt.Fprintf(w, "verified %d of %d leaves (%d%%)\n", done, total, done*100/total)
	}
}
