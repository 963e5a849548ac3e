package guard

import (
	"errors"
	"fmt"
	"testing"

	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/tlog"
)

func hash(i int) []byte { return rfc6962.DefaultHasher.HashLeaf(fmt.Appendf(nil, "leaf %d", i)) }

// root computes a tree's root with another implementation.
func root(t *testing.T, n int) []byte {
	t.Helper()
	var stored []tlog.Hash
	read := tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(at))
		for i, a := range at {
			out[i] = stored[a]
		}
		return out, nil
	})
	for i := range n {
		more, err := tlog.StoredHashesForRecordHash(int64(i), tlog.Hash(hash(i)), read)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, more...)
	}
	h, err := tlog.TreeHash(int64(n), read)
	if err != nil {
		t.Fatal(err)
	}
	return h[:]
}

func TestEveryRootOfOurLeavesIsTakenAndNoOther(t *testing.T) {
	t.Parallel()
	g, err := Resume(State{})
	if err != nil {
		t.Fatal(err)
	}
	size := 0
	for _, next := range []int{0, 1, 2, 7, 8, 64, 65, 300} {
		for ; size < next; size++ {
			g.Add(hash(size))
		}
		if err := g.Advance(uint64(next), root(t, next), []byte("note")); err != nil {
			t.Fatalf("size %d: %v", next, err)
		}
		if g, err = Resume(g.State()); err != nil { // as after a restart
			t.Fatal(err)
		}
	}
	if err := g.Advance(299, root(t, 299), nil); !errors.Is(err, ErrDoubt) {
		t.Errorf("a smaller tree: %v", err)
	}
	if err := g.Advance(301, root(t, 301), nil); !errors.Is(err, ErrDoubt) {
		t.Errorf("a tree with a leaf that is not ours: %v", err)
	}
	g.Add([]byte("another leaf's hash, 32 bytes long"))
	if err := g.Advance(301, root(t, 301), nil); !errors.Is(err, ErrDoubt) {
		t.Errorf("another leaf: %v", err)
	}
}

func TestAStateThatIsNoTreeIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := Resume(State{Size: 3, Hashes: [][]byte{hash(0)}}); err == nil {
		t.Error("taken")
	}
}

func BenchmarkLeaf(b *testing.B) {
	g, err := Resume(State{})
	if err != nil {
		b.Fatal(err)
	}
	h := hash(1)
	for i := range b.N {
		g.Add(h)
		if i%1024 == 1023 {
			if err := g.extend(1024); err != nil {
				b.Fatal(err)
			}
		}
	}
}
