package standalone

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/lifecycle"
	"github.com/tidegate/tidegate/shared/natsembed"
)

// streamsCommand looks at and mends the streams.
func streamsCommand() *cli.Command {
	account := func(name, usage string, run func(context.Context, *cli.Command, jetstream.JetStream) error) *cli.Command {
		return &cli.Command{
			Name: name, Usage: usage, Flags: append(lifecycle.Flags(), &cli.BoolFlag{Name: "json", Usage: "print JSON"}),
			Action: func(ctx context.Context, cmd *cli.Command) error {
				nc, err := bus.Connect(ctx, bus.Server{URL: cmd.String("nats-url"), Creds: cmd.String("nats-creds"), Name: "streams"})
				if err != nil {
					return err
				}
				defer nc.Close()
				js, err := jetstream.New(nc)
				if err != nil {
					return err
				}
				return run(ctx, cmd, js)
			},
		}
	}
	return &cli.Command{
		Name: "streams", Usage: "the streams of a NATS account: how they differ from the declared ones, and their repair",
		Commands: []*cli.Command{
			account("plan", "show how the account's streams differ from the declared ones", planStreams),
			account("apply", "make them as declared; deletes nothing", func(ctx context.Context, _ *cli.Command, js jetstream.JetStream) error {
				return bus.Apply(ctx, js, bus.Limits{})
			}),
			account("verify", "exit with 2 unless they are as declared", func(ctx context.Context, _ *cli.Command, js jetstream.JetStream) error {
				return bus.Verify(ctx, js, bus.Limits{})
			}),
			{
				Name:  "reset",
				Usage: "after the NATS directory was lost or rolled back: go on behind the last block that is logged; what was not logged is lost",
				Flags: []cli.Flag{dataFlag(), &cli.BoolFlag{Name: "yes", Usage: "do it; without it only say what would be done"}},
				Action: func(ctx context.Context, cmd *cli.Command) error {
					return resetStreams(ctx, cmd, cmd.String("data"), cmd.Bool("yes"))
				},
			},
		},
	}
}

func planStreams(ctx context.Context, cmd *cli.Command, js jetstream.JetStream) error {
	changes, err := bus.Plan(ctx, js, bus.Limits{})
	if err != nil {
		return err
	}
	if cmd.Bool("json") {
		return printJSON(cmd.Root().Writer, changes)
	}
	for _, c := range changes {
		fmt.Fprintf(cmd.Root().Writer, "%s: %s\n", c.Stream, c.What)
	}
	if len(changes) == 0 {
		fmt.Fprintln(cmd.Root().Writer, "the streams are as declared")
	}
	return nil
}

// resetStreams works on a data directory that nothing runs on.
func resetStreams(ctx context.Context, cmd *cli.Command, data string, yes bool) error {
	held, err := lockDir(data)
	if err != nil {
		return err
	}
	s := &Standalone{cfg: Config{Data: data}, lock: held}
	defer s.close()
	if s.server, err = natsembed.Start(natsembed.Config{Dir: natsDir(data)}); err != nil {
		return err
	}
	if err := s.declare(ctx); err != nil {
		return err
	}
	wrong := s.compare(ctx)
	switch {
	case wrong == nil:
		fmt.Fprintln(cmd.Root().Writer, "the streams reach as far as the log: there is nothing to reset")
		return nil
	case !yes:
		fmt.Fprintf(cmd.Root().Writer, "%v\nwith --yes the streams go on behind the last block that is logged\n", wrong)
		return nil
	}
	js, err := s.jetStream("reset")
	if err != nil {
		return err
	}
	next, err := audit.ResetStreams(ctx, js, AuditDir(data))
	if err != nil {
		return err
	}
	if n, err := restoreReference(ctx, js, AuditDir(data)); err != nil {
		return fmt.Errorf("what was activated is not back in the reference store: %w", err)
	} else if n > 0 {
		fmt.Fprintf(cmd.Root().Writer, "%d activated objects are back from the archive\n", n)
	}
	fmt.Fprintf(cmd.Root().Writer, "the next block is %d; what was accepted and not logged before is lost: ask the senders to send again\n", next)
	return nil
}
