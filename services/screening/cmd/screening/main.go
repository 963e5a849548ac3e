// Command screening runs the screening service against any NATS server.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/nats-io/nats.go"
	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/shared/lifecycle"
)

func main() {
	os.Exit(lifecycle.Main(lifecycle.Command("screening", "judge enriched orders under a rule pack", nil,
		func(ctx context.Context, _ *cli.Command, nc *nats.Conn, log *slog.Logger) error {
			s, err := screening.New(nc, screening.Config{Log: log})
			if err != nil {
				return err
			}
			return s.Run(ctx)
		})))
}
