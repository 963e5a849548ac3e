package standalone

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

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
			id := cmd.Args().First()
			if id == "" || filepath.Base(id) != id {
				return errors.New("want the id of a replay, as \"replay list\" shows it")
			}
			return replay.Drop(filepath.Join(ReplayDir(cmd.String("data")), id))
		},
	}
}
