package standalone

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/deploy/webhook"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/lifecycle"
	"github.com/tidegate/tidegate/shared/natsembed"
)

// WebhooksFile is where serve looks for endpoints.
func WebhooksFile(data string) string { return filepath.Join(data, "webhooks.yaml") }

// webhookCommand is everything about webhooks out.
func webhookCommand() *cli.Command {
	config := &cli.StringFlag{Name: "config", Usage: "`FILE` of the endpoints; webhooks.yaml in the data directory when not given", Sources: cli.EnvVars("TIDEGATE_WEBHOOKS")}
	asJSON := &cli.BoolFlag{Name: "json", Usage: "print JSON"}
	return &cli.Command{
		Name: "webhook", Usage: "decisions and receipts to HTTP endpoints: serve sends what DATA/webhooks.yaml asks for",
		Commands: []*cli.Command{
			{Name: "secret", Usage: "make a signing secret (Standard Webhooks)", Action: func(_ context.Context, cmd *cli.Command) error {
				_, err := fmt.Fprintln(cmd.Root().Writer, webhook.NewSecret())
				return err
			}},
			{
				Name: "check", Usage: "check the configuration and send every endpoint one signed test message; exit 1 when one did not take it",
				Flags: []cli.Flag{dataFlag(), config, asJSON, &cli.BoolFlag{Name: "offline", Usage: "send nothing"}}, Action: checkWebhooks,
			},
			{Name: "status", Usage: "how far each endpoint is, and its last error", Flags: []cli.Flag{dataFlag(), asJSON}, Action: webhookStatus},
			{
				Name: "dead", Usage: "list what endpoints did not take; with --replay send it once more", ArgsUsage: "[ENDPOINT]",
				Flags: []cli.Flag{
					dataFlag(), config, asJSON, &cli.BoolFlag{Name: "replay", Usage: "send once more under the same ids, and forget what is taken"},
					&cli.StringFlag{Name: "id", Usage: "only this message"},
				}, Action: webhookDead,
			},
			lifecycle.Command("run", "send from a NATS server of one's own, as a process of its own", []cli.Flag{
				&cli.StringFlag{Name: "config", Usage: "`FILE` of the endpoints", Required: true},
			}, func(ctx context.Context, cmd *cli.Command, nc *nats.Conn, log *slog.Logger) error {
				return webhook.RunFile(ctx, nc, cmd.String("config"), log)
			}),
		},
	}
}

func endpointsOf(cmd *cli.Command) ([]webhook.Endpoint, error) {
	file := cmd.String("config")
	if file == "" {
		file = WebhooksFile(cmd.String("data"))
	}
	return webhook.Load(file)
}

func checkWebhooks(ctx context.Context, cmd *cli.Command) error {
	endpoints, err := endpointsOf(cmd)
	if err != nil {
		return err
	}
	type said struct {
		Endpoint string `json:"endpoint"`
		OK       bool   `json:"ok"`
		Why      string `json:"why,omitempty"`
	}
	var all []said
	failed := false
	for _, e := range endpoints {
		s := said{Endpoint: e.Name, OK: true}
		if !cmd.Bool("offline") {
			if _, err := webhook.Try(ctx, e); err != nil {
				s.OK, s.Why, failed = false, err.Error(), true
			}
		}
		all = append(all, s)
	}
	if cmd.Bool("json") {
		err = printJSON(cmd.Root().Writer, all)
	} else {
		for _, s := range all {
			fmt.Fprintf(cmd.Root().Writer, "%s: %s\n", s.Endpoint, map[bool]string{true: "good", false: s.Why}[s.OK])
		}
	}
	if err == nil && failed {
		err = cli.Exit("", 1)
	}
	return err
}

// withJetStream runs against the server of the process that works on the data directory.
func withJetStream(ctx context.Context, cmd *cli.Command, run func(jetstream.JetStream) error) error {
	data := cmd.String("data")
	at, ok, err := FindRunning(data)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("nothing runs on %s; start tidegate serve --data %s", data, data)
	}
	nc, err := bus.Connect(ctx, bus.Server{URL: at.NATS, Creds: filepath.Join(natsDir(data), natsembed.ServiceCreds), Name: cmd.Name})
	if err != nil {
		return err
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	return run(js)
}

func webhookStatus(ctx context.Context, cmd *cli.Command) error {
	return withJetStream(ctx, cmd, func(js jetstream.JetStream) error {
		all, err := webhook.Standings(ctx, js)
		if err != nil {
			return err
		}
		if cmd.Bool("json") {
			return printJSON(cmd.Root().Writer, all)
		}
		t := table.NewWriter()
		t.AppendHeader(table.Row{"endpoint", "delivered", "behind", "given up", "last delivered", "last error"})
		for _, s := range all {
			t.AppendRow(table.Row{s.Endpoint, s.Delivered, s.Lag, s.Dead, s.Last, s.LastError})
		}
		_, err = fmt.Fprintln(cmd.Root().Writer, t.Render())
		return err
	})
}

func webhookDead(ctx context.Context, cmd *cli.Command) error {
	return withJetStream(ctx, cmd, func(js jetstream.JetStream) error {
		var all []webhook.Dead
		for d, err := range webhook.DeadLetters(ctx, js, cmd.Args().First()) {
			if err != nil {
				return err
			}
			if id := cmd.String("id"); id == "" || id == d.ID {
				all = append(all, d)
			}
		}
		if cmd.Bool("replay") {
			return replayDead(ctx, cmd, js, all)
		}
		if cmd.Bool("json") {
			return printJSON(cmd.Root().Writer, all)
		}
		for _, d := range all {
			fmt.Fprintf(cmd.Root().Writer, "%s  %s  order %s  %s  after %d attempts: %s\n", d.At, d.Endpoint, d.Order, d.ID, d.Tries, d.Why)
		}
		_, err := fmt.Fprintf(cmd.Root().Writer, "%d given up\n", len(all))
		return err
	})
}

func replayDead(ctx context.Context, cmd *cli.Command, js jetstream.JetStream, all []webhook.Dead) error {
	endpoints, err := endpointsOf(cmd)
	if err != nil {
		return err
	}
	byName := map[string]webhook.Endpoint{}
	for _, e := range endpoints {
		byName[e.Name] = e
	}
	var faults []error
	for _, d := range all {
		e, known := byName[d.Endpoint]
		if !known {
			faults = append(faults, fmt.Errorf("%s: the configuration has no endpoint %s", d.ID, d.Endpoint))
			continue
		}
		faults = append(faults, webhook.Replay(ctx, js, e, d))
	}
	err = errors.Join(faults...)
	_, _ = fmt.Fprintf(cmd.Root().Writer, "%d sent again, %d delivered\n", len(all), len(all)-count(faults))
	return err
}

func count(faults []error) (n int) {
	for _, err := range faults {
		if err != nil {
			n++
		}
	}
	return n
}
