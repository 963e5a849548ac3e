package cli

import (
	"fmt"
	"os"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/services/audit"
)

// RunFlags are the flags of whoever runs the audit service: where its guard is, who signs with it, where checkpoints go.
func RunFlags() []cli.Flag {
	return []cli.Flag{
		guardFlag(),
		&cli.StringFlag{Name: "witness-policy", Usage: "`FILE` that names the log's witnesses and their quorum; without it nobody else signs", Sources: cli.EnvVars("TIDEGATE_WITNESS_POLICY")},
		&cli.BoolFlag{Name: "witness-fail-open", Usage: "publish, with an alarm, also what the witnesses' quorum has not signed"},
		&cli.StringFlag{Name: "checkpoint-dir", Usage: "`DIR` to which checkpoints are copied once a minute, never changed afterwards", Sources: cli.EnvVars("TIDEGATE_CHECKPOINT_DIR")},
		&cli.StringFlag{Name: "timestamp-url", Usage: "`URL` of an RFC 3161 authority that timestamps the copied checkpoints", Sources: cli.EnvVars("TIDEGATE_TIMESTAMP_URL")},
	}
}

// RunConfig is what the flags say.
func RunConfig(c *cli.Command) (audit.Config, error) {
	cfg := audit.Config{
		GuardDir: c.String("guard-dir"), WitnessOpen: c.Bool("witness-fail-open"),
		CheckpointDir: c.String("checkpoint-dir"), TimestampURL: c.String("timestamp-url"),
	}
	if name := c.String("witness-policy"); name != "" {
		b, err := os.ReadFile(name)
		if err != nil {
			return cfg, fmt.Errorf("witness policy: %w", err)
		}
		cfg.Witnesses = b
	}
	return cfg, nil
}
