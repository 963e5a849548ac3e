package auditverify

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Bundle gives the leaves of entry bundle n, each proven to be under the checkpoint: for who reads many of them. The leaves share memory.
func (l *Log) Bundle(n uint64) ([][]byte, error) {
	if n*Width >= l.point.Size {
		return nil, fmt.Errorf("bundle %d: the checkpoint covers %d leaves", n, l.point.Size)
	}
	leaves, err := ReadBundle(l.files, n, l.point.Size)
	if err != nil {
		return nil, fmt.Errorf("bundle %d: %w", n, err)
	}
	want := make([]int64, min(Width, l.point.Size-n*Width))
	for i := range want {
		want[i] = tlog.StoredHashIndex(0, int64(n*Width)+int64(i)) //nolint:gosec // bounded by the size
	}
	tree := tlog.Tree{N: int64(l.point.Size), Hash: l.point.Root} //nolint:gosec // sizes are below 2^62
	hashes, err := tlog.TileHashReader(tree, tiles{l.files, l.point.Size}).ReadHashes(want)
	if err != nil {
		return nil, fmt.Errorf("%w: bundle %d: %w", ErrBad, n, err)
	}
	if len(leaves) < len(hashes) {
		return nil, fmt.Errorf("%w: bundle %d: %d leaves, want %d", ErrBad, n, len(leaves), len(hashes))
	}
	for i, h := range hashes {
		if tlog.RecordHash(leaves[i]) != h {
			return nil, fmt.Errorf("%w: leaf %d is not under the checkpoint", ErrBad, n*Width+uint64(i)) //nolint:gosec // not negative
		}
	}
	return leaves[:len(hashes)], nil
}
