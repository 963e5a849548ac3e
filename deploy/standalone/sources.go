package standalone

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/services/ingest/source"
	"github.com/tidegate/tidegate/services/ingest/source/folder"
	"github.com/tidegate/tidegate/services/ingest/source/kafka"
	"github.com/tidegate/tidegate/services/ingest/source/outbox"
	"github.com/tidegate/tidegate/services/ingest/source/remote"
	"github.com/tidegate/tidegate/services/ingest/source/xlsx"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/lifecycle"
)

// SourcesFile is where serve looks for running sources, and sourcesDir where they say how they stand.
func SourcesFile(data string) string { return filepath.Join(data, "sources.yaml") }

func sourcesDir(data string) string { return filepath.Join(data, "sources") }

// kinds are the sources that this program knows.
func kinds() source.Kinds {
	return source.Kinds{"folder": folder.Kind(Spreadsheets()), "kafka": kafka.Open, "postgres": outbox.Open}
}

// Spreadsheets turns files into CSV, by their extension.
func Spreadsheets() map[string]source.Convert {
	return map[string]source.Convert{".xlsx": xlsx.CSV, ".xlsm": xlsx.CSV}
}

// openSources reads the configuration that serve runs; none where there is none.
func (s *Standalone) openSources() error {
	file := s.cfg.Sources
	if file == "" {
		file = SourcesFile(s.cfg.Data)
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
	}
	all, err := source.Load(file, kinds())
	if err != nil || len(all) == 0 {
		return err
	}
	s.sources = source.NewRunner(all)
	s.Ingest.ShowSources(s.sources.States)
	return nil
}

// runSources brings in what sources read, once the doors are open.
func (s *Standalone) runSources(ctx context.Context) error {
	if s.sources == nil {
		return nil
	}
	select {
	case <-s.Ingest.Ready():
		return s.sources.Run(ctx, s.Ingest.Reading(), sourcesDir(s.cfg.Data), s.cfg.Log)
	case <-ctx.Done():
		return nil
	}
}

func sourcesFlag() cli.Flag {
	return &cli.StringFlag{Name: "sources", Usage: "`FILE` of topics, tables and folders that orders are read from; sources.yaml in the data directory where it is there", Sources: cli.EnvVars("TIDEGATE_SOURCES")}
}

// sourceCommand is everything about running sources.
func sourceCommand() *cli.Command {
	asJSON := &cli.BoolFlag{Name: "json", Usage: "print JSON"}
	return &cli.Command{
		Name: "source", Usage: "orders from Kafka, a database's outbox, a folder: serve reads what DATA/sources.yaml names",
		Commands: []*cli.Command{
			{
				Name: "check", Usage: "look at the configuration and at what it names; exit 1 when something is wrong, with how to mend it",
				Flags: []cli.Flag{dataFlag(), sourcesFlag(), asJSON}, Action: checkSources,
			},
			{
				Name: "table", Usage: "print the SQL that makes an outbox table", Flags: []cli.Flag{
					&cli.StringFlag{Name: "name", Usage: "of the table", Value: "tidegate_outbox"}, &cli.StringFlag{Name: "channel", Usage: "that is notified", Value: "tidegate_outbox"},
				}, Action: func(_ context.Context, cmd *cli.Command) error {
					_, err := fmt.Fprintf(cmd.Root().Writer, outbox.Table, cmd.String("name"), cmd.String("channel"))
					return err
				},
			},
			{Name: "status", Usage: "how far each source is, how far behind, and its last error", Flags: []cli.Flag{dataFlag(), asJSON}, Action: sourceStatus},
			{
				Name: "run", Usage: "read in a process of its own and bring orders to a server through NATS",
				Flags: append([]cli.Flag{dataFlag(), sourcesFlag()}, lifecycle.Flags()...), Action: runSourcesAlone,
			},
		},
	}
}

func loadSources(cmd *cli.Command) ([]source.Named, error) {
	file := cmd.String("sources")
	if file == "" {
		file = SourcesFile(cmd.String("data"))
	}
	return source.Load(file, kinds())
}

func checkSources(ctx context.Context, cmd *cli.Command) error {
	all, err := loadSources(cmd)
	if err != nil {
		return cli.Exit(err.Error(), 1)
	}
	advice := source.Check(ctx, all)
	if cmd.Bool("json") {
		err = printJSON(cmd.Root().Writer, advice)
	} else {
		for _, a := range advice {
			fmt.Fprintf(cmd.Root().Writer, "%s: %s\n  → %s\n", a.Source, a.Wrong, a.Mend)
		}
		_, err = fmt.Fprintf(cmd.Root().Writer, "%d sources, %d faults\n", len(all), len(advice))
	}
	if err == nil && len(advice) > 0 {
		err = cli.Exit("", 1)
	}
	return err
}

func sourceStatus(_ context.Context, cmd *cli.Command) error {
	all, err := source.ReadStates(sourcesDir(cmd.String("data")))
	if err != nil {
		return err
	}
	if cmd.Bool("json") {
		return printJSON(cmd.Root().Writer, all)
	}
	t := table.NewWriter()
	t.AppendHeader(table.Row{"source", "kind", "accepted", "refused", "behind", "place", "last taken", "last error", "as of"})
	for _, s := range all {
		behind := any(s.Lag)
		if s.Lag < 0 {
			behind = "?"
		}
		t.AppendRow(table.Row{s.Name, s.Kind, s.Accepted, s.Refused, behind, s.Place, s.LastTaken, s.LastError, s.At})
	}
	_, err = fmt.Fprintln(cmd.Root().Writer, t.Render())
	return err
}

func runSourcesAlone(ctx context.Context, cmd *cli.Command) error {
	log, err := lifecycle.Logger(cmd.Root().ErrWriter, cmd.String("log-level"))
	if err != nil {
		return err
	}
	all, err := loadSources(cmd)
	if err != nil {
		return err
	}
	server := bus.Server{URL: cmd.String("nats-url"), Creds: cmd.String("nats-creds"), Name: "source"}
	if at, ok, err := FindRunning(cmd.String("data")); err == nil && ok && !cmd.IsSet("nats-url") {
		server.URL, server.Creds = at.NATS, at.Creds
	}
	nc, err := bus.Connect(ctx, server)
	if err != nil {
		return err
	}
	defer nc.Close()
	return source.NewRunner(all).Run(ctx, remote.New(nc), sourcesDir(cmd.String("data")), log)
}
