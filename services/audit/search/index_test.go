package search

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
)

// init makes the drawn cases the same in every run; -rapid.seed on the command line draws others.
func init() {
	if err := flag.Set("rapid.seed", "20261123"); err != nil {
		panic(err)
	}
}

func sqlite(tb testing.TB, file string) *SQLite {
	tb.Helper()
	s, err := OpenSQLite(context.Background(), file)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	return s
}

func TestAQueryWithFaultsNamesThemAll(t *testing.T) {
	t.Parallel()
	_, err := Query{From: "2026-13-01", Until: "2026-01-xx", Party: "!?", Limit: -1, Order: strings.Repeat("x", MaxText+1)}.Normal()
	if err == nil {
		t.Fatal("taken")
	}
	for _, want := range []string{"from:", "until:", "party", "limit", "bytes"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
}

func TestNear(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"huawei", "huawei", true},
		{"huawei", "huawey", true},
		{"huawei", "hauwei", true},
		{"huawei", "huwei", true},
		{"hisilicon", "hysilikon", true},
		{"shenzhen", "shenjen", true},
		{"kaspersky", "kasperskiy", true},
		{"chang", "zhang", true},
		{"acme", "acne", false}, // too short
		{"12345", "12346", false},
		{"harbor", "lantern", false},
		{"trading", "tracking", false},
	} {
		if got := near(tt.a, tt.b); got != tt.want || near(tt.b, tt.a) != got {
			t.Errorf("%s, %s: %v", tt.a, tt.b, got)
		}
		if tt.want && !slices.ContainsFunc(NearKeys(tt.a), func(k string) bool { return slices.Contains(NearKeys(tt.b), k) }) {
			t.Errorf("%s, %s have no key in common: %q, %q", tt.a, tt.b, NearKeys(tt.a), NearKeys(tt.b))
		}
	}
}

// Two words that are near have a key in common, or nobody would find the one by the other.
func FuzzNear(f *testing.F) {
	f.Add("huawei", "huawey")
	f.Fuzz(func(t *testing.T, a, b string) {
		if near(a, b) && !slices.ContainsFunc(NearKeys(a), func(k string) bool { return slices.Contains(NearKeys(b), k) }) {
			t.Errorf("%q, %q", a, b)
		}
	})
}

var fuzzed = []Row{
	{Log: 1, Leaf: 0, Kind: event.LeafDecision, OrderID: "A-1", Received: "2026-01-06T10:00:00.000000Z", Named: [][]string{{"Müller & Söhne GmbH"}, {"华为技术有限公司"}}, Block: Block{1, 0, 0, 1}},
	{Log: 1, Leaf: 1, Kind: event.LeafDecision, OrderID: "A-2", Received: "2026-01-06T10:00:00.000000Z", Named: [][]string{{"Юрий Holm"}, {`a" OR "b`}}, Block: Block{2, 0, 0, 1}},
}

// Whatever somebody writes: it is a fault or it finds what holds; nothing in it is syntax.
func FuzzQuery(f *testing.F) {
	x := sqlite(f, filepath.Join(f.TempDir(), "index"))
	if err := x.Apply(context.Background(), 0, Covered{Log: 1, Size: 2}, fuzzed); err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"a", `"`, "*", "a OR b", "NEAR(a b)", "华为", "\x00", "\xff", "ſ", "İ", "term:a", "^a", "-a", "{a}", "a AND", strings.Repeat("a ", 300), strings.Repeat("(", 600)} {
		f.Add(s, s, s)
	}
	f.Fuzz(func(t *testing.T, party, order, from string) {
		q, err := Query{Party: party, Order: order, From: event.Date(from)}.Normal()
		if err != nil {
			return
		}
		c, err := q.Plan(context.Background(), x)
		if err != nil {
			t.Fatalf("%q: %v", party, err)
		}
		got, err := x.Find(context.Background(), c, nil, 10)
		if err != nil {
			t.Fatalf("%q: %v", party, err)
		}
		for _, r := range fuzzed {
			if found := slices.Contains(got, Place{r.Log, r.Leaf}); found != q.Holds(r) {
				t.Errorf("%+v: leaf %d: found %v", q, r.Leaf, found)
			}
		}
	})
}

// BenchmarkApply is a rebuild without the reading: rows of decisions into the file.
func BenchmarkApply(b *testing.B) {
	x := sqlite(b, filepath.Join(b.TempDir(), "index"))
	rows := make([]Row, batch)
	for at := uint64(0); b.Loop(); at += batch {
		for i := range rows {
			r := fuzzed[0]
			r.Leaf, r.OrderID, r.Event, r.Block.Sequence = at+uint64(i), fmt.Sprintf("A-%d", at+uint64(i)), fmt.Sprintf("e-%d", at+uint64(i)), at+uint64(i)
			rows[i] = r
		}
		if err := x.Apply(context.Background(), at, Covered{Log: 1, Size: at + batch}, rows); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(batch)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func TestAFileHasItsNameWhenItIsWhole(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "all.csv")
	for _, failed := range []error{errors.New("full"), nil} {
		w, done, err := create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte("half")); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(name); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("before it is done: %v", err)
		}
		if err := done(failed); !errors.Is(err, failed) {
			t.Errorf("%v, want %v", err, failed)
		}
		left, err := filepath.Glob(name + "*")
		if want := map[bool]int{true: 1}[failed == nil]; err != nil || len(left) != want {
			t.Errorf("after %v: %v, %v", failed, left, err)
		}
	}
	if _, _, err := create(name); !errors.Is(err, os.ErrExist) {
		t.Errorf("over another: %v", err)
	}
}
