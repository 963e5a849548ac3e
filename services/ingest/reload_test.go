package ingest_test

import (
	"bufio"
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tidegate/tidegate/services/ingest"
	"github.com/tidegate/tidegate/services/ingest/internal/sign"
	"github.com/tidegate/tidegate/shared/natstest"
)

// noted is a log that a test reads while it is written.
type noted struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (n *noted) Write(b []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.b.Write(b)
}

func (n *noted) has(text string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return strings.Contains(n.b.String(), text)
}

// until asks again until yes says so.
func until(t *testing.T, what string, yes func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 3000 {
		if yes() {
			return
		}
		<-tick.C
	}
	t.Fatalf("never: %s", what)
}

// TestDoorsAreReadAgain while a request goes on: webhooks, mappings and streams come, change and go; a file with a fault changes
// nothing and is told.
func TestDoorsAreReadAgain(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "doors.yaml")
	again, log := make(chan os.Signal, 1), &noted{}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		again <- syscall.SIGHUP
	}
	url, _ := door(t, nc, ingest.Config{DoorsFile: file, Again: again, Log: slog.New(slog.NewTextHandler(log, nil))})
	hook := func(name, secret, id string) int {
		t.Helper()
		body := strings.Replace(order(id, "x"), `"source":"shop",`, "", 1)
		headers, err := sign.Key{Scheme: sign.Shopify, Secrets: []string{secret}}.Sign("w-"+id, []byte(body), time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for n, v := range headers {
			all = append(all, n, v)
		}
		return ask(t, "POST", strings.TrimSuffix(url, "orders")+"webhooks/"+name, body, all...).status
	}

	r, w := io.Pipe()
	defer func() { _ = w.Close() }()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, r)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	go func() {
		_, _ = io.WriteString(w, order("first", "x")+"\n"+order("second", "x")+"\n")
	}()
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answers := bufio.NewScanner(resp.Body)
	for range 2 {
		if !answers.Scan() {
			t.Fatal(answers.Err())
		}
	}

	if status := hook("shop", "shpss_first", "A"); status != http.StatusNotFound {
		t.Fatalf("before there are doors: %d", status)
	}
	write("webhooks: {shop: {scheme: shopify, secrets: [shpss_first]}}\n")
	until(t, "the webhook is open", func() bool { return hook("shop", "shpss_first", "A") < 300 })
	write("webhooks: {shop: {scheme: shopify, secrets: [shpss_other]}, till: {scheme: rsa}}\n")
	until(t, "the fault is told", func() bool { return log.has("those before stay") })
	if hook("shop", "shpss_first", "B") != http.StatusCreated || log.has("shpss_other") {
		t.Error("a file with a fault changed something, or a secret was logged")
	}

	customer(t, nc, order("S-1", "x"))
	write("webhooks: {shop: {scheme: shopify, secrets: [shpss_other]}}\nstreams: {erp: {stream: ERP}}\n")
	until(t, "the stream is read", func() bool { return strings.Contains(strings.Join(stored(t, nc), "\n"), `"S-1"`) })
	if hook("shop", "shpss_first", "C") != http.StatusUnauthorized || hook("shop", "shpss_other", "C") != http.StatusCreated {
		t.Error("the secret is not the new one")
	}
	write("webhooks: {}\n")
	until(t, "the webhook is gone", func() bool { return hook("shop", "shpss_other", "D") == http.StatusNotFound })
	js := natstest.JetStream(t, nc)
	until(t, "the stream is read no more", func() bool {
		c, err := js.Consumer(t.Context(), "ERP", "tidegate-erp")
		if err != nil {
			return false
		}
		info, err := c.Info(t.Context())
		return err == nil && info.NumWaiting == 0
	})

	if _, err := io.WriteString(w, order("third", "x")+"\n"); err != nil {
		t.Fatal(err)
	}
	if !answers.Scan() || !strings.Contains(answers.Text(), `"accepted"`) {
		t.Errorf("the request did not go on: %s %v", answers.Text(), answers.Err())
	}
}

// TestAStreamIsReadByItsMapping.
func TestAStreamIsReadByItsMapping(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	b, err := os.ReadFile("examples/erp.yaml")
	if err != nil {
		t.Fatal(err)
	}
	m, err := ingest.ReadMap("erp.yaml", b)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile("examples/erp.json")
	if err != nil {
		t.Fatal(err)
	}
	s := customer(t, nc, string(doc))
	service(t, nc, ingest.Config{Doors: ingest.Doors{Streams: map[string]ingest.Stream{"erp": {Name: "ERP", Durable: "tidegate-erp", Source: "erp", Map: m}}}})
	acknowledged(t, s)
	for _, line := range stored(t, nc) {
		if strings.HasPrefix(line, `{"line":"refusal"`) {
			t.Error(line)
		}
	}
}
