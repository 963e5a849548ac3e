package replay

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/tidegate/tidegate/schemas/event"
)

// Report is what a replay found.
type Report struct {
	Question     Question `json:"question"`
	Plan         Plan     `json:"plan"`
	Judged       int      `json:"judged"`
	Changed      int      `json:"changed"`          // the outcome differs
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

// Count is how many orders there are of one sort.
type Count struct {
	Name   string `json:"name"`
	Orders int    `json:"orders"`
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
		Question: t.opt.question(), Judged: t.done - t.skipped, Changed: len(t.changes), Shifted: t.shifted, Skipped: t.skipped,
	}
	slices.SortFunc(t.changes, func(a, b placed) int { return cmp.Compare(a.at, b.at) })
	ways, rules, countries, months := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	var list []Change
	for _, c := range t.changes {
		list = append(list, c.Change)
		ways[string(c.From)+" > "+string(c.To)]++
		rules[c.Rule]++
		countries[string(c.Country)]++
		months[month(c.Date)]++
	}
	r.Orders = Listed(list...)
	r.ByTransition, r.ByRule, r.ByCountry, r.ByMonth = counts(ways), counts(rules), counts(countries), named(months)
	r.JudgedMonth = named(t.months)
	return r
}

// month is the year and month of a date.
func month(d event.Date) string { return string(d[:min(len(d), len("2026-11"))]) }

// named lists counts by name.
func named(m map[string]int) []Count {
	out := make([]Count, 0, len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, Count{name, m[name]})
	}
	return out
}

func counts(m map[string]int) []Count {
	out := make([]Count, 0, len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, Count{name, m[name]})
	}
	slices.SortStableFunc(out, func(a, b Count) int { return cmp.Compare(b.Orders, a.Orders) })
	return out
}

// Print writes the report as a person reads it.
func (r Report) Print(w io.Writer) error {
	if r.Changed > 0 {
		if err := r.printOrders(w); err != nil {
			return err
		}
	}
	for _, c := range r.ByTransition {
		if _, err := fmt.Fprintf(w, "%6d  %s\n", c.Orders, c.Name); err != nil {
			return fmt.Errorf("print replay: %w", err)
		}
	}
	for _, c := range r.ByRule {
		if _, err := fmt.Fprintf(w, "%6d  because of %s\n", c.Orders, c.Name); err != nil {
			return fmt.Errorf("print replay: %w", err)
		}
	}
	_, err := fmt.Fprintf(w, "replay: %d judged, %d changed, %d with other findings only, %d skipped; state %s\n", r.Judged, r.Changed, r.Shifted, r.Skipped, r.Question.State)
	if err != nil {
		return fmt.Errorf("print replay: %w", err)
	}
	return nil
}

func (r Report) printOrders(w io.Writer) error {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 6, WidthMax: 70, WidthMaxEnforcer: text.WrapSoft}})
	t.AppendHeader(table.Row{"order", "date", "was", "is", "rule", "why"})
	for c, err := range r.Orders.All() {
		if err != nil {
			return err
		}
		t.AppendRow(table.Row{c.OrderID, c.Date, c.From, c.To, c.Rule, c.Why})
	}
	if _, err := fmt.Fprintln(w, t.Render()); err != nil {
		return fmt.Errorf("print replay: %w", err)
	}
	return nil
}
