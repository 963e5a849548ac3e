package source

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tidegate/tidegate/shared/clock"
)

// pauseAtMost is the longest wait before a source that failed is run again.
const pauseAtMost = 30 * time.Second

// Runner runs sources.
type Runner struct {
	all  []Named
	says []*Standing
}

// NewRunner prepares; nothing is read before Run.
func NewRunner(all []Named) *Runner {
	r := &Runner{all: all}
	for _, n := range all {
		r.says = append(r.says, NewStanding(n.Name, n.Kind, clock.System))
	}
	return r
}

// States is what the sources say of themselves now.
func (r *Runner) States() []State {
	states := make([]State, len(r.says))
	for i, s := range r.says {
		states[i] = s.State()
	}
	return states
}

// Run runs the sources until ctx ends, which is no error. One that fails is run again, from its own place, and the others
// do not notice. What each says of itself is kept in dir every second.
func (r *Runner) Run(ctx context.Context, door Door, dir string, log *slog.Logger) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("sources: %w", err)
	}
	g, ctx := errgroup.WithContext(ctx)
	for i, n := range r.all {
		g.Go(func() error { keep(ctx, n, door, r.says[i], log); return nil })
		g.Go(func() error { keepState(ctx, r.says[i], dir, log); return nil })
	}
	return g.Wait()
}

// keep runs one source again and again, waiting longer each time it fails at once.
func keep(ctx context.Context, n Named, door Door, says *Standing, log *slog.Logger) {
	pause := 100 * time.Millisecond
	for ctx.Err() == nil {
		began := clock.System()
		err := n.Source.Run(ctx, door, says)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			says.Failed(err)
			log.WarnContext(ctx, "source stopped, going on from its place", slog.String("source", n.Name), slog.Any("error", err))
		}
		if clock.System().Sub(began) > pauseAtMost {
			pause = 100 * time.Millisecond
		}
		_ = clock.Sleep(ctx, pause) // the loop sees an end of ctx
		pause = min(2*pause, pauseAtMost)
	}
}

func keepState(ctx context.Context, says *Standing, dir string, log *slog.Logger) {
	for {
		err := clock.Sleep(ctx, time.Second)
		if werr := says.write(dir); werr != nil {
			log.WarnContext(ctx, "state of a source not kept", slog.Any("error", werr))
		}
		if err != nil {
			return
		}
	}
}
