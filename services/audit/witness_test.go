package audit_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/shared/natstest"
)

const witnessModule = "filippo.io/torchwood/cmd/litewitness@v0.9.0"

// tools are what the witness needs besides itself; without them the test is skipped and says so.
func tools(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not on this machine: not tested against a real witness", name)
		}
	}
}

// process starts a program that never outlives the test.
func process(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
}

func output(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	b, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, b)
	}
	return string(b)
}

// witness is a real litewitness on loopback, which knows a log by its key.
type witness struct {
	policy []byte
	cmd    *exec.Cmd
}

func startWitness(t *testing.T, logKey string) *witness {
	t.Helper()
	tools(t, "go", "ssh-agent", "ssh-add", "ssh-keygen", "sqlite3")
	dir, err := os.MkdirTemp("", "witness-") //nolint:usetesting // it holds a socket, whose path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	install := exec.Command("go", "install", witnessModule)
	install.Dir, install.Env = dir, append(os.Environ(), "GOBIN="+dir, "GOWORK=off", "GOFLAGS=-mod=mod")
	if b, err := install.CombinedOutput(); err != nil {
		t.Skipf("%s could not be had, not tested against a real witness: %v\n%s", witnessModule, err, b)
	}
	sock, key, db := filepath.Join(dir, "agent"), filepath.Join(dir, "key"), filepath.Join(dir, "db")
	process(t, exec.Command("ssh-agent", "-D", "-a", sock))
	until(t, "the agent", func() bool { _, err := os.Stat(sock); return err == nil })
	output(t, exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key))
	add := exec.Command("ssh-add", "-q", key)
	add.Env = append(os.Environ(), "SSH_AUTH_SOCK="+sock)
	output(t, add)
	print := strings.Fields(output(t, exec.Command("ssh-keygen", "-l", "-E", "sha256", "-f", key)))[1]

	addr := free(t)
	w := &witness{cmd: exec.Command(filepath.Join(dir, "litewitness"), "-name", "example.com/witness", "-db", db, "-ssh-agent", sock, "-listen", addr, "-key", print)}
	said, err := w.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	process(t, w.cmd)
	vkey := verifierKey(t, bufio.NewScanner(said))
	const row = "INSERT INTO log VALUES ('tidegate/audit', 0, '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='); INSERT INTO key VALUES ('tidegate/audit', '%s');"
	output(t, exec.Command("sqlite3", db, fmt.Sprintf(row, logKey)))
	w.policy = fmt.Appendf(nil, "witness one %s http://%s\ngroup ours 1 one\nquorum ours\n", vkey, addr)
	return w
}

// verifierKey reads the key that the witness says it has, and goes on reading.
func verifierKey(t *testing.T, said *bufio.Scanner) string {
	t.Helper()
	for said.Scan() {
		if _, vkey, ok := strings.Cut(said.Text(), "vkey="); ok {
			go func() {
				for said.Scan() { // it must not block on what it says
				}
			}()
			return strings.Trim(strings.Fields(vkey)[0], `"`)
		}
	}
	t.Fatal("the witness did not say its key")
	return ""
}

func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func TestAWitnessSignsOurLogAndNoFork(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	data, before := t.TempDir(), t.TempDir()
	cfg := config(data)
	grow(t, nc, cfg, 1, 2)
	w := startWitness(t, key(t, cfg))
	copyDir(t, data, before)
	cfg.Witnesses, cfg.Lag = w.policy, 500*time.Millisecond
	grow(t, nc, cfg, 3, 2)
	point, err := os.ReadFile(filepath.Join(cfg.Dir, "log", "checkpoint"))
	if err != nil || !bytes.Contains(point, []byte("\n— example.com/witness ")) {
		t.Fatalf("%v: the checkpoint carries no cosignature: %s", err, point)
	}
	policy, err := auditverify.ParsePolicy(w.policy)
	if err != nil {
		t.Fatal(err)
	}
	rep, err := audit.Verify(t.Context(), cfg.Dir, cfg.GuardDir, auditverify.Options{Policy: policy})
	if err != nil || len(rep.Witnesses) != 1 || time.Since(rep.Witnesses[0].At).Abs() > time.Hour {
		t.Errorf("verify with the witness: %v: %+v", err, rep)
	}
	if rep, err := audit.Verify(t.Context(), filepath.Join(before, "audit"), "", auditverify.Options{Policy: policy}); err == nil {
		t.Errorf("a checkpoint without cosignature is good: %+v", rep)
	}

	// Everything that is ours is rolled back, the guard's directory and the server too, and other orders follow: only
	// the witness knows better.
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

	// Witness away: closed, nothing is published; open, the log goes on.
	_ = w.cmd.Process.Kill()
	decide(t, natstest.JetStream(t, nc), blocks(t, 5, 2, 25, 200))
	unpublished(t, nc, cfg, 100)
	cfg.WitnessOpen = true
	s, stop := start(t, nc, cfg)
	until(t, "receipts", func() bool { return s.Leaves() == 150 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

// unpublished runs audit until it raises the alarm: nothing may be receipted beyond a size.
func unpublished(t *testing.T, nc *nats.Conn, cfg audit.Config, size uint64) {
	t.Helper()
	rung := listen(&cfg)
	s, stop := start(t, nc, cfg)
	until(t, "the alarm", func() bool { return strings.Contains(rung.String(), "ALARM: leaves wait for a checkpoint") })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if s.Leaves() > size {
		t.Errorf("%d receipts went out without the witness", s.Leaves())
	}
}
