package standalone

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/tidegate/tidegate/deploy/bench/varied"
	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment"
	"github.com/tidegate/tidegate/services/screening/replay"
)

// submitVaried submits n varied orders of a source.
func (s *shop) submitVaried(ctx context.Context, source string, n int) error {
	v := varied.NewVaried(uint64(len(source)))
	for i := range n {
		order := v.Next(i)
		_, rest, _ := bytes.Cut(order, []byte(`"id":"V-`))
		order = append(fmt.Appendf(nil, `{"source":%q,"id":"%s-`, source, source), rest...)
		a, err := s.s.Ingest.Submit(ctx, order, "test")
		if err != nil {
			return err
		}
		if a.Status != "accepted" {
			return fmt.Errorf("order %d of %s: %+v", i, source, a)
		}
	}
	return nil
}

// Two replays, one under other rules and one that states facts again, and live orders at once: each replay has the report that
// it has alone in its own process from the log, and every live order is decided and logged.
func TestTwoReplaysAndLiveOrdersDoNotDisturbEachOther(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	if err := s.submitVaried(t.Context(), "past", 300); err != nil {
		t.Fatal(err)
	}
	s.n += 300
	s.records()
	codified, facts := codifiedQuestion(replay.Recorded), codifiedQuestion(replay.Recorded)
	ref, err := enrichment.Curated()
	if err != nil {
		t.Fatal(err)
	}
	facts.B.Reference = &replay.Reference{Snapshot: ref.Digest(), Matcher: "another"} // that no facts were stated with: all are stated again
	codified.Slice.Sources, facts.Slice.Sources = []string{"past"}, []string{"past"}
	var g errgroup.Group
	reports := make([]replay.Report, 2)
	told := make([][]string, 2)
	for i, q := range []replay.Question{codified, facts} {
		a := asking(t, s.data, q)
		a.told = func(said string) { told[i] = append(told[i], said) }
		g.Go(func() (err error) { reports[i], err = a.run(t.Context()); return err })
	}
	g.Go(func() error { return s.submitVaried(t.Context(), "live", 150) })
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	s.n += 150
	live := 0
	for _, l := range s.records() {
		if l.Leaf.Kind == event.LeafDecision {
			live++
		}
	}
	if live != 450 {
		t.Errorf("%d orders decided, want 450", live)
	}
	for i, q := range []replay.Question{codified, facts} {
		a := asking(t, s.data, q)
		a.here, a.read = true, fromLog
		want, err := a.run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got := reports[i]
		if len(told[i]) < 2 || got.Plan.Source != fromStream || want.Plan.Source != fromLog {
			t.Errorf("told %q, read from %s and %s", told[i], got.Plan.Source, want.Plan.Source)
		}
		got.Plan, want.Plan = replay.Plan{}, replay.Plan{}
		got.Skipped, want.Skipped = 0, 0 // live orders
		if asJSON(t, got) != asJSON(t, want) || got.Judged != 300 || got.Changed == 0 || i == 1 && got.Enriched != 300 {
			t.Errorf("beside live orders:\n%s\nalone:\n%s", asJSON(t, got), asJSON(t, want))
		}
	}
}
