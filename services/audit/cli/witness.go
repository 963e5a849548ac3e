package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/services/audit/witness"
)

func witnessCommand() *cli.Command {
	return &cli.Command{
		Name: "witness", Usage: "sign a log's checkpoints, each only if it goes on from the last; runs where whoever keeps the log cannot reach",
		Description: "Prints the policy that the log's serve wants as --witness-policy. The log's verifier key comes from \"audit key\".",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "dir", Usage: "`DIR` of the witness's key and of the last checkpoint of each log", Value: "witness"},
			&cli.StringSliceFlag{Name: "log", Usage: "`FILE` with a log's verifier key; more than once", Required: true},
			&cli.StringFlag{Name: "name", Usage: "`NAME` of the witness, a URL without scheme", Value: "witness.example.com/audit"},
			&cli.StringFlag{Name: "listen", Usage: "`HOST:PORT` it is asked at", Value: "127.0.0.1:8090"},
		},
		Action: func(ctx context.Context, c *cli.Command) error {
			cfg := witness.Config{Dir: c.String("dir"), Name: c.String("name")}
			for _, name := range c.StringSlice("log") {
				b, err := os.ReadFile(name)
				if err != nil {
					return exit(fmt.Errorf("%w: log key: %w", auditverify.ErrUnusable, err))
				}
				cfg.Logs = append(cfg.Logs, string(b))
			}
			w, err := witness.New(cfg)
			if err != nil {
				return exit(err)
			}
			return exit(serveWitness(ctx, c, w))
		},
	}
}

func serveWitness(ctx context.Context, c *cli.Command, w *witness.Witness) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.String("listen"))
	if err != nil {
		return fmt.Errorf("%w: %w", auditverify.ErrUnusable, err)
	}
	if _, err := c.Root().Writer.Write(w.Policy("http://" + l.Addr().String())); err != nil {
		return err
	}
	srv := &http.Server{Handler: w, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func keyCommand() *cli.Command {
	return &cli.Command{
		Name: "key", Usage: "print the log's verifier key, for auditors and witnesses; makes the log's keys where there are none yet",
		Flags: []cli.Flag{dataFlag()},
		Action: func(_ context.Context, c *cli.Command) error {
			key, err := audit.MakeKey(dir(c), "")
			if err != nil {
				return exit(err)
			}
			_, err = fmt.Fprintln(c.Root().Writer, key)
			return err
		},
	}
}
