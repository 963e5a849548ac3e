package standalone

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"
	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/screening"
	screeningcli "github.com/tidegate/tidegate/services/screening/cli"
	"github.com/tidegate/tidegate/services/screening/replay"
)

func replayCommand() *cli.Command {
	return &cli.Command{
		Name:  "replay",
		Usage: "judge recorded history again under other rules, parameters or dates; live orders are not touched",
		Description: "Reads the audit log of the data directory, whether the pipeline runs or not. Without options it judges every order under the shipped\n" +
			"pack and its own dates. The old answer is the recorded one, unless a --base option asks to judge that side again, too.",
		Flags: append([]cli.Flag{
			dataFlag(),
			&cli.StringFlag{Name: "from", Usage: "first order `DATE` of the slice"},
			&cli.StringFlag{Name: "until", Usage: "last order `DATE` of the slice, inclusive"},
			&cli.StringSliceFlag{Name: "pack", Usage: screeningcli.PackUsage},
			&cli.StringMapFlag{Name: "set", Usage: "parameter of the pack, `NAME=VALUE`"},
			&cli.StringFlag{Name: "state", Value: "recorded", Usage: "running totals, licenses and dispositions: recorded, as read then, or recomputed, from the first order on"},
			&cli.StringFlag{Name: "as-of", Usage: "judge every order for this `DATE` instead of its own"},
			&cli.StringSliceFlag{Name: "base-pack", Usage: "`DIR` of a pack for the old side, as --pack"},
			&cli.StringMapFlag{Name: "base-set", Usage: "parameter of the old side's pack, `NAME=VALUE`"},
			&cli.StringFlag{Name: "base-as-of", Usage: "judge the old side for this `DATE`"},
		}, slices.Concat(reportFlags(), applyFlags())...),
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if cmd.IsSet("apply") {
				return applyCommand(ctx, cmd)
			}
			opt, err := replayOptions(cmd)
			if err != nil {
				return err
			}
			rep, err := replayShown(ctx, cmd.Root().ErrWriter, cmd.String("data"), opt)
			if err != nil {
				return err
			}
			return tellReplay(ctx, cmd, rep)
		},
	}
}

// replayOptions reads the flags; the error lists every date at fault.
func replayOptions(cmd *cli.Command) (replay.Options, error) {
	var faults []error
	date := func(flag string) event.Date {
		s := cmd.String(flag)
		if s == "" {
			return ""
		}
		d, err := event.ParseDate(s)
		if err != nil {
			faults = append(faults, fmt.Errorf("--%s: %w", flag, err))
		}
		return d
	}
	opt := replay.Options{
		From: date("from"), Until: date("until"),
		AsOf: screening.AsOf{Fixed: date("as-of")}, BaseAsOf: screening.AsOf{Fixed: date("base-as-of")},
	}
	switch cmd.String("state") {
	case "recorded":
	case "recomputed":
		opt.Recompute = true
	default:
		faults = append(faults, fmt.Errorf("--state %s: want recorded or recomputed", cmd.String("state")))
	}
	if opt.Until != "" && opt.From > opt.Until {
		faults = append(faults, fmt.Errorf("--from %s is later than --until %s", opt.From, opt.Until))
	}
	var err error
	opt.Pack, err = openPack(cmd.StringSlice("pack"), cmd.StringMap("set"))
	faults = append(faults, err)
	if cmd.IsSet("base-pack") || cmd.IsSet("base-set") || cmd.IsSet("base-as-of") {
		opt.Base, err = openPack(cmd.StringSlice("base-pack"), cmd.StringMap("base-set"))
		faults = append(faults, err)
	}
	return opt, errors.Join(faults...)
}

// replayShown replays with a progress bar on a terminal.
func replayShown(ctx context.Context, w io.Writer, data string, opt replay.Options) (replay.Report, error) {
	if !terminal(w) {
		return replayLog(ctx, data, opt)
	}
	point, err := audit.Published(AuditDir(data))
	if err != nil {
		return replay.Report{}, err
	}
	bar := progress.NewWriter()
	bar.SetOutputWriter(w)
	bar.SetAutoStop(true)
	bar.SetUpdateFrequency(100 * time.Millisecond)
	tracker := &progress.Tracker{Message: "replay", Total: int64(point.Size)} //nolint:gosec // a log is far smaller than 2^63 leaves
	bar.AppendTracker(tracker)
	done := make(chan struct{})
	go func() { defer close(done); bar.Render() }()
	opt.Progress = func(n int, _ float64) { tracker.SetValue(min(int64(n), tracker.Total-1)) }
	rep, err := replayLog(ctx, data, opt)
	tracker.MarkAsDone()
	<-done
	return rep, err
}

// replayLog judges the log's cases again.
func replayLog(ctx context.Context, data string, opt replay.Options) (replay.Report, error) {
	return replay.Run(ctx, recorded(ctx, AuditDir(data)), opt)
}

// recorded reads the cases of a log from its first leaf on.
func recorded(ctx context.Context, logDir string) iter.Seq2[event.Case, error] {
	return func(yield func(event.Case, error) bool) {
		for l, err := range audit.ReadCases(ctx, logDir, 1) {
			if !yield(l.Case, err) {
				return
			}
		}
	}
}
