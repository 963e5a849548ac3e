package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment"
)

func matchCommand(review Review) *cli.Command {
	return &cli.Command{
		Name: "match", Usage: "say who on the lists a name may be, best first, and why", ArgsUsage: "NAME",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "type", Usage: "`person`, company or vessel; any when not given"},
			&cli.StringFlag{Name: "country", Usage: "`CODE` of the country where the party is, as CN"},
			&cli.StringFlag{Name: "address", Usage: "the party's address in one `LINE`"},
			&cli.StringSliceFlag{Name: "id", Usage: "an official `NUMBER` with its kind, as \"IMO 9074729\" or an LEI; more than once for several"},
			&cli.StringFlag{Name: "born", Usage: "the person's `DATE` of birth, or the year alone"},
			&cli.StringFlag{Name: "as-of", Usage: "only entries in force on `DATE`, as 2026-11-10"},
			dataFlag(), referenceFlag(), jsonFlag(),
		},
		Commands: []*cli.Command{evalCommand(review), benchCommand()},
		Action:   func(_ context.Context, c *cli.Command) error { return unusable(ask(c)) },
	}
}

func ask(c *cli.Command) error {
	name, err := oneArgument(c, "name (in quotes where it has blanks)")
	if err != nil {
		return err
	}
	q := enrichment.Question{
		Name: name, Type: c.String("type"), Country: event.Country(strings.ToUpper(c.String("country"))), Address: c.String("address"),
		AsOf: event.Date(c.String("as-of")), Identifiers: c.StringSlice("id"), Born: c.String("born"),
	}
	if err := q.Check(); err != nil {
		return err
	}
	r, err := reference(c)
	if err != nil {
		return err
	}
	a := r.Match(q)
	if c.Bool("json") {
		return printJSON(c.Root().Writer, a)
	}
	return tell(c.Root().Writer, a)
}

func tell(w io.Writer, a enrichment.Answer) error {
	for _, m := range a.Candidates {
		fmt.Fprintf(w, "%s  %s %s  %s (%s, by %s)\n", m.Score, m.List, m.Entry, m.Name, m.Country, m.Method)
		for _, why := range m.Why {
			fmt.Fprintf(w, "         %s\n", why)
		}
	}
	_, err := fmt.Fprintf(w, "%d stated from %s up, %d compared; snapshot %.12s, matcher %s\n", len(a.Candidates), a.Floor, a.Considered, a.Snapshot, a.Matcher)
	return err
}
