package standalone

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"

	"github.com/urfave/cli/v3"
	"golang.org/x/sync/errgroup"

	"github.com/tidegate/tidegate/services/enrichment"
	"github.com/tidegate/tidegate/shared/lifecycle"
	"github.com/tidegate/tidegate/shared/natsembed"
)

// Commands are the verbs that need the whole product or its server.
func Commands() []*cli.Command {
	return []*cli.Command{serveCommand(), demoCommand(), replayCommand(), natsCommand()}
}

// dataFlag is the directory of all local state.
func dataFlag() cli.Flag {
	return &cli.StringFlag{Name: "data", Usage: "`DIR` of all local state", Value: "data", Sources: cli.EnvVars("TIDEGATE_DATA")}
}

func logFlag(level string) cli.Flag {
	return &cli.StringFlag{Name: "log-level", Usage: "debug, info, warn or error", Value: level, Sources: cli.EnvVars("TIDEGATE_LOG_LEVEL")}
}

func natsListenFlag() cli.Flag {
	return &cli.StringFlag{Name: "nats-listen", Usage: "`HOST:PORT` of the NATS server", Value: "127.0.0.1:4222", Sources: cli.EnvVars("TIDEGATE_NATS_LISTEN")}
}

func serveCommand() *cli.Command {
	return &cli.Command{
		Name: "serve", Usage: "run ingest, enrichment, screening and audit with an embedded NATS server",
		Flags: []cli.Flag{
			dataFlag(), logFlag("info"), natsListenFlag(),
			&cli.StringFlag{Name: "listen", Usage: "`HOST:PORT` of the HTTP door", Value: "127.0.0.1:8080", Sources: cli.EnvVars("TIDEGATE_LISTEN")},
			&cli.StringFlag{Name: "guard-dir", Usage: "`DIR` in which the log's guard remembers what it verified", Sources: cli.EnvVars("TIDEGATE_GUARD_DIR")},
			&cli.StringMapFlag{Name: "set", Usage: "a parameter of the rule pack, `NAME=VALUE`"},
			&cli.StringSliceFlag{Name: "require-list", Usage: "hold orders while `LIST` (or LIST=DAYS, at most so old) is not loaded", Sources: cli.EnvVars("TIDEGATE_REQUIRE_LIST")},
		},
		Action: serve,
	}
}

func serve(ctx context.Context, cmd *cli.Command) error {
	LimitMemory()
	log, err := lifecycle.Logger(cmd.Root().ErrWriter, cmd.String("log-level"))
	if err != nil {
		return err
	}
	host, port, err := listenAddress(cmd.String("nats-listen"))
	if err != nil {
		return err
	}
	pack, err := usPack(cmd.StringMap("set"))
	if err != nil {
		return err
	}
	required, err := enrichment.ParseRequired(cmd.StringSlice("require-list"))
	if err != nil {
		return err
	}
	s, err := New(ctx, Config{
		Required: required,
		Data:     cmd.String("data"), GuardDir: cmd.String("guard-dir"), HTTP: cmd.String("listen"), NATSHost: host, NATSPort: port, Pack: pack, Log: log,
	})
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.Run(ctx) })
	g.Go(func() error { says(ctx, cmd.Root().Writer, s, cmd.String("data")); return nil })
	return g.Wait()
}

func says(ctx context.Context, w io.Writer, s *Standalone, data string) {
	select {
	case <-s.Ready():
	case <-ctx.Done():
		return
	}
	fmt.Fprintf(w, "tidegate serves. Orders: %s/v1/orders   NATS: %s   data: %s   stop with Ctrl-C\n", s.HTTP(), s.server.URL(), data)
}

func listenAddress(s string) (host string, port int, err error) {
	host, p, err := net.SplitHostPort(s)
	if err == nil {
		port, err = strconv.Atoi(p)
	}
	if err != nil {
		return "", 0, fmt.Errorf("--nats-listen %q: want HOST:PORT: %w", s, err)
	}
	if port == 0 {
		port = -1 // any free port, as everywhere else 0 asks for
	}
	return host, port, nil
}

// natsCommand runs only the server, for services in processes of their own.
func natsCommand() *cli.Command {
	return &cli.Command{
		Name: "nats", Usage: "run only the embedded NATS server, with the streams declared; services connect with --nats-creds DATA/nats/service.nk",
		Flags: []cli.Flag{dataFlag(), logFlag("info"), natsListenFlag()},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			log, err := lifecycle.Logger(cmd.Root().ErrWriter, cmd.String("log-level"))
			if err != nil {
				return err
			}
			host, port, err := listenAddress(cmd.String("nats-listen"))
			if err != nil {
				return err
			}
			return serveNATS(ctx, cmd.Root().Writer, natsembed.Config{Dir: natsDir(cmd.String("data")), Host: host, Port: port, Log: log}, cmd.String("data"))
		},
	}
}

func serveNATS(ctx context.Context, w io.Writer, cfg natsembed.Config, data string) error {
	held, err := lockDir(data)
	if err != nil {
		return err
	}
	s := &Standalone{cfg: Config{Data: data, Log: slog.New(slog.DiscardHandler)}, lock: held}
	defer s.close()
	if s.server, err = natsembed.Start(cfg); err != nil {
		return err
	}
	if err := s.declare(ctx); err != nil {
		return err
	}
	fmt.Fprintf(w, "nats server: %s   services: --nats-creds %s/%s   clients: --nats-creds %s/%s\n",
		s.server.URL(), cfg.Dir, natsembed.ServiceCreds, cfg.Dir, natsembed.ClientCreds)
	<-ctx.Done()
	return nil
}
