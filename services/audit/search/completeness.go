package search

import (
	"fmt"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
)

// Completeness says for each day whether every order that came in has its decision, and every decision its leaf.
type Completeness struct {
	From     event.Date        `json:"from,omitempty"` // first day asked for; from the first on when empty
	Until    event.Date        `json:"until,omitempty"`
	Days     []CompleteDay     `json:"days"`
	Total    CompleteDay       `json:"total"`              // its Day is empty
	Missing  []Missing         `json:"missing,omitempty"`  // places of the stream that no leaf is of, on these days
	Open     int               `json:"open,omitempty"`     // cases of the last block that are still to be logged
	Complete bool              `json:"complete"`           // nothing is missing, lost or there twice, and every order has a decision
	Under    []CheckpointState `json:"checkpoints"`        // what was counted, by log
	Checked  bool              `json:"proven"`             // every leaf was read and proven to be under them; else it is as the index counted
	Words    []string          `json:"in_words,omitempty"` // sentences
}

// CheckpointState is a published checkpoint.
type CheckpointState struct {
	Log  int    `json:"log"`
	Size uint64 `json:"size"`
	Root string `json:"root"` // base64, as in the checkpoint
}

// CompleteDay is a day's account. Orders are what was accepted: placed, revised, shipped, cancelled and so on. Leaves holds every leaf:
// those of orders, refusals, others (licenses, activations, notes), gaps and declarations.
type CompleteDay struct {
	Day          event.Date            `json:"day,omitempty"` // received, UTC
	Orders       int                   `json:"orders"`
	Decisions    int                   `json:"decisions"`
	Leaves       int                   `json:"leaves"`
	Refusals     int                   `json:"refusals"`
	Others       int                   `json:"others"`
	Gaps         int                   `json:"gaps"`
	Declarations int                   `json:"declarations"`
	Outcomes     map[event.Outcome]int `json:"outcomes,omitempty"`
	Lost         uint64                `json:"lost_blocks"`   // blocks that gap leaves declare lost
	Missing      int                   `json:"missing_cases"` // places that no leaf is of, of blocks that are partly there
	MissingWhole uint64                `json:"missing_blocks"`
	Doubled      int                   `json:"doubled"` // leaves of a place that another one is of
	Complete     bool                  `json:"complete"`
	Words        string                `json:"in_words"`
}

// Completeness accounts for the days of a tally between two, both inclusive, either may be empty.
func (t *Tally) Completeness(from, until event.Date) Completeness {
	out := Completeness{From: from, Until: until, Complete: true, Days: []CompleteDay{}}
	in := event.Span{From: from, Until: until}
	missing, open := t.Blocks.Missing()
	out.Open = open
	out.Total.Outcomes = map[event.Outcome]int{}
	for _, date := range t.dates() {
		if !in.Holds(date) {
			continue
		}
		day := t.Days[date].account(date)
		day.Doubled = t.Blocks.Doubled[date]
		for _, m := range missing {
			if m.Day == date {
				out.Missing = append(out.Missing, m)
				day.lack(m)
			}
		}
		day.judge()
		out.Days = append(out.Days, day)
		out.Total.add(day)
	}
	out.Total.judge()
	out.Complete = out.Total.Complete
	for _, d := range out.Days {
		out.Complete = out.Complete && d.Complete
	}
	out.Words = out.say()
	return out
}

func (d *Day) account(date event.Date) CompleteDay {
	return CompleteDay{
		Day: date, Orders: d.Orders, Decisions: d.Decisions, Leaves: d.Leaves, Refusals: d.Refusals, Others: d.Others, Gaps: d.Gaps,
		Declarations: d.Declarations, Outcomes: d.Outcomes, Lost: d.Lost,
	}
}

func (d *CompleteDay) lack(m Missing) {
	if m.Cases > 0 {
		d.Missing += m.Cases
		return
	}
	d.MissingWhole += m.To - m.From + 1
}

func (d *CompleteDay) add(o CompleteDay) {
	d.Orders, d.Decisions, d.Leaves, d.Refusals, d.Others = d.Orders+o.Orders, d.Decisions+o.Decisions, d.Leaves+o.Leaves, d.Refusals+o.Refusals, d.Others+o.Others
	d.Gaps, d.Declarations, d.Lost, d.Missing = d.Gaps+o.Gaps, d.Declarations+o.Declarations, d.Lost+o.Lost, d.Missing+o.Missing
	d.MissingWhole, d.Doubled = d.MissingWhole+o.MissingWhole, d.Doubled+o.Doubled
	addAll(d.Outcomes, o.Outcomes)
}

// judge says whether the day is complete, and why not.
func (d *CompleteDay) judge() {
	var faults []string
	fault := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Sprintf(format, args...))
		}
	}
	fault(d.Orders != d.Decisions, "%d orders have no decision", d.Orders-d.Decisions)
	fault(d.Leaves != d.Orders+d.Refusals+d.Others+d.Gaps+d.Declarations, "the leaves do not add up")
	fault(d.Missing > 0, "%d cases have no leaf", d.Missing)
	fault(d.MissingWhole > 0, "%d blocks have no leaf", d.MissingWhole)
	fault(d.Lost > 0, "%d blocks were lost before they were logged, which the log says itself", d.Lost)
	fault(d.Doubled > 0, "%d cases have two leaves", d.Doubled)
	d.Complete = len(faults) == 0
	if d.Words = strings.Join(faults, "; "); d.Complete {
		d.Words = fmt.Sprintf("%d orders, as many decisions, each a leaf", d.Orders)
	}
}

// say puts the account into sentences.
func (c Completeness) say() []string {
	t := c.Total
	out := []string{fmt.Sprintf("%d orders, %d decisions; %d leaves: %d of orders, %d of refusals, %d of licenses, activations and notes, %d gaps, %d declarations.",
		t.Orders, t.Decisions, t.Leaves, t.Orders, t.Refusals, t.Others, t.Gaps, t.Declarations)}
	for _, m := range c.Missing {
		if m.Cases > 0 {
			out = append(out, fmt.Sprintf("Of block %d %d cases have no leaf (%s).", m.From, m.Cases, m.Day))
			continue
		}
		side := "after"
		if m.From == 1 {
			side = "before"
		}
		out = append(out, fmt.Sprintf("Blocks %d to %d have no leaf (%s %s).", m.From, m.To, side, m.Day))
	}
	if c.Open > 0 {
		out = append(out, fmt.Sprintf("%d cases of the last block were not logged yet when the checkpoint was signed.", c.Open))
	}
	switch {
	case len(c.Days) == 0:
		return append(out, "Nothing was received on these days.")
	case c.Complete && c.From+c.Until != "":
		return append(out, "Complete on these days: what came in has its leaf, and every order its decision.")
	case c.Complete:
		return append(out, "Complete: every place of the stream from the first block on has its leaf, and every order its decision.")
	}
	return append(out, "NOT complete.")
}
