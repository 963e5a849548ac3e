package page

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening/replay"
)

// mostBars is how many names a bar chart shows; the rest stands in one row.
const mostBars = 12

// outcomes from the gravest to the mildest, as the segments of a bar stand.
var outcomes = []event.Outcome{event.Block, event.NeedsLic, event.Hold, event.Release}

// bar is a row of a bar chart, which is a table: name, segments, number.
type bar struct {
	Name  string
	N     int
	Says  string        // the segments in words, for who does not see them
	Chart template.HTML // SVG
}

// bars draws counts, those with most orders first.
func bars(counts []replay.Count) []bar {
	if len(counts) > mostBars {
		rest := replay.Count{Name: fmt.Sprintf("%d others", len(counts)-mostBars+1)}
		for _, c := range counts[mostBars-1:] {
			rest.Add(c)
		}
		counts = append(append([]replay.Count{}, counts[:mostBars-1]...), rest)
	}
	longest := 1
	for _, c := range counts {
		longest = max(longest, c.Orders)
	}
	out := make([]bar, 0, len(counts))
	for i := range counts {
		out = append(out, bar{counts[i].Name, counts[i].Orders, says(&counts[i]), segments(&counts[i], longest)})
	}
	return out
}

// says puts a count in words: "3 would be blocked, 1 would be held".
func says(c *replay.Count) string {
	var parts []string
	for _, o := range outcomes {
		if n := c.To(o); n > 0 {
			parts = append(parts, replay.Grouped(n)+" "+would(o))
		}
	}
	return strings.Join(parts, ", ")
}

// segments draws one bar. Its parts are all numbers and words of ours: nothing of an order stands in it.
func segments(c *replay.Count, longest int) template.HTML {
	var b strings.Builder
	b.WriteString(`<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">`)
	x := 0.0
	for _, o := range outcomes {
		n := c.To(o)
		if n == 0 {
			continue
		}
		w := float64(n) / float64(longest)
		fmt.Fprintf(&b, `<rect class="%s" x="%s" y="0" width="%s" height="10"><title>%s %s</title></rect>`, o, percent(x), percent(w), replay.Grouped(n), would(o))
		x += w
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String()) //nolint:gosec // see above
}

// timeline is a chart of columns, one a month, or one a year where the months are too many to tell apart.
type timeline struct {
	Chart template.HTML // SVG
	Axis  []string      // what stands below, evenly spread
	Rows  []monthly     // the same numbers, and of orders without a date; months in which nothing changed are left out
	Width int           // of the chart at most, in the size of a letter: a single month is not a wall
	Most  int           // the highest column
	Unit  string        // month, year
}

// monthly is a row of the table below.
type monthly struct {
	replay.Count
	Judged int // all that were judged, changed or not
}

// mostColumns is how many columns still can be told apart.
const mostColumns = 72

// columns draws counts by month over time, with the months in between in which nothing changed.
func columns(months, judged []replay.Count) timeline {
	t := timeline{Unit: "month"}
	known := months
	if len(known) > 0 && known[len(known)-1].Name == "unknown" {
		known = known[:len(known)-1]
	}
	series := filled(known)
	if len(series) > mostColumns {
		t.Unit, series = "year", yearly(known)
	}
	if len(series) > mostColumns { // dates nobody meant: without the years in between
		series = series[len(series)-mostColumns:]
	}
	for _, c := range series {
		t.Most = max(t.Most, c.Orders)
	}
	t.Chart, t.Axis, t.Width = drawn(series, t.Most), ticks(series), max(8, 4*len(series))
	if len(months) > mostColumns {
		months, judged = yearly(months), yearly(judged)
	}
	all := map[string]int{}
	for _, c := range judged {
		all[c.Name] = c.Orders
	}
	for _, c := range months {
		t.Rows = append(t.Rows, monthly{c, all[c.Name]})
	}
	return t
}

func ticks(series []replay.Count) (out []string) {
	if len(series) == 0 {
		return nil
	}
	n := min(len(series), 4)
	for i := range n {
		out = append(out, series[i*(len(series)-1)/max(n-1, 1)].Name)
	}
	return out
}

// filled puts a count of nothing for each month between the first and the last.
func filled(months []replay.Count) []replay.Count {
	if len(months) < 2 {
		return months
	}
	var out []replay.Count
	y, m := parts(months[0].Name)
	i := 0
	for i < len(months) && len(out) <= mostColumns {
		c := replay.Count{Name: fmt.Sprintf("%04d-%02d", y, m)}
		if months[i].Name == c.Name {
			c = months[i]
			i++
		}
		out = append(out, c)
		if m++; m > 12 {
			y, m = y+1, 1
		}
	}
	return out
}

func parts(month string) (y, m int) {
	year, rest, _ := strings.Cut(month, "-")
	y, _ = strconv.Atoi(year)
	m, _ = strconv.Atoi(rest)
	return y, m
}

func yearly(months []replay.Count) []replay.Count {
	var out []replay.Count
	for _, c := range months {
		year := c.Name[:min(4, len(c.Name))]
		if len(out) == 0 || out[len(out)-1].Name != year {
			out = append(out, replay.Count{Name: year})
		}
		out[len(out)-1].Add(c)
	}
	return out
}

// drawn draws columns. Names of months and numbers are all that stands in it.
func drawn(series []replay.Count, most int) template.HTML {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d 100" preserveAspectRatio="none" aria-hidden="true">`, max(len(series), 1)*10)
	for _, y := range []int{1, 50} {
		fmt.Fprintf(&b, `<line x1="0" x2="%d" y1="%d" y2="%d"/>`, max(len(series), 1)*10, y, y)
	}
	for i := range series {
		y := 0.0
		for _, o := range []event.Outcome{event.Release, event.Hold, event.NeedsLic, event.Block} {
			n := series[i].To(o)
			if n == 0 {
				continue
			}
			h := 0.99 * float64(n) / float64(max(most, 1))
			y += h
			fmt.Fprintf(&b, `<rect class="%s" x="%d.5" y="%s" width="9" height="%s"><title>%s: %s %s</title></rect>`,
				o, i*10, percent(1-y), percent(h), template.HTMLEscapeString(series[i].Name), replay.Grouped(n), would(o))
		}
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String()) //nolint:gosec // see above
}
