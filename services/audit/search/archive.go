package search

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/auditverify"
)

// batch is how many leaves are applied at once.
const batch = 8192

// Archive answers questions about an audit directory: the index says where to look, the log what is there.
type Archive struct {
	dir   string
	index Index
}

// New is an archive with any index.
func New(dir string, index Index) *Archive { return &Archive{dir, index} }

// Close closes the index.
func (a *Archive) Close() error { return a.index.Close() }

// Update brings the index up to the published checkpoints. An index that is ahead of one, or of leaves that the log does not have, is of another
// log, or the log was rolled back: it is made anew. progress may be nil; it is told leaves done and to do.
func (a *Archive) Update(ctx context.Context, progress func(done, total uint64)) (*audit.Reader, error) {
	for {
		r, err := a.update(ctx, progress)
		if !errors.Is(err, ErrMoved) || ctx.Err() != nil { // who moved it wrote what was to be written: it ends
			return r, err
		}
	}
}

func (a *Archive) update(ctx context.Context, progress func(done, total uint64)) (*audit.Reader, error) {
	r, err := audit.NewReader(a.dir)
	if err != nil {
		return nil, err
	}
	marks, err := a.marks(ctx, r)
	if err != nil {
		return nil, err
	}
	var done, total uint64
	for _, p := range r.Parts() {
		total += p.Point.Size - marks[p.Number]
	}
	for _, p := range r.Parts() {
		if err := a.follow(ctx, r, p, marks[p.Number], func(n uint64) {
			if done += n; progress != nil {
				progress(done, total)
			}
		}); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// marks are how far the index is; it forgets everything when it is not of these logs.
func (a *Archive) marks(ctx context.Context, r *audit.Reader) (map[int]uint64, error) {
	covered, err := a.index.Covered(ctx)
	if err != nil {
		return nil, err
	}
	if !agrees(r, covered) {
		return map[int]uint64{}, a.index.Clear(ctx)
	}
	marks := map[int]uint64{}
	for _, c := range covered {
		marks[c.Log] = c.Size
	}
	return marks, nil
}

// agrees says whether logs begin with what an index covers.
func agrees(r *audit.Reader, covered []Covered) bool {
	for _, c := range covered {
		if root, err := r.RootAt(c.Log, c.Size); err != nil || root != c.Root {
			return false
		}
	}
	return true
}

// follow applies a log's leaves from a mark on, in batches: after a crash the mark says where to go on. The next batch is read while one is written.
func (a *Archive) follow(ctx context.Context, r *audit.Reader, p audit.Part, from uint64, did func(uint64)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	batches := make(chan rowBatch, 1)
	go func() {
		defer close(batches)
		readRows(ctx, r, p, from, batches)
	}()
	for b := range batches {
		if b.err != nil {
			return b.err
		}
		root, err := r.RootAt(p.Number, b.size)
		if err == nil {
			err = a.index.Apply(ctx, from, Covered{p.Number, b.size, root}, b.rows)
		}
		if err != nil {
			return err
		}
		did(b.size - from)
		from = b.size
	}
	return ctx.Err()
}

// rowBatch is rows in a row, up to a size of the log.
type rowBatch struct {
	rows []Row
	size uint64
	err  error
}

func readRows(ctx context.Context, r *audit.Reader, p audit.Part, from uint64, out chan<- rowBatch) {
	b, sent := rowBatch{}, from
	send := func() bool {
		select {
		case out <- b:
			b, sent = rowBatch{}, b.size
			return true
		case <-ctx.Done():
			return false
		}
	}
	for l, err := range r.Leaves(ctx, p.Number, from) {
		var row Row
		if err == nil {
			row, err = RowOf(l)
		}
		if err != nil {
			b.err = err
			send()
			return
		}
		b.rows, b.size = append(b.rows, row), l.Index+1
		if len(b.rows) == batch && !send() {
			return
		}
	}
	if b.size = p.Point.Size; b.size > sent {
		send()
	}
}

// Hit is a record that was found: proven to be in the log, and what was asked for.
type Hit struct {
	Row
	audit.Logged
}

// Search gives the records that a query asks for, newest first. Each is proven to be under its log's published checkpoint and compared with
// the query: an index that somebody changed is ErrDoctored, never an answer. more says that the limit cut it off.
func (a *Archive) Search(ctx context.Context, q Query) (hits []Hit, more bool, err error) {
	if q, err = q.Normal(); err != nil {
		return nil, false, err
	}
	r, err := a.Update(ctx, nil)
	if err != nil {
		return nil, false, err
	}
	hits, behind, err := a.page(ctx, r, q, nil, math.MaxInt)
	return hits, behind != nil, err
}

// page gives the records behind a place that a query asks for, up to its limit, and where the next page begins: nil where there is no more. It looks at
// most at so many places that the index knows, so it may end with fewer.
func (a *Archive) page(ctx context.Context, r *audit.Reader, q Query, behind *Place, most int) (hits []Hit, next *Place, err error) {
	c, err := q.Plan(ctx, a.index)
	if err != nil {
		return nil, nil, err
	}
	for looked, limit := 0, min(q.Limit+1, pageOf); ; limit = pageOf / 16 {
		places, err := a.index.Find(ctx, c, behind, limit)
		if err != nil {
			return nil, nil, err
		}
		for _, p := range places {
			hit, is, err := a.check(r, q, p)
			switch looked++; {
			case err != nil:
				return nil, nil, err
			case is && len(hits) == q.Limit: // one more: there is a next page, behind the last of this one
				return hits, &Place{hits[len(hits)-1].Row.Log, hits[len(hits)-1].Row.Leaf}, ctx.Err()
			case is:
				hits = append(hits, hit)
			}
			if behind = &p; looked == most {
				return hits, behind, ctx.Err()
			}
		}
		if err := ctx.Err(); err != nil || len(places) < limit {
			return hits, nil, err
		}
	}
}

// ErrDoctored says that the index is not what the log makes it.
var ErrDoctored = fmt.Errorf("%w: the search index was changed; \"tidegate audit reindex\" makes it anew from the log", auditverify.ErrBad)

// check proves the record at a place and says whether it is what was asked for. An index finds more only where it cannot know better.
func (a *Archive) check(r *audit.Reader, q Query, p Place) (_ Hit, is bool, _ error) {
	l, err := r.Prove(p.Log, p.Leaf)
	if err != nil {
		return Hit{}, false, fmt.Errorf("log %d: %w", p.Log, err)
	}
	row, err := RowOf(l)
	if err != nil {
		return Hit{}, false, err
	}
	if !q.mayHold(row) {
		return Hit{}, false, fmt.Errorf("%w: leaf %d of log %d is not what was asked for", ErrDoctored, p.Leaf, p.Log)
	}
	return Hit{row, l}, q.Holds(row), nil
}
