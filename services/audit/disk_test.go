package audit_test

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/shared/natstest"
)

// disk is a small file system in memory for the audit directory and the guard's.
func disk(t *testing.T, size string) (cfg audit.Config, remount func(flags uintptr, size string)) {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("no file system can be mounted here, not tested on a full disk: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	cfg = config(dir)
	return cfg, func(flags uintptr, size string) {
		t.Helper()
		if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT|flags, "size="+size); err != nil {
			t.Fatal(err)
		}
	}
}

// fails runs audit until the disk stops it. What it vouched for by then must be in the log.
func fails(t *testing.T, nc *nats.Conn, cfg audit.Config) {
	t.Helper()
	s, err := audit.New(nc, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); err == nil || errors.Is(err, audit.ErrRefused) {
		t.Fatalf("audit must stop with the disk's error, got %v", err)
	}
	point, err := audit.Published(cfg.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if n := uint64(len(records(t, natstest.JetStream(t, nc)))); n > point.Size {
		t.Fatalf("%d receipts, but the log's checkpoint covers %d", n, point.Size)
	}
}

func TestAFullDiskStopsAuditAndRoomLetsItGoOn(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	cfg, remount := disk(t, "3m")
	want := blocks(t, 1, 60, 50, 1500)
	js := natstest.JetStream(t, nc)
	decide(t, js, want)
	fails(t, nc, cfg)
	fails(t, nc, cfg) // and starting again on the full disk breaks nothing
	remount(0, "100m")
	s, stop := start(t, nc, cfg)
	until(t, "receipts", func() bool { return s.Leaves() == total(want) })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	match(t, want, leaves(t, cfg), records(t, js))
	verify(t, cfg, "good")
}

func TestAReadOnlyDiskStopsAuditAndVerifyStillWorks(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	cfg, remount := disk(t, "100m")
	want := blocks(t, 1, 8, 25, 200)
	js := natstest.JetStream(t, nc)
	decide(t, js, want[:4])
	s, stop := start(t, nc, cfg)
	until(t, "receipts", func() bool { return s.Leaves() == total(want[:4]) })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	remount(syscall.MS_RDONLY, "100m")
	decide(t, js, want[4:])
	fails(t, nc, cfg)
	verify(t, cfg, "good")
	if out, code := command(t, "show", "--data", filepath.Dir(cfg.Dir), "o-1-0"); code != 0 {
		t.Errorf("show on a read-only disk: exit %d\n%s", code, out)
	}
	remount(0, "100m")
	s, stop = start(t, nc, cfg)
	until(t, "receipts", func() bool { return s.Leaves() == total(want) })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	match(t, want, leaves(t, cfg), records(t, js))
}
