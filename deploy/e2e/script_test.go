package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs the product's command line as users type it, on the real binaries.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", bin+string(os.PathListSeparator)+env.Getenv("PATH"))
			env.Setenv("NO_COLOR", "1")
			env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, "state"))
			env.Setenv("DOOR", freePort(t))
			env.Setenv("NATS", freePort(t))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"serving": serving, "post": postFile, "tamper": tamper, "cptree": copyTree, "capture": capture, "closed": closed, "digest": digest, "same": same},
	})
}

// serving waits until the door of a server started in the background takes orders.
func serving(ts *testscript.TestScript, neg bool, _ []string) {
	for end := time.Now().Add(20 * time.Second); ready(ts.Getenv("DOOR")) == neg; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			ts.Fatalf("the door at %s is not as expected", ts.Getenv("DOOR"))
		}
	}
}

// capture sets a variable to what a pattern finds in the last command's output: capture NAME PATTERN.
func capture(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: capture NAME PATTERN")
	}
	m := regexp.MustCompile(args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if m == nil {
		ts.Fatalf("nothing fits %s", args[1])
	}
	ts.Setenv(args[0], m[len(m)-1])
}

// closed waits until the door asks for a token.
func closed(ts *testscript.TestScript, _ bool, _ []string) {
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://"+ts.Getenv("DOOR")+"/v1/decisions?limit=1", nil)
		ts.Check(err)
		resp, err := client.Do(req)
		ts.Check(err)
		_ = resp.Body.Close()
		if resp.StatusCode == http.StatusUnauthorized {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("the door is open")
		}
	}
}

// postFile sends a file to the door, as the README's curl line does: post QUERY FILE [CONTENT-TYPE]. It prints status and answer.
func postFile(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: post QUERY FILE [CONTENT-TYPE]")
	}
	media := "application/json"
	if len(args) > 2 {
		media = args[2]
	}
	url := "http://" + ts.Getenv("DOOR") + "/v1/orders" + args[0]
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, strings.NewReader(ts.ReadFile(args[1])))
	ts.Check(err)
	req.Header.Set("Content-Type", media)
	resp, err := client.Do(req)
	ts.Check(err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	_, _ = fmt.Fprintf(ts.Stdout(), "%d\n%s", resp.StatusCode, body)
}

// tamper replaces a word by another of the same length in every file below a folder: tamper DIR OLD NEW.
func tamper(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 || len(args[1]) != len(args[2]) {
		ts.Fatalf("usage: tamper DIR OLD NEW, both words of one length")
	}
	changed := 0
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(b, []byte(args[1])) {
			return err
		}
		changed++
		if err := os.Chmod(path, 0o600); err != nil {
			return err
		}
		return os.WriteFile(path, bytes.ReplaceAll(b, []byte(args[1]), []byte(args[2])), 0o600)
	}))
	if changed == 0 {
		ts.Fatalf("%s stands nowhere below %s", args[1], args[0])
	}
}

// copyTree copies a folder: cptree FROM TO.
func copyTree(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: cptree FROM TO")
	}
	ts.Check(os.CopyFS(ts.MkAbs(args[1]), os.DirFS(ts.MkAbs(args[0]))))
}

// TestReadmeCurlLineGivesADecision sends exactly the order that the README's curl line sends.
func TestReadmeCurlLineGivesADecision(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	curl := regexp.MustCompile(`(?s)curl -s 'http://127\.0\.0\.1:8080(/v1/orders\?wait=decision)' -H 'Content-Type: application/json' -d '(.*?)'`).FindSubmatch(readme)
	if curl == nil {
		t.Fatal("the README has no curl line of the known form")
	}
	door := freePort(t)
	start(t, "tidegate", "serve", "--data", filepath.Join(t.TempDir(), "data"), "--nats-listen", freePort(t), "--listen", door, "--log-level", "error")
	eventually(t, "the door is open", 20*time.Second, func() bool { return ready(door) })
	resp, err := client.Post("http://"+door+string(curl[1]), "application/json", bytes.NewReader(curl[2]))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 || !bytes.Contains(body, []byte(`"outcome":"license"`)) {
		t.Errorf("status %d, %v: %s", resp.StatusCode, err, body)
	}
}

// TestTheChapterOnRulesIsAScript holds the README's chapter against testdata/script/rules.txtar: the same commands in the same
// order, the same files.
func TestTheChapterOnRulesIsAScript(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, chapter, found := strings.Cut(string(readme), "\n## Rules\n")
	if !found {
		t.Fatal("the README has no chapter on rules")
	}
	chapter, _, _ = strings.Cut(chapter, "\n## ")
	script, err := os.ReadFile("testdata/script/rules.txtar")
	if err != nil {
		t.Fatal(err)
	}
	rest := string(script)
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(chapter, -1) {
		for line := range strings.Lines(block[1]) {
			command := strings.TrimSpace(regexp.MustCompile(`\s+#.*$`).ReplaceAllString(strings.TrimRight(line, "\n"), ""))
			_, after, there := strings.Cut(rest, "\nexec "+strings.TrimPrefix(command, "bin/")+"\n")
			if !there {
				t.Fatalf("the script does not run, at its place: %s", command)
			}
			rest = "\n" + after
		}
	}
	files := regexp.MustCompile("(?s)```yaml\n# (\\S+)\n(.*?)```").FindAllStringSubmatch(chapter, -1)
	for _, f := range files {
		if !strings.Contains(string(script), "-- "+f[1]+" --\n"+f[2]) {
			t.Errorf("the script has another %s", f[1])
		}
	}
	if len(files) != 3 {
		t.Errorf("%d files", len(files))
	}
}
