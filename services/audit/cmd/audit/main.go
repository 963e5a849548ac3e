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
	"github.com/tidegate/tidegate/shared/lifecycle"
)

func main() {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "data", Usage: "data `DIR`; the log lies in its audit directory", Value: "data", Sources: cli.EnvVars("TIDEGATE_DATA")},
		&cli.StringFlag{Name: "guard-dir", Usage: "`DIR` in which the log's guard remembers what it verified, better on another volume; below the user's state directory when not given", Sources: cli.EnvVars("TIDEGATE_GUARD_DIR")},
	}
	os.Exit(lifecycle.Main(lifecycle.Command("audit", "log every decision where nobody can change it, and say so with receipts", flags,
		func(ctx context.Context, cmd *cli.Command, nc *nats.Conn, log *slog.Logger) error {
			dir := filepath.Join(cmd.String("data"), "audit")
			s, err := audit.New(nc, audit.Config{Dir: dir, GuardDir: cmd.String("guard-dir"), Log: log})
			if err != nil {
				return err
			}
			return s.Run(ctx)
		})))
}
