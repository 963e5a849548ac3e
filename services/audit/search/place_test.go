package search_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/services/audit/search"
)

// tree is every file and folder below a directory with its content, mode and time of change.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	if err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		var b []byte
		if !e.IsDir() {
			if b, err = os.ReadFile(path); err != nil {
				return err
			}
		}
		out[path] = fmt.Sprint(info.Mode(), info.ModTime().UnixNano(), sha256.Sum256(b))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestReadingACopyWritesNothingIntoIt(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	data, more := logged(t, cases(t)...)
	dir := filepath.Join(data, "audit")
	read := func(name string) {
		t.Helper()
		before := tree(t, dir)
		for range 2 {
			a, err := search.Open(t.Context(), dir, "")
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if got := ids(t, a, search.Query{Party: "hisilicon"}); len(got) != 1 {
				t.Errorf("%s: %v", name, got)
			}
			if err := a.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
			t.Errorf("%s: changed:\n%s", name, diff)
		}
	}
	kept := func() int { return len(tree(t, cache)) }

	nothing := kept()
	read("without an index")
	if kept() == nothing {
		t.Error("no index in the cache directory")
	}
	if err := os.RemoveAll(filepath.Join(cache, "tidegate")); err != nil {
		t.Fatal(err)
	}
	a, err := search.Open(t.Context(), dir, filepath.Join(dir, search.File))
	if err != nil {
		t.Fatal(err)
	}
	ids(t, a, search.Query{})
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	read("with the server's index beside the log")
	if kept() != nothing {
		t.Error("the index beside the log was not enough")
	}
	more(decided(t, "A-4", "Harbor Lantern", "", "2026-04-05", "hold"))
	read("with an index that is behind")
	if kept() == nothing {
		t.Error("an index that is behind was used")
	}
	t.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "key.pub", "none"))
	read("with no place for a cache")
	modes(t, dir, 0o555)
	defer modes(t, dir, 0o755)
	read("where nothing may be written")
}

// Whoever doctored the index of the page may have left it behind the log, or been killed with it open: it is that one that is compared, not a new one.
func TestTheIndexBesideTheLogIsComparedAsItLies(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	data, more := logged(t, cases(t)...)
	dir := filepath.Join(data, "audit")
	file := filepath.Join(dir, search.File)
	check := func(when string, code int) {
		t.Helper()
		var out bytes.Buffer
		before := tree(t, dir)
		root := &cli.Command{Name: "tidegate", Commands: search.Commands(nil), Writer: &out, ErrWriter: &out, ExitErrHandler: func(context.Context, *cli.Command, error) {}}
		err := root.Run(t.Context(), []string{"tidegate", "reindex", "--check", "--data", data})
		got := 0
		if coder, ok := errors.AsType[cli.ExitCoder](err); ok {
			got = coder.ExitCode()
		}
		if got != code {
			t.Errorf("%s: exit %d, want %d: %v\n%s", when, got, code, err, &out)
		}
		if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
			t.Errorf("%s: changed:\n%s", when, diff)
		}
	}
	a, err := search.Open(t.Context(), dir, file)
	if err != nil {
		t.Fatal(err)
	}
	hits, _, err := a.Search(t.Context(), search.Query{Order: "A-3"})
	if err != nil || len(hits) != 1 {
		t.Fatalf("%v, %d", err, len(hits))
	}
	left := map[string][]byte{}
	leave := func() {
		for _, end := range []string{"", "-wal"} {
			if left[end], err = os.ReadFile(file + end); err != nil {
				t.Fatal(err)
			}
		}
	}
	lie := func() {
		for end, b := range left {
			if err := os.WriteFile(file+end, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	leave()
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	lie()
	check("left by a kill", 0)
	if a, err = search.Open(t.Context(), dir, file); err != nil {
		t.Fatal(err)
	}
	r := hits[0].Row
	doctor(t, file, "INSERT INTO term (term, rowid, terms) VALUES ('delete', ?, ?)", int64(r.Log)<<44+int64(r.Leaf), strings.Join(search.Terms(r), " "))
	leave()
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	check("doctored", 1)
	lie()
	check("doctored, and left by a kill", 1)
	more(decided(t, "A-4", "Harbor Lantern", "", "2026-04-05", "hold"))
	check("doctored, and behind the log", 1)
}

// modes sets the mode of every folder.
func modes(t *testing.T, dir string, mode fs.FileMode) {
	t.Helper()
	var dirs []string
	if err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() {
			dirs = append(dirs, path)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, d := range dirs {
		if err := os.Chmod(d, mode); err != nil {
			t.Fatal(err)
		}
	}
}
