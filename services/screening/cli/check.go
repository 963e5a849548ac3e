package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening"
)

func checkCommand() *cli.Command {
	return &cli.Command{
		Name: "check", Usage: "read a rule pack strictly and list every fault with file and line", ArgsUsage: "DIR",
		Flags: []cli.Flag{jsonFlag()},
		Action: func(_ context.Context, c *cli.Command) error {
			if c.Args().Len() != 1 {
				return unusable(errors.New("rules check: name one directory"))
			}
			p, err := load(c.Args().First())
			if c.Bool("json") {
				return reportCheck(c.Root().Writer, p, err)
			}
			if err != nil {
				return exit(err)
			}
			return exit(printf(c.Root().Writer, "ok: %s %s, %d rules, digest %s\n", p.Ref().ID, p.Ref().Version, len(p.Rules()), p.Ref().Digest))
		},
	}
}

type checked struct {
	OK    bool           `json:"ok"`
	Pack  *event.PackRef `json:"pack,omitempty"`
	Rules int            `json:"rules,omitempty"`
	Fault string         `json:"fault,omitempty"` // every fault, one a line
}

func reportCheck(w io.Writer, p *screening.Pack, err error) error {
	out := checked{OK: err == nil}
	if err != nil {
		out.Fault = err.Error()
	} else {
		ref := p.Ref()
		out.Pack, out.Rules = &ref, len(p.Rules())
	}
	return exit(errors.Join(printJSON(w, out), err))
}

func testCommand() *cli.Command {
	return &cli.Command{
		Name: "test", Usage: "judge a pack's own cases: the pack in DIR, or the one shipped", ArgsUsage: "[DIR]",
		Flags: []cli.Flag{setFlag(), jsonFlag()},
		Action: func(_ context.Context, c *cli.Command) error {
			if c.Args().Len() > 1 {
				return unusable(errors.New("rules test: name one directory at most"))
			}
			p, err := open(c, c.Args().First())
			if err != nil {
				return exit(err)
			}
			r := p.Test()
			if c.Bool("json") {
				err = printJSON(c.Root().Writer, r)
			} else {
				err = printReport(c.Root().Writer, r)
			}
			if err == nil && !r.OK() {
				return bad(fmt.Errorf("%d of %d cases came out otherwise or are lacking", len(r.Fails), r.Cases))
			}
			return exit(err)
		},
	}
}

func printReport(w io.Writer, r screening.CaseReport) error {
	if r.OK() {
		return printf(w, "%s\nok: %d cases of %d rules, no rule uncovered (%s %s)\n", coverage(r), r.Cases, r.Rules, r.Pack.ID, r.Pack.Version)
	}
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.SetColumnConfigs([]table.ColumnConfig{
		{Number: 2, WidthMax: 40, WidthMaxEnforcer: text.WrapSoft}, {Number: 3, WidthMax: 80, WidthMaxEnforcer: text.WrapSoft},
	})
	t.AppendHeader(table.Row{"place", "case", "why"})
	for _, f := range r.Fails {
		t.AppendRow(table.Row{f.Place, f.Case, f.Why})
	}
	return printf(w, "%s\n", t.Render())
}

// coverage is a table of rules and the cases that they have.
func coverage(r screening.CaseReport) string {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	head := table.Row{"rule"}
	for _, k := range screening.CaseKinds() {
		head = append(head, strings.ReplaceAll(k, "_", " "))
	}
	t.AppendHeader(head)
	for _, c := range r.Cover {
		row := table.Row{c.Rule}
		for _, k := range screening.CaseKinds() {
			if c.Kinds[k] == 0 {
				row = append(row, "")
			} else {
				row = append(row, c.Kinds[k])
			}
		}
		t.AppendRow(row)
	}
	return t.Render()
}
