package search

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/shared/codec"
)

// Tally counts a history by day, and which of its blocks' places it has seen. Tallies of parts of a history add up to that of the
// whole, in any order: an index keeps one beside its rows and adds that of the new ones.
type Tally struct {
	Days   map[event.Date]*Day `json:"days,omitempty"`
	Blocks Blocks              `json:"blocks"`
}

// Day counts what was received on a civil day, UTC; what was never received (a gap, a declaration) on the day it was logged.
type Day struct {
	Leaves       int                    `json:"leaves"`                // of every kind
	Orders       int                    `json:"orders"`                // accepted causes about orders
	Decisions    int                    `json:"decisions"`             // of them, with a judgement
	Refusals     int                    `json:"refusals"`              // inputs that were not accepted
	Others       int                    `json:"others"`                // licenses, activations, notes
	Declarations int                    `json:"declarations"`          // accepted logs and restores
	Gaps         int                    `json:"gaps"`                  // leaves that declare blocks lost
	Lost         uint64                 `json:"lost_blocks,omitempty"` // blocks that they declare lost
	Causes       map[event.Kind]int     `json:"causes,omitempty"`      // orders by what happened
	Outcomes     map[event.Outcome]int  `json:"outcomes,omitempty"`    // decisions by outcome
	Lists        Counts[ListEdition]    `json:"lists,omitempty"`       // decisions that consulted an edition of a list
	Packs        Counts[Rules]          `json:"packs,omitempty"`       // decisions under a pack
	Snapshots    map[string]int         `json:"snapshots,omitempty"`   // decisions by digest of their reference data
	Unlisted     int                    `json:"unlisted,omitempty"`    // decisions that consulted no imported list, only the curated set
	Activations  Counts[ActivationSeen] `json:"activations,omitempty"` // what took effect
}

// ListEdition is an edition of an imported list.
type ListEdition struct {
	List    string     `json:"list"`
	Feed    string     `json:"feed"`
	Version event.Date `json:"version"` // the day it was published; empty where its source does not say
	Rows    int        `json:"rows"`
	Partial bool       `json:"partial,omitempty"` // it lacks something
}

// ActivationSeen is an activation with the instant it was received at.
type ActivationSeen struct {
	At event.Instant `json:"at"`
	Activated
}

// Counts are how often what was seen. Its JSON is a sorted list.
type Counts[K comparable] map[K]int

// count is a member of Counts in JSON.
type count[K comparable] struct {
	Of K   `json:"of"`
	N  int `json:"n"`
}

// MarshalJSON implements json.Marshaler.
func (c Counts[K]) MarshalJSON() ([]byte, error) {
	lines := make([]string, 0, len(c))
	for k, n := range c {
		b, err := codec.Append(nil, count[K]{k, n})
		if err != nil {
			return nil, err
		}
		lines = append(lines, string(b))
	}
	slices.Sort(lines)
	return []byte("[" + strings.Join(lines, ",") + "]"), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *Counts[K]) UnmarshalJSON(b []byte) error {
	var list []count[K]
	if err := json.Unmarshal(b, &list); err != nil {
		return fmt.Errorf("counts: %w", err)
	}
	*c = Counts[K]{}
	for _, x := range list {
		(*c)[x.Of] += x.N
	}
	return nil
}

// NewTally is the tally of nothing.
func NewTally() Tally { return Tally{Days: map[event.Date]*Day{}} }

// Day gives a day's counts, which may be added to.
func (t *Tally) Day(d event.Date) *Day {
	day := t.Days[d]
	if day == nil {
		day = &Day{
			Causes: map[event.Kind]int{}, Outcomes: map[event.Outcome]int{}, Lists: Counts[ListEdition]{}, Packs: Counts[Rules]{},
			Snapshots: map[string]int{}, Activations: Counts[ActivationSeen]{},
		}
		t.Days[d] = day
	}
	return day
}

// DayOf is the day that a row counts for.
func (r Row) DayOf() event.Date { return cmp.Or(r.Received, r.Logged).Date() }

// Add counts a row.
func (t *Tally) Add(r Row) {
	day := t.Day(r.DayOf())
	day.Leaves++
	switch r.Kind {
	case event.LeafDecision:
		day.Orders++
		day.Causes[r.Cause]++
	case event.LeafRefusal:
		day.Refusals++
	case event.LeafGap:
		day.Gaps++
		day.Lost += lost(r.Block)
	case event.LeafAccept, event.LeafRestore:
		day.Declarations++
		return
	default:
		day.Others++
	}
	if r.Judged {
		day.judged(r)
	}
	if r.Activated != nil {
		day.Activations[ActivationSeen{r.Received, *r.Activated}]++
	}
	t.Blocks.add(r.Block, r.DayOf())
}

// lost is how many blocks a gap declares lost; of the first a part may be logged.
func lost(b Block) uint64 {
	if b.Place > 0 {
		return b.To - b.Sequence
	}
	return b.To - b.Sequence + 1
}

func (d *Day) judged(r Row) {
	d.Decisions++
	d.Outcomes[r.Outcome]++
	d.Snapshots[r.Snapshot]++
	for _, p := range r.Packs {
		d.Packs[p]++
	}
	for _, l := range r.Lists {
		d.Lists[ListEdition{l.List, l.Feed, l.Version, l.Rows, len(l.Gaps) > 0}]++
	}
	if len(r.Lists) == 0 {
		d.Unlisted++
	}
}

// Merge adds what another tally counted.
func (t *Tally) Merge(o Tally) {
	for date, d := range o.Days {
		t.Day(date).merge(d)
	}
	t.Blocks.merge(o.Blocks)
}

func (d *Day) merge(o *Day) {
	for _, n := range []struct{ to, from *int }{
		{&d.Leaves, &o.Leaves},
		{&d.Orders, &o.Orders},
		{&d.Decisions, &o.Decisions},
		{&d.Refusals, &o.Refusals},
		{&d.Others, &o.Others},
		{&d.Declarations, &o.Declarations},
		{&d.Gaps, &o.Gaps},
		{&d.Unlisted, &o.Unlisted},
	} {
		*n.to += *n.from
	}
	d.Lost += o.Lost
	addAll(d.Causes, o.Causes)
	addAll(d.Outcomes, o.Outcomes)
	addAll(d.Lists, o.Lists)
	addAll(d.Packs, o.Packs)
	addAll(d.Snapshots, o.Snapshots)
	addAll(d.Activations, o.Activations)
}

func addAll[M ~map[K]int, K comparable](to, from M) {
	for k, n := range from {
		to[k] += n
	}
}

// dates are the tally's days in order.
func (t *Tally) dates() []event.Date { return slices.Sorted(maps.Keys(t.Days)) }
