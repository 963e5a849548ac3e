// Package lifecycle starts and stops a service process: signals, logs, the connection to NATS.
package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/clock"
)

// Flags are what every service binary takes.
func Flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "nats-url", Usage: "NATS server, several with commas", Value: nats.DefaultURL, Sources: cli.EnvVars("TIDEGATE_NATS_URL")},
		&cli.StringFlag{Name: "nats-creds", Usage: "credentials `FILE`: a user JWT with seed, or an nkey seed", Sources: cli.EnvVars("TIDEGATE_NATS_CREDS")},
		&cli.StringFlag{Name: "log-level", Usage: "debug, info, warn or error", Value: "info", Sources: cli.EnvVars("TIDEGATE_LOG_LEVEL")},
	}
}

// Run is one service's work over a connection, until ctx ends.
type Run func(ctx context.Context, cmd *cli.Command, nc *nats.Conn, log *slog.Logger) error

// Command is the whole of a service's main: flags, connection, work until an interrupt or SIGTERM.
func Command(name, usage string, extra []cli.Flag, run Run) *cli.Command {
	return &cli.Command{
		Name: name, Usage: usage, Flags: append(Flags(), extra...), EnableShellCompletion: true,
		Action: func(ctx context.Context, cmd *cli.Command) error {
			log, err := Logger(cmd.ErrWriter, cmd.String("log-level"))
			if err != nil {
				return err
			}
			nc, err := connect(ctx, bus.Server{URL: cmd.String("nats-url"), Creds: cmd.String("nats-creds"), Name: name}, log)
			if err != nil {
				return err
			}
			defer nc.Close()
			return run(ctx, cmd, nc, log)
		},
	}
}

// connect waits for the server and its streams, saying so: brokers and services may start in any order. Credentials
// that cannot be read or are not accepted are an error at once.
func connect(ctx context.Context, s bus.Server, log *slog.Logger) (*nats.Conn, error) {
	var pause clock.Backoff
	for {
		nc, err := bus.Connect(ctx, s)
		if err == nil {
			return nc, awaitStreams(ctx, nc, log)
		}
		if !errors.Is(err, nats.ErrNoServers) && !errors.Is(err, nats.ErrTimeout) {
			return nil, err
		}
		log.WarnContext(ctx, "waiting for the NATS server", slog.Any("error", err))
		if pause.Wait(ctx) != nil {
			return nil, err
		}
	}
}

func awaitStreams(ctx context.Context, nc *nats.Conn, log *slog.Logger) error {
	js, err := jetstream.New(nc)
	if err == nil {
		err = bus.Await(ctx, js, log)
	}
	if err != nil {
		nc.Close()
	}
	return err
}

// Main runs a command with the process's arguments and gives the exit status: 0 after a clean stop, what an error
// says of itself (cli.ExitCoder), else 2.
func Main(cmd *cli.Command) int {
	ctx, stop := Signals(context.Background())
	defer stop()
	cmd.ErrWriter = os.Stderr
	cmd.Version = version()
	refuseExtras(cmd)
	cmd.ExitErrHandler = func(context.Context, *cli.Command, error) {} // the library's own would end the process here
	err := cmd.Run(ctx, os.Args)
	if err == nil {
		return 0
	}
	if says := err.Error(); says != "" {
		fmt.Fprintln(os.Stderr, cmd.Name+":", says)
	}
	if status, ok := errors.AsType[cli.ExitCoder](err); ok {
		return status.ExitCode()
	}
	return 2
}

// Signals gives a context that ends at an interrupt or SIGTERM.
func Signals(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
}

// Logger writes structured lines in UTC at the given level and above.
func Logger(w io.Writer, level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("log level %q: want debug, info, warn or error", level)
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: l})), nil
}
