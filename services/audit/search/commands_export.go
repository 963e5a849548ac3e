package search

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit/auditverify"
)

func exportFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "out", Aliases: []string{"o"}, Usage: "`FILE` that is made, with FILE.trailer.json beside it; - for standard output", Value: "-"},
		&cli.StringFlag{Name: "format", Usage: "jsonl, csv or parquet; by the file's name when not given, else jsonl"},
	}
}

func exportCommand(parquet func(io.Writer) Format) *cli.Command {
	return &cli.Command{
		Name: "export", Usage: "write every record that is asked for to a file, newest first, each checked against the log",
		Description: "The trailer says how many rows there are and under which roots each was proven: the last line of JSONL, the metadata of Parquet, and in\n" +
			"FILE.trailer.json for every format.",
		Flags: append(queryFlags(), exportFlags()...),
		Action: func(ctx context.Context, c *cli.Command) error {
			return exit(withArchive(ctx, c, func(a *Archive) error {
				q, err := asked(c, c.String("party")).Normal()
				if err != nil {
					return err
				}
				if _, err := a.Update(ctx, progress(c, "indexed")); err != nil {
					return err
				}
				t, err := written(c, parquet, func(f Format) (Trailer, error) { return a.Export(ctx, q, f, rows(c)) })
				if err != nil {
					return err
				}
				noted(ctx, c, event.Note{
					What: "export", Text: "Records were exported: " + inWords(t.Query), SHA256: t.SHA256, Counts: []event.Tally{{Name: "rows", Count: int(t.Rows)}}, //nolint:gosec // far smaller
				})
				_, err = fmt.Fprintf(c.Root().ErrWriter, "%d records, each proven under %s\n", t.Rows, roots(t.Under))
				return err
			}))
		},
	}
}

func withArchive(ctx context.Context, c *cli.Command, do func(*Archive) error) error {
	a, err := open(ctx, c)
	if err != nil {
		return err
	}
	return errors.Join(do(a), a.Close())
}

// rows shows every ten thousandth row.
func rows(c *cli.Command) func(uint64) {
	return func(n uint64) {
		if n%10000 == 0 {
			_, _ = fmt.Fprintf(c.Root().ErrWriter, "%d records …\n", n)
		}
	}
}

func roots(under []CheckpointState) string {
	list := make([]string, len(under))
	for i, u := range under {
		list[i] = fmt.Sprintf("root %s of size %d", u.Root, u.Size)
	}
	return strings.Join(list, "; ")
}

// written writes a file in the format asked for, with its trailer beside it; what it did not finish has another name, and no trailer.
func written(c *cli.Command, parquet func(io.Writer) Format, do func(Format) (Trailer, error)) (t Trailer, err error) {
	name := c.String("out")
	format, err := formatOf(c.String("format"), name, parquet)
	if err != nil {
		return t, err
	}
	sum := sha256.New()
	if name == "-" {
		t, err = do(format(io.MultiWriter(c.Root().Writer, sum)))
		t.SHA256 = hex.EncodeToString(sum.Sum(nil))
		return t, err
	}
	beside, trailer, err := create(name + ".trailer.json")
	if err != nil {
		return t, err
	}
	w, done, err := create(name)
	if err != nil {
		return t, trailer(err)
	}
	t, err = do(format(io.MultiWriter(w, sum)))
	if err = done(err); err != nil {
		return t, trailer(err)
	}
	t.SHA256 = hex.EncodeToString(sum.Sum(nil))
	e := json.NewEncoder(beside)
	e.SetIndent("", "  ")
	return t, trailer(e.Encode(t))
}

func formatOf(format, file string, parquet func(io.Writer) Format) (func(io.Writer) Format, error) {
	if format == "" {
		format = strings.TrimPrefix(filepath.Ext(file), ".")
	}
	switch {
	case format == "csv":
		return func(w io.Writer) Format { return NewCSV(w) }, nil
	case format == "parquet" && parquet != nil:
		return parquet, nil
	case format == "jsonl", format == "ndjson", format == "":
		return func(w io.Writer) Format { return NewJSONL(w) }, nil
	default:
		return nil, fmt.Errorf("%w: format %q: want jsonl, csv or parquet", errQuery, format)
	}
}

func sampleCommand(parquet func(io.Writer) Format) *cli.Command {
	return &cli.Command{
		Name: "sample", Usage: "draw records by lot, so that neither who keeps the log nor who asks can choose them",
		Description: "The lot follows from the checkpoints' roots and the auditor's own --number. The population is counted in the log itself. What is printed\n" +
			"says how it was drawn; \"go doc\" of Drawn, and the README, say how to draw it again with any other tool.",
		Flags: append(append(queryFlags(), exportFlags()...),
			&cli.IntFlag{Name: "n", Usage: "how many `RECORDS`", Value: 60},
			&cli.Uint64Flag{Name: "number", Usage: "the auditor's own `NUMBER`", Required: true},
			&cli.StringFlag{Name: "by", Usage: "strata: `LIST` of outcome, rule, month, source; or value"},
			&cli.StringFlag{Name: "currency", Usage: "of values, where orders have several"},
			&cli.BoolFlag{Name: "json", Usage: "print how it was drawn and the records as JSON lines"},
		),
		Action: func(ctx context.Context, c *cli.Command) error { return exit(sample(ctx, c, parquet)) },
	}
}

func sample(ctx context.Context, c *cli.Command, parquet func(io.Writer) Format) error {
	d := Draw{Query: asked(c, c.String("party")), N: c.Int("n"), Number: c.Uint64("number"), Currency: c.String("currency")}
	for by := range strings.SplitSeq(c.String("by"), ",") {
		switch by = strings.TrimSpace(by); by {
		case "":
		case "value":
			d.ByValue = true
		default:
			d.Strata = append(d.Strata, by)
		}
	}
	s, err := Take(ctx, auditDir(c), d, progress(c, "counted"))
	if err != nil {
		return err
	}
	noted(ctx, c, event.Note{
		What: "sample", Text: fmt.Sprintf("Records were drawn by lot (%s, number %d, seed %s): %s", s.Method, s.Number, s.Seed, inWords(s.Query)),
		Counts: []event.Tally{{Name: "population", Count: s.Population}, {Name: "drawn", Count: len(s.Records)}},
	})
	if c.String("out") != "-" || c.String("format") != "" {
		if _, err := written(c, parquet, s.Export); err != nil {
			return err
		}
		if c.String("out") == "-" {
			return nil
		}
	}
	if c.Bool("json") {
		e := json.NewEncoder(c.Root().Writer)
		e.SetEscapeHTML(false)
		if err := e.Encode(map[string]any{"sample": s.Drawn, "query": s.Query, "checkpoints": s.Under}); err != nil {
			return err
		}
		return tell(c.Root().Writer, s.Records, true)
	}
	return s.print(c.Root().Writer)
}

func (s Sample) print(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d records drawn (%s, %d asked for), %s\n", len(s.Records), s.Population, s.Method, s.N, inWords(s.Query))
	fmt.Fprintf(&b, "seed %s: number %d, %s\n%s\n", s.Seed, s.Number, roots(s.Under), s.How)
	for _, x := range s.Strata {
		fmt.Fprintf(&b, "  %-40s %d of %d\n", x.Name, x.Drawn, x.Size)
	}
	if s.Total != "" {
		fmt.Fprintf(&b, "  value %s %s\n", s.Total, s.Currency)
	}
	if s.Unvalued != nil {
		fmt.Fprintf(&b, "  %-40s %d of %d\n", s.Unvalued.Name, s.Unvalued.Drawn, s.Unvalued.Size)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return err
	}
	return tell(w, s.Records, false)
}

func reportCommand() *cli.Command {
	flags := func(more ...cli.Flag) []cli.Flag {
		return append(append(placeFlags()[:1],
			&cli.StringFlag{Name: "from", Usage: "first `DATE` of receipt, UTC"},
			&cli.StringFlag{Name: "until", Usage: "last `DATE`, inclusive"},
			&cli.BoolFlag{Name: "json", Usage: "print JSON"}), more...)
	}
	return &cli.Command{
		Name: "report", Usage: "reports over the whole history, counted leaf by leaf in the log, each proven",
		Commands: []*cli.Command{
			{
				Name: "completeness", Usage: "per day: has every order its decision and its leaf? exit status 1 says no", Flags: flags(),
				Action: func(ctx context.Context, c *cli.Command) error { return exit(completeness(ctx, c)) },
			},
			{
				Name: "freshness", Usage: "which lists and rule packs were in force when, and how old the lists were; exit status 1 says that one was stale",
				Flags:  flags(&cli.IntFlag{Name: "stale-after", Usage: "`DAYS` after which a list is stale", Value: StaleAfter}),
				Action: func(ctx context.Context, c *cli.Command) error { return exit(freshness(ctx, c)) },
			},
		},
	}
}

// span reads and checks the two dates of a report.
func (q Query) span() (from, until event.Date, err error) {
	q, err = q.Normal()
	return q.From, q.Until, err
}

func completeness(ctx context.Context, c *cli.Command) error {
	from, until, err := Query{From: event.Date(c.String("from")), Until: event.Date(c.String("until"))}.span()
	if err != nil {
		return err
	}
	t, under, err := Recount(ctx, auditDir(c), progress(c, "counted"))
	if err != nil {
		return err
	}
	r := t.Completeness(from, until)
	r.Under, r.Checked = under, true
	noted(ctx, c, event.Note{What: "query", Text: "A report of completeness was made.", Counts: []event.Tally{{Name: "days", Count: len(r.Days)}}})
	if err := say(c, r, r.text()); err != nil || r.Complete {
		return err
	}
	return fmt.Errorf("%w: the history is not complete", auditverify.ErrBad)
}

func (c Completeness) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-10s %9s %9s %9s %9s %7s %5s %8s  %s\n", "day", "orders", "decisions", "leaves", "refusals", "others", "gaps", "missing", "")
	for _, d := range append(c.Days, c.Total) {
		fmt.Fprintf(&b, "%-10s %9d %9d %9d %9d %7d %5d %8d  %s\n", or(string(d.Day), "in all"), d.Orders, d.Decisions, d.Leaves, d.Refusals, d.Others+d.Declarations, d.Gaps, uint64(d.Missing)+d.MissingWhole, d.Words) //nolint:gosec // not negative
	}
	fmt.Fprintf(&b, "%s\n%s\n", strings.Join(c.Words, "\n"), roots(c.Under))
	return b.String()
}

func freshness(ctx context.Context, c *cli.Command) error {
	from, until, err := Query{From: event.Date(c.String("from")), Until: event.Date(c.String("until"))}.span()
	if err != nil {
		return err
	}
	t, under, err := Recount(ctx, auditDir(c), progress(c, "counted"))
	if err != nil {
		return err
	}
	r := t.Freshness(from, until, c.Int("stale-after"))
	r.Under, r.Checked = under, true
	noted(ctx, c, event.Note{What: "query", Text: "A report of the lists' freshness was made.", Counts: []event.Tally{{Name: "days", Count: len(r.Days)}}})
	if err := say(c, r, r.text()); err != nil || r.Stale == 0 {
		return err
	}
	return fmt.Errorf("%w: decisions were made by stale lists", auditverify.ErrBad)
}

func (f Freshness) text() string {
	var b strings.Builder
	for _, a := range f.Activations {
		fmt.Fprintf(&b, "%s  %s %s took effect, by %s: %s\n", a.At, a.What, or(a.Version, a.Digest[:min(12, len(a.Digest))]), a.By, a.Why)
	}
	fmt.Fprintf(&b, "packs\n")
	for _, p := range f.Packs {
		fmt.Fprintf(&b, "  %-20s %s  %s to %s, %d decisions\n", p.ID+" "+p.Version, p.Digest[:min(12, len(p.Digest))], p.First, p.Last, p.Decisions)
	}
	fmt.Fprintf(&b, "lists\n")
	for _, l := range f.Lists {
		fmt.Fprintf(&b, "  %-8s %-6s of %-10s  %d rows%s  decisions %s to %s: %d; oldest %d days, stale on %d days\n", l.List, l.Feed, or(string(l.Version), "no date"), l.Rows, map[bool]string{true: ", not whole"}[l.Partial],
			l.First, l.Last, l.Decisions, l.Oldest, l.Stale)
	}
	fmt.Fprintf(&b, "days with decisions\n")
	for _, d := range f.Days {
		ages := make([]string, len(d.Lists))
		for i, l := range d.Lists {
			ages[i] = fmt.Sprintf("%s %d days%s", l.List, l.Age, map[bool]string{true: " STALE"}[l.Stale])
		}
		fmt.Fprintf(&b, "  %s  %6d decisions  %s\n", d.Day, d.Decisions, or(strings.Join(ages, ", "), "the curated set only"))
	}
	fmt.Fprintf(&b, "%s\n%s\n", strings.Join(f.Words, "\n"), roots(f.Under))
	return b.String()
}

func say(c *cli.Command, v any, text string) error {
	if !c.Bool("json") {
		_, err := io.WriteString(c.Root().Writer, text)
		return err
	}
	e := json.NewEncoder(c.Root().Writer)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
