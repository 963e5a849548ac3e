package e2e_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestReadmeFromAZipOnAStick runs the commands of the README's chapter as they stand there, on the order of its first curl line.
func TestReadmeFromAZipOnAStick(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"bash", "unzip", "sha256sum", "openssl", "python3"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(readme), "\n## From a zip on a stick\n")
	order := regexp.MustCompile(`(?s)curl -s 'http://127\.0\.0\.1:8080/v1/orders\?wait=decision' .*? -d '(.*?)'`).FindSubmatch(readme)
	if !found || order == nil {
		t.Fatal("the README has no such chapter, or no curl line of the known form")
	}
	text, _, _ = strings.Cut(text, "\n## ")
	dir, door := t.TempDir(), freePort(t)
	if err := os.Symlink(bin, filepath.Join(dir, "bin")); err != nil {
		t.Fatal(err)
	}
	start(t, "tidegate", "serve", "--data", filepath.Join(dir, "data"), "--nats-listen", freePort(t), "--listen", door, "--log-level", "error")
	eventually(t, "the door is open", 20*time.Second, func() bool { return ready(door) })
	resp, err := client.Post("http://"+door+"/v1/orders?wait=receipt", "application/json", bytes.NewReader(order[1]))
	if err != nil {
		t.Fatal(err)
	}
	said, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil || !bytes.Contains(said, []byte(`"line":"record"`)) {
		t.Fatalf("%v: %s", err, said)
	}
	out := shell(t, dir, strings.Join(blocks(text, "sh"), "\n"))
	for _, want := range []string{"records: 1, under the checkpoint of size", "signed by the log tidegate/audit", "good: log-1/records/", `good: evidence pack on order "A-1"`, "signed under the key that was given"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not said:\n%s", want, out)
		}
	}
	name := filepath.Join(dir, "A-1.zip") // one bit, and nothing of it is good any more
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 4
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := exec.Command(filepath.Join(bin, "auditverify"), name).CombinedOutput()
	if ended, ok := err.(*exec.ExitError); !ok || ended.ExitCode() != 1 || !bytes.Contains(got, []byte("bad: evidence pack")) { //nolint:errorlint // run by us
		t.Errorf("%v: %s", err, got)
	}
}
