package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/services/enrichment"
	"github.com/tidegate/tidegate/shared/clock"
)

// longestLine bounds a line of a file of names.
const longestLine = 1 << 20

func benchCommand() *cli.Command {
	return &cli.Command{
		Name: "bench", Usage: "time the matcher on names, one a line, each looked up once and one after the other",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "names", Required: true, Usage: "`FILE` of names, or - for standard input"},
			dataFlag(), referenceFlag(), jsonFlag(),
		},
		Action: func(_ context.Context, c *cli.Command) error { return unusable(bench(c)) },
	}
}

// timing is what bench prints.
type timing struct {
	LoadS    decimal `json:"load_s"`   // seconds from files to a set that answers
	RSSMB    decimal `json:"rss_mb"`   // resident memory after loading
	Entities int     `json:"entities"` // entries of the set
	Names    int     `json:"names"`
	CPU      decimal `json:"cpu_us_per_name"` // mean processor time of a name
	P50      decimal `json:"p50_us"`          // wall clock, half of the names took at most this
	P99      decimal `json:"p99_us"`
	Rate     decimal `json:"names_per_s"`
	Stated   int     `json:"stated"`     // names with a candidate at the floor or above
	Compared int     `json:"considered"` // listed names compared in all
}

// decimal is a measured number, printed with one to three places.
type decimal float64

// MarshalJSON prints a plain number.
func (d decimal) MarshalJSON() ([]byte, error) { return []byte(d.String()), nil }

func (d decimal) String() string { return strconv.FormatFloat(float64(d), 'f', 3, 64) }

func bench(c *cli.Command) error {
	names, err := readNames(c)
	if err != nil {
		return fmt.Errorf("read names: %w", err)
	}
	began := clock.System()
	r, err := reference(c)
	if err != nil {
		return err
	}
	t := timing{LoadS: decimal(clock.System().Sub(began).Seconds()), Entities: r.Entities(), Names: len(names)}
	debug.FreeOSMemory()
	debug.FreeOSMemory() // what pools let go of in the first round
	t.RSSMB = decimal(resident())
	t.run(r, names)
	if c.Bool("json") {
		return printJSON(c.Root().Writer, t)
	}
	_, err = fmt.Fprintf(c.Root().Writer, "%d entities loaded in %s s, %s MB resident\n%d names: %s us of CPU each, p50 %s us, p99 %s us, %s names/s; %d with a candidate, %d compared\n",
		t.Entities, t.LoadS, t.RSSMB, t.Names, t.CPU, t.P50, t.P99, t.Rate, t.Stated, t.Compared)
	return err
}

func readNames(c *cli.Command) ([]string, error) {
	in, err := open(c, c.String("names"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }() // read only
	var names []string
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		if name := strings.TrimSpace(lines.Text()); name != "" {
			names = append(names, name)
		}
	}
	if lines.Err() == nil && len(names) == 0 {
		return nil, errEmpty
	}
	return names, lines.Err()
}

func (t *timing) run(r *enrichment.Reference, names []string) {
	took := make([]time.Duration, 0, len(names))
	cpu, began := processorTime(), clock.System()
	last := began
	for _, name := range names {
		stated, compared := r.Look(name)
		now := clock.System()
		took = append(took, now.Sub(last))
		last = now
		t.Compared += compared
		if stated > 0 {
			t.Stated++
		}
	}
	all, n := last.Sub(began), float64(len(names))
	t.CPU = decimal(float64((processorTime() - cpu).Nanoseconds()) / 1000 / n)
	slices.Sort(took)
	t.P50, t.P99 = microseconds(took[len(took)/2]), microseconds(took[len(took)*99/100])
	if all > 0 {
		t.Rate = decimal(n / all.Seconds())
	}
}

func microseconds(d time.Duration) decimal { return decimal(float64(d.Nanoseconds()) / 1000) }

// processorTime is what this process has used so far, the collector included.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// resident is the process's resident memory in MB: the system's word where it gives one, else the runtime's.
func resident() float64 {
	kb, err := residentKB()
	if err != nil {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.Sys-m.HeapReleased) / (1 << 20)
	}
	return float64(kb) / 1024
}

func residentKB() (int, error) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			return strconv.Atoi(strings.Fields(rest)[0])
		}
	}
	return 0, errors.ErrUnsupported
}
