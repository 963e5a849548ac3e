package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening"
)

func listCommand() *cli.Command {
	return &cli.Command{
		Name: "list", Usage: "list the rules in the order in which they decide",
		Flags: []cli.Flag{packFlag(), setFlag(), asOfFlag(), jsonFlag()},
		Action: func(_ context.Context, c *cli.Command) error {
			p, err := Pack(c)
			if err != nil {
				return exit(err)
			}
			d, err := asOf(c)
			if err != nil {
				return exit(err)
			}
			l := listing{Pack: p.Ref(), Title: p.Title(), AsOf: d, Rules: lines(p, d)}
			if c.Bool("json") {
				return exit(printJSON(c.Root().Writer, l))
			}
			return exit(l.print(c.Root().Writer))
		},
	}
}

type listing struct {
	Pack  event.PackRef `json:"pack"`
	Title string        `json:"title"`
	AsOf  event.Date    `json:"as_of,omitempty"`
	Rules []line        `json:"rules"`
}

type line struct {
	ID        string `json:"id"`
	Outcome   string `json:"outcome"`
	State     string `json:"state"` // on the as-of date; the whole history in short without one
	InForce   *bool  `json:"in_force,omitempty"`
	Title     string `json:"title"`
	Citation  string `json:"citation"`
	Certainty string `json:"certainty"`
	Flag      bool   `json:"flag,omitempty"`
}

func lines(p *screening.Pack, d event.Date) []line {
	out := make([]line, 0, len(p.Rules()))
	for _, r := range p.Rules() {
		l := line{ID: r.ID, Outcome: r.Outcome, Title: r.Title, Citation: r.Citation, Certainty: r.Certainty, Flag: r.Flag}
		switch applies := r.Applies(p.Ref().Parameters); {
		case !applies:
			l.State = fmt.Sprintf("only with %s=%s", r.Parameter.Name, r.Parameter.Value)
		case d == "":
			l.State = history(r)
		default:
			l.State = stateOn(r, d)
		}
		if d != "" {
			on := r.InForce(d) && r.Applies(p.Ref().Parameters)
			l.InForce = &on
		}
		out = append(out, l)
	}
	return out
}

// history tells a rule's dates in short: "2025-09-29 to 2025-11-09, stayed to 2026-11-09, from 2026-11-10".
func history(r *screening.Rule) string {
	parts := make([]string, 0, len(r.Status))
	for _, s := range r.Status {
		word := ""
		if s.State != "active" {
			word = s.State + " "
		}
		switch from := max(s.From, s.Compliance); {
		case from == "" && s.Until == "":
			parts = append(parts, word+"always")
		case s.Until == "":
			parts = append(parts, fmt.Sprintf("%sfrom %s", word, from))
		default:
			parts = append(parts, fmt.Sprintf("%s%s to %s", word, from, s.Until))
		}
	}
	return strings.Join(parts, ", ")
}

func stateOn(r *screening.Rule, d event.Date) string {
	s, ok := r.StatusOn(d)
	switch {
	case !ok && len(r.Status) > 0 && d < r.Status[0].From:
		return "not yet: from " + string(max(r.Status[0].From, r.Status[0].Compliance))
	case !ok:
		return "ended on " + string(r.Status[len(r.Status)-1].Until)
	case d < s.Compliance:
		return "in force, binds from " + string(s.Compliance)
	case s.Until != "":
		return fmt.Sprintf("%s until %s", s.State, s.Until)
	}
	return s.State
}

func (l listing) print(w io.Writer) error {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.SetColumnConfigs([]table.ColumnConfig{
		{Number: 3, WidthMax: 34, WidthMaxEnforcer: text.WrapSoft},
		{Number: 4, WidthMax: 44, WidthMaxEnforcer: text.WrapSoft},
		{Number: 5, WidthMax: 40, WidthMaxEnforcer: text.WrapSoft},
	})
	state := "in force"
	if l.AsOf != "" {
		state = "on " + string(l.AsOf)
	}
	t.AppendHeader(table.Row{"rule", "outcome", state, "title", "citation", "certainty"})
	for _, r := range l.Rules {
		t.AppendRow(table.Row{r.ID, r.Outcome, r.State, r.Title, r.Citation, r.Certainty})
	}
	return printf(w, "%s\n%s %s, %d rules, digest %s\n", t.Render(), l.Pack.ID, l.Pack.Version, len(l.Rules), l.Pack.Digest)
}
