package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/auditverify"
)

// Rows gives rows of a compiled set of lists, as audit.EvidenceOptions wants them.
type Rows func(object []byte, ids []string) (rows []byte, missing []string, err error)

// Evidence is the verb that writes evidence packs. What a pack cites of imported lists comes from rows, which may be nil.
func Evidence(rows Rows) *cli.Command {
	return &cli.Command{
		Name: "evidence", Usage: "write everything the log holds of an order, with its proofs, as one zip that is checked with standard tools", ArgsUsage: "ORDER",
		Description: "ORDER is an order id or an event id. The zip has a document to file, the exact records, the received bytes, proofs, checkpoint, signatures, timestamps,\n" +
			"public keys, the rules and list entries cited, and a README that says how to check it all. The same log, order and checkpoint give the same bytes.",
		Flags: []cli.Flag{
			dataFlag(), jsonFlag(),
			&cli.StringFlag{Name: "out", Aliases: []string{"o"}, Usage: "`FILE`.zip to write; evidence-ORDER.zip when not given"},
			&cli.StringFlag{Name: "source", Usage: "`SOURCE` of the order, where several have one of that number"},
			&cli.StringFlag{Name: "at", Usage: "prove under the earlier checkpoint in `FILE`, to make a pack again as it was then"},
			&cli.StringFlag{Name: "checkpoint-dir", Usage: "`DIR` with timestamped checkpoints, besides those that lie beside the log", Sources: cli.EnvVars("TIDEGATE_CHECKPOINT_DIR")},
			&cli.StringFlag{Name: "witness-policy", Usage: "`FILE` with the log's witnesses and their keys; the one beside the log when not given", Sources: cli.EnvVars("TIDEGATE_WITNESS_POLICY")},
			&cli.BoolFlag{Name: "without-pdf", Usage: "leave the document out, where a character of it is in no embedded font; the manifest says so"},
		},
		Action: func(ctx context.Context, c *cli.Command) error {
			if c.Args().Len() != 1 {
				return exit(fmt.Errorf("%w: want one order id or event id", auditverify.ErrUnusable))
			}
			return exit(exportEvidence(ctx, c, c.Args().First(), rows))
		},
	}
}

// evidenceOptions reads what the flags name.
func evidenceOptions(c *cli.Command) (o audit.EvidenceOptions, err error) {
	o.Source, o.CheckpointDir, o.WithoutPDF = c.String("source"), c.String("checkpoint-dir"), c.Bool("without-pdf")
	for name, to := range map[string]*[]byte{c.String("at"): &o.Checkpoint, c.String("witness-policy"): &o.Witnesses} {
		if name == "" {
			continue
		}
		if *to, err = os.ReadFile(name); err != nil {
			return o, fmt.Errorf("%w: %w", auditverify.ErrUnusable, err)
		}
	}
	return o, nil
}

func exportEvidence(ctx context.Context, c *cli.Command, id string, rows Rows) error {
	o, err := evidenceOptions(c)
	if err != nil {
		return err
	}
	o.Rows = rows
	name := c.String("out")
	if name == "" {
		name = "evidence-" + fileName(id) + ".zip"
	}
	pack, err := writePack(ctx, c, id, name, o)
	if errors.Is(err, audit.ErrGlyph) {
		err = fmt.Errorf("%w: --without-pdf makes the pack without the document", err)
	}
	if err != nil {
		return err
	}
	noted(ctx, c, event.Note{
		What: "export", Text: fmt.Sprintf("An evidence pack on order %q was made.", id), SHA256: pack.SHA256,
		Counts: []event.Tally{{Name: "records", Count: pack.Records}},
	})
	if c.Bool("json") {
		return printJSON(c.Root().Writer, pack)
	}
	_, err = fmt.Fprintf(c.Root().Writer, "%s: records: %d, under the checkpoint of size %d; %d files, %d bytes\n  sha256 %s\n", name, pack.Records, pack.LogSize, pack.Files, pack.Size, pack.SHA256)
	for _, l := range pack.LeftOut {
		_, lerr := fmt.Fprintf(c.Root().Writer, "  left out: %s: %s\n", l.What, l.Why)
		err = errors.Join(err, lerr)
	}
	return err
}

// writePack writes a file that is not there yet, whole or not at all.
func writePack(ctx context.Context, c *cli.Command, id, name string, o audit.EvidenceOptions) (audit.EvidencePack, error) {
	if _, err := os.Lstat(name); !errors.Is(err, os.ErrNotExist) {
		return audit.EvidencePack{}, cmp.Or(err, fmt.Errorf("%s: %w", name, os.ErrExist))
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".evidence-*")
	if err != nil {
		return audit.EvidencePack{}, err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone when all went well
	pack, err := audit.Evidence(ctx, dir(c), id, f, o)
	if err := errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return pack, err
	}
	return pack, os.Rename(f.Name(), name)
}

// fileName is an id as a part of a file's name.
func fileName(id string) string {
	return strings.Map(func(r rune) rune {
		if r < 128 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_') {
			return r
		}
		return '_'
	}, id)
}
