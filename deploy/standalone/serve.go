package standalone

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/urfave/cli/v3"
	"golang.org/x/sync/errgroup"

	"github.com/tidegate/tidegate/deploy/tracing"
	auditcli "github.com/tidegate/tidegate/services/audit/cli"
	"github.com/tidegate/tidegate/services/audit/page"
	"github.com/tidegate/tidegate/services/enrichment"
	ingestcli "github.com/tidegate/tidegate/services/ingest/cli"
	screeningcli "github.com/tidegate/tidegate/services/screening/cli"
	"github.com/tidegate/tidegate/shared/lifecycle"
	"github.com/tidegate/tidegate/shared/natsembed"
	"github.com/tidegate/tidegate/shared/token"
)

// Commands are the verbs that need the whole product or its server.
func Commands() []*cli.Command {
	return []*cli.Command{
		serveCommand(), demoCommand(), replayCommand(), natsCommand(), streamsCommand(), webhookCommand(), sourceCommand(),
		screenCommand(), explainCommand(), disposeCommand(), licensesCommand(), ordersCommand(),
	}
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
		Flags: append([]cli.Flag{
			dataFlag(), logFlag("info"), natsListenFlag(),
			&cli.StringFlag{Name: "listen", Usage: "`HOST:PORT` of the HTTP door", Value: "127.0.0.1:8080", Sources: cli.EnvVars("TIDEGATE_LISTEN")},
			&cli.StringSliceFlag{Name: "pack", Usage: screeningcli.PackUsage, Sources: cli.EnvVars("TIDEGATE_PACK")},
			&cli.StringMapFlag{Name: "set", Usage: "a parameter of the rule pack, `NAME=VALUE`"},
			&cli.StringSliceFlag{Name: "require-list", Usage: "hold orders while `LIST` (or LIST=DAYS, at most so old) is not loaded", Sources: cli.EnvVars("TIDEGATE_REQUIRE_LIST")},
			&cli.Uint64Flag{Name: "reproduce-sample", Usage: "decide `N` records, drawn by lot, again every night and log what came of it; 0 turns it off", Value: 200, Sources: cli.EnvVars("TIDEGATE_REPRODUCE_SAMPLE")},
			&cli.StringFlag{Name: "reproduce-at", Usage: "when, `HH:MM` UTC", Value: "02:30", Sources: cli.EnvVars("TIDEGATE_REPRODUCE_AT")},
			sourcesFlag(),
			&cli.StringFlag{Name: "webhooks", Usage: "`FILE` of the endpoints decisions and receipts go to; webhooks.yaml in the data directory where it is there", Sources: cli.EnvVars("TIDEGATE_WEBHOOKS")},
			&cli.BoolFlag{Name: "json", Usage: "say where the doors are as JSON"},
		}, slices.Concat(ingestcli.RunFlags(), tracing.Flags(), auditcli.RunFlags(), page.Flags())...),
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
	pack, err := openPack(cmd.StringSlice("pack"), cmd.StringMap("set"))
	if err != nil {
		return err
	}
	logging, err := auditcli.RunConfig(cmd)
	if err != nil {
		return err
	}
	doors, err := ingestcli.RunConfig(cmd, cmd.String("data"))
	if err != nil {
		return err
	}
	traces, stop, err := tracing.Open(ctx, cmd)
	if err != nil {
		return err
	}
	doors.Traces = traces
	defer func() { // the last spans; a collector that is gone has none
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		_ = stop(last)
	}()
	required, err := enrichment.ParseRequired(cmd.StringSlice("require-list"))
	if err != nil {
		return err
	}
	at, err := parseClock(cmd.String("reproduce-at"))
	if err != nil {
		return err
	}
	s, err := New(ctx, Config{
		Rejudge: true,
		Nightly: Nightly{Records: cmd.Uint64("reproduce-sample"), At: at},
		Data:    cmd.String("data"), GuardDir: logging.GuardDir, Audit: logging, Page: page.FromFlags(cmd, logging), Ingest: doors, HTTP: cmd.String("listen"), NATSHost: host, NATSPort: port,
		Pack: pack, Required: required, Webhooks: cmd.String("webhooks"), Sources: cmd.String("sources"), Log: log,
	})
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.Run(ctx) })
	g.Go(func() error { return says(ctx, cmd, s) })
	return g.Wait()
}

// says tells where the doors are, once they are open.
func says(ctx context.Context, cmd *cli.Command, s *Standalone) error {
	select {
	case <-s.Ready():
	case <-ctx.Done():
		return nil
	}
	w, data := cmd.Root().Writer, cmd.String("data")
	if cmd.Bool("json") {
		return printJSON(w, map[string]string{"http": s.HTTP(), "nats": s.server.URL(), "data": data, "auditor": s.Auditor()})
	}
	open := ""
	if all, err := token.Load(ingestDir(data)); err == nil && len(all) == 0 {
		open = "no token: the HTTP door is open to this machine only. "
	}
	auditors := ""
	if s.page != nil {
		auditors = "   auditors: " + s.Auditor()
	}
	_, err := fmt.Fprintf(w, "tidegate serves. %sOrders: %s/v1/orders   NATS: %s%s   data: %s   stop with Ctrl-C\n", open, s.HTTP(), s.server.URL(), auditors, data)
	return err
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
		Flags: []cli.Flag{dataFlag(), logFlag("info"), natsListenFlag(), &cli.BoolFlag{Name: "json", Usage: "say where the server is as JSON"}},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			log, err := lifecycle.Logger(cmd.Root().ErrWriter, cmd.String("log-level"))
			if err != nil {
				return err
			}
			host, port, err := listenAddress(cmd.String("nats-listen"))
			if err != nil {
				return err
			}
			return serveNATS(ctx, cmd, natsembed.Config{Dir: natsDir(cmd.String("data")), Host: host, Port: port, Log: log}, cmd.String("data"))
		},
	}
}

func serveNATS(ctx context.Context, cmd *cli.Command, cfg natsembed.Config, data string) error {
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
	if err := saysNATS(cmd, s.server.URL(), cfg.Dir); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func saysNATS(cmd *cli.Command, url, dir string) error {
	service, client := filepath.Join(dir, natsembed.ServiceCreds), filepath.Join(dir, natsembed.ClientCreds)
	if cmd.Bool("json") {
		return printJSON(cmd.Root().Writer, map[string]string{"nats": url, "service_creds": service, "client_creds": client})
	}
	_, err := fmt.Fprintf(cmd.Root().Writer, "nats server: %s   services: --nats-creds %s   clients: --nats-creds %s\n", url, service, client)
	return err
}
