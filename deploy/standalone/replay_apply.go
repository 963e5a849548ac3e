package standalone

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/urfave/cli/v3"
	"golang.org/x/sync/errgroup"

	"github.com/tidegate/tidegate/deploy/orders"
	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/services/screening/replay"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/clock"
)

// applyFlags are those of replay --apply.
func applyFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "apply", Usage: "have the open orders that changed in the report with this `DIGEST` judged again, by events; nothing else is asked then"},
		&cli.StringFlag{Name: "by", Usage: "`WHO` applies", Value: "operator", Sources: cli.EnvVars("TIDEGATE_BY", "USER")},
	}
}

// WhyReplay is the reason of a rejudge event that applies a replay.
const WhyReplay = "replay"

// applied is what --apply did, as --json prints it.
type applied struct {
	Digest  string `json:"digest"`
	Open    int    `json:"open"`    // orders that changed in the report and were open then
	Judged  int    `json:"judged"`  // events brought in by this run
	Already int    `json:"already"` // brought in by an earlier one
	Since   int    `json:"since"`   // shipped, cancelled or decided again since the report: left alone
}

// applyReplay has the open orders among those that changed judged again. Each gets one rejudge event whose id is made from the
// report and the decision, so that after a crash the rest follows and what was done stays done once. That it began and what came
// of it are leaves of the log, as the replay itself is one.
func applyReplay(ctx context.Context, data, digest, by string, progress func(done int)) (out applied, err error) {
	rep, digest, err := keptReport(data, digest)
	if err != nil {
		return out, err
	}
	nc, err := bus.OperatorOf(ctx, data)
	if errors.Is(err, bus.ErrNotRunning) {
		return out, fmt.Errorf("%w: open orders are judged again by the process that runs; start it first", err)
	}
	if err != nil {
		return out, err
	}
	defer nc.Close()
	if err := applicable(ctx, nc, data, rep.Question); err != nil {
		return out, err
	}
	return applyReport(ctx, nc, data, rep, digest, by, progress)
}

// applyReport is applyReplay with a report at hand, of which is known that its new side is in force.
func applyReport(ctx context.Context, nc *nats.Conn, data string, rep replay.Report, digest, by string, progress func(done int)) (out applied, err error) {
	out.Digest = digest
	who, err := begunBy(data, digest, by)
	if err != nil {
		return out, err
	}
	now, err := openNow(ctx, data)
	if err != nil {
		return out, err
	}
	if _, err := bus.Act(ctx, nc, audit.NoteAct(applyNote("apply", "The open orders that a replay changed begin to be judged again.", digest, by, rep, nil))); err != nil {
		return out, err
	}
	if err := out.enter(ctx, nc, rep, now, who.By, progress); err != nil {
		return out, err
	}
	_, err = bus.Act(ctx, nc, audit.NoteAct(applyNote("applied", "The open orders that a replay changed are judged again.", digest, by, rep, &out)))
	return out, err
}

func applyNote(what, text, digest, by string, rep replay.Report, out *applied) event.Note {
	n := event.Note{What: what, By: by, Text: text + " " + rep.Asks, SHA256: digest, Counts: []event.Tally{{Name: "open", Count: rep.Open}}}
	if out != nil {
		n.Counts = []event.Tally{{Name: "open", Count: out.Open}, {Name: "judged", Count: out.Judged}, {Name: "already", Count: out.Already}, {Name: "since", Count: out.Since}}
	}
	return n
}

// applyAtOnce is how many acts are on their way at a time: enough to fill blocks, few beside live traffic.
const applyAtOnce = 32

// enter brings in an event for each open order that changed.
func (out *applied) enter(ctx context.Context, nc *nats.Conn, rep replay.Report, now *open, by string, progress func(done int)) error {
	var mu sync.Mutex
	count := func(n *int) {
		mu.Lock()
		defer mu.Unlock()
		*n++
		if progress != nil {
			progress(out.Judged + out.Already + out.Since)
		}
	}
	g, inner := errgroup.WithContext(ctx)
	g.SetLimit(applyAtOnce)
	for c, err := range rep.Orders.All() {
		if err != nil {
			return errors.Join(err, g.Wait())
		}
		if inner.Err() != nil {
			break
		}
		if c.Stand != replay.Open {
			continue
		}
		out.Open++
		switch now.stands(&c) {
		case standsNewest:
			g.Go(func() error {
				taken, err := bus.Act(inner, nc, rejudgeAct(&c, out.Digest, by))
				switch {
				case err != nil:
					return err
				case taken.Duplicate:
					count(&out.Already)
				default:
					count(&out.Judged)
				}
				return nil
			})
		case standsReplayed:
			count(&out.Already)
		case standsGone:
			count(&out.Since)
		}
	}
	return g.Wait()
}

// rejudgeAct has an order judged again. The same change of the same report is the same act.
func rejudgeAct(c *replay.Change, digest, by string) event.Act {
	return event.Act{
		Kind: event.Rejudge, ID: "replay-" + digest[:16] + "-" + c.Event, Actor: by, Tenant: c.Tenant, Source: c.Source, OrderID: c.OrderID,
		Particulars: event.Particulars{Rejudging: &event.Rejudging{Why: WhyReplay, Replay: digest}},
	}
}

// open is which orders are open now and what was decided last on each: 16 bytes an order, whatever they are called.
type open struct {
	seed  maphash.Seed
	keys  []openKey     // sorted
	since event.Instant // before which nothing came in that was decided last on an open order; empty where none is open
}

type openKey struct {
	order uint64
	event uint64
	again bool // its newest decision is of a rejudge event of a replay
}

// standing is how an order that changed stands now.
type standing int

const (
	standsGone     standing = iota // not open, or decided again
	standsNewest                   // the decision that changed is its newest
	standsReplayed                 // judged again by a replay
)

func openNow(ctx context.Context, data string) (*open, error) {
	o := &open{seed: maphash.MakeSeed()}
	for one, err := range OpenOrders(ctx, data) {
		if err != nil {
			return nil, err
		}
		if o.since == "" || one.At < o.since {
			o.since = one.At
		}
		o.keys = append(o.keys, openKey{o.hash(one.Tenant, one.Source, one.ID), o.hash(one.Event), one.Kind == event.Rejudge && one.Why == WhyReplay})
	}
	slices.SortFunc(o.keys, func(a, b openKey) int { return cmp.Compare(a.order, b.order) })
	return o, nil
}

// ordersWithin is how long the index of orders may take to come up to what is decided.
const ordersWithin = 30 * time.Second

// awaitOrders waits until the index of the process that runs has every decision that there is now.
func awaitOrders(ctx context.Context, nc *nats.Conn) error {
	js, err := jetstream.New(nc)
	if err != nil {
		return fmt.Errorf("open orders: %w", err)
	}
	decided, err := bus.Look(ctx, js, subject.DecisionStream)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, ordersWithin)
	defer cancel()
	for wait := (clock.Backoff{}); ; {
		var p orders.Page
		var err error
		for p, err = range orders.Pages(ctx, nc, orders.Question{State: orders.Open, Most: 1}) {
			break
		}
		if err == nil && p.Covered >= decided.Last {
			return nil
		}
		if werr := wait.Wait(ctx); werr != nil {
			return fmt.Errorf("the index of orders has not come up to block %d: %w", decided.Last, errors.Join(err, werr))
		}
	}
}

func (o *open) hash(parts ...string) uint64 {
	var h maphash.Hash
	h.SetSeed(o.seed)
	for _, p := range parts {
		_, _ = h.WriteString(p)
		_ = h.WriteByte(0)
	}
	return h.Sum64()
}

func (o *open) stands(c *replay.Change) standing {
	i, found := slices.BinarySearchFunc(o.keys, o.hash(c.Tenant, c.Source, c.OrderID), func(k openKey, order uint64) int { return cmp.Compare(k.order, order) })
	switch {
	case !found:
		return standsGone
	case o.keys[i].event == o.hash(c.Event):
		return standsNewest
	case o.keys[i].again:
		return standsReplayed
	}
	return standsGone
}

// ErrNotInForce says that a replay cannot be applied: an order that is judged again is judged under what is in force.
var ErrNotInForce = errors.New("this replay cannot be applied, for an order is judged again under what is in force, for its own dates")

// applicable says whether the new side of a replay is what an order would be judged under now.
func applicable(ctx context.Context, nc *nats.Conn, data string, q replay.Question) error {
	switch b := q.B; {
	case b.AsOf != (screening.AsOf{}):
		return fmt.Errorf("%w: its new side was judged for other dates (--as-of)", ErrNotInForce)
	case b.KnownAt != "":
		return fmt.Errorf("%w: its new side is what was known before (--known-at)", ErrNotInForce)
	case b.Pack == nil && b.Reference == nil && len(b.Set) == 0:
		return nil
	}
	f, err := inForceNow(ctx, nc, data)
	if err != nil {
		return err
	}
	if p := q.B.Pack; p != nil && (p.Digest != f.pack.Digest || !maps.Equal(p.Parameters, f.pack.Parameters)) {
		return fmt.Errorf("%w: it was judged under %s, in force is %s; put it in force first (tidegate rules activate)", ErrNotInForce, replay.PackWords(p), replay.PackWords(&f.pack))
	}
	for name, value := range q.B.Set {
		if f.pack.Parameters[name] != value {
			return fmt.Errorf("%w: it was judged with %s %s, in force is %s %s; put it in force first (tidegate rules activate)", ErrNotInForce, name, value, name, f.pack.Parameters[name])
		}
	}
	r := q.B.Reference
	if r != nil && r.Snapshot != "" && r.Snapshot != f.snapshot {
		return fmt.Errorf("%w: it was judged on snapshot %s, in force is %s; put it in force first (tidegate lists activate)", ErrNotInForce, r.Snapshot, f.snapshot)
	}
	if r != nil && r.Masters != "" && r.Masters != f.masters {
		return fmt.Errorf("%w: it was judged with masters %s, in force are %s; put them in force first (tidegate masters activate)", ErrNotInForce, r.Masters, f.masters)
	}
	return nil
}

// tellApplied says what --apply did.
func tellApplied(w io.Writer, out applied) error {
	_, err := fmt.Fprintf(w, "%d open orders had changed: %d are judged again, %d were before, %d were shipped, cancelled or decided again since\n", out.Open, out.Judged, out.Already, out.Since)
	return err
}
