package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/masters"
	"github.com/tidegate/tidegate/shared/bus"
)

func mastersCommand(offer Offer, more []*cli.Command) *cli.Command {
	return &cli.Command{
		Name: "masters", Usage: "bring in what the company knows of its partners and items, and who owns whom",
		Commands: slices.Concat([]*cli.Command{importMasters(offer), statusMasters(), diffMasters(), activateMasters(offer), dropMasters()}, more),
	}
}

func mastersFlag() cli.Flag {
	return &cli.StringFlag{Name: "data", Usage: "data `DIR`; the masters lie in its masters directory", Value: "data", Sources: cli.EnvVars("TIDEGATE_DATA")}
}

func mastersStore(c *cli.Command) *masters.Store {
	return masters.Open(filepath.Join(c.String("data"), "masters"))
}

func importMasters(offer Offer) *cli.Command {
	return &cli.Command{
		Name: "import", Usage: "read masters and registers of owners; a file with any row at fault is refused whole", ArgsUsage: "FILE|URL...",
		Description: "CSV with a header, JSON, or what GLEIF and Open Ownership publish. A file replaces the one before it of the same series. " +
			"Nothing is in force before masters activate.\nPartners: " + strings.Join(masters.PartnerColumns(), ", ") +
			"\nItems: " + strings.Join(masters.ItemColumns(), ", ") + "\nOwners: " + strings.Join(masters.StakeColumns(), ", "),
		Flags: []cli.Flag{
			mastersFlag(), jsonFlag(),
			&cli.StringFlag{Name: "format", Usage: "`NAME` of the format; found out from the content when not given"},
			&cli.StringFlag{Name: "series", Usage: "`NAME` of what the file replaces, where there are several files of one kind"},
			&cli.StringFlag{Name: "published", Usage: "`DATE` of publication, where the file does not have it"},
			&cli.StringMapFlag{Name: "column", Usage: "`OURS=THEIRS`: the file's name of one of our columns; more than once"},
			&cli.BoolFlag{Name: "lenient", Usage: "leave rows at fault out and report each, instead of refusing the file"},
			&cli.BoolFlag{Name: "yes", Usage: "take a file that has more than --shrink percent fewer rows than the one before"},
			&cli.IntFlag{Name: "shrink", Usage: "`PERCENT` of its rows that a file may have fewer unasked", Value: masters.DefaultShrink},
			&cli.BoolFlag{Name: "activate", Usage: "put the new set in force"}, byFlag(), whyFlag("masters import --activate"),
		},
		Action: func(ctx context.Context, c *cli.Command) error {
			if c.Args().Len() == 0 {
				return errors.New("name a file or a URL")
			}
			in := masters.Import{
				Format: c.String("format"), Series: c.String("series"), Version: c.String("published"), Lenient: c.Bool("lenient"),
				Yes: c.Bool("yes"), Shrink: c.Int("shrink"), Columns: c.StringMap("column"),
			}
			if in.Version != "" {
				if _, err := event.ParseDate(in.Version); err != nil {
					return fmt.Errorf("--published: %w", err)
				}
			}
			for _, p := range c.Args().Slice() {
				in.Path = p
				rep, err := mastersStore(c).Import(ctx, in)
				if err != nil {
					return err
				}
				if err := sayMasters(c, rep); err != nil {
					return err
				}
			}
			if c.Bool("activate") {
				return putInForce(ctx, c, "", offer)
			}
			return nil
		},
	}
}

func sayMasters(c *cli.Command, rep masters.Report) error {
	w := c.Root().Writer
	if c.Bool("json") {
		return printJSON(w, rep)
	}
	fmt.Fprintf(w, "%s: %s, %d rows (%s)", rep.File, rep.Series, rep.Rows, rep.Format)
	if rep.Before > 0 {
		fmt.Fprintf(w, ", +%d -%d changed %d", rep.Added, rep.Removed, rep.Changed)
	}
	fmt.Fprintln(w)
	for _, n := range rep.Notes {
		fmt.Fprintf(w, "  note: %s\n", n)
	}
	for _, f := range rep.Faults {
		fmt.Fprintf(w, "  left out: %s\n", f)
	}
	if more := rep.Skipped - len(rep.Faults); more > 0 {
		fmt.Fprintf(w, "  and %d more, all in %s\n", more, rep.Written)
	}
	_, err := fmt.Fprintf(w, "set %s; masters activate puts it in force\n", rep.Set)
	return err
}

func statusMasters() *cli.Command {
	return &cli.Command{
		Name: "status", Usage: "print which masters are held and in force",
		Flags: []cli.Flag{mastersFlag(), jsonFlag()},
		Action: func(_ context.Context, c *cli.Command) error {
			st, err := mastersStore(c).Status()
			if err != nil {
				return err
			}
			if c.Bool("json") {
				return printJSON(c.Root().Writer, st)
			}
			w := c.Root().Writer
			switch {
			case st.Head == "":
				fmt.Fprintln(w, "no masters were imported")
			case st.Active == "":
				fmt.Fprintf(w, "newest set %s; none is in force\n", st.Head)
			case st.Active == st.Head:
				fmt.Fprintf(w, "in force: set %s\n", st.Active)
			default:
				fmt.Fprintf(w, "in force: set %s\nnewest:   set %s\n", st.Active, st.Head)
			}
			for _, e := range st.Editions {
				fmt.Fprintf(w, "%-24s %8d rows  %s (%s)", e.Series, e.Rows, e.File, e.Format)
				if e.Version != "" {
					fmt.Fprintf(w, " of %s", e.Version)
				}
				if e.Skipped > 0 {
					fmt.Fprintf(w, ", %d rows at fault", e.Skipped)
				}
				fmt.Fprintln(w)
				for _, n := range e.Notes {
					fmt.Fprintf(w, "  note: %s\n", n)
				}
			}
			fmt.Fprintln(w, "can be imported:")
			for _, f := range st.Formats {
				fmt.Fprintf(w, "  %-14s %s\n", f.Name, f.Usage)
			}
			return nil
		},
	}
}

func diffMasters() *cli.Command {
	return &cli.Command{
		Name: "diff", Usage: "print what changes between two sets: digests, head, active", ArgsUsage: "[FROM TO]",
		Flags: []cli.Flag{mastersFlag(), jsonFlag(), &cli.IntFlag{Name: "most", Usage: "`N` rows named of each kind", Value: 20}},
		Action: func(_ context.Context, c *cli.Command) error {
			from, to := "active", "head"
			switch c.Args().Len() {
			case 0:
			case 2:
				from, to = c.Args().Get(0), c.Args().Get(1)
			default:
				return errors.New("want two sets, or none for active and head")
			}
			d, err := mastersStore(c).Diff(from, to, c.Int("most"))
			if err != nil {
				return err
			}
			if c.Bool("json") {
				return printJSON(c.Root().Writer, d)
			}
			w := c.Root().Writer
			for _, kind := range []struct {
				sign string
				rows masters.Named
			}{{"+", d.Added}, {"-", d.Removed}, {"~", d.Changed}} {
				for _, name := range kind.rows.First {
					fmt.Fprintf(w, "%s %s\n", kind.sign, name)
				}
			}
			_, err = fmt.Fprintf(w, "added %d, removed %d, changed %d\n", d.Added.Count, d.Removed.Count, d.Changed.Count)
			return err
		},
	}
}

func activateMasters(offer Offer) *cli.Command {
	return &cli.Command{
		Name: "activate", Usage: "put a set in force: the newest, or the one a digest names", ArgsUsage: "[DIGEST]",
		Description: "While Tidegate runs on the data directory, every running instance loads the set first; then one control event enters the order\n" +
			"stream, and everything behind it is filled from the set. Where nothing runs, the set is in force from the first start on.",
		Flags:  append([]cli.Flag{mastersFlag(), jsonFlag(), byFlag(), whyFlag("masters activate"), dryRunFlag()}, offer.flags()...),
		Action: func(ctx context.Context, c *cli.Command) error { return putInForce(ctx, c, c.Args().First(), offer) },
	}
}

func putInForce(ctx context.Context, c *cli.Command, name string, offer Offer) error {
	s := mastersStore(c)
	nc, err := running(ctx, c)
	if err != nil {
		return err
	}
	if nc != nil {
		defer nc.Close()
	} else if err := s.AtStart(); err != nil && !c.Bool("dry-run") {
		return err
	}
	digest, err := s.Resolve(name)
	if err != nil {
		return err
	}
	m, err := s.Load(digest)
	if err != nil {
		return err
	}
	after, err := offer.show(ctx, c, bus.Masters, m.Set().File())
	switch {
	case err != nil:
		return err
	case c.Bool("dry-run"):
		return sayInForce(c, activated{Active: digest}, "set "+digest+" would be put in force; masters diff says what it changes")
	case nc == nil:
		if _, err := s.Activate(digest); err != nil {
			return err
		}
		return sayInForce(c, activated{Active: digest}, "nothing runs on "+c.String("data")+": set "+digest+" is in force from the next start on")
	}
	a := event.Activation{What: bus.Masters, Version: digest[:12], By: c.String("by"), Why: c.String("why")}
	taken, loaded, err := bus.Activate(ctx, nc, a, m.Set().File())
	if err != nil {
		return err
	}
	if err := s.Activated(digest); err != nil {
		return err
	}
	err = sayInForce(c, activated{Active: digest, Block: taken.Sequence, Event: taken.Event, LoadedBy: loaded},
		fmt.Sprintf("set %s is in force behind block %d of the order stream; loaded by %d instances", digest, taken.Sequence, len(loaded)))
	if err != nil {
		return err
	}
	return after(ctx)
}

func sayInForce(c *cli.Command, a activated, text string) error {
	if c.Bool("json") {
		return printJSON(c.Root().Writer, a)
	}
	_, err := fmt.Fprintln(c.Root().Writer, text)
	return err
}

func dropMasters() *cli.Command {
	return &cli.Command{
		Name: "drop", Usage: "take a series out of the newest set", ArgsUsage: "SERIES",
		Flags: []cli.Flag{mastersFlag(), jsonFlag()},
		Action: func(_ context.Context, c *cli.Command) error {
			series, err := oneArgument(c, "series, as masters status names it")
			if err != nil {
				return err
			}
			set, err := mastersStore(c).Drop(series)
			if err != nil {
				return err
			}
			if c.Bool("json") {
				return printJSON(c.Root().Writer, map[string]string{"set": set})
			}
			_, err = fmt.Fprintf(c.Root().Writer, "set %s; masters activate puts it in force\n", set)
			return err
		},
	}
}
