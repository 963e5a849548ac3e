package snapshot

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
)

// Part is a chip, card or system of the catalog. Numbers are per IC or package, as 3A090 counts them.
type Part struct {
	ID         string        `json:"id"`
	Name       string        `json:"name"`
	Vendor     string        `json:"vendor"`
	DesignHQ   event.Country `json:"designer_headquarters"`
	Patterns   []string      `json:"patterns"`               // spellings; words in this order, in a part number or a description
	Numbers    []string      `json:"part_numbers,omitempty"` // beginnings of part numbers, letters and digits only
	ECCN       string        `json:"eccn,omitempty"`         // as the vendor publishes it
	TPP        event.Decimal `json:"tpp,omitempty"`
	DieArea    event.Decimal `json:"die_area_mm2,omitempty"`
	AreaUnsure bool          `json:"die_area_unsure,omitempty"` // an estimate, or one that leaves dies out
	Bandwidth  event.Decimal `json:"memory_bandwidth_gbps,omitempty"`
	IO         event.Decimal `json:"io_bandwidth_gbps,omitempty"` // aggregate bidirectional, for the 2022 form of 3A090
	Datacenter string        `json:"datacenter"`                  // yes, no, unknown
	Letter     string        `json:"letter,omitempty"`            // named in an is-informed letter
	PRCChip    string        `json:"prc_chip,omitempty"`          // advanced chip designed by a firm in D:5
	Contains   []Content     `json:"contains,omitempty"`          // chips of a system
	Class      string        `json:"class,omitempty"`             // where numbers are not public but the class is: a, b, none
	Source     string        `json:"source"`
	Certainty  string        `json:"certainty"`
	Notes      []string      `json:"notes,omitempty"`
}

// Content is a chip and how many of it a system holds.
type Content struct {
	Part  string        `json:"part"`
	Count event.Decimal `json:"count"`
}

func (p *Part) check() []string {
	var f []string
	for _, m := range []struct{ name, value string }{
		{"id", p.ID}, {"name", p.Name}, {"vendor", p.Vendor}, {"source", p.Source},
	} {
		if m.value == "" {
			f = append(f, m.name+" is missing")
		}
	}
	if len(p.Patterns) == 0 {
		f = append(f, "patterns are missing")
	}
	for _, s := range append(slices.Clone(p.Patterns), p.Numbers...) {
		if strings.TrimSpace(s) == "" {
			f = append(f, "an empty pattern would match everything")
		}
	}
	if !slices.Contains([]string{"yes", "no", "unknown"}, p.Datacenter) {
		f = append(f, fmt.Sprintf("datacenter %q is none of yes, no, unknown", p.Datacenter))
	}
	if !slices.Contains([]string{"", "a", "b", "c", "none"}, p.Class) {
		f = append(f, fmt.Sprintf("class %q is none of a, b, c, none", p.Class))
	}
	for _, d := range []event.Decimal{p.TPP, p.DieArea, p.Bandwidth, p.IO} {
		f = append(f, checkDecimal("number", d)...)
	}
	for _, c := range p.Contains {
		f = append(f, checkDecimal("count", c.Count)...)
	}
	f = append(f, checkCountry("designer_headquarters", p.DesignHQ)...)
	return append(f, checkCertainty(p.Certainty)...)
}

// Membership is one country's dated membership in a Country Group (Supplement 1 to part 740) or in Supplement 5(a).
type Membership struct {
	Group   string        `json:"group"` // A:1 A:5 A:6 D:1 D:4 D:5 E:1 E:2 S5A
	Country event.Country `json:"country"`
	event.Span
	Citation  string `json:"citation"`
	Certainty string `json:"certainty"`
}

// GroupNames are the groups that rules ask for.
var GroupNames = []string{"A:1", "A:5", "A:6", "D:1", "D:4", "D:5", "E:1", "E:2", "S5A"}

// Key names the row: group, country and first day.
func (m *Membership) Key() string { return m.Group + " " + string(m.Country) + " " + string(m.From) }

func (m *Membership) check() []string {
	var f []string
	if !slices.Contains(GroupNames, m.Group) {
		f = append(f, fmt.Sprintf("group %q does not exist", m.Group))
	}
	if m.Citation == "" {
		f = append(f, "citation is missing")
	}
	f = append(f, checkCountry("country", m.Country)...)
	f = append(f, checkSpan("membership", m.Span)...)
	return append(f, checkCertainty(m.Certainty)...)
}
