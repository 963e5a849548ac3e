package audit_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/shared/natstest"
)

// python checks a leaf with some lines of Python; ok is what it finds of signature and inclusion.
func python(t *testing.T, leaf, proof, key string) string {
	t.Helper()
	tools(t, "python3", "openssl")
	b, err := exec.Command("python3", filepath.Join("testdata", "check_proof.py"), leaf, proof, key).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	return strings.TrimSpace(string(b))
}

func TestAProofIsCheckedWithoutUs(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	cfg := config(t.TempDir())
	grow(t, nc, cfg, 1, 21)
	out := t.TempDir()
	for _, id := range []string{"o-1-0", "o-11-5", "o-21-24"} { // the first leaf, one in the second bundle, the last
		if said, code := command(t, "proof", "--data", filepath.Dir(cfg.Dir), "--out", out, id); code != 0 {
			t.Fatalf("exit %d: %s", code, said)
		}
		found, err := audit.Prove(t.Context(), cfg.Dir, id)
		if err != nil || len(found) != 1 {
			t.Fatalf("%s: %v", id, err)
		}
		p := found[0]
		if index, point, err := auditverify.CheckProof(p.Proof, p.Leaf, key(t, cfg)); err != nil || index != p.Index || point.Size != 525 {
			t.Errorf("%s: leaf %d of %d: %v", id, index, point.Size, err)
		}
		changed := flip(100)(p.Leaf)
		if _, _, err := auditverify.CheckProof(p.Proof, changed, key(t, cfg)); !errors.Is(err, auditverify.ErrBad) {
			t.Errorf("a changed leaf: %v", err)
		}
		names, err := filepath.Glob(filepath.Join(out, "*.leaf"))
		if err != nil || len(names) != 1 {
			t.Fatal(names, err)
		}
		leaf, proof := names[0], strings.TrimSuffix(names[0], ".leaf")+".tlog-proof"
		if b, err := os.ReadFile(leaf); err != nil || !bytes.Equal(b, p.Leaf) {
			t.Errorf("%s: the written leaf is not the logged one: %v", id, err)
		}
		pub := filepath.Join(cfg.Dir, "key.pub")
		if got := python(t, leaf, proof, pub); got != "signature True inclusion True" {
			t.Errorf("%s: %s", id, got)
		}
		overwrite(t, leaf, changed)
		if got := python(t, leaf, proof, pub); got != "signature True inclusion False" {
			t.Errorf("%s changed: %s", id, got)
		}
		if err := edit(proof, func(b []byte) []byte { return bytes.Replace(b, []byte("\n525\n"), []byte("\n526\n"), 1) }); err != nil {
			t.Fatal(err)
		}
		if got := python(t, leaf, proof, pub); !strings.HasPrefix(got, "signature False") {
			t.Errorf("%s, another size: %s", id, got)
		}
		if err := errors.Join(os.Remove(leaf), os.Remove(proof)); err != nil {
			t.Fatal(err)
		}
	}
}
