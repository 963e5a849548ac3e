package search

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/shared/token"
)

// init makes the drawn cases the same in every run; -rapid.seed on the command line draws others.
func init() {
	if err := flag.Set("rapid.seed", "20261123"); err != nil {
		panic(err)
	}
}

func sqlite(tb testing.TB) Index {
	tb.Helper()
	s, err := OpenSQLite(context.Background(), filepath.Join(tb.TempDir(), "index"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	return s
}

func TestSQLiteConforms(t *testing.T) {
	t.Parallel()
	conform(t, sqlite)
}

var sample = []Row{
	{
		Log: 1, Leaf: 0, Kind: event.LeafDecision, Event: "e0", OrderID: "A-1", Tenant: "default", Source: "shop", Actor: "kim", Date: "2026-01-05", Outcome: event.Hold,
		Rule: "possible-match", Rules: []string{"possible-match", "rf-new-customer"}, Entries: []string{"EL-1"}, Names: []string{"Müller & Söhne GmbH", "华为技术有限公司"},
	},
	{Log: 1, Leaf: 1, Kind: event.LeafRefusal, Event: "e1", OrderID: "A-2", Source: "shop", Actor: "lee"},
	{Log: 1, Leaf: 2, Kind: event.LeafNote, Event: "e2", Actor: "kim"},
	{Log: 2, Leaf: 0, Kind: event.LeafDecision, Event: "e3", OrderID: "A-3", Tenant: "acme", Source: "erp", Actor: "kim", Date: "2026-02-01", Outcome: event.Release, Names: []string{"Harbor Lantern Trading"}},
}

// conform is what every index must pass.
func conform(t *testing.T, open func(testing.TB) Index) {
	t.Helper()
	ctx := t.Context()
	x := open(t)
	if err := errors.Join(x.Apply(ctx, 1, 0, 2, sample[:2]), x.Apply(ctx, 1, 2, 7, sample[2:3]), x.Apply(ctx, 2, 0, 1, sample[3:])); err != nil {
		t.Fatal(err)
	}
	if err := x.Apply(ctx, 1, 2, 9, nil); !errors.Is(err, ErrMoved) {
		t.Errorf("applied twice: %v", err)
	}
	if got, err := x.Covered(ctx); err != nil || !slices.Equal(got, []Covered{{1, 7}, {2, 1}}) {
		t.Errorf("%v: covered %v", err, got)
	}
	for name, tt := range map[string]struct {
		q    Query
		want []Place
	}{
		"everything, newest first":     {Query{}, []Place{{2, 0}, {1, 2}, {1, 1}, {1, 0}}},
		"an order":                     {Query{Order: "A-2"}, []Place{{1, 1}}},
		"an event":                     {Query{Event: "e3"}, []Place{{2, 0}}},
		"words without their marks":    {Query{Party: "sohne MULLER"}, []Place{{1, 0}}},
		"beginnings of words":          {Query{Party: "lan har"}, []Place{{2, 0}}},
		"signs inside a name":          {Query{Party: "技术"}, []Place{{1, 0}}},
		"a word that is not there":     {Query{Party: "harbor lamp"}, nil},
		"syntax is text":               {Query{Party: `harbor" OR "x* NEAR(`}, nil},
		"a range of days, inclusive":   {Query{From: "2026-01-05", Until: "2026-01-31"}, []Place{{1, 0}}},
		"until, without the dateless":  {Query{Until: "2026-12-31"}, []Place{{2, 0}, {1, 0}}},
		"an outcome":                   {Query{Outcome: event.Hold}, []Place{{1, 0}}},
		"a rule that did not decide":   {Query{Rule: "rf-new-customer"}, []Place{{1, 0}}},
		"a list entry":                 {Query{Entry: "EL-1"}, []Place{{1, 0}}},
		"an actor's decisions":         {Query{Actor: "kim", Kind: event.LeafDecision}, []Place{{2, 0}, {1, 0}}},
		"a source":                     {Query{Source: "erp"}, []Place{{2, 0}}},
		"within a source":              {Query{Within: token.Reach{Sources: []string{"shop", "other"}}}, []Place{{1, 1}, {1, 0}}},
		"within a tenant":              {Query{Within: token.Reach{Tenants: []string{"acme"}}}, []Place{{2, 0}}},
		"within days, no notes":        {Query{Within: token.Reach{From: "2026-01-01", Until: "2026-02-01"}}, []Place{{2, 0}, {1, 0}}},
		"within, and asked beyond it":  {Query{Source: "erp", Within: token.Reach{Sources: []string{"shop"}}}, nil},
		"two things that do not agree": {Query{Order: "A-1", Source: "erp"}, nil},
	} {
		got, err := x.Find(ctx, tt.q, nil, 100)
		if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
	if got, err := x.Find(ctx, Query{}, &Place{1, 2}, 1); err != nil || !slices.Equal(got, []Place{{1, 1}}) {
		t.Errorf("the page behind: %v: %v", err, got)
	}
	same(t, open, x)
}

// same demands that an index made in one step is the one made in several, and that a forgotten row shows.
func same(t *testing.T, open func(testing.TB) Index, x Index) {
	t.Helper()
	ctx := t.Context()
	digest := func(x Index) string {
		d, err := x.Digest(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	whole, less := open(t), open(t)
	if err := errors.Join(whole.Apply(ctx, 2, 0, 1, sample[3:]), whole.Apply(ctx, 1, 0, 7, sample[:3]), less.Apply(ctx, 2, 0, 1, sample[3:]), less.Apply(ctx, 1, 0, 7, sample[1:3])); err != nil {
		t.Fatal(err)
	}
	if digest(x) != digest(whole) || digest(x) == digest(less) {
		t.Error("the digest does not tell equal from other")
	}
	if err := x.Clear(ctx); err != nil || digest(x) != digest(open(t)) {
		t.Errorf("cleared: %v", err)
	}
}

// Whatever is asked of whatever rows: the index finds those that hold.
func TestTheIndexFindsWhatHolds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		word := rapid.SampledFrom([]string{"", "a", "ab", "ABC", "ä", "é-b", "华为", "x'y", `q"z`, "st", "ﬁn", "10"})
		words := rapid.Map(rapid.SliceOfN(word, 0, 3), func(s []string) []string {
			slices.Sort(s)
			return slices.DeleteFunc(slices.Compact(s), func(s string) bool { return s == "" })
		})
		x := sqlite(t)
		rows := make([]Row, rapid.IntRange(0, 8).Draw(rt, "rows"))
		for i := range rows {
			rows[i] = Row{
				Log: 1, Leaf: uint64(i), Kind: event.LeafDecision, OrderID: word.Draw(rt, "order"), Actor: word.Draw(rt, "actor"), Source: word.Draw(rt, "source"), Tenant: word.Draw(rt, "tenant"),
				Date:  event.Date(rapid.SampledFrom([]string{"", "2026-01-01", "2026-06-01"}).Draw(rt, "date")),
				Rules: words.Draw(rt, "rules"), Entries: words.Draw(rt, "entries"), Names: words.Draw(rt, "names"),
			}
		}
		if err := x.Apply(t.Context(), 1, 0, uint64(len(rows)), rows); err != nil {
			rt.Fatal(err)
		}
		q, err := Query{
			Order: word.Draw(rt, "q order"), Party: word.Draw(rt, "q party"), Rule: word.Draw(rt, "q rule"), Entry: word.Draw(rt, "q entry"),
			Until: event.Date(rapid.SampledFrom([]string{"", "2026-03-01"}).Draw(rt, "until")),
			Within: token.Reach{Sources: words.Draw(rt, "q sources"), Tenants: words.Draw(rt, "q tenants"), From: event.Date(rapid.SampledFrom([]string{"", "2026-03-01"}).Draw(rt, "within"))},
		}.Normal()
		if err != nil {
			return
		}
		var want []Place
		for _, r := range slices.Backward(rows) {
			if q.Holds(r) {
				want = append(want, Place{r.Log, r.Leaf})
			}
		}
		got, err := x.Find(t.Context(), q, nil, 100)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			rt.Fatalf("%+v: %v\n%s", q, err, diff)
		}
	})
}

func TestAQueryWithFaultsNamesThemAll(t *testing.T) {
	t.Parallel()
	_, err := Query{From: "2026-13-01", Until: "2026-01-xx", Party: "!?", Limit: -1}.Normal()
	if err == nil {
		t.Fatal("taken")
	}
	for _, want := range []string{"from:", "until:", "party", "limit"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
}

func FuzzParty(f *testing.F) {
	x := sqlite(f)
	if err := x.Apply(context.Background(), 1, 0, 4, sample[:3]); err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"a", `"`, "*", "a OR b", "NEAR(a b)", "华为", "\x00", "\xff", "ſ", "İ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, party string) {
		q, err := Query{Party: party}.Normal()
		if err != nil {
			return
		}
		got, err := x.Find(context.Background(), q, nil, 10)
		if err != nil {
			t.Fatalf("%q: %v", party, err)
		}
		for _, p := range got {
			if i := slices.IndexFunc(sample, func(r Row) bool { return r.Log == p.Log && r.Leaf == p.Leaf }); !q.Holds(sample[i]) {
				t.Errorf("%q finds %+v", party, p)
			}
		}
	})
}

// BenchmarkApply is a rebuild without the reading: rows of decisions into the file.
func BenchmarkApply(b *testing.B) {
	x := sqlite(b)
	rows := make([]Row, batch)
	for at := 0; b.Loop(); at += batch {
		for i := range rows {
			r := sample[0]
			r.Leaf, r.OrderID, r.Event = uint64(at+i), fmt.Sprintf("A-%d", at+i), fmt.Sprintf("e-%d", at+i)
			rows[i] = r
		}
		if err := x.Apply(context.Background(), 1, uint64(at), uint64(at+batch), rows); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(batch)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
