package search

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tidegate/tidegate/schemas/event"
)

// decision is a row of a decision received on a day.
func decision(day string, sequence uint64, place, cases int) Row {
	return Row{
		Kind: event.LeafDecision, Cause: event.Placed, Judged: true, Outcome: event.Hold, Received: event.Instant(day + "T10:00:00.000000Z"), Block: Block{sequence, 0, place, cases},
		Lists: []event.ListSeen{{List: "SDN", Feed: "ofac", Version: "2026-01-01", Rows: 9}}, Packs: []Rules{{"us", "1", "d1"}}, Snapshot: "s1",
	}
}

func gap(day string, from, to uint64, place int) Row {
	return Row{Kind: event.LeafGap, Logged: event.Instant(day + "T10:00:00.000000Z"), Block: Block{from, to, place, 0}}
}

func TestCompleteness(t *testing.T) {
	t.Parallel()
	undecided := decision("2026-01-10", 2, 0, 1)
	undecided.Judged = false
	for name, tt := range map[string]struct {
		rows     []Row
		complete bool
		day      CompleteDay
		open     int
	}{
		"every place once": {
			[]Row{decision("2026-01-10", 1, 0, 2), decision("2026-01-10", 1, 1, 2), decision("2026-01-10", 2, 0, 1)},
			true,
			CompleteDay{Orders: 3, Decisions: 3, Leaves: 3},
			0,
		},
		"out of order":                 {[]Row{decision("2026-01-10", 2, 0, 1), decision("2026-01-10", 1, 1, 2), decision("2026-01-10", 1, 0, 2)}, true, CompleteDay{Orders: 3, Decisions: 3, Leaves: 3}, 0},
		"a place is missing":           {[]Row{decision("2026-01-10", 1, 1, 2), decision("2026-01-10", 2, 0, 1)}, false, CompleteDay{Orders: 2, Decisions: 2, Leaves: 2, Missing: 1}, 0},
		"blocks are missing":           {[]Row{decision("2026-01-10", 1, 0, 1), decision("2026-01-10", 4, 0, 1)}, false, CompleteDay{Orders: 2, Decisions: 2, Leaves: 2, MissingWhole: 2}, 0},
		"the first blocks are missing": {[]Row{decision("2026-01-10", 3, 0, 1), decision("2026-01-10", 4, 0, 1)}, false, CompleteDay{Orders: 2, Decisions: 2, Leaves: 2, MissingWhole: 2}, 0},
		"a place is there twice":       {[]Row{decision("2026-01-10", 1, 0, 1), decision("2026-01-10", 1, 0, 1)}, false, CompleteDay{Orders: 2, Decisions: 2, Leaves: 2, Doubled: 1}, 0},
		"the last block is still open": {[]Row{decision("2026-01-10", 1, 0, 1), decision("2026-01-10", 2, 0, 9)}, true, CompleteDay{Orders: 2, Decisions: 2, Leaves: 2}, 8},
		"blocks were declared lost":    {[]Row{decision("2026-01-10", 1, 0, 1), gap("2026-01-10", 2, 3, 0), decision("2026-01-10", 4, 0, 1)}, false, CompleteDay{Orders: 2, Decisions: 2, Leaves: 3, Gaps: 1, Lost: 2}, 0},
		"half a block was lost":        {[]Row{decision("2026-01-10", 1, 0, 2), gap("2026-01-10", 1, 3, 1), decision("2026-01-10", 4, 0, 1)}, false, CompleteDay{Orders: 2, Decisions: 2, Leaves: 3, Gaps: 1, Lost: 2}, 0},
		"an order without a decision":  {[]Row{decision("2026-01-10", 1, 0, 1), undecided}, false, CompleteDay{Orders: 2, Decisions: 1, Leaves: 2}, 0},
	} {
		tally := NewTally()
		for _, r := range tt.rows {
			tally.Add(r)
		}
		got := tally.Completeness("2026-01-10", "")
		got.Total.Words, got.Total.Outcomes = "", nil
		tt.day.Complete = tt.complete
		if diff := cmp.Diff(tt.day, got.Total); diff != "" || got.Complete != tt.complete || got.Open != tt.open {
			t.Errorf("%s: complete %v, open %d\n%s", name, got.Complete, got.Open, diff)
		}
		if len(got.Words) < 2 {
			t.Errorf("%s: %q", name, got.Words)
		}
	}
}

// Tallies of parts add up to that of the whole, whatever the parts, also when they were kept as JSON between.
func TestTalliesAddUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var rows []Row
		for sequence := uint64(1); sequence < 6; sequence++ {
			if rapid.IntRange(0, 5).Draw(rt, "gap") == 0 {
				rows = append(rows, gap("2026-01-11", sequence, sequence, 0))
				continue
			}
			cases := rapid.IntRange(1, 4).Draw(rt, "cases")
			for place := range cases {
				if rapid.IntRange(0, 9).Draw(rt, "there") > 0 {
					rows = append(rows, decision(rapid.SampledFrom([]string{"2026-01-10", "2026-01-12"}).Draw(rt, "day"), sequence, place, cases))
				}
			}
		}
		rows = rapid.Permutation(rows).Draw(rt, "rows")
		whole, sum := NewTally(), NewTally()
		for at := 0; at < len(rows); {
			part := NewTally()
			for range rapid.IntRange(1, 5).Draw(rt, "part") {
				if at < len(rows) {
					whole.Add(rows[at])
					part.Add(rows[at])
					at++
				}
			}
			b, err := json.Marshal(part)
			if err != nil {
				rt.Fatal(err)
			}
			kept := NewTally()
			if err := json.Unmarshal(b, &kept); err != nil {
				rt.Fatal(err)
			}
			sum.Merge(kept)
		}
		if diff := cmp.Diff(whole.Completeness("", ""), sum.Completeness("", "")); diff != "" {
			rt.Fatal(diff)
		}
		if diff := cmp.Diff(whole.Freshness("", "", 0), sum.Freshness("", "", 0)); diff != "" {
			rt.Fatal(diff)
		}
	})
}

func TestFreshness(t *testing.T) {
	t.Parallel()
	tally := NewTally()
	undated, curated := decision("2026-02-10", 3, 0, 1), decision("2026-02-11", 4, 0, 1)
	undated.Lists = []event.ListSeen{{List: "EL", Feed: "bis"}}
	curated.Lists = nil
	activation := Row{Kind: event.LeafControl, Received: "2026-02-12T10:00:00.000000Z", Block: Block{5, 0, 0, 1}, Activated: &Activated{What: "lists", Digest: "d", By: "kim"}}
	for _, r := range []Row{decision("2026-01-31", 1, 0, 1), decision("2026-02-10", 2, 0, 1), undated, curated, activation} {
		tally.Add(r)
	}
	got := tally.Freshness("", "", 30)
	want := []ListInForce{
		{ListEdition{List: "EL", Feed: "bis"}, "2026-02-10", "2026-02-10", 1, -1, 1},
		{ListEdition{List: "SDN", Feed: "ofac", Version: "2026-01-01", Rows: 9}, "2026-01-31", "2026-02-10", 2, 40, 1},
	}
	if diff := cmp.Diff(want, got.Lists); diff != "" {
		t.Error(diff)
	}
	if len(got.Days) != 3 || got.Stale != 1 || got.Days[0].Lists[0].Age != 30 || got.Days[0].Stale || !got.Days[1].Stale || got.Days[2].Unlisted != 1 || len(got.Activations) != 1 || got.Packs[0].Decisions != 4 {
		t.Errorf("%+v", got)
	}
	if got := tally.Freshness("2026-02-11", "2026-02-11", 0); len(got.Days) != 1 || got.Stale != 0 {
		t.Errorf("one day: %+v", got)
	}
}
