package stake

import (
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// edges reads "L>A 60, A>P 50": who holds how many percent of whom.
func edges(text string) []Edge {
	var out []Edge
	for s := range strings.SplitSeq(text, ",") {
		who, share, ok := strings.Cut(strings.TrimSpace(s), " ")
		holder, of, _ := strings.Cut(who, ">")
		if r, good := new(big.Rat).SetString(share); ok && good {
			out = append(out, Edge{holder, of, r.Quo(r, big.NewRat(100, 1))})
		}
	}
	return out
}

func percent(r *big.Rat) string {
	return strings.TrimRight(strings.TrimRight(new(big.Rat).Mul(r, big.NewRat(100, 1)).FloatString(9), "0"), ".")
}

func TestBothWaysOfCounting(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, stakes, owners string
		multiplied, chained  string
	}{
		{"half", "L>P 50", "L", "50", "50"},
		{"just below half", "L>P 49.99", "L", "49.99", "49.99"},
		{"two quarters of two owners", "L>P 25, M>P 25", "L M", "50", "50"},
		{"eighty of seventy: more than half either way", "L>A 80, A>P 70", "L", "56", "70"},
		{"sixty of sixty: half only where what is owned half counts in full", "L>A 60, A>P 60", "L", "36", "60"},
		{"forty of all: nothing where less than half counts for nothing", "L>A 40, A>P 100", "L", "40", "0"},
		{"through a minority and directly", "L>A 45, A>P 90, L>P 10", "L", "50.5", "10"},
		{"three steps", "L>A 50, A>B 50, B>P 50", "L", "12.5", "50"},
		{"two blocked owners own one in between together", "L>A 25, M>A 25, A>P 50", "L M", "25", "50"},
		{"two ways", "L>A 60, L>B 60, A>P 50, B>P 40", "L", "54", "90"},
		{"an owner above an owner is counted once", "L>M 60, M>P 40", "L M", "40", "40"},
		{"an owner above an owner, and directly", "L>M 60, M>P 40, L>P 10", "L M", "50", "50"},
		{"a cycle below: half only with the cycle summed to its end", "L>A 60, A>P 50, P>A 40, L>P 10", "L", "50", "60"},
		{"a cycle beside which nobody listed stands", "A>P 50, P>A 50", "L", "0", "0"},
		{"a cycle of three", "L>A 30, C>A 50, A>B 80, B>C 90, B>P 100", "L", "37.5", "0"},
		{"own shares", "L>P 45, P>P 10", "L", "50", "45"},
		{"two that own each other entirely, and nobody else", "A>B 100, B>A 100, B>P 100", "L", "0", "0"},
		{"more than all there is", "L>P 80, M>P 70", "L M", "100", "100"},
		{"more than all there is above", "L>A 90, M>A 90, A>P 60", "L M", "60", "60"},
		{"nobody", "", "L", "0", "0"},
		{"a stake of nothing", "L>P 0", "L", "0", "0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			owner := map[string]bool{}
			for o := range strings.FieldsSeq(tt.owners) {
				owner[o] = true
			}
			for _, side := range []Side{Least, Most} {
				if strings.Contains(tt.name, "entirely") && side == Most {
					continue
				}
				if got := percent(Multiplied(edges(tt.stakes), "P", owner, side)); got != tt.multiplied {
					t.Errorf("multiplied %s, want %s", got, tt.multiplied)
				}
			}
			if got := percent(Chained(edges(tt.stakes), "P", owner)); got != tt.chained {
				t.Errorf("chained %s, want %s", got, tt.chained)
			}
		})
	}
}

func TestWhereTheArithmeticLeavesRoomTheBoundsPart(t *testing.T) {
	t.Parallel()
	es := edges("A>B 100, B>A 100, L>A 10, B>P 100")
	owner := map[string]bool{"L": true}
	if m := Multiplied(es, "P", owner, Most); m.Cmp(whole) != 0 {
		t.Errorf("at most %s", m)
	}
	if l := Multiplied(es, "P", owner, Least); l.Cmp(big.NewRat(1, 10)) < 0 || l.Cmp(whole) > 0 {
		t.Errorf("at least %s", l)
	}
}

func TestWaysAreTheShortestFirst(t *testing.T) {
	t.Parallel()
	ways, more := Ways(edges("L>A 60, A>P 50, P>A 40, L>P 10, A>B 1, B>P 1"), "P", "L", 2)
	if len(ways) != 2 || len(ways[0]) != 1 || len(ways[1]) != 2 || !more {
		t.Errorf("%v %t", ways, more)
	}
}

func graph(t *rapid.T) []Edge {
	names := []string{"P", "A", "B", "C", "D", "L", "M"}
	var out []Edge
	left := map[string]int64{}
	for _, n := range names {
		left[n] = 1000
	}
	for range rapid.IntRange(0, 12).Draw(t, "stakes") {
		h, o := rapid.SampledFrom(names).Draw(t, "holder"), rapid.SampledFrom(names[:5]).Draw(t, "of")
		s := rapid.Int64Range(0, left[o]).Draw(t, "share")
		left[o] -= s
		out = append(out, Edge{h, o, big.NewRat(s, 1000)})
	}
	return out
}

func TestLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		es := graph(t)
		one, two := map[string]bool{"L": true}, map[string]bool{"L": true, "M": true}
		a, b := Multiplied(es, "P", one, Least), Multiplied(es, "P", two, Least)
		if a.Cmp(b) > 0 {
			t.Fatalf("one owner more holds less: %s, %s", a, b)
		}
		if a.Sign() < 0 || b.Cmp(whole) > 0 {
			t.Fatalf("not a share: %s %s", a, b)
		}
		if m := Multiplied(es, "P", one, Most); m.Cmp(a) < 0 {
			t.Fatalf("at most %s, at least %s", m, a)
		}
		back := slices.Clone(es)
		slices.Reverse(back)
		if c := Multiplied(back, "P", two, Least); c.Cmp(b) != 0 {
			t.Fatalf("another order of the stakes, another sum: %s, %s", b, c)
		}
		if Chained(es, "P", one).Cmp(Chained(es, "P", two)) > 0 {
			t.Fatal("one owner more chains less")
		}
	})
}
