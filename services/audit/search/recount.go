package search

import (
	"context"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit"
)

// Recount counts an audit directory's history leaf by leaf, each proven to be under its log's published checkpoint; no index has a part in it. progress
// may be nil; it is told leaves done and to do.
func Recount(ctx context.Context, dir string, progress func(done, total uint64)) (Tally, []CheckpointState, error) {
	t := NewTally()
	r, err := audit.NewReader(dir)
	if err != nil {
		return t, nil, err
	}
	var done, total uint64
	for _, p := range r.Parts() {
		total += p.Point.Size
	}
	for _, p := range r.Parts() {
		for l, err := range r.Whole(ctx, p.Number) {
			if err != nil {
				return t, nil, err
			}
			row, err := RowOf(l)
			if err != nil {
				return t, nil, err
			}
			t.Add(row)
			if done++; progress != nil && done%batch == 0 {
				progress(done, total)
			}
		}
	}
	return t, states(r), nil
}

// states are the checkpoints that a reader reads under.
func states(r *audit.Reader) (out []CheckpointState) {
	for _, p := range r.Parts() {
		out = append(out, CheckpointState{p.Number, p.Point.Size, p.Point.Root.String()})
	}
	return out
}

// Completeness accounts for the days between two, both inclusive, either may be empty, as the index counted them, and as far as it is: at once, however
// long the history. What is to be relied on is counted again from the log: Recount.
func (a *Archive) Completeness(ctx context.Context, from, until event.Date) (Completeness, error) {
	t, under, err := a.tally(ctx)
	out := t.Completeness(from, until)
	out.Under = under
	return out, err
}

// Freshness says which lists and packs were in force on the days between two, as the index counted them; staleAfter is in days, StaleAfter when 0.
func (a *Archive) Freshness(ctx context.Context, from, until event.Date, staleAfter int) (Freshness, error) {
	t, under, err := a.tally(ctx)
	out := t.Freshness(from, until, staleAfter)
	out.Under = under
	return out, err
}

func (a *Archive) tally(ctx context.Context) (t Tally, under []CheckpointState, err error) {
	covered, err := a.index.Covered(ctx)
	if err != nil {
		return NewTally(), nil, err
	}
	for _, c := range covered {
		under = append(under, CheckpointState(c))
	}
	t, err = a.index.Tally(ctx)
	return t, under, err
}
