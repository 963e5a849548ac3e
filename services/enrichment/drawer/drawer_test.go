package drawer_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/tidegate/tidegate/services/enrichment/drawer"
)

func TestPutLeavesTheOldFileOrTheNewOne(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "not", "there")
	d := drawer.Drawer(dir)
	if err := d.Put("head.json", []byte("one")); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if _, err := d.PutAs("", func(w io.Writer) (string, error) {
		_, _ = w.Write([]byte("half"))
		return "head.json", broken
	}); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	files, err := os.ReadDir(dir)
	if b, err2 := os.ReadFile(filepath.Join(dir, "head.json")); string(b) != "one" || len(files) != 1 || errors.Join(err, err2) != nil {
		t.Errorf("%q and %d files, %v %v", b, len(files), err, err2)
	}
}

func TestOneImportAtATime(t *testing.T) {
	t.Parallel()
	d := drawer.Drawer(t.TempDir())
	unlock, err := d.Lock()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Lock(); err == nil {
		t.Error("two imports at once")
	}
	unlock()
	again, err := d.Lock()
	if err != nil {
		t.Fatal(err)
	}
	again()
	if err := errors.Join(d.Note(map[string]int{"n": 1}), d.Note(map[string]int{"n": 2})); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(filepath.Join(string(d), "journal.jsonl")); err != nil || string(b) != "{\"n\":1}\n{\"n\":2}\n" {
		t.Errorf("%q %v", b, err)
	}
}
