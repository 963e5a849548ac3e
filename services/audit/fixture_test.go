package audit_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/codec"
)

// decided is a case as screening publishes it, with pad bytes of facts.
func decided(tb testing.TB, id string, pad int) event.Case {
	tb.Helper()
	order := encode(tb, event.Order{ID: id, Parties: []event.Party{{Role: event.Purchaser, Name: "Harbor Lantern Trading"}}, Items: []event.Item{{Description: "lamp"}}})
	cause := event.Cause{
		Line: event.LineOrder, V: 1, Kind: event.Placed, Event: "ev-" + id, Key: "default/shop/" + id + "/0", Actor: "test", Tenant: "default",
		Source: "shop", OrderID: id, Format: "tidegate-json", At: "2026-11-23T10:15:00.123456Z",
		Received: event.Received{SHA256: event.Digest(order), Size: len(order)},
	}
	head := encode(tb, cause)
	first := append(head[:len(head)-1:len(head)-1], append([]byte(`,"order":`), append(order, '}')...)...)
	c := event.NewCase(first)
	c = c.With(encode(tb, event.Facts{Line: event.LineFacts, V: 1, Prev: event.Digest(c.Last()), Snapshot: "s1", Failed: strings.Repeat("x", pad)}))
	return c.With(encode(tb, event.Judgement{Line: event.LineJudgement, V: 1, Prev: event.Digest(c.Last()), Outcome: event.Release}))
}

// refusal is a case of an input that was not accepted.
func refusal(tb testing.TB, id string) event.Case {
	tb.Helper()
	return event.NewCase(encode(tb, event.Refusal{
		Line: event.LineRefusal, V: 1, Event: "ev-" + id, Actor: "test", Format: "tidegate-json", At: "2026-11-23T10:15:00.123456Z",
		Faults:   []event.Fault{{Code: "syntax", Detail: "it is not JSON"}},
		Received: event.Received{SHA256: event.Digest([]byte("x")), Size: 1, Bytes: "eA=="},
	}))
}

// noted is a case of no order.
func noted(tb testing.TB, id string) event.Case {
	tb.Helper()
	act := encode(tb, event.Act{Kind: event.Remark, ID: id, Particulars: event.Particulars{Note: remark}})
	return event.NewCase(encode(tb, event.Cause{
		Line: event.LineOrder, V: 1, Kind: event.Remark, Event: "ev-" + id, Key: "default/act/" + id, Actor: "test", Tenant: "default", Format: "tidegate-act",
		At: "2026-11-23T10:15:00.123456Z", Received: event.Received{SHA256: event.Digest(act), Size: len(act), Bytes: string(act)},
		Particulars: event.Particulars{Note: remark},
	}))
}

var remark = &event.Note{What: "replay", By: "kim", Text: "History was judged again under another pack.", Counts: []event.Tally{{Name: "changed", Count: 3}}}

func encode(tb testing.TB, v any) []byte {
	tb.Helper()
	b, err := codec.Append(nil, v)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// blocks makes blocks of cases; every seventh case is a refusal.
func blocks(tb testing.TB, from, n, cases, pad int) [][]event.Case {
	tb.Helper()
	out := make([][]event.Case, n)
	for b := range out {
		for i := range cases {
			id := fmt.Sprintf("o-%d-%d", from+b, i)
			if i%7 == 6 {
				out[b] = append(out[b], refusal(tb, id))
				continue
			}
			out[b] = append(out[b], decided(tb, id, pad))
		}
	}
	return out
}

// decide publishes blocks as screening does, behind those in the stream.
func decide(tb testing.TB, js jetstream.JetStream, blocks [][]event.Case) {
	tb.Helper()
	at, err := bus.Look(tb.Context(), js, subject.DecisionStream)
	if err != nil {
		tb.Fatal(err)
	}
	for i, b := range blocks {
		for _, s := range [][2]string{{subject.OrderStream, subject.OrderSubject}, {subject.EnrichedStream, subject.EnrichedSubject}, {subject.DecisionStream, subject.DecisionSubject}} {
			if err := bus.Publish(tb.Context(), js, s[0], s[1], at.Last+uint64(i), event.AppendBlock(nil, b)); err != nil {
				tb.Fatal(err)
			}
		}
	}
}

func config(dir string) audit.Config {
	return audit.Config{
		Dir: filepath.Join(dir, "audit"), GuardDir: filepath.Join(dir, "guard"), Log: slog.New(slog.DiscardHandler),
		BatchAge: 5 * time.Millisecond, CheckpointInterval: 100 * time.Millisecond, PurgeInterval: 20 * time.Millisecond,
	}
}

// start runs audit until the returned function is called, which gives Run's error.
func start(tb testing.TB, nc *nats.Conn, cfg audit.Config) (s *audit.Service, stop func() error) {
	tb.Helper()
	s, err := audit.New(nc, cfg)
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		err := s.Run(ctx)
		if err != nil && ctx.Err() == nil {
			tb.Logf("audit ended by itself: %v", err)
		}
		ended <- err
	}()
	stop = func() error { cancel(); err := <-ended; ended <- err; return err }
	tb.Cleanup(func() { _ = stop() })
	return s, stop
}

// until waits for a condition, at most a minute.
func until(tb testing.TB, what string, ok func() bool) {
	tb.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			tb.Fatalf("waited in vain for %s", what)
		}
	}
}

// records reads every receipt in the stream.
func records(tb testing.TB, js jetstream.JetStream) []event.Record {
	tb.Helper()
	s, err := js.Stream(tb.Context(), subject.PublicRecordStream)
	if err != nil {
		tb.Fatal(err)
	}
	st := s.CachedInfo().State
	var out []event.Record
	for seq := max(1, st.FirstSeq); seq <= st.LastSeq; seq++ {
		m, err := s.GetMsg(tb.Context(), seq)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue
		}
		if err != nil {
			tb.Fatal(err)
		}
		var r event.Record
		if err := json.Unmarshal(m.Data, &r); err != nil {
			tb.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

func key(tb testing.TB, cfg audit.Config) string {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join(cfg.Dir, "key.pub"))
	if err != nil {
		tb.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}
