package replay

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/tidegate/tidegate/schemas/event"
)

// Report is what a replay found.
type Report struct {
	Asks         string   `json:"asks"` // the question in words
	Question     Question `json:"question"`
	Plan         Plan     `json:"plan"`
	Judged       int      `json:"judged"`
	Changed      int      `json:"changed"`          // the outcome differs
	Stricter     int      `json:"stricter"`         // of them: become more severe
	Milder       int      `json:"milder"`           // of them: become less severe
	Open         int      `json:"open"`             // of them: orders that are still open
	Shifted      int      `json:"findings_changed"` // the findings differ, the outcome does not
	Differs      int      `json:"bytes_differ"`     // the judgement line differs in any byte, the pack's name and the chain aside; with side A recorded
	Skipped      int      `json:"skipped"`          // refusals, what is of no order, and cases outside the slice
	Enriched     int      `json:"enriched"`         // whose facts were stated again
	ByTransition []Count  `json:"by_transition"`    // "release > license", most first
	ByRule       []Count  `json:"by_rule"`          // most first
	ByCountry    []Count  `json:"by_country"`       // where the goods go, most first
	ByMonth      []Count  `json:"by_month"`         // of the order date, 2026-11, ascending
	JudgedMonth  []Count  `json:"judged_by_month"`  // all that were judged, changed or not, ascending
	Orders       Changes  `json:"orders"`           // in the order of the cases
}

// tally collects what workers find. It holds no more than the changes.
type tally struct {
	mu      sync.Mutex
	opt     Options
	start   time.Time
	done    int
	skipped int
	shifted int
	changes []placed
	months  map[string]int
}

type placed struct {
	Change
	at int
}

func newTally(opt Options) *tally {
	t := &tally{opt: opt, months: map[string]int{}}
	if opt.Clock != nil {
		t.start = opt.Clock()
	}
	return t
}

func (t *tally) add(first int, says []say) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, s := range says {
		if !s.skipped {
			t.months[month(s.date)]++
		}
		switch {
		case s.skipped:
			t.skipped++
		case s.shifted:
			t.shifted++
		case s.change != nil:
			t.changes = append(t.changes, placed{*s.change, first + i})
		}
	}
	t.done += len(says)
	t.progress()
}

func (t *tally) progress() {
	if t.opt.Progress == nil {
		return
	}
	var rate float64
	if t.opt.Clock != nil {
		rate = float64(t.done) / max(t.opt.Clock().Sub(t.start).Seconds(), 1e-9)
	}
	t.opt.Progress(t.done, rate)
}

func (t *tally) report() Report {
	r := Report{
		Asks: t.opt.question().Words(), Question: t.opt.question(), Judged: t.done - t.skipped, Changed: len(t.changes), Shifted: t.shifted, Skipped: t.skipped,
	}
	slices.SortFunc(t.changes, func(a, b placed) int { return cmp.Compare(a.at, b.at) })
	var b Breakdown
	var list []Change
	for _, c := range t.changes {
		list = append(list, c.Change)
		b.Add(&c.Change)
	}
	r.Orders = Listed(list...)
	b.Fill(&r)
	r.JudgedMonth = named(t.months)
	return r
}

// month is the year and month of a date.
func month(d event.Date) string { return string(d[:min(len(d), len("2026-11"))]) }

// named lists counts by name.
func named(m map[string]int) []Count {
	out := make([]Count, 0, len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, Count{Name: name, Orders: m[name]})
	}
	return out
}

// MostPrinted is how many changed orders Print shows, the gravest.
const MostPrinted = 40

// Print writes the report as a person reads it.
func (r Report) Print(w io.Writer) error {
	if err := r.printOrders(w); err != nil {
		return fmt.Errorf("print replay: %w", err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n", r.Asks, r.Answer())
	for _, c := range r.ByTransition {
		fmt.Fprintf(&b, "%6d  %s\n", c.Orders, c.Name)
	}
	for _, c := range r.ByRule {
		fmt.Fprintf(&b, "%6d  because of %s\n", c.Orders, c.Name)
	}
	printCounts(&b, "by country", r.ByCountry)
	printCounts(&b, "by month", r.ByMonth[max(0, len(r.ByMonth)-12):])
	fmt.Fprintf(&b, "replay: %d judged, %d changed, %d with other findings only, %d skipped; state %s\n", r.Judged, r.Changed, r.Shifted, r.Skipped, r.Question.State)
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("print replay: %w", err)
	}
	return nil
}

// printCounts writes counts in one line: the first of them, and what the others come to.
func printCounts(b *strings.Builder, title string, counts []Count) {
	if len(counts) == 0 {
		return
	}
	const most = 12
	var parts []string
	rest := 0
	for i, c := range counts {
		if i >= most {
			rest += c.Orders
			continue
		}
		parts = append(parts, fmt.Sprintf("%s %d", c.Name, c.Orders))
	}
	if rest > 0 {
		parts = append(parts, fmt.Sprintf("others %d", rest))
	}
	fmt.Fprintf(b, "%s: %s\n", title, strings.Join(parts, ", "))
}

func (r Report) printOrders(w io.Writer) error {
	shown, err := r.Orders.Gravest(MostPrinted)
	if err != nil || len(shown) == 0 {
		return err
	}
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 7, WidthMax: 70, WidthMaxEnforcer: text.WrapSoft}})
	t.AppendHeader(table.Row{"order", "date", "to", "was", "is", "rule", "why"})
	for _, c := range shown {
		t.AppendRow(table.Row{c.OrderID, c.Date, c.Country, c.From, c.To, c.Rule, c.Why})
	}
	if _, err := fmt.Fprintln(w, t.Render()); err != nil {
		return err
	}
	if more := r.Changed - len(shown); more > 0 {
		_, err = fmt.Fprintf(w, "and %s more; --csv FILE writes all\n", Grouped(more))
	}
	return err
}
