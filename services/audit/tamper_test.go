package audit_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/nats-io/nats.go"
	"golang.org/x/mod/sumdb/note"

	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/shared/natstest"
)

func verify(tb testing.TB, cfg audit.Config, verdict string) {
	tb.Helper()
	rep, err := audit.Verify(tb.Context(), cfg.Dir, cfg.GuardDir, auditverify.Options{})
	if rep.Verdict != verdict || (err == nil) != (verdict == "good") {
		tb.Fatalf("verdict %q (%v), want %q: %+v", rep.Verdict, err, verdict, rep.Faults)
	}
}

// grow logs n more blocks of 25 cases and stops.
func grow(tb testing.TB, nc *nats.Conn, cfg audit.Config, from, n int) {
	tb.Helper()
	decide(tb, natstest.JetStream(tb, nc), blocks(tb, from, n, 25, 200))
	s, stop := start(tb, nc, cfg)
	until(tb, "receipts", func() bool { return s.Leaves() == uint64(from-1+n)*25 })
	if err := stop(); err != nil {
		tb.Fatal(err)
	}
}

func edit(name string, with func([]byte) []byte) error {
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	return os.WriteFile(name, with(b), 0o644)
}

func flip(at int) func([]byte) []byte {
	return func(b []byte) []byte {
		b = bytes.Clone(b)
		b[(at+len(b))%len(b)] ^= 1
		return b
	}
}

func copyDir(tb testing.TB, from, to string) {
	tb.Helper()
	if err := copyAll(from, to); err != nil {
		tb.Fatal(err)
	}
}

func copyAll(from, to string) error {
	return errors.Join(os.RemoveAll(to), os.CopyFS(to, os.DirFS(from)))
}

// Whatever is done to the directory of 750 leaves, of which 500 were there before, is found.
func TestTampering(t *testing.T) {
	t.Parallel()
	type trial struct {
		name     string
		tamper   func(log, before string) error // before is a copy of the log at size 500
		verdict  string                         // of verify
		runs     bool                           // audit itself starts; what it does not read it cannot see
		accepted bool                           // accept takes it, and audit runs again
	}
	in := func(parts ...string) func(log string) string {
		return func(log string) string { return filepath.Join(append([]string{log}, parts...)...) }
	}
	bundle, tile, point, state := in("tile", "entries", "001"), in("tile", "0", "001"), in("checkpoint"), in(".state", "treeState")
	trials := []trial{
		{name: "nothing", tamper: func(string, string) error { return nil }, verdict: "good", runs: true, accepted: true},
		{name: "a bit of a full bundle", verdict: "bad", tamper: func(log, _ string) error { return edit(bundle(log), flip(777)) }},
		{name: "a bit of the length of a leaf", verdict: "bad", tamper: func(log, _ string) error { return edit(bundle(log), flip(1)) }},
		{name: "a bundle gone", verdict: "bad", tamper: func(log, _ string) error { return os.RemoveAll(bundle(log)) }},
		{name: "a bit of a hash tile", verdict: "bad", runs: true, tamper: func(log, _ string) error { return edit(tile(log), flip(99)) }},
		{name: "a hash tile gone", verdict: "bad", runs: true, tamper: func(log, _ string) error { return os.RemoveAll(tile(log)) }},
		{name: "a bit of the checkpoint's size", verdict: "bad", tamper: func(log, _ string) error { return edit(point(log), flip(len("tidegate/audit\n"))) }},
		{name: "a bit of the checkpoint's signature", verdict: "bad", tamper: func(log, _ string) error { return edit(point(log), flip(-3)) }},
		{name: "the checkpoint gone", verdict: "unusable", tamper: func(log, _ string) error { return os.RemoveAll(point(log)) }},
		{name: "an earlier checkpoint put back", verdict: "bad", tamper: func(log, before string) error { return restore(point, before, log) }},
		{name: "the state rolled back", verdict: "good", accepted: true, tamper: func(log, before string) error { return restore(state, before, log) }},
		{name: "the state gone", verdict: "good", accepted: true, tamper: func(log, _ string) error { return os.RemoveAll(filepath.Dir(state(log))) }},
		{name: "the state's root another", verdict: "good", accepted: true, tamper: func(log, _ string) error {
			return edit(state(log), func([]byte) []byte { return []byte(`{"size":750,"root":"AAAA"}`) })
		}},
		{name: "the whole log rolled back", verdict: "bad", tamper: func(log, before string) error { return copyAll(before, log) }},
		{name: "the whole log gone", verdict: "unusable", tamper: func(log, _ string) error { return os.RemoveAll(log) }},
		{name: "the guard's state gone", verdict: "good", accepted: true, tamper: func(log, _ string) error { return os.RemoveAll(guardOf(log)) }},
		{name: "the guard's state another", verdict: "good", accepted: true, tamper: func(log, _ string) error {
			return edit(filepath.Join(guardOf(log), "guard.json"), func([]byte) []byte { return []byte(`{"size":3,"hashes":[]}`) })
		}},
		{name: "the key gone", verdict: "good", tamper: func(log, _ string) error { return os.RemoveAll(filepath.Join(log, "..", "key")) }},
		{name: "the public key no key", verdict: "unusable", tamper: func(log, _ string) error { return edit(filepath.Join(log, "..", "key.pub"), flip(-5)) }},
		{name: "the keys another log's", verdict: "bad", tamper: func(log, _ string) error { return otherKeys(filepath.Dir(log)) }},
	}
	for _, tr := range trials {
		t.Run(tr.name, func(t *testing.T) {
			t.Parallel()
			nc := natstest.Server(t)
			cfg := config(t.TempDir())
			log, before := filepath.Join(cfg.Dir, "log"), filepath.Join(t.TempDir(), "before")
			grow(t, nc, cfg, 1, 20)
			copyDir(t, log, before)
			grow(t, nc, cfg, 21, 10)
			if err := tr.tamper(log, before); err != nil {
				t.Fatal(err)
			}
			verify(t, cfg, tr.verdict)
			try(t, nc, cfg, tr.runs)
			if tr.runs || !tr.accepted {
				return
			}
			_, err := audit.Accept(t.Context(), cfg, auditverify.Options{})
			if err != nil {
				t.Fatalf("accept: %v", err)
			}
			try(t, nc, cfg, true)
			verify(t, cfg, "good")
		})
	}
}

// try starts audit: it must get ready, or refuse.
func try(t *testing.T, nc *nats.Conn, cfg audit.Config, runs bool) {
	t.Helper()
	if runs {
		s, stop := start(t, nc, cfg)
		until(t, "ready", s.Ready)
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		return
	}
	s, err := audit.New(nc, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); !errors.Is(err, audit.ErrRefused) {
		t.Fatalf("audit ran on, or stopped without saying why: %v", err)
	}
}

// mark puts the published checkpoint into a server's bucket, as whoever controls the server can.
func mark(tb testing.TB, nc *nats.Conn, cfg audit.Config) {
	tb.Helper()
	point, err := os.ReadFile(filepath.Join(cfg.Dir, "log", "checkpoint"))
	if err != nil {
		tb.Fatal(err)
	}
	kv, err := natstest.JetStream(tb, nc).KeyValue(tb.Context(), subject.GuardBucket)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := kv.Put(tb.Context(), subject.GuardKey, point); err != nil {
		tb.Fatal(err)
	}
}

func otherKeys(dir string) error {
	secret, public, err := note.GenerateKey(rand.Reader, "tidegate/audit")
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "key"), []byte(secret), 0o600),
		os.WriteFile(filepath.Join(dir, "key.pub"), []byte(public), 0o644),
	)
}

// guardOf is the guard's directory of a fixture's log.
func guardOf(log string) string { return filepath.Join(log, "..", "..", "guard") }

func restore(in func(string) string, from, to string) error {
	b, err := os.ReadFile(in(from))
	if err != nil {
		return err
	}
	return os.WriteFile(in(to), b, 0o644)
}

// The log's own state is rolled back and grown to the same size with other leaves, by somebody with the key, while
// audit is stopped: the library itself signs that without a word.
func TestOtherLeavesOfTheSameSizeAreRefused(t *testing.T) {
	t.Parallel()
	cfg := config(t.TempDir())
	nc := natstest.Server(t)
	grow(t, nc, cfg, 1, 20)
	log, before := filepath.Join(cfg.Dir, "log"), filepath.Join(t.TempDir(), "before")
	copyDir(t, cfg.Dir, before)
	copyDir(t, cfg.GuardDir, before+".guard")
	grow(t, nc, cfg, 21, 10)

	// The forger's own server and guard, from the state before.
	forged := config(t.TempDir())
	copyDir(t, before, forged.Dir)
	copyDir(t, before+".guard", forged.GuardDir)
	other := natstest.Server(t)
	mark(t, other, forged)
	decide(t, natstest.JetStream(t, other), blocks(t, 1, 20, 25, 200))
	forge := blocks(t, 21, 10, 25, 333)
	decide(t, natstest.JetStream(t, other), forge)
	s, stop := start(t, other, forged)
	until(t, "receipts", func() bool { return s.Leaves() == 750 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	copyDir(t, filepath.Join(forged.Dir, "log"), log)
	verify(t, cfg, "bad")
	try(t, nc, cfg, false)

	// The guard's directory exchanged, too: no file knows better, but the server's bucket does.
	kept, err := os.ReadFile(filepath.Join(before, "log", "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	copyDir(t, forged.GuardDir, cfg.GuardDir)
	verify(t, cfg, "good")
	try(t, nc, cfg, false)
	// That as well: now only a checkpoint from after the fork, kept elsewhere, would show it.
	rep, err := audit.Verify(t.Context(), cfg.Dir, cfg.GuardDir, auditverify.Options{Kept: [][]byte{kept}})
	if err != nil || len(rep.Kept) != 2 {
		t.Errorf("a checkpoint from before the forgery is still contained: %v, %v", rep.Kept, err)
	}
}

// The whole log is built anew with the real key and other leaves, by somebody who starts from nothing: it is consistent in
// itself. Guard and bucket know better, and so does anybody who kept a checkpoint.
func TestALogBuiltAnewWithTheRealKeyIsRefused(t *testing.T) {
	t.Parallel()
	cfg := config(t.TempDir())
	nc := natstest.Server(t)
	grow(t, nc, cfg, 1, 4)
	kept, err := os.ReadFile(filepath.Join(cfg.Dir, "log", "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	forged, other := config(t.TempDir()), natstest.Server(t)
	if err := os.MkdirAll(forged.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"key", "key.pub"} {
		b, err := os.ReadFile(filepath.Join(cfg.Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(forged.Dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	decide(t, natstest.JetStream(t, other), blocks(t, 1, 6, 25, 333))
	s, stop := start(t, other, forged)
	until(t, "receipts", func() bool { return s.Leaves() == 150 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	verify(t, forged, "good") // by itself nothing is wrong with it
	copyDir(t, filepath.Join(forged.Dir, "log"), filepath.Join(cfg.Dir, "log"))
	verify(t, cfg, "bad")
	try(t, nc, cfg, false)
	copyDir(t, forged.GuardDir, cfg.GuardDir)
	try(t, nc, cfg, false)
	if rep, err := audit.Verify(t.Context(), cfg.Dir, cfg.GuardDir, auditverify.Options{Kept: [][]byte{kept}}); !errors.Is(err, auditverify.ErrBad) {
		t.Errorf("a kept checkpoint: %v: %+v", err, rep)
	}
}
