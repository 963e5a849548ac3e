package standalone

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/services/screening/replay"
)

func replayListCommand() *cli.Command {
	return &cli.Command{
		Name:  "list",
		Usage: "replays that were stopped, and those that are done",
		Flags: []cli.Flag{dataFlag(), &cli.BoolFlag{Name: "json", Usage: "print JSON"}},
		Action: func(_ context.Context, cmd *cli.Command) error {
			all, err := replay.List(ReplayDir(cmd.String("data")))
			if err != nil {
				return err
			}
			if cmd.Bool("json") {
				return printJSON(cmd.Root().Writer, all)
			}
			for _, k := range all {
				how := fmt.Sprintf("stopped behind %d cases; ask again and it goes on", k.Cases)
				if k.Report != nil {
					how = fmt.Sprintf("done: %d judged, %d changed", k.Report.Judged, k.Report.Changed)
				}
				fmt.Fprintf(cmd.Root().Writer, "%s  %s\n  %s; %s\n", k.ID, how, k.Question.Words(), k.Question.Slice.Words())
			}
			return nil
		},
	}
}

func replayDropCommand() *cli.Command {
	return &cli.Command{
		Name:      "drop",
		Usage:     "forget a replay: its work directory goes",
		ArgsUsage: "ID",
		Flags:     []cli.Flag{dataFlag()},
		Action: func(_ context.Context, cmd *cli.Command) error {
			dir, id := ReplayDir(cmd.String("data")), cmd.Args().First()
			all, err := replay.List(dir)
			if err != nil {
				return err
			}
			if cmd.Args().Len() != 1 || !slices.ContainsFunc(all, func(k replay.Kept) bool { return k.ID == id }) { // nothing else may be removed
				return cli.Exit(fmt.Errorf("%q is no replay of %s: want one id, as \"replay list\" shows it", id, cmd.String("data")), 2)
			}
			return replay.Drop(filepath.Join(dir, id))
		},
	}
}
