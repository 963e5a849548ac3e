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
	os.Exit(lifecycle.Main(lifecycle.Command("enrichment", "add facts to orders: listed parties, headquarters, item classes", nil,
		func(ctx context.Context, _ *cli.Command, nc *nats.Conn, log *slog.Logger) error {
			s, err := enrichment.New(nc, enrichment.Config{Log: log})
			if err != nil {
				return err
			}
			return s.Run(ctx)
		})))
}
