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
		Name: "show", Usage: "show one rule: condition, dates, citation, exceptions; with --as-of alone every rule in force that day", ArgsUsage: "[RULE]",
		Flags: []cli.Flag{packFlag(), setFlag(), asOfFlag(), jsonFlag()},
		Action: func(_ context.Context, c *cli.Command) error {
			if c.Args().Len() != 1 && (c.Args().Len() > 1 || c.String("as-of") == "") {
				return unusable(errors.New("rules show: name one rule, or give --as-of; rules list names the rules"))
			}
			p, err := Pack(c)
			if err != nil {
				return exit(err)
			}
			d, err := asOf(c)
			if err != nil {
				return exit(err)
			}
			if c.Args().Len() == 0 {
				return exit(showInForce(c, p, d))
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
		published := ""
		if s.Published != "" {
			published = ", published " + string(s.Published)
		}
		row("status", strings.TrimSpace(fmt.Sprintf("%s %s..%s %s", s.State, s.From, s.Until, s.Cite))+published)
	}
	return printf(w, "%s", b.String())
}

// showInForce prints the rules in force on a day, each with what it rests on.
func showInForce(c *cli.Command, p *screening.Pack, d event.Date) error {
	var on []*screening.Rule
	for _, r := range p.Rules() {
		if r.InForce(d) && r.Applies(p.Ref().Parameters) {
			on = append(on, r)
		}
	}
	if c.Bool("json") {
		return printJSON(c.Root().Writer, on)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Rules in force on %s, in the order in which they decide\n", d)
	for _, r := range on {
		fmt.Fprintf(&b, "\n%s [%s] %s\n  %s (certainty %s)\n", r.ID, r.Outcome, r.Title, r.Citation, r.Certainty)
		if st, ok := r.StatusOn(d); ok {
			fmt.Fprintf(&b, "  %s", stateOn(r, d))
			if st.Cite != "" {
				fmt.Fprintf(&b, ", %s", st.Cite)
			}
			b.WriteByte('\n')
		}
	}
	fmt.Fprintf(&b, "\n%d of %d rules; %s %s, digest %s\n", len(on), len(p.Rules()), p.Ref().ID, p.Ref().Version, p.Ref().Digest)
	return printf(c.Root().Writer, "%s", b.String())
}
