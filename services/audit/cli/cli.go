// Package cli has the commands that look into the audit log.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/shared/clock"
)

// Commands is "audit" with its verbs: verify, show, checkpoint, proof, reconcile, accept, restore, key, witness. They exit with 0 when all is good, 1
// when the log is bad or nothing was found, 2 when it could not be judged. More are verbs
// that need other services, too.
func Commands(more ...*cli.Command) []*cli.Command {
	return []*cli.Command{{
		Name: "audit", Usage: "look into the log of decisions and prove it",
		Commands: append([]*cli.Command{verifyCommand(), showCommand(), checkpointCommand(), proofCommand(), reconcileCommand(), acceptCommand(), restoreCommand(), keyCommand(), witnessCommand()}, more...),
	}}
}

func dataFlag() cli.Flag {
	return &cli.StringFlag{Name: "data", Usage: "data `DIR`; the log lies in its audit directory", Value: "data", Sources: cli.EnvVars("TIDEGATE_DATA")}
}

func guardFlag() cli.Flag {
	return &cli.StringFlag{Name: "guard-dir", Usage: "`DIR` in which the log's guard remembers what it verified; below the user's state directory when not given", Sources: cli.EnvVars("TIDEGATE_GUARD_DIR")}
}

func jsonFlag() cli.Flag { return &cli.BoolFlag{Name: "json", Usage: "print JSON"} }

func checkpointFlag() cli.Flag {
	return &cli.StringSliceFlag{Name: "checkpoint", Usage: "`FILE` with a checkpoint kept from before, which the log must still contain; more than once"}
}

func dir(c *cli.Command) string { return filepath.Join(c.String("data"), "audit") }

// failure is an error with its exit status.
type failure struct {
	error
	code int
}

// ExitCode is the process's exit status.
func (f failure) ExitCode() int { return f.code }

// Unwrap is the error itself.
func (f failure) Unwrap() error { return f.error }

// exit gives an error the exit status of its kind.
func exit(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, auditverify.ErrBad), errors.Is(err, errNone), errors.Is(err, audit.ErrNone):
		return failure{err, 1}
	default:
		return failure{err, 2}
	}
}

func verifyCommand() *cli.Command {
	return &cli.Command{
		Name: "verify", Usage: "check every leaf, every hash and the checkpoint; nothing needs to run, and everything may",
		Flags: []cli.Flag{
			dataFlag(), guardFlag(), checkpointFlag(), jsonFlag(),
			&cli.StringFlag{Name: "key", Usage: "`FILE` with the log's verifier key, got from elsewhere"},
			&cli.StringFlag{Name: "witness-policy", Usage: "`FILE` with the log's witnesses and their quorum, which must have signed the checkpoint"},
		},
		Action: func(ctx context.Context, c *cli.Command) error {
			o, err := options(c)
			if err != nil {
				return exit(err)
			}
			rep, err := audit.Verify(ctx, dir(c), c.String("guard-dir"), o)
			return exit(errors.Join(say(c, rep), err))
		},
	}
}

func acceptCommand() *cli.Command {
	return &cli.Command{
		Name: "accept", Usage: "after a restore: verify the log and declare it the one to trust from now on; nothing may run on it",
		Flags: []cli.Flag{dataFlag(), guardFlag(), checkpointFlag(), jsonFlag()},
		Action: func(ctx context.Context, c *cli.Command) error {
			o, err := options(c)
			if err != nil {
				return exit(err)
			}
			rep, err := audit.Accept(ctx, audit.Config{Dir: dir(c), GuardDir: c.String("guard-dir")}, o)
			return exit(errors.Join(say(c, rep), err))
		},
	}
}

func options(c *cli.Command) (auditverify.Options, error) {
	var o auditverify.Options
	for _, name := range c.StringSlice("checkpoint") {
		b, err := os.ReadFile(name)
		if err != nil {
			return o, fmt.Errorf("%w: kept checkpoint: %w", auditverify.ErrUnusable, err)
		}
		o.Kept = append(o.Kept, b)
	}
	if name := c.String("key"); name != "" {
		b, err := os.ReadFile(name)
		if err != nil {
			return o, fmt.Errorf("%w: log key: %w", auditverify.ErrUnusable, err)
		}
		o.Key = string(b)
	}
	if name := c.String("witness-policy"); name != "" {
		b, err := os.ReadFile(name)
		if err == nil {
			o.Policy, err = auditverify.ParsePolicy(b)
		}
		if err != nil {
			return o, fmt.Errorf("%w: witness policy: %w", auditverify.ErrUnusable, err)
		}
	}
	o.Progress = auditverify.Shown(c.Root().ErrWriter, clock.System)
	return o, nil
}

// say prints a report. Faults are in the error, too, as far as the first.
func say(c *cli.Command, rep auditverify.Report) error {
	if c.Bool("json") {
		return printJSON(c.Root().Writer, rep)
	}
	_, err := io.WriteString(c.Root().Writer, rep.String())
	return err
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func checkpointCommand() *cli.Command {
	return &cli.Command{
		Name: "checkpoint", Usage: "print the published checkpoint, to be kept elsewhere",
		Flags: []cli.Flag{dataFlag(), jsonFlag()},
		Action: func(_ context.Context, c *cli.Command) error {
			point, err := audit.Published(dir(c))
			if err != nil {
				return exit(err)
			}
			if c.Bool("json") {
				return printJSON(c.Root().Writer, map[string]any{
					"origin": point.Origin, "size": point.Size, "root": point.Root.String(), "checkpoint": string(point.Raw),
				})
			}
			_, err = c.Root().Writer.Write(point.Raw)
			return err
		},
	}
}
