package audit_test

import (
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/natstest"
)

// Padding that makes a leaf of about 6 KB, as real decisions are, and of 1 KB.
const (
	large = 5200
	small = 200
)

// fill decides n blocks of 64 cases with so much padding each.
func fill(tb testing.TB, cfg audit.Config, n, pad int) (leaves uint64) {
	tb.Helper()
	nc := natstest.Server(tb)
	js := natstest.JetStream(tb, nc)
	cases := blocks(tb, 1, n, 64, pad)
	for i, block := range cases {
		if err := bus.Publish(tb.Context(), js, subject.DecisionStream, subject.DecisionSubject, uint64(i), event.AppendBlock(nil, block)); err != nil {
			tb.Fatal(err)
		}
	}
	if b, ok := tb.(*testing.B); ok {
		b.SetBytes(int64(cases[0][0].Size()))
		b.ResetTimer()
	}
	s, stop := start(tb, nc, cfg)
	until(tb, "receipts", func() bool { return s.Leaves() == total(cases) })
	if b, ok := tb.(*testing.B); ok {
		b.StopTimer()
	}
	if err := stop(); err != nil {
		tb.Fatal(err)
	}
	return total(cases)
}

// BenchmarkAppend is the whole way of a case of 6 KB from its block in the stream to its receipt, with log, guard,
// index and a real server in the same process.
func BenchmarkAppend(b *testing.B) {
	cfg := config(b.TempDir())
	cfg.BatchAge, cfg.CheckpointInterval = 0, 0
	n := fill(b, cfg, b.N/64+1, large)
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "leaves/s")
}

// BenchmarkVerify checks a log from the page cache: leaves of 6 KB, and of 1 KB.
func BenchmarkVerify(b *testing.B) {
	for name, pad := range map[string]int{"6KB": large, "1KB": small} {
		b.Run(name, func(b *testing.B) {
			cfg := config(b.TempDir())
			n := fill(b, cfg, 400, pad)
			b.SetBytes(0)
			b.ResetTimer()
			b.StartTimer()
			for range b.N {
				rep, err := audit.Verify(b.Context(), cfg.Dir, cfg.GuardDir, auditverify.Options{})
				if err != nil {
					b.Fatal(err, rep)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "leaves/s")
		})
	}
}
