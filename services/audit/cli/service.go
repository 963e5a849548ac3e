// Package cli has the commands that belong to audit: the service itself, and looking into its log.
package cli

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/shared/bus"
)

// Dir is the audit directory below a data directory.
func Dir(data string) string { return filepath.Join(data, "audit") }

// ExitCode is what a command that failed exits with: 1 bad or failed, 2 unusable.
func ExitCode(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, auditverify.ErrUnusable):
		return 2
	default:
		return 1
	}
}

// Service is the command that runs the audit service, with the verbs of Commands below it.
func Service() *cli.Command {
	return &cli.Command{
		Name:  "audit",
		Usage: "log every decision so that nobody can change it, and say so with receipts",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "nats-url", Usage: "NATS server", Value: "nats://127.0.0.1:4222", Sources: cli.EnvVars("TIDEGATE_NATS_URL")},
			&cli.StringFlag{Name: "nats-creds", Usage: "credentials file: a user JWT with seed, or an nkey seed", Sources: cli.EnvVars("TIDEGATE_NATS_CREDS")},
			&cli.StringFlag{Name: "data", Usage: "data directory; the log lies in its audit directory", Value: "data", Sources: cli.EnvVars("TIDEGATE_DATA")},
			&cli.StringFlag{Name: "guard-dir", Usage: "where the last verified tree is kept; on another volume it outlives a rollback of this one"},
		},
		Action: serve,
	}
}

func serve(ctx context.Context, c *cli.Command) error {
	nc, err := bus.Connect(ctx, bus.Server{URL: c.String("nats-url"), Creds: c.String("nats-creds"), Name: "tidegate-audit"})
	if err != nil {
		return err
	}
	defer nc.Close()
	s, err := audit.New(nc, audit.Config{Dir: Dir(c.String("data")), GuardDir: c.String("guard-dir")})
	if err != nil {
		return err
	}
	return s.Run(ctx)
}
