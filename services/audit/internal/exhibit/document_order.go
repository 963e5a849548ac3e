package exhibit

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit/internal/exhibit/pdf"
)

// ordered shows the order in its newest revision: parties and items in tables, and everything else that it says.
func (p *paper) ordered() {
	o := p.last.order
	p.d.Heading("2  The order" + revision(p.last.cause.Revision) + ", as the newest decision judged it")
	c := p.last.cause
	pairs := [][2]string{
		{"Source, number", c.Source + ", " + c.OrderID}, {"Event", c.Event}, {"Format received", fmt.Sprintf("%s, %d bytes", c.Format, c.Received.Size)}, {"SHA-256 of these bytes", c.Received.SHA256},
	}
	for _, key := range sortedKeys(o) {
		if key != "parties" && key != "items" && key != "id" && key != "source" {
			pairs = append(pairs, [2]string{words(key), flat(o[key])})
		}
	}
	p.d.Pairs(pairs)
	p.things("Parties", list(o["parties"]), []string{"role", "name", "address"})
	p.things("Items", list(o["items"]), []string{"description", "manufacturer", "part_number", "quantity", "value"})
	if f := p.last.facts.Filled; f != nil {
		p.d.Sub("Filled in from the company's own masters")
		var rows []pdf.Row
		for _, from := range f.From {
			rows = append(rows, pdf.Row{from.Pointer, from.Source})
		}
		p.d.Table([]pdf.Column{{Name: "Member of the order", Share: 2}, {Name: "From", Share: 3}}, rows)
	}
}

// shares are the widths of columns.
var shares = map[string]float64{"role": 20, "name": 34, "address": 34, "description": 32, "manufacturer": 24, "part_number": 24, "quantity": 16, "value": 18}

// things is a table of parties or items: what nearly all have in columns, the rest in one.
func (p *paper) things(title string, things []map[string]any, columns []string) {
	if len(things) == 0 {
		return
	}
	p.d.Sub(title)
	columns = slices.DeleteFunc(columns, func(c string) bool {
		return !slices.ContainsFunc(things, func(t map[string]any) bool { return t[c] != nil })
	})
	heads := []pdf.Column{{Name: "#", Share: 5}}
	for _, c := range columns {
		heads = append(heads, pdf.Column{Name: upper(words(c)), Share: shares[c]})
	}
	heads = append(heads, pdf.Column{Name: "Further, as stated", Share: 40})
	var rows []pdf.Row
	for i, t := range things {
		row := pdf.Row{strconv.Itoa(i + 1)}
		for _, c := range columns {
			row = append(row, cell(c, t[c]))
			delete(t, c)
		}
		var more []string
		for _, key := range sortedKeys(t) {
			more = append(more, words(key)+": "+flat(t[key]))
		}
		rows = append(rows, append(row, strings.Join(more, "\n")))
	}
	p.d.Table(heads, rows)
}

// cell is a value as it stands in its own column.
func cell(column string, v any) string {
	if a, ok := v.(map[string]any); ok && column == "address" {
		var parts []string
		for _, key := range []string{"lines", "postcode", "city", "region", "country", "kind"} {
			if s := flat(a[key]); s != "" {
				parts = append(parts, s)
			}
		}
		return strings.Join(parts, ", ")
	}
	if column == "role" {
		return words(flat(v))
	}
	return flat(v)
}

func list(v any) []map[string]any {
	all, _ := v.([]any)
	var out []map[string]any
	for _, x := range all {
		if m, ok := x.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

func words(key string) string { return strings.ReplaceAll(key, "_", " ") }

// flat is any value in one line of words.
func flat(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case []any:
		parts := make([]string, 0, len(v))
		for _, x := range v {
			parts = append(parts, flat(x))
		}
		return strings.Join(parts, "; ")
	case map[string]any:
		parts := make([]string, 0, len(v))
		for _, key := range sortedKeys(v) {
			parts = append(parts, words(key)+" "+flat(v[key]))
		}
		return strings.Join(parts, ", ")
	default:
		return fmt.Sprint(v)
	}
}

// found shows the facts of the newest decision.
func (p *paper) found() {
	f := p.last.facts
	p.d.Heading("3  What was found about parties and items")
	judged := f.Judged(&p.last.cause)
	var rows, matches []pdf.Row
	for i, x := range f.Parties {
		rows = append(rows, pdf.Row{partyName(judged, i), or(string(x.Country), "unknown"), known(x.Headquarters), known(x.Parent), strconv.Itoa(x.Considered)})
		for _, m := range x.Matches {
			matches = append(matches, matched(i, m, ""))
		}
		for _, m := range x.SharedWith {
			matches = append(matches, matched(i, m, "same address"))
		}
		for _, o := range x.Owners {
			matches = append(matches, matched(i, o.Match, "owner "+o.Owner+suffixed(", holds ", string(o.Percent), " percent")))
		}
	}
	p.d.Table([]pdf.Column{{Name: "Party", Share: 40}, {Name: "Located", Share: 12}, {Name: "Headquarters", Share: 30}, {Name: "Ultimate parent", Share: 30}, {Name: "Entries compared", Share: 14}}, rows)
	p.d.Sub("Listed parties that they resemble")
	if len(matches) == 0 {
		p.d.Paragraph(pdf.Body, "None at or above the score from which likeness is recorded.")
	} else {
		p.d.Table([]pdf.Column{
			{Name: "Party", Share: 10},
			{Name: "List, entry", Share: 30},
			{Name: "In the order, on the list", Share: 40},
			{Name: "Score", Share: 10},
			{Name: "How", Share: 22},
			{Name: "Listed; citation", Share: 40},
		}, matches)
	}
	rows = nil
	for i, x := range f.Items {
		numbers := strings.TrimPrefix(suffixed(", TPP ", string(x.TPP))+suffixed(", performance density ", string(x.Density))+suffixed(", total TPP ", string(x.TotalTPP))+suffixed(", memory bandwidth ", string(x.Bandwidth), " GB/s"), ", ")
		rows = append(rows, pdf.Row{
			itemName(judged, i), x.Class + " (2022 form: " + x.Class2022 + "), by " + x.How + suffixed(", missing: ", strings.Join(x.Missing, ", ")),
			strings.TrimPrefix(x.ECCN+suffixed(" ", x.ECCNHow)+suffixed(", catalog ", x.Catalog), ", "), numbers, x.Subject + suffixed(", ", words(x.SubjectHow)),
		})
	}
	p.d.Sub("Items")
	p.d.Table([]pdf.Column{{Name: "Item", Share: 40}, {Name: "Class in 3A090, 4A090", Share: 36}, {Name: "ECCN", Share: 26}, {Name: "Figures", Share: 34}, {Name: "Subject to the EAR", Share: 20}}, rows)
}

func matched(party int, m event.Match, more string) pdf.Row {
	var listed []string
	for _, s := range m.Listed {
		listed = append(listed, strings.TrimSpace(suffixed("from ", string(s.From))+suffixed(" to ", string(s.Until))))
	}
	return pdf.Row{
		strconv.Itoa(party + 1), m.List + " " + m.Entry + "\n" + m.Name + suffixed(", ", string(m.Country)), m.Queried + "\n" + m.Matched, fmt.Sprint(m.Score),
		m.Field + ", " + words(m.Method) + suffixed(", countries ", m.Countries) + suffixed("; ", more), upper(strings.TrimSpace("listed "+strings.Join(listed, ", "))) + "\n" + m.Citation + suffixed(" (", certainty(m.Certainty), ")"),
	}
}

func known(k event.Known) string {
	if k.Country == "" {
		return "unknown"
	}
	return string(k.Country) + suffixed(", ", words(k.How)) + suffixed(": ", k.Evidence)
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func partyName(o *event.Order, i int) string {
	if o == nil || i < 0 || i >= len(o.Parties) {
		return fmt.Sprintf("party %d", i+1)
	}
	return fmt.Sprintf("%d  %s (%s)", i+1, or(o.Parties[i].Name, "no name"), words(string(o.Parties[i].Role)))
}

func itemName(o *event.Order, i int) string {
	if o == nil || i < 0 || i >= len(o.Items) {
		return fmt.Sprintf("item %d", i+1)
	}
	it := o.Items[i]
	return fmt.Sprintf("%d  %s", i+1, or(strings.TrimSpace(strings.Join([]string{it.Manufacturer, it.PartNumber, it.Description}, " ")), "not described"))
}

// certainty is a tag of the rules and lists in words.
func certainty(tag string) string {
	switch tag {
	case "C":
		return "read in the primary text"
	case "R":
		return "read in a secondary source"
	case "D":
		return "derived"
	case "M":
		return "from memory, not read again"
	case "?":
		return "not sure"
	default:
		return tag
	}
}
