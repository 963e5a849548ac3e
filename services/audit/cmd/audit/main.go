// Command audit runs the audit service against any NATS server.
package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"github.com/nats-io/nats.go"
	"github.com/urfave/cli/v3"
	"golang.org/x/sync/errgroup"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit"
	auditcli "github.com/tidegate/tidegate/services/audit/cli"
	"github.com/tidegate/tidegate/services/audit/page"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/lifecycle"
)

func main() {
	flags := append([]cli.Flag{
		&cli.StringFlag{Name: "data", Usage: "data `DIR`; the log lies in its audit directory", Value: "data", Sources: cli.EnvVars("TIDEGATE_DATA")},
	}, slices.Concat(auditcli.RunFlags(), page.Flags())...)
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
			return withPage(ctx, cmd, nc, s, cfg)
		})))
}

// withPage runs the service and the auditor's page, where one is wanted. The page ends first, so that what was asked is noted.
func withPage(ctx context.Context, cmd *cli.Command, nc *nats.Conn, s *audit.Service, run audit.Config) error {
	cfg := page.FromFlags(cmd, run)
	if cfg.Listen == "" {
		return s.Run(ctx)
	}
	cfg.Log = run.Log
	cfg.Note = func(ctx context.Context, n event.Note) error {
		_, err := bus.Act(ctx, nc, audit.NoteAct(n))
		return err
	}
	p, err := page.New(ctx, cfg)
	if err != nil {
		return err
	}
	cfg.Log.InfoContext(ctx, "auditor's page", slog.String("url", p.URL()))
	after, stop := context.WithCancel(context.WithoutCancel(ctx))
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { defer stop(); return p.Run(gctx) })
	g.Go(func() error { return s.Run(after) })
	return g.Wait()
}
