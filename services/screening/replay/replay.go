// Package replay judges recorded cases again under chosen rules and dates and says what changes. It touches no live
// order: it reads cases and gives a report.
package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/shared/clock"
	"github.com/tidegate/tidegate/shared/codec"
)

// Options say what to judge again, and how.
type Options struct {
	Pack      *screening.Pack              // side B: the rules to judge under; required
	Base      *screening.Pack              // side A judged under these rules; the recorded judgement when nil
	AsOf      screening.AsOf               // the dates to judge for; each order's own when zero
	BaseAsOf  screening.AsOf               // of side A, with Base
	From      event.Date                   // first order date of the slice; from the first order when empty
	Until     event.Date                   // last order date of the slice, inclusive; to the last order when empty
	Recompute bool                         // what the ledger holds follows from the answers of each side, from the first case on; else it is what was read then
	Workers   int                          // cases judged at once; the number of processors when 0
	Progress  func(done int, rate float64) // called now and then, and at the end, with cases done and cases a second; may be nil
	Clock     clock.Clock                  // for the rate; no rate is told when nil

	before, after *screening.Ledger // of the sides, where they are recomputed
}

// batch is how many cases one worker takes at once.
const batch = 256

// Run judges every case of the slice and reports. A case that cannot be read ends the run with an error that names
// it; refusals are counted as skipped. The report depends on the cases and the options alone.
func Run(ctx context.Context, cases iter.Seq2[event.Case, error], opt Options) (Report, error) {
	if opt.Pack == nil {
		return Report{}, errors.New("replay: no rule pack given")
	}
	if opt.Workers <= 0 {
		opt.Workers = runtime.GOMAXPROCS(0)
	}
	if opt.Recompute { // one after the other: each answer may follow from those before
		opt.Workers, opt.before, opt.after = 1, screening.NewLedger(), screening.NewLedger()
	}
	tally := newTally(opt)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(opt.Workers)
	err := read(ctx, cases, func(first int, part []event.Case) {
		g.Go(func() error {
			says := make([]say, 0, len(part))
			for i, c := range part {
				s, err := opt.one(c)
				if err != nil {
					return fmt.Errorf("replay: case %d: %w", first+i, err)
				}
				says = append(says, s)
			}
			tally.add(first, says)
			return ctx.Err()
		})
	})
	if judged := g.Wait(); judged != nil {
		return Report{}, judged
	}
	if err != nil {
		return Report{}, err
	}
	return tally.report(), nil
}

// read cuts the cases into batches, in order.
func read(ctx context.Context, cases iter.Seq2[event.Case, error], each func(first int, part []event.Case)) error {
	part, first := make([]event.Case, 0, batch), 0
	for c, err := range cases {
		if err != nil {
			return fmt.Errorf("replay: read case %d: %w", first+len(part), err)
		}
		if part = append(part, c); len(part) == batch {
			each(first, part)
			part, first = make([]event.Case, 0, batch), first+batch
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if len(part) > 0 {
		each(first, part)
	}
	return nil
}

// say is what came of one case.
type say struct {
	skipped bool
	change  *Change // the outcome differs
	shifted bool    // the findings differ, the outcome does not
	date    event.Date
}

func (o *Options) one(c event.Case) (say, error) {
	if c.Passes() || c.Len() < 3 {
		if o.Recompute { // a license
			o.before.Take(c)
			o.after.Take(c)
		}
		return say{skipped: true}, nil
	}
	var cause event.Cause
	if err := codec.Decode(c.Line(0), &cause); err != nil {
		return say{}, err
	}
	outside := cause.Order == nil || !o.inSlice(&cause)
	if outside && !o.Recompute {
		return say{skipped: true}, nil
	}
	var facts event.Facts
	if err := codec.Decode(c.Line(1), &facts); err != nil {
		return say{}, err
	}
	var a event.Judgement
	if err := codec.Decode(c.Line(2), &a); err != nil {
		return say{}, err
	}
	prev := event.Digest(c.Line(1))
	b := o.decide(o.Pack, o.after, &cause, &facts, a.Read, prev, o.AsOf)
	if o.Base != nil {
		a = o.decide(o.Base, o.before, &cause, &facts, a.Read, prev, o.BaseAsOf)
	}
	if outside {
		return say{skipped: true}, nil
	}
	s, err := compare(&cause, &facts, &a, &b)
	s.date = dateOf(&cause)
	return s, err
}

// decide judges with what the ledger held then, or with what it would hold.
func (o *Options) decide(p *screening.Pack, l *screening.Ledger, c *event.Cause, f *event.Facts, read *event.Read, prev string, asOf screening.AsOf) event.Judgement {
	if o.Recompute {
		return l.Decide(p, c, f, prev, asOf)
	}
	return p.DecideWith(c, f, read, prev, asOf)
}

func (o *Options) inSlice(c *event.Cause) bool {
	return event.Span{From: o.From, Until: o.Until}.Holds(dateOf(c))
}

func dateOf(c *event.Cause) event.Date {
	if c.Order.OrderDate != "" {
		return c.Order.OrderDate
	}
	return c.At.Date()
}

func compare(c *event.Cause, f *event.Facts, a, b *event.Judgement) (say, error) {
	if a.Outcome != b.Outcome {
		ch := change(c, f, a, b)
		return say{change: &ch}, nil
	}
	was, err := codec.Append(nil, a.Findings)
	if err != nil {
		return say{}, err
	}
	is, err := codec.Append(nil, b.Findings)
	return say{shifted: !bytes.Equal(was, is)}, err
}

func change(c *event.Cause, f *event.Facts, a, b *event.Judgement) Change {
	rule, why := because(a, b)
	ch := Change{
		Tenant: c.Tenant, Source: c.Source, OrderID: c.OrderID, Revision: c.Revision, Kind: c.Kind, Event: c.Event, Received: c.At, Date: dateOf(c),
		Country: c.Order.ShipTo, From: a.Outcome, To: b.Outcome, Rule: rule, Why: why, Found: others(b, a), Gone: others(a, b),
	}
	for i := range c.Order.Parties {
		ch.Parties = append(ch.Parties, c.Order.Parties[i].Name)
	}
	for i := range f.Items {
		ch.Classes = append(ch.Classes, f.Items[i].Class)
	}
	slices.Sort(ch.Classes)
	ch.Classes = slices.Compact(ch.Classes)
	return ch
}

// others lists the rules that one judgement has a finding of and the other has none of, sorted.
func others(of, not *event.Judgement) []string {
	var out []string
	for i := range of.Findings {
		id := of.Findings[i].Rule
		if !slices.ContainsFunc(not.Findings, func(f event.Finding) bool { return f.Rule == id }) {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// question is what the options ask.
func (o *Options) question() Question {
	ref := o.Pack.Ref()
	q := Question{A: Side{Recorded: true}, B: Side{Pack: &ref, AsOf: o.AsOf}, Slice: Slice{From: o.From, Until: o.Until}, State: Recorded}
	if o.Base != nil {
		base := o.Base.Ref()
		q.A = Side{Pack: &base, AsOf: o.BaseAsOf}
	}
	if o.Recompute {
		q.State = Recomputed
	}
	return q
}

// because names the rule of the change: what decides now where the outcome got stricter, what decided before where it
// got milder, because it fires no longer or with another outcome.
func because(a, b *event.Judgement) (rule, why string) {
	if b.Outcome.Severity() > a.Outcome.Severity() {
		return b.Rule, textOf(b, b.Rule, b.Outcome)
	}
	if i := slices.IndexFunc(b.Findings, func(f event.Finding) bool { return f.Rule == a.Rule }); i >= 0 {
		return a.Rule, fmt.Sprintf("now %s instead of %s: %s", b.Findings[i].Outcome, a.Outcome, b.Findings[i].Text)
	}
	return a.Rule, "no longer: " + textOf(a, a.Rule, a.Outcome)
}

func textOf(j *event.Judgement, rule string, outcome event.Outcome) string {
	i := slices.IndexFunc(j.Findings, func(f event.Finding) bool { return f.Rule == rule && f.Outcome == outcome })
	if i < 0 {
		return j.Failed
	}
	return j.Findings[i].Text
}
