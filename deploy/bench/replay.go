package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/tidegate/tidegate/deploy/bench/varied"
	"github.com/tidegate/tidegate/deploy/standalone"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/services/screening/replay"
)

// Replay is what judging a history again did, beside merely reading it, proven, in the same run.
type Replay struct {
	Decisions int     `json:"decisions"`
	LeafBytes int     `json:"leaf_bytes"`
	Read      Rate    `json:"read"`       // the slice merely read and proven
	Changed   Rate    `json:"changed"`    // a changed pack: one rule more
	Many      Rate    `json:"many"`       // a pack with other thresholds: every order judged in full
	Own       Rate    `json:"own"`        // each decision's own pack: every line made again, byte for byte
	Ratio     float64 `json:"to_reading"` // of Changed
	Orders    int     `json:"orders_changed"`
	GrownMB   float64 `json:"grown_mb"` // of the process's memory, at most, above idle
	Live      Beside  `json:"live"`
}

// benchReplay writes a history and judges it again.
func benchReplay(ctx context.Context, w io.Writer, dir string, n int, d time.Duration) (r Replay, err error) {
	tmp, err := os.MkdirTemp(dir, "tidegate-replay-")
	if err != nil {
		return r, err
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	fmt.Fprintf(w, "replay: writing %d varied decisions …\n", n)
	r.Decisions = n
	if r.LeafBytes, err = varied.WriteHistory(ctx, standalone.AuditDir(tmp), n); err != nil {
		return r, err
	}
	if err := r.measure(ctx, w, tmp); err != nil {
		return r, err
	}
	if err := os.RemoveAll(tmp); err != nil {
		return r, err
	}
	if r.Live, err = measureBeside(ctx, w, tmp, d); err != nil {
		return r, fmt.Errorf("beside live orders: %w", err)
	}
	return r, nil
}

func (r *Replay) measure(ctx context.Context, w io.Writer, data string) error {
	us, err := screening.USPack()
	if err != nil {
		return err
	}
	codified, err := us.With(map[string]string{"diffusion": "codified"})
	if err != nil {
		return err
	}
	if err := r.reading(ctx, data); err != nil { // once before: the files are in memory then, for all that follows
		return err
	}
	debug.FreeOSMemory()
	idle, err := residentMB(os.Getpid(), "VmRSS")
	if err != nil {
		return err
	}
	stop := watchMemory(&r.GrownMB, idle)
	defer stop()
	for _, one := range []struct {
		name string
		into *Rate
		opt  *replay.Options
	}{
		{"reading", &r.Read, nil},
		{"judging under a changed pack", &r.Changed, &replay.Options{Pack: codified}},
		{"judging every order in full", &r.Many, &replay.Options{Pack: codified, AsOf: screening.AsOf{By: screening.ByOrderDate}}},
		{"judging under each decision's own pack", &r.Own, &replay.Options{}},
	} {
		fmt.Fprintf(w, "replay: %s …\n", one.name)
		runtime.GC()
		used, start := cpu(), time.Now()
		if one.opt == nil {
			err = r.reading(ctx, data)
		} else {
			err = r.judging(ctx, data, *one.opt)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
		*one.into = rate(r.Decisions, time.Since(start), cpu()-used)
	}
	r.Ratio = r.Changed.OrdersPerSec / r.Read.OrdersPerSec
	return nil
}

func (r *Replay) reading(ctx context.Context, data string) error {
	n, err := standalone.ReadHistory(ctx, data)
	if err == nil && n != r.Decisions {
		err = fmt.Errorf("%d of %d decisions read", n, r.Decisions)
	}
	return err
}

func (r *Replay) judging(ctx context.Context, data string, opt replay.Options) error {
	if err := os.RemoveAll(filepath.Join(data, "replay")); err != nil {
		return err
	}
	rep, err := standalone.Replay(ctx, data, opt)
	if err != nil {
		return err
	}
	if rep.Judged != r.Decisions || opt.Pack == nil && rep.Changed+rep.Differs > 0 {
		return fmt.Errorf("%d judged, %d changed, %d differ, lacking %v", rep.Judged, rep.Changed, rep.Differs, rep.Lacking)
	}
	if opt.Pack != nil && opt.AsOf == (screening.AsOf{}) {
		r.Orders = rep.Changed
	}
	return nil
}

// watchMemory notes how far the process grows above idle.
func watchMemory(grown *float64, idle float64) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				if now, err := residentMB(os.Getpid(), "VmRSS"); err == nil {
					*grown = max(*grown, now-idle)
				}
			}
		}
	}()
	return func() { close(done); <-ended }
}

func (r Replay) print(w io.Writer) {
	fmt.Fprintf(w, "\nreplay of %d varied decisions, %d bytes a leaf; %d change\n", r.Decisions, r.LeafBytes, r.Orders)
	for _, one := range []struct {
		name string
		Rate
	}{{"read and proven", r.Read}, {"one rule more", r.Changed}, {"every order judged in full", r.Many}, {"own pack, byte for byte", r.Own}} {
		fmt.Fprintf(w, "  %-28s %9.0f orders/s   %6.1f µs CPU/order\n", one.name, one.OrdersPerSec, one.CPUPerOrder)
	}
	fmt.Fprintf(w, "  to reading %.2f; %.0f MB above idle at most\n", r.Ratio, r.GrownMB)
	r.Live.print(w)
}
