package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/shared/bus"
)

func diffCommand() *cli.Command {
	return &cli.Command{
		Name: "diff", Usage: "say in words what changed from one pack to another", ArgsUsage: "OLD NEW",
		Description: "Each is a folder, shipped for the pack of this program, or the digest of a pack that a running process keeps (--data).",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "data", Usage: "data `DIR` of the running process, for digests", Value: "data", Sources: cli.EnvVars("TIDEGATE_DATA")},
			jsonFlag(),
		},
		Action: func(ctx context.Context, c *cli.Command) error {
			if c.Args().Len() != 2 {
				return unusable(errors.New("rules diff: name two packs"))
			}
			before, err := named(ctx, c, c.Args().Get(0))
			if err != nil {
				return exit(err)
			}
			after, err := named(ctx, c, c.Args().Get(1))
			if err != nil {
				return exit(err)
			}
			d := difference{Before: before.Ref(), After: after.Ref(), Changes: screening.Diff(before, after)}
			if c.Bool("json") {
				return exit(printJSON(c.Root().Writer, d))
			}
			return exit(d.print(c))
		},
	}
}

type difference struct {
	Before  event.PackRef        `json:"before"`
	After   event.PackRef        `json:"after"`
	Changes []screening.RuleDiff `json:"changes"`
}

var digestForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

// named loads a pack by folder, digest or the word shipped.
func named(ctx context.Context, c *cli.Command, name string) (*screening.Pack, error) {
	switch {
	case name == "shipped":
		return screening.USPack()
	case !digestForm.MatchString(name):
		return Load(name)
	}
	nc, err := bus.OperatorOf(ctx, c.String("data"))
	if err != nil {
		return nil, err
	}
	defer nc.Close()
	return stored(ctx, nc, name)
}

func (d difference) print(c *cli.Command) error {
	var b strings.Builder
	fmt.Fprintf(&b, "from %s %s (%.12s) to %s %s (%.12s)\n", d.Before.ID, d.Before.Version, d.Before.Digest, d.After.ID, d.After.Version, d.After.Digest)
	for _, r := range d.Changes {
		fmt.Fprintf(&b, "\n%s %s\n", r.What, strings.TrimSpace("rule "+r.Rule))
		for _, line := range r.Changes {
			fmt.Fprintf(&b, "  %s\n", line)
		}
	}
	if len(d.Changes) == 0 {
		b.WriteString("\nno rule and no setting differs\n")
	}
	return printf(c.Root().Writer, "%s", strings.ReplaceAll(b.String(), "changed rule\n", "changed: the pack itself\n"))
}
