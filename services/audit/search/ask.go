package search

import (
	"context"
	"fmt"

	"github.com/tidegate/tidegate/services/audit"
)

// mostLooked is how many places of the index a page looks at: a question whose words are those of two parties of very many orders must not read them all
// at once.
const mostLooked = 500

// Answer is a page of records.
type Answer struct {
	Hits   []Hit         // newest first, each proven and compared with the question
	Behind *Place        // where the next page begins; nil where this is the last; a page with one may have no record
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
	got := Answer{}
	if got.Reader, err = audit.NewReader(a.dir); err != nil {
		return got, err
	}
	got.Open = openOf(got.Reader, covered)
	if newest := end(got.Reader); behind == nil || idOf(*behind) > idOf(*newest) {
		behind = newest // the index may be further than the reader
	}
	got.Hits, got.Behind, err = a.page(ctx, got.Reader, q, behind, max(mostLooked, q.Limit+1))
	return got, err
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
