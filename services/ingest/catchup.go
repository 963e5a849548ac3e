package ingest

import (
	"context"
	"errors"
	"fmt"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/ingest/internal/accept"
	"github.com/tidegate/tidegate/services/ingest/internal/idem"
	"github.com/tidegate/tidegate/shared/bus"
)

// What ends the service: no door may take orders while keys could be missing from its index.
var (
	errAhead      = errors.New("the order stream lost blocks")
	errNotCovered = errors.New("the index of idempotency keys cannot be made complete")
)

// catchUp reads what the index does not cover yet: from the order stream, where that was purged from the decision
// stream, whose cases begin with the same lines, and where that was purged too from History.
func (w *writer) catchUp(ctx context.Context) error {
	return w.catchUpWith(ctx, func(uint64, []byte) {})
}

// catchUpWith is catchUp that shows each block of the order stream as it is read.
func (w *writer) catchUpWith(ctx context.Context, seen func(seq uint64, data []byte)) error {
	for {
		orders, err := bus.Look(ctx, w.js, subject.OrderStream)
		if err != nil {
			return err
		}
		covered := w.index.Covered()
		switch {
		case covered == orders.Last:
			return nil
		case covered > orders.Last:
			return fmt.Errorf("%w: it ends with block %d, but block %d was there before; restore the stream from its backup, "+
				"or, if it was emptied on purpose, delete the file keys.db of this door so that it is made again", errAhead, orders.Last, covered)
		case covered+1 >= orders.First:
			err = w.read(ctx, subject.OrderStream, orders.Last, seen)
		default:
			err = w.readPurged(ctx, orders.First-1)
		}
		if err != nil && !errors.Is(err, bus.ErrGap) { // purged while it was read: look again
			return err
		}
	}
}

// readPurged reads blocks up to last that the order stream no longer holds.
func (w *writer) readPurged(ctx context.Context, last uint64) error {
	decisions, err := bus.Look(ctx, w.js, subject.DecisionStream)
	if err != nil {
		return err
	}
	from := w.index.Covered() + 1
	switch {
	case from < decisions.First && w.cfg.History != nil:
		return w.readHistory(ctx, decisions.First-1)
	case from < decisions.First:
		return fmt.Errorf("%w: blocks %d to %d are in no stream any more and no audit log was given to read them from; "+
			"start this door where the audit log is, or put back its file keys.db", errNotCovered, from, decisions.First-1)
	case decisions.Last < from:
		return fmt.Errorf("%w: blocks %d to %d were purged from the order stream, but the decision stream ends with %d; "+
			"restore it from its backup", errNotCovered, from, last, decisions.Last)
	default:
		return w.read(ctx, subject.DecisionStream, min(last, decisions.Last), func(uint64, []byte) {})
	}
}

// few is how many blocks are asked for one by one: cheaper than a reader, and what another door is ahead by.
const few = 4

// read applies a stream's blocks from the first one not covered up to last.
func (w *writer) read(ctx context.Context, stream string, last uint64, seen func(seq uint64, data []byte)) error {
	if last-w.index.Covered() <= few {
		for w.index.Covered() < last {
			seq := w.index.Covered() + 1
			data, err := bus.Get(ctx, w.js, stream, seq)
			if err != nil {
				return err
			}
			seen(seq, data)
			if err := w.learnBlock(stream, bus.Block{Sequence: seq, Data: data}); err != nil {
				return err
			}
		}
		return nil
	}
	r, err := bus.OpenReader(ctx, w.js, stream, w.index.Covered()+1)
	if err != nil {
		return err
	}
	defer r.Close()
	for w.index.Covered() < last {
		b, err := r.Next(ctx)
		if err != nil {
			return err
		}
		seen(b.Sequence, b.Data)
		if err := w.learnBlock(stream, b); err != nil {
			return err
		}
	}
	return nil
}

// readHistory applies blocks up to last from the audit log. A block is applied when all its cases were read.
func (w *writer) readHistory(ctx context.Context, last uint64) error {
	var cases []event.Case
	known := false // whether the log holds block seq, or says that it was lost
	seq := w.index.Covered() + 1
	apply := func() error {
		if !known {
			return fmt.Errorf("%w: the audit log does not hold block %d; bring the log back that goes with these streams", errNotCovered, seq)
		}
		err := w.learn(seq, cases)
		cases, known, seq = nil, false, seq+1
		return err
	}
	for p, err := range w.cfg.History(ctx, seq) {
		if err != nil {
			return fmt.Errorf("read history from block %d: %w", seq, err)
		}
		if p.Sequence > seq {
			if err := apply(); err != nil {
				return err
			}
		}
		if p.Sequence > last {
			return nil
		}
		if p.Sequence != seq {
			return fmt.Errorf("%w: the audit log goes from block %d to %d; bring the log back that goes with these streams", errNotCovered, seq, p.Sequence)
		}
		if known = true; p.Case.Len() > 0 {
			cases = append(cases, p.Case)
		}
	}
	return apply()
}

func (w *writer) learnBlock(stream string, b bus.Block) error {
	cases, err := event.ParseBlock(b.Data)
	if err != nil {
		return fmt.Errorf("block %d of %s: %w", b.Sequence, stream, err)
	}
	return w.learn(b.Sequence, cases)
}

// learn takes the keys of a stored block into the index.
func (w *writer) learn(seq uint64, cases []event.Case) error {
	taken, here := make([]idem.Taken, 0, len(cases)), map[idem.Digest]idem.Entry{}
	for i, c := range cases {
		e, known, err := accept.Recall(c.Line(0))
		if err != nil {
			return fmt.Errorf("block %d, case %d: %w", seq, i, err)
		}
		if !known {
			continue
		}
		taken = append(append(taken, activated(e)...), corrected(e, seq)...)
		newer, err := w.newer(e, here)
		if err != nil {
			return err
		}
		entry := idem.Entry{Content: e.Content, Sequence: seq}
		if taken = append(append(taken, idem.Taken{Key: e.Key, Entry: entry}), newer...); e.Again != (idem.Digest{}) {
			taken = append(taken, idem.Taken{Key: e.Again, Entry: entry})
		}
	}
	return w.applied(seq, taken)
}
