package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/enrichment"
	"github.com/tidegate/tidegate/services/ingest"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/natstest"
)

// pipeline is the four services in this process over a private server, each to be stopped and started alone.
type pipeline struct {
	t     *testing.T
	nc    *nats.Conn
	js    jetstream.JetStream
	door  *ingest.Service
	audit string // its directory
	keep  int64  // bytes of logged decisions kept
}

func startPipeline(t *testing.T, limits bus.Limits) *pipeline {
	t.Helper()
	p := &pipeline{t: t, nc: natstest.ServerIn(t, t.TempDir(), limits), audit: t.TempDir(), keep: limits.WithDefaults().DecisionBytes / 2}
	p.js = natstest.JetStream(t, p.nc)
	var err error
	if p.door, err = ingest.New(p.nc, ingest.Config{Dir: t.TempDir(), Patience: 2 * time.Second}); err != nil {
		t.Fatal(err)
	}
	enrich, err := enrichment.New(p.nc, enrichment.Config{})
	if err != nil {
		t.Fatal(err)
	}
	screen, err := screening.New(p.nc, screening.Config{})
	if err != nil {
		t.Fatal(err)
	}
	p.run(p.door.Run)
	p.run(enrich.Run)
	p.run(screen.Run)
	<-p.door.Ready()
	return p
}

// run starts a service; the end of the test stops it.
func (p *pipeline) run(service func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(p.t.Context()))
	done := make(chan error, 1)
	go func() { done <- service(ctx) }()
	p.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			p.t.Error(err)
		}
	})
}

func (p *pipeline) startAudit() {
	p.t.Helper()
	a, err := audit.New(p.nc, audit.Config{Log: slog.New(slog.DiscardHandler), Dir: p.audit, KeepDecisionBytes: p.keep, PurgeInterval: 100 * time.Millisecond})
	if err != nil {
		p.t.Fatal(err)
	}
	p.run(a.Run)
}

// order is an order of about 4 KB.
func order(n int) []byte {
	return fmt.Appendf(nil, `{"source":"room","id":"R-%d","order_date":"2026-11-20","ship_to":"DE","parties":[{"role":"purchaser","name":"Holm GmbH","address":{"country":"DE"}}],"items":[{"description":"desk fan","eccn":"EAR99"}],"end_use":{"text":"%3800d"}}`, n, n)
}

func (p *pipeline) submit(n int) error {
	a, err := p.door.Submit(p.t.Context(), order(n), "test")
	if err == nil && a.Status != "accepted" {
		err = fmt.Errorf("order %d: %+v", n, a)
	}
	return err
}

func (p *pipeline) awaitReceipts(n int) {
	p.t.Helper()
	eventually(p.t, fmt.Sprintf("%d receipts", n), 60*time.Second, func() bool {
		b, err := bus.Look(p.t.Context(), p.js, subject.PublicRecordStream)
		return err == nil && b.Last >= uint64(n) //nolint:gosec // a count
	})
}

// small are stream limits that some hundred orders fill.
var small = bus.Limits{OrderBytes: 3 << 20, EnrichedBytes: 4 << 20, DecisionBytes: 5 << 20}

func TestTenTimesTheLimitsRunThroughWhileAuditKeepsUp(t *testing.T) {
	t.Parallel()
	p := startPipeline(t, small)
	p.startAudit()
	orders := int(10 * small.DecisionBytes / int64(len(order(0))))
	for n := range orders {
		if n%200 == 199 {
			p.awaitReceipts(n - 100) // audit keeps up
		}
		if err := p.submit(n); err != nil {
			t.Fatalf("order %d of %d was not taken: %v", n, orders, err)
		}
	}
	p.awaitReceipts(orders)
}

func TestStoppedAuditIsToldToTheSenderAndAllGoesOnWhenItIsBack(t *testing.T) {
	t.Parallel()
	p := startPipeline(t, small)
	taken := 0
	for p.submit(taken) == nil {
		if taken++; taken > 2000 {
			t.Fatal("the streams took more than their limits")
		}
	}
	t.Logf("%d orders taken until the streams were full", taken)
	p.startAudit()
	p.awaitReceipts(taken)
	for n := taken; n < taken+100; n++ {
		eventually(t, fmt.Sprintf("order %d is taken now that audit is back", n), 10*time.Second, func() bool { return p.submit(n) == nil })
	}
	p.awaitReceipts(taken + 100)
}

func TestPoisonOrderEndsInAnOutcomeAndItsNeighborsGoOn(t *testing.T) {
	t.Parallel()
	p := startPipeline(t, bus.Limits{})
	p.startAudit()
	good := `{"line":"order","v":1,"kind":"placed","event":"e-%d","key":"default/x/%d/0","actor":"t","tenant":"default","source":"x","order_id":"%d","revision":0,"format":"tidegate-json","received_at":"2026-11-20T00:00:00.000000Z","received":{"sha256":"","size":2},"order":%s}`
	line := func(n int, order string) event.Case { return event.NewCase(fmt.Appendf(nil, good, n, n, n, order)) }
	fan := `{"parties":[{"role":"purchaser","name":"Holm GmbH","address":{"country":"DE"}}],"items":[{"description":"desk fan","eccn":"EAR99"}]}`
	block := event.AppendBlock(nil, []event.Case{
		line(0, fan),
		line(1, `{"parties":5}`), // what no door lets in
		line(2, `null`),
		event.NewCase([]byte(`{"line":"order","event":"e-3"}`)),
		line(4, fan),
	})
	if err := bus.Publish(t.Context(), p.js, subject.OrderStream, subject.OrderSubject, 0, block); err != nil {
		t.Fatal(err)
	}
	p.awaitReceipts(5)
	got := map[string]event.Judgement{}
	for l, err := range audit.ReadCases(t.Context(), p.audit, 1) {
		if err != nil {
			t.Fatal(err)
		}
		var head struct{ Event string }
		var j event.Judgement
		if err := errors.Join(json.Unmarshal(l.Case.Line(0), &head), json.Unmarshal(l.Case.Last(), &j)); err != nil {
			t.Fatal(err)
		}
		got[head.Event] = j
	}
	for id, want := range map[string]event.Outcome{"e-0": event.Release, "e-1": event.Hold, "e-2": event.Hold, "e-3": event.Hold, "e-4": event.Release} {
		if got[id].Outcome != want {
			t.Errorf("%s: %+v, want %s", id, got[id], want)
		}
	}
	if got["e-1"].Rule != screening.FactsFailed {
		t.Errorf("the poison order is held by %q", got["e-1"].Rule)
	}
}
