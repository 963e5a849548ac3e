package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/tidegate/tidegate/deploy/bench/varied"
	"github.com/tidegate/tidegate/deploy/standalone"
	"github.com/tidegate/tidegate/services/screening/replay"
)

// Beside is what live orders wait while nothing else runs, and while a replay runs beside them in a process of its own.
type Beside struct {
	Alone   Latency `json:"alone"`
	Beside  Latency `json:"beside_a_replay"`
	Ratio   float64 `json:"decision_p99_ratio"`
	Replays int     `json:"replays"` // that ended meanwhile
}

// besideOrders is how many orders the replays beside live ones judge.
const besideOrders = 10_000

// measureBeside starts the whole product with a history, and paces live orders alone and beside replays.
func measureBeside(ctx context.Context, w io.Writer, dir string, d time.Duration) (b Beside, err error) {
	s, err := standalone.New(ctx, standalone.Config{Data: dir, GuardDir: filepath.Join(dir, "guard"), NATSPort: -1})
	if err != nil {
		return b, err
	}
	ctx, stop := context.WithCancel(ctx)
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.Run(gctx) })
	g.Go(func() error {
		defer stop()
		select {
		case <-s.Ready():
		case <-gctx.Done():
			return gctx.Err()
		}
		return b.measure(gctx, w, s, dir, d)
	})
	return b, g.Wait()
}

func (b *Beside) measure(ctx context.Context, w io.Writer, s *standalone.Standalone, dir string, d time.Duration) error {
	nc, err := s.Connect("bench")
	if err != nil {
		return err
	}
	r := &run{s: s, gen: varied.NewGenerator(7)}
	if r.js, err = jetstream.New(nc); err != nil {
		return err
	}
	if r.watch, err = newWatch(nc); err != nil {
		return err
	}
	if err := r.past(ctx); err != nil {
		return err
	}
	if _, err := r.paced(ctx, d/4); err != nil { // to warm up
		return err
	}
	fmt.Fprintf(w, "replay: live orders for %s alone …\n", d)
	if b.Alone, err = r.paced(ctx, d); err != nil {
		return err
	}
	fmt.Fprintf(w, "replay: live orders for %s beside replays …\n", d)
	beside, stop := context.WithCancel(ctx)
	var g errgroup.Group
	g.Go(func() (err error) { b.Replays, err = replays(beside, dir); return err })
	b.Beside, err = r.paced(ctx, d)
	stop()
	if failed := g.Wait(); err == nil {
		err = failed
	}
	b.Ratio = b.Beside.DecisionP99 / b.Alone.DecisionP99
	return err
}

// past submits the history.
func (r *run) past(ctx context.Context) error {
	v := varied.NewVaried(42)
	var g errgroup.Group
	g.SetLimit(senders)
	for i := range besideOrders {
		order := v.Next(i)
		g.Go(func() error { return r.send(ctx, order, false) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return r.receipted(ctx)
}

// replays runs this program as the process that replays, again and again.
func replays(ctx context.Context, data string) (n int, err error) {
	for ctx.Err() == nil {
		var out bytes.Buffer
		c := exec.CommandContext(ctx, os.Args[0])
		c.Env = append(os.Environ(), replayedData+"="+data)
		c.Stdout, c.Stderr = &out, &out
		if err := c.Run(); err != nil && ctx.Err() == nil {
			return n, fmt.Errorf("the replay beside: %w: %s", err, out.Bytes())
		}
		if ctx.Err() == nil {
			n++
		}
	}
	return n, nil
}

// replayedData names, in that process's environment, the data directory that it replays.
const replayedData = "TIDEGATE_BENCH_REPLAYED"

// replayBeside is that process. It gives its exit status.
func replayBeside(data string) int {
	standalone.Gentle()
	if _, err := standalone.Replay(context.Background(), data, replay.Options{Set: map[string]string{"diffusion": "codified"}}); err != nil {
		fmt.Fprintln(os.Stderr, "replay beside:", err)
		return 1
	}
	return 0
}

func (b Beside) print(w io.Writer) {
	fmt.Fprintf(w, "  live at 200/s, decision p50 and p99: alone %.1f and %.1f ms, beside a replay %.1f and %.1f ms: %.2f times; %d replays ended meanwhile\n",
		b.Alone.DecisionP50, b.Alone.DecisionP99, b.Beside.DecisionP50, b.Beside.DecisionP99, b.Ratio, b.Replays)
}
