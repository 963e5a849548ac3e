package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/tidegate/tidegate/services/ingest"
)

// Doors is what the public ways in did, over the same pipeline.
type Doors struct {
	Lines  Rate    `json:"ndjson_over_http"`   // one request, one order a line
	Stream Rate    `json:"customers_stream"`   // a durable consumer of a stream with one order a message
	Posts  Latency `json:"posts_at_200_per_s"` // one order a request, waited for
}

// customersStream is the stream that the door reads in the benchmark, by customersDurable.
const (
	customersStream  = "CUSTOMER"
	customersDurable = "tidegate-bench"
)

// doors configures the customer's stream; the door waits for it until it is there.
func doors() ingest.Config {
	return ingest.Config{Doors: ingest.Doors{Streams: map[string]ingest.Stream{
		"bench": {Name: customersStream, Durable: customersDurable, Source: "load", Actor: "stream:bench"},
	}}}
}

func (r *run) doors(ctx context.Context, d time.Duration) (out Doors, err error) {
	if out.Posts, err = r.posts(ctx, min(d, 10*time.Second), 200); err != nil {
		return out, fmt.Errorf("posts: %w", err)
	}
	if out.Lines, err = r.lines(ctx, d); err != nil {
		return out, fmt.Errorf("lines: %w", err)
	}
	out.Stream, err = r.stream(ctx, int(out.Lines.OrdersPerSec*d.Seconds()))
	return out, err
}

// lines streams orders through one request for d and waits for the last receipt.
func (r *run) lines(ctx context.Context, d time.Duration) (Rate, error) {
	before, used, start := r.accepted.Load(), cpu(), time.Now()
	body, feed := io.Pipe()
	go func() {
		w := bufio.NewWriterSize(feed, 64<<10)
		for time.Since(start) < d {
			_, _ = w.Write(append(r.gen.Next("load"), '\n')) // a door that is gone ends the request
		}
		_ = feed.CloseWithError(w.Flush())
	}()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.s.HTTP()+"/v1/orders", body)
	if err != nil {
		return Rate{}, err
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return Rate{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	sc := bufio.NewScanner(resp.Body)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		switch {
		case !bytes.HasPrefix(sc.Bytes(), []byte(`{"status":"accepted"`)):
			return Rate{}, fmt.Errorf("%s", sc.Bytes())
		case !bytes.Contains(sc.Bytes(), []byte(`"duplicate":true`)):
			r.accepted.Add(1)
		}
	}
	if err := errors.Join(sc.Err(), r.receipted(ctx)); err != nil {
		return Rate{}, err
	}
	return rate(int(r.accepted.Load()-before), time.Since(start), cpu()-used), nil
}

// stream puts n orders into the customer's stream and waits for the last receipt. The stream is in memory, for what the
// customer's server does is not what is measured.
func (r *run) stream(ctx context.Context, n int) (Rate, error) {
	n = min(n, 25_000) // the embedded server has 64 MB for streams in memory
	stream, err := r.js.CreateStream(ctx, jetstream.StreamConfig{Name: customersStream, Subjects: []string{"customer.orders"}, Storage: jetstream.MemoryStorage})
	if err != nil {
		return Rate{}, err
	}
	for { // the door looks for the stream every second at most
		if _, err := stream.Consumer(ctx, customersDurable); err == nil {
			break
		} else if !errors.Is(err, jetstream.ErrConsumerNotFound) {
			return Rate{}, err
		}
		time.Sleep(5 * time.Millisecond)
	}
	before, used, start := r.accepted.Load(), cpu(), time.Now()
	for i := range n {
		order := r.gen.Fresh("load", i)
		if _, err := r.js.PublishAsync("customer.orders", order, jetstream.WithStallWait(10*time.Second)); err != nil {
			return Rate{}, err
		}
	}
	select {
	case <-r.js.PublishAsyncComplete():
	case <-ctx.Done():
		return Rate{}, ctx.Err()
	}
	r.accepted.Add(int64(n))
	if err := r.receipted(ctx); err != nil {
		return Rate{}, err
	}
	return rate(int(r.accepted.Load()-before), time.Since(start), cpu()-used), nil
}

// posts sends n orders a second, one a request, half of them waiting for the decision and half for the receipt.
func (r *run) posts(ctx context.Context, d time.Duration, n int) (Latency, error) {
	tick := time.NewTicker(time.Second / time.Duration(n))
	defer tick.Stop()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 512}}
	defer client.CloseIdleConnections()
	var mu sync.Mutex
	took := map[string][]time.Duration{}
	g, gctx := errgroup.WithContext(ctx)
	i := 0
	for end := time.Now().Add(d); time.Now().Before(end); <-tick.C {
		what := []string{"decision", "receipt"}[i%2]
		order := r.gen.Fresh("posted", i)
		i++
		g.Go(func() error {
			start := time.Now()
			if err := post(gctx, client, r.s.HTTP()+"/v1/orders?timeout=60s&wait="+what, order); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			took[what] = append(took[what], time.Since(start))
			r.accepted.Add(1)
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return Latency{}, err
	}
	return Latency{
		Orders: i, DecisionP50: quantile(took["decision"], 0.5), DecisionP99: quantile(took["decision"], 0.99),
		ReceiptP50: quantile(took["receipt"], 0.5), ReceiptP99: quantile(took["receipt"], 0.99),
	}, r.receipted(ctx)
}

func post(ctx context.Context, client *http.Client, url string, order []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(order))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusCreated {
		err = fmt.Errorf("%s: %s", resp.Status, b)
	}
	return err
}
