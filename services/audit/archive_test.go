package audit_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/natstest"
)

// under is a case that names a snapshot and a pack, with pad bytes of facts.
func under(tb testing.TB, id, snapshot, pack string, pad int) event.Case {
	tb.Helper()
	c := event.NewCase(decided(tb, id, 0).Line(0))
	c = c.With(encode(tb, event.Facts{Line: event.LineFacts, V: 1, Prev: event.Digest(c.Last()), Snapshot: snapshot, Failed: strings.Repeat("x", pad)}))
	return c.With(encode(tb, event.Judgement{Line: event.LineJudgement, V: 1, Prev: event.Digest(c.Last()), Outcome: event.Release, Pack: event.PackRef{ID: "us", Version: "1", Digest: pack}}))
}

func put(tb testing.TB, js jetstream.JetStream, object string) string {
	tb.Helper()
	digest, err := bus.PutObject(tb.Context(), js, "test", []byte(object))
	if err != nil {
		tb.Fatal(err)
	}
	return digest
}

func TestWhatRecordsNameIsArchived(t *testing.T) {
	t.Parallel()
	cfg, nc := config(t.TempDir()), natstest.Server(t)
	js := natstest.JetStream(t, nc)
	rows, lists := put(t, js, "rows"), put(t, js, "lists")
	snapshot, pack := put(t, js, rows+"\n"+lists+"\n"), put(t, js, "pack")
	missing := strings.Repeat("ab", 32)
	decide(t, js, [][]event.Case{{under(t, "1", snapshot, pack, 0)}, {under(t, "2", snapshot, missing, event.MaxLeafSize)}})
	s, stop := start(t, nc, cfg)
	until(t, "two receipts", func() bool { return s.Leaves() == 2 })
	for digest, want := range map[string]string{rows: "rows", lists: "lists", pack: "pack"} {
		if b, err := audit.ArchivedObject(cfg.Dir, digest); err != nil || string(b) != want {
			t.Errorf("%q, %v, want %q", b, err, want)
		}
	}
	verify := func() (auditverify.Report, error) {
		return audit.Verify(t.Context(), cfg.Dir, cfg.GuardDir, auditverify.Options{})
	}
	if rep, err := verify(); err != nil || rep.Archived != 4 || len(rep.Lacks) != 0 {
		// The pack that is lacking is named by a case in the blob store only, whose lines are not looked at.
		t.Errorf("%+v %v", rep, err)
	}
	// One that the archive never had, named by a leaf itself, is a note; it is archived at a later start, when it is there.
	late := event.Digest([]byte("late"))
	decide(t, js, [][]event.Case{{under(t, "3", snapshot, late, 0)}})
	until(t, "the third receipt", func() bool { return s.Leaves() == 3 })
	if rep, err := verify(); err != nil || len(rep.Lacks) != 1 || !strings.Contains(rep.Lacks[0], late) {
		t.Errorf("%+v %v", rep, err)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	put(t, js, "late")
	decide(t, js, [][]event.Case{{under(t, "4", snapshot, late, 0)}})
	s, _ = start(t, nc, cfg)
	until(t, "the fourth receipt", func() bool { return s.Leaves() == 4 })
	if rep, err := verify(); err != nil || len(rep.Lacks) != 0 || rep.Archived != 5 {
		t.Errorf("%+v %v", rep, err)
	}
	// What was archived and is gone, or is other than it was, is bad.
	file := filepath.Join(cfg.Dir, "blobs", auditverify.BlobPath(lists))
	if err := os.Rename(file, file+".away"); err != nil {
		t.Fatal(err)
	}
	if _, err := verify(); !errors.Is(err, auditverify.ErrBad) {
		t.Errorf("gone: %v", err)
	}
	if err := os.WriteFile(file, []byte("lists!"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := verify(); !errors.Is(err, auditverify.ErrBad) {
		t.Errorf("other bytes: %v", err)
	}
}
