package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/audit/internal/tlog"
	"github.com/tidegate/tidegate/shared/bus"
)

// entry is a leaf on its way to its receipt.
type entry struct {
	receipt event.Record
	whole   uint64 // block that is whole with this leaf; 0 when none is
	weight  int64  // bytes it holds of the room under way
	hash    []byte // RFC 6962 leaf hash
}

// prepared is an entry with its leaf, ready for the log.
type prepared struct {
	entry entry
	leaf  tlog.Entry
}

// adding is an entry whose leaf the log is writing.
type adding struct {
	entry entry
	added tlog.Added
}

// read takes decision blocks from where the log itself stands and makes leaves of their cases in order, a batch ahead
// of the log. Nothing is acknowledged: the next run reads on behind what the log has. The log's last blocks are read
// once more, to compare them.
func (r *run) read(ctx context.Context, out chan<- prepared) error {
	if err := r.declare(ctx, out); err != nil {
		return err
	}
	from, err := r.behind(ctx)
	if err != nil {
		return err
	}
	reader, err := bus.OpenReader(ctx, r.js, subject.DecisionStream, from)
	if err != nil {
		return err
	}
	defer func() { reader.Close() }()
	r.ready.Store(true)
	for {
		b, err := reader.Next(ctx)
		if gap, ok := errors.AsType[*bus.GapError](err); ok {
			reader.Close()
			if from, err = r.gap(ctx, gap, out); err != nil {
				return err
			}
			if reader, err = bus.OpenReader(ctx, r.js, subject.DecisionStream, from); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		if err := r.block(ctx, b, out); err != nil {
			return err
		}
	}
}

func (r *run) block(ctx context.Context, b bus.Block, out chan<- prepared) error {
	cases, err := event.ParseBlock(b.Data)
	if err != nil {
		return fmt.Errorf("block %d of %s: %w", b.Sequence, subject.DecisionStream, err)
	}
	if err := r.same(b.Sequence, cases); err != nil {
		return err
	}
	return r.prepare(ctx, b.Sequence, cases, out)
}

func (r *run) prepare(ctx context.Context, sequence uint64, cases []event.Case, out chan<- prepared) error {
	now := event.At(r.cfg.Clock())
	at := r.start.position
	for i, c := range cases {
		if at.Logged(tlog.Place{Sequence: sequence, Case: i}) {
			continue
		}
		head := event.Leaf{
			Line: "leaf", V: 1, Kind: c.LeafKind(), Stream: subject.DecisionStream,
			Sequence: sequence, Place: i, Cases: len(cases), At: now,
		}
		if err := r.prepareCase(ctx, head, c, out); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) prepareCase(ctx context.Context, head event.Leaf, c event.Case, out chan<- prepared) error {
	weight := int64(c.Size())
	if err := r.room.Acquire(ctx, weight); err != nil {
		return err
	}
	leaf, err := r.leaf(head, c)
	if err == nil {
		err = r.archive.keep(ctx, leaf, c)
	}
	if err != nil {
		return err
	}
	receipt, err := receiptOf(head, c)
	if err != nil {
		return err
	}
	e := entry{receipt: receipt, weight: weight}
	if head.Place == head.Cases-1 {
		e.whole = head.Sequence
	}
	return hand(ctx, e, leaf, out)
}

// hand gives a leaf to who adds it.
func hand(ctx context.Context, e entry, leaf []byte, out chan<- prepared) error {
	ready := tlog.NewEntry(leaf)
	e.hash = ready.Hash()
	select {
	case out <- prepared{e, ready}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// add appends the leaves. A crash here leaves whole leaves behind.
func (r *run) add(ctx context.Context, in <-chan prepared, out chan<- adding) error {
	for p := range in {
		added, err := r.log.Add(ctx, p.leaf)
		if err != nil {
			return err
		}
		// settle takes everything until the channel is closed, whatever ctx says: every leaf added is waited for.
		out <- adding{p.entry, added}
	}
	return ctx.Err()
}

// leaf writes the leaf's bytes; a case that is too large for one goes to the blob store before.
func (r *run) leaf(head event.Leaf, c event.Case) ([]byte, error) {
	if c.Size() <= event.MaxLeafSize {
		b, err := event.AppendLeaf(make([]byte, 0, c.Size()+headSize), head, nil)
		if err != nil {
			return nil, err
		}
		return c.Append(b), nil
	}
	whole := c.Append(make([]byte, 0, c.Size()))
	digest, err := storeBlob(r.cfg.Dir, whole)
	if err != nil {
		return nil, err
	}
	head.SHA256, head.Size = digest, len(whole)
	return event.AppendLeaf(nil, head, nil)
}

// headSize is room for a leaf's header line.
const headSize = 256

// settle waits until each leaf is durable, and passes the entries on in the order of their index. When one fails it
// stops the run, but still waits for all that were added: the log may end only behind them.
func (r *run) settle(ctx context.Context, stop context.CancelCauseFunc, in <-chan adding, out chan<- entry) error {
	next, ahead := r.start.size, map[uint64]entry{}
	for a := range in {
		index, err := a.added.Wait()
		if err == nil && (index < next || index >= next+tlog.Window) {
			err = fmt.Errorf("%w: leaf got index %d where %d was next: something else writes to the log", ErrRefused, index, next)
		}
		if err != nil {
			stop(err)
		}
		if ctx.Err() != nil {
			continue
		}
		if index != next {
			r.cfg.Log.WarnContext(ctx, "batches of leaves swapped", slog.Uint64("leaf", index), slog.Uint64("next", next))
		}
		// Behind a swap the end of a block says nothing of its beginning: let a later block make the room.
		if index != next || len(ahead) > 0 {
			a.entry.whole = 0
		}
		a.entry.receipt.Leaf = index
		ahead[index] = a.entry
		// Once ctx has ended nothing is passed on any more: a leaf left out between two others would be a hole.
		for e, ok := ahead[next]; ok && ctx.Err() == nil; e, ok = ahead[next] {
			delete(ahead, next)
			next++
			select {
			case out <- e:
			case <-ctx.Done():
			}
		}
	}
	return ctx.Err()
}
