package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit/auditverify"
)

// Logged is a case as the log has it.
type Logged struct {
	Log    string                  // name of the log, where it is not the first
	Number int                     // of the log, from 1
	Index  uint64                  // of its leaf in that log
	Leaf   event.Leaf              // where it came from
	Case   event.Case              // its exact bytes
	Under  *auditverify.Checkpoint // the published checkpoint of that log; nil where none was asked for

	data []byte // the leaf's own bytes
}

// Bytes are the leaf's exact bytes.
func (l Logged) Bytes() []byte { return l.data }

// LeafHash is the RFC 6962 hash of the leaf.
func (l Logged) LeafHash() []byte { return rfc6962.DefaultHasher.HashLeaf(l.data) }

// ReadCases gives the cases that an audit directory's published logs hold, from a block on, in the order they were logged. It
// is what the streams no longer have: ingest's index and replay are made from it. It may run while audit does. Read from the
// first block on, the leaves are proven together: where they are not those under the checkpoint, an error (ErrBad,
// wrapped) follows the last of them. An error ends it.
func ReadCases(ctx context.Context, dir string, fromSequence uint64) iter.Seq2[Logged, error] {
	return read(ctx, dir, fromSequence, func(l event.Leaf) bool { return l.HasCase() && l.Sequence >= fromSequence })
}

// ReadBlocks is ReadCases with the gaps, too: leaves without a case that say which blocks were lost.
func ReadBlocks(ctx context.Context, dir string, fromSequence uint64) iter.Seq2[Logged, error] {
	return read(ctx, dir, fromSequence, func(l event.Leaf) bool {
		return l.HasCase() && l.Sequence >= fromSequence || l.Kind == event.LeafGap && l.To >= fromSequence
	})
}

// read gives the wanted leaves of every log, of an older one those that count.
func read(ctx context.Context, dir string, fromSequence uint64, want func(event.Leaf) bool) iter.Seq2[Logged, error] {
	return func(yield func(Logged, error) bool) {
		all, err := shards(dir)
		if err != nil {
			yield(Logged{}, err)
			return
		}
		for _, sh := range all {
			if sh.until <= fromSequence {
				continue
			}
			if !sh.read(ctx, fromSequence, func(l event.Leaf) bool { return sh.counts(l) && want(l) }, yield) {
				return
			}
		}
	}
}

// read gives the wanted leaves, beginning with the bundle in which a block may begin. It says whether to go on with the
// next log.
func (s shard) read(ctx context.Context, fromSequence uint64, want func(event.Leaf) bool, yield func(Logged, error) bool) bool {
	log, err := s.open()
	if err != nil || log == nil {
		return err == nil || yield(Logged{}, err) && false
	}
	from, err := log.Find(fromSequence)
	if err != nil {
		yield(Logged{}, err)
		return false
	}
	point := log.Checkpoint()
	tree := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
	for l, err := range s.logged(ctx, from, point.Size) {
		if err == nil && from == 0 {
			err = tree.Append(l.LeafHash(), nil)
		}
		if err == nil && !want(l.Leaf) {
			continue
		}
		if !yield(l, err) || err != nil {
			return false
		}
	}
	if err := proven(tree, point); err != nil && from == 0 {
		yield(Logged{}, err)
		return false
	}
	return true
}

// open opens the log; nil when it does not count: it was abandoned, or declared and has not begun.
func (s shard) open() (*auditverify.Log, error) {
	if s.leaves == 0 {
		return nil, nil //nolint:nilnil // there is nothing to read and nothing wrong
	}
	log, err := openLog(s.dir)
	if s.restore != nil && errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // as above
	}
	return log, err
}

// proven says whether a tree is the one a checkpoint states.
func proven(tree *compact.Range, point auditverify.Checkpoint) error {
	if point.Size == 0 {
		return nil
	}
	root, err := tree.GetRootHash(nil)
	if err != nil {
		return fmt.Errorf("root of the leaves read: %w", err)
	}
	if !bytes.Equal(root, point.Root[:]) {
		return fmt.Errorf("%w: the leaves on disk are not those under the checkpoint; \"tidegate audit verify\" says which", auditverify.ErrBad)
	}
	return nil
}

// logged gives the leaves [from, size) opened.
func (s shard) logged(ctx context.Context, from, size uint64) iter.Seq2[Logged, error] {
	return func(yield func(Logged, error) bool) {
		name := s.name()
		for leaf, err := range auditverify.Leaves(os.DirFS(s.log()), from, size) {
			l := Logged{Index: leaf.Index}
			if err == nil {
				l, err = s.openLeaf(name, leaf.Index, leaf.Data)
			}
			if err == nil && leaf.Index%auditverify.Width == 0 {
				err = ctx.Err()
			}
			if !yield(l, err) || err != nil {
				return
			}
		}
	}
}

// prove gives the leaf at an index, proven to be under the checkpoint.
func (s shard) prove(log *auditverify.Log, at uint64) (Logged, error) {
	data, err := log.Prove(at)
	if err != nil {
		return Logged{Index: at}, err
	}
	l, err := s.openLeaf(s.name(), at, data)
	point := log.Checkpoint()
	l.Under = &point
	return l, err
}

func (s shard) openLeaf(name string, index uint64, data []byte) (Logged, error) {
	head, c, err := auditverify.OpenLeaf(data, s.blobs())
	if err != nil {
		return Logged{Index: index}, fmt.Errorf("leaf %d: %w", index, err)
	}
	return Logged{Log: name, Number: s.n, Index: index, Leaf: head, Case: c, data: data}, nil
}

func openLog(dir string) (*auditverify.Log, error) {
	key, err := PublicKey(dir)
	if err != nil {
		return nil, err
	}
	return auditverify.Open(os.DirFS(filepath.Join(dir, logName)), key)
}

// PublicKey reads the key that verifies the log of an audit directory. It proves no more than the directory's own
// consistency: an auditor holds it from elsewhere.
func PublicKey(dir string) (string, error) {
	b, err := os.ReadFile(filepath.Join(dir, pubName))
	if err != nil {
		return "", fmt.Errorf("%w: log key: %w", auditverify.ErrUnusable, err)
	}
	return string(b), nil
}

// Verify checks every log of an audit directory whole, also against the guard's kept checkpoints and those given. It
// works on a directory in use. A guardDir of "" is where GuardDir says; that there is no guard is noted.
func Verify(ctx context.Context, dir, guardDir string, o auditverify.Options) (auditverify.Report, error) {
	if guardDir == "" {
		guardDir, _ = GuardDir(dir)
	}
	dirs, err := auditverify.LogDirs(dir)
	if err != nil {
		return auditverify.Report{Verdict: "bad"}, err
	}
	// The guard's checkpoint is read first: what is published later is never smaller.
	guarded := false
	for i := range dirs {
		_, st, found, err := openKeeper(guardDir, i+1)
		if err != nil {
			return auditverify.Report{Verdict: "unusable"}, fmt.Errorf("%w: guard: %w", auditverify.ErrUnusable, err)
		}
		if len(st.Checkpoint) > 0 {
			o.Kept = append(o.Kept, st.Checkpoint)
		}
		guarded = found
	}
	rep, err := auditverify.All(ctx, dir, o)
	if !guarded {
		rep.Lacks = append(rep.Lacks, fmt.Sprintf("no guard's state in %s: what was verified before is not known, and the log was checked against itself and the checkpoints given", guardDir))
	}
	return rep, err
}

// Published reads and checks the published checkpoint of an audit directory's newest log.
func Published(dir string) (auditverify.Checkpoint, error) {
	sh, err := current(dir)
	if err != nil {
		return auditverify.Checkpoint{}, err
	}
	log, err := openLog(sh.dir)
	if err != nil {
		return auditverify.Checkpoint{}, err
	}
	return log.Checkpoint(), nil
}
