package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/shared/clock"
)

// Stage is one step of the way: block k of In becomes block k of Out. Its position is the end of Out; there are no
// acknowledgements and no other state, so whoever starts it goes on exactly where it stood.
type Stage struct {
	In, Out, OutSubject string
	Rebuildable         bool                          // Out can be made again from In, so its numbers may be moved on after its tail was lost
	Each                func(c event.Case) event.Case // pure, called from several goroutines; passes refusals on
	Shrink              func(c event.Case) event.Case // makes an explicit outcome of a case whose output does not fit into a block
	Log                 *slog.Logger

	// Switch, where given, puts in force what a block says is: it is called before the first block and wherever that changes, in sequence, by the
	// goroutine that computes. At an activation it is called before the control block itself. Its error stops the stage: nothing behind
	// is processed, and what was in force stays.
	Switch func(ctx context.Context, f InForce) error

	// Begin, where given, readies what the stage keeps beside its output to stand exactly behind block last of Out: at the
	// start, and again whenever the stage goes on from another place.
	Begin func(ctx context.Context, last uint64) error
	// Block, where given, makes a block's output instead of Each alone. It is called in sequence, once for each block after
	// Begin's last, by one goroutine; what it makes of a block must follow from the block and what Begin readied. each runs
	// a function over n places of the block on several goroutines.
	Block func(seq uint64, cases []event.Case, each func(n int, do func(i int))) []event.Case
	// Stored, where given, is called in sequence with each block of Out that this run stored, when it is durable. It must not wait.
	Stored func(seq uint64, cases []event.Case)
}

// block is what is on its way from the reader to the publisher.
type block struct {
	seq   uint64
	cases []event.Case
	data  *[]byte
	in    InForce
}

// errTailLost says that Out ends before the block this stage wrote last: its server died with a tail that was not on
// disk yet.
var errTailLost = errors.New("output lost its tail")

// Run works until ctx ends, which is no error. It returns ErrSecondWriter (wrapped) when another instance writes the
// same stream, ErrGap when the input it needs is gone.
func (s Stage) Run(ctx context.Context, js jetstream.JetStream) error {
	for {
		err := s.run(ctx, js)
		if ended := ctx.Err() != nil; ended || !errors.Is(err, errTailLost) {
			return unlessEnded(ended, err)
		}
		s.Log.WarnContext(ctx, "going on from where the output ends", slog.String("out", s.Out), slog.Any("error", err))
	}
}

// unlessEnded is err, or nil where the work was asked to end: then every error is the end's echo.
func unlessEnded(ended bool, err error) error {
	if ended {
		return nil
	}
	return err
}

// run goes on from the end of Out until something stops it.
func (s Stage) run(ctx context.Context, js jetstream.JetStream) error {
	last, err := s.position(ctx, js)
	if err != nil {
		return err
	}
	if s.Begin != nil {
		if err := s.Begin(ctx, last); err != nil {
			return err
		}
	}
	s.Log.InfoContext(ctx, "stage runs", slog.String("in", s.In), slog.String("out", s.Out), slog.Uint64("position", last))
	ready := make(chan block, 1)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { defer close(ready); return s.compute(ctx, js, last+1, ready) })
	g.Go(func() error { return s.publish(ctx, js, ready) })
	return g.Wait()
}

// position is the last block of Out. Where In no longer holds the block after it, Out lost its tail after the cases
// were logged: a stream that can be made again goes on at In's first, any other must not skip.
func (s Stage) position(ctx context.Context, js jetstream.JetStream) (uint64, error) {
	in, err := Look(ctx, js, s.In)
	if err != nil {
		return 0, err
	}
	out, err := Look(ctx, js, s.Out)
	if err != nil {
		return 0, err
	}
	if out.Last+1 >= in.First {
		return out.Last, nil
	}
	if !s.Rebuildable {
		return 0, fmt.Errorf("%s ends at %d but %s begins at %d; restore %s from a backup: %w", s.Out, out.Last, s.In, in.First, s.Out, ErrGap)
	}
	s.Log.WarnContext(ctx, "output lost its tail, going on behind what was logged", slog.String("out", s.Out), slog.Uint64("last", out.Last), slog.Uint64("next", in.First))
	return in.First - 1, Purge(ctx, js, s.Out, in.First)
}

// compute reads blocks and turns them into the next stage's, one ahead of the publisher.
func (s Stage) compute(ctx context.Context, js jetstream.JetStream, from uint64, ready chan<- block) error {
	r, err := OpenReader(ctx, js, s.In, from)
	if err != nil {
		return err
	}
	defer r.Close()
	force := &forcing{stage: &s}
	if err := force.resume(ctx, js, from-1); err != nil {
		return err
	}
	for {
		in, err := r.Next(ctx)
		if err != nil {
			return err
		}
		cases, err := event.ParseBlock(in.Data)
		if err != nil {
			return fmt.Errorf("block %d of %s: %w", in.Sequence, s.In, err)
		}
		if err := force.block(ctx, in, cases); err != nil {
			return err
		}
		out := s.step(in.Sequence, cases)
		select {
		case ready <- block{in.Sequence, out, s.encode(out), in.InForce}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// forcing is what a stage has in force.
type forcing struct {
	stage *Stage
	known bool
	now   InForce
}

// resume puts in force what the output's last block leaves in force, so that a stage without work stands where it stood.
func (f *forcing) resume(ctx context.Context, js jetstream.JetStream, last uint64) error {
	if f.stage.Switch == nil || last == 0 {
		return nil
	}
	now, held, err := inForceBehind(ctx, js, f.stage.Out)
	if err != nil || !held { // the next block says it
		return err
	}
	return f.to(ctx, now)
}

// block makes ready for a block what it says is in force, and at an activation what is in force behind it.
func (f *forcing) block(ctx context.Context, b Block, cases []event.Case) error {
	if f.stage.Switch == nil {
		return nil
	}
	if err := f.to(ctx, b.InForce); err != nil {
		return fmt.Errorf("block %d of %s: %w", b.Sequence, f.stage.In, err)
	}
	a, ok, err := activationIn(cases)
	if err == nil && ok {
		err = f.to(ctx, b.InForce.With(a.What, a.Digest))
	}
	if err != nil {
		return fmt.Errorf("block %d of %s activates %s %s: %w", b.Sequence, f.stage.In, a.What, a.Digest, err)
	}
	return nil
}

func (f *forcing) to(ctx context.Context, next InForce) error {
	if f.known && f.now == next {
		return nil
	}
	if err := f.stage.Switch(ctx, next); err != nil {
		return err
	}
	f.known, f.now = true, next
	return nil
}

// step makes the output of one block.
func (s Stage) step(seq uint64, cases []event.Case) []event.Case {
	if s.Block != nil {
		return s.Block(seq, cases, parallel)
	}
	out := make([]event.Case, len(cases))
	parallel(len(cases), func(i int) { out[i] = s.Each(cases[i]) })
	return out
}

// parallel runs do for 0 to n-1, on two goroutines and more when there are many.
func parallel(n int, do func(i int)) {
	workers := min(runtime.GOMAXPROCS(0), 1+n/16)
	var g errgroup.Group
	for w := range workers {
		g.Go(func() error {
			for i := w; i < n; i += workers {
				do(i)
			}
			return nil
		})
	}
	_ = g.Wait() // do has no error: what cannot be done is an explicit outcome
}

// encode writes the block; while it does not fit into a message, the largest case becomes an explicit outcome.
func (s Stage) encode(cases []event.Case) *[]byte {
	size, largest := 0, 0
	for i, c := range cases {
		size += c.Size()
		if c.Size() > cases[largest].Size() {
			largest = i
		}
	}
	if size > event.MaxBlockSize/2 {
		if small := s.Shrink(cases[largest]); small.Size() < cases[largest].Size() {
			cases[largest] = small
			return s.encode(cases)
		}
	}
	b, _ := buffers.Get().(*[]byte)
	if b == nil {
		b = new([]byte)
	}
	*b = event.AppendBlock((*b)[:0], cases)
	return b
}

// buffers are blocks' bytes to be used again, once they are stored.
var buffers sync.Pool

// publish stores the blocks in order. A crash between compute and here leaves nothing: the block is computed again.
func (s Stage) publish(ctx context.Context, js jetstream.JetStream, ready <-chan block) error {
	for b := range ready {
		if err := s.store(ctx, js, b); err != nil {
			return err
		}
		buffers.Put(b.data)
		if s.Stored != nil {
			s.Stored(b.seq, b.cases)
		}
	}
	return ctx.Err()
}

// store publishes one block until it is known to be there. A full stream is waited for: that is the back-pressure.
func (s Stage) store(ctx context.Context, js jetstream.JetStream, b block) error {
	var pause clock.Backoff
	for {
		err := PublishUnder(ctx, js, s.Out, s.OutSubject, b.seq-1, b.in, *b.data)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, ErrFull):
			s.Log.WarnContext(ctx, "stream is full, waiting for room", slog.String("out", s.Out), slog.Uint64("sequence", b.seq))
		default:
			stored, serr := Settle(ctx, js, s.Out, b.seq, *b.data)
			if serr != nil || stored {
				return serr
			}
			if errors.Is(err, ErrWrongSequence) {
				return s.displaced(ctx, js, b, err)
			}
			s.Log.WarnContext(ctx, "publish failed, trying again", slog.String("out", s.Out), slog.Any("error", err))
		}
		if err := pause.Wait(ctx); err != nil {
			return err
		}
	}
}

// displaced tells a lost tail from a second writer, after the stream refused a block's number.
func (s Stage) displaced(ctx context.Context, js jetstream.JetStream, b block, refused error) error {
	out, err := Look(ctx, js, s.Out)
	if err != nil {
		return err
	}
	if out.Last+1 < b.seq {
		return fmt.Errorf("%w: %w", errTailLost, refused)
	}
	return fmt.Errorf("%w: %w", ErrSecondWriter, refused)
}
