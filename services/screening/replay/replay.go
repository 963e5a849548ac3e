// Package replay judges recorded cases again under chosen rules, lists and dates and says what changes. It touches no live
// order: it reads cases and gives a report.
//
// What matters:
//
//   - A question is two sides and a slice (question.go). Side A is nearly always the recorded judgement. The same question about the
//     same history has the same report, byte for byte, however many lanes there are and however often it was killed.
//   - A judgement line and a facts line are our own bytes in one form, so most cases are answered by looking at them: where no changed rule is
//     named in the judgement and none finds what it needs in the facts, or says anything when it is asked alone, outcome and findings
//     are those recorded (screening.Delta; a property test holds that to the full judgement). Under the decision's own pack there is no short
//     way: every line is made again and compared byte for byte.
//   - Facts are stated again only where the side asks for another set than they were stated under; that is chosen case by case.
//   - Batches are judged by lanes side by side and taken in order (job.go). Changed decisions go to a work file, never into memory;
//     how far it is, is noted every second together with the lengths of the work files, so that a kill loses at most that second.
package replay

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/shared/clock"
)

// Options ask a question about cases at hand, in memory.
type Options struct {
	Pack      *screening.Pack   // side B: the rules to judge under; each case's own, which must be one of Packs, when nil
	Base      *screening.Pack   // side A judged under these rules; the recorded judgement when nil
	Packs     []*screening.Pack // that cases were judged under, besides
	Set       map[string]string // instead of Pack: parameters that are other than in each case's own
	AsOf      screening.AsOf    // the dates to judge for; each order's own when zero
	BaseAsOf  screening.AsOf    // of side A, with Base
	Slice     Slice
	Recompute bool           // what the ledger holds follows from the answers of each side, from the first case on; else it is what was read then
	Workers   int            // cases judged at once; the number of processors when 0
	Progress  func(Progress) // called now and then, and at the end; may be nil
	Clock     clock.Clock    // for the rate; no rate is told when nil
}

// batch is how many cases a lane takes at once.
const batch = 256

// Run judges every case of the slice and reports. A case that cannot be read ends the run with an error that names
// it; refusals are counted as skipped. The report depends on the cases and the options alone.
func Run(ctx context.Context, cases iter.Seq2[event.Case, error], opt Options) (Report, error) {
	job := Job{Question: opt.Question(), Lanes: opt.Workers, Progress: opt.Progress, Clock: opt.Clock, Source: batches(cases)}
	if job.Lanes <= 0 {
		job.Lanes = runtime.GOMAXPROCS(0)
	}
	judge := NewJudge(job.Question, opt.hand())
	if job.Judge = judge.Cases; opt.Recompute {
		job.Serial = NewRecompute(judge)
	}
	return job.Run(ctx)
}

// Question is what the options ask.
func (o *Options) Question() Question {
	q := Question{A: Side{Recorded: true}, B: Side{AsOf: o.AsOf}, Slice: o.Slice, State: Recorded}
	if q.B.Set = o.Set; o.Pack != nil {
		ref := o.Pack.Ref()
		q.B.Pack = &ref
	}
	if o.Base != nil {
		base := o.Base.Ref()
		q.A = Side{Pack: &base, AsOf: o.BaseAsOf}
	}
	if o.Recompute {
		q.State = Recomputed
	}
	return q
}

func (o *Options) hand() hand {
	h := hand{}
	for _, p := range append([]*screening.Pack{o.Pack, o.Base}, o.Packs...) {
		if p != nil {
			h[packKey(p.Ref())] = p
		}
	}
	return h
}

// hand is packs at hand.
type hand map[string]*screening.Pack

func packKey(ref event.PackRef) string { return fmt.Sprintf("%s %q", ref.Digest, ref.Parameters) } // fmt prints maps sorted by key

// Pack finds one.
func (h hand) Pack(_ context.Context, ref event.PackRef) (*screening.Pack, error) {
	if p, ok := h[packKey(ref)]; ok {
		return p, nil
	}
	return nil, fmt.Errorf("%w: pack %s %s", ErrLacking, ref.ID, ref.Digest)
}

// Enrich has no reference set.
func (hand) Enrich(context.Context, string, string, event.Case) (event.Case, error) {
	return event.Case{}, fmt.Errorf("%w: a reference set", ErrLacking)
}

// batches cuts cases at hand, each a block of its own.
func batches(cases iter.Seq2[event.Case, error]) func(context.Context, Mark) iter.Seq2[Batch, error] {
	return func(ctx context.Context, from Mark) iter.Seq2[Batch, error] {
		return func(yield func(Batch, error) bool) {
			if from != nil {
				yield(Batch{}, errors.New("cases at hand have no marks"))
				return
			}
			part, n := make([]Past, 0, batch), uint64(0)
			for c, err := range cases {
				if err == nil {
					err = ctx.Err()
				}
				if err != nil {
					yield(Batch{}, fmt.Errorf("case %d: %w", n, err))
					return
				}
				n++
				if part = append(part, Past{Sequence: n, Case: c}); len(part) == batch {
					if !yield(Batch{Cases: part}, nil) {
						return
					}
					part = make([]Past, 0, batch)
				}
			}
			if len(part) > 0 {
				yield(Batch{Cases: part}, nil)
			}
		}
	}
}
