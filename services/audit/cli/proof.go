package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/auditverify"
)

func proofCommand() *cli.Command {
	return &cli.Command{
		Name: "proof", Usage: "write an order's leaves, each with the proof that it is in the log, for whoever has the log's key", ArgsUsage: "ORDER",
		Flags: []cli.Flag{dataFlag(), &cli.StringFlag{Name: "out", Usage: "`DIR` for INDEX.leaf and INDEX.tlog-proof", Value: "."}},
		Action: func(ctx context.Context, c *cli.Command) error {
			if c.Args().Len() != 1 {
				return exit(fmt.Errorf("%w: want one order id or event id", auditverify.ErrUnusable))
			}
			id := c.Args().First()
			proven, err := audit.Prove(ctx, dir(c), id)
			if err == nil && len(proven) == 0 {
				err = fmt.Errorf("%s: %w", id, errNone)
			}
			for _, p := range proven {
				err = errors.Join(err, writeProof(c, p))
			}
			if err == nil {
				noted(ctx, c, event.Note{What: "export", Text: fmt.Sprintf("Leaves and proofs of %q were taken away.", id), Counts: []event.Tally{{Name: "leaves", Count: len(proven)}}})
			}
			return exit(err)
		},
	}
}

func writeProof(c *cli.Command, p audit.Proven) error {
	name := strconv.FormatUint(p.Index, 10)
	if p.Log != "" {
		name = strings.ReplaceAll(p.Log, "/", "-") + "-" + name
	}
	name = filepath.Join(c.String("out"), name)
	if err := errors.Join(os.WriteFile(name+".leaf", p.Leaf, 0o644), os.WriteFile(name+".tlog-proof", p.Proof, 0o644)); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.Root().Writer, "%s.leaf %s.tlog-proof\n", name, name)
	return err
}
