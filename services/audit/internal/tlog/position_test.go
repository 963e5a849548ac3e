package tlog

import (
	"flag"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tidegate/tidegate/schemas/event"
)

// init makes the drawn cases the same in every run; -rapid.seed on the command line draws others.
func init() {
	if err := flag.Set("rapid.seed", "20261123"); err != nil {
		panic(err)
	}
}

// heads are the headers of blocks of the given sizes, from block 1 on.
func heads(sizes ...int) (out []event.Leaf) {
	for b, n := range sizes {
		for p := range n {
			out = append(out, event.Leaf{Sequence: uint64(b + 1), Place: p, Cases: n})
		}
	}
	return out
}

func TestResume(t *testing.T) {
	t.Parallel()
	all := heads(2, 3, 2)
	for _, tt := range []struct {
		name string
		tail []event.Leaf
		want Position
	}{
		{"an empty log begins at block 1", nil, Position{Next: Place{1, 0}}},
		{"whole blocks go on with the next", all, Position{Next: Place{4, 0}}},
		{"a begun block goes on inside it", all[:4], Position{Next: Place{2, 2}, Cases: 3}},
		{"the second of two swapped batches was lost", append(heads(2), all[5:]...), Position{Next: Place{2, 0}, Ahead: map[Place]bool{{3, 0}: true, {3, 1}: true}}},
		{"two swapped batches are whole", append(append(heads(2), all[5:]...), all[2:5]...), Position{Next: Place{4, 0}}},
	} {
		got, err := Resume(tt.tail)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s:\n%s", tt.name, diff)
		}
	}
	if _, err := Resume(append(heads(2), heads(2)...)); err == nil {
		t.Error("a case that is in the log twice was not noticed")
	}
}

// Wherever the log was cut off, and whichever two batches at its end swapped: what is resumed completes it, each case once.
func TestResumeCompletesTheLog(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := heads(rapid.SliceOfN(rapid.IntRange(1, 9), 1, 12).Draw(t, "sizes")...)
		a := rapid.IntRange(0, len(want)).Draw(t, "a")
		b := rapid.IntRange(a, len(want)).Draw(t, "b")
		c := rapid.IntRange(b, len(want)).Draw(t, "c")
		if a == 0 {
			a = b // a log whose first leaf is missing cannot be: the first batch is alone
		}
		swapped := append(append(append([]event.Leaf{}, want[:a]...), want[b:c]...), want[a:b]...)
		log := swapped[:rapid.IntRange(0, len(swapped)).Draw(t, "kept")]
		p, err := Resume(log)
		if err != nil {
			t.Fatal(err)
		}
		count := map[Place]int{}
		for _, l := range log {
			count[placeOf(l)]++
		}
		for _, l := range want {
			at := placeOf(l)
			if at.Sequence < p.Next.Sequence || at.Sequence == p.Next.Sequence && at.Case < p.Next.Case || p.Ahead[at] {
				continue
			}
			count[at]++
		}
		for _, l := range want {
			if count[placeOf(l)] != 1 {
				t.Fatalf("case %d of block %d is logged %d times", l.Place, l.Sequence, count[placeOf(l)])
			}
		}
	})
}
