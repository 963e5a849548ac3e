package replay

import (
	"cmp"
	"maps"
	"slices"

	"github.com/tidegate/tidegate/schemas/event"
)

// Count is how many orders there are of one sort and, of changed ones, what they would be.
type Count struct {
	Name    string `json:"name"`
	Orders  int    `json:"orders"`
	Release int    `json:"release,omitempty"` // of them would be released; so for the other outcomes
	Hold    int    `json:"hold,omitempty"`
	License int    `json:"license,omitempty"`
	Block   int    `json:"block,omitempty"`
}

// To is how many of them would have an outcome.
func (c *Count) To(o event.Outcome) int {
	if n := c.to(o); n != nil {
		return *n
	}
	return 0
}

func (c *Count) to(o event.Outcome) *int {
	switch o {
	case event.Release:
		return &c.Release
	case event.Hold:
		return &c.Hold
	case event.NeedsLic:
		return &c.License
	case event.Block:
		return &c.Block
	case event.NoOutcome:
	}
	return nil
}

// Add adds the numbers of another count.
func (c *Count) Add(o Count) {
	c.Orders += o.Orders
	c.Release, c.Hold, c.License, c.Block = c.Release+o.Release, c.Hold+o.Hold, c.License+o.License, c.Block+o.Block
}

// Breakdown counts changed orders by way, rule, country and month. It holds no order, so that it stays small whatever
// changed. The zero value is empty; it is not safe for concurrent use.
type Breakdown struct {
	changed, stricter, open        int
	ways, rules, countries, months sorts
}

type sorts map[string]*Count

func (s *sorts) add(name string, to event.Outcome) {
	if *s == nil {
		*s = sorts{}
	}
	c := (*s)[name]
	if c == nil {
		c = &Count{Name: name}
		(*s)[name] = c
	}
	c.Orders++
	if n := c.to(to); n != nil {
		*n++
	}
}

// Add counts one changed order.
func (b *Breakdown) Add(c *Change) {
	b.changed++
	if c.To.Severity() > c.From.Severity() {
		b.stricter++
	}
	if c.Stand == Open {
		b.open++
	}
	b.ways.add(string(c.From)+" > "+string(c.To), c.To)
	b.rules.add(c.Rule, c.To)
	b.countries.add(cmp.Or(string(c.Country), "unknown"), c.To)
	b.months.add(cmp.Or(month(c.Date), "unknown"), c.To)
}

// Fill writes the counts into a report.
func (b *Breakdown) Fill(r *Report) {
	r.Changed, r.Stricter, r.Milder, r.Open = b.changed, b.stricter, b.changed-b.stricter, b.open
	r.ByTransition, r.ByRule, r.ByCountry, r.ByMonth = b.ways.most(), b.rules.most(), b.countries.most(), b.months.named()
}

// named lists counts by name.
func (s sorts) named() []Count {
	out := make([]Count, 0, len(s))
	for _, name := range slices.Sorted(maps.Keys(s)) {
		out = append(out, *s[name])
	}
	return out
}

// most lists those with most orders first.
func (s sorts) most() []Count {
	out := s.named()
	slices.SortStableFunc(out, func(a, b Count) int { return cmp.Compare(b.Orders, a.Orders) })
	return out
}
