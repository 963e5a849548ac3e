// Command audit runs the audit service against any NATS server.
package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/nats-io/nats.go"
	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/services/audit"
	auditcli "github.com/tidegate/tidegate/services/audit/cli"
	"github.com/tidegate/tidegate/shared/lifecycle"
)

func main() {
	flags := append([]cli.Flag{
		&cli.StringFlag{Name: "data", Usage: "data `DIR`; the log lies in its audit directory", Value: "data", Sources: cli.EnvVars("TIDEGATE_DATA")},
	}, auditcli.RunFlags()...)
	os.Exit(lifecycle.Main(lifecycle.Command("audit", "log every decision where nobody can change it, and say so with receipts", flags,
		func(ctx context.Context, cmd *cli.Command, nc *nats.Conn, log *slog.Logger) error {
			cfg, err := auditcli.RunConfig(cmd)
			if err != nil {
				return err
			}
			cfg.Dir, cfg.Log = filepath.Join(cmd.String("data"), "audit"), log
			s, err := audit.New(nc, cfg)
			if err != nil {
				return err
			}
			return s.Run(ctx)
		})))
}
