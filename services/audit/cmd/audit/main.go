// Command audit is the audit service on its own, against any NATS server.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/tidegate/tidegate/services/audit/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := cli.Service().Run(ctx, os.Args); err != nil {
		fmt.Fprintln(os.Stderr, "audit:", err)
		os.Exit(cli.ExitCode(err))
	}
}
