package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/services/ingest"
)

func doorsCommand() *cli.Command {
	return &cli.Command{
		Name: "doors", Usage: "webhooks, streams and mappings that a server reads", Commands: []*cli.Command{{
			Name: "check", Usage: "list every fault of a file of doors, and what it opens", ArgsUsage: "[FILE]", Action: doorsCheck,
			Description: "Without FILE, doors.yaml in the data directory. A running server reads the file again when it changes and on SIGHUP; with a fault\n" +
				"it keeps the doors it has and says so in its log.\nExit status: 0 good, 1 it has faults, 2 trouble.",
			Flags: []cli.Flag{&cli.StringFlag{Name: "data", Usage: "data `DIR`", Value: "data", Sources: cli.EnvVars("TIDEGATE_DATA")}},
		}},
	}
}

func doorsCheck(_ context.Context, cmd *cli.Command) error {
	file := cmd.Args().First()
	if file == "" {
		file = filepath.Join(cmd.String("data"), "doors.yaml")
	}
	w := cmd.Root().Writer
	d, err := ingest.LoadDoors(file)
	switch {
	case errors.Is(err, fs.ErrNotExist) && d.Webhooks == nil:
		return trouble("doors check: %v", err)
	case err != nil:
		fmt.Fprintln(w, err)
		return cli.Exit("", exitRefused)
	}
	for _, name := range slices.Sorted(maps.Keys(d.Webhooks)) {
		fmt.Fprintf(w, "webhook %s: POST /v1/webhooks/%s, source %s\n", name, name, d.Webhooks[name].Source)
	}
	for _, name := range slices.Sorted(maps.Keys(d.Streams)) {
		fmt.Fprintf(w, "stream %s: %s by consumer %s, source %s\n", name, d.Streams[name].Name, d.Streams[name].Durable, d.Streams[name].Source)
	}
	for _, name := range slices.Sorted(maps.Keys(d.Maps)) {
		fmt.Fprintf(w, "map %s: POST /v1/orders?map=%s, format %s\n", name, name, d.Maps[name].FormatName())
	}
	fmt.Fprintf(w, "%s: good\n", file)
	return nil
}
