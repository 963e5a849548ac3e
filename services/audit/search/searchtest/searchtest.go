// Package searchtest says what every index of search does: Run is the suite that one passes, whatever it keeps its rows in.
package searchtest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit/search"
)

// Rows are rows of two logs, of every kind: the first three are of log 1, whose size is 7, the last of log 2.
func Rows() []search.Row {
	return []search.Row{
		{
			Log: 1, Leaf: 0, Kind: event.LeafDecision, Event: "e0", OrderID: "A-1", Tenant: "default", Source: "shop", Actor: "kim", Date: "2026-01-05", Received: "2026-01-06T10:00:00.000000Z",
			Outcome: event.Hold, Rule: "possible-match", Rules: []string{"possible-match", "rf-new-customer"}, Entries: []string{"EL-1"}, Named: [][]string{{"Müller & Söhne GmbH"}, {"Holm Optics Ltd", "华为技术有限公司"}},
			Cause: event.Placed, Judged: true, Block: search.Block{Sequence: 1, Cases: 2}, Packs: []search.Rules{{ID: "us", Version: "1", Digest: "d"}},
			Lists: []event.ListSeen{{List: "SDN", Feed: "ofac", Version: "2026-01-01", Rows: 9}},
		},
		{Log: 1, Leaf: 1, Kind: event.LeafRefusal, Event: "e1", OrderID: "A-2", Tenant: "default", Source: "shop", Actor: "lee", Date: "2026-01-06", Received: "2026-01-06T11:00:00.000000Z", Block: search.Block{Sequence: 1, Place: 1, Cases: 2}},
		{Log: 1, Leaf: 2, Kind: event.LeafNote, Event: "e2", Tenant: "default", Actor: "kim", Date: "2026-01-07", Received: "2026-01-07T10:00:00.000000Z", Block: search.Block{Sequence: 2, Cases: 1}},
		{
			Log: 2, Leaf: 0, Kind: event.LeafDecision, Event: "e3", OrderID: "A-3", Tenant: "other", Source: "erp", Actor: "kim", Date: "2026-02-01", Received: "2026-01-08T10:00:00.000000Z",
			Outcome: event.Release, Named: [][]string{{"Harbor Lantern Trading"}}, Cause: event.Disposition, Judged: true, Block: search.Block{Sequence: 3, Cases: 1},
		},
	}
}

// Fill applies Rows.
func Fill(tb testing.TB, x search.Index) {
	tb.Helper()
	ctx, rows := tb.Context(), Rows()
	if err := errors.Join(
		x.Apply(ctx, 0, search.Covered{Log: 1, Size: 2, Root: "a"}, rows[:2]), x.Apply(ctx, 2, search.Covered{Log: 1, Size: 7, Root: "b"}, rows[2:3]),
		x.Apply(ctx, 0, search.Covered{Log: 2, Size: 1, Root: "c"}, rows[3:]),
	); err != nil {
		tb.Fatal(err)
	}
}

// Run is the suite. open gives an empty index, closed by the test's end.
func Run(t *testing.T, open func(testing.TB) search.Index) {
	t.Helper()
	t.Run("what is asked for is found", func(t *testing.T) { t.Parallel(); finds(t, open(t)) })
	t.Run("it moves from where it stands, both or neither", func(t *testing.T) { t.Parallel(); moves(t, open(t)) })
	t.Run("pages follow each other", func(t *testing.T) { t.Parallel(); pages(t, open(t)) })
	t.Run("it shows all that it holds", func(t *testing.T) { t.Parallel(); shows(t, open(t), open(t)) })
	t.Run("its tally is that of its rows", func(t *testing.T) { t.Parallel(); tallies(t, open(t)) })
	t.Run("it finds what holds", func(t *testing.T) { t.Parallel(); law(t, open) })
}

// find asks as an archive does.
func find(tb testing.TB, x search.Index, q search.Query, behind *search.Place, limit int) []search.Place {
	tb.Helper()
	q, err := q.Normal()
	if err != nil {
		tb.Fatal(err)
	}
	c, err := q.Plan(tb.Context(), x)
	if err != nil {
		tb.Fatal(err)
	}
	out, err := x.Find(tb.Context(), c, behind, limit)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

func finds(t *testing.T, x search.Index) {
	t.Helper()
	Fill(t, x)
	first, second, third, other := search.Place{Log: 1, Leaf: 0}, search.Place{Log: 1, Leaf: 1}, search.Place{Log: 1, Leaf: 2}, search.Place{Log: 2, Leaf: 0}
	for name, tt := range map[string]struct {
		q    search.Query
		want []search.Place
	}{
		"everything, newest first":                 {search.Query{}, []search.Place{other, third, second, first}},
		"an order":                                 {search.Query{Order: "A-2"}, []search.Place{second}},
		"an event":                                 {search.Query{Event: "e3"}, []search.Place{other}},
		"words without their marks":                {search.Query{Party: "sohne MULLER"}, []search.Place{first}},
		"beginnings of words":                      {search.Query{Party: "lan har"}, []search.Place{other}},
		"a long beginning of a word":               {search.Query{Party: "lanter"}, []search.Place{other}},
		"two letters are no beginning":             {search.Query{Party: "ha"}, nil},
		"a slip":                                   {search.Query{Party: "harbro lanternn"}, []search.Place{other}},
		"another way to write it":                  {search.Query{Party: "Arbor Lantan"}, nil},
		"two words written as one":                 {search.Query{Party: "HarborLantern"}, []search.Place{other}},
		"one word written as two":                  {search.Query{Party: "Lan Tern"}, []search.Place{other}},
		"signs inside a name":                      {search.Query{Party: "技术"}, []search.Place{first}},
		"traditional signs":                        {search.Query{Party: "華為"}, []search.Place{first}},
		"Chinese in Latin letters":                 {search.Query{Party: "Huawei"}, []search.Place{first}},
		"Chinese in Latin letters, with a slip":    {search.Query{Party: "Huawey Technologies Co., Ltd."}, []search.Place{first}},
		"legal forms ask for nothing":              {search.Query{Party: "Muller Sohne AG"}, []search.Place{first}},
		"Cyrillic for Latin":                       {search.Query{Party: "Мюллер"}, []search.Place{first}},
		"a name and the alias of one party":        {search.Query{Party: "holm huawei"}, []search.Place{first}},
		"a word that is not there":                 {search.Query{Party: "harbor lamp"}, nil},
		"syntax is text":                           {search.Query{Party: `harbor" OR "x* NEAR(`}, nil},
		"a range of days, inclusive":               {search.Query{From: "2026-01-05", Until: "2026-01-05"}, []search.Place{first}},
		"a range over months":                      {search.Query{From: "2026-01-06", Until: "2026-02-01"}, []search.Place{other, third, second}},
		"from a day on":                            {search.Query{From: "2026-01-07"}, []search.Place{other, third}},
		"until a day":                              {search.Query{Until: "2026-01-31"}, []search.Place{third, second, first}},
		"days without a record":                    {search.Query{From: "1950-01-01", Until: "2025-12-31"}, nil},
		"days on which it was received":            {search.Query{ReceivedFrom: "2026-01-08"}, []search.Place{other}},
		"an outcome":                               {search.Query{Outcome: event.Hold}, []search.Place{first}},
		"what happened":                            {search.Query{Cause: event.Disposition, Outcome: event.Release}, []search.Place{other}},
		"a rule that did not decide":               {search.Query{Rule: "rf-new-customer"}, []search.Place{first}},
		"a list entry":                             {search.Query{Entry: "EL-1"}, []search.Place{first}},
		"an actor's decisions":                     {search.Query{Actor: "kim", Kind: event.LeafDecision}, []search.Place{other, first}},
		"a source":                                 {search.Query{Source: "erp"}, []search.Place{other}},
		"two things that do not agree":             {search.Query{Order: "A-1", Source: "erp"}, nil},
		"a value that is another's name":           {search.Query{Order: "kim"}, nil},
		"party, day and outcome":                   {search.Query{Party: "huawei", Until: "2026-12-31", Outcome: event.Hold}, []search.Place{first}},
		"of the first of a range of days, no more": {search.Query{Party: "harbor", Until: "2026-01-31"}, nil},
	} {
		if diff := cmp.Diff(tt.want, find(t, x, tt.q, nil, 100)); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
		for _, r := range Rows() {
			if is := slices.Contains(tt.want, search.Place{Log: r.Log, Leaf: r.Leaf}); is != tt.q.Holds(r) {
				t.Errorf("%s: Holds says %v of leaf %d of log %d", name, !is, r.Leaf, r.Log)
			}
		}
	}
}

func moves(t *testing.T, x search.Index) {
	t.Helper()
	Fill(t, x)
	covered := func() []search.Covered {
		got, err := x.Covered(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	want := []search.Covered{{Log: 1, Size: 7, Root: "b"}, {Log: 2, Size: 1, Root: "c"}}
	late := search.Row{Log: 1, Leaf: 8, Kind: event.LeafDecision, OrderID: "LATE", Received: "2026-01-09T10:00:00.000000Z", Block: search.Block{Sequence: 9, Cases: 1}}
	if err := x.Apply(t.Context(), 2, search.Covered{Log: 1, Size: 9, Root: "d"}, []search.Row{late}); !errors.Is(err, search.ErrMoved) {
		t.Errorf("applied twice: %v", err)
	}
	if diff := cmp.Diff(want, covered()); diff != "" {
		t.Error(diff)
	}
	if got := find(t, x, search.Query{Order: "LATE"}, nil, 9); got != nil {
		t.Errorf("what was not applied is found: %v", got)
	}
	if err := x.Apply(t.Context(), 7, search.Covered{Log: 1, Size: 8, Root: "d"}, nil); err != nil || covered()[0].Size != 8 {
		t.Errorf("leaves that do not count: %v, %v", err, covered())
	}
	if err := x.Clear(t.Context()); err != nil || covered() != nil || find(t, x, search.Query{}, nil, 9) != nil {
		t.Errorf("cleared: %v, %v", err, covered())
	}
	Fill(t, x)
	if diff := cmp.Diff(want, covered()); diff != "" {
		t.Errorf("made again:\n%s", diff)
	}
}

func pages(t *testing.T, x search.Index) {
	t.Helper()
	Fill(t, x)
	var got []search.Place
	for behind := (*search.Place)(nil); ; {
		page := find(t, x, search.Query{}, behind, 1)
		if len(page) == 0 {
			break
		}
		got, behind = append(got, page...), &page[0]
	}
	if want := find(t, x, search.Query{}, nil, 9); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// held is all that an index shows.
type held struct {
	Covered []search.Covered
	Terms   map[search.Place][]string
	Near    map[string][]string
	Known   []string
	Tally   search.Completeness
}

func look(tb testing.TB, x search.Index) held {
	tb.Helper()
	h := held{Terms: map[search.Place][]string{}, Near: map[string][]string{}}
	if err := x.Look(tb.Context(), search.View{
		Covered: func(c []search.Covered) { h.Covered = c },
		Term:    func(term string, p search.Place) { h.Terms[p] = append(h.Terms[p], term) },
		Near:    func(key, word string) { h.Near[key] = append(h.Near[key], word) },
		Known:   func(word string) { h.Known = append(h.Known, word) },
		Tally:   func(t search.Tally) { h.Tally = t.Completeness("", "") },
	}); err != nil {
		tb.Fatal(err)
	}
	for _, list := range []map[string][]string{h.Near} {
		for k := range list {
			slices.Sort(list[k])
		}
	}
	for p := range h.Terms {
		slices.Sort(h.Terms[p])
	}
	slices.Sort(h.Known)
	return h
}

func shows(t *testing.T, x, other search.Index) {
	t.Helper()
	Fill(t, x)
	got := look(t, x)
	want := held{Covered: got.Covered, Terms: map[search.Place][]string{}, Near: map[string][]string{}, Tally: got.Tally}
	known := map[string]bool{}
	for _, r := range Rows() {
		want.Terms[search.Place{Log: r.Log, Leaf: r.Leaf}] = slices.Sorted(slices.Values(search.Terms(r)))
		for _, w := range search.Known(r) {
			known[w] = true
		}
	}
	want.Known = slices.Sorted(maps.Keys(known))
	for _, w := range want.Known {
		for _, k := range search.NearKeys(w) {
			want.Near[k] = append(want.Near[k], w)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	rows := Rows()
	if err := errors.Join(other.Apply(t.Context(), 0, search.Covered{Log: 2, Size: 1, Root: "c"}, rows[3:]), other.Apply(t.Context(), 0, search.Covered{Log: 1, Size: 7, Root: "b"}, rows[:3])); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, look(t, other)); diff != "" {
		t.Errorf("made in one step it is another:\n%s", diff)
	}
}

func tallies(t *testing.T, x search.Index) {
	t.Helper()
	Fill(t, x)
	want := search.NewTally()
	for _, r := range Rows() {
		want.Add(r)
	}
	got, err := x.Tally(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Completeness("", ""), got.Completeness("", "")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want.Freshness("", "", 0), got.Freshness("", "", 0)); diff != "" {
		t.Error(diff)
	}
}

// law: whatever is asked of whatever rows, the index finds those that hold.
func law(t *testing.T, open func(testing.TB) search.Index) {
	t.Helper()
	rapid.Check(t, func(rt *rapid.T) {
		value := rapid.SampledFrom([]string{"", "a", "A", "ab", "x'y", `q"z`, "\x00"})
		word := rapid.SampledFrom([]string{"", "a", "ab", "ABC", "abcd", "abcde", "abcdef", "abdcef", "Abcdefgh", "Abkdefgh", "ä", "é-b", "华为", "为", "深圳华为", "x'y", `q"z`, "st", "ﬁn", "10", "Юрий", "юр", "삼성전자", "ソニー", "Ltd", "有限公司", "tech", "technology"})
		name := rapid.Map(rapid.SliceOfN(word, 0, 3), func(s []string) string { return fmt.Sprint(s) })
		list := rapid.Map(rapid.SliceOfN(value, 0, 2), func(s []string) []string {
			slices.Sort(s)
			return slices.DeleteFunc(slices.Compact(s), func(s string) bool { return s == "" })
		})
		day := rapid.SampledFrom([]event.Date{"", "1999-12-31", "2026-01-01", "2026-01-31", "2026-02-28", "2026-10-01", "2030-01-01"})
		x := open(t)
		rows := make([]search.Row, rapid.IntRange(0, 6).Draw(rt, "rows"))
		for i := range rows {
			rows[i] = search.Row{
				Log: 1, Leaf: uint64(i), Kind: event.LeafDecision, OrderID: value.Draw(rt, "order"), Actor: value.Draw(rt, "actor"), Source: value.Draw(rt, "source"), Date: day.Draw(rt, "date"),
				Received: "2026-01-09T10:00:00.000000Z", Rules: list.Draw(rt, "rules"), Entries: list.Draw(rt, "entries"), Named: [][]string{{name.Draw(rt, "name"), name.Draw(rt, "alias")}},
				Block: search.Block{Sequence: uint64(i) + 1, Cases: 1},
			}
		}
		if err := x.Apply(t.Context(), 0, search.Covered{Log: 1, Size: uint64(len(rows))}, rows); err != nil {
			rt.Fatal(err)
		}
		q, err := search.Query{
			Order: value.Draw(rt, "q order"), Party: name.Draw(rt, "q party"), Rule: value.Draw(rt, "q rule"), Entry: value.Draw(rt, "q entry"), From: day.Draw(rt, "q from"), Until: day.Draw(rt, "q until"),
		}.Normal()
		if err != nil {
			return
		}
		if rapid.Bool().Draw(rt, "within") {
			q.Within.Sources, q.Within.From = list.Draw(rt, "sources"), day.Draw(rt, "sees from")
		}
		var want []search.Place
		for _, r := range slices.Backward(rows) {
			if q.Holds(r) {
				want = append(want, search.Place{Log: r.Log, Leaf: r.Leaf})
			}
		}
		if diff := cmp.Diff(want, find(t, x, q, nil, 100)); diff != "" {
			rt.Fatalf("%+v\n%s", q, diff)
		}
	})
}
