package audit_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/natstest"
)

func TestRestartsInTheMiddleLoseAndDoubleNothing(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	js := natstest.JetStream(t, nc)
	cfg := config(t.TempDir())
	cfg.PurgeInterval = 1 << 40 // keep the blocks, to compare with
	want := blocks(t, 1, 60, 25, 300)
	decide(t, js, want)
	for stopAt := uint64(100); ; stopAt += 250 {
		s, stop := start(t, nc, cfg)
		until(t, "some receipts", func() bool { return s.Leaves() >= min(stopAt, total(want)) })
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		if stopAt > total(want) {
			break
		}
	}
	match(t, want, leaves(t, cfg), records(t, js))
}

func TestReceiptsAreMadeAgainFromTheLog(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	js := natstest.JetStream(t, nc)
	cfg := config(t.TempDir())
	want := blocks(t, 1, 10, 20, 300)
	decide(t, js, want[:5])
	s, stop := start(t, nc, cfg)
	until(t, "receipts", func() bool { return s.Leaves() == total(want[:5]) })

	lose := func() { // while audit runs
		if err := js.DeleteStream(t.Context(), subject.PublicRecordStream); err != nil {
			t.Fatal(err)
		}
		if err := bus.Apply(t.Context(), js, bus.Limits{}); err != nil {
			t.Fatal(err)
		}
	}
	lose()
	decide(t, js, want[5:])
	until(t, "receipts", func() bool { return s.Leaves() == total(want) })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	match(t, want, leaves(t, cfg), records(t, js))

	lose() // while it does not
	s, stop = start(t, nc, cfg)
	until(t, "receipts", func() bool { return s.Leaves() == total(want) })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	match(t, want, leaves(t, cfg), records(t, js))
}

func TestLoggedBlocksMakeRoomAndNoOthers(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	js := natstest.JetStream(t, nc)
	cfg := config(t.TempDir())
	cfg.KeepDecisionBytes = 1
	want := blocks(t, 1, 12, 10, 300)
	decide(t, js, want)
	s, stop := start(t, nc, cfg)
	bounds := func(stream string) bus.Bounds {
		b, err := bus.Look(t.Context(), js, stream)
		if err != nil {
			t.Fatal(err)
		}
		if b.First > 1 && s.Leaves() < total(want[:b.First-1]) {
			t.Fatalf("%s begins at %d after %d receipts", stream, b.First, s.Leaves())
		}
		return b
	}
	empty := bus.Bounds{First: 13, Last: 12}
	until(t, "room", func() bool { return bounds(subject.OrderStream) == empty && bounds(subject.EnrichedStream) == empty })
	until(t, "room for decisions", func() bool { return bounds(subject.DecisionStream).First >= 12 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	// The streams being empty, what follows is read from where the log stands.
	more := blocks(t, 13, 3, 10, 300)
	decide(t, js, more)
	s, stop = start(t, nc, cfg)
	until(t, "receipts", func() bool { return s.Leaves() == total(want)+total(more) })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	match(t, append(want, more...), leaves(t, cfg), records(t, js))
}

func TestAnAppendThatFailsStopsTheRunAndTheNextGoesOn(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	js := natstest.JetStream(t, nc)
	cfg := config(t.TempDir())
	want := blocks(t, 1, 8, 20, 300)
	decide(t, js, want[:4])
	s, stop := start(t, nc, cfg)
	until(t, "receipts", func() bool { return s.Leaves() == total(want[:4]) })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	// A file where the next tile's directory must be: the write fails as on a broken disk.
	entries := filepath.Join(cfg.Dir, "log", "tile", "entries", "000.p")
	if err := os.Rename(entries, entries+".away"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(entries, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	decide(t, js, want[4:])
	s, err := audit.New(nc, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); err == nil {
		t.Fatal("audit ran on with a log it cannot write")
	}
	if err := errors.Join(os.Remove(entries), os.Rename(entries+".away", entries)); err != nil {
		t.Fatal(err)
	}
	s, stop = start(t, nc, cfg)
	until(t, "receipts", func() bool { return s.Leaves() == total(want) })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	match(t, want, leaves(t, cfg), records(t, js))
}

func TestASecondWriterIsRefused(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	cfg := config(t.TempDir())
	s, _ := start(t, nc, cfg)
	until(t, "ready", s.Ready)
	second, err := audit.New(nc, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Run(t.Context()); !errors.Is(err, audit.ErrRefused) {
		t.Fatalf("got %v", err)
	}
}

func TestALargeCaseGoesToTheBlobStore(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	js := natstest.JetStream(t, nc)
	cfg := config(t.TempDir())
	want := [][]event.Case{{decided(t, "small", 10), decided(t, "large", 100<<10)}, {decided(t, "after", 10)}}
	decide(t, js, want)
	s, stop := start(t, nc, cfg)
	until(t, "receipts", func() bool { return s.Leaves() == 3 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	match(t, want, leaves(t, cfg), records(t, js))
	var got []string
	for l, err := range audit.ReadCases(t.Context(), cfg.Dir, 1) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(l.Case.Append(nil)))
	}
	if len(got) != 3 || got[1] != string(want[0][1].Append(nil)) {
		t.Error("the large case was not read back")
	}
	verify(t, cfg, "good")
	blob := filepath.Join(cfg.Dir, "blobs", event.Digest(want[0][1].Append(nil))[:2], event.Digest(want[0][1].Append(nil)))
	if err := os.Remove(blob); err != nil {
		t.Fatal(err)
	}
	verify(t, cfg, "bad")
}
