package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/ingest/internal/accept"
	"github.com/tidegate/tidegate/services/ingest/internal/idem"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/clock"
)

// maxLines bounds the bytes of a block's lines: refusals and orders kept in two forms are larger than what came in.
const maxLines = 1 << 20

// idleLook is how often a door without orders reads what other doors wrote, so that it never has far to go.
const idleLook = 5 * time.Second

// errUnavailable says that it is not known whether an order was stored, or that there is no room for it. It was not
// answered; sending it again is safe.
var errUnavailable = errors.New("the order stream does not take orders now")

// submission is an entry on its way; the writer sends exactly one verdict.
type submission struct {
	entry   accept.Entry
	done    chan verdict // holds one
	release func()
	note    func(verdict) // counts it
	said    bool
}

// verdict is what became of a submission.
type verdict struct {
	entry     accept.Entry // a refusal where the key was taken by other content
	sequence  uint64
	duplicate bool
	reused    bool  // the idempotency key came with other content, in block sequence; nothing was stored
	err       error // errUnavailable with its reason; then nothing was said about the order
}

// answer sends the verdict, the first time.
func (s *submission) answer(v verdict) {
	if s.said {
		return
	}
	s.said = true
	s.release()
	if s.note != nil {
		s.note(v)
	}
	s.done <- v
}

// writer is the only one in this process that writes the order stream and the index. One goroutine: it collects what is
// there into a block while nothing is on its way, publishes, and answers. So blocks grow with the load by themselves.
type writer struct {
	js     jetstream.JetStream
	index  *idem.Index
	cfg    Config
	log    *slog.Logger
	in     <-chan *submission
	carry  *submission // did not fit the block before
	block  []byte      // room for the next block's bytes
	down   atomic.Bool // the last block could not be stored
	failed repeats     // batches that could not be stored, since one could
	pace   pace
	force  bus.InForce // behind the blocks that the index covers

	broken chan error // holds why the writer takes no more orders
}

// indexVersion stands for what the index keeps: another one has it made again.
const indexVersion = "3 "

// openWriter opens the index and reads what it does not cover yet.
func openWriter(ctx context.Context, js jetstream.JetStream, file string, cfg Config, in <-chan *submission) (*writer, error) {
	s, err := js.Stream(ctx, subject.OrderStream)
	if err != nil {
		return nil, fmt.Errorf("look at stream %s: %w", subject.OrderStream, err)
	}
	info := s.CachedInfo()
	index, err := idem.Open(file, event.Digest([]byte(indexVersion+info.Created.UTC().Format(time.RFC3339Nano))), info.State.LastSeq)
	if errors.Is(err, idem.ErrOther) {
		return nil, fmt.Errorf("%w: %w; restore the streams from their backup, or, where they were emptied on purpose, delete %s so that it is made again",
			errAhead, err, file)
	}
	if err != nil {
		return nil, err
	}
	w := &writer{pace: pace{js: js}, js: js, index: index, cfg: cfg, log: cfg.Log, in: in, broken: make(chan error, 1)}
	if w.force, err = inForce(index); err == nil {
		err = w.catchUp(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, index.Close())
	}
	return w, nil
}

func (w *writer) close() error { return w.index.Close() }

// run works until ctx ends, and then through what still waits. After an error it cannot go on from, it refuses what
// comes until then.
func (w *writer) run(ctx context.Context) {
	tick := time.NewTicker(idleLook)
	defer tick.Stop()
	var broken error
	for {
		batch, stopped := w.collect(ctx, tick.C)
		switch {
		case stopped:
			return
		case broken != nil:
			fail(batch, broken)
		default:
			if broken = w.store(context.WithoutCancel(ctx), batch); broken != nil {
				w.down.Store(true)
				w.broken <- broken
			}
		}
	}
}

// collect waits for a submission and takes what else is there, up to the size of a block. A control act is a block by
// itself, so that what it puts in force counts from a block's beginning. Nothing when it is time to look at the stream.
func (w *writer) collect(ctx context.Context, look <-chan time.Time) (batch []*submission, stopped bool) {
	first := w.carry
	w.carry = nil
	if first == nil {
		select {
		case first = <-w.in:
		case <-look:
			return nil, false
		case <-ctx.Done():
			select {
			case first = <-w.in:
			default:
				return nil, true
			}
		}
	}
	batch = append(make([]*submission, 0, 64), first)
	if first.entry.Alone() {
		return batch, false
	}
	orders, lines := first.entry.Size(), len(first.entry.Line)
	for len(batch) < event.MaxCases {
		select {
		case s := <-w.in:
			orders, lines = orders+s.entry.Size(), lines+len(s.entry.Line)
			if orders > event.MaxOrderSize || lines > maxLines || s.entry.Alone() {
				w.carry = s
				return batch, false
			}
			batch = append(batch, s)
		default:
			return batch, false
		}
	}
	return batch, false
}

// store gives every submission of a batch its verdict. An empty batch only reads on. An error ends the service: the
// index cannot be trusted or written any more.
func (w *writer) store(ctx context.Context, batch []*submission) error {
	patience := w.cfg.Patience
	if w.down.Load() {
		patience = min(patience, time.Second) // senders were kept long enough once
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if len(batch) == 0 {
		return w.look(ctx)
	}
	var pause clock.Backoff
	for {
		plan, err := w.plan(ctx, batch)
		if err != nil {
			fail(batch, err)
			return err
		}
		batch = append(plan.open, plan.rest...)
		if len(plan.open) == 0 {
			return nil
		}
		seq, err := w.publish(ctx, plan)
		if err == nil {
			w.down.Store(false)
			w.failed.reset()
			plan.answer(seq)
			if batch = plan.rest; len(batch) == 0 {
				return nil
			}
			continue
		}
		switch {
		case fatal(err):
			fail(batch, err)
			return err
		case errors.Is(err, bus.ErrWrongSequence): // the index was brought up to date: plan again at once
		case errors.Is(err, bus.ErrFull), errors.Is(err, errSpace), pause.Wait(ctx) != nil:
			w.down.Store(true)
			if n, say := w.failed.add(len(batch), w.cfg.Clock()); say {
				w.log.WarnContext(ctx, "orders not stored", slog.Int("orders", n), slog.Any("error", err))
			}
			fail(batch, err)
			return nil
		}
	}
}

// look reads what other doors wrote. A broker that does not answer is no reason to end.
func (w *writer) look(ctx context.Context) error {
	err := w.catchUp(ctx)
	if fatal(err) {
		return err
	}
	if err == nil {
		err = w.space()
	}
	w.down.Store(err != nil)
	return nil
}

// errSpace says that no order is taken while what was taken could need the rest of the disk.
var errSpace = errors.New("the disk is nearly full")

func (w *writer) space() error {
	if w.cfg.Space == nil {
		return nil
	}
	if err := w.cfg.Space(); err != nil {
		return fmt.Errorf("%w: %w", errSpace, err)
	}
	return nil
}

// fatal says whether no door may take orders any more, because keys could be missing from the index.
func fatal(err error) bool {
	return errors.Is(err, errIndex) || errors.Is(err, errAhead) || errors.Is(err, errNotCovered)
}

func fail(batch []*submission, err error) {
	for _, s := range batch {
		s.answer(verdict{entry: s.entry, err: fmt.Errorf("%w: %w", errUnavailable, err)})
	}
}

// publish stores the plan's block, or finds out that it is stored. After any error but ErrFull and errSpace the index covers what
// the stream held, so that the batch can be planned again.
func (w *writer) publish(ctx context.Context, p *plan) (seq uint64, err error) {
	w.block = event.AppendBlock(w.block[:0], p.cases)
	data := w.block
	last := w.index.Covered()
	if err := w.space(); err != nil {
		return 0, err
	}
	w.pace.wait(ctx, last+1)
	asked, cancel := context.WithTimeout(ctx, w.cfg.Patience/3) // leaves time to find out what became of it
	defer cancel()
	err = bus.PublishUnder(asked, w.js, subject.OrderStream, subject.OrderSubject, last, w.force, data)
	switch {
	case err == nil:
		return last + 1, w.applied(last+1, p.taken)
	case errors.Is(err, bus.ErrFull):
		return 0, err
	}
	// Another door was first, or the answer is missing: then the block may be stored, now or a moment later. Either way
	// the stream tells, and a block that arrives late expects a sequence that is taken.
	ours := false
	caught := w.catchUpWith(ctx, func(seq uint64, stored []byte) {
		ours = ours || seq == last+1 && bytes.Equal(stored, data)
	})
	switch {
	case ours:
		return last + 1, nil
	case caught != nil:
		return 0, caught
	default:
		return 0, err
	}
}

// errIndex says that the index could not be written or read.
var errIndex = errors.New("index of idempotency keys failed")

func (w *writer) applied(seq uint64, taken []idem.Taken) error {
	for i := range taken {
		taken[i].Sequence = seq
	}
	if err := w.index.Apply(seq, taken); err != nil {
		return fmt.Errorf("%w: %w", errIndex, err)
	}
	for i := range taken {
		if !taken[i].Over {
			continue
		}
		force, err := inForce(w.index)
		if err != nil {
			return err
		}
		w.force = force
		break
	}
	return nil
}
