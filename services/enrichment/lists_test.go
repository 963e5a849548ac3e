package enrichment_test

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
	"github.com/tidegate/tidegate/services/enrichment/lists"
)

// full compiles the Consolidated Screening List with the Entity List's addresses, SDN aliases and the UN list.
func full(tb testing.TB) []byte {
	tb.Helper()
	data := os.Getenv("TIDEGATE_TESTDATA")
	if data == "" {
		tb.Skip("TIDEGATE_TESTDATA is not set: the real lists are not here")
	}
	s := lists.Open(tb.TempDir())
	digest := ""
	for _, f := range []string{"csl-2026-07-31.derived.csv", "bis-entity-list-2026-07-09.json", "ofac-sdn-2021-07-07", "un-consolidated-2026-02-27.xml"} {
		rep, err := s.Import(lists.Import{Path: filepath.Join(data, "lists", f)})
		if err != nil {
			tb.Fatal(err)
		}
		digest = rep.Set
	}
	set, err := s.Set(digest)
	if err != nil {
		tb.Fatal(err)
	}
	file, _ := snapshot.Encode(set)
	return file
}

// TestListedNamesOfTheFullListsAreFound takes every fiftieth row: its own name must find it.
func TestListedNamesOfTheFullListsAreFound(t *testing.T) {
	t.Parallel()
	file := full(t)
	curated, err := enrichment.Curated()
	if err != nil {
		t.Fatal(err)
	}
	ref, err := curated.WithLists(file)
	if err != nil {
		t.Fatal(err)
	}
	set, _, err := snapshot.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	looked, missed := 0, 0
	for i := 0; i < len(set.Entries); i += 50 {
		e := &set.Entries[i]
		if e.AddressOnly || e.Kind != "" {
			continue
		}
		looked++
		f := ref.Facts(&event.Order{Parties: []event.Party{{Role: event.EndUser, Name: e.Name, Address: &event.Address{Country: e.Country}}}}, "")
		if !slices.ContainsFunc(f.Parties[0].Matches, func(m event.Match) bool { return m.Entry == e.ID }) {
			missed++
			t.Logf("%s %q", e.ID, e.Name)
		}
	}
	if looked < 500 || missed > 0 {
		t.Errorf("%d of %d not found", missed, looked)
	}
}

// BenchmarkLoadSet reads the compiled set of the full lists, without indexes.
func BenchmarkLoadSet(b *testing.B) {
	file := full(b)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var set *snapshot.Set
	for b.Loop() {
		var err error
		if set, _, err = snapshot.Decode(file); err != nil {
			b.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "held_MB")
	b.ReportMetric(float64(len(set.Entries)), "rows")
	b.ReportMetric(float64(len(file))/1e6, "file_MB")
}

// BenchmarkLoadReference reads the compiled set and builds the matcher's indexes over it.
func BenchmarkLoadReference(b *testing.B) {
	file := full(b)
	curated, err := enrichment.Curated()
	if err != nil {
		b.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var ref *enrichment.Reference
	for b.Loop() {
		if ref, err = curated.WithLists(file); err != nil {
			b.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "held_MB")
	runtime.KeepAlive(ref)
}
