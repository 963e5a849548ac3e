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
	Pack         event.PackRef  `json:"pack"`           // side B
	Base         *event.PackRef `json:"base,omitempty"` // side A where it was judged; recorded judgements otherwise
	AsOf         event.Date     `json:"as_of,omitempty"`
	From         event.Date     `json:"from,omitempty"`
	Until        event.Date     `json:"until,omitempty"`
	State        string         `json:"state"` // recorded: totals as read then; recomputed: from the first case on
	Judged       int            `json:"judged"`
	Changed      int            `json:"changed"`          // the outcome differs
	Shifted      int            `json:"findings_changed"` // the findings differ, the outcome does not
	Skipped      int            `json:"skipped"`          // refusals and cases outside the slice
	ByTransition []Count        `json:"by_transition"`    // "release > license", most first
	ByRule       []Count        `json:"by_rule"`          // most first
	Orders       []Change       `json:"orders"`           // in the order of the cases
}

// Count is how many orders changed in one way.
type Count struct {
	Name   string `json:"name"`
	Orders int    `json:"orders"`
}

// Change is one order whose outcome differs.
type Change struct {
	Source   string        `json:"source"`
	OrderID  string        `json:"order_id"`
	Revision int           `json:"revision,omitempty"`
	Event    string        `json:"event"`
	Date     event.Date    `json:"order_date"`
	From     event.Outcome `json:"from"`
	To       event.Outcome `json:"to"`
	Rule     string        `json:"rule"` // because of this one
	Why      string        `json:"why"`
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
}

type placed struct {
	Change
	at int
}

func newTally(opt Options) *tally {
	t := &tally{opt: opt}
	if opt.Clock != nil {
		t.start = opt.Clock()
	}
	return t
}

func (t *tally) add(first int, says []say) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, s := range says {
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
		Pack: t.opt.Pack.Ref(), AsOf: t.opt.AsOf.Fixed, From: t.opt.From, Until: t.opt.Until,
		Judged: t.done - t.skipped, Changed: len(t.changes), Shifted: t.shifted, Skipped: t.skipped,
		Orders: make([]Change, 0, len(t.changes)),
	}
	if r.State = "recorded"; t.opt.Recompute {
		r.State = "recomputed"
	}
	if t.opt.Base != nil {
		ref := t.opt.Base.Ref()
		r.Base = &ref
	}
	slices.SortFunc(t.changes, func(a, b placed) int { return cmp.Compare(a.at, b.at) })
	ways, rules := map[string]int{}, map[string]int{}
	for _, c := range t.changes {
		r.Orders = append(r.Orders, c.Change)
		ways[string(c.From)+" > "+string(c.To)]++
		rules[c.Rule]++
	}
	r.ByTransition, r.ByRule = counts(ways), counts(rules)
	return r
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
	if len(r.Orders) > 0 {
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
	_, err := fmt.Fprintf(w, "replay: %d judged, %d changed, %d with other findings only, %d skipped; state %s\n", r.Judged, r.Changed, r.Shifted, r.Skipped, r.State)
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
	for _, c := range r.Orders {
		t.AppendRow(table.Row{c.OrderID, c.Date, c.From, c.To, c.Rule, c.Why})
	}
	if _, err := fmt.Fprintln(w, t.Render()); err != nil {
		return fmt.Errorf("print replay: %w", err)
	}
	return nil
}
