package folder

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestAFileIsNotReadWhileItGrows(t *testing.T) {
	t.Parallel()
	f := &folder{settings: settings{Path: t.TempDir(), Settle: time.Second, Every: time.Minute}}
	file, known, now := filepath.Join(f.Path, "a.txt"), map[string]seen{}, time.Unix(1_800_000_000, 0)
	look := func(later time.Duration, wantReady int, wantNext time.Duration) {
		t.Helper()
		now = now.Add(later)
		ready, next, err := f.look(known, now)
		if err != nil || len(ready) != wantReady || next != wantNext {
			t.Errorf("%v, next look in %s, %v", ready, next, err)
		}
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("order")
	look(0, 0, time.Second)
	look(900*time.Millisecond, 0, 100*time.Millisecond)
	write("order 1")
	look(900*time.Millisecond, 0, time.Second)
	look(999*time.Millisecond, 0, time.Millisecond)
	look(time.Millisecond, 1, time.Minute)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if look(0, 0, time.Minute); len(known) != 0 {
		t.Errorf("still known: %v", known)
	}
}
