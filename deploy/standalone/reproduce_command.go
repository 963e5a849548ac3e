package standalone

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	auditcli "github.com/tidegate/tidegate/services/audit/cli"
	"github.com/tidegate/tidegate/services/enrichment"
	"github.com/tidegate/tidegate/services/enrichment/masters"
)

// AuditCommands are the verbs of "audit" that need more than the audit service.
func AuditCommands() []*cli.Command {
	return []*cli.Command{reproduceCommand(), auditcli.Evidence(enrichment.CitedRows)}
}

func reproduceCommand() *cli.Command {
	return &cli.Command{
		Name: "reproduce", Usage: "decide recorded orders again from their recorded inputs and compare the bytes", ArgsUsage: "[ORDER]",
		Description: "ORDER is an order id or event id. Exits with 0 when every record came out byte for byte, 1 when one did not or none was found,\n" +
			"2 when a pack or snapshot is not at hand; it says which.",
		Flags: []cli.Flag{
			dataFlag(),
			&cli.BoolFlag{Name: "all", Usage: "every record"},
			&cli.Uint64Flag{Name: "sample", Usage: "`N` records by lot, from the checkpoint's root and --number"},
			&cli.Uint64Flag{Name: "number", Usage: "the auditor's own `NUMBER` for the lot"},
			&cli.StringSliceFlag{Name: "pack", Usage: "`DIR` of a pack that records name, besides the shipped one, or several that were judged under together, as us+jp; more than once"},
			&cli.StringSliceFlag{Name: "snapshot", Usage: "`DIR` of a reference set that records name, besides the shipped one; more than once"},
			&cli.BoolFlag{Name: "json", Usage: "print JSON"},
		},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			known, err := newInventory(cmd.StringSlice("pack"), cmd.StringSlice("snapshot"))
			if err != nil {
				return cli.Exit(err, 2)
			}
			known.masters = masters.Open(MastersDir(cmd.String("data")))
			r, err := reproduce(ctx, cmd, known)
			switch {
			case errors.Is(err, auditverify.ErrBad):
				return cli.Exit(err, 1)
			case err != nil:
				return cli.Exit(err, 2)
			}
			r.noted(ctx, cmd)
			return r.tell(cmd.Root().Writer, cmd.Bool("json"))
		},
	}
}

// noted writes the reproduction into the log, where its server runs.
func (r Reproduced) noted(ctx context.Context, cmd *cli.Command) {
	n, err := r.note("asked for with \"audit reproduce\"", "")
	if err == nil {
		_, err = audit.Note(ctx, cmd.String("data"), n)
	}
	if err != nil {
		fmt.Fprintln(cmd.Root().ErrWriter, "the log does not know of this reproduction:", err)
	}
}

// reproduce does what exactly one of ORDER, --sample and --all asks for.
func reproduce(ctx context.Context, cmd *cli.Command, known *inventory) (Reproduced, error) {
	dir, id := AuditDir(cmd.String("data")), cmd.Args().First()
	switch n := cmd.Uint64("sample"); {
	case cmd.Args().Len() == 1 && n == 0 && !cmd.Bool("all"):
		return reproduceSome(ctx, dir, id, known)
	case cmd.Args().Len() == 0 && n > 0 && !cmd.Bool("all"):
		return reproduceSample(ctx, dir, n, cmd.Uint64("number"), known)
	case cmd.Args().Len() == 0 && n == 0 && cmd.Bool("all"):
		return reproduceAll(ctx, dir, known)
	default:
		return Reproduced{}, errors.New("want one ORDER, --sample N or --all")
	}
}

// tell prints what came out, and says it with the exit status.
func (r Reproduced) tell(w io.Writer, asJSON bool) error {
	if asJSON {
		if err := printJSON(w, r); err != nil {
			return err
		}
	} else {
		r.print(w)
	}
	switch {
	case len(r.Differ) > 0:
		return cli.Exit(fmt.Sprintf("%d records did not come out as they were recorded", len(r.Differ)), 1)
	case len(r.Missing) > 0:
		return cli.Exit("not everything that records name is at hand", 2)
	case r.Records+r.Passed == 0:
		return cli.Exit("nothing was found", 1)
	default:
		return nil
	}
}

func (r Reproduced) print(w io.Writer) {
	for _, d := range r.Differ {
		fmt.Fprintf(w, "DIFFERS  leaf %d: %s\n", d.Leaf, d.Text)
	}
	for _, m := range r.Missing {
		fmt.Fprintf(w, "missing: %s %s, named by %d records\n", m.What, m.Digest, m.Records)
	}
	fmt.Fprintf(w, "reproduced: %d of %d decisions byte for byte from recorded inputs, pack and snapshot\n", r.Same, r.Records)
}
