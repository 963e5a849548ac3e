package audit

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/audit/internal/tlog"
	"github.com/tidegate/tidegate/shared/bus"
)

// tail is the digests of the log's last cases by their place in the stream. Audit reads the last logged blocks once
// more when it starts, and what the stream holds of them must be what was logged: an edited or rolled-back stream
// would go on under numbers that are in the log already, and its cases would never be logged.
type tail struct {
	first uint64 // first block of which every case is here
	cases map[tlog.Place]string
}

func (t *tail) add(head event.Leaf, body []byte) {
	if !head.HasCase() {
		return
	}
	if t.cases == nil {
		t.cases = map[tlog.Place]string{}
	}
	t.cases[tlog.Place{Sequence: head.Sequence, Case: head.Place}] = caseDigest(head, body)
}

// begin finds the first whole block; all says that the tail is the whole log. A swapped batch may lie before the tail,
// so the lower half of its places is not relied upon.
func (t *tail) begin(all bool) {
	t.first = 1
	if all {
		return
	}
	lowest, highest := ^uint64(0), uint64(0)
	for p := range t.cases {
		lowest, highest = min(lowest, p.Sequence), max(highest, p.Sequence)
	}
	if highest > 0 {
		t.first = lowest + (highest-lowest+1)/2
	}
}

// caseDigest is the SHA-256 of a leaf's case, which a leaf without the case states itself.
func caseDigest(head event.Leaf, body []byte) string {
	if head.SHA256 != "" {
		return head.SHA256
	}
	return event.Digest(body)
}

// behind is the first block to read: the log's tail, as far as the stream still has it.
func (r *run) behind(ctx context.Context) (uint64, error) {
	held, err := bus.Look(ctx, r.js, subject.DecisionStream)
	if err != nil {
		return 0, err
	}
	next := r.start.position.Next.Sequence
	if held.Last+1 < min(r.start.tail.first, next) {
		return 0, refuse("%s ends with block %d, but blocks up to %d are in the log: the stream was deleted or rolled back", subject.DecisionStream, held.Last, next-1)
	}
	if held.Last+1 < next {
		r.cfg.Log.WarnContext(ctx, "decisions lost their tail, comparing what is made again with the log",
			slog.Uint64("last", held.Last), slog.Uint64("logged", next-1))
	}
	return min(next, max(r.start.tail.first, held.First)), nil
}

// same demands of a block that was logged before, whole or in part, that it is still the same one.
func (r *run) same(sequence uint64, cases []event.Case) error {
	at := r.start.position
	if sequence > at.Next.Sequence && len(at.Ahead) == 0 {
		return nil
	}
	if sequence == at.Next.Sequence && at.Cases > 0 && at.Cases != len(cases) {
		return fmt.Errorf("%w: block %d of %s has %d cases, but %d when its first cases were logged",
			ErrRefused, sequence, subject.DecisionStream, len(cases), at.Cases)
	}
	for i, c := range cases {
		place := tlog.Place{Sequence: sequence, Case: i}
		if !at.Logged(place) {
			continue
		}
		if digest, ok := r.start.tail.cases[place]; !ok || digest != event.Digest(c.Append(nil)) {
			return refuse("case %d of block %d of %s is not the one that was logged: the stream or the log was changed", i, sequence, subject.DecisionStream)
		}
	}
	return nil
}
