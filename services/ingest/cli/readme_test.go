package cli_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTheChaptersOnFormatsAndMappingsRun runs every command of the two chapters as it stands in the README.
func TestTheChaptersOnFormatsAndMappingsRun(t *testing.T) {
	url := server(t)
	t.Setenv("TIDEGATE_URL", url)
	t.Chdir("../../..")
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, chapter := range []string{"formats", "mappings"} {
		_, text, found := strings.Cut(string(readme), "\n## Plug in: "+chapter+"\n")
		if !found {
			t.Fatalf("the README has no chapter %s", chapter)
		}
		text, _, _ = strings.Cut(text, "\n##")
		for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(text, -1) {
			for line := range strings.Lines(block[1]) {
				command := strings.TrimSpace(regexp.MustCompile(`\s+#.*$`).ReplaceAllString(strings.TrimRight(line, "\n"), ""))
				ran++
				if rest, ok := strings.CutPrefix(command, "bin/tidegate "); ok {
					readmeCommand(t, command, strings.Fields(rest))
				} else {
					readmeCurl(t, url, command)
				}
			}
		}
	}
	if ran < 15 {
		t.Errorf("%d commands", ran)
	}
}

// readmeCommand runs a command line.
func readmeCommand(t *testing.T, command string, args []string) {
	t.Helper()
	if out, status := run(t, "", args...); status != 0 {
		t.Errorf("%s: status %d\n%s", command, status, out)
	}
}

var curl = regexp.MustCompile(`^curl -s http://127\.0\.0\.1:8080(\S+) --data-binary @(\S+) -H 'Content-Type: (\S+)'$`)

func readmeCurl(t *testing.T, url, command string) {
	t.Helper()
	m := curl.FindStringSubmatch(command)
	if m == nil {
		t.Fatalf("not a command of a known form: %s", command)
	}
	body, err := os.Open(filepath.FromSlash(m[2]))
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+m[1], body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", m[3])
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode >= 300 {
		t.Errorf("%s: %s", command, resp.Status)
	}
}
