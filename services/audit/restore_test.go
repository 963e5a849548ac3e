package audit_test

import (
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
	"github.com/tidegate/tidegate/shared/natstest"
)

// rolled is a log of 200 leaves that lost the last 100 of them; their receipts went out.
func rolled(t *testing.T, nc *nats.Conn) audit.Config {
	t.Helper()
	cfg, before := config(t.TempDir()), t.TempDir()
	grow(t, nc, cfg, 1, 4)
	copyDir(t, cfg.Dir, before)
	grow(t, nc, cfg, 5, 4)
	copyDir(t, before, cfg.Dir)
	return cfg
}

// whole reads the history: every case of the blocks once, in order.
func whole(t *testing.T, cfg audit.Config, want [][]event.Case) (logs map[string]int) {
	t.Helper()
	logs = map[string]int{}
	block, place := 0, 0
	for l, err := range audit.ReadCases(t.Context(), cfg.Dir, 1) {
		if err != nil {
			t.Fatal(err)
		}
		if string(l.Case.Append(nil)) != string(want[block][place].Append(nil)) {
			t.Fatalf("leaf %d of log %q is not case %d of block %d", l.Index, l.Log, place, block+1)
		}
		logs[l.Log]++
		if place++; place == len(want[block]) {
			block, place = block+1, 0
		}
	}
	if block != len(want) || place != 0 {
		t.Fatalf("history ends with case %d of block %d", place, block+1)
	}
	return logs
}

func TestADeclaredRestoreBeginsANewLog(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	cfg := rolled(t, nc)
	js := natstest.JetStream(t, nc)
	refused(t, nc, cfg, "was rolled back: its checkpoint covers 100 leaves, 200 were verified before")
	if _, err := audit.Accept(t.Context(), cfg, auditverify.Options{}); !errors.Is(err, audit.ErrRefused) || !strings.Contains(err.Error(), "audit restore") {
		t.Fatalf("accept: %v", err)
	}

	plan, err := audit.Restore(t.Context(), cfg, audit.Restoring{})
	if err != nil || plan.Done || plan.Lost != 100 || plan.Leaves != 100 || plan.Sequence != 5 || plan.Log != "tidegate/audit/2" {
		t.Fatalf("dry run: %v: %+v", err, plan)
	}
	refused(t, nc, cfg, "was rolled back")
	if _, err := audit.Restore(t.Context(), cfg, audit.Restoring{Do: true}); err == nil {
		t.Fatal("a restore that nobody stands for")
	}
	done, err := audit.Restore(t.Context(), cfg, audit.Restoring{Do: true, By: "kim", Why: "the disk broke"})
	if err != nil || !done.Done || !strings.HasPrefix(done.Key, "tidegate/audit/2+") {
		t.Fatalf("restore: %v: %+v", err, done)
	}
	verify(t, cfg, "good") // also before it has begun

	more := blocks(t, 9, 2, 25, 200)
	decide(t, js, more)
	for range 2 { // the second start goes on as any other
		s, stop := start(t, nc, cfg)
		until(t, "receipts", func() bool { return s.Leaves() == 1+4*25+50 })
		if err := stop(); err != nil {
			t.Fatal(err)
		}
	}
	logs := whole(t, cfg, append(blocks(t, 1, 8, 25, 200), more...))
	if logs[""] != 100 || logs["tidegate/audit/2"] != 150 {
		t.Errorf("cases by log: %v", logs)
	}
	checkRestored(t, nc, cfg)
}

// checkRestored looks at a log of 100 leaves and the one after it from every side.
func checkRestored(t *testing.T, nc *nats.Conn, cfg audit.Config) {
	t.Helper()
	rep, err := audit.Verify(t.Context(), cfg.Dir, cfg.GuardDir, auditverify.Options{})
	if err != nil || rep.Size != 151 || len(rep.Former) != 1 || rep.Former[0].Lost != 100 || rep.Restored == nil || rep.Restored.By != "kim" {
		t.Fatalf("%v: %+v", err, rep)
	}
	if said := rep.String(); !strings.Contains(said, "LOST: the last 100 leaves") || !strings.Contains(said, "goes on from block 5 after the log tidegate/audit, of which 100 leaves are left: declared by kim") {
		t.Error(said)
	}
	recs := records(t, natstest.JetStream(t, nc))
	if len(recs) != 200+151 || recs[200].Kind != event.LeafRestore || recs[200].Leaf != 0 || recs[350].Log != "tidegate/audit/2" {
		t.Errorf("%d receipts, that of the restore %+v", len(recs), recs[200])
	}
	for id, log := range map[string]string{"o-2-3": "tidegate/audit", "o-6-3": "tidegate/audit/2"} {
		found, _, err := audit.Find(t.Context(), cfg.Dir, id)
		if err != nil || len(found) != 1 || found[0].Under.Origin != log {
			t.Errorf("%s: %v: %+v", id, err, found)
		}
		proofs, err := audit.Prove(t.Context(), cfg.Dir, id)
		if err != nil || len(proofs) != 1 || (proofs[0].Log != "") != (log != "tidegate/audit") {
			t.Errorf("%s: %v: %+v", id, err, proofs)
		}
		line, ok, err := audit.Receipt(t.Context(), cfg.Dir, "ev-"+id)
		if err != nil || !ok || strings.Contains(string(line), `"log":`) != (log != "tidegate/audit") {
			t.Errorf("%s: %v: %s", id, err, line)
		}
	}
	drawn := map[string]bool{}
	for l, err := range audit.Sample(t.Context(), cfg.Dir, 1000, 7) {
		if err != nil {
			t.Fatal(err)
		}
		drawn[string(l.Case.Line(0))] = true
	}
	decisions := 0
	for l, err := range audit.ReadCases(t.Context(), cfg.Dir, 1) {
		if err != nil {
			t.Fatal(err)
		}
		if l.Leaf.Kind == event.LeafDecision {
			decisions++
		}
	}
	if len(drawn) != decisions || decisions < 200 {
		t.Errorf("%d of %d decisions were drawn", len(drawn), decisions)
	}
}

func TestWhatIsDoneToRestoredLogsIsFound(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	cfg := rolled(t, nc)
	if _, err := audit.Restore(t.Context(), cfg, audit.Restoring{Do: true, By: "kim", Why: "the disk broke"}); err != nil {
		t.Fatal(err)
	}
	s, stop := start(t, nc, cfg)
	until(t, "receipts", func() bool { return s.Leaves() == 101 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	shard, before := filepath.Join(cfg.Dir, "shards", "2"), t.TempDir()
	copyDir(t, cfg.Dir, before)
	for _, tt := range []struct {
		name   string
		tamper func() error
		words  string // of the refusal; empty where the start does not look
	}{
		{"the new log gone", func() error { return os.RemoveAll(filepath.Join(cfg.Dir, "shards")) }, "log 2 in"},
		{"the new log's leaves gone", func() error { return os.RemoveAll(filepath.Join(shard, "log")) }, "is gone"},
		{"the declaration changed", func() error {
			return overwriteWith(filepath.Join(shard, "restore.json"), `"leaves":100`, `"leaves":000`)
		}, "restore.json"},
		{"a bit of the old log", func() error { return edit(filepath.Join(cfg.Dir, "log", "tile", "entries", "000.p", "100"), flip(500)) }, ""},
		{"the old log gone", func() error { return os.RemoveAll(filepath.Join(cfg.Dir, "log")) }, ""},
	} {
		if err := tt.tamper(); err != nil {
			t.Fatal(err)
		}
		if rep, err := audit.Verify(t.Context(), cfg.Dir, cfg.GuardDir, auditverify.Options{}); err == nil {
			t.Errorf("%s: good: %+v", tt.name, rep)
		}
		if tt.words != "" {
			refused(t, nc, cfg, tt.words)
		}
		copyDir(t, before, cfg.Dir)
	}
	verify(t, cfg, "good")
}

func overwriteWith(name, old, by string) error {
	if err := os.Chmod(name, 0o644); err != nil {
		return err
	}
	return edit(name, func(b []byte) []byte { return []byte(strings.Replace(string(b), old, by, 1)) })
}

func TestAnAbandonedLogIsFollowedByOneThatLogsAgain(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	cfg := config(t.TempDir())
	cfg.PurgeInterval = 1 << 40
	grow(t, nc, cfg, 1, 4)
	if err := os.RemoveAll(filepath.Join(cfg.Dir, "log", "tile")); err != nil {
		t.Fatal(err)
	}
	if _, err := audit.Restore(t.Context(), cfg, audit.Restoring{}); err == nil || !strings.Contains(err.Error(), "--abandon") {
		t.Fatalf("a log that does not verify: %v", err)
	}
	done, err := audit.Restore(t.Context(), cfg, audit.Restoring{Do: true, Abandon: true, By: "kim", Why: "the disk broke"})
	if err != nil || done.Lost != 100 || done.Sequence != 1 {
		t.Fatalf("%v: %+v", err, done)
	}
	s, stop := start(t, nc, cfg)
	until(t, "receipts", func() bool { return s.Leaves() == 101 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	whole(t, cfg, blocks(t, 1, 4, 25, 200))
	rep, err := audit.Verify(t.Context(), cfg.Dir, cfg.GuardDir, auditverify.Options{})
	if err != nil || rep.Restored == nil || len(rep.Former) != 0 || len(rep.Lacks) != 1 || !strings.Contains(rep.Lacks[0], "abandoned") {
		t.Errorf("%v: %+v", err, rep)
	}
	if st, err := natstest.JetStream(t, nc).Stream(t.Context(), subject.PublicRecordStream); err != nil || st.CachedInfo().State.LastSeq != 201 {
		t.Errorf("receipts: %v", err)
	}
}

// A restore after a restore: three logs, one history.
func TestARestoreAfterARestore(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	cfg := rolled(t, nc)
	for i := range 2 {
		if _, err := audit.Restore(t.Context(), cfg, audit.Restoring{Do: true, By: "kim", Why: "again"}); err != nil {
			t.Fatal(err)
		}
		s, stop := start(t, nc, cfg)
		until(t, "ready", func() bool { return s.Ready() && s.Leaves() >= 1 })
		if i == 1 {
			until(t, "receipts", func() bool { return len(records(t, natstest.JetStream(t, nc))) == 200+101+1 })
		} else {
			until(t, "receipts", func() bool { return s.Leaves() == 101 })
		}
		if err := stop(); err != nil {
			t.Fatal(err)
		}
	}
	logs := whole(t, cfg, blocks(t, 1, 8, 25, 200))
	if logs[""] != 100 || logs["tidegate/audit/2"] != 100 || len(logs) != 2 {
		t.Errorf("cases by log: %v", logs)
	}
	verify(t, cfg, "good")
	s, stop := start(t, nc, cfg)
	decide(t, natstest.JetStream(t, nc), blocks(t, 9, 1, 25, 200))
	until(t, "receipts", func() bool { return s.Leaves() == 26 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	whole(t, cfg, blocks(t, 1, 9, 25, 200))
}
