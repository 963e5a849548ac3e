package audit

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/tidegate/tidegate/services/audit/auditverify"
)

// Reader reads an audit directory's logs under the checkpoints that were published when it was made: leaf by leaf, for who keeps
// an index of them.
type Reader struct {
	logs []opened

	mu   sync.Mutex
	near place    // bundle of the leaf proven last
	kept [][]byte // its leaves, proven, once two in a row were asked for; else nil
}

// place is a bundle of a log.
type place struct {
	number int
	bundle uint64
}

// NewReader reads the published checkpoints. It may be made while audit runs.
func NewReader(dir string) (*Reader, error) {
	all, err := openAll(dir)
	return &Reader{logs: all}, err
}

// Part is one of the logs that count, oldest first.
type Part struct {
	Number int // of the log, from 1
	Point  auditverify.Checkpoint
}

// Parts lists the logs that count.
func (r *Reader) Parts() []Part {
	out := make([]Part, len(r.logs))
	for i, l := range r.logs {
		out[i] = Part{l.n, l.files.Checkpoint()}
	}
	return out
}

// Leaves gives the leaves of a log from an index on, as they are on disk: not proven. Those that do not count, because the next log
// holds their blocks, are passed over. An error ends it.
func (r *Reader) Leaves(ctx context.Context, number int, from uint64) iter.Seq2[Logged, error] {
	return func(yield func(Logged, error) bool) {
		log, err := r.log(number)
		if err != nil {
			yield(Logged{}, err)
			return
		}
		for l, err := range log.logged(ctx, from, log.files.Checkpoint().Size) {
			if err == nil && !log.counts(l.Leaf) {
				continue
			}
			if !yield(l, err) || err != nil {
				return
			}
		}
	}
}

// Whole gives every leaf of a log that counts, proven together: where those on disk are not the ones under the checkpoint, an error (ErrBad,
// wrapped) follows the last of them. An error ends it.
func (r *Reader) Whole(ctx context.Context, number int) iter.Seq2[Logged, error] {
	return func(yield func(Logged, error) bool) {
		log, err := r.log(number)
		if err != nil {
			yield(Logged{}, err)
			return
		}
		point := log.files.Checkpoint()
		tree := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
		for l, err := range log.logged(ctx, 0, point.Size) {
			if err == nil {
				err = tree.Append(l.LeafHash(), nil)
			}
			if err == nil && !log.counts(l.Leaf) {
				continue
			}
			if !yield(l, err) || err != nil {
				return
			}
		}
		if err := proven(tree, point); err != nil {
			yield(Logged{}, err)
		}
	}
}

// Prove gives the leaf at an index of a log, proven to be under its checkpoint.
func (r *Reader) Prove(number int, index uint64) (Logged, error) {
	log, err := r.log(number)
	if err != nil {
		return Logged{}, err
	}
	leaves, err := r.bundle(log, place{number, index / auditverify.Width})
	if err != nil {
		return Logged{Index: index}, err
	}
	if at := index % auditverify.Width; at < uint64(len(leaves)) {
		l, err := log.openLeaf(log.name(), index, leaves[at])
		point := log.files.Checkpoint()
		l.Under = &point
		return l, err
	}
	return log.prove(log.files, index)
}

// bundle gives the leaves of a bundle that was asked for before, proven together: who reads many in a row reads each file once.
func (r *Reader) bundle(log opened, at place) ([][]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if at != r.near {
		r.near, r.kept = at, nil
		return nil, nil
	}
	if r.kept == nil {
		leaves, err := log.files.Bundle(at.bundle)
		if err != nil {
			return nil, err
		}
		r.kept = leaves
	}
	return r.kept, nil
}

// Proof writes the proof that the leaf at an index of a log is under its checkpoint (C2SP tlog-proof).
func (r *Reader) Proof(number int, index uint64) ([]byte, error) {
	log, err := r.log(number)
	if err != nil {
		return nil, err
	}
	return log.files.Proof(index)
}

// Stamped is the first timestamped checkpoint that covers a leaf, proven to be one of its log's own: its size and the authority's time. Whether
// the authority is to be trusted is judged by who verifies the token. found is false where nothing was timestamped since. exported is
// where checkpoints are copied besides the audit directory; may be empty.
func (r *Reader) Stamped(number int, index uint64, exported string) (size uint64, at time.Time, found bool, err error) {
	log, err := r.log(number)
	if err != nil {
		return 0, at, false, err
	}
	stamps, err := timestamps(log.shard, exported)
	if err != nil {
		return 0, at, false, err
	}
	n := slices.IndexFunc(stamps, func(s stamped) bool { return s.size > index && s.size <= log.files.Checkpoint().Size })
	if n < 0 {
		return 0, at, false, nil
	}
	s, err := stamps[n].read()
	if err != nil {
		return 0, at, false, err
	}
	key, err := PublicKey(log.dir)
	if err != nil {
		return 0, at, false, err
	}
	before, err := log.files.Before(s.Point.Raw, key)
	if err != nil {
		return 0, at, false, fmt.Errorf("timestamped checkpoint: %w", err)
	}
	at, err = time.Parse(time.RFC3339, s.At)
	return before.Checkpoint().Size, at, err == nil, err
}

// RootAt is the root over a log's first leaves, proven: what a checkpoint of that size states.
func (r *Reader) RootAt(number int, size uint64) (string, error) {
	log, err := r.log(number)
	if err != nil {
		return "", err
	}
	root, err := log.files.RootAt(size)
	return root.String(), err
}

func (r *Reader) log(number int) (opened, error) {
	for _, l := range r.logs {
		if l.n == number {
			return l, nil
		}
	}
	return opened{}, fmt.Errorf("%w: there is no log %d that counts", auditverify.ErrBad, number)
}
