package auditverify

import (
	"crypto/sha256"

	"golang.org/x/mod/sumdb/tlog"
)

// tree is the right edge of a Merkle tree that grows: the roots of its perfect subtrees, largest first, one per set
// bit of size. It needs no more than 64 hashes for any log.
type tree struct {
	size  uint64
	edges []tlog.Hash
}

// add appends a perfect subtree of 1<<level leaves; size must be a multiple of that.
func (t *tree) add(level int, root tlog.Hash) {
	for n := t.size >> level; n&1 == 1; n >>= 1 {
		last := len(t.edges) - 1
		root = tlog.NodeHash(t.edges[last], root)
		t.edges = t.edges[:last]
	}
	t.edges = append(t.edges, root)
	t.size += 1 << level
}

// root is the tree's root hash as a checkpoint states it.
func (t *tree) root() tlog.Hash {
	if t.size == 0 {
		return sha256.Sum256(nil)
	}
	root := t.edges[len(t.edges)-1]
	for i := len(t.edges) - 2; i >= 0; i-- {
		root = tlog.NodeHash(t.edges[i], root)
	}
	return root
}

// perfectRoot is the root over a power of two of hashes. It overwrites them.
func perfectRoot(hashes []tlog.Hash) tlog.Hash {
	for n := len(hashes); n > 1; n /= 2 {
		for i := range n / 2 {
			hashes[i] = tlog.NodeHash(hashes[2*i], hashes[2*i+1])
		}
	}
	return hashes[0]
}
