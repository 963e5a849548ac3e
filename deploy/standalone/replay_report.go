package standalone

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/screening/replay"
	"github.com/tidegate/tidegate/services/screening/replay/page"
)

// reportFlags say where a replay's report goes besides the terminal.
func reportFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "html", Usage: "write the report as one page with charts, that needs nothing else, to `FILE`"},
		&cli.StringFlag{Name: "csv", Usage: "write every changed order, a row each, to `FILE`"},
		&cli.IntFlag{Name: "most", Usage: "changed orders on the page, the gravest, `N`", Value: page.MostShown},
		&cli.BoolFlag{Name: "json", Usage: "print the whole report as JSON; its SHA-256 is the report's digest"},
	}
}

// tellReplay notes a replay in the log, keeps its report for --apply, and gives it out as the flags say.
func tellReplay(ctx context.Context, cmd *cli.Command, rep replay.Report) error {
	digest, err := rep.Digest()
	if err != nil {
		return err
	}
	noted, err := audit.Note(ctx, cmd.String("data"), replayNote(rep, digest, ""))
	if err != nil {
		fmt.Fprintln(cmd.Root().ErrWriter, "the log does not know of this replay:", err)
	}
	if noted { // where nothing runs, nothing is written
		if err := keepReport(cmd.String("data"), rep, digest); err != nil {
			return err
		}
	}
	if err := writeReport(rep, digest, cmd.String("html"), cmd.String("csv"), page.Options{Most: cmd.Int("most")}); err != nil {
		return err
	}
	if cmd.Bool("json") {
		return rep.WriteJSON(cmd.Root().Writer)
	}
	if err := rep.Print(cmd.Root().Writer); err != nil {
		return err
	}
	if _, err = fmt.Fprintf(cmd.Root().Writer, "report: sha256 %s\n", digest); err != nil || rep.Open == 0 || !noted {
		return err
	}
	return offerApply(ctx, cmd, rep, digest)
}

// replayNote is what the log keeps of a replay: what was asked, what came of it, and the digest of the report.
func replayNote(rep replay.Report, digest, by string) event.Note {
	return event.Note{
		What: "replay", By: by, Text: rep.Asks + " " + rep.Answer(), SHA256: digest,
		Counts: []event.Tally{{Name: "judged", Count: rep.Judged}, {Name: "changed", Count: rep.Changed}, {Name: "open", Count: rep.Open}},
	}
}

// writeReport writes the page and the list of changed orders, where a name is given for them.
func writeReport(rep replay.Report, digest, html, csv string, opt page.Options) error {
	if csv != "" {
		if err := writeFile(csv, rep.WriteCSV); err != nil {
			return err
		}
		opt.CSV = filepath.Base(csv)
	}
	if html == "" {
		return nil
	}
	opt.Digest = digest
	return writeFile(html, func(w io.Writer) error { return page.Write(w, rep, opt) })
}

// writeFile writes a file whole or not at all: what stood there before stays until the new one is complete.
func writeFile(name string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	if err := errors.Join(write(f), f.Chmod(0o600), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}
