package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment"
	"github.com/tidegate/tidegate/services/enrichment/lists"
	"github.com/tidegate/tidegate/shared/bus"
)

func activateCommand(offer Offer) *cli.Command {
	return &cli.Command{
		Name: "activate", Usage: "put a set in force: the newest, or the one a digest names", ArgsUsage: "[DIGEST]",
		Description: "While Tidegate runs on the data directory, every running instance loads the set first; then one control event enters the order\n" +
			"stream, and everything behind it is screened against the set. Where nothing runs, the set is in force from the first start on.",
		Flags: append([]cli.Flag{
			dataFlag(), jsonFlag(),
			byFlag(), whyFlag("lists activate"),
			dryRunFlag(),
		}, offer.flags()...),
		Action: func(ctx context.Context, c *cli.Command) error { return activate(ctx, c, offer) },
	}
}

func dryRunFlag() cli.Flag {
	return &cli.BoolFlag{Name: "dry-run", Usage: "only print what would change, and what would become of open orders"}
}

func byFlag() cli.Flag {
	return &cli.StringFlag{Name: "by", Usage: "`WHO` activates", Value: "operator", Sources: cli.EnvVars("TIDEGATE_BY", "USER")}
}

func whyFlag(why string) cli.Flag {
	return &cli.StringFlag{Name: "why", Usage: "`REASON`, kept in the audit log", Value: why}
}

// activated is what an activation did, as --json prints it.
type activated struct {
	Active   string       `json:"active"`
	Block    uint64       `json:"block,omitempty"` // of the control event; 0 where nothing runs
	Event    string       `json:"event,omitempty"`
	LoadedBy []bus.Loaded `json:"loaded_by,omitempty"`
}

func activate(ctx context.Context, c *cli.Command, offer Offer) error {
	s := store(c)
	digest, file, err := s.Prepare(c.Args().First())
	if err != nil {
		return err
	}
	nc, err := running(ctx, c)
	if err != nil {
		return err
	}
	if nc != nil {
		defer nc.Close()
	} else if err := s.AtStart(); err != nil && !c.Bool("dry-run") {
		return err
	}
	after, err := offer.show(ctx, c, bus.Lists, enrichment.ListsObject(file))
	switch {
	case err != nil:
		return err
	case c.Bool("dry-run"):
		return dryRun(c, s, digest)
	case nc == nil:
		return activateAtStart(c, s, digest)
	}
	a := event.Activation{What: bus.Lists, Version: digest[:12], By: c.String("by"), Why: c.String("why")}
	taken, loaded, err := bus.Activate(ctx, nc, a, enrichment.ListsObject(file))
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

// running is a connection to the process that runs on the data directory, nil where nothing does. What is to happen to open orders
// happens in that process.
func running(ctx context.Context, c *cli.Command) (*nats.Conn, error) {
	nc, err := bus.OperatorOf(ctx, c.String("data"))
	if !errors.Is(err, bus.ErrNotRunning) {
		return nc, err
	}
	if c.Bool("apply") && !c.Bool("dry-run") {
		return nil, fmt.Errorf("%w: open orders are judged again by the process that runs; start it first, or leave --apply out", err)
	}
	return nil, nil //nolint:nilnil // which is no error
}

func activateAtStart(c *cli.Command, s *lists.Store, digest string) error {
	if _, err := s.Activate(digest); err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c.Root().Writer, activated{Active: digest})
	}
	_, err := fmt.Fprintf(c.Root().Writer, "nothing runs on %s: set %s is in force from the next start on\n", c.String("data"), digest)
	return err
}

func dryRun(c *cli.Command, s *lists.Store, digest string) error {
	before, err := s.Active()
	if err != nil {
		return err
	}
	if before == "" && c.Bool("json") {
		return printJSON(c.Root().Writer, map[string]string{"set": digest})
	}
	if before == "" {
		_, err := fmt.Fprintf(c.Root().Writer, "set %s would be the first in force beside the curated set\n", digest)
		return err
	}
	d, _, err := s.Compare(before, digest, "")
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c.Root().Writer, d)
	}
	return sayDiff(c.Root().Writer, d)
}
