package folder_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tidegate/tidegate/services/ingest/source"
	"github.com/tidegate/tidegate/services/ingest/source/folder"
	"github.com/tidegate/tidegate/services/ingest/source/sourcetest"
	"github.com/tidegate/tidegate/shared/clock"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// shouting is a converter that anybody can check.
func shouting(r io.Reader) (io.ReadCloser, error) {
	b, err := io.ReadAll(r)
	return io.NopCloser(strings.NewReader(strings.ToUpper(string(b)))), err
}

func open(t *testing.T, settings string) source.Named {
	t.Helper()
	file := filepath.Join(t.TempDir(), "sources.yaml")
	if err := os.WriteFile(file, []byte("sources:\n  drop:\n    folder: "+settings+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := source.Load(file, source.Kinds{"folder": folder.Kind(map[string]source.Convert{".loud": shouting})})
	if err != nil {
		t.Fatal(err)
	}
	return all[0]
}

func run(t *testing.T, n source.Named, door source.Door) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	says := source.NewStanding(n.Name, n.Kind, clock.System)
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			if n.Source.Run(ctx, door, says) != nil {
				_ = clock.Sleep(ctx, 5*time.Millisecond)
			}
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
}

func await(t *testing.T, door *sourcetest.Door, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := door.Await(ctx, func(took []string) bool { return sourcetest.Distinct(took) >= n }); err != nil {
		t.Fatalf("%q taken", door.Took())
	}
}

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// awaitFile waits until a file is there.
func awaitFile(t *testing.T, file string) string {
	t.Helper()
	for {
		if b, err := os.ReadFile(file); err == nil {
			return string(b)
		}
		if clock.Sleep(t.Context(), time.Millisecond) != nil {
			t.Fatal(file, "did not come")
		}
	}
}

func TestFilesAreReadOnceAndMoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "a.txt", "order 1\norder 2\n")
	door := sourcetest.NewDoor(nil)
	run(t, open(t, "{path: "+dir+", settle: 30ms, every: 50ms}"), door)
	await(t, door, 2)
	put(t, dir, "b.txt", "order 3\nbad\n")
	put(t, dir, "c.loud", "order 4")
	put(t, dir, ".hidden", "order 5")
	put(t, dir, "d.txt.part", "order 6")
	await(t, door, 5)
	awaitFile(t, filepath.Join(dir, "done", "a.txt"))
	awaitFile(t, filepath.Join(dir, "done", "c.loud"))
	if why := awaitFile(t, filepath.Join(dir, "refused", "b.txt.why.txt")); !strings.Contains(why, "1 orders accepted, 1 refused") || !strings.Contains(why, "it is bad") {
		t.Errorf("%q", why)
	}
	put(t, dir, "a.txt", "order 7\n") // the same name again
	awaitFile(t, filepath.Join(dir, "done", "a.1.txt"))
	took := door.Took()
	if len(took) != 6 || sourcetest.Distinct(took) != 6 {
		t.Errorf("%q", took)
	}
	for _, text := range took {
		if strings.Contains(text, "5") || strings.Contains(text, "6") {
			t.Errorf("%q is of a file that was not finished", text)
		}
	}
}

func TestADoorThatFailsLosesNoFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	asked := 0
	door := sourcetest.NewDoor(func() bool { asked++; return asked == 2 || asked == 5 })
	put(t, dir, "a.txt", "order 1\norder 2\norder 3\n")
	run(t, open(t, "{path: "+dir+", settle: 5ms, every: 20ms}"), door)
	await(t, door, 3)
	awaitFile(t, filepath.Join(dir, "done", "a.txt"))
}

func TestCheckSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "file", "")
	for settings, want := range map[string]string{
		"{path: " + dir + "/nothing}":            "no such file",
		"{path: " + dir + "/file}":               "is not a folder",
		"{path: " + dir + ", done: " + dir + "}": "the watched folder itself",
	} {
		advice := open(t, settings).Source.Check(t.Context())
		said := false
		for _, a := range advice {
			said = said || strings.Contains(a.Wrong, want) && a.Mend != ""
		}
		if !said {
			t.Errorf("%s: %+v", settings, advice)
		}
	}
	if advice := open(t, "{path: "+dir+"}").Source.Check(t.Context()); len(advice) > 0 {
		t.Errorf("nothing is wrong: %+v", advice)
	}
}
