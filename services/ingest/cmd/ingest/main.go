// Command ingest runs the ingest service against any NATS server.
package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/nats-io/nats.go"
	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/services/ingest"
	ingestcli "github.com/tidegate/tidegate/services/ingest/cli"
	"github.com/tidegate/tidegate/shared/lifecycle"
)

func main() {
	flags := append(ingestcli.RunFlags(),
		&cli.StringFlag{Name: "data", Usage: "data `DIR`; the index of idempotency keys lies in its ingest directory", Value: "data", Sources: cli.EnvVars("TIDEGATE_DATA")},
		&cli.StringFlag{Name: "listen", Usage: "`HOST:PORT` of the HTTP door; none when empty", Value: "127.0.0.1:8080", Sources: cli.EnvVars("TIDEGATE_LISTEN")},
		&cli.StringFlag{Name: "source", Usage: "source of orders that name none", Value: "default"},
	)
	os.Exit(lifecycle.Main(lifecycle.Command("ingest", "take orders in through HTTP and NATS", flags,
		func(ctx context.Context, cmd *cli.Command, nc *nats.Conn, log *slog.Logger) error {
			cfg, err := ingestcli.RunConfig(cmd, cmd.String("data"))
			if err != nil {
				return err
			}
			cfg.Dir, cfg.Listen, cfg.Source, cfg.Log = filepath.Join(cmd.String("data"), "ingest"), cmd.String("listen"), cmd.String("source"), log
			s, err := ingest.New(nc, cfg)
			if err != nil {
				return err
			}
			return s.Run(ctx)
		})))
}
