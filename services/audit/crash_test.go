package audit_test

import (
	"math/rand/v2"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Killed at random points, again and again, while decisions come in: no leaf is lost, doubled or torn.
func TestKilledAuditLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	f := newField(t)
	rng := rand.New(rand.NewPCG(11, 12)) //nolint:gosec // the moments need not be secret
	kills := few(12, 200)
	for i := range kills {
		if i%4 == 0 {
			f.decide(12)
		}
		r := f.run()
		pause(time.Duration(20+rng.IntN(250))*time.Millisecond, r.over)
		if r.over() {
			t.Fatalf("audit ended by itself: %v: %s", r.err, r.said)
		}
		r.kill()
		if i%25 == 24 {
			f.finish()
		}
	}
	f.finish()
	t.Logf("%d kills, %d leaves", kills, total(f.want))
}

// faults are what a file system may do: the system calls with which a log is written, one of which fails.
var faults = words("openat:EIO:5 openat:ENOSPC:40 openat:EMFILE:90 write:EIO:9 write:ENOSPC:30 write:ENOSPC:60+ pwrite64:EIO:1 " +
	"fsync:EIO:1 fsync:EIO:4 fsync:EIO:2+ renameat:EIO:1 renameat:ENOSPC:3 renameat:EIO:2+ mkdirat:ENOSPC:1 mkdirat:EIO:3 " +
	"unlinkat:EIO:1 linkat:EIO:1 fchmodat:EPERM:1 ftruncate:EIO:1 flock:ENOLCK:1 fcntl:ENOLCK:30 newfstatat:EIO:20 read:EIO:40 close:EIO:20")

// A system call fails, once or from then on, while audit writes. It may stop, it may go on; what it vouched for is in the log, and
// the next start goes on as if nothing had been. This is how the log's library is tested by its authors.
func TestAFaultOfTheFileSystemLosesNothing(t *testing.T) {
	t.Parallel()
	if err := exec.Command("strace", "-o", "/dev/null", "true").Run(); err != nil {
		t.Skipf("system calls are not made to fail: %v", err)
	}
	f := newField(t)
	rng := rand.New(rand.NewPCG(13, 14)) //nolint:gosec // which come first need not be secret
	tries, stopped := few(6, 3*len(faults)), 0
	order := rng.Perm(len(faults))
	for i := range tries {
		call, errno, when := part(faults[order[i%len(faults)]])
		if i >= len(faults) { // the same again, at another moment
			when = strconv.Itoa(1 + rng.IntN(60))
		}
		f.decide(4)
		r := f.run("strace", "-f", "-qq", "-o", "/dev/null", "-e", "signal=none", "-e", "trace="+call,
			"-e", "inject="+call+":error="+errno+":when="+when)
		pause(4*time.Second, func() bool { return r.over() || f.receipts() >= total(f.want) })
		if r.over() {
			stopped++
			t.Logf("%s %s at %s: %v: %s", call, errno, when, r.err, r.said)
			if said := r.said.String(); strings.Contains(said, "panic:") && !lockLost(said) || strings.HasPrefix(said, "strace:") {
				t.Errorf("%s %s at %s: %s", call, errno, when, r.said)
			}
		}
		r.kill()
		f.finish()
	}
	t.Logf("%d system calls failed, %d stopped audit, %d leaves", tries, stopped, total(f.want))
}

// lockLost says whether the log's library stopped the process because it could not take or let go of its lock, which it does by
// a panic, on a goroutine of its own too.
func lockLost(said string) bool {
	_, panicked, _ := strings.Cut(said, "panic: ")
	first, _, _ := strings.Cut(panicked, "\n")
	return strings.Contains(first, "/.state/treeState.lock: ")
}

func part(fault string) (call, errno, when string) {
	parts := strings.Split(fault, ":")
	return parts[0], parts[1], parts[2]
}
