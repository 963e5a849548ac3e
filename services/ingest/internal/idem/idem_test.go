package idem_test

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/tidegate/tidegate/services/ingest/internal/idem"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(tb testing.TB, file, stream string) *idem.Index {
	tb.Helper()
	x, err := idem.Open(file, stream, math.MaxUint64)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = x.Close() })
	return x
}

func key(n uint64) (d idem.Digest) {
	binary.BigEndian.PutUint64(d[:], n)
	return d
}

func taken(n, seq uint64) idem.Taken {
	return idem.Taken{Key: key(n), Entry: idem.Entry{Content: key(n + 1000), Sequence: seq}}
}

func find(t *testing.T, x *idem.Index, keys ...uint64) (seqs []uint64) {
	t.Helper()
	var digests []idem.Digest
	for _, n := range keys {
		digests = append(digests, key(n))
	}
	found, err := x.Find(digests)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range found {
		switch {
		case e == nil:
			seqs = append(seqs, 0)
		case e.Content != key(keys[i]+1000):
			t.Errorf("key %d has content %x", keys[i], e.Content)
		default:
			seqs = append(seqs, e.Sequence)
		}
	}
	return seqs
}

func TestKeysAreFoundInMemoryInTheFileAndAfterARestart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "keys")
	x := open(t, file, "a")
	if err := x.Apply(1, []idem.Taken{taken(1, 1), taken(2, 1)}); err != nil {
		t.Fatal(err)
	}
	if err := x.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := x.Apply(2, []idem.Taken{taken(3, 2)}); err != nil {
		t.Fatal(err)
	}
	want := []uint64{1, 2, 0, 1}
	if diff := cmp.Diff(want, find(t, x, 1, 3, 4, 2)); diff != "" {
		t.Error("open:", diff)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	x = open(t, file, "a")
	if diff := cmp.Diff(want, find(t, x, 1, 3, 4, 2)); diff != "" {
		t.Error("opened again:", diff)
	}
	if x.Covered() != 2 {
		t.Errorf("covers %d, want 2", x.Covered())
	}
}

func TestAnotherStreamStartsEmpty(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "keys")
	x := open(t, file, "a")
	if err := x.Apply(1, []idem.Taken{taken(1, 1)}); err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	x = open(t, file, "b")
	if diff := cmp.Diff([]uint64{0}, find(t, x, 1)); diff != "" || x.Covered() != 0 {
		t.Errorf("covers %d: %s", x.Covered(), diff)
	}
}

func TestABlockThatDoesNotFollowIsRefused(t *testing.T) {
	t.Parallel()
	x := open(t, filepath.Join(t.TempDir(), "keys"), "a")
	if err := x.Apply(2, nil); err == nil {
		t.Error("block 2 on an empty index was applied")
	}
}

// BenchmarkIndex is what a key costs: looked up as new, applied, and written, on top of a million keys.
func BenchmarkIndex(b *testing.B) {
	x := open(b, filepath.Join(b.TempDir(), "keys"), "a")
	seq := uint64(0)
	block := func(size int) []idem.Taken {
		seq++
		out := make([]idem.Taken, size)
		for i := range out {
			binary.NativeEndian.PutUint64(out[i].Key[:], rand.Uint64())
			out[i].Sequence = seq
		}
		return out
	}
	for range 20 {
		add := block(50_000)
		if err := x.Apply(seq, add); err != nil {
			b.Fatal(err)
		}
		if err := x.Flush(); err != nil {
			b.Fatal(err)
		}
	}
	keys := make([]idem.Digest, 64)
	b.ResetTimer()
	for n := 0; n < b.N; n += len(keys) {
		add := block(len(keys))
		for i := range add {
			keys[i] = add[i].Key
		}
		if _, err := x.Find(keys); err != nil {
			b.Fatal(err)
		}
		if err := x.Apply(seq, add); err != nil {
			b.Fatal(err)
		}
	}
	if err := x.Flush(); err != nil {
		b.Fatal(err)
	}
}
