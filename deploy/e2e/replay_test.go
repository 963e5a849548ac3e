package e2e_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestReadmeReplay runs the README's chapter on replay as it stands there, in one shell, against the real binary; only
// addresses are others.
func TestReadmeReplay(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"bash", "curl", "sed"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(readme), "\n## Replay: history judged again\n")
	if !found {
		t.Fatal("the README has no chapter on replay")
	}
	text, _, _ = strings.Cut(text, "\n## ")
	dir, door := t.TempDir(), freePort(t)
	if err := os.Symlink(bin, filepath.Join(dir, "bin")); err != nil {
		t.Fatal(err)
	}
	start(t, "tidegate", "serve", "--data", filepath.Join(dir, "data"), "--listen", door, "--nats-listen", freePort(t), "--log-level", "error")
	eventually(t, "the door is open", 20*time.Second, func() bool { return ready(door) })
	out := shell(t, dir, strings.ReplaceAll(strings.Join(blocks(text, "sh"), "\n"), "127.0.0.1:8080", door))
	for _, want := range []string{
		"Does every decision come out the same under its own rules and lists?",
		"Nothing changes: all 3 decisions have the same outcome.",
		"What would have been decided with diffusion codified?",
		"2 of 3 decisions would come out otherwise: all of them stricter.",
		"1 of 2 decisions would come out otherwise", // the slice
		"What is decided otherwise on 2026-11-10 than on 2026-11-09?",
		"state recomputed",
		"What would we have decided with what we knew at 20",
		"What was the law that day, as pack us ",
		"would be put in force", // the dry run
		"is in force behind block",
		"2 open orders had changed: 2 are judged again, 0 were before",
		"2 open orders had changed: 0 are judged again, 2 were before",
		"R-1 (rejudge): LICENSE because of diffusion-worldwide",
		"OPEN R-3 of shop, release", // the new listing
		"1 of 3 decisions would come out otherwise",
		`"line":"record"`,
		"UNRELEASED: its newest decision was license",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the chapter does not say %s", want)
		}
	}
	if t.Failed() {
		t.Log(out)
	}
	readable(t, dir)
}

// readable holds the files that the chapter writes against what they are for.
func readable(t *testing.T, dir string) {
	t.Helper()
	for file, want := range map[string]string{
		"codified.html": "What would have been decided with diffusion codified?", "codified.csv": "diffusion-worldwide", "before.html": "Before activation: open orders",
	} {
		b, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil || !strings.Contains(string(b), want) {
			t.Errorf("%s does not say %s: %v", file, want, err)
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, "ab.json"))
	if err != nil {
		t.Fatal(err)
	}
	var ab struct {
		Judged, Changed int
		ByTransition    []any `json:"by_transition"`
		ByRule          []any `json:"by_rule"`
		Orders          []any
	}
	if err := json.Unmarshal(b, &ab); err != nil || ab.Judged != 3 || ab.Changed != 2 || len(ab.ByTransition) != 1 || len(ab.ByRule) != 1 || len(ab.Orders) != 2 {
		t.Errorf("ab.json: %v\n%s", err, b)
	}
}

// TestOnATerminalAPersonIsAsked answers the questions of an activation and of a replay on a terminal of its own.
func TestOnATerminalAPersonIsAsked(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("script"); err != nil {
		t.Skip("script is not installed (Debian: bsdutils)")
	}
	dir, door := t.TempDir(), freePort(t)
	data := filepath.Join(dir, "data")
	start(t, "tidegate", "serve", "--data", data, "--listen", door, "--nats-listen", freePort(t), "--log-level", "error")
	eventually(t, "the door is open", 20*time.Second, func() bool { return ready(door) })
	order := `{"source":"shop","id":"T-1","order_date":"2026-11-20","ship_from":"US","ship_to":"DE","parties":[{"role":"purchaser","name":"Holm GmbH","address":{"country":"DE"},"headquarters":"DE","no_parent":true}],"items":[{"description":"NVIDIA H100 80GB SXM5","quantity":2}]}`
	if err := os.WriteFile(filepath.Join(dir, "order.json"), []byte(order), 0o600); err != nil {
		t.Fatal(err)
	}
	tidegate := filepath.Join(bin, "tidegate")
	if out, err := exec.Command(tidegate, "submit", "--data", data, "--wait", filepath.Join(dir, "order.json")).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	activate := tidegate + " rules activate --data " + data + " --set diffusion=codified --why reading"
	for _, step := range []struct{ command, says, want string }{
		{activate, "no", "nothing was activated: 1 open orders would come out otherwise"},
		{activate, "yes", "is in force behind block"},
		{tidegate + " replay --data " + data + " --pack current", "00000000", "nothing was applied"},
		{activate, "apply", "1 are judged again"},
	} {
		cmd := exec.Command("script", "-qec", step.command, "/dev/null")
		cmd.Stdin = strings.NewReader(step.says + "\n")
		out, _ := cmd.CombinedOutput() // its status is the script's affair
		if !strings.Contains(string(out), step.want) {
			t.Errorf("%q to %s:\n%s", step.says, step.command, out)
		}
	}
}
