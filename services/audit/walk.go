package audit

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"slices"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/tidegate/tidegate/services/audit/auditverify"
)

// Point is the published state of a log under which its leaves are read.
type Point struct {
	Log    int    `json:"log"` // number, from 1
	Leaves uint64 `json:"leaves"`
	Root   string `json:"root"` // base64, as in the checkpoint
}

// Points are those of the logs that count, as published now.
func Points(dir string) ([]Point, error) {
	all, err := shards(dir)
	if err != nil {
		return nil, err
	}
	var out []Point
	for _, sh := range all {
		log, err := sh.open()
		if err != nil {
			return nil, err
		}
		if log != nil {
			p := log.Checkpoint()
			out = append(out, Point{sh.n, p.Size, base64.StdEncoding.EncodeToString(p.Root[:])})
		}
	}
	return out, nil
}

// WalkMark is a place between two leaves with what was read before it, so that a walk goes on there and is proven all the same.
type WalkMark struct {
	Log    int      `json:"log"`
	Leaf   uint64   `json:"leaf"`             // the next
	Hashes [][]byte `json:"hashes,omitempty"` // compact range of the leaves before it
}

// Step is the cases of one bundle of leaves and the mark behind it.
type Step struct {
	Cases []Logged
	Mark  WalkMark
}

// Walk gives the cases that the logs of an audit directory hold under their points, a bundle at a time, from a mark on: of the zero
// mark all. It may run while audit does. Every leaf is hashed into its tree: where the leaves are not those under the point, or
// the log no longer goes on from it, an error (auditverify.ErrBad, wrapped) follows the last of that log. An error ends it.
func Walk(ctx context.Context, dir string, points []Point, from WalkMark) iter.Seq2[Step, error] {
	return func(yield func(Step, error) bool) {
		all, err := shards(dir)
		if err != nil {
			yield(Step{}, err)
			return
		}
		for _, p := range points {
			if p.Log < from.Log || p.Log > len(all) {
				continue
			}
			w, err := all[p.Log-1].walk(p, from)
			if err != nil {
				yield(Step{}, err)
				return
			}
			for s, err := range w.steps(ctx) {
				if !yield(s, err) || err != nil {
					return
				}
			}
		}
	}
}

// walk is the way through one log.
type walk struct {
	shard
	point Point
	next  uint64
	tree  *compact.Range
	name  string
}

func (s shard) walk(p Point, from WalkMark) (*walk, error) {
	log, err := openLog(s.dir)
	if err != nil {
		return nil, err
	}
	root, err := log.RootAt(p.Leaves)
	if p.Leaves == 0 {
		err = nil
	} else if err == nil && base64.StdEncoding.EncodeToString(root[:]) != p.Root {
		err = fmt.Errorf("%w: log %d no longer goes on from the %d leaves that were published when this began", auditverify.ErrBad, p.Log, p.Leaves)
	}
	if err != nil {
		return nil, err
	}
	w := &walk{shard: s, point: p, name: s.name()}
	factory := &compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	if w.tree = factory.NewEmptyRange(0); from.Log == p.Log && from.Leaf > 0 {
		w.next = from.Leaf
		if w.tree, err = factory.NewRange(0, from.Leaf, from.Hashes); err != nil {
			return nil, fmt.Errorf("walk: the mark at leaf %d: %w", from.Leaf, err)
		}
	}
	return w, nil
}

// steps gives bundle after bundle, and at the end an error where the leaves are not those under the point.
func (w *walk) steps(ctx context.Context) iter.Seq2[Step, error] {
	return func(yield func(Step, error) bool) {
		files := os.DirFS(w.log())
		for w.next < w.point.Leaves {
			s, err := w.bundle(ctx, files)
			if !yield(s, err) || err != nil {
				return
			}
		}
		if err := w.proven(); err != nil {
			yield(Step{}, err)
		}
	}
}

func (w *walk) proven() error {
	if w.point.Leaves == 0 {
		return nil
	}
	root, err := w.tree.GetRootHash(nil)
	if err != nil {
		return fmt.Errorf("root of the leaves read: %w", err)
	}
	want, err := base64.StdEncoding.DecodeString(w.point.Root)
	if err != nil || !bytes.Equal(root, want) {
		return fmt.Errorf("%w: the leaves on disk are not those under the checkpoint; \"tidegate audit verify\" says which", auditverify.ErrBad)
	}
	return nil
}

// bundle reads the next bundle, or the rest of one.
func (w *walk) bundle(ctx context.Context, files fs.FS) (Step, error) {
	if err := ctx.Err(); err != nil {
		return Step{}, err
	}
	leaves, err := auditverify.ReadBundle(files, w.next/auditverify.Width, w.point.Leaves)
	if err != nil {
		return Step{}, err
	}
	s := Step{Cases: make([]Logged, 0, len(leaves))}
	for _, data := range leaves[w.next%auditverify.Width:] {
		if err := w.tree.Append(rfc6962.DefaultHasher.HashLeaf(data), nil); err != nil {
			return s, fmt.Errorf("leaf %d: %w", w.next, err)
		}
		l, err := w.openLeaf(w.name, w.next, data)
		if err != nil {
			return s, err
		}
		if w.next++; w.counts(l.Leaf) && l.Leaf.HasCase() {
			s.Cases = append(s.Cases, l)
		}
	}
	s.Mark = WalkMark{w.point.Log, w.next, slices.Clone(w.tree.Hashes())}
	return s, nil
}
