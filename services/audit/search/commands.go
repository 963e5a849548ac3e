package search

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/shared/clock"
	"github.com/tidegate/tidegate/shared/terminal"
)

// Commands are the verbs of "audit" that read: list, search, export, sample, report, reindex. They exit with 0 when all is good, 1 when nothing was
// found or the index or log is bad, 2 when it could not be looked at. parquet makes the format of that name; there is none when nil.
func Commands(parquet func(io.Writer) Format) []*cli.Command {
	return []*cli.Command{listCommand(), searchCommand(), exportCommand(parquet), sampleCommand(parquet), reportCommand(), reindexCommand()}
}

func placeFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "data", Usage: "data `DIR`; the logs lie in its audit directory", Value: "data", Sources: cli.EnvVars("TIDEGATE_DATA")},
		&cli.StringFlag{Name: "index", Usage: "`FILE` of the search index, made where it is not there; when not given, the one beside the log, else one in the user's cache directory"},
	}
}

// queryFlags are a query's members.
func queryFlags() []cli.Flag {
	return append(placeFlags(),
		&cli.StringFlag{Name: "order", Usage: "order `ID`"},
		&cli.StringFlag{Name: "event", Usage: "event `ID`"},
		&cli.StringFlag{Name: "party", Usage: "`WORDS` of a party's name in any order, script and spelling, as given or as the list writes it"},
		&cli.StringFlag{Name: "from", Usage: "first `DATE` of the order's date"},
		&cli.StringFlag{Name: "until", Usage: "last `DATE`, inclusive"},
		&cli.StringFlag{Name: "received-from", Usage: "first `DATE` on which it was received, UTC"},
		&cli.StringFlag{Name: "received-until", Usage: "last `DATE`, inclusive"},
		&cli.StringFlag{Name: "outcome", Usage: "release, hold, license or block"},
		&cli.StringFlag{Name: "rule", Usage: "`ID` of a rule with a finding"},
		&cli.StringFlag{Name: "entry", Usage: "`ID` of a list entry that was matched"},
		&cli.StringFlag{Name: "actor", Usage: "who brought it"},
		&cli.StringFlag{Name: "source", Usage: "the system it came from"},
		&cli.StringFlag{Name: "kind", Usage: "decision, refusal, license, control, note, gap, accept, restore"},
		&cli.StringFlag{Name: "cause", Usage: "what happened: placed, revised, shipped, cancelled, rejudge, disposition"},
	)
}

func pageFlags() []cli.Flag {
	return append(queryFlags(),
		&cli.IntFlag{Name: "limit", Usage: "records at most", Value: 100},
		&cli.StringFlag{Name: "after", Usage: "the page after this `CURSOR`, which the page before gave"},
		&cli.BoolFlag{Name: "json", Usage: "print one JSON object a record"},
	)
}

func asked(c *cli.Command, party string) Query {
	return Query{
		Order: c.String("order"), Event: c.String("event"), Party: party, From: event.Date(c.String("from")), Until: event.Date(c.String("until")),
		ReceivedFrom: event.Date(c.String("received-from")), ReceivedUntil: event.Date(c.String("received-until")), Outcome: event.Outcome(c.String("outcome")),
		Rule: c.String("rule"), Entry: c.String("entry"), Actor: c.String("actor"), Source: c.String("source"), Kind: c.String("kind"), Cause: event.Kind(c.String("cause")),
		Limit: c.Int("limit"),
	}
}

func listCommand() *cli.Command {
	return &cli.Command{
		Name: "list", Usage: "list records, newest first, each checked against the log", Flags: pageFlags(),
		Action: func(ctx context.Context, c *cli.Command) error { return answer(ctx, c, c.String("party")) },
	}
}

func searchCommand() *cli.Command {
	return &cli.Command{
		Name: "search", Usage: "find the records of a party, by words of its name in any order, script and spelling", ArgsUsage: "WORDS…", Flags: pageFlags(),
		Description: "A word finds those that begin with it (three letters or more) and those that are a slip or another transliteration away (five letters\n" +
			"or more); legal forms ask for nothing. Names in other scripts are found in Latin letters, too.",
		Action: func(ctx context.Context, c *cli.Command) error {
			words := strings.TrimSpace(strings.Join(append(c.Args().Slice(), c.String("party")), " "))
			if len(Words(words)) == 0 {
				return cli.Exit("want words of a party's name", 2)
			}
			return answer(ctx, c, words)
		},
	}
}

func reindexCommand() *cli.Command {
	return &cli.Command{
		Name: "reindex", Usage: "compare the search index with the log, then make it anew; exit status 1 says that the old one was changed",
		Flags:  append(placeFlags(), &cli.BoolFlag{Name: "check", Usage: "only compare; change nothing"}),
		Action: func(ctx context.Context, c *cli.Command) error { return exit(reindex(ctx, c)) },
	}
}

// open opens the archive of the data directory. While a process works on it the index beside the log is the one; else nothing in the
// directory is changed.
func open(ctx context.Context, c *cli.Command) (*Archive, error) {
	dir, file := auditDir(c), c.String("index")
	if file == "" && audit.Running(ctx, c.String("data")) {
		file = filepath.Join(dir, File)
	}
	a, err := Open(ctx, dir, file)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", auditverify.ErrUnusable, err)
	}
	return a, nil
}

func auditDir(c *cli.Command) string { return filepath.Join(c.String("data"), "audit") }

// answer prints a page.
func answer(ctx context.Context, c *cli.Command, party string) error {
	a, err := open(ctx, c)
	if err != nil {
		return exit(err)
	}
	defer func() { _ = a.Close() }()
	behind, err := parseCursor(c.String("after"))
	if err != nil {
		return exit(err)
	}
	q := asked(c, party)
	if q, err = q.Normal(); err != nil {
		return exit(err)
	}
	if _, err := a.Update(ctx, progress(c, "indexed")); err != nil {
		return exit(err)
	}
	got, err := a.Ask(ctx, q, behind)
	for err == nil && len(got.Hits) == 0 && got.Behind != nil {
		got, err = a.Ask(ctx, q, got.Behind)
	}
	if err != nil {
		return exit(err)
	}
	noted(ctx, c, event.Note{What: "query", Text: "The records were searched: " + inWords(q.Asked()), Counts: []event.Tally{{Name: "found", Count: len(got.Hits)}}})
	if err := tell(c.Root().Writer, got.Hits, c.Bool("json")); err != nil {
		return err
	}
	switch {
	case len(got.Hits) == 0:
		return cli.Exit("nothing was found", 1)
	case got.Behind != nil:
		_, _ = fmt.Fprintf(c.Root().ErrWriter, "there are more: --after %s shows the next %d\n", cursor(*got.Behind), q.Limit)
	}
	return nil
}

// cursor is a place as a page's end is written.
func cursor(p Place) string { return fmt.Sprintf("%d-%d", p.Log, p.Leaf) }

func parseCursor(s string) (*Place, error) {
	if s == "" {
		return nil, nil //nolint:nilnil // from the newest on
	}
	log, leaf, ok := strings.Cut(s, "-")
	n, err1 := strconv.ParseUint(log, 10, 16)
	i, err2 := strconv.ParseUint(leaf, 10, 43)
	if !ok || err1 != nil || err2 != nil {
		return nil, fmt.Errorf("%w: cursor %q: want one that a page gave, as 1-4711", errQuery, s)
	}
	return &Place{int(n), i}, nil
}

// progress shows on standard error how far something is, after two seconds, every second.
func progress(c *cli.Command, did string) func(done, total uint64) {
	next := clock.System().Add(2 * time.Second)
	return func(done, total uint64) {
		if now := clock.System(); total > 0 && now.After(next) {
			next = now.Add(time.Second)
			_, _ = fmt.Fprintf(c.Root().ErrWriter, "%s %d of %d records (%d%%)\n", did, done, total, done*100/total)
		}
	}
}

// inWords is a query as a note tells it.
func inWords(a Asked) string {
	b, err := json.Marshal(a)
	if err != nil || len(a) == 0 {
		return "everything"
	}
	return string(b)
}

// noted writes what was done into the log, where its server runs.
func noted(ctx context.Context, c *cli.Command, n event.Note) {
	if _, err := audit.Note(ctx, c.String("data"), n); err != nil {
		_, _ = fmt.Fprintln(c.Root().ErrWriter, "the log does not know of this "+n.What+":", err)
	}
}

// hit is a record as --json prints it.
type hit struct {
	Exported
	LogName string `json:"log_name,omitempty"`
	Size    uint64 `json:"log_size"`
	Root    string `json:"checkpoint_root"`
}

func tell(w io.Writer, hits []Hit, asJSON bool) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for _, h := range hits {
		if asJSON {
			if err := e.Encode(hit{h.record(), h.Logged.Log, h.Under.Size, h.Under.Root.String()}); err != nil {
				return err
			}
			continue
		}
		if _, err := fmt.Fprintf(w, "%-10s %-8s %-24s %-20s %s  leaf %d%s of %d\n", or(string(h.Date), "-"), or(string(h.Outcome), h.Kind),
			or(terminal.Shown(h.OrderID), "-"), or(h.Rule, "-"), strings.Join(firstNames(h), "; "), h.Index, prefixed(" of log ", h.Logged.Log), h.Under.Size); err != nil {
			return err
		}
	}
	return nil
}

// firstNames are the names of a few parties of a record, without what a terminal would act on.
func firstNames(h Hit) []string {
	names := make([]string, 0, 3)
	for _, n := range h.Parties[:min(3, len(h.Parties))] {
		names = append(names, terminal.Shown(n))
	}
	return names
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// reindex compares the index with the log, and makes it anew unless only asked to compare.
func reindex(ctx context.Context, c *cli.Command) error {
	a, gone, err := toCheck(ctx, c)
	defer gone()
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	checked := a.Check(ctx, progress(c, "compared"))
	if checked != nil && !errors.Is(checked, ErrDoctored) {
		return checked
	}
	if c.Bool("check") {
		if checked == nil {
			covered, err := a.index.Covered(ctx)
			size := uint64(0)
			for _, p := range covered {
				size += p.Size
			}
			_, also := fmt.Fprintf(c.Root().Writer, "the search index holds what the log makes it, no more and no less, of %d leaves\n", size)
			return errors.Join(err, also)
		}
		return checked
	}
	if err := a.anew(ctx, c); err != nil {
		return err
	}
	if checked == nil {
		_, err = fmt.Fprintln(c.Root().Writer, "the search index was made anew; the old one was the same")
		return err
	}
	return checked
}

// toCheck opens the index that is to be compared: the one that was asked for, else the one beside the log as it lies there, which is the one that whoever
// works on the directory answered from; where there is none the one that is used without it.
func toCheck(ctx context.Context, c *cli.Command) (*Archive, func(), error) {
	if c.String("index") != "" || audit.Running(ctx, c.String("data")) {
		a, err := open(ctx, c)
		return a, func() {}, err
	}
	index, gone, err := asItLies(ctx, auditDir(c))
	switch {
	case err != nil:
		return nil, gone, fmt.Errorf("%w: %w", auditverify.ErrUnusable, err)
	case index != nil:
		return New(auditDir(c), index), gone, nil
	}
	a, err := open(ctx, c)
	return a, gone, err
}

// anew makes the index anew: the one that was asked for, else the one beside the log where there is one, else the one in the cache directory.
func (a *Archive) anew(ctx context.Context, c *cli.Command) error {
	if beside := filepath.Join(a.dir, File); c.String("index") == "" && !audit.Running(ctx, c.String("data")) {
		file, err := CacheFile(a.dir)
		if _, there := os.Stat(beside); there == nil {
			file, err = beside, nil
		}
		if err != nil {
			return err
		}
		fresh, err := Open(ctx, a.dir, file)
		if err != nil {
			return err
		}
		defer func() { _ = fresh.Close() }()
		a = fresh
	}
	if err := a.index.Clear(ctx); err != nil {
		return err
	}
	_, err := a.Update(ctx, progress(c, "indexed"))
	return err
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

// partly is what a file's name ends with until it is whole.
const partly = ".part"

// create makes a file that is not there yet. Until it is done it has another name: what a kill or a full disk leaves does not look like it. Done takes the
// error that writing it ended with; with one nothing is left.
func create(name string) (w io.Writer, done func(error) error, err error) {
	if _, err := os.Lstat(name); !errors.Is(err, os.ErrNotExist) {
		return nil, nil, fmt.Errorf("%w: %w", auditverify.ErrUnusable, cmp.Or(err, fmt.Errorf("%s: %w", name, os.ErrExist)))
	}
	f, err := os.OpenFile(name+partly, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", auditverify.ErrUnusable, err)
	}
	return f, func(err error) error {
		if err == nil {
			err = f.Sync()
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return errors.Join(err, os.Remove(f.Name()))
		}
		return os.Rename(f.Name(), name)
	}, nil
}
