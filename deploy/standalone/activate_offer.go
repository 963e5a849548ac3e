package standalone

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/enrichment"
	enrichmentcli "github.com/tidegate/tidegate/services/enrichment/cli"
	"github.com/tidegate/tidegate/services/screening"
	screeningcli "github.com/tidegate/tidegate/services/screening/cli"
	"github.com/tidegate/tidegate/services/screening/replay"
	"github.com/tidegate/tidegate/services/screening/replay/page"
	"github.com/tidegate/tidegate/shared/bus"
)

// OfferRules shows what a pack would do to open orders before it is put in force.
func OfferRules() screeningcli.Offer {
	return screeningcli.Offer{Flags: offerFlags, Show: offerReplay}
}

// OfferSets does the same for lists and masters.
func OfferSets() enrichmentcli.Offer {
	return enrichmentcli.Offer{Flags: offerFlags, Show: offerReplay}
}

func offerFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "yes", Usage: "activate without asking, whatever it does to open orders"},
		&cli.BoolFlag{Name: "apply", Usage: "once it is in force, have the open orders judged again that come out otherwise under it"},
		&cli.BoolFlag{Name: "no-replay", Usage: "do not judge the open orders first"},
		&cli.StringFlag{Name: "html", Usage: "write what it would do to open orders as one page with charts to `FILE`"},
		&cli.StringFlag{Name: "csv", Usage: "write the open orders that come out otherwise, a row each, to `FILE`"},
	}
}

// offerReplay judges the open orders under what would come into force, shows the report, and asks where orders come out otherwise.
// Nothing is activated when the answer is no, or when nobody can be asked and --yes does not say it.
func offerReplay(ctx context.Context, c *cli.Command, what string, object []byte) (after func(context.Context) error, err error) {
	data := c.String("data")
	if c.Bool("no-replay") {
		return nil, nil //nolint:nilnil // nothing is done behind the activation
	}
	rep, digest, err := previewOpen(ctx, data, what, object)
	if err != nil {
		return nil, cli.Exit(fmt.Errorf("the open orders could not be judged first (--no-replay activates without): %w", err), 2)
	}
	if digest == "" {
		rep.Orders = replay.Listed()
	}
	if err := writeReport(rep, digest, c.String("html"), c.String("csv"), page.Options{Title: "Before activation: open orders"}); err != nil {
		return nil, err
	}
	w := c.Root().Writer
	if c.Bool("json") {
		w = c.Root().ErrWriter
	}
	if err := tellPreview(w, rep, digest); err != nil {
		return nil, err
	}
	if rep.Changed == 0 || c.Bool("dry-run") {
		return nil, nil //nolint:nilnil // as above
	}
	apply, err := decideActivation(c, rep)
	if err != nil || !apply {
		return nil, err
	}
	return func(ctx context.Context) error { return applyActivated(ctx, c, w, rep, digest) }, nil
}

func tellPreview(w io.Writer, rep replay.Report, digest string) error {
	if digest == "" {
		_, err := fmt.Fprintln(w, "no order is open")
		return err
	}
	if rep.Changed == 0 {
		_, err := fmt.Fprintf(w, "open orders: %s\n", rep.Answer())
		return err
	}
	if err := rep.Print(w); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "report: sha256 %s\n", digest)
	return err
}

// decideActivation says whether open orders are judged again behind the activation; an error is that there is none.
func decideActivation(c *cli.Command, rep replay.Report) (apply bool, err error) {
	if c.Bool("yes") || c.Bool("apply") {
		return c.Bool("apply"), nil
	}
	no := cli.Exit(fmt.Sprintf("nothing was activated: %s open orders would come out otherwise; --yes activates, --apply has them judged again, too", replay.Grouped(rep.Changed)), 1)
	if !asks(c) {
		return false, no
	}
	said, err := ask(c, "Activate? yes: activate; apply: activate, and have these orders judged again; anything else is no: ")
	switch {
	case err != nil:
		return false, err
	case said == "yes", said == "apply":
		return said == "apply", nil
	}
	return false, no
}

// previewOpen judges the open orders, each in its newest decision, as they would be under an object.
func previewOpen(ctx context.Context, data, what string, object []byte) (rep replay.Report, digest string, err error) {
	now, err := openNow(ctx, data)
	if errors.Is(err, fs.ErrNotExist) {
		return rep, "", nil // nothing was ever logged here
	}
	if err != nil {
		return rep, "", err
	}
	if len(now.keys) == 0 {
		return rep, "", nil
	}
	if rep, err = replayUnder(ctx, data, what, object, now); err != nil {
		return rep, "", err
	}
	if digest, err = rep.Digest(); err != nil {
		return rep, "", err
	}
	if err := keepReport(data, rep, digest); err != nil {
		return rep, "", err
	}
	_, err = audit.Note(ctx, data, replayNote(rep, digest, ""))
	return rep, digest, err
}

// replayUnder judges open orders under an object of a kind, in place of what is in force of that kind.
func replayUnder(ctx context.Context, data, what string, object []byte, now *open) (replay.Report, error) {
	known, err := knownOf(data)
	if err != nil {
		return replay.Report{}, err
	}
	a := &replayAsk{data: data, known: known, indexed: true, question: replay.Question{
		A: replay.Side{Recorded: true}, Slice: replay.Slice{Stands: []replay.Stand{replay.Open}, ReceivedFrom: now.since}, State: replay.Recorded,
	}}
	if a.question.B, err = known.under(what, object); err != nil {
		return replay.Report{}, err
	}
	rep, err := a.run(ctx)
	if err != nil {
		return rep, err
	}
	return ofNewest(rep, now)
}

// under is a side judged under an object that may not be in force yet.
func (k *replayKnown) under(what string, object []byte) (replay.Side, error) {
	switch what {
	case bus.Pack:
		p, err := screening.OpenPack(object)
		if err != nil {
			return replay.Side{}, err
		}
		k.take(p)
		ref := p.Ref()
		return replay.Side{Pack: &ref}, nil
	case bus.Lists:
		curated, err := enrichment.Curated()
		if err != nil {
			return replay.Side{}, err
		}
		ref, err := curated.WithListsObject(object)
		if err != nil {
			return replay.Side{}, err
		}
		k.mu.Lock()
		k.inv.snapshots[ref.Digest()] = ref
		k.mu.Unlock()
		return replay.Side{Reference: &replay.Reference{Snapshot: ref.Digest(), Matcher: enrichment.MatcherVersion}}, nil
	default:
		return replay.Side{Reference: &replay.Reference{Masters: event.Digest(object), Matcher: enrichment.MatcherVersion}}, nil
	}
}

// ofNewest keeps of a report what is about the newest decision of an order that is open.
func ofNewest(rep replay.Report, now *open) (replay.Report, error) {
	all := rep.Orders
	var b replay.Breakdown
	rep.Orders = replay.Streamed(newestOf(all.All(), now))
	for c, err := range rep.Orders.All() {
		if err != nil {
			return rep, err
		}
		b.Add(&c)
	}
	rep.Judged = len(now.keys)
	b.Fill(&rep)
	rep.Asks = "What would become of the open orders under " + newWords(rep.Question.B) + "?"
	return rep, nil
}

// newWords names what would come into force.
func newWords(s replay.Side) string {
	switch {
	case s.Pack != nil:
		return replay.PackWords(s.Pack)
	case s.Reference.Snapshot != "":
		return "the lists of snapshot " + s.Reference.Snapshot[:12]
	}
	return "the masters " + s.Reference.Masters[:12]
}

func newestOf(all iter.Seq2[replay.Change, error], now *open) iter.Seq2[replay.Change, error] {
	return func(yield func(replay.Change, error) bool) {
		for c, err := range all {
			if err == nil && now.stands(&c) != standsNewest {
				continue
			}
			c.Stand = replay.Open
			if !yield(c, err) || err != nil {
				return
			}
		}
	}
}

// applyActivated has the open orders that changed judged again under what is in force now.
func applyActivated(ctx context.Context, c *cli.Command, w io.Writer, rep replay.Report, digest string) error {
	nc, err := bus.OperatorOf(ctx, c.String("data"))
	if err != nil {
		return err
	}
	defer nc.Close()
	out, err := applyReport(ctx, nc, c.String("data"), rep, digest, c.String("by"), countedOn(c.Root().ErrWriter))
	if err != nil {
		return fmt.Errorf("it is in force, and not every open order was judged again: replay --data %s --apply %s does the rest: %w", c.String("data"), digest, err)
	}
	return tellApplied(w, out)
}
