package orders

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/shared/bus"
)

// History reads the decided cases of blocks from a sequence on, in order, where DECISION no longer holds them: the audit log.
type History func(ctx context.Context, from uint64) iter.Seq2[screening.Past, error]

// settle is how long what was taken waits for more before it is written.
const settle = 200 * time.Millisecond

// ErrAnother says that the index is of another history.
var ErrAnother = errors.New("the index of orders is of another history")

// Follow takes decisions until ctx ends, whose error it gives, or something fails: then it may be called again. Written is
// called after each write, once the index has what the stream held at the start. Starting and going on are the same: it begins behind what
// the index covers.
func (b *Book) Follow(ctx context.Context, js jetstream.JetStream, history History, log *slog.Logger, written func()) error {
	err := b.catchUp(ctx, js, history)
	if errors.Is(err, ErrAnother) {
		log.WarnContext(ctx, "making the index of orders anew", slog.Any("error", err))
		if err = b.Reset(); err == nil {
			err = b.catchUp(ctx, js, history)
		}
	}
	if err != nil {
		return err
	}
	b.Missed() // of the past that was read from the log again: nobody can stop it any more
	held, err := bus.Look(ctx, js, subject.DecisionStream)
	if err != nil {
		return err
	}
	r, err := bus.OpenReader(ctx, js, subject.DecisionStream, b.Reaches()+1)
	if err != nil {
		return err
	}
	defer r.Close()
	tell := func() {
		if covered, _ := b.Covered(); covered >= held.Last {
			written()
		}
	}
	tell()
	for {
		block, err := b.next(ctx, r)
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			if err = b.Flush(); err == nil {
				tell()
				continue
			}
		}
		if err != nil {
			return err
		}
		cases, err := event.ParseBlock(block.Data)
		if err != nil {
			return fmt.Errorf("block %d of %s: %w", block.Sequence, subject.DecisionStream, err)
		}
		if err := b.Take(block.Sequence, cases); err != nil {
			return err
		}
		if b.Pending() == 0 {
			tell()
		}
	}
}

// next waits for a block, for ever where nothing is left to be written.
func (b *Book) next(ctx context.Context, r *bus.Reader) (bus.Block, error) {
	if covered, _ := b.Covered(); covered == b.Reaches() {
		return r.Next(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, settle)
	defer cancel()
	return r.Next(ctx)
}

// catchUp makes sure that the index is of this history and reaches where DECISION begins.
func (b *Book) catchUp(ctx context.Context, js jetstream.JetStream, history History) error {
	held, err := bus.Look(ctx, js, subject.DecisionStream)
	if err != nil {
		return err
	}
	if b.Reaches() > held.Last {
		return fmt.Errorf("%w: it covers block %d, the stream ends with %d", ErrAnother, b.Reaches(), held.Last)
	}
	if at, end := b.Covered(); at >= held.First && at > 0 && end != "" {
		data, err := bus.Get(ctx, js, subject.DecisionStream, at)
		if err != nil {
			return err
		}
		cases, err := event.ParseBlock(data)
		if err != nil {
			return fmt.Errorf("block %d of %s: %w", at, subject.DecisionStream, err)
		}
		return same(at, end, cases)
	}
	if b.Reaches()+1 >= held.First {
		return nil
	}
	if history == nil {
		return fmt.Errorf("index of orders: blocks %d to %d are gone from %s, and no log was given to read them from", b.Reaches()+1, held.First-1, subject.DecisionStream)
	}
	return b.Remember(ctx, history, held.First-1)
}

func same(block uint64, end string, cases []event.Case) error {
	if len(cases) > 0 && event.Digest(cases[len(cases)-1].Last()) != end {
		return fmt.Errorf("%w: block %d ends otherwise", ErrAnother, block)
	}
	return nil
}

// Remember takes blocks up to last from the log; all that it holds where last is 0.
func (b *Book) Remember(ctx context.Context, history History, last uint64) error {
	at, end := b.Covered()
	var block uint64
	var cases []event.Case
	apply := func() error {
		switch {
		case block == 0:
			return nil
		case block == at && end != "":
			return same(block, end, cases)
		case block <= b.Reaches():
			return nil
		}
		return b.Take(block, cases)
	}
	for p, err := range history(ctx, max(at, 1)) {
		if err != nil {
			return fmt.Errorf("index of orders: %w", err)
		}
		if p.Sequence != block {
			if err := apply(); err != nil {
				return err
			}
			block, cases = p.Sequence, nil
		}
		if last > 0 && p.Sequence > last {
			block = 0
			break
		}
		if p.Case.Len() > 0 {
			cases = append(cases, p.Case)
		}
	}
	if err := apply(); err != nil {
		return err
	}
	if last > b.Reaches() { // lost for ever: the log says so
		if err := b.Take(last, nil); err != nil {
			return err
		}
	}
	return b.Flush()
}
