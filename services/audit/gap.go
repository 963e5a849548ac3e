package audit

import (
	"context"
	"errors"
	"log/slog"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/codec"
)

// maxGapKept bounds what one gap leaf keeps of the streams before; a longer gap has several leaves.
const maxGapKept = 8 << 20

// gap writes down that blocks of decisions were lost before they were logged, and gives the block to go on with. It
// does not stop: nothing brings the blocks back, and a log that stands still for them would hold every later order.
// What was lost has no decision and no receipt, so it never ships; the log says so in its own leaves, for ever, and
// keeps the orders as the streams before still have them, which are given room afterwards.
func (r *run) gap(ctx context.Context, gap *bus.GapError, out chan<- prepared) (next uint64, err error) {
	at := r.start.position
	if gap.Want < at.Next.Sequence {
		return gap.Have, nil // blocks that are in the log: nothing to write down, and makeRoom watches over them
	}
	if _, err := bus.Get(ctx, r.js, subject.DecisionStream, gap.Want); !errors.Is(err, bus.ErrGap) {
		return gap.Want, err // it is there after all
	}
	r.cfg.Log.ErrorContext(ctx, "ALARM: decisions were lost before they were logged",
		slog.Uint64("from", gap.Want), slog.Uint64("to", gap.Have-1))
	for from := gap.Want; from < gap.Have; {
		last, held, err := r.salvage(ctx, from, gap.Have-1)
		if err != nil {
			return 0, err
		}
		head := event.Leaf{
			Line: "leaf", V: 1, Kind: event.LeafGap, Stream: subject.DecisionStream,
			Sequence: from, Cases: 1, To: last, At: event.At(r.cfg.Clock()),
		}
		if from == at.Next.Sequence && at.Cases > 0 {
			head.Place, head.Cases = at.Next.Case, at.Cases
		}
		if err := r.prepareGap(ctx, head, held, out); err != nil {
			return 0, err
		}
		from = last + 1
	}
	return gap.Have, nil
}

// salvage reads what ORDER still holds of lost blocks, from one on until it is enough for a leaf.
func (r *run) salvage(ctx context.Context, from, to uint64) (last uint64, held []byte, err error) {
	orders, err := bus.Look(ctx, r.js, subject.OrderStream)
	if err != nil {
		return 0, nil, err
	}
	for last = from - 1; last < to && len(held) < maxGapKept; last++ {
		if last+1 < orders.First {
			last = min(to, orders.First-1) - 1 // nothing of these is left
			continue
		}
		if last+1 > orders.Last {
			return to, held, nil
		}
		b, err := bus.Get(ctx, r.js, subject.OrderStream, last+1)
		if err != nil && !errors.Is(err, bus.ErrGap) {
			return 0, nil, err
		}
		held = append(held, b...)
	}
	return last, held, nil
}

func (r *run) prepareGap(ctx context.Context, head event.Leaf, held []byte, out chan<- prepared) (err error) {
	if len(held) > 0 {
		head.Size = len(held)
		if head.SHA256, err = storeBlob(r.cfg.Dir, held); err != nil {
			return err
		}
	}
	return r.control(ctx, head, event.Case{}, head.To, out)
}

// declare writes down that an operator declared the log to be trusted as it is, with the checkpoint that was trusted
// before: the first leaf after a restore.
func (r *run) declare(ctx context.Context, out chan<- prepared) error {
	if restore := r.shard.restore; restore != nil && r.start.size == 0 {
		return r.declareRestore(ctx, restore, out)
	}
	d := r.start.kept.Declared
	if d == nil || d.Size != r.start.size {
		return nil
	}
	line, err := codec.Append(nil, event.Accept{
		Line: event.LineAccept, V: 1, Trusted: string(d.Trusted), Accepted: string(r.start.kept.Checkpoint), At: d.At,
	})
	if err != nil {
		return err
	}
	next := r.start.position.Next
	head := event.Leaf{
		Line: "leaf", V: 1, Kind: event.LeafAccept, Stream: subject.DecisionStream,
		Sequence: next.Sequence, Place: next.Case, Cases: max(1, r.start.position.Cases), At: event.At(r.cfg.Clock()),
	}
	return r.control(ctx, head, event.NewCase(line), 0, out)
}

// declareRestore writes a log's first leaf where it goes on from another one.
func (r *run) declareRestore(ctx context.Context, said *event.Restore, out chan<- prepared) error {
	line, err := codec.Append(nil, said)
	if err != nil {
		return err
	}
	head := event.Leaf{
		Line: "leaf", V: 1, Kind: event.LeafRestore, Stream: subject.DecisionStream, Sequence: said.Sequence, Cases: 1, At: event.At(r.cfg.Clock()),
	}
	return r.control(ctx, head, event.NewCase(line), 0, out)
}

// control gives a leaf that is of no case to the log.
func (r *run) control(ctx context.Context, head event.Leaf, c event.Case, whole uint64, out chan<- prepared) error {
	var body []byte
	if c.Len() > 0 {
		body = c.Append(nil)
	}
	leaf, err := event.AppendLeaf(nil, head, body)
	if err != nil {
		return err
	}
	receipt, err := receiptOf(head, c)
	if err != nil {
		return err
	}
	return hand(ctx, entry{receipt: receipt, whole: whole}, leaf, out)
}
