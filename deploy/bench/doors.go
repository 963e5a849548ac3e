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

	"golang.org/x/sync/errgroup"
)

// Doors is what the public ways in did, over the same pipeline.
type Doors struct {
	Lines  Rate    `json:"ndjson_over_http"`   // one request, one order a line
	Stream Rate    `json:"customers_stream"`   // a durable consumer of a stream with one order a message
	Posts  Latency `json:"posts_at_200_per_s"` // one order a request, waited for
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
	before, used, start, first := r.accepted.Load(), cpu(), time.Now(), r.beginning(ctx)
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
	return r.since(<-first, int(r.accepted.Load()-before), cpu()-used), nil
}

// stream has the customer put n orders into its stream, one a message, and waits for the last receipt.
func (r *run) stream(ctx context.Context, n int) (Rate, error) {
	before, used, first := r.accepted.Load(), cpu(), r.beginning(ctx)
	r.accepted.Add(int64(n))
	if err := r.customer.fill(n); err != nil {
		return Rate{}, err
	}
	if err := r.receipted(ctx); err != nil {
		return Rate{}, err
	}
	return r.since(<-first, int(r.accepted.Load()-before), cpu()-used), nil
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
