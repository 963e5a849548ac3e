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
	Open   uint64        // leaves that the index does not have yet: what is among them was not found
}

// Ask gives a page of the records that a query asks for, behind a place (nil: from the newest), as far as the index is: it does not bring the
// index up to date, which whoever serves it does all the time.
func (a *Archive) Ask(ctx context.Context, q Query, behind *Place) (Answer, error) {
	q, err := q.Normal()
	if err != nil {
		return Answer{}, err
	}
	covered, err := a.index.Covered(ctx)
	if err != nil {
		return Answer{}, err
	}
	places, err := a.find(ctx, q, behind, q.Limit+1)
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
	got.Open = openOf(got.Reader, covered)
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

// openOf is how many leaves of logs are not covered.
func openOf(r *audit.Reader, covered []Covered) (n uint64) {
	sizes := map[int]uint64{}
	for _, c := range covered {
		sizes[c.Log] = c.Size
	}
	for _, p := range r.Parts() {
		n += p.Point.Size - min(sizes[p.Number], p.Point.Size)
	}
	return n
}
