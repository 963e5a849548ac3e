// Command bench measures the pipeline on this machine, beside what the machine can do at most, in one run: the raw
// durable publish limit, a skeleton that moves the same bytes and does no work, and the pipeline exactly as serve
// runs it. Figures of different runs or machines do not compare; the ratios do.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"time"

	"github.com/tidegate/tidegate/deploy/standalone"
	"github.com/tidegate/tidegate/shared/lifecycle"
)

// Report is one run.
type Report struct {
	Machine  string   `json:"machine"`
	Raw      Rate     `json:"raw_publish"`
	Skeleton Rate     `json:"skeleton"`
	Pipeline Pipeline `json:"pipeline"`
	Log      Log      `json:"log"`
	Match    []Match  `json:"match"`
	Edges    []Edge   `json:"sources_and_sinks"`
	Listing  Listing  `json:"listing"`
	Search   Search   `json:"search"`
	Replay   Replay   `json:"replay"`
	OfRaw    float64  `json:"pipeline_to_raw"`
	OfBones  float64  `json:"pipeline_to_skeleton"`
}

func main() {
	if data := os.Getenv(replayedData); data != "" {
		os.Exit(replayBeside(data))
	}
	if os.Getenv(customerVariable) != "" {
		if err := beCustomer(context.Background(), os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "bench: customer:", err)
			os.Exit(2)
		}
		return
	}
	d := flag.Duration("duration", time.Minute, "how long the pipeline runs at full load; the limits run a sixth of it each")
	file := flag.String("json-file", os.Getenv("BENCH_JSON"), "also write the report as JSON to this file")
	prof := flag.String("profile", "", "also write the CPU profile of the full load, or of search, to this file")
	dir := flag.String("dir", "", "where to put the data (about 10 GB at most); a temporary directory when empty")
	only := flag.Bool("log", false, "measure the audit log alone")
	match := flag.Bool("match", false, "measure the matcher alone")
	edges := flag.Bool("edges", false, "measure sources and webhooks alone")
	find := flag.Bool("search", false, "measure the auditor's search alone")
	leaves := flag.Uint64("leaves", 200_000, "records that search looks through; 5,000,000 take 20 GB and half an hour")
	keep := flag.String("search-dir", "", "with -search: keep log and index in this directory, and use those that are there")
	compare := flag.Bool("check", true, "with -search: also compare the index with the log")
	pad := flag.Int("pad", 2000, "bytes more of facts in each of them, about")
	again := flag.Bool("replay", false, "measure replay alone")
	decisions := flag.Int("decisions", 1_000_000, "decisions that are judged again (about 4 GB)")
	whole := flag.Bool("pipeline", false, "measure the pipeline and its doors alone")
	listing := flag.Bool("listing", false, "measure alone which past orders new entries of the lists touch")
	past := flag.Int("past", pastOrders, "how many past orders there are for -listing")
	flag.Parse()
	standalone.LimitMemory() // as serve does
	ctx, stop := lifecycle.Signals(context.Background())
	defer stop()
	measure := func() error { return bench(ctx, os.Stdout, *dir, *d, *decisions, files{*file, *prof}) }
	if *only {
		measure = func() error {
			l, err := benchLog(ctx, os.Stdout, *dir, *d/6)
			if err == nil {
				l.print(os.Stdout)
			}
			return err
		}
	}
	if *whole {
		measure = func() error { return benchPipeline(ctx, os.Stdout, *dir, *d, files{*file, *prof}) }
	}
	if *match {
		measure = func() error {
			all, err := benchMatch(os.Stdout, *dir)
			if err == nil {
				printMatch(os.Stdout, all)
			}
			return err
		}
	}
	if *find {
		measure = func() error {
			if *prof != "" {
				f, err := os.Create(*prof)
				if err != nil {
					return err
				}
				defer func() { _ = f.Close() }()
				if err := pprof.StartCPUProfile(f); err != nil {
					return err
				}
				defer pprof.StopCPUProfile()
			}
			s, err := benchSearch(ctx, os.Stdout, searchPlan{*dir, *keep, *leaves, *pad, *compare})
			if err == nil {
				s.print(os.Stdout)
			}
			return err
		}
	}
	if *edges {
		measure = func() error {
			all, err := benchEdges(ctx, os.Stdout, *dir, *d/6)
			if err == nil {
				printEdges(os.Stdout, all, 0)
			}
			return err
		}
	}
	if *listing {
		measure = func() error {
			l, err := benchListing(ctx, os.Stdout, *dir, *past)
			if err == nil {
				l.print(os.Stdout)
			}
			return err
		}
	}
	if *again {
		measure = func() error {
			r, err := benchReplay(ctx, os.Stdout, *dir, *decisions, *d/4)
			if err == nil {
				r.print(os.Stdout)
			}
			return err
		}
	}
	if err := measure(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
}

// files are where a run leaves its figures; empty for nowhere.
type files struct{ report, profile string }

func bench(ctx context.Context, w io.Writer, dir string, d time.Duration, decisions int, out files) error {
	tmp, err := os.MkdirTemp(dir, "tidegate-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	r := Report{Machine: fmt.Sprintf("%d cores, %s/%s, %s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())}
	fmt.Fprintf(w, "pipeline for %s …\n", d)
	if r.Pipeline, err = measurePipeline(ctx, filepath.Join(tmp, "pipeline"), d); err != nil {
		return fmt.Errorf("pipeline: %w", err)
	}
	if err := os.RemoveAll(filepath.Join(tmp, "pipeline")); err != nil {
		return err
	}
	fmt.Fprintf(w, "limits for %s each …\n", d/6)
	if r.Raw, err = rawLimit(ctx, filepath.Join(tmp, "raw"), d/6, r.Pipeline.Sizes.Order); err != nil {
		return fmt.Errorf("raw limit: %w", err)
	}
	if r.Skeleton, err = skeleton(ctx, filepath.Join(tmp, "skeleton"), d/6, r.Pipeline.Sizes); err != nil {
		return fmt.Errorf("skeleton: %w", err)
	}
	if r.Log, err = benchLog(ctx, w, dir, d/6); err != nil {
		return fmt.Errorf("log: %w", err)
	}
	if r.Match, err = benchMatch(w, dir); err != nil {
		return fmt.Errorf("match: %w", err)
	}
	if r.Edges, err = benchEdges(ctx, w, dir, d/6); err != nil {
		return fmt.Errorf("sources and sinks: %w", err)
	}
	if r.Listing, err = benchListing(ctx, w, dir, pastOrders); err != nil {
		return fmt.Errorf("listing: %w", err)
	}
	if r.Search, err = benchSearch(ctx, w, searchPlan{dir, "", 200_000, 2000, true}); err != nil {
		return fmt.Errorf("search: %w", err)
	}
	if r.Replay, err = benchReplay(ctx, w, dir, decisions, d/4); err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	r.OfRaw = r.Pipeline.OrdersPerSec / r.Raw.OrdersPerSec
	r.OfBones = r.Pipeline.OrdersPerSec / r.Skeleton.OrdersPerSec
	r.print(w)
	return r.write(out)
}

// benchPipeline measures the pipeline without the limits beside it.
func benchPipeline(ctx context.Context, w io.Writer, dir string, d time.Duration, out files) error {
	tmp, err := os.MkdirTemp(dir, "tidegate-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	var r Report
	if r.Pipeline, err = measurePipeline(ctx, filepath.Join(tmp, "pipeline"), d); err != nil {
		return fmt.Errorf("pipeline: %w", err)
	}
	r.Pipeline.print(w)
	return r.write(out)
}

func (r Report) write(out files) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	for file, data := range map[string][]byte{out.report: append(b, '\n'), out.profile: r.Pipeline.profile} {
		if file == "" {
			continue
		}
		if err := os.WriteFile(file, data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (r Report) print(w io.Writer) {
	p := r.Pipeline
	fmt.Fprintf(w, "\n%s\n\n", r.Machine)
	r.Raw.print(w, "raw, one synced message an order")
	r.Skeleton.print(w, "skeleton, blocks, no work")
	fmt.Fprintf(w, "pipeline to raw %.2f, to skeleton %.2f\n\n", r.OfRaw, r.OfBones)
	p.print(w)
	r.Log.print(w)
	printMatch(w, r.Match)
	printEdges(w, r.Edges, r.Pipeline.OrdersPerSec)
	r.Listing.print(w)
	r.Search.print(w)
	r.Replay.print(w)
}

func (r Rate) print(w io.Writer, name string) {
	fmt.Fprintf(w, "%-34s %9.0f orders/s   %7.1f µs CPU/order\n", name, r.OrdersPerSec, r.CPUPerOrder)
}

func (p Pipeline) print(w io.Writer) {
	p.Rate.print(w, "pipeline, as serve runs it")
	p.Doors.Lines.print(w, "  NDJSON over HTTP")
	p.Doors.Stream.print(w, "  a customer's stream")
	fmt.Fprintf(w, "of the pipeline: NDJSON %.2f, customer's stream %.2f\n\n",
		p.Doors.Lines.OrdersPerSec/p.OrdersPerSec, p.Doors.Stream.OrdersPerSec/p.OrdersPerSec)
	for _, stage := range slices.Sorted(maps.Keys(p.Stages)) {
		fmt.Fprintf(w, "  %-26s %7.1f µs CPU/order\n", stage, p.Stages[stage])
	}
	fmt.Fprintf(w, "\n%-14s %10s %10s %10s %10s\n", "latency, ms", "decision50", "decision99", "receipt50", "receipt99")
	for _, l := range []struct {
		name string
		Latency
	}{{"at 200/s", p.Paced}, {"POST at 200/s", p.Doors.Posts}, {"at full load", p.Full}} {
		fmt.Fprintf(w, "%-14s %10.1f %10.1f %10.1f %10.1f\n", l.name, l.DecisionP50, l.DecisionP99, l.ReceiptP50, l.ReceiptP99)
	}
	fmt.Fprintf(w, "\n%d orders, %d sent twice; a case takes %d → %d → %d bytes, %d cases a block; %.0f MB idle, %.0f MB at most (the generator included), %.0f MB of disk\n",
		p.Orders, p.Duplicates, p.Sizes.Order, p.Sizes.Enriched, p.Sizes.Decision, p.Sizes.Cases, p.IdleMB, p.PeakMB, p.DiskMB)
}
