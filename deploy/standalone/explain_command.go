package standalone

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment"
	"github.com/tidegate/tidegate/services/ingest"
	ingestcli "github.com/tidegate/tidegate/services/ingest/cli"
	"github.com/tidegate/tidegate/services/screening"
	screeningcli "github.com/tidegate/tidegate/services/screening/cli"
	"github.com/tidegate/tidegate/shared/codec"
	"github.com/tidegate/tidegate/shared/terminal"
)

func explainCommand() *cli.Command {
	return &cli.Command{
		Name: "explain", Usage: "say in plain words why an order was decided as it was, what would answer it, and when the answer changes", ArgsUsage: "ORDER",
		Description: "ORDER is an order id or event id. Reads the audit log of the data directory, whether Tidegate runs or not.",
		Flags: []cli.Flag{
			dataFlag(),
			&cli.StringSliceFlag{Name: "pack", Usage: "`DIR` of the pack that the record names, where it is not the shipped one; more than once"},
			&cli.BoolFlag{Name: "json", Usage: "print JSON"},
		},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if cmd.Args().Len() != 1 {
				return cli.Exit("explain: want one order id or event id", 2)
			}
			d, err := newest(ctx, cmd.String("data"), cmd.Args().First())
			if err != nil {
				return cli.Exit(err, 2)
			}
			p, err := packOf(ctx, cmd.String("data"), cmd.StringSlice("pack"), d.said.Pack)
			if err != nil {
				return cli.Exit(err, 2)
			}
			return tellExplained(cmd, p.Explain(&d.cause, &d.facts, &d.said))
		},
	}
}

func tellExplained(cmd *cli.Command, e screening.Explanation) error {
	if cmd.Bool("json") {
		return printJSON(cmd.Root().Writer, e)
	}
	return e.Print(cmd.Root().Writer)
}

func screenCommand() *cli.Command {
	return &cli.Command{
		Name: "screen", Usage: "say what would be decided of orders, without making them orders", ArgsUsage: "FILE|-",
		Description: "Reads orders in any format that the doors take. Where Tidegate runs (on --data, or at --url), it is asked: the answers are marked as inquiries,\n" +
			"no total counts them, and that they were asked is logged. With --explain, --pack or --set, or where nothing runs, they are judged here, with the lists\n" +
			"of the data directory and with what its ledger holds, where there is one; then nothing is stored.\n" +
			"Exit status: 0 released, 1 an order would be refused (or, asked of what runs, not be released), 2 trouble.",
		Flags: append(ingestcli.ScreenFlags(),
			&cli.BoolFlag{Name: "explain", Usage: "say why, what would answer it, and when the answer changes"},
			&cli.StringSliceFlag{Name: "pack", Usage: screeningcli.PackUsage},
			&cli.StringMapFlag{Name: "set", Usage: "a parameter of the rule pack, `NAME=VALUE`"},
			&cli.BoolFlag{Name: "json", Usage: "print JSON"},
		),
		Action: screenFile,
	}
}

func screenFile(ctx context.Context, cmd *cli.Command) error {
	if cmd.Args().Len() != 1 {
		return cli.Exit("screen: want one file, or - for standard input", 2)
	}
	if !cmd.Bool("explain") && !cmd.IsSet("pack") && !cmd.IsSet("set") && ingestcli.Runs(cmd) {
		return ingestcli.Screen(ctx, cmd)
	}
	s, err := newScreener(ctx, cmd)
	if err != nil {
		return cli.Exit(err, 2)
	}
	name := cmd.Args().First()
	in := io.Reader(os.Stdin)
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return cli.Exit(err, 2)
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	refused := false
	at := event.At(time.Now()) //nolint:forbidigo // when a person asks is when the order would come in
	for t, err := range ingest.Try(in, ingest.Hint{Name: name}, at) {
		if err != nil {
			return cli.Exit(err, 2)
		}
		if t.Status != "accepted" {
			refused = true
			for _, f := range t.Faults {
				if _, err := fmt.Fprintf(cmd.Root().Writer, "%s: refused: %s: %s\n", terminal.Shown(cmp.Or(t.OrderID, name)), cmp.Or(f.Pointer, "/"), terminal.Shown(f.Detail)); err != nil {
					return err
				}
			}
			continue
		}
		if err := s.one(cmd, &t, at); err != nil {
			return cli.Exit(err, 2)
		}
	}
	if refused {
		return cli.Exit("", 1)
	}
	return nil
}

// screener judges orders beside the stream.
type screener struct {
	reference *enrichment.Reference
	pack      *screening.Pack
	ledger    *screening.Ledger
}

func newScreener(ctx context.Context, cmd *cli.Command) (s screener, err error) {
	data := cmd.String("data")
	if s.reference, err = enrichment.InForce(ListsDir(data)); err != nil {
		return s, err
	}
	if s.pack, err = openPack(cmd.StringSlice("pack"), cmd.StringMap("set")); err != nil {
		return s, err
	}
	s.ledger = screening.NewLedger()
	if _, err := os.Stat(AuditDir(data)); err == nil {
		s.ledger, err = openLedger(ctx, data)
		return s, err
	}
	return s, nil
}

func (s screener) one(cmd *cli.Command, t *ingest.Tried, at event.Instant) error {
	var o event.Order
	if err := codec.Decode(t.Order, &o); err != nil {
		return err
	}
	c := event.Cause{Line: event.LineOrder, V: 1, Kind: t.Kind, Tenant: cmp.Or(o.Tenant, "default"), Source: t.Source, OrderID: t.OrderID, Revision: o.Revision, At: at, Order: &o}
	if c.Kind != event.Placed && c.Kind != event.Revised {
		return errors.New("screen: only placed and revised orders can be judged beside the stream")
	}
	f := s.reference.Facts(&o, "")
	j := s.pack.DecideWith(&c, &f, s.ledger.Read(&c, &f), "", screening.AsOf{})
	e := s.pack.Explain(&c, &f, &j)
	switch {
	case cmd.Bool("json") && cmd.Bool("explain"):
		return printJSON(cmd.Root().Writer, e)
	case cmd.Bool("json"):
		return printJSON(cmd.Root().Writer, j)
	case cmd.Bool("explain"):
		return e.Print(cmd.Root().Writer)
	}
	why := "nothing stands against it"
	if len(j.Findings) > 0 {
		why = j.Findings[0].Text
	}
	_, err := fmt.Fprintf(cmd.Root().Writer, "%s: %s %s: %s\n", cmp.Or(t.OrderID, "order"), j.Outcome, j.Rule, why)
	return err
}
