package cli

import (
	"context"
	"io"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/services/audit"
)

func restoreCommand() *cli.Command {
	return &cli.Command{
		Name: "restore", Usage: "after a restore that lost leaves: declare them lost and begin a new log, which says so; nothing may run on it",
		Description: "Without --yes it only says what would be done. The old log is not touched: what is left of it stays the first part of the history, readable and\n" +
			"verifiable. The new log has a name and key of its own, which auditors and witnesses need; its first leaf names the last trusted checkpoint of\n" +
			"the old one. What the streams still hold of the lost blocks is logged again.",
		Flags: []cli.Flag{
			dataFlag(), guardFlag(), jsonFlag(),
			&cli.StringSliceFlag{Name: "checkpoint", Usage: "`FILE` with a checkpoint of the old log kept elsewhere; more than once"},
			&cli.BoolFlag{Name: "abandon", Usage: "nothing of the old log counts: it is damaged, or gone"},
			&cli.StringFlag{Name: "by", Usage: "`NAME` of who declares it; stands in the log"},
			&cli.StringFlag{Name: "why", Usage: "`SENTENCE` why; stands in the log"},
			&cli.BoolFlag{Name: "yes", Usage: "do it"},
		},
		Action: func(ctx context.Context, c *cli.Command) error {
			o, err := options(c)
			if err != nil {
				return exit(err)
			}
			done, err := audit.Restore(ctx, audit.Config{Dir: dir(c), GuardDir: c.String("guard-dir")}, audit.Restoring{
				By: c.String("by"), Why: c.String("why"), Abandon: c.Bool("abandon"), Kept: o.Kept, Do: c.Bool("yes"),
			})
			if err != nil {
				return exit(err)
			}
			if c.Bool("json") {
				return printJSON(c.Root().Writer, done)
			}
			return sayRestored(c.Root().Writer, done)
		},
	}
}

func sayRestored(out io.Writer, r audit.Restored) error {
	w := &writer{Writer: out}
	w.line("old log %s: %d leaves are left, %d are declared lost", or(r.Before, "(unknown)"), r.Leaves, r.Lost)
	w.line("new log %s in %s, from block %d on: what the streams still hold of it is logged again", r.Log, r.Dir, r.Sequence)
	if r.Needless {
		w.line("nothing is lost as far as is known here: \"tidegate audit accept\" would do")
	}
	if r.Done {
		w.line("done; auditors and witnesses need its key: %s", r.Key)
	} else {
		w.line("nothing was done; run it again with --yes, --by and --why")
	}
	return w.err
}
