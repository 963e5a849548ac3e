package search

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/auditverify"
)

// File is where the index of an audit directory lies.
const File = "search.db"

// batch is how many leaves are applied at once.
const batch = 4096

// Archive answers questions about an audit directory: the index says where to look, the log what is there.
type Archive struct {
	dir   string
	index Index
}

// Open opens the archive of an audit directory with the index in a file; beside the log when none is given, or in memory where that
// cannot be written, as on a copy that somebody was given.
func Open(ctx context.Context, dir, file string) (*Archive, error) {
	if file == "" {
		file = filepath.Join(dir, File)
		if !writable(dir) {
			file = ":memory:"
		}
	}
	index, err := OpenSQLite(ctx, file)
	if err != nil {
		return nil, err
	}
	return New(dir, index), nil
}

// New is an archive with any index.
func New(dir string, index Index) *Archive { return &Archive{dir, index} }

// writable says whether a file can be made in a directory.
func writable(dir string) bool {
	f, err := os.CreateTemp(dir, ".search-")
	if err != nil {
		return false
	}
	_ = f.Close()
	return os.Remove(f.Name()) == nil
}

// Close closes the index.
func (a *Archive) Close() error { return a.index.Close() }

// Update brings the index up to the published checkpoints. An index that is ahead of one is of another log, or the log was rolled
// back: it is made anew. progress may be nil; it is told leaves done and to do.
func (a *Archive) Update(ctx context.Context, progress func(done, total uint64)) (*audit.Reader, error) {
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

// marks are how far the index is; it forgets everything when it knows more than the logs have.
func (a *Archive) marks(ctx context.Context, r *audit.Reader) (map[int]uint64, error) {
	covered, err := a.index.Covered(ctx)
	if err != nil {
		return nil, err
	}
	sizes, marks := map[int]uint64{}, map[int]uint64{}
	for _, p := range r.Parts() {
		sizes[p.Number] = p.Point.Size
	}
	for _, c := range covered {
		if c.Size > sizes[c.Log] {
			return map[int]uint64{}, a.index.Clear(ctx)
		}
		marks[c.Log] = c.Size
	}
	return marks, nil
}

// follow applies a log's leaves from a mark on, in batches: after a crash the mark says where to go on.
func (a *Archive) follow(ctx context.Context, r *audit.Reader, p audit.Part, from uint64, did func(uint64)) error {
	at, rows := from, make([]Row, 0, batch)
	apply := func(size uint64) error {
		err := a.index.Apply(ctx, p.Number, at, size, rows)
		if errors.Is(err, ErrMoved) {
			return fmt.Errorf("%w: ask again", err)
		}
		did(size - at)
		at, rows = size, rows[:0]
		return err
	}
	for l, err := range r.Leaves(ctx, p.Number, from) {
		if err != nil {
			return err
		}
		row, err := RowOf(l)
		if err != nil {
			return err
		}
		if rows = append(rows, row); len(rows) == batch {
			if err := apply(l.Index + 1); err != nil {
				return err
			}
		}
	}
	if at == p.Point.Size {
		return nil
	}
	return apply(p.Point.Size)
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
	places, err := a.index.Find(ctx, q, nil, q.Limit+1)
	if err != nil {
		return nil, false, err
	}
	if more = len(places) > q.Limit; more {
		places = places[:q.Limit]
	}
	for _, p := range places {
		hit, err := a.check(r, q, p)
		if err != nil {
			return nil, false, err
		}
		hits = append(hits, hit)
	}
	return hits, more, ctx.Err()
}

// ErrDoctored says that the index names a record which is not what was asked for.
var ErrDoctored = fmt.Errorf("%w: the search index was changed; delete it, it is made anew from the log", auditverify.ErrBad)

func (a *Archive) check(r *audit.Reader, q Query, p Place) (Hit, error) {
	l, err := r.Prove(p.Log, p.Leaf)
	if err != nil {
		return Hit{}, fmt.Errorf("log %d: %w", p.Log, err)
	}
	row, err := RowOf(l)
	if err != nil {
		return Hit{}, err
	}
	if !q.Holds(row) {
		return Hit{}, fmt.Errorf("%w: leaf %d of log %d is not what was asked for", ErrDoctored, p.Leaf, p.Log)
	}
	return Hit{row, l}, nil
}

// Compare makes the index anew in another one, which must be empty, and says whether both are the same: an index that somebody took a record
// out of is not (ErrDoctored, wrapped).
func (a *Archive) Compare(ctx context.Context, fresh Index, progress func(done, total uint64)) error {
	again := New(a.dir, fresh)
	for { // until nothing was logged between the two
		if _, err := again.Update(ctx, progress); err != nil {
			return err
		}
		if _, err := a.Update(ctx, nil); err != nil {
			return err
		}
		is, err := a.index.Covered(ctx)
		if err != nil {
			return err
		}
		ought, err := fresh.Covered(ctx)
		if err != nil {
			return err
		}
		if slices.Equal(is, ought) {
			break
		}
	}
	got, err := a.index.Digest(ctx)
	if err != nil {
		return err
	}
	want, err := fresh.Digest(ctx)
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("%w: it does not hold what the log holds", ErrDoctored)
	}
	return nil
}
