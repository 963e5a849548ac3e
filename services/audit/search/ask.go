package search

import (
	"context"
	"fmt"

	"github.com/tidegate/tidegate/services/audit"
)

// Answer is a page of records.
type Answer struct {
	Hits   []Hit         // newest first, each proven and compared with the question
	Behind *Place        // where the next page begins; nil where this is the last
	Reader *audit.Reader // what they were proven with
}

// Ask gives a page of the records that a query asks for, behind a place (nil: from the newest), as far as the index is: it does not bring the
// index up to date, which whoever serves it does all the time.
func (a *Archive) Ask(ctx context.Context, q Query, behind *Place) (Answer, error) {
	q, err := q.Normal()
	if err != nil {
		return Answer{}, err
	}
	places, err := a.index.Find(ctx, q, behind, q.Limit+1)
	if err != nil {
		return Answer{}, err
	}
	got := Answer{}
	if len(places) > q.Limit {
		places = places[:q.Limit]
		got.Behind = &places[q.Limit-1]
	}
	if got.Reader, err = audit.NewReader(a.dir); err != nil { // after the look-up: it knows all that the index does
		return got, err
	}
	for _, p := range places {
		hit, err := a.check(got.Reader, q, p)
		if err != nil {
			return got, err
		}
		got.Hits = append(got.Hits, hit)
	}
	return got, ctx.Err()
}

// Record gives the record at a place, proven.
func Record(r *audit.Reader, p Place) (Hit, error) {
	l, err := r.Prove(p.Log, p.Leaf)
	if err != nil {
		return Hit{}, fmt.Errorf("log %d: %w", p.Log, err)
	}
	row, err := RowOf(l)
	return Hit{row, l}, err
}

// Covered is how far the index is.
func (a *Archive) Covered(ctx context.Context) ([]Covered, error) { return a.index.Covered(ctx) }
