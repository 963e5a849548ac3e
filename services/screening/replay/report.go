package replay

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

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
	Lacking      []Count  `json:"lacking"`          // not judged, by what is not at hand
	ByTransition []Count  `json:"by_transition"`    // "release > license", most first
	ByRule       []Count  `json:"by_rule"`          // most first
	ByCountry    []Count  `json:"by_country"`       // where the goods go, most first
	ByMonth      []Count  `json:"by_month"`         // of the order date, 2026-11, ascending
	JudgedMonth  []Count  `json:"judged_by_month"`  // all that were judged, changed or not, ascending
	Orders       Changes  `json:"orders"`           // in the order of the cases
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
		order := c.OrderID
		if n := c.Notice(); n != "" {
			order += " (" + n + ")"
		}
		t.AppendRow(table.Row{order, c.Date, c.Country, c.From, c.To, c.Rule, c.Why})
	}
	if _, err := fmt.Fprintln(w, t.Render()); err != nil {
		return err
	}
	if more := r.Changed - len(shown); more > 0 {
		_, err = fmt.Fprintf(w, "and %s more; --csv FILE writes all\n", Grouped(more))
	}
	return err
}
