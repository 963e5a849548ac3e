package snapshot

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/tidegate/tidegate/schemas/event"
)

// Edition is one list as published on one day. A feed is a series of editions whose rows have the same ids: what is
// missing in the next edition was taken off the list.
type Edition struct {
	List      string     `json:"list"`
	Feed      string     `json:"feed"` // csl, ofac, bis, un …
	Published event.Date `json:"published"`
	Rows      int        `json:"rows"`
	Partial   bool       `json:"partial,omitempty"` // rows of the file were skipped, so a row missing here says nothing
	Gaps      []string   `json:"gaps,omitempty"`
	Digest    string     `json:"digest,omitempty"` // of the compiled edition; only in a compiled set
	Entries   []Entry    `json:"-"`
}

// Key is the series that the edition belongs to.
func (e *Edition) Key() string { return e.List + "/" + e.Feed }

// Set is a compiled set of lists: every row of every edition it was built from, with the dates in force.
type Set struct {
	Editions []Edition // the newest of each series, sorted, without entries
	Entries  []Entry   // sorted by id
}

// Build makes a set of editions. It depends on the editions alone, not on the order in which they came. The first
// edition of a series counts for every date before it, a row that comes later counts from the day after the edition
// without it, and a row that disappears counts until the eve of the edition without it. Dates that the row itself
// gives come first.
func Build(editions []Edition) *Set {
	editions = slices.Clone(editions)
	slices.SortFunc(editions, func(a, b Edition) int {
		return cmp.Or(strings.Compare(a.Key(), b.Key()), strings.Compare(string(a.Published), string(b.Published)), strings.Compare(a.Digest, b.Digest))
	})
	s := &Set{}
	rows := map[string]*Entry{}
	for i := 0; i < len(editions); {
		j := i + 1
		for j < len(editions) && editions[j].Key() == editions[i].Key() {
			j++
		}
		series(editions[i:j], rows)
		newest := editions[j-1]
		newest.Entries = nil
		s.Editions = append(s.Editions, newest)
		i = j
	}
	s.Entries = make([]Entry, 0, len(rows))
	for _, e := range rows {
		s.Entries = append(s.Entries, *e)
	}
	slices.SortFunc(s.Entries, func(a, b Entry) int { return strings.Compare(a.ID, b.ID) })
	return s
}

// series follows the rows of one feed through its editions and adds them to rows.
func series(editions []Edition, rows map[string]*Entry) {
	found := map[string]*Entry{}
	open := map[string]bool{} // on the list in the edition before
	for i := range editions {
		ed := &editions[i]
		here := make(map[string]bool, len(ed.Entries))
		for k := range ed.Entries {
			e := &ed.Entries[k]
			here[e.ID] = true
			listed := e.Listed[0]
			if old, ok := found[e.ID]; ok {
				found[e.ID] = renew(old, e, open[e.ID], editions[i-1].Published)
				continue
			}
			c := *e
			if i > 0 && listed.From == "" {
				since(&c, editions[i-1].Published, ed.Published)
			}
			found[e.ID] = &c
		}
		if ed.Partial {
			for id := range open {
				here[id] = true
			}
		} else {
			ends(found, open, here, ed.Published)
		}
		open = here
	}
	for id, e := range found {
		if first, ok := rows[id]; ok {
			Join(first, e)
		} else {
			rows[id] = e
		}
	}
}

// ends gives the rows that were open and are not here their last day.
func ends(found map[string]*Entry, open, here map[string]bool, published event.Date) {
	for id := range open {
		if here[id] {
			continue
		}
		e := found[id]
		e.Listed = slices.Clone(e.Listed)
		last := &e.Listed[len(e.Listed)-1]
		if eve := day(published, -1); last.Until == "" || last.Until > eve {
			last.Until = max(eve, last.From)
		}
	}
}

func since(e *Entry, before, published event.Date) {
	e.Listed = []event.Span{{From: day(before, 1), Until: e.Listed[0].Until}}
	e.Notes = append(slices.Clone(e.Notes), "added between "+string(e.Listed[0].From)+" and "+string(published)+", counted from the first")
}

// renew takes the newer row and keeps the dates and what the newer one does not carry.
func renew(old, e *Entry, wasOpen bool, before event.Date) *Entry {
	c := *e
	listed := slices.Clone(old.Listed)
	last := &listed[len(listed)-1]
	switch {
	case wasOpen && e.Listed[0].From != "" && last.From == "":
		*last = e.Listed[0]
	case wasOpen:
		last.Until = e.Listed[0].Until
	default: // it was off the list and is back
		listed = append(listed, event.Span{From: max(day(before, 1), e.Listed[0].From), Until: e.Listed[0].Until})
	}
	c.Listed = listed
	for _, n := range old.Notes {
		if strings.HasPrefix(n, "added between ") && last.From != "" && !slices.Contains(c.Notes, n) {
			c.Notes = append(slices.Clone(c.Notes), n)
		}
	}
	if len(c.Addresses) == 0 {
		c.Addresses = old.Addresses
	}
	if len(c.Born) == 0 {
		c.Born = old.Born
	}
	if len(c.IDs) == 0 {
		c.IDs = old.IDs
	}
	if len(c.Weak) == 0 {
		c.Weak = old.Weak
	}
	if c.Country == "" {
		c.Country, c.Countries = old.Country, old.Countries
	}
	return &c
}

// Join adds another row with the same id to e: the same party listed twice, or in two feeds. It is in force where
// either is.
func Join(e, other *Entry) {
	if e.Name != other.Name {
		e.Aliases = append(slices.Clone(e.Aliases), other.Name)
	}
	e.Aliases, e.Weak, e.Also = union(e.Aliases, other.Aliases), union(e.Weak, other.Weak), union(e.Also, other.Also)
	e.Addresses, e.Programs, e.Born = union(e.Addresses, other.Addresses), union(e.Programs, other.Programs), union(e.Born, other.Born)
	e.IDs, e.Notes = union(e.IDs, other.IDs), union(e.Notes, other.Notes)
	e.Countries = union(e.Countries, other.Countries)
	if other.Country != "" && other.Country != e.Country && !slices.Contains(e.Countries, other.Country) {
		if e.Country == "" {
			e.Country = other.Country
		} else {
			e.Countries = append(slices.Clone(e.Countries), other.Country)
		}
	}
	e.Listed = spans(append(slices.Clone(e.Listed), other.Listed...))
	for _, f := range other.Footnotes {
		if !slices.ContainsFunc(e.Footnotes, func(g event.Footnote) bool { return g.Number == f.Number }) {
			e.Footnotes = append(slices.Clone(e.Footnotes), f)
		}
	}
	e.Requirement, e.PolicyText = cmp.Or(e.Requirement, other.Requirement), cmp.Or(e.PolicyText, other.PolicyText)
	e.Policy, e.Kind = cmp.Or(e.Policy, other.Policy), cmp.Or(e.Kind, other.Kind)
	if e.Citation != other.Citation && !strings.Contains(e.Citation, other.Citation) {
		e.Citation += "; " + other.Citation
	}
	e.Person = e.Person || other.Person
	if e.Scope != other.Scope {
		e.Scope = "all"
	}
}

func union[T comparable](a, b []T) []T {
	for _, v := range b {
		if !slices.Contains(a, v) {
			a = append(slices.Clip(a), v)
		}
	}
	return a
}

// spans sorts and joins spans that touch or overlap.
func spans(in []event.Span) []event.Span {
	slices.SortFunc(in, func(a, b event.Span) int {
		return cmp.Or(strings.Compare(string(a.From), string(b.From)), strings.Compare(string(a.Until), string(b.Until)))
	})
	out := in[:1]
	for _, s := range in[1:] {
		last := &out[len(out)-1]
		switch {
		case last.Until != "" && s.From > day(last.Until, 1):
			out = append(out, s)
		case s.Until == "" || last.Until != "" && s.Until > last.Until:
			last.Until = s.Until
			if s.Until == "" {
				last.Until = ""
			}
		}
	}
	return out
}

// day moves a date by days.
func day(d event.Date, days int) event.Date {
	t, err := time.Parse("2006-01-02", string(d))
	if err != nil {
		return d
	}
	return event.Date(t.AddDate(0, 0, days).Format("2006-01-02"))
}

// Days counts the days from a date to another; 0 where one is no date.
func Days(from, to event.Date) int {
	a, err := time.Parse("2006-01-02", string(from))
	if err != nil {
		return 0
	}
	b, err := time.Parse("2006-01-02", string(to))
	if err != nil {
		return 0
	}
	return int(b.Sub(a).Hours() / 24)
}

// Ruled says whether the shipped rule pack has rules for a list.
func Ruled(list string) bool { return slices.Contains(Lists, list) }
