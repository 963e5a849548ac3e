package standalone

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/shared/bus"
)

func licensesCommand() *cli.Command {
	asJSON := &cli.BoolFlag{Name: "json", Usage: "print JSON"}
	return &cli.Command{
		Name: "licenses", Usage: "the register of licenses and certifications: import, list, show",
		Commands: []*cli.Command{
			{
				Name: "import", Usage: "register licenses from a JSON or CSV file", ArgsUsage: "FILE|-",
				Description: "Columns of a CSV file: " + strings.Join(screening.LicenseColumns, ", ") + ".\n" +
					"A file with any fault is refused whole. A license with a number that is there replaces it; what was drawn stays drawn.",
				Flags: []cli.Flag{
					dataFlag(), asJSON,
					&cli.StringFlag{Name: "by", Usage: "`WHO` registers", Value: "operator", Sources: cli.EnvVars("TIDEGATE_BY", "USER")},
					&cli.BoolFlag{Name: "dry-run", Usage: "only check the file"},
				},
				Action: importLicenses,
			},
			{
				Name: "list", Usage: "list the licenses with what is left of them", Flags: []cli.Flag{dataFlag(), asJSON},
				Action: func(ctx context.Context, cmd *cli.Command) error {
					l, err := openLedger(ctx, cmd.String("data"))
					if err != nil {
						return cli.Exit(err, 2)
					}
					return listLicenses(cmd, l.Licenses())
				},
			},
			{
				Name: "show", Usage: "show one license", ArgsUsage: "NUMBER", Flags: []cli.Flag{dataFlag(), asJSON},
				Action: func(ctx context.Context, cmd *cli.Command) error {
					l, err := openLedger(ctx, cmd.String("data"))
					if err != nil {
						return cli.Exit(err, 2)
					}
					return showLicense(cmd, l.Licenses())
				},
			},
		},
	}
}

// imported is one license that was registered.
type imported struct {
	Number    string `json:"number"`
	Event     string `json:"event,omitempty"` // empty for a dry run
	Duplicate bool   `json:"duplicate,omitempty"`
}

func importLicenses(ctx context.Context, cmd *cli.Command) error {
	if cmd.Args().Len() != 1 {
		return cli.Exit("licenses import: want one file, or - for standard input", 2)
	}
	all, err := readLicenses(cmd.Args().First())
	if err != nil {
		return cli.Exit(err, 1)
	}
	out := make([]imported, 0, len(all))
	if cmd.Bool("dry-run") {
		for i := range all {
			out = append(out, imported{Number: all[i].Number})
		}
		return tellImported(cmd, out)
	}
	nc, err := bus.OperatorOf(ctx, cmd.String("data"))
	if err != nil {
		return cli.Exit(err, 2)
	}
	defer nc.Close()
	for i := range all {
		act := event.Act{Kind: event.License, Actor: cmd.String("by"), Particulars: event.Particulars{License: &all[i]}}
		if act.ID, err = contentID("license-"+all[i].Number, &all[i]); err != nil {
			return cli.Exit(err, 2)
		}
		taken, err := bus.Act(ctx, nc, act)
		if err != nil {
			return errors.Join(tellImported(cmd, out), cli.Exit(fmt.Errorf("license %s: %w", all[i].Number, err), 2))
		}
		out = append(out, imported{all[i].Number, taken.Event, taken.Duplicate})
	}
	return tellImported(cmd, out)
}

func readLicenses(name string) ([]event.Licensed, error) {
	if name == "-" {
		return screening.ReadLicenses(os.Stdin)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("licenses: %w", err)
	}
	defer func() { _ = f.Close() }()
	return screening.ReadLicenses(f)
}

// contentID is an act's id that follows from its content: the same sent twice is one act.
func contentID(prefix string, v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("%s: %w", prefix, err)
	}
	return prefix + "-" + event.Digest(b)[:16], nil
}

func tellImported(cmd *cli.Command, all []imported) error {
	w := cmd.Root().Writer
	if cmd.Bool("json") {
		return printJSON(w, all)
	}
	for _, one := range all {
		how := "registered, event " + one.Event
		switch {
		case one.Event == "":
			how = "would be registered"
		case one.Duplicate:
			how = "was registered before, event " + one.Event
		}
		if _, err := fmt.Fprintf(w, "%s: %s\n", one.Number, how); err != nil {
			return err
		}
	}
	return nil
}

func listLicenses(cmd *cli.Command, all []screening.License) error {
	w := cmd.Root().Writer
	if cmd.Bool("json") {
		if all == nil {
			all = []screening.License{}
		}
		return printJSON(w, all)
	}
	t := newTable(w, "Licenses", "number", "kind", "issuer", "parties", "valid", "pieces", "value")
	for _, l := range all {
		t.AppendRow([]any{l.License.Number, kindOf(l), l.License.Issuer, strings.Join(l.License.Parties, "; "), spanOf(l.License.Span), drawn(l.Quantity, l.License.Quantity), drawn(l.Value, l.License.Value) + " " + l.License.Currency})
	}
	t.Render()
	return nil
}

func kindOf(l screening.License) string {
	if l.License.Revoked {
		return l.License.Kind + ", revoked"
	}
	return l.License.Kind
}

func spanOf(s event.Span) string {
	return fmt.Sprintf("%s to %s", cmp.Or(string(s.From), "ever"), cmp.Or(string(s.Until), "further notice"))
}

func drawn(used, of event.Decimal) string {
	if of == "" {
		return string(used) + " drawn"
	}
	return fmt.Sprintf("%s of %s drawn", used, of)
}

func showLicense(cmd *cli.Command, all []screening.License) error {
	if cmd.Args().Len() != 1 {
		return cli.Exit("licenses show: name one license", 2)
	}
	i := slices.IndexFunc(all, func(l screening.License) bool { return l.License.Number == cmd.Args().First() })
	if i < 0 {
		return cli.Exit(fmt.Sprintf("license %s is not in the register", cmd.Args().First()), 2)
	}
	l := &all[i]
	if cmd.Bool("json") {
		return printJSON(cmd.Root().Writer, l)
	}
	list := func(of []string) string { return cmp.Or(strings.Join(of, "; "), "any") }
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s of %s\n", l.License.Number, kindOf(*l), l.License.Issuer)
	fmt.Fprintf(&b, "  valid       %s\n", spanOf(l.License.Span))
	fmt.Fprintf(&b, "  parties     %s\n", list(l.License.Parties))
	fmt.Fprintf(&b, "  countries   %s\n", list(l.License.Countries))
	fmt.Fprintf(&b, "  ECCNs       %s\n", list(l.License.ECCNs))
	fmt.Fprintf(&b, "  parts       %s\n", list(l.License.Parts))
	fmt.Fprintf(&b, "  pieces      %s\n", drawn(l.Quantity, l.License.Quantity))
	fmt.Fprintf(&b, "  value       %s %s\n", drawn(l.Value, l.License.Value), l.License.Currency)
	fmt.Fprintf(&b, "  answers     %s\n", cmp.Or(strings.Join(l.License.Rules, ", "), "every rule that asks for a license"))
	for _, c := range l.License.Conditions {
		fmt.Fprintf(&b, "  condition   %s\n", c)
	}
	fmt.Fprintf(&b, "  registered  event %s\n", l.Event)
	_, err := io.WriteString(cmd.Root().Writer, b.String())
	return err
}
