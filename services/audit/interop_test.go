package audit_test

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/client"
	"golang.org/x/mod/sumdb/note"

	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/shared/natstest"
)

// The log's files are read by the library's own client, and its proofs of our receipts hold.
func TestOthersReadAndProveTheLog(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	cfg := config(t.TempDir())
	grow(t, nc, cfg, 1, 21)
	files := client.FileFetcher{Root: filepath.Join(cfg.Dir, "log")}
	verifier, err := note.NewVerifier(key(t, cfg))
	if err != nil {
		t.Fatal(err)
	}
	point, _, _, err := client.FetchCheckpoint(t.Context(), files.ReadCheckpoint, verifier, "tidegate/audit")
	if err != nil || point.Size != 525 {
		t.Fatalf("checkpoint %+v: %v", point, err)
	}
	builder, err := client.NewProofBuilder(t.Context(), point.Size, files.ReadTile)
	if err != nil {
		t.Fatal(err)
	}
	ours := leaves(t, cfg)
	for _, r := range records(t, natstest.JetStream(t, nc)) {
		hash := rfc6962.DefaultHasher.HashLeaf(ours[r.Leaf])
		if r.LeafHash != hex.EncodeToString(hash) {
			t.Fatalf("receipt %d states another leaf hash", r.Leaf)
		}
		nodes, err := builder.InclusionProof(t.Context(), r.Leaf)
		if err != nil {
			t.Fatal(err)
		}
		if err := proof.VerifyInclusion(rfc6962.DefaultHasher, r.Leaf, point.Size, hash, nodes, point.Hash); err != nil {
			t.Fatalf("leaf %d: %v", r.Leaf, err)
		}
	}
}

func TestCasesAreReadBackByBlock(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	cfg := config(t.TempDir())
	grow(t, nc, cfg, 1, 21)
	for _, from := range []uint64{0, 1, 2, 11, 21, 22} {
		want := int(max(from, 1)-1) * 25
		for l, err := range audit.ReadCases(t.Context(), cfg.Dir, from) {
			if err != nil {
				t.Fatal(err)
			}
			if l.Index != uint64(want) || l.Leaf.Sequence != uint64(want/25+1) {
				t.Fatalf("from %d: leaf %d of block %d where %d was next", from, l.Index, l.Leaf.Sequence, want)
			}
			want++
		}
		if want != 525 {
			t.Errorf("from %d: read up to %d", from, want)
		}
	}
}

func TestAnOrderIsFoundWithAndWithoutTheIndex(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	cfg := config(t.TempDir())
	js := natstest.JetStream(t, nc)
	want := blocks(t, 1, 70, 250, 0) // 17,500 leaves: a segment of the index and some
	decide(t, js, want)
	s, stop := start(t, nc, cfg)
	until(t, "receipts", func() bool { return s.Leaves() == total(want) })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(cfg.Dir, "index.db")
	find := func(id string, leaf uint64) {
		t.Helper()
		found, point, err := audit.Find(t.Context(), cfg.Dir, id)
		if err != nil || len(found) != 1 || found[0].Index != leaf || point.Size != total(want) {
			t.Fatalf("%s: %d found: %v", id, len(found), err)
		}
	}
	all := func() {
		t.Helper()
		find("o-1-0", 0)
		find("o-33-17", 32*250+17)
		find("ev-o-33-6", 32*250+6) // a refusal, by its event
		find("o-70-248", 69*250+248)
	}
	st, err := os.Stat(name)
	if err != nil || st.Size() != 2*16384*16 {
		t.Fatalf("index: %v, %v", st, err)
	}
	all()
	built, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	all()
	if found, _, err := audit.Find(t.Context(), cfg.Dir, "nobody"); err != nil || len(found) != 0 {
		t.Errorf("nobody: %d found: %v", len(found), err)
	}
	// It is built again from the log.
	again, stop := start(t, nc, cfg)
	until(t, "receipts", func() bool { return again.Leaves() == total(want) })
	until(t, "the index", func() bool { b, err := os.ReadFile(name); return err == nil && string(b) == string(built) })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}
