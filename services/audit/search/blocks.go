package search

import (
	"cmp"
	"slices"

	"github.com/tidegate/tidegate/schemas/event"
)

// Blocks are the places of the stream that leaves were seen of: runs of whole blocks, and those of which some cases are there. A
// history has every place once.
type Blocks struct {
	Runs    []Run              `json:"runs,omitempty"` // of whole blocks, sorted, none next to another
	Parts   []Part             `json:"parts,omitempty"`
	Doubled map[event.Date]int `json:"doubled,omitempty"` // leaves of a place seen before, by day
}

// Run is blocks in a row of which every case was seen or declared lost.
type Run struct {
	From  uint64     `json:"from"`
	To    uint64     `json:"to"` // inclusive
	First event.Date `json:"first"`
	Last  event.Date `json:"last"`
}

// Part is a block of which some cases were seen.
type Part struct {
	Sequence uint64     `json:"sequence"`
	Cases    int        `json:"cases"`
	Seen     []int      `json:"seen"` // places, sorted
	Day      event.Date `json:"day"`
}

func (b *Blocks) add(at Block, day event.Date) {
	switch {
	case at.To > 0 && at.Place == 0:
		b.run(Run{at.Sequence, at.To, day, day})
	case at.To > 0: // the first block's cases before the gap are logged, the others lost
		b.part(Part{at.Sequence, 0, nil, day})
		b.run(Run{at.Sequence, at.To, day, day})
	default:
		b.part(Part{at.Sequence, at.Cases, []int{at.Place}, day})
	}
}

// part takes seen places of a block.
func (b *Blocks) part(p Part) {
	i, there := slices.BinarySearchFunc(b.Parts, p.Sequence, func(p Part, s uint64) int { return cmp.Compare(p.Sequence, s) })
	if !there {
		b.Parts = slices.Insert(b.Parts, i, Part{Sequence: p.Sequence, Day: p.Day})
	}
	own := &b.Parts[i]
	own.Cases, own.Day = max(own.Cases, p.Cases), min(own.Day, p.Day)
	for _, place := range p.Seen {
		j, twice := slices.BinarySearch(own.Seen, place)
		if twice || b.whole(p.Sequence) {
			b.double(p.Day, 1)
			continue
		}
		own.Seen = slices.Insert(own.Seen, j, place)
	}
	if len(own.Seen) >= own.Cases && !b.whole(p.Sequence) {
		whole := Run{p.Sequence, p.Sequence, own.Day, own.Day}
		b.Parts = slices.Delete(b.Parts, i, i+1)
		b.run(whole)
	} else if b.whole(p.Sequence) {
		b.Parts = slices.Delete(b.Parts, i, i+1)
	}
}

func (b *Blocks) double(day event.Date, n int) {
	if b.Doubled == nil {
		b.Doubled = map[event.Date]int{}
	}
	b.Doubled[day] += n
}

func (b *Blocks) whole(sequence uint64) bool {
	i, _ := slices.BinarySearchFunc(b.Runs, sequence, func(r Run, s uint64) int { return cmp.Compare(r.To, s) })
	return i < len(b.Runs) && b.Runs[i].From <= sequence
}

// run takes whole blocks, joined with those next to them.
func (b *Blocks) run(r Run) {
	i, _ := slices.BinarySearchFunc(b.Runs, r.From, func(x Run, from uint64) int { return cmp.Compare(x.To+1, from) })
	j := i
	for ; j < len(b.Runs) && b.Runs[j].From <= r.To+1; j++ {
		x := b.Runs[j]
		if x.From < r.From {
			r.From, r.First = x.From, x.First
		}
		if x.To > r.To {
			r.To, r.Last = x.To, x.Last
		}
	}
	b.Runs = slices.Replace(b.Runs, i, j, r)
	b.Parts = slices.DeleteFunc(b.Parts, func(p Part) bool { return p.Sequence >= r.From && p.Sequence <= r.To })
}

func (b *Blocks) merge(o Blocks) {
	for _, r := range o.Runs {
		b.run(r)
	}
	for _, p := range o.Parts {
		b.part(p)
	}
	for day, n := range o.Doubled {
		b.double(day, n)
	}
}

// Missing are places of the stream that no leaf is of.
type Missing struct {
	From  uint64     `json:"from_block"`
	To    uint64     `json:"to_block"`        // inclusive
	Cases int        `json:"cases,omitempty"` // that are missing of a block of which others are there; of whole blocks nobody knows how many they had
	Day   event.Date `json:"day"`             // of what stands before or beside it
}

// Missing lists what a history lacks of the stream, whose first block is 1, up to the last block seen. What is still to come of the last block is not missing: the log grows.
func (b *Blocks) Missing() (missing []Missing, open int) {
	known := slices.Clone(b.Runs)
	for _, p := range b.Parts {
		known = append(known, Run{p.Sequence, p.Sequence, p.Day, p.Day})
	}
	slices.SortFunc(known, func(x, y Run) int { return cmp.Compare(x.From, y.From) })
	if len(known) > 0 && known[0].From > 1 {
		missing = append(missing, Missing{1, known[0].From - 1, 0, known[0].First})
	}
	for i := 1; i < len(known); i++ {
		if before := known[i-1]; known[i].From > before.To+1 {
			missing = append(missing, Missing{before.To + 1, known[i].From - 1, 0, before.Last})
		}
	}
	for _, p := range b.Parts {
		lacks := p.Cases - len(p.Seen)
		if p.Sequence == known[len(known)-1].To && isBeginning(p.Seen) {
			open = lacks
			continue
		}
		missing = append(missing, Missing{p.Sequence, p.Sequence, lacks, p.Day})
	}
	slices.SortFunc(missing, func(x, y Missing) int { return cmp.Compare(x.From, y.From) })
	return missing, open
}

func isBeginning(places []int) bool { return len(places) > 0 && places[len(places)-1] == len(places)-1 }
