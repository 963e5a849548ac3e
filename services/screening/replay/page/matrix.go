package page

import (
	"fmt"
	"html/template"
	"slices"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening/replay"
)

// row is a row of the matrix: what was decided, and what it would be.
type row struct {
	From  string
	Class event.Outcome
	Cells []cell
}

type cell struct {
	N     int
	Same  bool // outcome unchanged
	Says  string
	Shade template.CSS // background: the more orders, the stronger
}

// grid is the matrix with its headings.
type grid struct {
	To   []heading
	Rows []row
}

type heading struct {
	Name  string
	Class event.Outcome
}

// matrix puts the counts from → to into a table of the four outcomes.
func matrix(ways []replay.Count) grid {
	n, most := map[string]int{}, 1
	for _, c := range ways {
		n[c.Name] = c.Orders
		most = max(most, c.Orders)
	}
	var g grid
	for _, from := range slices.Backward(outcomes) {
		g.To = append(g.To, heading{label(from), from})
		r := row{From: label(from), Class: from}
		for _, to := range slices.Backward(outcomes) {
			c := cell{N: n[string(from)+" > "+string(to)], Same: from == to}
			if c.N > 0 {
				share := 14 + 46*c.N/most
				c.Shade = template.CSS(fmt.Sprintf("background:color-mix(in srgb,var(--%s) %d%%,var(--card))", to, share)) //nolint:gosec // numbers and words of ours
				c.Says = fmt.Sprintf("%s, before %s, %s", replay.Grouped(c.N), from, would(to))
			}
			r.Cells = append(r.Cells, c)
		}
		g.Rows = append(g.Rows, r)
	}
	return g
}
