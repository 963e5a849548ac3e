package audit_test

import (
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/shared/natstest"
)

// flips is how many places are tried.
const flips = 2000

// One flipped bit anywhere in what the checkpoint covers is found. What the log's own library keeps for itself is no
// part of the log: its lock files, its state (which the start checks, see TestTampering), the tiles of smaller sizes
// that it has yet to tidy away, and its note of when it did that last.
func TestEveryFlippedBitIsFound(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	cfg := config(t.TempDir())
	want := blocks(t, 1, 12, 25, 100)
	want[3][2], want[9][1] = decided(t, "large", 70<<10), decided(t, "larger", 90<<10)
	decide(t, natstest.JetStream(t, nc), want)
	s, stop := start(t, nc, cfg)
	until(t, "receipts", func() bool { return s.Leaves() == total(want) })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	verify(t, cfg, "good")
	files := covered(t, cfg)
	rng := rand.New(rand.NewPCG(7, 8)) //nolint:gosec // the places need not be secret
	for i := range flips {
		name := files[i%len(files)] // every file alike, however small
		old, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		at, bit := rng.IntN(len(old)), byte(1)<<rng.IntN(8)
		old[at] ^= bit
		overwrite(t, name, old)
		if rep, err := audit.Verify(t.Context(), cfg.Dir, cfg.GuardDir, auditverify.Options{}); err == nil {
			t.Errorf("bit %08b of byte %d of %s was flipped and nothing found: %+v", bit, at, name, rep)
		}
		old[at] ^= bit
		overwrite(t, name, old)
	}
	verify(t, cfg, "good")
}

// overwrite changes a file in place, also one that is read-only.
func overwrite(tb testing.TB, name string, b []byte) {
	tb.Helper()
	if err := os.Chmod(name, 0o644); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(name, b, 0o644); err != nil {
		tb.Fatal(err)
	}
}

// covered lists the files that hold what the published checkpoint covers, and the checkpoint, and the blobs.
func covered(tb testing.TB, cfg audit.Config) (files []string) {
	tb.Helper()
	point, err := audit.Published(cfg.Dir)
	if err != nil {
		tb.Fatal(err)
	}
	last := point.Size / auditverify.Width
	rest := int(point.Size % auditverify.Width)
	log := filepath.Join(cfg.Dir, "log")
	files = append(files, filepath.Join(log, auditverify.CheckpointFile))
	for n := range last {
		files = append(files, filepath.Join(log, auditverify.BundlePath(n, 0)), filepath.Join(log, auditverify.TilePath(0, n, 0)))
	}
	files = append(files, filepath.Join(log, auditverify.BundlePath(last, rest)), filepath.Join(log, auditverify.TilePath(0, last, rest)),
		filepath.Join(log, auditverify.TilePath(1, 0, int(last))))
	err = filepath.WalkDir(filepath.Join(cfg.Dir, "blobs"), func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasSuffix(name, ".new") {
			files = append(files, name)
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return files
}
