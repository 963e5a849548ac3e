package audit_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/natstest"
)

// refused runs audit, which must refuse and say so with these words and a way out.
func refused(t *testing.T, nc *nats.Conn, cfg audit.Config, words string) {
	t.Helper()
	s, err := audit.New(nc, cfg)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Run(t.Context())
	if !errors.Is(err, audit.ErrRefused) || !strings.Contains(err.Error(), words) || !strings.Contains(err.Error(), "audit accept") {
		t.Fatalf("want a refusal with %q and a way out, got: %v", words, err)
	}
}

// heads are the headers of the published leaves.
func heads(tb testing.TB, cfg audit.Config) (out []event.Leaf) {
	tb.Helper()
	for _, leaf := range leaves(tb, cfg) {
		head, _, err := event.ParseLeaf(leaf)
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, head)
	}
	return out
}

func TestTheGuardLivesOutsideTheDataDirectory(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	cfg := config(t.TempDir())
	cfg.GuardDir = ""
	grow(t, nc, cfg, 1, 2)
	dir, err := audit.GuardDir(cfg.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(dir, os.Getenv("XDG_STATE_HOME")) {
		t.Errorf("the guard is in %s", dir)
	}
	if _, err := os.Stat(filepath.Join(dir, "guard.json")); err != nil {
		t.Error(err)
	}
	rep, err := audit.Verify(t.Context(), cfg.Dir, "", auditverify.Options{})
	if err != nil || len(rep.Kept) != 1 {
		t.Errorf("verify does not find the guard: %v, %v", rep.Kept, err)
	}
}

func TestAHighWaterMarkThatMovedIsRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		tamper func(t *testing.T, nc *nats.Conn, cfg audit.Config, before string) error
		words  string
	}{
		{"the bucket's key deleted", func(t *testing.T, nc *nats.Conn, _ audit.Config, _ string) error {
			t.Helper()
			kv, err := natstest.JetStream(t, nc).KeyValue(t.Context(), subject.GuardBucket)
			return errors.Join(err, kv.Delete(t.Context(), subject.GuardKey))
		}, "gone from the server's bucket"},
		{"the bucket deleted and made anew", func(t *testing.T, nc *nats.Conn, _ audit.Config, _ string) error {
			t.Helper()
			js := natstest.JetStream(t, nc)
			return errors.Join(js.DeleteKeyValue(t.Context(), subject.GuardBucket), bus.Apply(t.Context(), js, bus.Limits{}))
		}, "gone from the server's bucket"},
		{"the bucket's checkpoint another log's", func(t *testing.T, nc *nats.Conn, _ audit.Config, _ string) error {
			t.Helper()
			kv, err := natstest.JetStream(t, nc).KeyValue(t.Context(), subject.GuardBucket)
			if err != nil {
				return err
			}
			_, err = kv.Put(t.Context(), subject.GuardKey, []byte("tidegate/audit\n1\nAAAA\n"))
			return err
		}, "not of this log"},
		{"the guard's directory rolled back", func(_ *testing.T, _ *nats.Conn, cfg audit.Config, before string) error {
			return copyAll(filepath.Join(before, "guard"), cfg.GuardDir)
		}, "was rolled back to 100 leaves"},
		{"the log and the guard's directory rolled back", func(_ *testing.T, _ *nats.Conn, cfg audit.Config, before string) error {
			return errors.Join(copyAll(filepath.Join(before, "guard"), cfg.GuardDir), copyAll(filepath.Join(before, "audit"), cfg.Dir))
		}, "was rolled back to 100 leaves"},
		{"the guard's directory gone", func(_ *testing.T, _ *nats.Conn, cfg audit.Config, _ string) error {
			return os.RemoveAll(cfg.GuardDir)
		}, "is gone"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			nc, data, before := natstest.Server(t), t.TempDir(), t.TempDir()
			cfg := config(data)
			grow(t, nc, cfg, 1, 4)
			copyDir(t, data, before)
			grow(t, nc, cfg, 5, 4)
			if err := tt.tamper(t, nc, cfg, before); err != nil {
				t.Fatal(err)
			}
			refused(t, nc, cfg, tt.words)
		})
	}
}

func TestAHighWaterMarkThatMovesWhileAuditRunsStopsIt(t *testing.T) {
	t.Parallel()
	for name, move := range map[string]func(testing.TB, *nats.Conn, audit.Config){
		"in the bucket": mark,
		"in the directory": func(tb testing.TB, _ *nats.Conn, cfg audit.Config) {
			tb.Helper()
			if err := edit(filepath.Join(cfg.GuardDir, "guard.json"), func(b []byte) []byte { return append(b, '\n') }); err != nil {
				tb.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nc := natstest.Server(t)
			cfg := config(t.TempDir())
			decide(t, natstest.JetStream(t, nc), blocks(t, 1, 2, 10, 100))
			s, err := audit.New(nc, cfg)
			if err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- s.Run(t.Context()) }()
			until(t, "receipts", func() bool { return s.Leaves() == 20 })
			move(t, nc, cfg)
			decide(t, natstest.JetStream(t, nc), blocks(t, 3, 2, 10, 100))
			if err := <-ended; !errors.Is(err, audit.ErrRefused) || !strings.Contains(err.Error(), "changed by somebody else") {
				t.Fatal(err)
			}
			if got := len(records(t, natstest.JetStream(t, nc))); got != 20 {
				t.Errorf("%d receipts went out", got)
			}
		})
	}
}

func TestADeclaredRestoreStandsInTheLog(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	cfg := config(t.TempDir())
	grow(t, nc, cfg, 1, 4)
	point, err := os.ReadFile(filepath.Join(cfg.Dir, "log", "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	js := natstest.JetStream(t, nc)
	if err := errors.Join(js.DeleteKeyValue(t.Context(), subject.GuardBucket), bus.Apply(t.Context(), js, bus.Limits{})); err != nil {
		t.Fatal(err)
	}
	refused(t, nc, cfg, "gone from the server's bucket")
	if _, err := audit.Accept(t.Context(), cfg, auditverify.Options{}); err != nil {
		t.Fatal(err)
	}
	decide(t, js, blocks(t, 5, 2, 25, 100))
	for range 2 { // the second start must not write it again
		s, stop := start(t, nc, cfg)
		until(t, "receipts", func() bool { return s.Leaves() == 151 })
		if err := stop(); err != nil {
			t.Fatal(err)
		}
	}
	var said event.Accept
	for i, leaf := range leaves(t, cfg) {
		head, body, err := event.ParseLeaf(leaf)
		if err != nil {
			t.Fatal(err)
		}
		if (head.Kind == event.LeafAccept) != (i == 100) {
			t.Fatalf("leaf %d is of kind %s", i, head.Kind)
		}
		if i == 100 {
			if err := json.Unmarshal(body, &said); err != nil {
				t.Fatal(err)
			}
		}
	}
	if said.Trusted != string(point) || said.Accepted != string(point) {
		t.Errorf("accept leaf %+v", said)
	}
	if recs := records(t, js); len(recs) != 151 || recs[100].Kind != event.LeafAccept {
		t.Errorf("%d receipts", len(recs))
	}
	verify(t, cfg, "good")
}
