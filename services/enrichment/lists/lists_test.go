package lists

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/list"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

// own writes an own list with so many rows and gives its path.
func own(t *testing.T, day event.Date, names ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "own-"+string(day)+".csv")
	if err := os.WriteFile(path, []byte("id,name\n"+lines(names)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func lines(names []string) string {
	var b strings.Builder
	for _, n := range names {
		fmt.Fprintf(&b, "%s,Lantern %s\n", n, n)
	}
	return b.String()
}

func take(t *testing.T, s *Store, in Import) Report {
	t.Helper()
	rep, err := s.Import(in)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func TestImportsInAnyOrderGiveOneSet(t *testing.T) {
	t.Parallel()
	a, b, c := own(t, "2026-01-01", "1", "2"), own(t, "2026-02-01", "2", "3"), own(t, "2026-03-01", "2", "3", "4")
	one, two := Open(t.TempDir()), Open(t.TempDir())
	for _, p := range []string{a, b, c} {
		take(t, one, Import{Path: p, Yes: true})
	}
	for _, p := range []string{c, a, b, a} {
		take(t, two, Import{Path: p, Yes: true})
	}
	x, _ := one.Head()
	y, _ := two.Head()
	if x != y || len(x) != 64 {
		t.Errorf("%s and %s", x, y)
	}
	set, err := one.Set(x)
	if err != nil {
		t.Fatal(err)
	}
	if e := set.Entries[0]; e.ID != "own-1" || e.Listed[0].Until != "2026-01-31" {
		t.Errorf("the row that disappeared: %+v", e)
	}
}

func TestAListThatShrinksNeedsAYes(t *testing.T) {
	t.Parallel()
	s := Open(t.TempDir())
	take(t, s, Import{Path: own(t, "2026-01-01", "1", "2", "3", "4", "5")})
	before, _ := s.Head()
	if _, err := s.Import(Import{Path: own(t, "2026-02-01", "1", "2", "3")}); !errors.Is(err, ErrShrinks) {
		t.Fatalf("two of five taken away: %v", err)
	}
	if after, _ := s.Head(); after != before {
		t.Error("a refused import changed the store")
	}
	take(t, s, Import{Path: own(t, "2026-02-02", "1", "2", "3", "4")}) // a fifth is what may go unasked
	rep := take(t, s, Import{Path: own(t, "2026-02-03", "1"), Yes: true})
	if l := rep.Lists[0]; l.Removed != 3 || l.Before != "2026-02-02" {
		t.Errorf("%+v", l)
	}
}

func TestActivation(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := Open(dir)
	if _, err := s.Activate(""); err == nil {
		t.Error("activated nothing")
	}
	first := take(t, s, Import{Path: own(t, "2026-01-01", "1")}).Set
	second := take(t, s, Import{Path: own(t, "2026-02-01", "1", "2")}).Set
	if _, err := s.Activate(""); err != nil {
		t.Fatal(err)
	}
	if got, _ := s.Active(); got != second {
		t.Errorf("active is %s", got)
	}
	if got, err := s.Activate(first[:8]); err != nil || got != first {
		t.Errorf("back to the first: %s, %v", got, err)
	}
	if _, err := s.Activate("ffffff"); err == nil {
		t.Error("activated a set that is not there")
	}
	if err := os.WriteFile(filepath.Join(dir, "sets", second), []byte("rot"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Activate(second); !errors.Is(err, snapshot.ErrDamaged) {
		t.Errorf("a damaged set: %v", err)
	}
	if got, _ := s.Active(); got != first {
		t.Error("the last good one did not stay")
	}
	st, err := s.Status()
	if err != nil || st.Active != first || len(st.Editions) != 2 || len(st.Lists) != 1 || st.Lists[0].Rules {
		t.Errorf("%+v, %v", st, err)
	}
}

// publisher is a server with an ETag that answers as it is told.
type publisher struct {
	body, etag string
	broken     atomic.Int32 // answers 503 so often
	cut        bool
	asked      atomic.Int32
}

func (p *publisher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.asked.Add(1)
	switch {
	case p.broken.Add(-1) >= 0:
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case r.Header.Get("If-None-Match") == p.etag:
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("ETag", p.etag)
	w.Header().Set("Last-Modified", "Fri, 02 Jan 2026 10:00:00 GMT")
	if p.cut {
		w.Header().Set("Content-Length", strconv.Itoa(len(p.body)+100))
	}
	_, _ = w.Write([]byte(p.body)) // a client that went away is its own matter
}

func TestFetch(t *testing.T) {
	t.Parallel()
	p := &publisher{body: "id,name\n" + lines([]string{"1", "2"}), etag: `"one"`}
	srv := httptest.NewServer(p)
	t.Cleanup(srv.Close)
	dir := t.TempDir()
	s := Open(dir)
	f := Fetch{Source: Source{Name: "own", URLs: []string{srv.URL + "/own.csv"}}, Client: srv.Client()}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()

	p.broken.Store(1)
	rep, err := s.Fetch(ctx, f)
	if err != nil || rep.Lists[0].Published != "2026-01-02" || rep.Lists[0].Rows != 2 || p.asked.Load() != 2 {
		t.Fatalf("after one failure: %+v, %v, asked %d times", rep, err, p.asked.Load())
	}
	if _, err := s.Fetch(ctx, f); !errors.Is(err, ErrUnchanged) {
		t.Errorf("the same again: %v", err)
	}
	p.body, p.etag = "not a list", `"two"`
	if _, err := s.Fetch(ctx, f); !errors.Is(err, list.ErrRefused) {
		t.Errorf("a page instead of a list: %v", err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "fetched", "own", "own.csv")); err != nil || !strings.HasPrefix(string(b), "id,name") {
		t.Error("the last good file did not stay")
	}
	if head, _ := s.Head(); head != rep.Set {
		t.Error("the last good set did not stay")
	}
	p.body = "id,name\n" + lines([]string{"1", "2", "3"})
	f.SHA256 = strings.Repeat("0", 64)
	if _, err := s.Fetch(ctx, f); err == nil || !strings.Contains(err.Error(), "not the one asked for") {
		t.Errorf("another checksum: %v", err)
	}
	f.SHA256 = ""
	if rep, err = s.Fetch(ctx, f); err != nil || rep.Lists[0].Rows != 3 {
		t.Errorf("a newer list: %+v, %v", rep, err)
	}
}

func TestAnAnswerCutOffIsAskedForAgainAndRefused(t *testing.T) {
	t.Parallel()
	p := &publisher{body: "id,name\n1,Lantern\n", etag: `"one"`, cut: true}
	srv := httptest.NewServer(p)
	t.Cleanup(srv.Close)
	s := Open(t.TempDir())
	_, err := s.Fetch(t.Context(), Fetch{Source: Source{Name: "own", URLs: []string{srv.URL + "/own.csv"}}, Client: srv.Client()})
	if err == nil || p.asked.Load() != tries {
		t.Errorf("%v after %d tries", err, p.asked.Load())
	}
	if head, _ := s.Head(); head != "" {
		t.Error("half a file was imported")
	}
}

func TestAnAnswerWithoutAnEndIsLeft(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	}))
	t.Cleanup(srv.Close)
	_, err := Open(t.TempDir()).Fetch(t.Context(), Fetch{Source: Source{Name: "own", URLs: []string{srv.URL + "/own.csv"}}, Client: srv.Client(), Max: 1 << 20})
	if !errors.Is(err, errLarge) || asked.Load() != 1 {
		t.Errorf("%v after %d tries", err, asked.Load())
	}
}

// TestACompressedBombIsLeft sends a few kilobytes that become a gigabyte.
func TestACompressedBombIsLeft(t *testing.T) {
	t.Parallel()
	var bomb bytes.Buffer
	w := gzip.NewWriter(&bomb)
	for range 256 {
		if _, err := w.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(bomb.Bytes())
	}))
	t.Cleanup(srv.Close)
	_, err := Open(t.TempDir()).Fetch(t.Context(), Fetch{Source: Source{Name: "own", URLs: []string{srv.URL + "/own.csv"}}, Client: srv.Client(), Max: 1 << 20})
	if !errors.Is(err, errLarge) {
		t.Error(err)
	}
	// The file itself, whatever it is called, is refused unread.
	file := filepath.Join(t.TempDir(), "sdn.csv")
	if err := os.WriteFile(file, bomb.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(Import{Path: file}); !errors.Is(err, list.ErrRefused) {
		t.Error(err)
	}
}

// TestDifferencesOfTheRealLists holds the differences to those counted by others from the same files.
func TestDifferencesOfTheRealLists(t *testing.T) {
	t.Parallel()
	data := os.Getenv("TIDEGATE_TESTDATA")
	if data == "" {
		t.Skip("TIDEGATE_TESTDATA is not set: the real lists are not here")
	}
	at := func(name string) string { return filepath.Join(data, "lists", name) }
	for _, tc := range []struct {
		from, to                string
		added, removed, renamed int
	}{
		{"ofac-sdn-2019-01-15", "ofac-sdn-2021-07-07", 1858, 261, 20},
		{"ofac-sdn-2021-07-07", "ofac-sdn-2023-01-21", 2982, 515, 43},
		{"ofac-sdn-2023-01-21", "csl-2026-07-31.derived.csv", 9037, 1299, 48},
	} {
		d, _, err := Open(t.TempDir()).Compare(at(tc.from), at(tc.to), "SDN")
		if err != nil {
			t.Fatal(err)
		}
		if len(d.Added) != tc.added || len(d.Removed) != tc.removed || len(d.Renamed) != tc.renamed {
			t.Errorf("%s to %s: +%d -%d, %d renamed", tc.from, tc.to, len(d.Added), len(d.Removed), len(d.Renamed))
		}
	}
	for _, tc := range []struct {
		from, to       string
		added, removed int
	}{
		{"bis-dpl-2019-06.txt", "bis-dpl-2022-09-07.txt", 173, 129},
		{"bis-dpl-2022-09-07.txt", "bis-dpl-2023-11-30.txt", 185, 99},
	} {
		d, _, err := Open(t.TempDir()).Compare(at(tc.from), at(tc.to), "")
		if err != nil || len(d.Added) != tc.added || len(d.Removed) != tc.removed {
			t.Errorf("%s to %s: +%d -%d, %v", tc.from, tc.to, len(d.Added), len(d.Removed), err)
		}
	}
}
