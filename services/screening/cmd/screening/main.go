// Command screening runs the screening service against any NATS server.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/nats-io/nats.go"
	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/services/screening"
	packcli "github.com/tidegate/tidegate/services/screening/cli"
	"github.com/tidegate/tidegate/services/screening/replay"
	"github.com/tidegate/tidegate/shared/lifecycle"
)

func main() { os.Exit(lifecycle.Main(command())) }

func command() *cli.Command {
	var rules *screening.Pack
	flags := append(packcli.PackFlags(), &cli.StringFlag{Name: "data", Usage: "`DIR` for snapshots of the ledger; without it a start reads every decision again"})
	c := lifecycle.Command("screening", "judge enriched orders under a rule pack", flags,
		func(ctx context.Context, cmd *cli.Command, nc *nats.Conn, log *slog.Logger) error {
			s, err := screening.New(nc, screening.Config{Pack: rules, Dir: cmd.String("data"), Log: log, Beside: replay.Offer})
			if err != nil {
				return err
			}
			return s.Run(ctx)
		})
	// The rules are read first: a pack with faults is told at once, not when the server is there.
	c.Before = func(ctx context.Context, cmd *cli.Command) (context.Context, error) {
		var err error
		rules, err = packcli.Pack(cmd)
		return ctx, err
	}
	return c
}
