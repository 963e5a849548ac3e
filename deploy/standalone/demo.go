package standalone

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v3"
	"golang.org/x/sync/errgroup"

	"github.com/tidegate/tidegate/deploy/standalone/samples"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/ingest"
	"github.com/tidegate/tidegate/shared/lifecycle"
)

func demoCommand() *cli.Command {
	return &cli.Command{
		Name:  "demo",
		Usage: "screen the sample orders end to end, replay them, verify the log; exits with 1 when an expectation is missed",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "data", Usage: "fresh `DIR`, kept afterwards", Required: true},
			&cli.StringFlag{Name: "guard-dir", Usage: "`DIR` of the log's guard; below the user's state directory when not given, where serve looks for it, too"},
			&cli.StringFlag{Name: "reports", Usage: "`DIR` for the pages of the replays; reports in the data directory when not given"},
			&cli.BoolFlag{Name: "json", Usage: "print one JSON object instead of tables"},
			logFlag("error"),
		},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			log, err := lifecycle.Logger(cmd.Root().ErrWriter, cmd.String("log-level"))
			if err != nil {
				return err
			}
			data := cmd.String("data")
			r, err := Demo(ctx, data, cmd.String("guard-dir"), cmp.Or(cmd.String("reports"), filepath.Join(data, "reports")), log)
			if err != nil {
				return err
			}
			return r.tell(cmd.Root().Writer, cmd.Bool("json"))
		},
	}
}

// Result is everything a demo run found out.
type Result struct {
	Cases    []DemoCase    `json:"cases"`
	Story    []DemoStep    `json:"story"` // what earlier orders, licenses and persons do to an order
	Replays  []DemoReplay  `json:"replays"`
	Orders   int           `json:"orders"`
	Decided  int           `json:"decisions"`
	Refused  int           `json:"refusals"`
	Records  int           `json:"records"`
	Changed  int           `json:"replay_changed"`
	Held     int           `json:"held"`
	LogSize  uint64        `json:"log_size"`
	Notes    uint64        `json:"notes"`     // leaves about the replays and the reproduction
	Log      string        `json:"log"`       // what verification found
	Witness  []string      `json:"witnesses"` // that signed the checkpoint
	Again    Reproduced    `json:"reproduced"`
	Misses   []string      `json:"missed_expectations"`
	Duration time.Duration `json:"duration_ns"`
}

// errMissed says that the product did not answer as the samples expect.
var errMissed = cli.Exit("", 1)

// Demo runs the whole product over a fresh data directory and the sample orders: real server, real door, real log. The pages
// of its replays are written into a folder of reports.
func Demo(ctx context.Context, data, guardDir, reports string, log *slog.Logger) (Result, error) {
	set, err := samples.Load()
	if err != nil {
		return Result{}, err
	}
	if _, found, err := FindRunning(data); err != nil || found {
		return Result{}, errors.Join(err, fmt.Errorf("%s is in use or was used; the demo wants a fresh directory", data))
	}
	policy, unwitness, err := demoWitness(ctx, data)
	if err != nil {
		return Result{}, err
	}
	defer unwitness()
	doors, secret, err := demoDoors()
	if err != nil {
		return Result{}, err
	}
	s, err := New(ctx, Config{Data: data, GuardDir: guardDir, Audit: audit.Config{Witnesses: policy}, Ingest: ingest.Config{Doors: doors}, Log: log})
	if err != nil {
		return Result{}, err
	}
	var r Result
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.Run(ctx) })
	g.Go(func() error {
		defer stop()
		r, err = demo(ctx, s, secret, reports, set)
		return err
	})
	return r, g.Wait()
}

// demo is the story: submit, wait until everything is logged, compare, replay, verify.
func demo(ctx context.Context, s *Standalone, secret, reports string, set []samples.Sample) (Result, error) {
	start := time.Now() //nolint:forbidigo // how long the run took is shown to a person and decides nothing
	var r Result
	answers, err := submitAll(ctx, s, secret, set)
	if err != nil {
		return r, err
	}
	logged, err := awaitRecords(ctx, s, len(set))
	if err != nil {
		return r, err
	}
	if err := r.compare(set, answers, logged); err != nil {
		return r, err
	}
	if err := r.tellStory(ctx, s, len(set)); err != nil {
		return r, err
	}
	if err := r.replay(ctx, s.cfg.Data, reports, set); err != nil {
		return r, err
	}
	if err := r.reproduce(ctx, s.cfg.Data); err != nil {
		return r, err
	}
	if err := r.noted(ctx, s); err != nil {
		return r, err
	}
	if err := r.verify(ctx, s); err != nil {
		return r, err
	}
	r.Duration = time.Since(start) //nolint:forbidigo // as above
	return r, nil
}

// tell prints the result and says with its error whether an expectation was missed.
func (r Result) tell(w io.Writer, asJSON bool) error {
	if asJSON {
		if err := printJSON(w, r); err != nil {
			return err
		}
	} else {
		r.print(w)
	}
	if len(r.Misses) > 0 {
		return errMissed
	}
	return nil
}
