// Package page writes a replay's report as one HTML page that needs nothing else: styles and charts stand in it, no script
// runs, nothing is loaded. It reads well on a desk, on a phone, in the dark and on paper.
//
// The changed orders may be more than memory holds. They are read once, one after the other; the page shows the gravest
// and says how many more there are and in which file they stand.
package page

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening/replay"
)

var (
	//go:embed page.css
	style string
	//go:embed page.html
	markup string

	form = template.Must(template.New("page").Funcs(template.FuncMap{
		"count": replay.Grouped, "days": days, "bars": bars, "columns": columns, "matrix": matrix, "sides": sides,
		"severity": event.Outcome.Severity, "would": would, "css": func() template.CSS { return template.CSS(style) }, //nolint:gosec // our own file
	}).Parse(markup))
)

// MostShown is how many changed orders a page shows when nothing else is said.
const MostShown = 500

// Options say what the page tells beside the report.
type Options struct {
	Title  string // over the question; "Replay" when empty
	CSV    string // name of the file in which all changed orders stand; none is named when empty
	Digest string // of the report; not shown when empty
	Most   int    // changed orders shown; MostShown when 0
}

// view is what the template shows.
type view struct {
	replay.Report
	Options
	Shown []replay.Change // the gravest first
}

// More is how many changed orders are not shown.
func (v view) More() int { return v.Changed - len(v.Shown) }

// Write writes the page. It holds no more than the orders shown.
func Write(w io.Writer, r replay.Report, opt Options) error {
	if opt.Title == "" {
		opt.Title = "Replay"
	}
	if opt.Most <= 0 {
		opt.Most = MostShown
	}
	shown, err := r.Orders.Gravest(opt.Most)
	if err != nil {
		return fmt.Errorf("replay page: %w", err)
	}
	if err := form.Execute(w, view{r, opt, shown}); err != nil {
		return fmt.Errorf("replay page: %w", err)
	}
	return nil
}

var day = regexp.MustCompile(`\b\d{4}-\d{2}-\d{2}\b`)

// days keeps the dates of a sentence on one line each.
func days(sentence string) template.HTML {
	return template.HTML(day.ReplaceAllString(template.HTMLEscapeString(sentence), "<time>$0</time>")) //nolint:gosec // escaped
}

// would says what a number of orders come to: "would need a license".
func would(o event.Outcome) string {
	switch o {
	case event.Release:
		return "would be released"
	case event.Hold:
		return "would be held"
	case event.NeedsLic:
		return "would need a license"
	case event.Block:
		return "would be blocked"
	case event.NoOutcome:
	}
	return "would have no outcome"
}

// label writes an outcome as a heading of the matrix.
func label(o event.Outcome) string { return strings.ToUpper(string(o)[:1]) + string(o)[1:] }

func percent(f float64) string { return strconv.FormatFloat(100*f, 'f', 2, 64) }
