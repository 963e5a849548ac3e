package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/natsembed"
	"github.com/tidegate/tidegate/shared/natstest"
)

// childEnv makes this test program run audit alone, in a process that may be killed: the variable says where.
const childEnv = "TIDEGATE_AUDIT_CHILD"

type childConfig struct{ Dir, GuardDir, URL, Creds string }

// child runs audit until it is told to stop, or whoever started it is gone.
func child(said string) int {
	var c childConfig
	if err := json.Unmarshal([]byte(said), &c); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	go func() { // standard input ends with the test
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(3)
	}()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	nc, err := bus.Connect(ctx, bus.Server{URL: c.URL, Creds: c.Creds, Name: "audit child"})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	defer nc.Close()
	cfg := config("")
	cfg.Dir, cfg.GuardDir = c.Dir, c.GuardDir
	s, err := audit.New(nc, cfg)
	if err == nil {
		err = s.Run(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// field is a server of its own with an audit directory, over which audit runs in a child.
type field struct {
	t   *testing.T
	cfg audit.Config
	nc  *nats.Conn
	js  jetstream.JetStream
	env string

	want [][]event.Case
}

func newField(t *testing.T) *field {
	t.Helper()
	store := t.TempDir()
	srv, err := natsembed.Start(natsembed.Config{Dir: store, Port: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Shutdown)
	nc, err := srv.Connect("test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	f := &field{t: t, cfg: config(t.TempDir()), nc: nc, js: natstest.JetStream(t, nc)}
	if err := bus.Apply(t.Context(), f.js, bus.Limits{}); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(childConfig{f.cfg.Dir, f.cfg.GuardDir, srv.URL(), filepath.Join(store, natsembed.ServiceCreds)})
	if err != nil {
		t.Fatal(err)
	}
	f.env = childEnv + "=" + string(b)
	return f
}

// decide adds n blocks, some of them with a case for the blob store.
func (f *field) decide(n int) {
	f.t.Helper()
	more := blocks(f.t, len(f.want)+1, n, 25, 300)
	more[0][1] = decided(f.t, fmt.Sprintf("large-%d", len(f.want)), 70<<10)
	decide(f.t, f.js, more)
	f.want = append(f.want, more...)
}

// runner is audit in a child.
type runner struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	said  *bytes.Buffer
	ended chan struct{}
	err   error
	once  sync.Once
}

// run starts audit in a child, under a command that watches it if one is given.
func (f *field) run(under ...string) *runner {
	f.t.Helper()
	self, err := os.Executable()
	if err != nil {
		f.t.Fatal(err)
	}
	args := append(under, self)
	r := &runner{cmd: exec.Command(args[0], args[1:]...), said: &bytes.Buffer{}, ended: make(chan struct{})}
	r.cmd.Env, r.cmd.Stderr, r.cmd.Stdout = append(os.Environ(), f.env), r.said, r.said
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if r.stdin, err = r.cmd.StdinPipe(); err != nil {
		f.t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	go func() { r.err = r.cmd.Wait(); close(r.ended) }()
	f.t.Cleanup(r.kill)
	return r
}

// kill ends the child, and what watches it, as a power switch would.
func (r *runner) kill() {
	r.once.Do(func() {
		_ = syscall.Kill(-r.cmd.Process.Pid, syscall.SIGKILL)
		_ = r.stdin.Close()
	})
	<-r.ended
}

// over says whether the child has ended by itself.
func (r *runner) over() bool {
	select {
	case <-r.ended:
		return true
	default:
		return false
	}
}

// receipts is how many went out.
func (f *field) receipts() uint64 {
	b, err := bus.Look(f.t.Context(), f.js, subject.PublicRecordStream)
	if err != nil {
		return 0
	}
	return b.Last
}

// finish runs audit undisturbed until everything is logged and walks the invariants.
func (f *field) finish() {
	f.t.Helper()
	r := f.run()
	until(f.t, "every receipt", func() bool {
		if r.over() {
			f.t.Fatalf("audit ended by itself: %v: %s", r.err, r.said)
		}
		return f.receipts() >= total(f.want)
	})
	r.kill()
	f.walk()
	verify(f.t, f.cfg, "good") // order, but for what a failed batch let pass, and every hash
}

// walk demands one leaf with its exact bytes and one receipt for each case, none besides.
func (f *field) walk() {
	f.t.Helper()
	want, recs := map[[2]uint64]string{}, records(f.t, f.js)
	for b, cases := range f.want {
		for p, c := range cases {
			want[[2]uint64{uint64(b + 1), uint64(p)}] = event.Digest(c.Append(nil))
		}
	}
	all := leaves(f.t, f.cfg)
	for i, leaf := range all {
		head, body, err := event.ParseLeaf(leaf)
		if err != nil {
			f.t.Fatal(err)
		}
		at := [2]uint64{head.Sequence, uint64(head.Place)}
		digest := head.SHA256
		if digest == "" {
			digest = event.Digest(body)
		}
		if want[at] != digest {
			f.t.Fatalf("leaf %d, case %d of block %d, is there twice or not the case that was decided", i, head.Place, head.Sequence)
		}
		delete(want, at)
		if r := recs[i]; r.Leaf != uint64(i) || r.Sequence != head.Sequence || r.Place != head.Place {
			f.t.Fatalf("receipt %d is not of its leaf: %+v", i, r)
		}
	}
	if len(want) > 0 || len(recs) != len(all) {
		f.t.Fatalf("%d cases have no leaf; %d leaves, %d receipts", len(want), len(all), len(recs))
	}
}

// soaking says whether there is time for the long forms (make soak).
func soaking() bool { return os.Getenv("TIDEGATE_SOAK") != "" }

// few is a number of tries: many in make soak, few in make test.
func few(short, long int) int {
	if soaking() {
		return long
	}
	return short
}

// pause waits at most d, or until ok.
func pause(d time.Duration, ok func() bool) {
	for end := time.Now().Add(d); !ok() && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond) // a child is watched from outside
	}
}

func words(s string) []string { return strings.Fields(s) }
