package standalone

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/shared/bus"
)

func disposeCommand() *cli.Command {
	return &cli.Command{
		Name: "dispose", Usage: "record what a person found on an order's findings", ArgsUsage: "ORDER",
		Description: "A disposition answers the findings it names, on this revision, and no other. Who may answer what stands in the pack (pack.yaml, dispositions).\n" +
			"Exits with 1 when it would answer nothing.",
		Flags: []cli.Flag{
			dataFlag(),
			&cli.StringFlag{Name: "by", Usage: "`WHO` found it", Required: true},
			&cli.StringFlag{Name: "role", Usage: "`ROLE` in which, as the pack names roles: officer, counsel", Required: true},
			&cli.StringFlag{Name: "reason", Usage: "`WHY`, kept in the audit log", Required: true},
			&cli.StringSliceFlag{Name: "finding", Usage: "`RULE[/PARTY[/ITEM]]` that it answers, counted from 0, - for any; more than once", Required: true},
			&cli.StringFlag{Name: "second", Usage: "`WHO` agreed, where the pack asks for two"},
			&cli.BoolFlag{Name: "block", Usage: "confirm the findings: the order must not ship"},
			&cli.StringFlag{Name: "until", Usage: "last `DATE` on which it counts"},
			&cli.StringSliceFlag{Name: "pack", Usage: "`DIR` of the pack that the record names, where it is not the shipped one"},
			&cli.BoolFlag{Name: "dry-run", Usage: "only say what the outcome would become"},
			&cli.BoolFlag{Name: "json", Usage: "print JSON"},
		},
		Action: dispose,
	}
}

// disposed is what a disposition did or would do.
type disposed struct {
	OrderID  string          `json:"order_id"`
	Before   event.Outcome   `json:"before"`
	After    event.Outcome   `json:"after"`
	Rule     string          `json:"rule,omitempty"` // that decides then
	Answered []string        `json:"answered"`       // findings
	Left     []string        `json:"left"`           // findings that still stand
	Refused  []string        `json:"refused"`        // why it does not answer a finding that it names
	Recorded string          `json:"event,omitempty"`
	Act      *event.Disposed `json:"disposition"`
}

func dispose(ctx context.Context, cmd *cli.Command) error {
	if cmd.Args().Len() != 1 {
		return cli.Exit("dispose: name one order", 2)
	}
	what, err := disposition(cmd)
	if err != nil {
		return cli.Exit(err, 2)
	}
	data := cmd.String("data")
	d, err := newest(ctx, data, cmd.Args().First())
	if err != nil {
		return cli.Exit(err, 2)
	}
	what.Decision = event.Digest(d.lines.Line(2))
	out, err := try(ctx, data, cmd.StringSlice("pack"), d, what)
	if err != nil {
		return cli.Exit(err, 2)
	}
	if len(out.Answered) == 0 && what.Outcome == event.Release {
		return errors.Join(out.tell(cmd), cli.Exit("nothing was recorded: it would answer no finding", 1))
	}
	if !cmd.Bool("dry-run") {
		if out.Recorded, err = enterDisposition(ctx, data, d, what); err != nil {
			return cli.Exit(err, 2)
		}
	}
	return out.tell(cmd)
}

// disposition reads the flags; the error lists every fault.
func disposition(cmd *cli.Command) (*event.Disposed, error) {
	d := &event.Disposed{By: cmd.String("by"), Role: cmd.String("role"), Second: cmd.String("second"), Outcome: event.Release, Reason: strings.TrimSpace(cmd.String("reason"))}
	if cmd.Bool("block") {
		d.Outcome = event.Block
	}
	var faults []error
	if d.Reason == "" {
		faults = append(faults, errors.New("--reason is empty"))
	}
	if until := cmd.String("until"); until != "" {
		var err error
		d.Until, err = event.ParseDate(until)
		faults = append(faults, err)
	}
	for _, name := range cmd.StringSlice("finding") {
		a, err := answered(name)
		d.Findings, faults = append(d.Findings, a), append(faults, err)
	}
	return d, errors.Join(faults...)
}

// answered reads RULE, RULE/PARTY and RULE/PARTY/ITEM.
func answered(name string) (a event.Answered, err error) {
	parts := strings.Split(name, "/")
	a.Rule = parts[0]
	place := func(i int) *int {
		if i >= len(parts) || parts[i] == "-" {
			return nil
		}
		n, perr := strconv.Atoi(parts[i])
		if perr != nil || n < 0 {
			err = fmt.Errorf("--finding %s: want RULE, RULE/PARTY or RULE/PARTY/ITEM, counted from 0", name)
		}
		return &n
	}
	a.Party, a.Item = place(1), place(2)
	if len(parts) > 3 || a.Rule == "" {
		err = fmt.Errorf("--finding %s: want RULE, RULE/PARTY or RULE/PARTY/ITEM, counted from 0", name)
	}
	return a, err
}

// dryRun is the event id of a disposition that is not recorded.
const dryRun = "dry-run"

// try judges the order as it would be with the disposition.
func try(ctx context.Context, data string, packs []string, d *decision, what *event.Disposed) (*disposed, error) {
	p, err := packOf(ctx, data, packs, d.said.Pack)
	if err != nil {
		return nil, err
	}
	l, err := openLedger(ctx, data)
	if err != nil {
		return nil, err
	}
	c := d.cause
	c.Kind, c.Event, c.Particulars = event.Disposition, dryRun, event.Particulars{Disposition: what}
	j := p.DecideWith(&c, &d.facts, l.Read(&c, &d.facts), d.said.Prev, screening.AsOf{})
	out := &disposed{OrderID: c.OrderID, Before: d.said.Outcome, After: j.Outcome, Rule: j.Rule, Answered: []string{}, Left: []string{}, Refused: []string{}, Act: what}
	for i := range j.Findings {
		f := &j.Findings[i]
		name := screening.FindingName(f)
		switch {
		case f.AnsweredBy != nil && f.AnsweredBy.ID == dryRun:
			out.Answered = append(out.Answered, name)
		case f.AnsweredBy == nil && f.Outcome != event.Release:
			out.Left = append(out.Left, fmt.Sprintf("%s (%s)", name, f.Outcome))
		}
		for _, t := range f.Tried {
			if t.Code == "disposition "+dryRun {
				out.Refused = append(out.Refused, name+": "+t.Why)
			}
		}
	}
	return out, nil
}

// enterDisposition brings the disposition in through the operator's door.
func enterDisposition(ctx context.Context, data string, d *decision, what *event.Disposed) (string, error) {
	nc, err := bus.OperatorOf(ctx, data)
	if err != nil {
		return "", err
	}
	defer nc.Close()
	act := event.Act{Kind: event.Disposition, Actor: what.By, Tenant: d.cause.Tenant, Source: d.cause.Source, OrderID: d.cause.OrderID, Particulars: event.Particulars{Disposition: what}}
	if act.ID, err = contentID("disposition", what); err != nil {
		return "", err
	}
	taken, err := bus.Act(ctx, nc, act)
	return taken.Event, err
}

func (d *disposed) tell(cmd *cli.Command) error {
	w := cmd.Root().Writer
	if cmd.Bool("json") {
		return printJSON(w, d)
	}
	verb := "would become"
	if d.Recorded != "" {
		verb = "becomes"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s %s %s", d.OrderID, d.Before, verb, d.After)
	if d.Rule != "" {
		fmt.Fprintf(&b, " because of %s", d.Rule)
	}
	b.WriteByte('\n')
	for _, part := range []struct {
		what string
		all  []string
	}{{"answers", d.Answered}, {"does not answer", d.Refused}, {"still stands", d.Left}} {
		for _, one := range part.all {
			fmt.Fprintf(&b, "  %s: %s\n", part.what, one)
		}
	}
	if d.Recorded != "" {
		fmt.Fprintf(&b, "recorded as event %s\n", d.Recorded)
	} else {
		b.WriteString("nothing was recorded\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
