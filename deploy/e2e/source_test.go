package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tidegate/tidegate/deploy/webhook"
	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/source"
	"github.com/tidegate/tidegate/services/ingest/source/outbox"
	"github.com/tidegate/tidegate/services/ingest/source/outbox/outboxtest"
	"github.com/tidegate/tidegate/shared/clock"
)

// revisions is how many of each order are sent, one after the other.
const revisions = 3

// topic is a Kafka cluster of this test's own, with its data on disk.
type topic struct {
	dir  string
	port int
	*kfake.Cluster
}

func startTopic(t *testing.T) *topic {
	t.Helper()
	_, port, err := net.SplitHostPort(freePort(t))
	if err != nil {
		t.Fatal(err)
	}
	k := &topic{dir: t.TempDir()}
	if k.port, err = strconv.Atoi(port); err != nil {
		t.Fatal(err)
	}
	k.start(t)
	t.Cleanup(func() { k.Close() })
	return k
}

func (k *topic) start(t *testing.T) {
	t.Helper()
	var err error
	eventually(t, "the broker's port is free", 20*time.Second, func() bool {
		k.Cluster, err = kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(k.port), kfake.DataDir(k.dir), kfake.SyncWrites(), kfake.SeedTopics(2, "orders"))
		return err == nil
	})
}

// receiver is an endpoint that can be killed: it keeps what it took, and in which order.
type receiver struct {
	addr string

	mu     sync.Mutex
	server *http.Server
	taken  map[string]bool
	last   map[string]uint64 // by order: the last leaf taken first
	wrong  []string
}

func startReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{addr: freePort(t), taken: map[string]bool{}, last: map[string]uint64{}}
	r.start(t)
	t.Cleanup(func() { _ = r.server.Close() })
	return r
}

func (r *receiver) start(t *testing.T) {
	t.Helper()
	var l net.Listener
	eventually(t, "the receiver's port is free", 20*time.Second, func() bool {
		var err error
		l, err = net.Listen("tcp", r.addr)
		return err == nil
	})
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: time.Minute}
	go func() { _ = r.server.Serve(l) }()
}

func (r *receiver) restart(t *testing.T) {
	t.Helper()
	_ = r.server.Close()
	r.start(t)
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	b, err := io.ReadAll(req.Body)
	var e struct {
		ID   string       `json:"id"`
		Data event.Record `json:"data"`
	}
	if err == nil {
		err = json.Unmarshal(b, &e)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil || e.ID != req.Header.Get(webhook.HeaderID) {
		r.wrong = append(r.wrong, fmt.Sprintf("%s: %v", b, err))
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	order := e.Data.Source + "/" + e.Data.OrderID
	if !r.taken[e.ID] {
		if last, met := r.last[order]; met && e.Data.Leaf < last {
			r.wrong = append(r.wrong, fmt.Sprintf("order %s: leaf %d came after %d", order, e.Data.Leaf, last))
		}
		r.last[order] = e.Data.Leaf
	}
	r.taken[e.ID] = true
}

func (r *receiver) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.taken)
}

// sender puts orders where one source reads them, each revision behind the one before.
type sender struct {
	name string
	send func(ctx context.Context, docs []string) error
	sent atomic.Int64
}

// run sends until stop is closed; what is not known to be there is sent again.
func (s *sender) run(t *testing.T, stop <-chan struct{}) {
	t.Helper()
	for n := 0; ; n++ {
		select {
		case <-stop:
			return
		default:
		}
		docs := make([]string, revisions)
		for r := range docs {
			docs[r] = fmt.Sprintf(`{"source":%q,"id":"%s-%d","revision":%d,"order_date":"2026-11-20","ship_to":"DE","parties":[{"role":"purchaser","name":"Holm & Vester GmbH","address":{"country":"DE"}}],"items":[{"description":"desk fan","eccn":"EAR99","quantity":%d}]}`,
				s.name, s.name, n, r, r+1)
		}
		var pause clock.Backoff
		for s.send(t.Context(), docs) != nil {
			if pause.Wait(t.Context()) != nil {
				return
			}
		}
		s.sent.Add(revisions)
		if pause.Wait(t.Context()) != nil {
			return
		}
	}
}

func toKafka(k *topic) func(context.Context, []string) error {
	return func(ctx context.Context, docs []string) error {
		client, err := kgo.NewClient(kgo.SeedBrokers("127.0.0.1:"+strconv.Itoa(k.port)), kgo.DefaultProduceTopic("orders"), kgo.RecordDeliveryTimeout(5*time.Second))
		if err != nil {
			return err
		}
		defer client.Close()
		for _, d := range docs {
			if err := client.ProduceSync(ctx, &kgo.Record{Key: []byte(d[:40]), Value: []byte(d)}).FirstErr(); err != nil {
				return err
			}
		}
		return nil
	}
}

func toTable(p *outboxtest.Server) func(context.Context, []string) error {
	return func(ctx context.Context, docs []string) error {
		conn, err := pgx.Connect(ctx, p.URL())
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close(ctx) }()
		tx, err := conn.Begin(ctx)
		if err != nil {
			return err
		}
		for _, d := range docs {
			if _, err := tx.Exec(ctx, "INSERT INTO tidegate_outbox (body) VALUES ($1)", []byte(d)); err != nil {
				return err
			}
		}
		return tx.Commit(ctx)
	}
}

func toFolder(dir string) func(context.Context, []string) error {
	n := 0
	return func(_ context.Context, docs []string) error {
		n++
		file := filepath.Join(dir, strconv.Itoa(n)+".ndjson")
		if err := os.WriteFile(file+".tmp", []byte(strings.Join(docs, "\n")), 0o600); err != nil {
			return err
		}
		return os.Rename(file+".tmp", file)
	}
}

// TestKilledSourcesAndSinksLoseAndDoubleNothing kills Tidegate, its sources' systems and the receiver of its webhooks at
// random moments: every order has exactly one leaf, and every receipt reaches the endpoint, those of an order in order.
func TestKilledSourcesAndSinksLoseAndDoubleNothing(t *testing.T) {
	data, server, door, drop := t.TempDir(), freePort(t), freePort(t), t.TempDir()
	kafka, endpoint := startTopic(t), startReceiver(t)
	senders := []*sender{{name: "kafka", send: toKafka(kafka)}, {name: "folder", send: toFolder(drop)}}
	conf := fmt.Sprintf("sources:\n  bus: {kafka: {brokers: ['127.0.0.1:%d'], topics: [orders]}}\n  drop: {folder: {path: %s, settle: 100ms, every: 1s}}\n", kafka.port, drop)
	breaks := []func(){nil, func() { kafka.Close(); kafka.start(t) }, func() { endpoint.restart(t) }}
	t.Run("with PostgreSQL", func(t *testing.T) { // skipped alone where there is none
		p := outboxtest.Start(t)
		p.Exec(t, fmt.Sprintf(outbox.Table, "tidegate_outbox", "tidegate_outbox"))
		senders := append(senders, &sender{name: "table", send: toTable(p)})
		conf := conf + fmt.Sprintf("  erp: {postgres: {url: '%s', every: 1s}}\n", p.URL())
		killSources(t, data, server, door, conf, senders, endpoint, append(breaks, func() { p.Restart(t) }))
	})
	if !t.Failed() && endpoint.count() == 0 { // it was skipped
		killSources(t, data, server, door, conf, senders, endpoint, breaks)
	}
}

func killSources(t *testing.T, data, server, door, conf string, senders []*sender, endpoint *receiver, breaks []func()) {
	t.Helper()
	for file, text := range map[string]string{
		"sources.yaml": conf,
		"webhooks.yaml": fmt.Sprintf("endpoints:\n  - {name: erp, url: 'http://%s/', secrets: [%s], allow_private: true, retry_first: 10ms, retry_most: 200ms}\n",
			endpoint.addr, webhook.NewSecret()),
	} {
		if err := os.WriteFile(filepath.Join(data, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := start(t, "tidegate", "serve", "--data", data, "--nats-listen", server, "--listen", door, "--log-level", "error")
	breaks[0] = func() { p.kill(); p.start() }
	eventually(t, "the door is open", 20*time.Second, func() bool { return ready(door) })
	stop := make(chan struct{})
	var sending sync.WaitGroup
	for _, s := range senders {
		sending.Go(func() { s.run(t, stop) })
	}
	rng := rand.New(rand.NewPCG(5, 6)) //nolint:gosec // the order of kills need not be secret
	for i := range rounds(5) * len(breaks) {
		time.Sleep(time.Duration(100+rng.IntN(300)) * time.Millisecond) // a random moment is what is tested
		breaks[i%len(breaks)]()
	}
	close(stop)
	sending.Wait()
	total := 0
	for _, s := range senders {
		if s.sent.Load() == 0 {
			t.Errorf("%s sent nothing: nothing was tested", s.name)
		}
		total += int(s.sent.Load())
	}
	defer func() {
		if t.Failed() {
			states, err := source.ReadStates(filepath.Join(data, "sources"))
			t.Logf("%d sent, the endpoint has %d, sources: %+v %v", total, endpoint.count(), states, err)
		}
	}()
	eventually(t, "every receipt reached the endpoint", 30*time.Second, func() bool { return endpoint.count() >= total })
	checkSources(t, filepath.Join(data, "audit"), total, endpoint)
}

func checkSources(t *testing.T, auditDir string, total int, endpoint *receiver) {
	t.Helper()
	leaves, keys := leavesOf(t, auditDir), map[string]bool{}
	last := map[string]int{}
	for _, l := range leaves {
		var c event.Cause
		if err := json.Unmarshal(l.Case.Line(0), &c); err != nil {
			t.Fatal(err)
		}
		keys[c.Key] = true
		last[c.Source]++
	}
	if len(leaves) != total || len(keys) != total {
		t.Errorf("%d orders sent, %d leaves, %d keys: %v", total, len(leaves), len(keys), last)
	}
	endpoint.mu.Lock()
	defer endpoint.mu.Unlock()
	if len(endpoint.taken) != total {
		t.Errorf("%d orders sent, the endpoint knows %d", total, len(endpoint.taken))
	}
	for _, w := range endpoint.wrong {
		t.Error(w)
	}
	t.Logf("%d orders", total)
}
