package orders

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/shared/codec"
)

// says is what happened to an order, and what was decided.
type says struct {
	order    string
	kind     event.Kind
	revision int
	outcome  event.Outcome
	until    event.Date
	left     event.Date
	partial  bool
	party    string
}

func (s says) lines(t *testing.T, n int) event.Case {
	t.Helper()
	c := event.Cause{
		Line: "order", V: 1, Kind: s.kind, Event: fmt.Sprintf("event-%d", n), Tenant: "default", Source: "shop", OrderID: s.order, Revision: s.revision,
		Order: &event.Order{Parties: []event.Party{{Role: event.Purchaser, Name: "Holm GmbH", Email: s.order + "@example.com"}}},
	}
	if s.party != "" {
		c.Order.Parties[0].Name = s.party
	}
	if s.left != "" {
		c.Shipment = &event.Shipment{Date: s.left, Partial: &s.partial}
	}
	j := event.Judgement{Line: "judgement", V: 1, Outcome: s.outcome, ValidUntil: s.until, Dates: []event.DateSay{{AsOf: "order_date", Date: "2026-11-01"}}}
	lines := event.Case{}
	for _, v := range []any{c, event.Facts{Line: "facts", V: 1, Prev: strings.Repeat("0", 64), Snapshot: strings.Repeat("a", 64)}, j} {
		b, err := codec.Append(nil, v)
		if err != nil {
			t.Fatal(err)
		}
		lines = lines.With(b)
	}
	return lines
}

func open(t *testing.T, dir string) *Book {
	t.Helper()
	b, err := OpenBook(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func all(t *testing.T, b *Book) (out []Order) {
	t.Helper()
	for o, err := range b.All() {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, o)
	}
	return out
}

func TestAnOrderIsOpenUntilItShipsOrIsCancelled(t *testing.T) {
	t.Parallel()
	placed := says{order: "A", kind: event.Placed, outcome: event.Release, until: "2026-11-09"}
	with := func(more ...says) []says { return append([]says{placed}, more...) }
	for name, tt := range map[string]struct {
		said []says
		want Order
		due  int
	}{
		"placed":                       {with(), Order{State: Open}, 1},
		"left in part":                 {with(says{order: "A", kind: event.Shipped, left: "2026-11-08", partial: true, outcome: event.Release}), Order{State: Open, Left: "2026-11-08"}, 0},
		"the rest left, too":           {with(says{order: "A", kind: event.Shipped, left: "2026-11-08", partial: true, outcome: event.Release}, says{order: "A", kind: event.Shipped, left: "2026-11-09", outcome: event.Release}), Order{State: Shipped, Left: "2026-11-08"}, 0},
		"shipped on its last day":      {with(says{order: "A", kind: event.Shipped, left: "2026-11-09", outcome: event.Release, until: "2026-11-09"}), Order{State: Shipped, Left: "2026-11-09"}, 0},
		"shipped the day after":        {with(says{order: "A", kind: event.Shipped, left: "2026-11-10", outcome: event.Hold}), Order{State: Shipped, Left: "2026-11-10", Unreleased: "its release was valid until 2026-11-09"}, 0},
		"shipped while it was held":    {with(says{order: "A", kind: event.Rejudge, outcome: event.Hold}, says{order: "A", kind: event.Shipped, left: "2026-11-02", outcome: event.Hold}), Order{State: Shipped, Left: "2026-11-02", Unreleased: "its newest decision was hold"}, 0},
		"shipped, then judged again":   {with(says{order: "A", kind: event.Shipped, left: "2026-11-10", outcome: event.Hold}, says{order: "A", kind: event.Disposition, outcome: event.Release}), Order{State: Shipped, Left: "2026-11-10", Unreleased: "its release was valid until 2026-11-09"}, 0},
		"shipped, then cancelled":      {with(says{order: "A", kind: event.Shipped, left: "2026-11-08", outcome: event.Release}, says{order: "A", kind: event.Cancelled, outcome: event.Hold}), Order{State: Shipped, Left: "2026-11-08"}, 0},
		"cancelled":                    {with(says{order: "A", kind: event.Cancelled, outcome: event.Hold}), Order{State: Cancelled}, 0},
		"cancelled, then shipped":      {with(says{order: "A", kind: event.Cancelled, outcome: event.Hold}, says{order: "A", kind: event.Shipped, left: "2026-11-02", outcome: event.Hold}), Order{State: Shipped, Left: "2026-11-02", Unreleased: "the order was cancelled"}, 0},
		"cancelled, then revised":      {with(says{order: "A", kind: event.Cancelled, outcome: event.Hold}, says{order: "A", kind: event.Revised, revision: 1, outcome: event.Hold, until: "2026-12-01"}), Order{State: Open, Revision: 1}, 1},
		"a notice on an old revision":  {with(says{order: "A", kind: event.Revised, revision: 2, outcome: event.Release}, says{order: "A", kind: event.Cancelled, revision: 1, outcome: event.Hold}), Order{State: Open, Revision: 2}, 0},
		"judged again, for good":       {with(says{order: "A", kind: event.Rejudge, outcome: event.NeedsLic}), Order{State: Open}, 0},
		"placed when it had left":      {[]says{{order: "A", kind: event.Shipped, left: "2026-11-02", outcome: event.Hold}, placed}, Order{State: Shipped, Left: "2026-11-02", Unreleased: "no order with this number was ever screened"}, 0},
		"placed when a part had left":  {[]says{{order: "A", kind: event.Shipped, left: "2026-11-02", partial: true, outcome: event.Hold}, placed}, Order{State: Open, Left: "2026-11-02", Unreleased: "no order with this number was ever screened"}, 1},
		"cancelled, then placed":       {[]says{{order: "A", kind: event.Cancelled, outcome: event.Hold}, placed}, Order{State: Open}, 1},
		"shipped, and nobody knows it": {[]says{{order: "A", kind: event.Shipped, left: "2026-11-02", outcome: event.Hold}}, Order{State: Shipped, Left: "2026-11-02", Unreleased: "no order with this number was ever screened"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := open(t, t.TempDir())
			for i, s := range tt.said {
				if err := b.Take(uint64(i+1), []event.Case{s.lines(t, i)}); err != nil {
					t.Fatal(err)
				}
			}
			if err := b.Flush(); err != nil {
				t.Fatal(err)
			}
			got := all(t, b)
			ignored := cmpopts.IgnoreFields(Order{}, "Tenant", "Source", "ID", "Event", "Kind", "Outcome", "Date", "ValidUntil", "Sequence", "Parties")
			if diff := cmp.Diff([]Order{tt.want}, got, ignored); diff != "" {
				t.Error(diff)
			}
			if due, _, err := b.Due("2027-01-01", nil, 10); err != nil || len(due) != tt.due {
				t.Errorf("%d came due, want %d: %v", len(due), tt.due, err)
			}
			if missed := b.Missed(); len(missed) != boolAs(got[0].Unreleased != "") {
				t.Errorf("alarms: %+v", missed)
			}
			c, err := b.Counts()
			if want := (Counts{Open: count(got, Open), Shipped: count(got, Shipped), Cancelled: count(got, Cancelled), Unreleased: boolAs(got[0].Unreleased != ""), Parties: 1}); err != nil || c != want {
				t.Errorf("%+v, want %+v: %v", c, want, err)
			}
		})
	}
}

func count(all []Order, s State) (n int) {
	for i := range all {
		n += boolAs(all[i].State == s)
	}
	return n
}

func boolAs(b bool) int {
	if b {
		return 1
	}
	return 0
}

// history is a log of blocks of one case each.
func history(cases []event.Case) History {
	return func(_ context.Context, from uint64) iter.Seq2[screening.Past, error] {
		return func(yield func(screening.Past, error) bool) {
			for i := max(from, 1); i <= uint64(len(cases)); i++ {
				if !yield(screening.Past{Sequence: i, Case: cases[i-1]}, nil) {
					return
				}
			}
		}
	}
}

// ordinary is a history of many orders and what became of them.
func ordinary(t *testing.T) (out []event.Case) {
	t.Helper()
	for i := range 300 {
		s := says{order: fmt.Sprint("O-", i/3), kind: event.Placed, outcome: event.Release, until: event.Date(fmt.Sprintf("2026-11-%02d", 1+i%28)), party: fmt.Sprint("Firm ", i%17)}
		switch i % 3 {
		case 1:
			s.kind = event.Rejudge
		case 2:
			if s.kind = event.Cancelled; i%2 == 0 {
				s.kind, s.left = event.Shipped, "2026-11-15"
			}
		}
		out = append(out, s.lines(t, i))
	}
	return out
}

func TestTheIndexIsTheSameHoweverOftenItIsMadeOrGoneOn(t *testing.T) {
	t.Parallel()
	cases := ordinary(t)
	whole := open(t, t.TempDir())
	if err := whole.Remember(t.Context(), history(cases), 0); err != nil {
		t.Fatal(err)
	}
	want := all(t, whole)
	if len(want) != 100 {
		t.Fatalf("%d orders", len(want))
	}
	dir := t.TempDir()
	for _, upTo := range []int{1, 1, 17, 17, 160, 299, 300} { // opened, read further, and left, with what was not written lost
		b := open(t, dir)
		if err := b.Remember(t.Context(), history(cases[:upTo]), 0); err != nil {
			t.Fatal(err)
		}
		if err := b.Take(uint64(upTo+1), cases[upTo:min(upTo+1, len(cases))]); err != nil {
			t.Fatal(err)
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
	b := open(t, dir)
	if diff := cmp.Diff(want, all(t, b)); diff != "" {
		t.Error(diff)
	}
	other := slices.Clone(cases)
	other[299] = says{order: "X", kind: event.Placed, outcome: event.Hold}.lines(t, 0)
	if err := b.Remember(t.Context(), history(other), 0); !errors.Is(err, ErrAnother) {
		t.Errorf("another history is taken for this one: %v", err)
	}
}

func TestWhatIsNoIndexIsMadeAnew(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, File), []byte(strings.Repeat("no index\n", 4096)), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := open(t, dir).Counts(); err != nil || c != (Counts{}) {
		t.Errorf("%+v %v", c, err)
	}
}

func TestPagesGiveEveryOrderOnce(t *testing.T) {
	t.Parallel()
	b := open(t, t.TempDir())
	if err := b.Remember(t.Context(), history(ordinary(t)), 0); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for q, more := (Question{State: Cancelled, Most: 7}), true; more; {
		p, err := b.Ask(q)
		if err != nil {
			t.Fatal(err)
		}
		for i := range p.Orders {
			seen[p.Orders[i].ID]++
		}
		q.After, more = p.After, p.After != ""
	}
	if c, _ := b.Counts(); len(seen) != c.Cancelled || c.Cancelled != 50 {
		t.Errorf("%d orders seen, %+v", len(seen), c)
	}
}
