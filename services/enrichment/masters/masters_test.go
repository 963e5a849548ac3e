package masters

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/master"
)

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func take(t *testing.T, s *Store, in Import) Report {
	t.Helper()
	rep, err := s.Import(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func rows(n int) string {
	var b strings.Builder
	b.WriteString("sku,eccn\n")
	for i := range n {
		fmt.Fprintf(&b, "S-%d,EAR99\n", i)
	}
	return b.String()
}

func TestAnEditionReplacesTheOneBefore(t *testing.T) {
	t.Parallel()
	s := Open(filepath.Join(t.TempDir(), "masters"))
	first := take(t, s, Import{Path: file(t, "items.csv", rows(10))})
	if first.Added != 10 || first.Series != "items" {
		t.Fatalf("%+v", first)
	}
	partners := take(t, s, Import{Path: file(t, "partners.csv", "customer_number,name\nC1,Harbor\n")})
	second := take(t, s, Import{Path: file(t, "items-new.csv", strings.Replace(rows(11), "S-3,EAR99", "S-3,5A992.c", 1))})
	if second.Added != 1 || second.Changed != 1 || second.Removed != 0 || second.Before != 10 {
		t.Fatalf("%+v", second)
	}
	d, err := s.Diff(partners.Set, "head", 5)
	if err != nil || d.Added.Count != 1 || d.Added.First[0] != "SKU S-10" || d.Changed.First[0] != "SKU S-3" {
		t.Fatalf("%+v %v", d, err)
	}
	m, err := s.Load(second.Set)
	if err != nil || m.Len() != 12 {
		t.Fatal(m, err)
	}
	if _, _, ok := m.Set().Partner(&event.Party{Customer: "C1"}); !ok {
		t.Error("the partners went with the items")
	}
	again := take(t, s, Import{Path: file(t, "items-new.csv", strings.Replace(rows(11), "S-3,EAR99", "S-3,5A992.c", 1))})
	if again.Set != second.Set {
		t.Error("the same files, another set")
	}
	if set, err := s.Drop("partners"); err != nil || set == second.Set {
		t.Error(set, err)
	}
}

func TestARefusedFileLeavesEverythingAsItWas(t *testing.T) {
	t.Parallel()
	s := Open(filepath.Join(t.TempDir(), "masters"))
	take(t, s, Import{Path: file(t, "items.csv", rows(10))})
	before, _ := s.Head()
	bad := strings.Repeat("S-1,EAR99\n", 50)
	_, err := s.Import(context.Background(), Import{Path: file(t, "bad.csv", "sku,eccn\n"+bad)})
	if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "bad.csv:3: sku S-1 stands already in row 2") {
		t.Fatal(err)
	}
	_, name, _ := strings.Cut(err.Error(), "every fault: ")
	b, err := os.ReadFile(name)
	if err != nil || strings.Count(string(b), "\n") != 49 {
		t.Errorf("%d faults written, %v", strings.Count(string(b), "\n"), err)
	}
	if _, err := s.Import(context.Background(), Import{Path: file(t, "few.csv", rows(7))}); !errors.Is(err, ErrShrinks) {
		t.Error(err)
	}
	if after, _ := s.Head(); after != before {
		t.Error("the head moved")
	}
	take(t, s, Import{Path: file(t, "few.csv", rows(7)), Yes: true})
}

func TestFromAURL(t *testing.T) {
	t.Parallel()
	there := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/export/items.csv" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, rows(3))
	}))
	defer there.Close()
	s := Open(filepath.Join(t.TempDir(), "masters"))
	if rep := take(t, s, Import{Path: there.URL + "/export/items.csv", Client: there.Client()}); rep.File != "items.csv" || rep.Rows != 3 {
		t.Errorf("%+v", rep)
	}
	if _, err := s.Import(context.Background(), Import{Path: there.URL + "/gone.csv", Client: there.Client()}); err == nil || !strings.Contains(err.Error(), "404") {
		t.Error(err)
	}
}

func TestWhatIsInForceIsCheckedWhenItIsMapped(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "masters")
	if m, err := InForce(dir); m != nil || err != nil {
		t.Fatal(m, err)
	}
	s := Open(dir)
	rep := take(t, s, Import{Path: file(t, "items.csv", rows(3))})
	if _, err := s.Activate(""); err != nil {
		t.Fatal(err)
	}
	m, err := InForce(dir)
	if err != nil || m.Digest() != rep.Set {
		t.Fatal(m, err)
	}
	elsewhere := Open(filepath.Join(t.TempDir(), "other"))
	if _, err := elsewhere.Load(rep.Set); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := elsewhere.Take(rep.Set, m.Set().File()); err != nil {
		t.Error(err)
	}
	set := filepath.Join(dir, "sets", rep.Set)
	b, err := os.ReadFile(set)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-1] ^= 1
	if err := errors.Join(os.Remove(set), os.WriteFile(set, b, 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := InForce(dir); !errors.Is(err, master.ErrDamaged) {
		t.Error(err)
	}
}
