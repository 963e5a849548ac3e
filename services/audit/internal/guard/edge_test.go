package guard_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/tidegate/tidegate/services/audit/internal/guard"
)

func leaf(i int) []byte { return rfc6962.DefaultHasher.HashLeaf(fmt.Appendf(nil, "leaf %d", i)) }

// root is the root over leaves 0 to n-1, computed from nothing.
func root(t *testing.T, n int) []byte {
	t.Helper()
	r := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
	for i := range n {
		if err := r.Append(leaf(i), nil); err != nil {
			t.Fatal(err)
		}
	}
	if n == 0 {
		return rfc6962.DefaultHasher.EmptyRoot()
	}
	sum, err := r.GetRootHash(nil)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func resumed(t *testing.T, s guard.State) *guard.Guard {
	t.Helper()
	g, err := guard.Resume(s)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestGuardFollowsItsOwnLeavesThroughEverySizeAndRestart(t *testing.T) {
	t.Parallel()
	g := resumed(t, guard.State{})
	for n := 1; n <= 70; n++ {
		g.Add(leaf(n - 1))
		if all, err := g.Root(); err != nil || !bytes.Equal(all, root(t, n)) { // asking must not change what is known
			t.Fatalf("root over %d leaves: %x, %v", n, all, err)
		}
		if n%3 == 0 {
			if err := g.Advance(uint64(n), root(t, n), nil); err != nil {
				t.Fatal(err)
			}
			g = resumed(t, g.State())
		}
	}
}

func TestGuardDoubts(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]struct {
		size uint64
		root []byte
	}{
		"a smaller tree":                    {2, root(t, 2)},
		"more leaves than ours":             {9, root(t, 9)},
		"other leaves of the same number":   {5, root(t, 4)},
		"the verified tree with new leaves": {4, root(t, 3)},
	} {
		g := resumed(t, guard.State{})
		for i := range 5 {
			g.Add(leaf(i))
		}
		if err := g.Advance(3, root(t, 3), nil); err != nil {
			t.Fatal(err)
		}
		if err := g.Advance(at.size, at.root, nil); !errors.Is(err, guard.ErrDoubt) {
			t.Errorf("%s: got %v, want ErrDoubt", name, err)
		}
	}
}
