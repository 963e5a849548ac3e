package tlog

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tidegate/tidegate/schemas/event"
)

// Place is a case's place in the stream.
type Place struct {
	Sequence uint64
	Case     int
}

// Position is where the log stands in the stream, read back from its own last leaves.
type Position struct {
	Next  Place
	Cases int            // cases of the block Next lies in, where its first cases are logged; else 0
	Ahead map[Place]bool // cases behind Next that are logged already: two batches swapped, and the crash came between them
}

// Logged says whether the case at a place is in the log.
func (p Position) Logged(at Place) bool {
	return at.Sequence < p.Next.Sequence || at.Sequence == p.Next.Sequence && at.Case < p.Next.Case || p.Ahead[at]
}

// control says whether a leaf is of no place in the stream.
func control(l event.Leaf) bool { return l.Kind == event.LeafAccept }

// before puts a restore leaf in the place before the log's first case.
func before(tail []event.Leaf) []event.Leaf {
	for i, l := range tail {
		if l.Kind == event.LeafRestore {
			tail[i] = event.Leaf{Sequence: l.Sequence - 1, Cases: 1}
		}
	}
	return tail
}

// Resume finds the position from the headers of the log's last leaves, in index order: at least twice Window of them,
// or all there are. No leaf lies further from its turn than Window.
func Resume(tail []event.Leaf) (Position, error) {
	tail = before(slices.DeleteFunc(slices.Clone(tail), control))
	if len(tail) == 0 {
		return Position{Next: Place{Sequence: 1}}, nil
	}
	slices.SortFunc(tail, byPlace)
	gap := -1 // the lowest place in order, among those that can still be open, after which a case is missing
	for i := max(1, len(tail)-Window); i < len(tail); i++ {
		switch want := after(tail[i-1]); {
		case placeOf(tail[i]) == placeOf(tail[i-1]):
			return Position{}, fmt.Errorf("case %d of block %d is in the log twice", tail[i].Place, tail[i].Sequence)
		case placeOf(tail[i]) != want && gap < 0:
			gap = i - 1
		}
	}
	if gap < 0 {
		gap = len(tail) - 1
	}
	return standing(tail, gap), nil
}

func standing(tail []event.Leaf, gap int) Position {
	p := Position{Next: after(tail[gap])}
	if p.Next.Case > 0 {
		p.Cases = tail[gap].Cases
	}
	for _, l := range tail[gap+1:] {
		if p.Ahead == nil {
			p.Ahead = map[Place]bool{}
		}
		p.Ahead[placeOf(l)] = true
	}
	return p
}

func placeOf(l event.Leaf) Place { return Place{l.Sequence, l.Place} }

func after(l event.Leaf) Place {
	if l.Kind == event.LeafGap {
		return Place{Sequence: l.To + 1}
	}
	if l.Place+1 < l.Cases {
		return Place{l.Sequence, l.Place + 1}
	}
	return Place{Sequence: l.Sequence + 1}
}

func byPlace(a, b event.Leaf) int {
	return cmp.Or(cmp.Compare(a.Sequence, b.Sequence), cmp.Compare(a.Place, b.Place))
}
