// Package cli has the commands that show, check and test rules.
package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening"
)

// Commands is "rules" with its verbs: list, show, check, test. They exit with 0 when all is good, 1 when a pack has
// faults or a case came out otherwise, 2 when nothing could be judged. What an activation would do to open orders is shown by offer.
func Commands(offer Offer) []*cli.Command {
	return []*cli.Command{{
		Name: "rules", Usage: "list, show, check and test the rules that orders are screened under",
		Commands: []*cli.Command{listCommand(), showCommand(), checkCommand(), testCommand(), diffCommand(), wordsCommand(), activateCommand(offer)},
	}}
}

func packFlag() cli.Flag {
	return &cli.StringSliceFlag{Name: "pack", Usage: PackUsage}
}

// PackUsage says what --pack takes.
const PackUsage = "`DIR` of a rule pack, or us, jp, example, which are shipped; more than once for several together; us when not given"

func setFlag() cli.Flag {
	return &cli.StringSliceFlag{Name: "set", Usage: "set a pack parameter: `NAME=VALUE`, as diffusion=codified; more than once"}
}

func jsonFlag() cli.Flag { return &cli.BoolFlag{Name: "json", Usage: "print JSON"} }

func asOfFlag() cli.Flag {
	return &cli.StringFlag{Name: "as-of", Usage: "`DATE` to tell the state in law for, as 2026-11-10"}
}

// PackFlags are --pack and --set, which say what rules to judge under; Pack reads them.
func PackFlags() []cli.Flag { return []cli.Flag{packFlag(), setFlag()} }

// Pack loads the rules that the flags of PackFlags name, with the parameters they set. An error of a pack's own wraps
// screening.ErrPack.
func Pack(c *cli.Command) (*screening.Pack, error) { return open(c, c.StringSlice("pack")...) }

// Load reads the packs that names and directories name, the shipped one for the United States where none does, and makes
// one of them.
func Load(names ...string) (*screening.Pack, error) {
	if len(names) == 0 {
		names = []string{""}
	}
	all := make([]*screening.Pack, 0, len(names))
	var faults []error
	for _, name := range names {
		p, err := load(name)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		all = append(all, p)
	}
	if faults != nil {
		return nil, errors.Join(faults...)
	}
	return screening.Compose(all...)
}

// failure is an error with its exit status.
type failure struct {
	error
	code int
}

// ExitCode is the process's exit status.
func (f failure) ExitCode() int { return f.code }

// Unwrap is the error itself.
func (f failure) Unwrap() error { return f.error }

func bad(err error) error      { return failure{err, 1} }
func unusable(err error) error { return failure{err, 2} }

// exit gives an error the exit status of its kind.
func exit(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, screening.ErrPack):
		return bad(err)
	default:
		return unusable(err)
	}
}

// open loads the packs that the flags name, with the parameters they set.
func open(c *cli.Command, dirs ...string) (*screening.Pack, error) {
	p, err := Load(dirs...)
	if err != nil {
		return nil, err
	}
	params := map[string]string{}
	for _, s := range c.StringSlice("set") {
		name, value, ok := strings.Cut(s, "=")
		if !ok {
			return nil, fmt.Errorf("--set %s: want NAME=VALUE", s)
		}
		params[name] = value
	}
	return p.With(params)
}

func load(dir string) (*screening.Pack, error) {
	switch {
	case dir == "":
		return screening.USPack()
	case slices.Contains(screening.Shipped, dir):
		return screening.ShippedPack(dir)
	}
	if info, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("open rule pack: %w", err)
	} else if !info.IsDir() {
		return nil, fmt.Errorf("open rule pack: %s is not a directory", dir)
	}
	return screening.LoadPack(os.DirFS(dir))
}

func asOf(c *cli.Command) (event.Date, error) {
	if c.String("as-of") == "" {
		return "", nil
	}
	d, err := event.ParseDate(c.String("as-of"))
	if err != nil {
		return "", fmt.Errorf("--as-of: %w", err)
	}
	return d, nil
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

func printf(w io.Writer, format string, args ...any) error {
	if _, err := fmt.Fprintf(w, format, args...); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}
