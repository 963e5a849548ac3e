package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/shared/bus"
)

func reconcileCommand() *cli.Command {
	return &cli.Command{
		Name: "reconcile", Usage: "compare the decisions that the running server still holds with the log, byte by byte",
		Flags: []cli.Flag{
			dataFlag(), jsonFlag(),
			&cli.StringFlag{Name: "nats-url", Usage: "`URL` of the NATS server", Value: "nats://127.0.0.1:4222", Sources: cli.EnvVars("TIDEGATE_NATS_URL")},
			&cli.StringFlag{Name: "nats-creds", Usage: "`FILE` with a service's credentials; those of the embedded server in the data directory when not given"},
		},
		Action: func(ctx context.Context, c *cli.Command) error {
			creds := cmp.Or(c.String("nats-creds"), filepath.Join(c.String("data"), "nats", "service.nk"))
			nc, err := bus.Connect(ctx, bus.Server{URL: c.String("nats-url"), Creds: creds, Name: "audit reconcile"})
			if err != nil {
				return exit(err)
			}
			defer nc.Close()
			rep, err := audit.Reconcile(ctx, nc, dir(c))
			return exit(errors.Join(sayReconciled(c, rep), err))
		},
	}
}

func sayReconciled(c *cli.Command, rep audit.Reconciled) error {
	if c.Bool("json") {
		return printJSON(c.Root().Writer, rep)
	}
	w := c.Root().Writer
	for _, f := range rep.Faults {
		if _, err := io.WriteString(w, "  fault: "+f+"\n"); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "%d cases of %d blocks, %d to %d, are the same in the stream and in the log\n", rep.Cases, rep.Blocks, rep.First, rep.Last)
	return err
}
