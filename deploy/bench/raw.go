package main

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/natsembed"
)

// Rate is one measured speed.
type Rate struct {
	Orders       int     `json:"orders"`
	Seconds      float64 `json:"seconds"`
	OrdersPerSec float64 `json:"orders_per_s"`
	CPUPerOrder  float64 `json:"cpu_us_per_order"`
}

func rate(orders int, wall, cpu time.Duration) Rate {
	return Rate{
		Orders: orders, Seconds: wall.Seconds(), OrdersPerSec: float64(orders) / wall.Seconds(),
		CPUPerOrder: float64(cpu.Microseconds()) / float64(max(orders, 1)),
	}
}

// server starts a private server with the streams declared and the durability of the real one.
func server(ctx context.Context, dir string) (*natsembed.Server, *nats.Conn, jetstream.JetStream, error) {
	srv, err := natsembed.Start(natsembed.Config{Dir: dir})
	if err != nil {
		return nil, nil, nil, err
	}
	nc, err := srv.Connect("bench")
	if err != nil {
		return nil, nil, nil, err
	}
	js, err := jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(4096))
	if err != nil {
		return nil, nil, nil, err
	}
	return srv, nc, js, bus.Apply(ctx, js, bus.Limits{})
}

// rawLimit publishes one order a message, 4,096 unacknowledged at a time, each synced to disk before it is
// acknowledged: what a design without blocks could reach at most at its first hop.
func rawLimit(ctx context.Context, dir string, d time.Duration, size int) (Rate, error) {
	srv, nc, js, err := server(ctx, dir)
	if err != nil {
		return Rate{}, err
	}
	defer srv.Shutdown()
	defer nc.Close()
	payload := filler(size)
	n, before, start := 0, cpu(), time.Now()
	for time.Since(start) < d {
		if _, err := js.PublishAsync(subject.OrderSubject, payload, jetstream.WithStallWait(10*time.Second)); err != nil {
			return Rate{}, fmt.Errorf("raw publish: %w", err)
		}
		n++
	}
	<-js.PublishAsyncComplete()
	return rate(n, time.Since(start), cpu()-before), nil
}

// hops are the bytes a case takes in each internal stream, and the cases of a block, as the real pipeline writes them.
type hops struct {
	Cases    int `json:"cases_per_block"`
	Order    int `json:"order_bytes"`
	Enriched int `json:"enriched_bytes"`
	Decision int `json:"decision_bytes"`
}

// skeleton moves blocks of the real pipeline's sizes through the same three streams with the same durability and one
// reader at the end. It does no work on them.
func skeleton(ctx context.Context, dir string, d time.Duration, h hops) (Rate, error) {
	srv, nc, js, err := server(ctx, dir)
	if err != nil {
		return Rate{}, err
	}
	defer srv.Shutdown()
	defer nc.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	blocks := 0
	g, gctx := errgroup.WithContext(ctx)
	before, start := cpu(), time.Now()
	g.Go(func() error {
		return copyBlocks(gctx, js, subject.OrderStream, subject.EnrichedStream, subject.EnrichedSubject, filler(h.Enriched*h.Cases))
	})
	g.Go(func() error {
		return copyBlocks(gctx, js, subject.EnrichedStream, subject.DecisionStream, subject.DecisionSubject, filler(h.Decision*h.Cases))
	})
	g.Go(func() error { return discard(gctx, js) })
	payload := filler(h.Order * h.Cases)
	for time.Since(start) < d {
		if err := bus.Publish(ctx, js, subject.OrderStream, subject.OrderSubject, uint64(blocks), payload); err != nil {
			return Rate{}, err
		}
		blocks++
	}
	if err := drained(ctx, js, uint64(blocks)); err != nil {
		return Rate{}, err
	}
	wall, used := time.Since(start), cpu()-before
	cancel()
	if err := g.Wait(); err != nil && !bus.Stopped(err) {
		return Rate{}, err
	}
	return rate(blocks*h.Cases, wall, used), nil
}

// discard reads the last stream and makes room behind itself, as audit does.
func discard(ctx context.Context, js jetstream.JetStream) error {
	r, err := bus.OpenReader(ctx, js, subject.DecisionStream, 1)
	if err != nil {
		return err
	}
	defer r.Close()
	for {
		b, err := r.Next(ctx)
		if err != nil {
			return err
		}
		if b.Sequence%256 != 0 {
			continue
		}
		for _, s := range []string{subject.OrderStream, subject.EnrichedStream, subject.DecisionStream} {
			if err := bus.Purge(ctx, js, s, b.Sequence); err != nil {
				return err
			}
		}
	}
}

// drained waits until DECISION has block n.
func drained(ctx context.Context, js jetstream.JetStream, n uint64) error {
	for {
		b, err := bus.Look(ctx, js, subject.DecisionStream)
		if err != nil || b.Last >= n {
			return err
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func copyBlocks(ctx context.Context, js jetstream.JetStream, in, out, subj string, payload []byte) error {
	r, err := bus.OpenReader(ctx, js, in, 1)
	if err != nil {
		return err
	}
	defer r.Close()
	for {
		b, err := r.Next(ctx)
		if err != nil {
			return err
		}
		if err := bus.Publish(ctx, js, out, subj, b.Sequence-1, payload); err != nil {
			return err
		}
	}
}

func filler(n int) []byte {
	b := make([]byte, max(n, 1))
	for i := range b {
		b[i] = 'a' + byte(i%26)
	}
	return b
}
