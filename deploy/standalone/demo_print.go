package standalone

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/tidegate/tidegate/deploy/standalone/samples"
	"github.com/tidegate/tidegate/schemas/event"
)

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// paint colors outcomes on a terminal, unless NO_COLOR asks for none.
func paint(w io.Writer) func(event.Outcome) string {
	colors := map[event.Outcome]text.Colors{
		event.Release: {text.FgGreen}, event.Hold: {text.FgYellow}, event.NeedsLic: {text.FgMagenta}, event.Block: {text.FgRed, text.Bold},
	}
	plain := os.Getenv("NO_COLOR") != "" || !isTerminal(w)
	return func(o event.Outcome) string {
		s := string(o)
		if o == event.NoOutcome {
			s = "refused"
		}
		if plain {
			return s
		}
		return colors[o].Sprint(s)
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	st, err := f.Stat()
	return err == nil && st.Mode()&os.ModeCharDevice != 0
}

func newTable(w io.Writer, title string, head ...any) table.Writer {
	t := table.NewWriter()
	t.SetOutputMirror(w)
	t.SetStyle(table.StyleLight)
	t.Style().Options.SeparateRows = false
	t.SetTitle("%s", title)
	t.AppendHeader(head)
	return t
}

// print tells the whole story in tables.
func (r Result) print(w io.Writer) {
	color := paint(w)
	for _, part := range []struct {
		kind  samples.Kind
		title string
	}{{samples.Case, "Cases from enforcement history, dates and thresholds"}, {samples.Ordinary, "Ordinary trade"}} {
		r.printCases(w, part.kind, part.title, color)
	}
	r.printStory(w, color)
	r.printRefusals(w)
	r.printHolds(w)
	for _, p := range r.Replays {
		p.print(w)
	}
	r.Again.print(w)
	fmt.Fprintln(w, "log: "+r.Log)
	for _, miss := range r.Misses {
		fmt.Fprintln(w, "MISSED  "+miss)
	}
	r.printEnd(w)
}

func (r Result) printCases(w io.Writer, kind samples.Kind, title string, color func(event.Outcome) string) {
	t := newTable(w, title, "order", "date", "outcome", "rule", "why", "valid until")
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 5, WidthMax: 78, WidthMaxEnforcer: text.WrapSoft}})
	for _, c := range r.Cases {
		if c.Kind == kind {
			t.AppendRow(table.Row{c.OrderID, c.Date, color(c.Outcome), c.Rule, c.why(), c.Until})
		}
	}
	t.Render()
	fmt.Fprintln(w)
}

func (c DemoCase) why() string {
	if c.Text == "" {
		return "nothing stands against it"
	}
	return c.Text + " [" + c.Citation + "]"
}

func (r Result) printRefusals(w io.Writer) {
	t := newTable(w, "Refused inputs", "sample", "at", "fault")
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 3, WidthMax: 100, WidthMaxEnforcer: text.WrapSoft}})
	for _, c := range r.Cases {
		for _, f := range c.Faults {
			t.AppendRow(table.Row{c.Sample, f.Pointer, f.Detail})
		}
	}
	t.Render()
	fmt.Fprintln(w)
}

// printHolds shows the hold rate and what each hold waits for: a hold nobody can do anything about must not be.
func (r Result) printHolds(w io.Writer) {
	t := newTable(w, fmt.Sprintf("Holds: %d of %d orders (%.0f%%)", r.Held, r.Orders, 100*float64(r.Held)/float64(max(r.Orders, 1))),
		"order", "rule", "what would settle it")
	for _, c := range r.Cases {
		if c.Outcome == event.Hold {
			t.AppendRow(table.Row{c.OrderID, c.Rule, c.settles()})
		}
	}
	t.Render()
	fmt.Fprintln(w)
}

func (c DemoCase) settles() string {
	if len(c.Missing) > 0 {
		return "missing: " + strings.Join(c.Missing, ", ")
	}
	return "a person's answer to this finding"
}

func (r Result) printEnd(w io.Writer) {
	status := "ok:"
	if len(r.Misses) > 0 {
		status = fmt.Sprintf("failed: %d expectations missed;", len(r.Misses))
	}
	for _, d := range r.Replays {
		fmt.Fprintf(w, "report of the replay, a page to look at: %s\n", d.Page)
	}
	fmt.Fprintf(w, "%s %d orders, %d decisions, %d refusals, %d records, replay changed %d, %d of %d decisions reproduced, log verified at size %d, %d witness\n",
		status, r.Orders, r.Decided, r.Refused, r.Records, r.Changed, r.Again.Same, r.Again.Records, r.LogSize, len(r.Witness))
}
