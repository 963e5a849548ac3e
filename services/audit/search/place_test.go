package search_test

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

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
