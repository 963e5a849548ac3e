package standalone

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/deploy/orders"
	"github.com/tidegate/tidegate/schemas/event"
)

func ordersCommand() *cli.Command {
	flags := func() []cli.Flag {
		return []cli.Flag{
			dataFlag(),
			&cli.BoolFlag{Name: "json", Usage: "print JSON, an order a line"},
			&cli.IntFlag{Name: "limit", Usage: "at most `N` orders; 0 for all", Value: 100},
		}
	}
	list := func(name, usage string, state orders.State, more ...cli.Flag) *cli.Command {
		return &cli.Command{
			Name: name, Usage: usage, Flags: append(flags(), more...),
			Action: func(ctx context.Context, cmd *cli.Command) error { return listOrders(ctx, cmd, state) },
		}
	}
	return &cli.Command{
		Name: "orders", Usage: "which orders are open, shipped or cancelled, by their newest decision",
		Description: "Asks the process that runs on the data directory, else reads the index brought up to what the audit log has. Open is what neither\n" +
			"shipped nor was cancelled; what left in part is open.",
		Commands: []*cli.Command{
			list("open", "open orders", orders.Open,
				&cli.StringFlag{Name: "due", Usage: "only those whose decision is valid until `DATE` or an earlier day, the first ones first"}),
			list("shipped", "orders that left", orders.Shipped),
			list("cancelled", "orders that will not ship", orders.Cancelled),
			list("list", "every order", ""),
		},
	}
}

func listOrders(ctx context.Context, cmd *cli.Command, state orders.State) error {
	q := orders.Question{State: state, Due: event.Date(cmd.String("due")), Most: 1000}
	if q.Due != "" {
		if _, err := event.ParseDate(string(q.Due)); err != nil {
			return cli.Exit(fmt.Errorf("--due: %w", err), 2)
		}
	}
	limit := cmd.Int("limit")
	if limit > 0 {
		q.Most = min(limit, q.Most)
	}
	say := sayOrders
	if cmd.Bool("json") {
		say = sayOrdersJSON
	}
	if err := say(cmd.Root().Writer, OrderPages(ctx, cmd.String("data"), q), limit); err != nil {
		return cli.Exit(err, 2)
	}
	return nil
}

// upTo cuts pages off behind so many orders; 0 is all of them.
func upTo(pages iter.Seq2[orders.Page, error], limit int) iter.Seq2[orders.Page, error] {
	return func(yield func(orders.Page, error) bool) {
		left := limit
		for p, err := range pages {
			if limit > 0 && len(p.Orders) >= left {
				p.Orders, p.After = p.Orders[:left], ""
				yield(p, err)
				return
			}
			left -= len(p.Orders)
			if !yield(p, err) {
				return
			}
		}
	}
}

func sayOrdersJSON(w io.Writer, pages iter.Seq2[orders.Page, error], limit int) error {
	enc := json.NewEncoder(w)
	for p, err := range upTo(pages, limit) {
		if err != nil {
			return err
		}
		for i := range p.Orders {
			if err := enc.Encode(&p.Orders[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func sayOrders(w io.Writer, pages iter.Seq2[orders.Page, error], limit int) error {
	var last orders.Page
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.AppendHeader(table.Row{"order", "source", "state", "outcome", "rule", "judged for", "valid until", "left", "newest"})
	for p, err := range upTo(pages, limit) {
		if err != nil {
			return err
		}
		for i := range p.Orders {
			o := &p.Orders[i]
			newest := string(o.Kind)
			if o.Why != "" {
				newest += " (" + o.Why + ")"
			}
			left := string(o.Left)
			if o.Unreleased != "" {
				left += " UNRELEASED: " + o.Unreleased
			}
			t.AppendRow(table.Row{o.ID, o.Source, o.State, o.Outcome, o.Rule, o.Date, o.ValidUntil, left, newest})
		}
		last = p
	}
	if t.Length() > 0 {
		if _, err := fmt.Fprintln(w, t.Render()); err != nil {
			return err
		}
	}
	c := last.Counts
	_, err := fmt.Fprintf(w, "%d shown; %d open, %d shipped, %d cancelled, %d left unreleased; up to block %d\n", t.Length(), c.Open, c.Shipped, c.Cancelled, c.Unreleased, last.Covered)
	return err
}
