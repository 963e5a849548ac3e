package screening

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/natstest"
)

// desk is a server with orders on ENRICHED.
type desk struct {
	t  *testing.T
	nc *nats.Conn
	js jetstream.JetStream
	p  *Pack
	n  uint64
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	nc := natstest.Server(t)
	js := natstest.JetStream(t, nc)
	if err := bus.Apply(t.Context(), js, bus.Limits{}); err != nil {
		t.Fatal(err)
	}
	return &desk{t: t, nc: nc, js: js, p: us(t)}
}

// enrich stores one block of orders of advanced chips for one consignee.
func (d *desk) enrich(orders int) {
	d.t.Helper()
	var cases []event.Case
	for i := range orders {
		o := &event.Order{OrderDate: "2026-04-08", ShipTo: "DE", Parties: []event.Party{{Role: event.UltimateConsignee, Name: "Nordlicht"}}, Items: []event.Item{{Description: "card"}}}
		f := &event.Facts{
			Places:  []event.Place{{Country: "DE", Groups: []event.Group{{Group: "A:1"}, {Group: "A:5"}, {Group: "S5A"}}}},
			Parties: []event.PartyFacts{{Country: "DE", Headquarters: event.Known{Country: "DE"}, Parent: event.Known{Country: "DE"}}},
			Items:   []event.ItemFacts{{Class: "a", Class2022: "controlled", How: "catalog", TPP: "100", TotalTPP: "100", Bandwidth: "1", DC: "yes", Subject: "yes"}},
		}
		c := &event.Cause{Kind: event.Placed, Event: fmt.Sprintf("e-%d-%d", d.n, i), Tenant: "default", Source: "shop", OrderID: fmt.Sprintf("%d-%d", d.n, i), At: "2026-04-08T10:00:00.000000Z", Order: o}
		cases = append(cases, caseOf(d.t, c, f))
	}
	if err := bus.Publish(d.t.Context(), d.js, subject.EnrichedStream, subject.EnrichedSubject, d.n, event.AppendBlock(nil, cases)); err != nil {
		d.t.Fatal(err)
	}
	d.n++
}

// screen runs the service until every block is decided, and gives the decisions' totals of the last block.
func (d *desk) screen(cfg Config) error {
	d.t.Helper()
	cfg.NoPublish, cfg.Pack, cfg.Log = true, d.p, slog.New(slog.DiscardHandler)
	s, err := New(d.nc, cfg)
	if err != nil {
		d.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(d.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	r, err := bus.OpenReader(ctx, d.js, subject.DecisionStream, d.n)
	if err != nil {
		d.t.Fatal(err)
	}
	got := make(chan error, 1)
	go func() {
		_, err := r.Next(ctx)
		got <- err
	}()
	defer r.Close()
	select {
	case err := <-ended:
		cancel()
		return err
	case err := <-got:
		cancel()
		if stopped := <-ended; stopped != nil {
			return stopped
		}
		return err
	}
}

// year is the total of the year that the first order of a block of decisions read.
func (d *desk) year(block uint64) event.Decimal {
	d.t.Helper()
	data, err := bus.Get(d.t.Context(), d.js, subject.DecisionStream, block)
	if err != nil {
		d.t.Fatal(err)
	}
	cases, err := event.ParseBlock(data)
	if err != nil {
		d.t.Fatal(err)
	}
	j := told(d.t, cases[0])
	if j.Read == nil {
		return "0"
	}
	for _, total := range j.Read.Totals {
		if total.ID == event.TPPYear {
			return total.Sum
		}
	}
	return "0"
}

func TestTheLedgerSurvivesRestartsHoweverItsSnapshotFares(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		harm func(dir string) error
	}{
		{"as it was left", func(string) error { return nil }},
		{"without a snapshot", os.RemoveAll},
		{"with a torn snapshot", func(dir string) error { return rewrite(dir, func(b []byte) []byte { return b[:len(b)/2] }) }},
		{"with the snapshot of another history", func(dir string) error {
			return rewrite(dir, func(b []byte) []byte { return append([]byte("00"), b[2:]...) })
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, dir := newDesk(t), filepath.Join(t.TempDir(), "screening")
			for block := range 3 {
				d.enrich(5)
				if err := d.screen(Config{Dir: dir}); err != nil {
					t.Fatal(err)
				}
				if got, want := d.year(d.n), event.Decimal([]string{"0", "500", "1000"}[block]); got != want {
					t.Errorf("block %d reads %s, want %s", d.n, got, want)
				}
				if err := tt.harm(dir); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// rewrite changes every snapshot.
func rewrite(dir string, change func([]byte) []byte) error {
	files, err := filepath.Glob(filepath.Join(dir, "ledger-*.json"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("%d snapshots: %w", len(files), err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(name, change(b), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func TestBeyondTheStreamTheLedgerIsMadeFromTheHistory(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var past []Past
	for range 2 {
		d.enrich(5)
		if err := d.screen(Config{}); err != nil {
			t.Fatal(err)
		}
		data, err := bus.Get(t.Context(), d.js, subject.DecisionStream, d.n)
		if err != nil {
			t.Fatal(err)
		}
		cases, err := event.ParseBlock(data)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			past = append(past, Past{Sequence: d.n, Case: c})
		}
	}
	if err := bus.Purge(t.Context(), d.js, subject.DecisionStream, d.n+1); err != nil {
		t.Fatal(err)
	}
	d.enrich(5)
	if err := d.screen(Config{}); err == nil {
		t.Error("a ledger that cannot be made complete judges")
	}
	history := func(_ context.Context, from uint64) iter.Seq2[Past, error] {
		return func(yield func(Past, error) bool) {
			for _, p := range past {
				if p.Sequence >= from && !yield(p, nil) {
					return
				}
			}
		}
	}
	if err := d.screen(Config{History: history}); err != nil {
		t.Fatal(err)
	}
	if got := d.year(d.n); got != "1000" {
		t.Errorf("it reads %s", got)
	}
}
