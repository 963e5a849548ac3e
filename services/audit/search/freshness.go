package search

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/tidegate/tidegate/schemas/event"
)

// StaleAfter is how many days a list may be old before decisions by it count as stale, where nobody says otherwise.
const StaleAfter = 30

// Freshness says which lists and rule packs decisions were made by, and how old the lists were then. It is what the decisions
// themselves name: on a day without any, nothing is known.
type Freshness struct {
	From        event.Date        `json:"from,omitempty"`
	Until       event.Date        `json:"until,omitempty"`
	StaleAfter  int               `json:"stale_after_days"`
	Lists       []ListInForce     `json:"lists"`
	Packs       []PackInForce     `json:"packs"`
	Days        []FreshDay        `json:"days"`
	Activations []ActivationSeen  `json:"activations,omitempty"` // by when they were received
	Stale       int               `json:"stale_days"`            // days with a decision by a stale list
	Under       []CheckpointState `json:"checkpoints"`
	Checked     bool              `json:"proven"`
	Words       []string          `json:"in_words"`
}

// ListInForce is an edition of a list with the days on which decisions consulted it.
type ListInForce struct {
	ListEdition
	First     event.Date `json:"first_decision"`
	Last      event.Date `json:"last_decision"`
	Decisions int        `json:"decisions"`
	Oldest    int        `json:"oldest_days"` // its age on the last day; -1 where it is not dated
	Stale     int        `json:"stale_days"`  // days with decisions on which it was stale
}

// PackInForce is a rule pack with the days on which decisions were made under it.
type PackInForce struct {
	Rules
	First     event.Date `json:"first_decision"`
	Last      event.Date `json:"last_decision"`
	Decisions int        `json:"decisions"`
}

// FreshDay is a day with decisions.
type FreshDay struct {
	Day       event.Date `json:"day"` // received, UTC: from then a list's age is counted
	Decisions int        `json:"decisions"`
	Unlisted  int        `json:"curated_set_only"` // decisions that consulted no imported list
	Lists     []ListAge  `json:"lists"`
	Packs     []Rules    `json:"packs"`
	Stale     bool       `json:"stale"`
}

// ListAge is how old a list was on a day.
type ListAge struct {
	ListEdition
	Decisions int  `json:"decisions"`
	Age       int  `json:"age_days"` // -1 where it is not dated
	Stale     bool `json:"stale"`    // older than allowed, or not dated
}

// Freshness reports on the days of a tally between two, both inclusive, either may be empty. staleAfter is in days; StaleAfter when 0.
func (t *Tally) Freshness(from, until event.Date, staleAfter int) Freshness {
	out := Freshness{From: from, Until: until, StaleAfter: cmp.Or(staleAfter, StaleAfter), Days: []FreshDay{}, Lists: []ListInForce{}, Packs: []PackInForce{}}
	in := event.Span{From: from, Until: until}
	lists, packs := map[ListEdition]*ListInForce{}, map[Rules]*PackInForce{}
	for _, date := range t.dates() {
		d := t.Days[date]
		if !in.Holds(date) {
			continue
		}
		for a := range d.Activations {
			out.Activations = append(out.Activations, a)
		}
		if d.Decisions == 0 {
			continue
		}
		day := d.fresh(date, out.StaleAfter)
		for _, l := range day.Lists {
			inForce(lists, l, date)
		}
		for _, p := range day.Packs {
			if packs[p] == nil {
				packs[p] = &PackInForce{Rules: p, First: date}
			}
			packs[p].Last, packs[p].Decisions = date, packs[p].Decisions+d.Packs[p]
		}
		if day.Stale {
			out.Stale++
		}
		out.Days = append(out.Days, day)
	}
	for _, l := range lists {
		out.Lists = append(out.Lists, *l)
	}
	for _, p := range packs {
		out.Packs = append(out.Packs, *p)
	}
	out.sort()
	out.Words = out.say()
	return out
}

func inForce(lists map[ListEdition]*ListInForce, l ListAge, date event.Date) {
	x := lists[l.ListEdition]
	if x == nil {
		x = &ListInForce{ListEdition: l.ListEdition, First: date}
		lists[l.ListEdition] = x
	}
	x.Last, x.Decisions, x.Oldest = date, x.Decisions+l.Decisions, max(x.Oldest, l.Age)
	if l.Age < 0 {
		x.Oldest = -1
	}
	if l.Stale {
		x.Stale++
	}
}

func (d *Day) fresh(date event.Date, staleAfter int) FreshDay {
	day := FreshDay{Day: date, Decisions: d.Decisions, Unlisted: d.Unlisted, Lists: []ListAge{}}
	for e, n := range d.Lists {
		age := ageOf(e.Version, date)
		l := ListAge{e, n, age, age < 0 || age > staleAfter}
		day.Lists, day.Stale = append(day.Lists, l), day.Stale || l.Stale
	}
	slices.SortFunc(day.Lists, func(a, b ListAge) int { return a.compare(b.ListEdition) })
	for p := range d.Packs {
		day.Packs = append(day.Packs, p)
	}
	slices.SortFunc(day.Packs, Rules.compare)
	return day
}

// ageOf is how many days lie between a list's day and another; -1 where either is no day. A list dated later is 0 days old.
func ageOf(version, on event.Date) int {
	from, err1 := time.Parse(time.DateOnly, string(version))
	to, err2 := time.Parse(time.DateOnly, string(on))
	if err1 != nil || err2 != nil {
		return -1
	}
	return max(0, int(to.Sub(from).Hours()/24))
}

func (e ListEdition) compare(o ListEdition) int {
	return cmp.Or(cmp.Compare(e.List, o.List), cmp.Compare(e.Version, o.Version), cmp.Compare(e.Feed, o.Feed), cmp.Compare(e.Rows, o.Rows))
}

func (r Rules) compare(o Rules) int {
	return cmp.Or(cmp.Compare(r.ID, o.ID), cmp.Compare(r.Version, o.Version), cmp.Compare(r.Digest, o.Digest))
}

func (f *Freshness) sort() {
	slices.SortFunc(f.Lists, func(a, b ListInForce) int { return a.compare(b.ListEdition) })
	slices.SortFunc(f.Packs, func(a, b PackInForce) int { return cmp.Or(cmp.Compare(a.First, b.First), a.compare(b.Rules)) })
	slices.SortFunc(f.Activations, func(a, b ActivationSeen) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.What, b.What), cmp.Compare(a.Digest, b.Digest))
	})
}

func (f Freshness) say() []string {
	var out []string
	for _, l := range f.Lists {
		switch {
		case l.Oldest < 0:
			out = append(out, fmt.Sprintf("%s from %s carries no date: how old it was nobody can say; %d decisions consulted it, %s to %s.", l.List, l.Feed, l.Decisions, l.First, l.Last))
		case l.Stale > 0:
			out = append(out, fmt.Sprintf("STALE: %s of %s was up to %d days old; on %d days with decisions more than %d.", l.List, l.Version, l.Oldest, l.Stale, f.StaleAfter))
		}
	}
	curated, decisions := 0, 0
	for _, d := range f.Days {
		curated, decisions = curated+d.Unlisted, decisions+d.Decisions
	}
	if curated > 0 {
		out = append(out, fmt.Sprintf("%d of %d decisions consulted no imported list, only the curated set.", curated, decisions))
	}
	if f.Stale == 0 {
		return append(out, fmt.Sprintf("No decision of %d was made by an imported list older than %d days.", decisions, f.StaleAfter))
	}
	return append(out, fmt.Sprintf("On %d of %d days with decisions a list was stale.", f.Stale, len(f.Days)))
}
