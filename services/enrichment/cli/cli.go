// Package cli has the commands that bring official lists in and put them in force, and those that ask the matcher,
// measure it on labeled names and time it.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/lists"
)

// Review gives the score from which the rule pack of a folder sends a match to a person; "" is the shipped pack.
type Review func(pack string) (event.Milli, error)

// Commands is "lists" with its verbs import, fetch, status, diff and activate and those given, "masters" with the same but fetch, with drop
// and the verbs given, and "match" with eval and bench. Without
// review, which only who knows screening can give, eval takes the shipped pack's threshold as it was when this was
// written.
func Commands(review Review, offer Offer, ofLists []*cli.Command, ofMasters ...*cli.Command) []*cli.Command {
	return []*cli.Command{matchCommand(review), mastersCommand(offer, ofMasters), {
		Name: "lists", Usage: "bring official lists in, compare them, put them in force",
		Commands: append([]*cli.Command{importCommand(), fetchCommand(), statusCommand(), diffCommand(), activateCommand(offer)}, ofLists...),
	}}
}

func dataFlag() cli.Flag {
	return &cli.StringFlag{Name: "data", Usage: "data `DIR`; the lists lie in its lists directory", Value: "data", Sources: cli.EnvVars("TIDEGATE_DATA")}
}

func jsonFlag() cli.Flag { return &cli.BoolFlag{Name: "json", Usage: "print JSON"} }

func store(c *cli.Command) *lists.Store { return lists.Open(filepath.Join(c.String("data"), "lists")) }

func readFlags() []cli.Flag {
	return []cli.Flag{
		dataFlag(), jsonFlag(),
		&cli.StringFlag{Name: "format", Usage: "`NAME` of the format; found out from the content when not given"},
		&cli.StringFlag{Name: "published", Usage: "`DATE` of publication, where neither the file nor its name has it"},
		&cli.BoolFlag{Name: "lenient", Usage: "skip rows at fault and report each, instead of refusing the file"},
		&cli.BoolFlag{Name: "yes", Usage: "take a list that shrinks by more than --shrink percent"},
		&cli.IntFlag{Name: "shrink", Usage: "`PERCENT` of its rows that a list may lose unasked", Value: lists.DefaultShrink},
	}
}

func options(c *cli.Command) (lists.Import, error) {
	in := lists.Import{Format: c.String("format"), Lenient: c.Bool("lenient"), Yes: c.Bool("yes"), Shrink: c.Int("shrink")}
	if s := c.String("published"); s != "" {
		d, err := event.ParseDate(s)
		if err != nil {
			return in, fmt.Errorf("--published: %w", err)
		}
		in.Published = d
	}
	return in, nil
}

func importCommand() *cli.Command {
	return &cli.Command{
		Name: "import", Usage: "read list files as published; a damaged file is refused whole", ArgsUsage: "FILE|DIR...",
		Description: "A folder is an OFAC set (sdn.csv with alt, add and comments). Nothing is in force before lists activate.",
		Flags:       readFlags(),
		Action: func(_ context.Context, c *cli.Command) error {
			if c.Args().Len() == 0 {
				return errors.New("name a file, or a folder with an OFAC set")
			}
			in, err := options(c)
			if err != nil {
				return err
			}
			for _, p := range c.Args().Slice() {
				in.Path = p
				rep, err := store(c).Import(in)
				if err != nil {
					return err
				}
				if err := sayImport(c, rep); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func fetchCommand() *cli.Command {
	var names []string
	for _, s := range lists.Sources() {
		names = append(names, s.Name)
	}
	return &cli.Command{
		Name: "fetch", Usage: "get lists from their publishers and import them: " + strings.Join(names, ", "), ArgsUsage: "[SOURCE...]",
		Flags: append(readFlags(),
			&cli.StringSliceFlag{Name: "url", Usage: "`URL` instead of the publisher's; more than once for a set, the primary file first"},
			&cli.StringFlag{Name: "sha256", Usage: "`HEX` that the first file must have"}),
		Action: func(ctx context.Context, c *cli.Command) error {
			in, err := options(c)
			if err != nil {
				return err
			}
			sources, err := sources(c)
			if err != nil {
				return err
			}
			for _, s := range sources {
				rep, err := store(c).Fetch(ctx, lists.Fetch{Source: s, SHA256: c.String("sha256"), Import: in})
				if errors.Is(err, lists.ErrUnchanged) {
					fmt.Fprintf(c.Root().ErrWriter, "%s: %v\n", s.Name, err)
					continue
				}
				if err != nil {
					return fmt.Errorf("%s: %w (what was there before stays)", s.Name, err)
				}
				if err := sayImport(c, rep); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func sources(c *cli.Command) ([]lists.Source, error) {
	if urls := c.StringSlice("url"); len(urls) > 0 {
		name := strings.TrimSuffix(path.Base(urls[0]), path.Ext(urls[0]))
		if c.Args().Len() == 1 {
			name = c.Args().First()
		}
		if name == "" || name == "." || name == "/" || strings.ContainsAny(name, `/\`) || strings.HasPrefix(name, ".") {
			return nil, fmt.Errorf("--url %s: name the source", urls[0])
		}
		return []lists.Source{{Name: name, URLs: urls}}, nil
	}
	if c.Args().Len() == 0 {
		return lists.Sources(), nil
	}
	var out []lists.Source
	for _, n := range c.Args().Slice() {
		at := -1
		for i, s := range lists.Sources() {
			if s.Name == n {
				at = i
			}
		}
		if at < 0 {
			return nil, fmt.Errorf("there is no source %q; see lists fetch --help, or give --url", n)
		}
		out = append(out, lists.Sources()[at])
	}
	return out, nil
}

func sayImport(c *cli.Command, rep lists.Report) error {
	w := c.Root().Writer
	if c.Bool("json") {
		return printJSON(w, rep)
	}
	for _, l := range rep.Lists {
		fmt.Fprintf(w, "%s: %s (%s) of %s: %d rows", rep.File, l.List, l.Feed, l.Published, l.Rows)
		if l.Before != "" {
			fmt.Fprintf(w, ", +%d -%d since %s", l.Added, l.Removed, l.Before)
		}
		if l.Replaced {
			fmt.Fprint(w, ", replaces the edition of that day")
		}
		fmt.Fprintln(w)
		for _, g := range l.Gaps {
			fmt.Fprintf(w, "  gap: %s\n", g)
		}
	}
	for _, s := range rep.Skipped {
		fmt.Fprintf(w, "  skipped: %s\n", s)
	}
	_, err := fmt.Fprintf(w, "set %s (read as %s, dated by %s); lists activate puts it in force\n", rep.Set, rep.Format, rep.DatedBy)
	return err
}

func statusCommand() *cli.Command {
	return &cli.Command{
		Name: "status", Usage: "print which lists are held and in force, their age and gaps",
		Flags: []cli.Flag{dataFlag(), jsonFlag()},
		Action: func(_ context.Context, c *cli.Command) error {
			st, err := store(c).Status()
			if err != nil {
				return err
			}
			if c.Bool("json") {
				return printJSON(c.Root().Writer, st)
			}
			return sayStatus(c.Root().Writer, st)
		},
	}
}

func sayStatus(w io.Writer, st lists.Status) error {
	switch {
	case st.Head == "":
		fmt.Fprintln(w, "no lists were imported: only the curated set is in force, which is not the official lists")
	case st.Active == "":
		fmt.Fprintf(w, "newest set %s; none is in force, only the curated set\n", st.Head)
	case st.Active == st.Head:
		fmt.Fprintf(w, "in force: set %s\n", st.Active)
	default:
		fmt.Fprintf(w, "in force: set %s\nnewest:   set %s\n", st.Active, st.Head)
	}
	for _, l := range st.Lists {
		fmt.Fprintf(w, "%-6s %-24s %s  %4d days old %6d rows", l.List, l.Feed, l.Version, l.Age, l.Rows)
		if !l.Rules {
			fmt.Fprint(w, "  matches are stated as facts; the shipped pack has no rule for this list")
		}
		fmt.Fprintln(w)
		for _, g := range l.Gaps {
			fmt.Fprintf(w, "       gap: %s\n", g)
		}
	}
	fmt.Fprintln(w, "can be imported:")
	for _, f := range st.Formats {
		fmt.Fprintf(w, "  %-14s %s", f.Name, f.Usage)
		if !f.Tried {
			fmt.Fprint(w, " (not tried on a real file)")
		}
		fmt.Fprintln(w)
	}
	return nil
}

func diffCommand() *cli.Command {
	return &cli.Command{
		Name: "diff", Usage: "print what changed between two files, sets (digests), head or active", ArgsUsage: "FROM TO",
		Flags: []cli.Flag{dataFlag(), jsonFlag(), &cli.StringFlag{Name: "list", Usage: "only this `LIST`"}},
		Action: func(_ context.Context, c *cli.Command) error {
			if c.Args().Len() != 2 {
				return errors.New("want two files, folders or digests")
			}
			d, notes, err := store(c).Compare(c.Args().Get(0), c.Args().Get(1), c.String("list"))
			if err != nil {
				return err
			}
			for _, n := range notes {
				fmt.Fprintln(c.Root().ErrWriter, "note:", n)
			}
			if c.Bool("json") {
				return printJSON(c.Root().Writer, d)
			}
			return sayDiff(c.Root().Writer, d)
		},
	}
}

func sayDiff(w io.Writer, d lists.Diff) error {
	for _, r := range d.Added {
		fmt.Fprintf(w, "+ %s %s\n", r.ID, r.Name)
	}
	for _, r := range d.Removed {
		fmt.Fprintf(w, "- %s %s\n", r.ID, r.Name)
	}
	for _, r := range d.Renamed {
		fmt.Fprintf(w, "~ %s %s (was %s)\n", r.ID, r.Name, r.Was)
	}
	_, err := fmt.Fprintf(w, "added %d, removed %d, renamed %d, otherwise changed %d\n", len(d.Added), len(d.Removed), len(d.Renamed), len(d.Changed))
	return err
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
