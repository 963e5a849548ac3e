// Command enrichment runs the enrichment service against any NATS server.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/nats-io/nats.go"
	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/services/enrichment"
	"github.com/tidegate/tidegate/shared/lifecycle"
)

func main() {
	os.Exit(lifecycle.Main(lifecycle.Command("enrichment", "add facts to orders: listed parties, headquarters, item classes", flags(),
		func(ctx context.Context, cmd *cli.Command, nc *nats.Conn, log *slog.Logger) error {
			required, err := enrichment.ParseRequired(cmd.StringSlice("require-list"))
			if err != nil {
				return err
			}
			ref, err := enrichment.InForce(cmd.String("lists-dir"))
			if err != nil {
				return err
			}
			if ref, err = ref.WithMastersOf(cmd.String("masters-dir")); err != nil {
				return err
			}
			s, err := enrichment.New(nc, enrichment.Config{Reference: ref, MastersDir: cmd.String("masters-dir"), Required: required, Log: log})
			if err != nil {
				return err
			}
			return s.Run(ctx)
		})))
}

func flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "lists-dir", Usage: "`DIR` of imported lists, of which the active set is loaded", Value: "data/lists", Sources: cli.EnvVars("TIDEGATE_LISTS_DIR")},
		&cli.StringFlag{Name: "masters-dir", Usage: "`DIR` of imported masters, of which the active set is mapped", Value: "data/masters", Sources: cli.EnvVars("TIDEGATE_MASTERS_DIR")},
		&cli.StringSliceFlag{Name: "require-list", Usage: "hold orders while `LIST` (or LIST=DAYS, at most so old) is not loaded", Sources: cli.EnvVars("TIDEGATE_REQUIRE_LIST")},
	}
}
