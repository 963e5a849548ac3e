package e2e_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestTheChapterForTheAuditorIsAScript holds the README's chapter against testdata/script/auditor.txtar: the same commands in the same order.
func TestTheChapterForTheAuditorIsAScript(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, chapter, found := strings.Cut(string(readme), "\n## For the auditor\n")
	if !found {
		t.Fatal("the README has no chapter for the auditor")
	}
	chapter, _, _ = strings.Cut(chapter, "\n## ")
	script, err := os.ReadFile("testdata/script/auditor.txtar")
	if err != nil {
		t.Fatal(err)
	}
	rest, commands := string(script), 0
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(chapter, -1) {
		for line := range strings.Lines(block[1]) {
			command := strings.TrimSpace(regexp.MustCompile(`\s+#.*$`).ReplaceAllString(strings.TrimRight(line, "\n"), ""))
			_, after, there := strings.Cut(rest, "\nexec "+command+"\n")
			if !there {
				t.Fatalf("the script does not run, at its place: %s", command)
			}
			rest = "\n" + after
			commands++
		}
	}
	if commands < 20 {
		t.Errorf("%d commands", commands)
	}
}

// digest keeps what a folder holds, with modes and times of change: digest DIR.
func digest(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: digest DIR")
	}
	ts.Setenv("DIGEST_"+args[0], treeDigest(ts, ts.MkAbs(args[0])))
}

// same demands that a folder holds what it did at its digest: same DIR.
func same(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 || ts.Getenv("DIGEST_"+args[0]) != treeDigest(ts, ts.MkAbs(args[0])) {
		ts.Fatalf("%v is not what it was", args)
	}
}

func treeDigest(ts *testscript.TestScript, dir string) string {
	sum := sha256.New()
	ts.Check(filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintln(sum, path, info.Mode(), info.ModTime().UnixNano())
		if e.IsDir() {
			return nil
		}
		b, err := os.ReadFile(path)
		_, _ = sum.Write(b)
		return err
	}))
	return hex.EncodeToString(sum.Sum(nil))
}
