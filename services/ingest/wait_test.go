package ingest_test

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/ingest"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/codec"
	"github.com/tidegate/tidegate/shared/natstest"
)

const judged = `{"line":"judgement","outcome":"release"}`

// decide releases every order of the stream, as screening would, until the test ends.
func decide(t *testing.T, nc *nats.Conn) {
	t.Helper()
	js := natstest.JetStream(t, nc)
	ctx, cancel := context.WithCancel(context.Background())
	r, err := bus.OpenReader(ctx, js, subject.OrderStream, 1)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		defer r.Close()
		for {
			b, err := r.Next(ctx)
			if err != nil {
				return
			}
			if err := decideBlock(ctx, nc, b); err != nil {
				t.Error(err)
			}
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
}

func decideBlock(ctx context.Context, nc *nats.Conn, b bus.Block) error {
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	cases, err := event.ParseBlock(b.Data)
	if err != nil {
		return err
	}
	for i, c := range cases {
		if !c.Refused() {
			cases[i] = c.With([]byte(`{"line":"facts"}`)).With([]byte(judged))
		}
	}
	if err := bus.Publish(ctx, js, subject.DecisionStream, subject.DecisionSubject, b.Sequence-1, event.AppendBlock(nil, cases)); err != nil {
		return err
	}
	for _, c := range cases {
		var h struct{ Event, Source string }
		if err := codec.Decode(c.Line(0), &h); err != nil {
			return err
		}
		m := &nats.Msg{
			Subject: subject.PublicDecisionPrefix + subject.Token(h.Source) + ".release", Data: c.Line(2),
			Header: nats.Header{subject.HeaderCEID: {h.Event}},
		}
		if err := nc.PublishMsg(m); err != nil {
			return err
		}
	}
	return nil
}

func TestWaitForTheDecision(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	to, _ := door(t, nc, ingest.Config{})
	if status, answers := post(t, to+"?wait=decision&timeout=1ms", "application/json", order("late", "x")); status != http.StatusAccepted || answers[0].Decision != nil {
		t.Errorf("nobody decides: %d %+v", status, answers)
	}
	decide(t, nc)
	for _, row := range []struct {
		name   string
		order  string
		status int
	}{
		{"a new order", order("A", "x"), http.StatusCreated},
		{"the same again", order("A", "x"), http.StatusOK},
	} {
		status, answers := post(t, to+"?wait=decision", "application/json", row.order)
		if status != row.status || string(answers[0].Decision) != judged {
			t.Errorf("%s: %d %+v", row.name, status, answers)
		}
	}
	if status, answers := post(t, to+"?wait=decision", "application/json", `{}`); status != http.StatusUnprocessableEntity || answers[0].Decision != nil {
		t.Errorf("a refused order waits for nothing: %d %+v", status, answers)
	}
	var lines strings.Builder
	for i := range 50 {
		lines.WriteString(order(strconv.Itoa(i), "x") + "\n")
	}
	_, answers := post(t, to+"?wait=decision", "application/x-ndjson", lines.String())
	for i, a := range answers {
		if string(a.Decision) != judged {
			t.Errorf("line %d: %+v", i, a)
		}
	}
	if len(answers) != 50 {
		t.Errorf("%d answers", len(answers))
	}
}

func TestWaitForTheReceipt(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	record := []byte(`{"line":"record","leaf":1}`)
	to, _ := door(t, nc, ingest.Config{Receipt: func(context.Context, string) ([]byte, bool, error) { return record, true, nil }})
	if status, _ := post(t, to+"?wait=receipt&timeout=1ms", "application/json", order("A", "x")); status != http.StatusAccepted {
		t.Errorf("not logged yet: %d", status)
	}
	status, answers := post(t, to+"?wait=receipt", "application/json", order("A", "x"))
	if status != http.StatusOK || string(answers[0].Record) != string(record) {
		t.Errorf("logged before: %d %+v", status, answers)
	}
}

func TestRequestsThatAreNone(t *testing.T) {
	t.Parallel()
	to, _ := door(t, natstest.Server(t), ingest.Config{})
	for _, row := range []struct {
		name, query, media string
		want               int
	}{
		{"another media type", "", "image/png", http.StatusUnsupportedMediaType},
		{"another thing to wait for", "?wait=shipment", "application/json", http.StatusBadRequest},
		{"a timeout without unit", "?wait=decision&timeout=10", "application/json", http.StatusBadRequest},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, to+row.query, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", row.media)
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != row.want || resp.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s, want %d", row.name, resp.StatusCode, resp.Header.Get("Content-Type"), row.want)
		}
	}
}

func TestLookUpAndHealth(t *testing.T) {
	t.Parallel()
	lookup := func(_ context.Context, id string) ([]ingest.Logged, uint64, error) {
		if id != "A/1" {
			return nil, 0, nil
		}
		return []ingest.Logged{{Case: event.NewCase([]byte(`{"line":"order","event":"e","source":"shop","order_id":"A/1"}`))}}, 1, nil
	}
	to, _ := door(t, natstest.Server(t), ingest.Config{Lookup: lookup})
	bare, _ := door(t, natstest.Server(t), ingest.Config{})
	for url, want := range map[string]int{
		to + "/A%2F1": http.StatusOK, to + "/B": http.StatusNotFound, bare + "/A": http.StatusNotImplemented,
		strings.TrimSuffix(to, "/v1/orders") + "/readyz": http.StatusOK, strings.TrimSuffix(to, "/v1/orders") + "/healthz": http.StatusOK,
		to: http.StatusNotImplemented,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %d, want %d", url, resp.StatusCode, want)
		}
	}
}
