package audit_test

import (
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	own "github.com/tidegate/tidegate/services/audit/witness"
	"github.com/tidegate/tidegate/shared/natstest"
)

// serveWitness runs our own witness for a log.
func serveWitness(t *testing.T, dir, logKey string) (policy []byte, stop func()) {
	t.Helper()
	w, err := own.New(own.Config{Dir: dir, Name: "witness.example.com/own", Logs: []string{logKey}})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(w)
	t.Cleanup(srv.Close)
	return w.Policy(srv.URL), srv.Close
}

// Everything that is ours is rolled back and other orders follow, signed with the real key: our own witness refuses as a
// foreign one does.
func TestOurOwnWitnessSignsOurLogAndNoFork(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	data, before, state := t.TempDir(), t.TempDir(), t.TempDir()
	cfg := config(data)
	public, err := audit.MakeKey(cfg.Dir, "")
	if err != nil {
		t.Fatal(err)
	}
	policyText, stop := serveWitness(t, state, public)
	cfg.Witnesses, cfg.Lag = policyText, 500*time.Millisecond
	grow(t, nc, cfg, 1, 2)
	copyDir(t, data, before)
	grow(t, nc, cfg, 3, 2)
	policy, err := auditverify.ParsePolicy(policyText)
	if err != nil {
		t.Fatal(err)
	}
	rep, err := audit.Verify(t.Context(), cfg.Dir, cfg.GuardDir, auditverify.Options{Policy: policy})
	if err != nil || len(rep.Witnesses) != 1 || time.Since(rep.Witnesses[0].At).Abs() > time.Hour {
		t.Errorf("verify with the witness: %v: %+v", err, rep)
	}

	forged := config(t.TempDir())
	if err := errors.Join(copyAll(filepath.Join(before, "audit"), forged.Dir), copyAll(filepath.Join(before, "guard"), forged.GuardDir)); err != nil {
		t.Fatal(err)
	}
	forged.Witnesses, forged.Lag = cfg.Witnesses, cfg.Lag
	other := natstest.Server(t)
	mark(t, other, forged)
	js := natstest.JetStream(t, other)
	decide(t, js, blocks(t, 1, 2, 25, 200))
	decide(t, js, blocks(t, 3, 4, 25, 333))
	unpublished(t, other, forged, 50)

	// The witness remembers across its own restarts.
	stop()
	again, _ := serveWitness(t, state, public)
	cfg.Witnesses = again
	grow(t, nc, cfg, 5, 2)
	if b, err := os.ReadFile(filepath.Join(cfg.Dir, "log", "checkpoint")); err != nil || !strings.Contains(string(b), "— witness.example.com/own ") {
		t.Errorf("%v: %s", err, b)
	}
}
