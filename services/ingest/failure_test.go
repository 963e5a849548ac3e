package ingest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/ingest"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/natsembed"
	"github.com/tidegate/tidegate/shared/natstest"
)

func TestAFullStreamTellsTheSenderAndGoesOnWhenThereIsRoom(t *testing.T) {
	t.Parallel()
	nc := natstest.ServerIn(t, t.TempDir(), bus.Limits{OrderBytes: 32 << 10})
	url, _ := door(t, nc, ingest.Config{})
	taken, full := 0, false
	for !full {
		status, _ := postRaw(t, url, order(strconv.Itoa(taken), strings.Repeat("x", 400)))
		switch status {
		case http.StatusCreated:
			taken++
		case http.StatusServiceUnavailable:
			full = true
		default:
			t.Fatal(status)
		}
	}
	status, h := postRaw(t, url, order(strconv.Itoa(taken), "x"))
	if status != http.StatusServiceUnavailable || h.Get("Retry-After") == "" || h.Get("Content-Type") != "application/problem+json" {
		t.Errorf("full: %d %v", status, h)
	}
	if status, answers := post(t, url, "application/json", order("0", strings.Repeat("x", 400))); status != http.StatusOK || !answers[0].Duplicate {
		t.Errorf("an order sent again while full: %d %+v", status, answers)
	}
	if n := len(stored(t, nc)); n != taken {
		t.Errorf("%d stored, %d answered", n, taken)
	}
	if err := bus.Purge(t.Context(), natstest.JetStream(t, nc), subject.OrderStream, 10); err != nil {
		t.Fatal(err)
	}
	if status, answers := post(t, url, "application/json", order(strconv.Itoa(taken), "x")); status != http.StatusCreated || answers[0].Sequence != uint64(taken+1) {
		t.Errorf("room again: %d %+v", status, answers)
	}
}

func TestANearlyFullDiskTellsTheSenderAndGoesOnWhenThereIsRoom(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	var full atomic.Bool
	url, _ := door(t, nc, ingest.Config{Space: func() error {
		if full.Load() {
			return errors.New("10 of 1000 bytes are free")
		}
		return nil
	}})
	if status, _ := postRaw(t, url, order("A", "x")); status != http.StatusCreated {
		t.Fatal(status)
	}
	full.Store(true)
	status, h := postRaw(t, url, order("B", "x"))
	if status != http.StatusServiceUnavailable || h.Get("Retry-After") == "" || h.Get("Content-Type") != "application/problem+json" {
		t.Errorf("full: %d %v", status, h)
	}
	if status, answers := post(t, url, "application/json", order("A", "x")); status != http.StatusOK || !answers[0].Duplicate {
		t.Errorf("an order sent again while full: %d %+v", status, answers)
	}
	if a := ask(t, "GET", strings.TrimSuffix(url, "v1/orders")+"readyz", ""); a.status != http.StatusServiceUnavailable {
		t.Errorf("ready while full: %d %s", a.status, a.body)
	}
	if n := len(stored(t, nc)); n != 1 {
		t.Errorf("%d stored", n)
	}
	full.Store(false)
	if status, _ := postRaw(t, url, order("B", "x")); status != http.StatusCreated {
		t.Errorf("room again: %d", status)
	}
}

func postRaw(t *testing.T, to, body string) (int, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, to, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, resp.Header
}

func TestKeysAreKnownAgainAfterARestart(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	js := natstest.JetStream(t, nc)
	dir := t.TempDir()
	url, stop := door(t, nc, ingest.Config{Dir: dir})
	for i := range 6 {
		post(t, url, "application/json", order(strconv.Itoa(i), "x"))
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	var blocks [][]byte
	for k := uint64(1); k <= 6; k++ {
		b, err := bus.Get(t.Context(), js, subject.OrderStream, k)
		if err != nil {
			t.Fatal(err)
		}
		blocks = append(blocks, b)
		if err := bus.Publish(t.Context(), js, subject.DecisionStream, subject.DecisionSubject, k-1, b); err != nil {
			t.Fatal(err)
		}
	}
	known := func(cfg ingest.Config) {
		t.Helper()
		url, stop := door(t, nc, cfg)
		for i := range 6 {
			status, answers := post(t, url, "application/json", order(strconv.Itoa(i), "x"))
			if status != http.StatusOK || answers[0].Sequence != uint64(i+1) {
				t.Errorf("order %d: %d %+v", i, status, answers)
			}
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	}
	known(ingest.Config{Dir: dir}) // from the index
	known(ingest.Config{})         // from the order stream
	purge(t, nc, subject.OrderStream, 5)
	known(ingest.Config{}) // the rest from the decision stream
	purge(t, nc, subject.OrderStream, 7)
	purge(t, nc, subject.DecisionStream, 4)
	known(ingest.Config{History: history(blocks)}) // the rest from the log

	s, err := ingest.New(nc, ingest.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "blocks 1 to 3 are in no stream any more") {
		t.Errorf("a door that cannot know every key: %v", err)
	}
	s, err = ingest.New(nc, ingest.Config{Dir: t.TempDir(), History: history(blocks[:2])})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "the audit log does not hold block 3") {
		t.Errorf("a door with half a log: %v", err)
	}
}

func purge(t *testing.T, nc *nats.Conn, stream string, keep uint64) {
	t.Helper()
	if err := bus.Purge(t.Context(), natstest.JetStream(t, nc), stream, keep); err != nil {
		t.Fatal(err)
	}
}

func history(blocks [][]byte) func(context.Context, uint64) iter.Seq2[ingest.Past, error] {
	return func(_ context.Context, from uint64) iter.Seq2[ingest.Past, error] {
		return func(yield func(ingest.Past, error) bool) {
			for k := from; k <= uint64(len(blocks)); k++ {
				cases, err := event.ParseBlock(blocks[k-1])
				for _, c := range cases {
					if !yield(ingest.Past{Sequence: k, Case: c}, err) {
						return
					}
				}
			}
		}
	}
}

func TestAStreamMadeAnewIsNotTakenForTheOneBefore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	srv, nc := embedded(t, t.TempDir())
	defer func() { nc.Close(); srv.Shutdown() }()
	js := natstest.JetStream(t, nc)
	if err := bus.Apply(t.Context(), js, bus.Limits{}); err != nil {
		t.Fatal(err)
	}
	url, stop := door(t, nc, ingest.Config{Dir: dir})
	post(t, url, "application/json", order("1", "x"))
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	// Another stream under the same name, and nothing in it: what was accepted before is lost, and no door opens on it
	// until somebody who knows that deletes the index.
	if err := js.DeleteStream(t.Context(), subject.OrderStream); err != nil {
		t.Fatal(err)
	}
	if err := bus.Apply(t.Context(), js, bus.Limits{}); err != nil {
		t.Fatal(err)
	}
	s, err := ingest.New(nc, ingest.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "keys.db") {
		t.Fatalf("got %v, want a refusal that names the index", err)
	}
	if err := os.Remove(filepath.Join(dir, "keys.db")); err != nil {
		t.Fatal(err)
	}
	url, _ = door(t, nc, ingest.Config{Dir: dir})
	if status, answers := post(t, url, "application/json", order("1", "x")); status != http.StatusCreated || answers[0].Duplicate {
		t.Errorf("%d %+v", status, answers)
	}
}

func embedded(t *testing.T, store string) (*natsembed.Server, *nats.Conn) {
	t.Helper()
	srv, err := natsembed.Start(natsembed.Config{Dir: store})
	if err != nil {
		t.Fatal(err)
	}
	nc, err := srv.Connect(t.Name())
	if err != nil {
		t.Fatal(err)
	}
	return srv, nc
}

func TestAStreamThatLostBlocksIsNotWrittenTo(t *testing.T) {
	t.Parallel()
	dir, store, backup := t.TempDir(), filepath.Join(t.TempDir(), "now"), filepath.Join(t.TempDir(), "before")
	session := func(work func(nc *nats.Conn)) {
		t.Helper()
		srv, nc := embedded(t, store)
		defer func() { nc.Close(); srv.Shutdown() }()
		work(nc)
	}
	session(func(nc *nats.Conn) {
		if err := bus.Apply(t.Context(), natstest.JetStream(t, nc), bus.Limits{}); err != nil {
			t.Fatal(err)
		}
	})
	if err := os.CopyFS(backup, os.DirFS(store)); err != nil {
		t.Fatal(err)
	}
	session(func(nc *nats.Conn) {
		url, stop := door(t, nc, ingest.Config{Dir: dir})
		post(t, url, "application/json", order("1", "x"))
		if err := stop(); err != nil {
			t.Fatal(err)
		}
	})
	store = backup
	session(func(nc *nats.Conn) {
		s, err := ingest.New(nc, ingest.Config{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "ends with block 0, but block 1 was there before") {
			t.Error(err)
		}
	})
}

// proxy stands between a door and its server; when armed, it lets one block through and loses the answer with the
// connection.
type proxy struct {
	net.Listener
	to    string
	armed atomic.Bool
	open  sync.WaitGroup
}

func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{Listener: l, to: to}
	p.open.Go(p.serve)
	t.Cleanup(func() { _ = l.Close(); p.open.Wait() })
	return p
}

func (p *proxy) serve() {
	for {
		in, err := p.Accept()
		if err != nil {
			return
		}
		var d net.Dialer
		out, err := d.DialContext(context.Background(), "tcp", p.to)
		if err != nil {
			_ = in.Close()
			continue
		}
		lose := make(chan struct{})
		p.open.Go(func() { p.copy(out, in, func(b []byte) { p.strike(b, lose) }) })
		p.open.Go(func() { p.back(in, out, lose) })
	}
}

// strike looks for a block on its way to the server.
func (p *proxy) strike(b []byte, lose chan struct{}) {
	if bytes.Contains(b, []byte("PUB "+subject.OrderSubject)) && p.armed.CompareAndSwap(true, false) {
		close(lose)
	}
}

func (p *proxy) copy(to, from net.Conn, see func([]byte)) {
	defer func() { _ = to.Close(); _ = from.Close() }()
	b := make([]byte, 64<<10)
	for {
		n, err := from.Read(b)
		see(b[:n])
		if _, werr := to.Write(b[:n]); err != nil || werr != nil {
			return
		}
	}
}

// back carries what the server says; what it says after the strike, the answer, is lost with the connection.
func (p *proxy) back(to, from net.Conn, lose chan struct{}) {
	defer func() { _ = to.Close(); _ = from.Close() }()
	b := make([]byte, 64<<10)
	for {
		n, err := from.Read(b)
		select {
		case <-lose:
			return
		default:
		}
		if _, werr := to.Write(b[:n]); err != nil || werr != nil {
			return
		}
	}
}

func TestALostAnswerOfTheServerIsFoundOut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	srv, err := natsembed.Start(natsembed.Config{Dir: dir, Port: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Shutdown)
	at, err := url.Parse(srv.URL())
	if err != nil {
		t.Fatal(err)
	}
	p := newProxy(t, at.Host)
	nc, err := bus.Connect(t.Context(), bus.Server{URL: "nats://" + p.Addr().String(), Creds: filepath.Join(dir, natsembed.ServiceCreds), Name: "door"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	if err := bus.Apply(t.Context(), natstest.JetStream(t, nc), bus.Limits{}); err != nil {
		t.Fatal(err)
	}
	to, _ := door(t, nc, ingest.Config{Patience: 3 * time.Second})
	for i := range 3 {
		p.armed.Store(true)
		status, answers := post(t, to, "application/json", order(strconv.Itoa(i), "x"))
		if status != http.StatusCreated || answers[0].Duplicate || answers[0].Sequence != uint64(i+1) {
			t.Errorf("order %d: %d %+v", i, status, answers)
		}
		if p.armed.Load() {
			t.Error("the connection was not cut")
		}
	}
	if lines := stored(t, nc); len(lines) != 3 {
		t.Errorf("stored %d", len(lines))
	}
}

func TestWhatWasTakenIsAnsweredBeforeADoorEnds(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	to, stop := door(t, nc, ingest.Config{})
	var created atomic.Int64
	var wg sync.WaitGroup
	started := make(chan struct{}, 64)
	for i := range 8 {
		wg.Go(func() {
			for n := range 200 {
				req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, to, strings.NewReader(order(fmt.Sprint(i, "-", n), "x")))
				if err != nil {
					t.Error(err)
					return
				}
				resp, err := client.Do(req)
				if err != nil {
					return // the door is closed
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
				if resp.StatusCode == http.StatusCreated {
					created.Add(1)
				}
				select {
				case started <- struct{}{}:
				default:
				}
			}
		})
	}
	for range 20 {
		<-started
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	if n := int64(len(stored(t, nc))); n != created.Load() {
		t.Errorf("%d stored, %d answered", n, created.Load())
	}
}
