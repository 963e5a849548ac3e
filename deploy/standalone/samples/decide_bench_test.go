package samples

import (
	"syscall"
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment"
	"github.com/tidegate/tidegate/services/screening"
)

// BenchmarkJudgeSamples selects and evaluates the rules for every sample in turn, enriched before: harder orders than any
// seller's stream has.
func BenchmarkJudgeSamples(b *testing.B) {
	reference, err := enrichment.Curated()
	if err != nil {
		b.Fatal(err)
	}
	pack, err := screening.USPack()
	if err != nil {
		b.Fatal(err)
	}
	all, err := Load()
	if err != nil {
		b.Fatal(err)
	}
	var causes []*event.Cause
	var facts []*event.Facts
	for _, s := range all {
		if s.Kind == Refusal {
			continue
		}
		o := decode(b, s)
		f := reference.Facts(&o, "")
		causes, facts = append(causes, &event.Cause{Line: event.LineOrder, V: 1, Kind: event.Placed, Order: &o}), append(facts, &f)
	}
	i := 0
	var before, after syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &before); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		pack.Decide(causes[i%len(causes)], facts[i%len(facts)], "", screening.AsOf{})
		i++
	}
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &after); err != nil {
		b.Fatal(err)
	}
	used := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
	b.ReportMetric(float64(used)/float64(b.N), "cpu-ns/op")
}
