package page_test

import (
	"fmt"
	"io"
	"runtime"
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening/replay"
	"github.com/tidegate/tidegate/services/screening/replay/page"
)

// stream is a report of n changes that stand nowhere: each is made when it is read. It looks at the heap on the way.
func stream(n int, highest *uint64) replay.Report {
	var b replay.Breakdown
	each := func(i int) replay.Change {
		return replay.Change{
			Source: "shop", OrderID: fmt.Sprintf("PO-%08d", i), Event: fmt.Sprintf("e-%08d", i), Date: "2026-11-10", Country: "DE", From: event.Release, To: event.NeedsLic, Rule: "affiliates-50",
			Why: fmt.Sprintf("Party %d is owned 50 percent or more by listed parties. Get a license from BIS, or show that less than 50 percent is held.", i), Parties: []string{"Holm GmbH"},
		}
	}
	for i := range n {
		c := each(i)
		b.Add(&c)
	}
	r := replay.Report{Judged: n, Orders: replay.Streamed(func(yield func(replay.Change, error) bool) {
		for i := range n {
			if highest != nil && i%(n/4) == n/8 {
				*highest = max(*highest, heap())
			}
			if !yield(each(i), nil) {
				return
			}
		}
	})}
	b.Fill(&r)
	return r
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestVeryManyChangesAreWrittenInLittleMemory(t *testing.T) { //nolint:paralleltest // it looks at the heap
	const n = 200_000 // some 70 MB as JSON
	for name, write := range map[string]func(replay.Report) error{
		"page": func(r replay.Report) error { return page.Write(io.Discard, r, page.Options{}) },
		"csv":  func(r replay.Report) error { return r.WriteCSV(io.Discard) },
		"json": func(r replay.Report) error { return r.WriteJSON(io.Discard) },
		"text": func(r replay.Report) error { return r.Print(io.Discard) },
	} {
		before, highest := heap(), uint64(0)
		if err := write(stream(n, &highest)); err != nil {
			t.Fatal(err)
		}
		if highest > before+8<<20 {
			t.Errorf("%s: %d MB more than before", name, (highest-before)>>20)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	const n = 100_000
	r := stream(n, nil)
	for name, write := range map[string]func(replay.Report) error{
		"page": func(r replay.Report) error { return page.Write(io.Discard, r, page.Options{}) },
		"csv":  func(r replay.Report) error { return r.WriteCSV(io.Discard) },
		"json": func(r replay.Report) error { return r.WriteJSON(io.Discard) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := write(r); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "orders/s")
		})
	}
}
