package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	auditcli "github.com/tidegate/tidegate/services/audit/cli"
	"github.com/tidegate/tidegate/shared/natstest"
)

// command runs "tidegate audit …" and gives what it prints and exits with.
func command(tb testing.TB, args ...string) (out string, code int) {
	tb.Helper()
	var b bytes.Buffer
	root := &cli.Command{
		Name: "tidegate", Commands: auditcli.Commands(auditcli.Evidence(nil)), Writer: &b, ErrWriter: &b,
		ExitErrHandler: func(context.Context, *cli.Command, error) {},
	}
	err := root.Run(tb.Context(), append([]string{"tidegate", "audit"}, args...))
	if coder, ok := errors.AsType[cli.ExitCoder](err); ok {
		return b.String() + err.Error(), coder.ExitCode()
	}
	if err != nil {
		tb.Fatal(err)
	}
	return b.String(), 0
}

func TestCommands(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	data := t.TempDir()
	cfg := config(data)
	grow(t, nc, cfg, 1, 4)
	kept := filepath.Join(t.TempDir(), "kept")
	out, code := command(t, "checkpoint", "--data", data)
	if code != 0 || !strings.HasPrefix(out, "tidegate/audit\n100\n") {
		t.Fatalf("exit %d: %s", code, out)
	}
	if err := os.WriteFile(kept, []byte(out), 0o644); err != nil {
		t.Fatal(err)
	}
	grow(t, nc, cfg, 5, 4)
	for _, tt := range []struct {
		name string
		args []string
		code int
		want []string
	}{
		{"verify", []string{"verify"}, 0, []string{"good: log tidegate/audit, size 200", "176 decisions and 24 refusals of blocks 1 to 8, none missing"}},
		{"verify against a kept checkpoint", []string{"verify", "--checkpoint", kept}, 0, []string{"kept checkpoints of size 100 200"}},
		{"verify against a checkpoint that is none", []string{"verify", "--checkpoint", os.DevNull}, 2, []string{"unusable"}},
		{"verify as JSON", []string{"verify", "--json"}, 0, []string{`"verdict": "good"`, `"size": 200`}},
		{"show an order", []string{"show", "o-3-4"}, 0, []string{"RELEASE  order o-3-4  from shop  placed", "Harbor Lantern Trading", "leaf 54, log size 200, checkpoint root ", ", verified"}},
		{"show a refusal", []string{"show", "ev-o-1-6"}, 0, []string{"REFUSED", "syntax: it is not JSON", "leaf 6,"}},
		{"show what is not there", []string{"show", "nobody"}, 1, []string{"nobody: not in the log of size 200"}},
		{"show nothing", []string{"show"}, 2, []string{"want one order id"}},
	} {
		args := append([]string{"verify", "--guard-dir", cfg.GuardDir, "--data", data}, tt.args[1:]...)
		if tt.args[0] == "show" {
			args = append([]string{"show", "--data", data}, tt.args[1:]...)
		}
		out, code := command(t, args...)
		if code != tt.code {
			t.Errorf("%s: exit %d, want %d\n%s", tt.name, code, tt.code, out)
		}
		for _, want := range tt.want {
			if !strings.Contains(out, want) {
				t.Errorf("%s: %q is not in\n%s", tt.name, want, out)
			}
		}
	}
	out, _ = command(t, "show", "--json", "--data", data, "o-3-4")
	var pages []struct {
		Proof struct{ Verified bool }
		Lines []json.RawMessage
	}
	if err := json.Unmarshal([]byte(out), &pages); err != nil || len(pages) != 1 || !pages[0].Proof.Verified || len(pages[0].Lines) != 3 {
		t.Errorf("show as JSON: %v: %s", err, out)
	}
	if out, code := command(t, "verify", "--data", t.TempDir()); code != 2 {
		t.Errorf("verify where there is nothing: exit %d\n%s", code, out)
	}
	if err := edit(filepath.Join(cfg.Dir, "log", "tile", "entries", "000.p", "200"), flip(333)); err != nil {
		t.Fatal(err)
	}
	if out, code := command(t, "verify", "--data", data); code != 1 || !strings.Contains(out, "fault: leaf 0") {
		t.Errorf("verify a changed leaf: exit %d\n%s", code, out)
	}
	if out, code := command(t, "show", "--data", data, "o-1-0"); code == 0 {
		t.Errorf("a changed leaf is shown:\n%s", out)
	}
}

func TestRestoreIsADryRunUnlessConfirmed(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	cfg := rolled(t, nc)
	args := []string{"restore", "--data", filepath.Dir(cfg.Dir), "--guard-dir", cfg.GuardDir}
	for range 2 {
		out, code := command(t, args...)
		if code != 0 || !strings.Contains(out, "100 leaves are left, 100 are declared lost") || !strings.Contains(out, "nothing was done") {
			t.Fatalf("exit %d\n%s", code, out)
		}
	}
	if out, code := command(t, append(args, "--yes")...); code == 0 {
		t.Fatalf("nobody stands for it:\n%s", out)
	}
	out, code := command(t, append(args, "--yes", "--by", "kim", "--why", "the disk broke")...)
	if code != 0 || !strings.Contains(out, "done; auditors and witnesses need its key: tidegate/audit/2+") {
		t.Fatalf("exit %d\n%s", code, out)
	}
	if out, code := command(t, "verify", "--data", filepath.Dir(cfg.Dir), "--guard-dir", cfg.GuardDir); code != 0 || !strings.Contains(out, "log 2 was declared and is not begun") {
		t.Errorf("exit %d\n%s", code, out)
	}
}

func TestVerifyWorksWhileAuditRuns(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	cfg := config(t.TempDir())
	want := blocks(t, 1, 80, 50, 100)
	s, stop := start(t, nc, cfg)
	for logged := 0; s.Leaves() < total(want); {
		if logged < len(want) {
			decide(t, natstest.JetStream(t, nc), want[logged:logged+4])
			logged += 4
		}
		until(t, "the first receipts", func() bool { return s.Leaves() > 0 })
		if rep, err := audit.Verify(t.Context(), cfg.Dir, cfg.GuardDir, auditverify.Options{}); err != nil {
			t.Fatalf("%v: %+v", err, rep)
		}
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	verify(t, cfg, "good")
}
