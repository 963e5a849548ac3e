// Package auditverify checks a copied audit log offline, with nothing but golang.org/x/mod and the schemas: the signed
// checkpoint, every leaf up to it, every hash between the two, that no case is missing, and each case's own chain.
package auditverify

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"sort"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/tidegate/tidegate/schemas/event"
)

// The two ways a verification fails.
var (
	ErrBad      = errors.New("log is bad")      // what is there contradicts itself, its key, or a kept checkpoint
	ErrUnusable = errors.New("log is unusable") // it cannot be judged: no checkpoint, no key, not readable
)

// maxFaults ends a verification: more faults say no more.
const maxFaults = 20

// Options say what to check a log against.
type Options struct {
	Key      string                       // the log's verifier key, "name+hash+base64"; got outside the log's own machine where it can be
	Kept     [][]byte                     // checkpoints kept from before: the log must still contain what they cover
	Policy   *Policy                      // witnesses that must have signed the checkpoint; nil when none must
	Blobs    fs.FS                        // the blob store, for cases too large for a leaf; nil when there is none
	Progress func(done, total uint64)     // called now and then with the leaves checked, from one goroutine; may be nil
	Workers  int                          // goroutines that hash; as many as there are processors when 0
	Each     func(i uint64, l event.Leaf) // called with every leaf's header in the log's order; may be nil

	next *event.Restore // what the first leaf of the log that goes on after this one says; nil when none does
}

// Dir verifies the log in a directory. The error is nil for a good log, else ErrBad or ErrUnusable (wrapped); the
// report says what was found in any case. The directory may be in use: what is checked is the state its checkpoint
// names.
func Dir(ctx context.Context, dir string, o Options) (Report, error) {
	return FS(ctx, os.DirFS(dir), o)
}

// FS is Dir for any file system.
func FS(ctx context.Context, log fs.FS, o Options) (Report, error) {
	v := &verifier{log: log, opts: o}
	err := v.open()
	if err == nil {
		err = v.leaves(ctx)
	}
	v.report.Verdict = verdict(err)
	return v.report, err
}

type verifier struct {
	log    fs.FS
	opts   Options
	point  Checkpoint
	kept   []Checkpoint // by size
	tree   tree
	levels [][]tlog.Hash // hashes of the open tile of each level above the lowest
	places places
	named  []naming // packs and snapshots, in the order of the first leaf that names them
	report Report
}

// open reads the checkpoint and those kept from before.
func (v *verifier) open() error {
	raw, err := fs.ReadFile(v.log, CheckpointFile)
	if err != nil {
		return fmt.Errorf("%w: no checkpoint: %w", ErrUnusable, err)
	}
	if _, err := note.NewVerifier(strings.TrimSpace(v.opts.Key)); err != nil {
		return fmt.Errorf("%w: log key: %w", ErrUnusable, err)
	}
	if v.point, err = OpenCheckpoint(raw, v.opts.Key); err != nil {
		return v.bad(err)
	}
	v.report.Origin, v.report.Size, v.report.Checkpoint = v.point.Origin, v.point.Size, string(raw)
	v.report.Root = base64.StdEncoding.EncodeToString(v.point.Root[:])
	if v.opts.Policy != nil {
		var ok bool
		if v.report.Witnesses, ok = v.opts.Policy.Check(raw); !ok {
			return v.bad(errors.New("the checkpoint does not carry the quorum of its witnesses"))
		}
	}
	if err := v.ended(); err != nil {
		return err
	}
	for _, raw := range v.opts.Kept {
		c, err := OpenCheckpoint(raw, v.opts.Key)
		if err != nil {
			return fmt.Errorf("%w: kept checkpoint: %w", ErrUnusable, err)
		}
		if c.Size > v.point.Size+v.report.Lost {
			return v.bad(fmt.Errorf("log was rolled back: a kept checkpoint has size %d, its own %d", c.Size, v.point.Size))
		}
		if c.Size <= v.point.Size { // what is above it was declared lost
			v.kept = append(v.kept, c)
		}
	}
	sort.Slice(v.kept, func(i, j int) bool { return v.kept[i].Size < v.kept[j].Size })
	return nil
}

// ended checks a log that another one goes on after: it must be as it was when that was declared.
func (v *verifier) ended() error {
	n := v.opts.next
	if n == nil {
		return nil
	}
	if n.Log != v.point.Origin || strings.TrimSpace(n.Key) != strings.TrimSpace(v.opts.Key) {
		return v.bad(fmt.Errorf("the log after it goes on from %s under another key", n.Log))
	}
	if n.Leaves != v.point.Size {
		return v.bad(fmt.Errorf("it has %d leaves, but %d when the log after it was begun", v.point.Size, n.Leaves))
	}
	for _, raw := range []string{n.Found, n.Trusted} {
		if raw == "" {
			continue
		}
		c, err := OpenCheckpoint([]byte(raw), v.opts.Key)
		if err != nil {
			return v.bad(fmt.Errorf("checkpoint named by the log after it: %w", err))
		}
		v.opts.Kept = append(v.opts.Kept, c.Raw)
		if c.Size > n.Leaves {
			v.report.Lost = c.Size - n.Leaves
		}
	}
	return nil
}

func (v *verifier) bad(err error) error {
	v.fault(nil, err)
	return fmt.Errorf("%w: %w", ErrBad, err)
}

func (v *verifier) fault(leaf *uint64, err error) {
	v.report.Faults = append(v.report.Faults, Fault{Leaf: leaf, Text: err.Error()})
}

// bundle is one entry bundle's outcome, computed on its own.
type bundle struct {
	n      uint64
	hashes []tlog.Hash
	heads  []event.Leaf
	named  []naming // packs and snapshots
	faults []Fault
	err    error // it could not be read at all
}

// leaves checks every bundle in parallel and what binds them together in order.
func (v *verifier) leaves(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for b := range v.bundles(ctx) {
		if b.err != nil {
			return b.err
		}
		v.take(b)
		if len(v.report.Faults) >= maxFaults {
			break
		}
		if v.opts.Progress != nil {
			v.opts.Progress(v.tree.size, v.point.Size)
		}
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", ErrUnusable, err)
	}
	if len(v.report.Faults) == 0 {
		v.end()
	}
	v.report.LastSequence, v.report.Open = v.places.last.sequence, v.places.open()
	v.report.FirstSequence, v.report.Displaced = v.places.first, v.places.displaced
	if n := len(v.report.Faults); n > 0 {
		return fmt.Errorf("%w: %s", ErrBad, v.report.Faults[0])
	}
	return nil
}

// bundles computes the bundles on all processors and gives them in order; a few are in memory at a time.
func (v *verifier) bundles(ctx context.Context) <-chan bundle {
	workers := cmp.Or(v.opts.Workers, runtime.GOMAXPROCS(0))
	total := (v.point.Size + Width - 1) / Width
	order := make(chan chan bundle, 2*workers)
	desks := make(chan *desk, workers)
	for range workers {
		desks <- newDesk(v.log)
	}
	go func() {
		defer close(order)
		for n := range total {
			done := make(chan bundle, 1)
			select {
			case order <- done:
			case <-ctx.Done():
				return
			}
			d := <-desks
			go func() {
				done <- v.compute(d, n)
				desks <- d
			}()
		}
	}()
	out := make(chan bundle)
	go func() {
		defer close(out)
		for done := range order {
			select {
			case out <- <-done:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

// compute checks all that can be said of one bundle without the others.
func (v *verifier) compute(d *desk, n uint64) bundle {
	b := bundle{n: n}
	leaves, err := readBundle(d.read, n, v.point.Size)
	if err != nil {
		b.fail(fmt.Errorf("bundle %d: %w", n, err))
		return b
	}
	b.hashes, b.heads = make([]tlog.Hash, len(leaves)), make([]event.Leaf, len(leaves))
	var beyond error
	for i, leaf := range leaves {
		b.hashes[i] = d.leafHash(leaf)
		if v.opts.Blobs != nil {
			b.name(i, leaf)
		}
		b.heads[i], err = checkLeaf(leaf, v.opts.Blobs)
		switch {
		case err == nil:
		case beyondUs(err):
			beyond = fmt.Errorf("%w: leaf %d: %w", ErrUnusable, n*Width+uint64(i), err)
		default:
			b.faultAt(i, err)
		}
	}
	b.compare(v.log, v.point.Size)
	if len(b.faults) == 0 {
		b.err = beyond
	}
	return b
}

// beyondUs tells what this program cannot judge from what is wrong: the blob store was not given, or a later version of
// Tidegate wrote the leaf.
func beyondUs(err error) bool {
	return errors.Is(err, errNoBlobs) || errors.Is(err, event.ErrLeafVersion)
}

// compare checks the leaves' hashes against the lowest tile.
func (b *bundle) compare(log fs.FS, size uint64) {
	tile, err := readTile(log, 0, b.n, size)
	if err != nil {
		b.fail(fmt.Errorf("tile %d: %w", b.n, err))
		return
	}
	for i, h := range b.hashes {
		if tlog.Hash(tile[i*hashSize:(i+1)*hashSize]) != h {
			b.faultAt(i, errors.New("its bytes do not have the hash that the tile above it states"))
			return
		}
	}
}

// fail tells a file that is missing or malformed, which is bad, from one that cannot be read.
func (b *bundle) fail(err error) {
	if errors.Is(err, fs.ErrPermission) {
		b.err = fmt.Errorf("%w: %w", ErrUnusable, err)
		return
	}
	b.faults = append(b.faults, Fault{Text: err.Error()})
}

func (b *bundle) faultAt(i int, err error) {
	at := b.n*Width + uint64(i)
	b.faults = append(b.faults, Fault{Leaf: &at, Text: err.Error()})
}

// take puts the next bundle into the tree and checks its leaves' places.
func (v *verifier) take(b bundle) {
	v.report.Faults = append(v.report.Faults, b.faults...)
	for _, n := range b.named {
		v.names(n)
	}
	for i, l := range b.heads {
		at := b.n*Width + uint64(i)
		v.count(at, l)
		if v.opts.Each != nil {
			v.opts.Each(at, l)
		}
		if l.Line == "" {
			continue // its header could not be read, which was said
		}
		if err := v.places.add(l); err != nil {
			v.fault(&at, err)
		}
	}
	v.grow(b.hashes)
}

func (v *verifier) count(at uint64, l event.Leaf) {
	switch l.Kind {
	case event.LeafRefusal:
		v.report.Refusals++
	case event.LeafDecision:
		v.report.Decisions++
	case event.LeafControl:
		v.report.Controls++
	case event.LeafLicense:
		v.report.Licenses++
	case event.LeafNote:
		v.report.Notes++
	case event.LeafGap:
		v.report.Gaps = append(v.report.Gaps, Gap{at, l.Sequence, l.To, l.At})
	case event.LeafAccept:
		v.report.Accepts++
	case event.LeafRestore:
		v.report.restored(v.log, v.point.Size)
	}
	if l.SHA256 != "" {
		v.report.Blobs++
	}
	if v.report.FirstAt == "" {
		v.report.FirstAt = l.At
	}
	v.report.LastAt = l.At
}

// grow appends a bundle's leaf hashes to the tree, leaf by leaf only where a kept checkpoint ends inside it.
func (v *verifier) grow(hashes []tlog.Hash) {
	v.keep()
	inside := len(v.kept) > 0 && v.kept[0].Size < v.tree.size+uint64(len(hashes))
	if len(hashes) < Width || inside {
		for _, h := range hashes {
			v.tree.add(0, h)
			v.keep()
		}
	}
	if len(hashes) < Width {
		return
	}
	root := perfectRoot(hashes)
	if !inside {
		v.tree.add(8, root)
	}
	v.raise(1, root)
}

// keep compares the tree with the kept checkpoints of its present size.
func (v *verifier) keep() {
	for len(v.kept) > 0 && v.kept[0].Size == v.tree.size {
		if v.kept[0].Root != v.tree.root() {
			v.fault(nil, fmt.Errorf("log is not the one of a kept checkpoint: its first %d leaves are others", v.tree.size))
		} else {
			v.report.Kept = append(v.report.Kept, v.tree.size)
		}
		v.kept = v.kept[1:]
	}
}

// raise adds the root of a full tile to the tile above it, and checks that one when it is full.
func (v *verifier) raise(level int, root tlog.Hash) {
	if len(v.levels) < level {
		v.levels = append(v.levels, nil)
	}
	open := append(v.levels[level-1], root)
	if len(open) == Width {
		v.checkTile(level, open)
		v.raise(level+1, perfectRoot(open))
		open = open[:0]
	}
	v.levels[level-1] = open
}

// checkTile compares the hashes of the tile that ends the tree's level with the file.
func (v *verifier) checkTile(level int, hashes []tlog.Hash) {
	n := (v.tree.size>>(8*level) - 1) / Width
	tile, err := readTile(v.log, level, n, v.point.Size)
	if err != nil {
		v.fault(nil, fmt.Errorf("tile %d of level %d: %w", n, level, err))
		return
	}
	for i, h := range hashes {
		if tlog.Hash(tile[i*hashSize:(i+1)*hashSize]) != h {
			v.fault(nil, fmt.Errorf("%s: hash %d is not the one of the tile below it", TilePath(level, n, 0), i))
			return
		}
	}
}

// end checks what can be said only of the whole.
func (v *verifier) end() {
	for i, open := range v.levels {
		if len(open) > 0 {
			v.checkTile(i+1, open)
		}
	}
	v.keep()
	if root := v.tree.root(); root != v.point.Root {
		v.fault(nil, fmt.Errorf("the leaves have root %s, the checkpoint states %s", root, v.point.Root))
	}
	v.archived()
	if err := v.places.end(); err != nil {
		v.fault(nil, err)
	}
	if v.places.begun && v.places.first != 1 && !v.places.restored {
		v.fault(nil, fmt.Errorf("log begins at block %d, not at 1", v.places.first))
	}
}
