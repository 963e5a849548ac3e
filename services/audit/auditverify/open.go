package auditverify

import (
	"fmt"
	"io/fs"
	"iter"
	"sort"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/tidegate/tidegate/schemas/event"
)

// Log reads single leaves of a log directory under one of its checkpoints.
type Log struct {
	files fs.FS
	point Checkpoint
	tree  Checkpoint // the published one, which the files are of; point, save after Before
}

// Open reads and checks the published checkpoint.
func Open(files fs.FS, key string) (*Log, error) {
	raw, err := fs.ReadFile(files, CheckpointFile)
	if err != nil {
		return nil, fmt.Errorf("%w: no checkpoint: %w", ErrUnusable, err)
	}
	point, err := OpenCheckpoint(raw, key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBad, err)
	}
	return &Log{files: files, point: point, tree: point}, nil
}

// Checkpoint is the one the log was opened at.
func (l *Log) Checkpoint() Checkpoint { return l.point }

// Before gives the log as it was under an earlier checkpoint of its own. ErrBad (wrapped) says that it does not go on from
// that one.
func (l *Log) Before(checkpoint []byte, key string) (*Log, error) {
	point, err := OpenCheckpoint(checkpoint, key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBad, err)
	}
	root, err := l.RootAt(point.Size)
	if err != nil {
		return nil, err
	}
	if root != point.Root {
		return nil, fmt.Errorf("%w: its first %d leaves have root %s, an earlier checkpoint states %s", ErrBad, point.Size, root, point.Root)
	}
	return &Log{files: l.files, point: point, tree: l.tree}, nil
}

// hashes reads what proofs are made of, each checked against the published root.
func (l *Log) hashes() tlog.HashReader {
	return tlog.TileHashReader(tlog.Tree{N: int64(l.tree.Size), Hash: l.tree.Root}, tiles{l.files, l.tree.Size})
}

// Prove gives the leaf at an index once its inclusion under the checkpoint is proven from the tiles.
func (l *Log) Prove(index uint64) ([]byte, error) {
	if index >= l.point.Size {
		return nil, fmt.Errorf("leaf %d: the checkpoint covers %d leaves", index, l.point.Size)
	}
	leaves, err := ReadBundle(l.files, index/Width, l.tree.Size)
	if err != nil {
		return nil, fmt.Errorf("leaf %d: %w", index, err)
	}
	leaf := leaves[index%Width]
	size := int64(l.point.Size)
	proof, err := tlog.ProveRecord(size, int64(index), l.hashes())
	if err != nil {
		return nil, fmt.Errorf("%w: leaf %d: %w", ErrBad, index, err)
	}
	if err := tlog.CheckRecord(proof, size, l.point.Root, int64(index), tlog.RecordHash(leaf)); err != nil {
		return nil, fmt.Errorf("%w: leaf %d is not under the checkpoint: %w", ErrBad, index, err)
	}
	return leaf, nil
}

// RootAt is the root over the log's first leaves, proven from the tiles under the checkpoint: what a checkpoint of that
// size must state.
func (l *Log) RootAt(size uint64) (tlog.Hash, error) {
	if size > l.point.Size {
		return tlog.Hash{}, fmt.Errorf("%w: it has %d leaves, not %d", ErrBad, l.point.Size, size)
	}
	root, err := tlog.TreeHash(int64(size), l.hashes())
	if err != nil {
		return root, fmt.Errorf("%w: root at %d leaves: %w", ErrBad, size, err)
	}
	return root, nil
}

// Leaves gives the leaves from an index on, up to the checkpoint, as they are on disk: not proven.
func (l *Log) Leaves(from uint64) iter.Seq2[Leaf, error] { return Leaves(l.files, from, l.point.Size) }

// Find is the index of the first leaf of a block, by bisection: as many leaves are read as the size has bits.
func (l *Log) Find(sequence uint64) (uint64, error) {
	var fail error
	bundles := (l.point.Size + Width - 1) / Width
	n := sort.Search(int(bundles), func(n int) bool {
		leaves, err := ReadBundle(l.files, uint64(n), l.point.Size)
		if err != nil {
			fail = err
			return true
		}
		head, _, err := event.ParseLeaf(leaves[0])
		if err != nil {
			fail = err
		}
		return head.Sequence >= sequence
	})
	// Swapped batches may put a leaf of the block before the bundle found: step back as far as they can be displaced.
	back := uint64(maxDisplaced/Width + 1)
	return (uint64(n) - min(uint64(n), back)) * Width, fail
}

// Leaf is one entry of the log. Data is not copied: it keeps its whole bundle in memory.
type Leaf struct {
	Index uint64
	Data  []byte
}

// Leaves gives the leaves [from, size) of a log directory as they are on disk: not proven. An error ends it.
func Leaves(files fs.FS, from, size uint64) iter.Seq2[Leaf, error] {
	return func(yield func(Leaf, error) bool) {
		for n := from / Width; n*Width < size; n++ {
			leaves, err := ReadBundle(files, n, size)
			if err != nil {
				yield(Leaf{Index: max(from, n*Width)}, err)
				return
			}
			for i, data := range leaves {
				if at := n*Width + uint64(i); at >= from && !yield(Leaf{at, data}, nil) {
					return
				}
			}
		}
	}
}

// tiles lets x/mod's proofs read the tiles where C2SP's layout has them.
type tiles struct {
	files fs.FS
	size  uint64
}

func (t tiles) Height() int { return 8 }

func (t tiles) ReadTiles(want []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(want))
	for i, tile := range want {
		b, err := readTile(t.files, tile.L, uint64(tile.N), t.size)
		if err != nil {
			return nil, err
		}
		if len(b) < tile.W*hashSize {
			return nil, fmt.Errorf("tile %d of level %d: %d bytes, want %d hashes", tile.N, tile.L, len(b), tile.W)
		}
		out[i] = b[:tile.W*hashSize]
	}
	return out, nil
}

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}
