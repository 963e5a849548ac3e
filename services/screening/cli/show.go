package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening"
)

func showCommand() *cli.Command {
	return &cli.Command{
		Name: "show", Usage: "show one rule: condition, dates, citation, exceptions", ArgsUsage: "RULE",
		Flags: []cli.Flag{packFlag(), setFlag(), asOfFlag(), jsonFlag()},
		Action: func(_ context.Context, c *cli.Command) error {
			if c.Args().Len() != 1 {
				return unusable(errors.New("rules show: name one rule; rules list names them"))
			}
			p, err := Pack(c)
			if err != nil {
				return exit(err)
			}
			d, err := asOf(c)
			if err != nil {
				return exit(err)
			}
			r, err := find(p, c.Args().First())
			if err != nil {
				return exit(err)
			}
			if c.Bool("json") {
				return exit(printJSON(c.Root().Writer, r))
			}
			return exit(show(c.Root().Writer, r, d))
		},
	}
}

func find(p *screening.Pack, id string) (*screening.Rule, error) {
	rules := p.Rules()
	i := slices.IndexFunc(rules, func(r *screening.Rule) bool { return r.ID == id })
	if i >= 0 {
		return rules[i], nil
	}
	var near []string
	for _, r := range rules {
		if strings.Contains(r.ID, id) || strings.Contains(id, r.ID) {
			near = append(near, r.ID)
		}
	}
	if near == nil {
		return nil, fmt.Errorf("no rule %q; rules list names them", id)
	}
	return nil, fmt.Errorf("no rule %q; there is %s", id, strings.Join(near, ", "))
}

func show(w io.Writer, r *screening.Rule, d event.Date) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n\n", r.ID, r.Title)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "  %-12s %s\n", name, value)
		}
	}
	row("outcome", r.Outcome)
	row("citation", r.Citation)
	row("certainty", r.Certainty)
	row("source", r.Source)
	row("in force", history(r))
	if d != "" {
		row("on "+string(d), stateOn(r, d))
	}
	row("per", strings.Join(r.Per, " and "))
	row("roles", strings.Join(r.Roles, ", "))
	if r.Flag {
		row("red flag", "an answer in the order's red_flag_answers makes it a note")
	}
	if r.Parameter != nil {
		row("only with", r.Parameter.Name+"="+r.Parameter.Value)
	}
	row("when", r.When)
	for _, c := range r.Clauses {
		row("when", c.When)
	}
	for _, p := range r.Policies {
		row("policy", strings.TrimSuffix(p.Policy+" when "+p.When, " when "))
	}
	row("says", r.Explain)
	for _, e := range r.Exceptions {
		row("exception", fmt.Sprintf("%s (%s): %s", e.Code, e.Cite, e.Fails))
	}
	row("note", r.Note)
	for _, s := range r.Status {
		row("status", strings.TrimSpace(fmt.Sprintf("%s %s..%s %s", s.State, s.From, s.Until, s.Cite)))
	}
	return printf(w, "%s", b.String())
}
