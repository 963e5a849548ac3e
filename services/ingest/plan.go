package ingest

import (
	"fmt"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/accept"
	"github.com/tidegate/tidegate/services/ingest/internal/idem"
)

// plan is a block to be: its cases, the keys they take, and who waits for them.
type plan struct {
	open  []*submission // not answered yet, in order
	says  []verdict     // for each of open, but for the sequence
	cases []event.Case
	taken []idem.Taken
}

// plan decides, for each submission, against the index and against those before it in the same block: new, sent
// before, or its key taken by other content. Those sent before are answered at once, for that is durable.
func (w *writer) plan(batch []*submission) (*plan, error) {
	keys := make([]idem.Digest, len(batch), 2*len(batch)) // those of orders, then those that senders gave
	for i, s := range batch {
		keys[i] = s.entry.Key
	}
	for _, s := range batch {
		if s.entry.Again != (idem.Digest{}) {
			keys = append(keys, s.entry.Again)
		}
	}
	found, err := w.index.Find(keys)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errIndex, err)
	}
	p := &plan{open: make([]*submission, 0, len(batch)), says: make([]verdict, 0, len(batch))}
	here := make(map[idem.Digest]idem.Entry, len(batch)) // keys this block takes
	given := found[len(batch):]
	for i, s := range batch {
		if s.entry.Again != (idem.Digest{}) {
			used := p.reused(here, s, given[0])
			if given = given[1:]; used {
				continue
			}
		}
		if err := w.decide(p, here, s, found[i]); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// reused answers an order whose sender gave an idempotency key that came with other content before.
func (p *plan) reused(here map[idem.Digest]idem.Entry, s *submission, found *idem.Entry) bool {
	first, taken := here[s.entry.Again]
	if found != nil {
		first, taken = *found, true
	}
	if !taken || first.Content == s.entry.Content {
		return false
	}
	s.answer(verdict{entry: s.entry, sequence: first.Sequence, reused: true})
	return true
}

func (w *writer) decide(p *plan, here map[idem.Digest]idem.Entry, s *submission, found *idem.Entry) error {
	e := s.entry
	first, taken := here[e.Key]
	if found != nil {
		first, taken = *found, true
	}
	if taken && first.Content != e.Content {
		e = e.Conflict(first.Sequence)
		again, err := w.index.Find([]idem.Digest{e.Key})
		if err != nil {
			return fmt.Errorf("%w: %w", errIndex, err)
		}
		found = again[0]
		_, taken = here[e.Key]
	}
	switch {
	case found != nil:
		s.answer(verdict{entry: e, sequence: found.Sequence, duplicate: true})
		return nil
	case !taken:
		p.add(here, e, w.index.Covered()+1)
	}
	p.open = append(p.open, s)
	p.says = append(p.says, verdict{entry: e, duplicate: taken})
	return nil
}

func (p *plan) add(here map[idem.Digest]idem.Entry, e accept.Entry, seq uint64) {
	entry := idem.Entry{Content: e.Content, Sequence: seq}
	here[e.Key] = entry
	p.cases = append(p.cases, event.NewCase(e.Line))
	p.taken = append(p.taken, idem.Taken{Key: e.Key, Entry: entry})
	if e.Again != (idem.Digest{}) && !e.Refused() {
		here[e.Again] = entry
		p.taken = append(p.taken, idem.Taken{Key: e.Again, Entry: entry})
	}
}

// answer tells everybody in the block.
func (p *plan) answer(seq uint64) {
	for i, s := range p.open {
		v := p.says[i]
		v.sequence = seq
		s.answer(v)
	}
}
