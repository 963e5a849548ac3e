package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/metrics"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/codec"
)

// Log is what the audit log alone did: guard on, nothing else running but the server that it reads from.
type Log struct {
	LeafBytes    int     `json:"leaf_bytes"`
	Sustained    Rate    `json:"sustained"`        // from a full stream to the last receipt
	PublishedP50 float64 `json:"published_p50_ms"` // at 500 leaves/s: from the decision to the receipt under a published checkpoint
	PublishedP99 float64 `json:"published_p99_ms"`
	VerifyPerSec float64 `json:"verify_leaves_per_s"`
	VerifyCPU    float64 `json:"verify_cpu_us_per_leaf"`
	HeapQuarter  float64 `json:"heap_mb_at_a_quarter"` // live heap, the server's caches included
	HeapEnd      float64 `json:"heap_mb_at_the_end"`
}

const (
	leafSize  = 6 << 10
	perBlock  = 64
	pacedRate = 500
)

// measureLog fills DECISION, has audit log it, paces decisions, verifies.
func measureLog(ctx context.Context, dir string, d time.Duration) (l Log, err error) {
	srv, nc, js, err := server(ctx, filepath.Join(dir, "nats"))
	if err != nil {
		return l, err
	}
	defer srv.Shutdown()
	defer nc.Close()
	w := &decider{js: js}
	for range max(1, int(d.Seconds())) * 12000 / perBlock {
		if err := w.block(ctx, perBlock); err != nil {
			return l, err
		}
	}
	cfg := audit.Config{Dir: filepath.Join(dir, "audit"), GuardDir: filepath.Join(dir, "guard")}
	s, err := audit.New(nc, cfg)
	if err != nil {
		return l, err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.Run(gctx) })
	l.LeafBytes = leafSize
	used, start := cpu(), time.Now()
	if err := logged(gctx, s, uint64(w.cases/4)); err != nil { //nolint:gosec // a count
		return l, err
	}
	l.HeapQuarter = heapMB()
	if err := logged(gctx, s, uint64(w.cases)); err != nil { //nolint:gosec // a count
		return l, err
	}
	l.Sustained, l.HeapEnd = rate(w.cases, time.Since(start), cpu()-used), heapMB()
	if err := l.paced(gctx, nc, w, min(d, 15*time.Second)); err != nil {
		return l, err
	}
	stop()
	if err := g.Wait(); err != nil {
		return l, err
	}
	return l, l.verify(context.WithoutCancel(ctx), cfg)
}

func (l *Log) verify(ctx context.Context, cfg audit.Config) error {
	used, start := cpu(), time.Now()
	rep, err := audit.Verify(ctx, cfg.Dir, cfg.GuardDir, auditverify.Options{})
	if err != nil {
		return err
	}
	l.VerifyPerSec = float64(rep.Size) / time.Since(start).Seconds()
	l.VerifyCPU = float64((cpu() - used).Microseconds()) / float64(rep.Size)
	return nil
}

// paced decides 500 cases a second in blocks of ten and measures until their receipts.
func (l *Log) paced(ctx context.Context, nc *nats.Conn, w *decider, d time.Duration) error {
	const size = 10
	var mu sync.Mutex
	sent, waits := map[string]time.Time{}, []time.Duration(nil)
	sub, err := nc.Subscribe(subject.PublicRecordWildcard, func(m *nats.Msg) {
		mu.Lock()
		defer mu.Unlock()
		if at, ok := sent[m.Header.Get(subject.HeaderSequence)]; ok {
			waits = append(waits, time.Since(at))
		}
	})
	if err != nil {
		return err
	}
	defer func() { _ = sub.Unsubscribe() }()
	tick := time.NewTicker(time.Second * size / pacedRate)
	defer tick.Stop()
	want := 0
	for end := time.Now().Add(d); time.Now().Before(end); want += size {
		<-tick.C
		mu.Lock()
		sent[strconv.FormatUint(w.blocks+1, 10)] = time.Now()
		mu.Unlock()
		if err := w.block(ctx, size); err != nil {
			return err
		}
	}
	for done := 0; done < want; time.Sleep(10 * time.Millisecond) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		mu.Lock()
		done = len(waits)
		mu.Unlock()
	}
	l.PublishedP50, l.PublishedP99 = quantile(waits, 0.5), quantile(waits, 0.99)
	return nil
}

// logged waits until n leaves have their receipt.
func logged(ctx context.Context, s *audit.Service, n uint64) error {
	for s.Leaves() < n {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		time.Sleep(5 * time.Millisecond)
	}
	return nil
}

// heapMB is the heap that the last garbage collection left.
func heapMB() float64 {
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(s)
	return float64(s[0].Value.Uint64()) / (1 << 20)
}

// decider writes blocks of decided cases of the usual size, as screening does.
type decider struct {
	js     jetstream.JetStream
	blocks uint64
	cases  int
}

func (w *decider) block(ctx context.Context, n int) error {
	cases := make([]event.Case, n)
	for i := range cases {
		c, err := decidedCase(fmt.Sprintf("L-%d", w.cases+i))
		if err != nil {
			return err
		}
		cases[i] = c
	}
	if err := bus.Publish(ctx, w.js, subject.DecisionStream, subject.DecisionSubject, w.blocks, event.AppendBlock(nil, cases)); err != nil {
		return err
	}
	w.blocks, w.cases = w.blocks+1, w.cases+n
	return nil
}

// decidedCase is a case with its chain of digests, of which facts are most of the bytes.
func decidedCase(id string) (event.Case, error) {
	order, err := codec.Append(nil, event.Order{ID: id, Parties: []event.Party{{Role: event.Purchaser, Name: "Harbor Lantern Trading"}}, Items: []event.Item{{Description: "lamp"}}})
	if err != nil {
		return event.Case{}, err
	}
	head, err := codec.Append(nil, event.Cause{
		Line: event.LineOrder, V: 1, Kind: event.Placed, Event: id, Key: "default/bench/" + id + "/0", Actor: "bench", Tenant: "default", Source: "bench",
		OrderID: id, Format: "tidegate-json", At: "2026-11-23T10:15:00.123456Z", Received: event.Received{SHA256: event.Digest(order), Size: len(order)},
	})
	if err != nil {
		return event.Case{}, err
	}
	c := event.NewCase(append(append(append(head[:len(head)-1:len(head)-1], `,"order":`...), order...), '}'))
	facts, err := codec.Append(nil, event.Facts{Line: event.LineFacts, V: 1, Prev: event.Digest(c.Last()), Snapshot: "s1", Failed: string(bytes.Repeat([]byte{'x'}, leafSize-1200))})
	if err != nil {
		return event.Case{}, err
	}
	c = c.With(facts)
	judgement, err := codec.Append(nil, event.Judgement{Line: event.LineJudgement, V: 1, Prev: event.Digest(c.Last()), Outcome: event.Release})
	return c.With(judgement), err
}

func (l Log) print(w io.Writer) {
	fmt.Fprintf(w, "\nlog alone, leaves of %d bytes: %.0f leaves/s sustained, %.1f µs CPU each; published at %d/s: p50 %.0f ms, p99 %.0f ms\n",
		l.LeafBytes, l.Sustained.OrdersPerSec, l.Sustained.CPUPerOrder, pacedRate, l.PublishedP50, l.PublishedP99)
	fmt.Fprintf(w, "verified at %.0f leaves/s, %.1f µs CPU each; live heap %.0f MB after a quarter of %d leaves, %.0f MB after all\n",
		l.VerifyPerSec, l.VerifyCPU, l.HeapQuarter, l.Sustained.Orders, l.HeapEnd)
}

// benchLog is the log's part alone.
func benchLog(ctx context.Context, w io.Writer, dir string, d time.Duration) (Log, error) {
	tmp, err := os.MkdirTemp(dir, "tidegate-bench-log-")
	if err != nil {
		return Log{}, err
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	fmt.Fprintf(w, "log alone, %d leaves …\n", max(1, int(d.Seconds()))*12000)
	return measureLog(ctx, tmp, d)
}
