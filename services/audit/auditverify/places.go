package auditverify

import (
	"errors"
	"fmt"

	"github.com/tidegate/tidegate/schemas/event"
)

// maxDisplaced is how far from its place in order a leaf may lie: the log's writer has no more leaves than this
// under way, and two of its batches may swap.
const maxDisplaced = 4096

// position is a case's place in the stream: block, then place in the block. cases is the size of the block.
type position struct {
	sequence     uint64
	place, cases int
	to           uint64 // of a gap: its last block
}

func (p position) next() (sequence uint64, place int) {
	if p.to > 0 {
		return p.to + 1, 0
	}
	if p.place+1 < p.cases {
		return p.sequence, p.place + 1
	}
	return p.sequence + 1, 0
}

type spot struct {
	sequence uint64
	place    int
}

// places checks that the leaves hold every case of every block once, without a gap, in order but for swapped batches.
type places struct {
	begun     bool
	stream    string
	first     uint64
	last      position          // up to here nothing is missing
	ahead     map[spot]position // leaves that came before their turn
	displaced int               // how many did
	restored  bool              // the log goes on after another: its first leaf says so
}

// add takes the next leaf of the log.
func (p *places) add(l event.Leaf) error {
	switch {
	case l.Kind == event.LeafRestore && p.begun:
		return errors.New("a restore leaf that is not the first of its log")
	case l.Kind == event.LeafRestore:
		p.begin(l)
		p.restored = true
		return nil
	case l.Declares():
		return nil // it stands between cases
	}
	at := position{l.Sequence, l.Place, l.Cases, l.To}
	if !p.begun {
		p.begin(l)
	}
	if l.Stream != p.stream {
		return fmt.Errorf("leaf is of stream %q, the ones before it of %q", l.Stream, p.stream)
	}
	seq, place := p.last.next()
	switch {
	case at.sequence < seq || at.sequence == seq && at.place < place:
		return fmt.Errorf("case %d of block %d was logged before", at.place, at.sequence)
	case at.sequence != seq || at.place != place:
		return p.hold(at)
	case at.place > 0 && at.to == 0 && at.cases != p.last.cases:
		return fmt.Errorf("block %d has %d cases by one leaf, %d by another", at.sequence, p.last.cases, at.cases)
	}
	p.last = at
	return p.catchUp()
}

// begin says where the log begins: with the block of its first leaf.
func (p *places) begin(l event.Leaf) {
	p.begun, p.stream, p.first, p.ahead = true, l.Stream, l.Sequence, map[spot]position{}
	p.last = position{sequence: l.Sequence - 1, cases: 1}
}

func (p *places) hold(at position) error {
	key := spot{at.sequence, at.place}
	if _, twice := p.ahead[key]; twice {
		return fmt.Errorf("case %d of block %d was logged before", at.place, at.sequence)
	}
	p.ahead[key] = at
	p.displaced++
	if len(p.ahead) > maxDisplaced {
		return p.gap()
	}
	return nil
}

func (p *places) catchUp() error {
	for {
		seq, place := p.last.next()
		at, ok := p.ahead[spot{seq, place}]
		if !ok {
			return nil
		}
		delete(p.ahead, spot{seq, place})
		if at.place > 0 && at.to == 0 && at.cases != p.last.cases {
			return fmt.Errorf("block %d has %d cases by one leaf, %d by another", at.sequence, p.last.cases, at.cases)
		}
		p.last = at
	}
}

func (p *places) gap() error {
	seq, place := p.last.next()
	return fmt.Errorf("case %d of block %d is missing", place, seq)
}

// end says what is missing after the last leaf. A last block of which only the first cases are logged is none: the
// log grows.
func (p *places) end() error {
	if len(p.ahead) > 0 {
		return p.gap()
	}
	return nil
}

// open is how many cases of the last block are not logged yet.
func (p *places) open() int {
	if !p.begun || p.last.to > 0 {
		return 0
	}
	return p.last.cases - 1 - p.last.place
}
