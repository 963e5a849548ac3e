package standalone

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/deploy/orders"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/enrichment"
	"github.com/tidegate/tidegate/services/enrichment/lists"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/clock"
)

// ListsCommands are the verbs of "lists" that need the index of orders.
func ListsCommands() []*cli.Command { return []*cli.Command{touchedCommand()} }

func touchedCommand() *cli.Command {
	return &cli.Command{
		Name: "touched", Usage: "which past and open orders have a party that new or changed entries of the lists match",
		Description: "Without --from and --to it shows the newest answer that was given by itself: when lists are activated while Tidegate runs, it asks, has\n" +
			"open orders judged again, and keeps a report. With them it asks what a change would touch: nothing is judged again.\n" +
			"A set is named by its digest or the start of it, head for the newest imported, active for the one in force, curated for none.",
		Flags: []cli.Flag{
			dataFlag(),
			&cli.StringFlag{Name: "from", Usage: "`SET` before; active when only --to is given"},
			&cli.StringFlag{Name: "to", Usage: "`SET` behind; head when only --from is given"},
			&cli.IntFlag{Name: "limit", Usage: "show at most `N` orders; 0 for all", Value: 100},
			&cli.BoolFlag{Name: "json", Usage: "print JSON: a line of numbers, then an order a line"},
		},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if err := touched(ctx, cmd); err != nil {
				return cli.Exit(err, 2)
			}
			return nil
		},
	}
}

func touched(ctx context.Context, cmd *cli.Command) error {
	data, from, to := cmd.String("data"), cmd.String("from"), cmd.String("to")
	reports := orders.ReportsOf(OrdersDir(data))
	var name string
	var err error
	if from == "" && to == "" {
		if name, err = reports.Newest(); err == nil && name == "" {
			err = errors.New("no lists were activated while Tidegate ran on it: ask with --from and --to")
		}
	} else {
		name, err = askTouched(ctx, cmd, data, from, to)
	}
	if err != nil {
		return err
	}
	return sayTouched(cmd, reports, name)
}

// askTouched has the running process find out, else finds out itself. The answer is a report of that name.
func askTouched(ctx context.Context, cmd *cli.Command, data, from, to string) (name string, err error) {
	if from == "" {
		from = "active"
	}
	if to == "" {
		to = "head"
	}
	store := lists.Open(ListsDir(data))
	before, berr := rowsOf(store, data, from)
	after, aerr := rowsOf(store, data, to)
	if err := errors.Join(berr, aerr); err != nil {
		return "", err
	}
	tell, done := showProgress(cmd.Root().ErrWriter)
	defer done()
	nc, err := bus.OperatorOf(ctx, data)
	switch {
	case errors.Is(err, bus.ErrNotRunning):
		return touchedAtRest(ctx, data, before, after, tell)
	case err != nil:
		return "", err
	}
	defer nc.Close()
	return orders.AskedTouched(ctx, nc, orders.Change{FromLists: before.lists, ToLists: after.lists, From: before.rows.Digest, To: after.rows.Digest}, tell)
}

// namedRows are the entries that a set's name stands for.
type namedRows struct {
	lists string // digest of the set; empty for the curated one alone
	file  []byte
	rows  *enrichment.Rows
}

func rowsOf(store *lists.Store, data, name string) (n namedRows, err error) {
	curated, err := enrichment.Curated()
	if err != nil {
		return n, err
	}
	if name == "active" {
		active, err := store.Active()
		if err != nil {
			return n, err
		}
		if name = active; active == "" {
			name = "curated"
		}
	}
	if name == "curated" {
		n.rows = curated.Rows()
		return n, nil
	}
	if name == "head" {
		name = ""
	}
	if n.lists, n.file, err = store.Prepare(name); err != nil {
		return n, fmt.Errorf("%s: %w", filepath.Join(data, "lists"), err)
	}
	n.rows, err = curated.RowsWithLists(n.file)
	return n, err
}

func touchedAtRest(ctx context.Context, data string, before, after namedRows, tell orders.Progress) (name string, err error) {
	b, done, err := bookAtRest(ctx, data)
	if err != nil {
		return "", err
	}
	defer done()
	with, err := enrichment.Curated()
	if err != nil {
		return "", err
	}
	if with, err = with.WithMastersOf(MastersDir(data)); err != nil {
		return "", err
	}
	change := enrichment.NewChange(before.rows, after.rows, with)
	name = orders.AskedName(change.From, change.To)
	_, err = orders.ReportsOf(OrdersDir(data)).Write(name, func(w io.Writer) (orders.Summary, error) { return b.Touch(ctx, change, 0, w, tell) })
	return name, err
}

// compareLists finds what differs between the lists before and behind a change, from the reference store, the store of imported
// lists or the log's archive.
func (s *Standalone) compareLists(js jetstream.JetStream) func(ctx context.Context, c orders.Change) (*enrichment.Change, error) {
	return func(ctx context.Context, c orders.Change) (*enrichment.Change, error) {
		now := s.Enrichment.Reference()
		get := func(digest string) ([]byte, error) { return s.object(ctx, js, digest) }
		rows := func(snapshot, lists string) (*enrichment.Rows, error) {
			if curated, err := enrichment.Curated(); lists == "" && (err != nil || snapshot == curated.Digest()) {
				return curated.Rows(), err
			}
			if lists == "" {
				return enrichment.OpenRows(snapshot, get)
			}
			object, err := get(lists)
			if err != nil {
				return nil, err
			}
			return now.RowsWithListsObject(object)
		}
		from, ferr := rows(c.From, c.FromLists)
		to, terr := rows(c.To, c.ToLists)
		if err := errors.Join(ferr, terr); err != nil {
			return nil, err
		}
		return enrichment.NewChange(from, to, now), nil
	}
}

// object finds an object of reference data by its digest.
func (s *Standalone) object(ctx context.Context, js jetstream.JetStream, digest string) ([]byte, error) {
	object, err := bus.GetObject(ctx, js, digest)
	if err == nil || ctx.Err() != nil {
		return object, err
	}
	if object, aerr := audit.ArchivedObject(AuditDir(s.cfg.Data), digest); aerr == nil {
		return object, nil
	}
	if _, file, lerr := lists.Open(ListsDir(s.cfg.Data)).Prepare(digest); lerr == nil {
		return enrichment.ListsObject(file), nil
	} else if !errors.Is(lerr, fs.ErrNotExist) {
		err = errors.Join(err, lerr)
	}
	return nil, err
}

// showProgress shows how far a long question is, on a terminal, from its second second on; what ends within two is not shown.
func showProgress(w io.Writer) (tell orders.Progress, done func()) {
	if !isTerminal(w) {
		return func(int, int) {}, func() {}
	}
	began := clock.System()
	shown := false
	return func(done, total int) {
			if total == 0 || clock.System().Sub(began) < 2*time.Second {
				return
			}
			shown = true
			_, _ = fmt.Fprintf(w, "\r%d of %d parties (%d %%) ", done, total, done*100/total)
		}, func() {
			if shown {
				_, _ = fmt.Fprintln(w)
			}
		}
}

func sayTouched(cmd *cli.Command, reports orders.Reports, name string) error {
	w, limit := cmd.Root().Writer, cmd.Int("limit")
	sum, all, err := reports.Read(name)
	if err != nil {
		return err
	}
	if cmd.Bool("json") {
		return reports.Copy(name, w)
	}
	if err := saySummary(w, &sum); err != nil {
		return err
	}
	shown := 0
	for t, err := range all {
		if err != nil {
			return err
		}
		if shown++; limit > 0 && shown > limit {
			_, err := fmt.Fprintf(w, "… and %d more; --limit 0 shows all\n", sum.Open+sum.Shipped+sum.Cancelled-limit)
			return err
		}
		if err := sayOneTouched(w, &t); err != nil {
			return err
		}
	}
	return nil
}

func saySummary(w io.Writer, s *orders.Summary) error {
	by := map[string]int{}
	for _, e := range s.Entries {
		by[e.What]++
	}
	of := ""
	if s.Changed > len(s.Entries) {
		of = fmt.Sprintf(" of the first %d", len(s.Entries))
	}
	_, err := fmt.Fprintf(w, "snapshot %.12s → %.12s: %d entries differ (%d new, %d changed, %d gone%s)\n%d of %d distinct parties are touched; of %d orders %d open, %d shipped, %d cancelled\n",
		s.From, s.To, s.Changed, by[enrichment.EntryNew], by[enrichment.EntryChanged], by[enrichment.EntryGone], of, s.Matched, s.Parties, s.Orders, s.Open, s.Shipped, s.Cancelled)
	return err
}

func sayOneTouched(w io.Writer, t *orders.Touched) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s %s of %s, %s", strings.ToUpper(string(t.State)), t.ID, t.Source, t.Outcome)
	if t.Rule != "" {
		fmt.Fprintf(&b, " by %s", t.Rule)
	}
	if t.Left != "" {
		fmt.Fprintf(&b, ", left %s", t.Left)
	}
	b.WriteByte('\n')
	for _, p := range t.Touched {
		for _, m := range p.Touches[:min(len(p.Touches), 5)] {
			fmt.Fprintf(&b, "  party %d %s: %s %s entry %s (%s)", p.Party, p.Name, m.What, m.List, m.Name, m.Entry)
			if m.Still {
				fmt.Fprintf(&b, ", %s %q ~ %q, %s, score %s", m.Field, m.Queried, m.Matched, m.Method, m.Score)
			} else {
				fmt.Fprintf(&b, ", matches no longer")
			}
			if m.Before != nil {
				fmt.Fprintf(&b, " (before %s)", *m.Before)
			}
			b.WriteByte('\n')
		}
		if more := len(p.Touches) - 5; more > 0 {
			fmt.Fprintf(&b, "  … and %d more entries\n", more)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
