package standalone

import (
	"context"
	"testing"

	"github.com/tidegate/tidegate/deploy/bench/varied"
	"github.com/tidegate/tidegate/services/screening/replay"
)

// BenchmarkReplayJudges judges varied decisions in memory: what a replay costs beside reading.
func BenchmarkReplayJudges(b *testing.B) {
	data := b.TempDir()
	if _, err := varied.WriteHistory(b.Context(), AuditDir(data), 5000); err != nil {
		b.Fatal(err)
	}
	p, err := pastOf(b.Context(), data, nil, replay.Slice{}, fromLog)
	if err != nil {
		b.Fatal(err)
	}
	var all []replay.Past
	for batch, err := range p.log(b.Context(), data, nil) {
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, batch.Cases...)
	}
	known, err := knownOf(data)
	if err != nil {
		b.Fatal(err)
	}
	for name, q := range map[string]replay.Question{"one rule more": codifiedQuestion(replay.Recorded), "own pack": own()} {
		b.Run(name, func(b *testing.B) {
			judge := replay.NewJudge(q, known)
			for b.Loop() {
				if _, err := judge.Cases(context.Background(), all); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(all)), "ns/order")
		})
	}
}
