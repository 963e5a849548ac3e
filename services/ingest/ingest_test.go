package ingest_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	"go.uber.org/goleak"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/ingest"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/natstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// door starts a door with an HTTP listener; stop ends it and waits until it ended.
func door(tb testing.TB, nc *nats.Conn, cfg ingest.Config) (url string, stop func() error) {
	tb.Helper()
	if cfg.Dir == "" {
		cfg.Dir = tb.TempDir()
	}
	cfg.Listen = "127.0.0.1:0"
	s, err := ingest.New(nc, cfg)
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stop = sync.OnceValue(func() error { cancel(); return <-done })
	tb.Cleanup(func() { _ = stop() })
	select {
	case <-s.Ready():
	case err := <-done:
		done <- err
		tb.Fatal(err)
	}
	return "http://" + s.Addr().String() + "/v1/orders", stop
}

// client keeps no connections, so that nothing is left when a test ends.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

func post(t *testing.T, url, media, body string) (status int, answers []ingest.Answer) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", media)
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	sc := bufio.NewScanner(resp.Body)
	if media := resp.Header.Get("Content-Type"); media == "application/problem+json" {
		sc.Scan()
		a, err := ingest.ReadAnswer(media, sc.Bytes())
		if p, ok := errors.AsType[*ingest.ProblemError](err); ok {
			return resp.StatusCode, []ingest.Answer{{Status: p.Type, Detail: p.Detail}}
		}
		return resp.StatusCode, []ingest.Answer{a}
	}
	for sc.Scan() {
		var a ingest.Answer
		if err := json.Unmarshal(sc.Bytes(), &a); err != nil {
			t.Fatalf("%s: %v", sc.Bytes(), err)
		}
		answers = append(answers, a)
	}
	return resp.StatusCode, answers
}

func order(id, buyer string) string {
	return fmt.Sprintf(`{"source":"shop","id":%q,"parties":[{"role":"purchaser","name":%q}],"items":[{"description":"fan"}]}`, id, buyer)
}

// stored reads the first lines of all cases of the order stream.
func stored(t *testing.T, nc *nats.Conn) (lines []string) {
	t.Helper()
	js := natstest.JetStream(t, nc)
	b, err := bus.Look(t.Context(), js, subject.OrderStream)
	if err != nil {
		t.Fatal(err)
	}
	for k := b.First; k <= b.Last; k++ {
		data, err := bus.Get(t.Context(), js, subject.OrderStream, k)
		if err != nil {
			t.Fatal(err)
		}
		cases, err := event.ParseBlock(data)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			lines = append(lines, string(c.Line(0)))
		}
	}
	return lines
}

func TestOneOrder(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	url, _ := door(t, nc, ingest.Config{})
	in := order("A-1", "Example Fans GmbH")

	status, first := post(t, url, "application/json", in)
	if status != http.StatusCreated || len(first) != 1 || first[0].Status != "accepted" || first[0].OrderID != "A-1" {
		t.Fatalf("%d %+v", status, first)
	}
	status, again := post(t, url, "application/json", " "+in+"\n")
	want := first[0]
	want.Duplicate = true
	if diff := cmp.Diff([]ingest.Answer{want}, again); diff != "" || status != http.StatusOK {
		t.Errorf("the same content again: %d %s", status, diff)
	}
	status, other := post(t, url, "application/json", order("A-1", "Another GmbH"))
	if status != http.StatusUnprocessableEntity || other[0].Status != "refused" || other[0].Faults[0].Code != "conflict" {
		t.Errorf("other content: %d %+v", status, other)
	}
	status, bad := post(t, url, "application/json", `{"id":"B","parties":[],"itmes":1}`)
	var codes []string
	for _, f := range bad[0].Faults {
		codes = append(codes, f.Pointer+" "+f.Code)
	}
	if diff := cmp.Diff([]string{"/parties required", "/itmes unknown_member", "/items required"}, codes); diff != "" || status != http.StatusUnprocessableEntity {
		t.Errorf("a bad order: %d %s", status, diff)
	}
	if lines := stored(t, nc); len(lines) != 3 || !strings.HasSuffix(lines[0], `,"order":`+in+`}`) {
		t.Errorf("stored: %s", strings.Join(lines, "\n"))
	}
}

func TestManyOrders(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, media, body string }{
		{"an array", "application/json", "[" + order("A", "x") + ", " + order("B", "x") + ",{},\n" + order("A", "x") + "]"},
		{"lines", "application/x-ndjson", order("A", "x") + "\n" + order("B", "x") + "\r\n\n{}\n" + order("A", "x")},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			nc := natstest.Server(t)
			url, _ := door(t, nc, ingest.Config{})
			status, answers := post(t, url, row.media, row.body)
			var got []string
			for _, a := range answers {
				got = append(got, fmt.Sprint(a.Status, " ", a.OrderID, " ", a.Duplicate, " ", len(a.Faults)))
			}
			want := []string{"accepted A false 0", "accepted B false 0", "refused  false 2", "accepted A true 0"}
			if diff := cmp.Diff(want, got); diff != "" || status != http.StatusOK {
				t.Errorf("%d %s", status, diff)
			}
			if n := len(stored(t, nc)); n != 3 {
				t.Errorf("%d cases stored, want 3", n)
			}
		})
	}
}

func TestNATSDoorAnswersAsHTTP(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	_, _ = door(t, nc, ingest.Config{})
	m, err := nc.RequestWithContext(t.Context(), subject.IngestSubject, []byte(order("A", "x")))
	if err != nil {
		t.Fatal(err)
	}
	var a ingest.Answer
	if err := json.Unmarshal(m.Data, &a); err != nil || a.Status != "accepted" || a.Sequence != 1 || a.OrderID != "A" {
		t.Errorf("%s %v", m.Data, err)
	}
}

func TestSeveralDoorsWithTheSameKeys(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	const doors, keys = 3, 300
	var wg sync.WaitGroup
	answers := make([][]ingest.Answer, doors)
	for d := range doors {
		var body bytes.Buffer
		for k := range keys {
			buyer := "x"
			if k%3 == 0 {
				buyer = fmt.Sprint("door ", d) // each door brings other content
			}
			body.WriteString(order(strconv.Itoa(k), buyer) + "\n")
		}
		url, _ := door(t, nc, ingest.Config{})
		wg.Go(func() { _, answers[d] = post(t, url, "application/x-ndjson", body.String()) })
	}
	wg.Wait()
	if n, want := len(stored(t, nc)), keys+keys/3*(doors-1); n != want {
		t.Errorf("%d cases stored, want %d", n, want)
	}
	for k := range keys {
		first := 0
		for d := range doors {
			a := answers[d][k]
			if k%3 == 0 && a.Status == "refused" && a.Faults[0].Code == "conflict" {
				continue
			}
			if k%3 == 0 {
				first++
				continue
			}
			if a.Status != "accepted" || a.Event != answers[0][k].Event || a.Sequence != answers[0][k].Sequence {
				t.Errorf("key %d: door %d says %+v, door 0 %+v", k, d, a, answers[0][k])
			}
			if !a.Duplicate {
				first++
			}
		}
		if first != 1 {
			t.Errorf("key %d: %d doors say that they were first", k, first)
		}
	}
}

func TestNotReadyBeforeRun(t *testing.T) {
	t.Parallel()
	s, err := ingest.New(natstest.Server(t), ingest.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.Ready():
		t.Error("ready")
	default:
	}
}
