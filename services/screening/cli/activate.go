package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/shared/bus"
)

func activateCommand(offer Offer) *cli.Command {
	return &cli.Command{
		Name: "activate", Usage: "put a rule pack in force while Tidegate runs: the pack in DIR, or the one shipped", ArgsUsage: "[DIR]",
		Description: "The pack's own cases must pass. Then every running instance loads it, and one control event enters the order stream; everything\n" +
			"behind it is judged under the pack, whatever --pack and --set serve was started with.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "data", Usage: "data `DIR` of the running process", Value: "data", Sources: cli.EnvVars("TIDEGATE_DATA")},
			setFlag(), jsonFlag(),
			&cli.StringFlag{Name: "by", Usage: "`WHO` activates", Value: "operator", Sources: cli.EnvVars("TIDEGATE_BY", "USER")},
			&cli.StringFlag{Name: "why", Usage: "`REASON`, kept in the audit log"},
			&cli.BoolFlag{Name: "dry-run", Usage: "only print what would change"},
		}, offer.flags()...),
		Action: func(ctx context.Context, c *cli.Command) error { return activate(ctx, c, offer) },
	}
}

// activated is what an activation did or would do, as --json prints it.
type activated struct {
	Pack     event.PackRef `json:"pack"`
	Object   string        `json:"object"`           // SHA-256 of what was distributed
	Before   string        `json:"before,omitempty"` // object in force before; empty where it was the one serve was started with
	Added    []string      `json:"rules_added"`      // against the pack before, the shipped one where nothing was activated
	Removed  []string      `json:"rules_removed"`
	Block    uint64        `json:"block,omitempty"` // of the control event; 0 for a dry run
	Event    string        `json:"event,omitempty"`
	LoadedBy []bus.Loaded  `json:"loaded_by,omitempty"`
}

func activate(ctx context.Context, c *cli.Command, offer Offer) error {
	if c.Args().Len() > 1 {
		return unusable(errors.New("rules activate: name one directory at most"))
	}
	why := strings.TrimSpace(c.String("why"))
	if why == "" && !c.Bool("dry-run") {
		return unusable(errors.New("rules activate: say --why; the audit log keeps it"))
	}
	p, err := open(c, c.Args().First())
	if err != nil {
		return exit(err)
	}
	if r := p.AtDefaults().Test(); !r.OK() {
		return exit(errors.Join(printReport(c.Root().ErrWriter, r), bad(fmt.Errorf("nothing was activated: %d of %d cases came out otherwise or are lacking", len(r.Fails), r.Cases))))
	}
	nc, err := bus.OperatorOf(ctx, c.String("data"))
	if errors.Is(err, bus.ErrNotRunning) {
		return unusable(fmt.Errorf("%w; start it first, or start it with --pack", err))
	}
	if err != nil {
		return unusable(err)
	}
	defer nc.Close()
	out, err := against(ctx, nc, p)
	if err != nil {
		return unusable(err)
	}
	after, err := offer.show(ctx, c, bus.Pack, p.Activation())
	if err != nil {
		return err
	}
	if !c.Bool("dry-run") {
		err = out.enter(ctx, nc, p, event.Activation{What: bus.Pack, Version: p.Ref().ID + " " + p.Ref().Version, By: c.String("by"), Why: why})
	}
	if err != nil {
		return unusable(err)
	}
	if c.Bool("json") {
		err = printJSON(c.Root().Writer, out)
	} else {
		err = out.print(c.Root().Writer)
	}
	if err != nil || c.Bool("dry-run") {
		return exit(err)
	}
	return after(ctx)
}

// against compares a pack with what running instances have in force.
func against(ctx context.Context, nc *nats.Conn, p *screening.Pack) (activated, error) {
	out := activated{Pack: p.Ref(), Object: event.Digest(p.Activation()), Added: []string{}, Removed: []string{}}
	there, err := bus.Who(ctx, nc, bus.Pack)
	if err != nil {
		return out, err
	}
	if len(there) == 0 {
		return out, errors.New("no screening service is running")
	}
	before, err := screening.USPack()
	if err != nil {
		return out, err
	}
	if out.Before = there[0].InForce; out.Before != "" {
		if before, err = stored(ctx, nc, out.Before); err != nil {
			return out, err
		}
	}
	was, is := ids(before), ids(p)
	for _, id := range is {
		if !slices.Contains(was, id) {
			out.Added = append(out.Added, id)
		}
	}
	for _, id := range was {
		if !slices.Contains(is, id) {
			out.Removed = append(out.Removed, id)
		}
	}
	return out, nil
}

func ids(p *screening.Pack) []string {
	var out []string
	for _, r := range p.Rules() {
		out = append(out, r.ID)
	}
	return out
}

func stored(ctx context.Context, nc *nats.Conn, digest string) (*screening.Pack, error) {
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, err
	}
	object, err := bus.GetObject(ctx, js, digest)
	if err != nil {
		return nil, err
	}
	return screening.OpenPack(object)
}

func (a *activated) enter(ctx context.Context, nc *nats.Conn, p *screening.Pack, act event.Activation) error {
	taken, loaded, err := bus.Activate(ctx, nc, act, p.Activation())
	a.Block, a.Event, a.LoadedBy = taken.Sequence, taken.Event, loaded
	return err
}

func (a *activated) print(w io.Writer) error {
	for _, id := range a.Added {
		if err := printf(w, "+ %s\n", id); err != nil {
			return err
		}
	}
	for _, id := range a.Removed {
		if err := printf(w, "- %s\n", id); err != nil {
			return err
		}
	}
	if a.Block == 0 {
		return printf(w, "%s %s (%s) would be put in force; its cases pass\n", a.Pack.ID, a.Pack.Version, a.Pack.Digest)
	}
	return printf(w, "%s %s (%s) is in force behind block %d of the order stream; loaded by %d instances\n",
		a.Pack.ID, a.Pack.Version, a.Pack.Digest, a.Block, len(a.LoadedBy))
}
