package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/tidegate/tidegate/deploy/bench/varied"
	"github.com/tidegate/tidegate/deploy/standalone"
	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/shared/bus"
)

// Pipeline is what the real pipeline did, exactly as serve runs it.
type Pipeline struct {
	Rate
	Duplicates int                `json:"duplicates"`
	Stages     map[string]float64 `json:"cpu_us_per_order_by_stage"`
	Doors      Doors              `json:"doors"`
	Sizes      hops               `json:"sizes"`
	Paced      Latency            `json:"at_200_per_s"`
	Full       Latency            `json:"at_full_load"`
	IdleMB     float64            `json:"idle_rss_mb"`
	PeakMB     float64            `json:"peak_rss_mb"`
	DiskMB     float64            `json:"disk_mb"`

	profile []byte // CPU profile of the full load, labels by stage
}

// senders is how many orders are on their way from the sender's side at full load.
const senders = 768

// probeEvery marks one order in so many for the latency figures at full load.
const probeEvery = 64

// run is one pipeline under measurement.
type run struct {
	s        *standalone.Standalone
	customer *customer
	js       jetstream.JetStream
	gen      *varied.Generator
	accepted atomic.Int64
	twice    atomic.Int64
	watch    *watch
}

// measurePipeline starts the whole product in dir, feeds it 200 orders/s for a while, then all it takes for d.
func measurePipeline(ctx context.Context, dir string, d time.Duration) (p Pipeline, err error) {
	c, err := newCustomer(ctx)
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	s, err := standalone.New(ctx, standalone.Config{Data: dir, GuardDir: filepath.Join(dir, "guard"), NATSPort: -1, Ingest: c.door()})
	if err != nil {
		return p, err
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
		var err error
		p, err = measure(gctx, s, c, dir, d)
		return err
	})
	return p, g.Wait()
}

func measure(ctx context.Context, s *standalone.Standalone, c *customer, dir string, d time.Duration) (Pipeline, error) {
	var p Pipeline
	nc, err := s.Connect("bench")
	if err != nil {
		return p, err
	}
	r := &run{s: s, customer: c, gen: varied.NewGenerator(20261123)}
	if r.js, err = jetstream.New(nc); err != nil {
		return p, err
	}
	if r.watch, err = newWatch(nc); err != nil {
		return p, err
	}
	if p.IdleMB, err = residentMB(os.Getpid(), "VmRSS"); err != nil {
		return p, err
	}
	if p.Paced, err = r.paced(ctx, min(d/4, 15*time.Second)); err != nil {
		return p, err
	}
	if err := r.full(ctx, &p, d); err != nil {
		return p, err
	}
	if p.Doors, err = r.doors(ctx, d/3); err != nil {
		return p, err
	}
	if p.Sizes, err = r.sizes(ctx); err != nil {
		return p, err
	}
	p.PeakMB, err = residentMB(os.Getpid(), "VmHWM")
	p.DiskMB = float64(diskUse(dir)) / (1 << 20)
	return p, err
}

// send submits one order and notes when, if it is a probe.
func (r *run) send(ctx context.Context, order []byte, probe bool) error {
	if probe {
		r.watch.sent(order)
	}
	a, err := r.s.Ingest.Submit(ctx, order, "bench")
	if err != nil {
		return err
	}
	switch {
	case a.Status != "accepted":
		return fmt.Errorf("order %s: %+v", order, a)
	case a.Duplicate:
		r.twice.Add(1)
	default:
		r.accepted.Add(1)
	}
	return nil
}

// pacedPerSecond is how many orders a second are sent where latency is measured.
const pacedPerSecond = 200

// paced sends some orders a second, each one a probe.
func (r *run) paced(ctx context.Context, d time.Duration) (Latency, error) {
	tick := time.NewTicker(time.Second / pacedPerSecond)
	defer tick.Stop()
	g, gctx := errgroup.WithContext(ctx)
	for end := time.Now().Add(d); time.Now().Before(end); <-tick.C {
		order := r.gen.Next("probe")
		g.Go(func() error { return r.send(gctx, order, true) })
	}
	if err := g.Wait(); err != nil {
		return Latency{}, err
	}
	if err := r.receipted(ctx); err != nil {
		return Latency{}, err
	}
	return r.watch.take(), nil
}

// full sends all the pipeline takes for d and waits for the last receipt.
func (r *run) full(ctx context.Context, p *Pipeline, d time.Duration) error {
	orders := make(chan []byte, senders)
	before, first := r.accepted.Load(), r.beginning(ctx)
	used, start := cpu(), time.Now()
	var profile bytes.Buffer
	if err := pprof.StartCPUProfile(&profile); err != nil {
		return err
	}
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		pprof.Do(gctx, pprof.Labels("stage", "generator"), func(ctx context.Context) { r.feed(ctx, orders, start.Add(d)) })
		return nil
	})
	for range senders {
		g.Go(func() (err error) {
			pprof.Do(gctx, pprof.Labels("stage", "ingest"), func(ctx context.Context) { err = r.drain(ctx, orders) })
			return err
		})
	}
	err := g.Wait()
	if err == nil {
		err = r.receipted(ctx)
	}
	pprof.StopCPUProfile()
	if err != nil {
		return err
	}
	n := int(r.accepted.Load() - before)
	p.Rate = r.since(<-first, n, cpu()-used)
	p.Duplicates, p.Full = int(r.twice.Load()), r.watch.take()
	p.profile = profile.Bytes()
	p.Stages, err = byStage(p.profile, n)
	return err
}

// drain is one sender: it submits what is fed until there is no more.
func (r *run) drain(ctx context.Context, orders <-chan []byte) error {
	for order := range orders {
		if err := r.send(ctx, order, bytes.HasPrefix(order, []byte(`{"source":"probe"`))); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) feed(ctx context.Context, orders chan<- []byte, end time.Time) {
	defer close(orders)
	for i := 0; time.Now().Before(end); i++ {
		source := "load"
		if i%probeEvery == 0 {
			source = "probe"
		}
		select {
		case orders <- r.gen.Next(source):
		case <-ctx.Done():
			return
		}
	}
}

// begun is when the first receipt of a phase was there, and how many there were then. Rates are counted from it, in every phase
// alike: the way to the first receipt is a latency, and would weigh more the shorter a phase is.
type begun struct {
	at   time.Time
	last uint64
}

// beginning waits for the first receipt behind those there are now.
func (r *run) beginning(ctx context.Context) <-chan begun {
	before := uint64(r.accepted.Load())
	first := make(chan begun, 1)
	go func() {
		for {
			b, err := bus.Look(ctx, r.js, subject.PublicRecordStream)
			if err != nil || b.Last > before {
				first <- begun{time.Now(), b.Last}
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	return first
}

// since is the rate of n orders whose last receipt just came.
func (r *run) since(first begun, n int, cpu time.Duration) Rate {
	whole := rate(n, time.Since(first.at), cpu)
	whole.OrdersPerSec = float64(uint64(r.accepted.Load())-first.last) / whole.Seconds
	return whole
}

// receipted waits until every accepted order has its receipt.
func (r *run) receipted(ctx context.Context) error {
	want := uint64(r.accepted.Load())
	for {
		b, err := bus.Look(ctx, r.js, subject.PublicRecordStream)
		if err != nil || b.Last >= want {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// sizes looks at the last block there is in DECISION: what its cases take in each stream.
func (r *run) sizes(ctx context.Context) (h hops, err error) {
	end, err := bus.Look(ctx, r.js, subject.DecisionStream)
	if err != nil {
		return h, err
	}
	for seq := max(end.First, end.Last-min(end.Last, 200)); seq <= end.Last; seq++ {
		data, err := bus.Get(ctx, r.js, subject.DecisionStream, seq)
		if err != nil {
			return h, err
		}
		cases, err := event.ParseBlock(data)
		if err != nil {
			return h, err
		}
		if len(cases) <= h.Cases {
			continue
		}
		h = hops{Cases: len(cases), Decision: len(data) / len(cases)}
		for _, c := range cases {
			h.Order += len(c.Line(0)) + 2
			h.Enriched += len(c.Line(0)) + len(c.Line(1)) + 3
		}
		h.Order, h.Enriched = h.Order/len(cases), h.Enriched/len(cases)
	}
	return h, nil
}

func diskUse(dir string) (n int64) {
	_ = filepath.WalkDir(dir, func(_ string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			if st, err := e.Info(); err == nil {
				n += st.Size()
			}
		}
		return nil
	})
	return n
}

// watch follows the probes' decisions and receipts on the public subjects.
type watch struct {
	mu        sync.Mutex
	start     map[string]time.Time // by order id
	decisions []time.Duration
	receipts  []time.Duration
}

func newWatch(nc *nats.Conn) (*watch, error) {
	w := &watch{start: map[string]time.Time{}}
	note := func(to *[]time.Duration) nats.MsgHandler {
		return func(m *nats.Msg) {
			w.mu.Lock()
			defer w.mu.Unlock()
			if t, ok := w.start[m.Header.Get(subject.HeaderCESubject)]; ok {
				*to = append(*to, time.Since(t))
			}
		}
	}
	if _, err := nc.Subscribe(subject.PublicDecisionPrefix+"probe.*", note(&w.decisions)); err != nil {
		return nil, err
	}
	_, err := nc.Subscribe(subject.PublicRecordPrefix+"probe.*", note(&w.receipts))
	return w, err
}

// sent starts the clock of a probe; one sent again keeps its first start.
func (w *watch) sent(order []byte) {
	_, rest, _ := bytes.Cut(order, []byte(`"id":"`))
	id, _, _ := bytes.Cut(rest, []byte(`"`))
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.start[string(id)]; !ok {
		w.start[string(id)] = time.Now()
	}
}
