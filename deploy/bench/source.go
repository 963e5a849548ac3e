package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"github.com/tidegate/tidegate/deploy/bench/varied"
	"github.com/tidegate/tidegate/deploy/standalone"
	"github.com/tidegate/tidegate/deploy/webhook"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/ingest/source/outbox"
	"github.com/tidegate/tidegate/shared/bus"
)

// Edge is what one running source or sink did.
type Edge struct {
	Name string `json:"name"`
	Rate
	Why string `json:"not_measured,omitempty"` // where it was not
}

// perSecond is how many messages are made for each second that a source is to be measured.
const perSecond = 4000

// benchEdges measures sources into the whole pipeline, from the first order to the last receipt, and webhooks out. Brokers,
// database and receiver run on the same cores, and what they cost is in the figures.
func benchEdges(ctx context.Context, w io.Writer, dir string, d time.Duration) ([]Edge, error) {
	fmt.Fprintf(w, "sources and webhooks for about %s each …\n", d)
	tmp, err := os.MkdirTemp(dir, "tidegate-bench-edges-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	n := max(1, int(d.Seconds())) * perSecond
	var all []Edge
	for _, one := range []struct {
		name    string
		measure func(context.Context, string, int) (Rate, error)
	}{{"kafka", fromKafka}, {"outbox", fromOutbox}, {"webhooks", toWebhook}} {
		name := one.name
		r, err := one.measure(ctx, filepath.Join(tmp, name), n)
		switch {
		case errors.Is(err, errAbsent):
			all = append(all, Edge{Name: name, Why: err.Error()})
		case err != nil:
			return nil, fmt.Errorf("%s: %w", name, err)
		default:
			all = append(all, Edge{Name: name, Rate: r})
		}
	}
	return all, nil
}

var errAbsent = errors.New("set TIDEGATE_BENCH_POSTGRES to the address of an empty database")

func fromKafka(ctx context.Context, dir string, n int) (Rate, error) {
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(2, "orders"))
	if err != nil {
		return Rate{}, err
	}
	defer c.Close()
	client, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.DefaultProduceTopic("orders"))
	if err != nil {
		return Rate{}, err
	}
	defer client.Close()
	gen := varied.NewGenerator(1)
	for range n {
		client.Produce(ctx, &kgo.Record{Value: gen.Next("kafka")}, nil)
	}
	if err := client.Flush(ctx); err != nil {
		return Rate{}, err
	}
	return throughSource(ctx, dir, fmt.Sprintf("kafka: {brokers: ['%s'], topics: [orders]}", c.ListenAddrs()[0]), n)
}

func fromOutbox(ctx context.Context, dir string, n int) (Rate, error) {
	url := os.Getenv("TIDEGATE_BENCH_POSTGRES")
	if url == "" {
		return Rate{}, errAbsent
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return Rate{}, err
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, fmt.Sprintf(outbox.Table, "tidegate_outbox", "tidegate_outbox")); err != nil {
		return Rate{}, err
	}
	gen := varied.NewGenerator(2)
	if _, err := conn.CopyFrom(ctx, pgx.Identifier{"tidegate_outbox"}, []string{"body"}, pgx.CopyFromSlice(n, func(int) ([]any, error) { return []any{gen.Next("table")}, nil })); err != nil {
		return Rate{}, err
	}
	return throughSource(ctx, dir, "postgres: {url: '"+url+"'}", n)
}

// throughSource runs the whole product on one source until about n orders have their receipts: the generator sends some twice,
// so it ends when nothing new comes.
func throughSource(ctx context.Context, dir, conf string, n int) (r Rate, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return r, err
	}
	file := filepath.Join(dir, "bench.yaml")
	if err := os.WriteFile(file, []byte("sources:\n  bench:\n    "+conf+"\n"), 0o600); err != nil {
		return r, err
	}
	s, err := standalone.New(ctx, standalone.Config{Data: filepath.Join(dir, "data"), GuardDir: filepath.Join(dir, "guard"), NATSPort: -1, Sources: file})
	if err != nil {
		return r, err
	}
	ctx, stop := context.WithCancel(ctx)
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.Run(gctx) })
	g.Go(func() (err error) {
		defer stop()
		r, err = receipts(gctx, s, n)
		return err
	})
	return r, g.Wait()
}

// receipts times the way from the first receipt until there are nine tenths of n: what is sent twice has one.
func receipts(ctx context.Context, s *standalone.Standalone, n int) (Rate, error) {
	nc, err := s.Connect("bench")
	if err != nil {
		return Rate{}, err
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return Rate{}, err
	}
	at := func(want uint64) (uint64, error) {
		for {
			b, err := bus.Look(ctx, js, subject.PublicRecordStream)
			if err != nil || b.Last >= want {
				return b.Last, err
			}
			select {
			case <-time.After(5 * time.Millisecond):
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		}
	}
	first, err := at(1)
	if err != nil {
		return Rate{}, err
	}
	began, busy := time.Now(), cpu()
	last, err := at(uint64(n) * 9 / 10)
	return rate(int(last-first), time.Since(began), cpu()-busy), err
}

func toWebhook(ctx context.Context, dir string, n int) (r Rate, err error) {
	srv, nc, js, err := server(ctx, dir)
	if err != nil {
		return r, err
	}
	defer srv.Shutdown()
	defer nc.Close()
	var took atomic.Int64
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return r, err
	}
	receiver := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		_, _ = io.Copy(io.Discard, q.Body)
		took.Add(1)
	})}
	go func() { _ = receiver.Serve(l) }()
	defer func() { _ = receiver.Close() }()
	s, err := webhook.New(ctx, nc, []webhook.Endpoint{{Name: "bench", URL: "http://" + l.Addr().String(), Secrets: []string{webhook.NewSecret()}, AllowPrivate: true}}, nil)
	if err != nil {
		return r, err
	}
	if err := someReceipts(ctx, js, n); err != nil {
		return r, err
	}
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	began, busy := time.Now(), cpu()
	go func() { ended <- s.Run(ctx) }()
	for took.Load() < int64(n) && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	r = rate(n, time.Since(began), cpu()-busy)
	stop()
	return r, <-ended
}

// someReceipts puts receipts of a thousand orders in turn onto the public stream.
func someReceipts(ctx context.Context, js jetstream.JetStream, n int) error {
	for i := range n {
		h := nats.Header{
			subject.HeaderCEID: {strconv.Itoa(i)}, subject.HeaderCESubject: {strconv.Itoa(i % 1000)}, subject.HeaderCEType: {subject.TypeRecord},
			subject.HeaderSequence: {strconv.Itoa(i + 1)}, subject.HeaderPlace: {"0"},
		}
		if _, err := js.PublishMsgAsync(&nats.Msg{Subject: subject.PublicRecordPrefix + "bench.release", Header: h, Data: filler(700)}); err != nil {
			return err
		}
	}
	select {
	case <-js.PublishAsyncComplete():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func printEdges(w io.Writer, all []Edge, pipeline float64) {
	for _, e := range all {
		if e.Why != "" {
			fmt.Fprintf(w, "%-9s not measured: %s\n", e.Name, e.Why)
			continue
		}
		fmt.Fprintf(w, "%-9s %8.0f /s  %6.0f µs CPU each", e.Name, e.OrdersPerSec, e.CPUPerOrder)
		if pipeline > 0 && e.Name != "webhooks" {
			fmt.Fprintf(w, "  %.2f of the pipeline's own rate", e.OrdersPerSec/pipeline)
		}
		fmt.Fprintln(w)
	}
}
