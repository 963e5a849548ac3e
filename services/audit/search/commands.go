package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/auditverify"
)

// Commands are the verbs of "audit" that search: list, search, reindex. They exit with 0 when all is good, 1 when nothing was found or
// the index or log is bad, 2 when it could not be looked at.
func Commands() []*cli.Command {
	return []*cli.Command{listCommand(), searchCommand(), reindexCommand()}
}

// flags are a query's members.
func flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "data", Usage: "data `DIR`; the logs lie in its audit directory", Value: "data", Sources: cli.EnvVars("TIDEGATE_DATA")},
		&cli.StringFlag{Name: "index", Usage: "`FILE` of the search index, made where it is not there; when not given, the one beside the log, else one in the user's cache directory"},
		&cli.StringFlag{Name: "order", Usage: "order `ID`"},
		&cli.StringFlag{Name: "event", Usage: "event `ID`"},
		&cli.StringFlag{Name: "party", Usage: "`WORDS` with which words of a party's name begin, as given or as the list writes it"},
		&cli.StringFlag{Name: "from", Usage: "first `DATE` of the order's date"},
		&cli.StringFlag{Name: "until", Usage: "last `DATE`, inclusive"},
		&cli.StringFlag{Name: "outcome", Usage: "release, hold, license or block"},
		&cli.StringFlag{Name: "rule", Usage: "`ID` of a rule with a finding"},
		&cli.StringFlag{Name: "entry", Usage: "`ID` of a list entry that was matched"},
		&cli.StringFlag{Name: "actor", Usage: "who brought it"},
		&cli.StringFlag{Name: "source", Usage: "the system it came from"},
		&cli.StringFlag{Name: "kind", Usage: "decision, refusal, license, control, note, gap, accept, restore"},
		&cli.IntFlag{Name: "limit", Usage: "records at most", Value: 100},
		&cli.BoolFlag{Name: "json", Usage: "print one JSON object a record"},
	}
}

func listCommand() *cli.Command {
	return &cli.Command{
		Name: "list", Usage: "list records, newest first, each checked against the log", Flags: flags(),
		Action: func(ctx context.Context, c *cli.Command) error { return answer(ctx, c, c.String("party")) },
	}
}

func searchCommand() *cli.Command {
	return &cli.Command{
		Name: "search", Usage: "find the records of a party, by words of its name as given or as the list writes it", ArgsUsage: "WORDS…", Flags: flags(),
		Action: func(ctx context.Context, c *cli.Command) error {
			words := strings.Join(append(c.Args().Slice(), c.String("party")), " ")
			if len(Words(words)) == 0 {
				return cli.Exit("want words of a party's name", 2)
			}
			return answer(ctx, c, words)
		},
	}
}

func reindexCommand() *cli.Command {
	return &cli.Command{
		Name: "reindex", Usage: "make the search index anew from the log and say whether the old one was the same",
		Flags:  []cli.Flag{flags()[0], flags()[1], &cli.BoolFlag{Name: "check", Usage: "only compare; change nothing"}},
		Action: func(ctx context.Context, c *cli.Command) error { return exit(reindex(ctx, c)) },
	}
}

// open opens the archive of the data directory. While a process works on it the index beside the log is the one; else nothing in the
// directory is changed.
func open(ctx context.Context, c *cli.Command) (*Archive, error) {
	dir, file := filepath.Join(c.String("data"), "audit"), c.String("index")
	if file == "" && audit.Running(ctx, c.String("data")) {
		file = filepath.Join(dir, File)
	}
	a, err := Open(ctx, dir, file)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", auditverify.ErrUnusable, err)
	}
	return a, nil
}

func answer(ctx context.Context, c *cli.Command, party string) error {
	a, err := open(ctx, c)
	if err != nil {
		return exit(err)
	}
	q := Query{
		Order: c.String("order"), Event: c.String("event"), Party: party, From: event.Date(c.String("from")), Until: event.Date(c.String("until")),
		Outcome: event.Outcome(c.String("outcome")), Rule: c.String("rule"), Entry: c.String("entry"), Actor: c.String("actor"),
		Source: c.String("source"), Kind: c.String("kind"), Limit: c.Int("limit"),
	}
	hits, more, err := a.Search(ctx, q)
	if err := errors.Join(err, a.Close()); err != nil {
		return exit(err)
	}
	noted(ctx, c, q, len(hits))
	if err := tell(c.Root().Writer, hits, c.Bool("json")); err != nil {
		return err
	}
	switch {
	case len(hits) == 0:
		return cli.Exit("nothing was found", 1)
	case more:
		_, _ = fmt.Fprintf(c.Root().ErrWriter, "there are more than %d; --limit or a narrower question shows them\n", len(hits))
	}
	return nil
}

// noted writes the question into the log, where its server runs.
func noted(ctx context.Context, c *cli.Command, q Query, found int) {
	asked, err := json.Marshal(q)
	if err == nil {
		_, err = audit.Note(ctx, c.String("data"), event.Note{
			What: "query", Text: "The records were searched: " + string(asked), Counts: []event.Tally{{Name: "found", Count: found}},
		})
	}
	if err != nil {
		_, _ = fmt.Fprintln(c.Root().ErrWriter, "the log does not know of this query:", err)
	}
}

// hit is a record as --json prints it.
type hit struct {
	Log     string            `json:"log,omitempty"`
	Leaf    uint64            `json:"leaf"`
	Size    uint64            `json:"log_size"`
	Root    string            `json:"checkpoint_root"`
	Kind    string            `json:"kind"`
	Event   string            `json:"event,omitempty"`
	OrderID string            `json:"order_id,omitempty"`
	Source  string            `json:"source,omitempty"`
	Actor   string            `json:"actor,omitempty"`
	Date    event.Date        `json:"order_date,omitempty"`
	Outcome event.Outcome     `json:"outcome,omitempty"`
	Rule    string            `json:"rule,omitempty"`
	Rules   []string          `json:"rules,omitempty"`
	Entries []string          `json:"entries,omitempty"`
	Lines   []json.RawMessage `json:"lines,omitempty"`
}

func tell(w io.Writer, hits []Hit, asJSON bool) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for _, h := range hits {
		if asJSON {
			out := hit{
				h.Logged.Log, h.Index, h.Under.Size, h.Under.Root.String(), h.Kind, h.Event, h.OrderID, h.Source, h.Actor, h.Date, h.Outcome, h.Rule,
				h.Rules, h.Entries, nil,
			}
			for i := range h.Case.Len() {
				out.Lines = append(out.Lines, h.Case.Line(i))
			}
			if err := e.Encode(out); err != nil {
				return err
			}
			continue
		}
		if _, err := fmt.Fprintf(w, "%-10s %-8s %-24s %-20s %s  leaf %d%s of %d\n", or(string(h.Date), "-"), or(string(h.Outcome), h.Kind),
			or(h.OrderID, "-"), or(h.Rule, "-"), strings.Join(firstNames(h), "; "), h.Index, of(h.Logged.Log), h.Under.Size); err != nil {
			return err
		}
	}
	return nil
}

// firstNames are a few names of a record.
func firstNames(h Hit) []string { return h.Names[:min(3, len(h.Names))] }

func of(log string) string {
	if log == "" {
		return ""
	}
	return " of log " + log
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// reindex checks the index against the log, and makes it anew unless only asked to check.
func reindex(ctx context.Context, c *cli.Command) error {
	a, err := open(ctx, c)
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	if _, err := a.Update(ctx, nil); err != nil {
		return err
	}
	checked := a.Check(ctx, nil)
	if c.Bool("check") || checked != nil && !errors.Is(checked, ErrDoctored) {
		if checked == nil {
			_, err = fmt.Fprintln(c.Root().Writer, "the search index holds what the log makes it")
			return err
		}
		return checked
	}
	if err := a.index.Clear(ctx); err != nil {
		return err
	}
	if _, err := a.Update(ctx, nil); err != nil {
		return err
	}
	if checked == nil {
		_, err = fmt.Fprintln(c.Root().Writer, "the search index was made anew; the old one was the same")
		return err
	}
	return checked
}

// exit gives an error its exit status.
func exit(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, auditverify.ErrBad):
		return cli.Exit(err, 1)
	default:
		return cli.Exit(err, 2)
	}
}
