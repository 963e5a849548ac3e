package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/search"
)

// Search is what the auditor's search does over a log of so many records.
type Search struct {
	Leaves     uint64     `json:"leaves"`
	LogMB      float64    `json:"log_mb"`
	IndexMB    float64    `json:"index_mb"`
	Rebuild    float64    `json:"rebuild_per_second"` // records read from the log and written to the index
	RebuildCPU float64    `json:"rebuild_cpu_us"`     // of CPU a record
	CheckCPU   float64    `json:"check_cpu_us"`       // of the comparison of index and log
	Check      float64    `json:"check_per_second"`   // records of it
	Exported   uint64     `json:"exported"`           // records of a population that is spread over the whole log
	Export     float64    `json:"export_per_second"`  // of them, as JSON lines, each proven
	ExportCPU  float64    `json:"export_cpu_us"`
	ExportHeap float64    `json:"export_heap_mb"` // at the highest, sampled every thousand records
	Asked      []Question `json:"questions"`
}

// Question is a question asked several times, with 100 records a page, each proven.
type Question struct {
	Name   string  `json:"name"`
	Found  int     `json:"found"`    // on the first page
	First  float64 `json:"first_ms"` // the first time
	Median float64 `json:"median_ms"`
	Worst  float64 `json:"worst_ms"`
	CPU    float64 `json:"cpu_ms"` // of one
}

// questions are a day's work and the worst that can be asked: lists of a million records that have none in common.
func questions(leaves uint64) []struct {
	name string
	q    search.Query
} {
	middle := event.Date("2019-01-01").AddDays(int(leaves / perDay / 2)) //nolint:gosec // far smaller
	return []struct {
		name string
		q    search.Query
	}{
		{"a case by order", search.Query{Order: fmt.Sprintf("ORD-%08d", leaves/3)}},
		{"an event", search.Query{Event: fmt.Sprintf("%08x-0000-5000-8000-000000000000", leaves/3)}},
		{"an order that is not there", search.Query{Order: "NONE"}},
		{"the newest records", search.Query{}},
		{"a party, its full name", search.Query{Party: benchParty(4711)}},
		{"a party, a beginning of a word", search.Query{Party: "zhaqu"}},
		{"a party, three letters", search.Query{Party: "zha"}},
		{"a party, three letters of two words", search.Query{Party: "zha per"}},
		{"a party, a slip in its name", search.Query{Party: slipped(benchParty(4711))}},
		{"a word of a fifth of all records", search.Query{Party: "Qingyuan"}},
		{"the same with a slip", search.Query{Party: "Qinyguan"}},
		{"a word of half of all records", search.Query{Party: "Trading"}},
		{"two such words", search.Query{Party: "Qingyuan Trading"}},
		{"a rule of every record", search.Query{Rule: "diffusion-announced"}},
		{"a rule of every record, and blocked", search.Query{Rule: "diffusion-announced", Outcome: event.Block}},
		{"that word, blocked: none of a fifth", search.Query{Party: "Qingyuan", Outcome: event.Block, Source: "erp", Actor: "portal"}},
		{"a list entry", search.Query{Entry: "EL-7"}},
		{"one day", search.Query{From: middle, Until: middle}},
		{"one year, holds", search.Query{From: middle, Until: middle.AddDays(365), Outcome: event.Hold}},
		{"an odd range of years", search.Query{From: "2019-02-03", Until: middle.AddDays(400)}},
		{"the same, of that word, blocked", search.Query{From: "2019-02-03", Until: middle.AddDays(400), Party: "Qingyuan", Outcome: event.Block}},
		{"two halves, none in common", search.Query{Actor: "portal", Rule: "odd"}},
		{"days before any record", search.Query{Until: "2018-06-30"}},
	}
}

// slipped exchanges two letters.
func slipped(name string) string {
	b := []byte(name)
	b[2], b[3] = b[3], b[2]
	return string(b)
}

// searchPlan says what is measured.
type searchPlan struct {
	dir    string // of temporary files
	keep   string // of files that stay; temporary when empty
	leaves uint64
	pad    int
	check  bool
}

func benchSearch(ctx context.Context, w io.Writer, plan searchPlan) (s Search, err error) {
	if plan.keep == "" {
		if plan.keep, err = os.MkdirTemp(plan.dir, "tidegate-bench-search-"); err != nil {
			return s, err
		}
		defer func() { _ = os.RemoveAll(plan.keep) }()
	}
	if _, err := audit.NewReader(plan.keep); err != nil {
		fmt.Fprintf(w, "search: writing a log of %d records …\n", plan.leaves)
		if err := writeLog(ctx, plan.keep, plan.leaves, plan.pad); err != nil {
			return s, err
		}
	}
	file := filepath.Join(plan.keep, "index")
	a, err := search.Open(ctx, plan.keep, file)
	if err != nil {
		return s, err
	}
	defer func() { _ = a.Close() }()
	fmt.Fprintln(w, "search: making the index …")
	s.Leaves = plan.leaves
	if s.Rebuild, s.RebuildCPU, err = paced(s.Leaves, func() error { _, err := a.Update(ctx, shown(w)); return err }); err != nil {
		return s, err
	}
	fmt.Fprintf(w, "search: %.0f records/s, %.1f µs of CPU each\n", s.Rebuild, s.RebuildCPU)
	s.LogMB, s.IndexMB = sizeMB(filepath.Join(plan.keep, "log")), sizeMB(file)
	for _, x := range questions(s.Leaves) {
		q, err := ask(ctx, a, x.name, x.q)
		if err != nil {
			return s, fmt.Errorf("%s: %w", x.name, err)
		}
		s.Asked = append(s.Asked, q)
	}
	if err := s.export(ctx, w, a); err != nil || !plan.check {
		return s, err
	}
	fmt.Fprintln(w, "search: comparing the index with the log …")
	s.Check, s.CheckCPU, err = paced(s.Leaves, func() error { return a.Check(ctx, nil) })
	return s, err
}

// export measures taking away every hold.
func (s *Search) export(ctx context.Context, w io.Writer, a *search.Archive) error {
	fmt.Fprintln(w, "search: exporting the holds …")
	runtime.GC()
	begin, used := time.Now(), cpu()
	t, err := a.Export(ctx, search.Query{Outcome: event.Hold}, search.NewJSONL(io.Discard), func(n uint64) {
		var m runtime.MemStats
		if n%10_000 == 0 {
			runtime.ReadMemStats(&m)
			s.ExportHeap = max(s.ExportHeap, float64(m.HeapAlloc)/1e6)
		}
	})
	if err != nil || t.Rows == 0 {
		return err
	}
	s.Exported, s.Export, s.ExportCPU = t.Rows, float64(t.Rows)/time.Since(begin).Seconds(), float64((cpu()-used).Microseconds())/float64(t.Rows)
	return nil
}

// paced gives records a second and microseconds of CPU a record.
func paced(records uint64, do func() error) (perSecond, us float64, err error) {
	begin, used := time.Now(), cpu()
	err = do()
	return float64(records) / time.Since(begin).Seconds(), float64((cpu() - used).Microseconds()) / float64(records), err
}

// shown prints how far something is, every half million.
func shown(w io.Writer) func(done, total uint64) {
	next := uint64(500_000)
	return func(done, total uint64) {
		if done >= next {
			fmt.Fprintf(w, "  %d of %d\n", done, total)
			next += 500_000
		}
	}
}

const asked = 9

func ask(ctx context.Context, a *search.Archive, name string, q search.Query) (Question, error) {
	out := Question{Name: name}
	var took []float64
	used := cpu()
	for range asked {
		begin := time.Now()
		hits, _, err := a.Search(ctx, q)
		if err != nil {
			return out, err
		}
		took = append(took, float64(time.Since(begin).Microseconds())/1000)
		out.Found = len(hits)
	}
	out.CPU, out.First = float64((cpu()-used).Microseconds())/1000/asked, took[0]
	slices.Sort(took)
	out.Median, out.Worst = took[asked/2], took[asked-1]
	return out, nil
}

func sizeMB(dir string) float64 {
	var n int64
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			if info, err := e.Info(); err == nil {
				n += info.Size()
			}
		}
		return nil
	})
	return float64(n) / 1e6
}

func (s Search) print(w io.Writer) {
	fmt.Fprintf(w, "\nsearch over %d records (%.0f MB of log, %.0f MB of index), %d cores\n", s.Leaves, s.LogMB, s.IndexMB, runtime.NumCPU())
	fmt.Fprintf(w, "  index made from the log      %9.0f records/s, %5.1f µs CPU each\n", s.Rebuild, s.RebuildCPU)
	fmt.Fprintf(w, "  index compared with the log  %9.0f records/s, %5.1f µs CPU each\n", s.Check, s.CheckCPU)
	fmt.Fprintf(w, "  exported as JSON lines       %9.0f records/s, %5.1f µs CPU each, %d of them, heap %.0f MB at most\n", s.Export, s.ExportCPU, s.Exported, s.ExportHeap)
	fmt.Fprintf(w, "  %-42s %6s %9s %9s %9s %9s\n", "a page of 100 records, each proven; ms", "found", "first", "median", "worst", "CPU")
	for _, q := range s.Asked {
		fmt.Fprintf(w, "  %-42s %6d %9.1f %9.1f %9.1f %9.1f\n", strings.TrimSpace(q.Name), q.Found, q.First, q.Median, q.Worst, q.CPU)
	}
}
