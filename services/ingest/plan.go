package ingest

import (
	"context"
	"fmt"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/accept"
	"github.com/tidegate/tidegate/services/ingest/internal/idem"
)

// plan is a block to be: its cases, the keys they take, and who waits for them.
type plan struct {
	open    []*submission // not answered yet, in order
	says    []verdict     // for each of open, but for the sequence
	cases   []event.Case
	entries []accept.Entry // of the cases
	taken   []idem.Taken
	lines   int           // bytes of the cases
	rest    []*submission // for the next block: what acts and changes repeat of their orders left no room for them
}

// plan decides, for each submission, against the index and against those before it in the same block: new, sent
// before, or its key taken by other content. Those sent before are answered at once, for that is durable.
func (w *writer) plan(ctx context.Context, batch []*submission) (*plan, error) {
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
		if p.lines > maxLines {
			p.rest = batch[i:]
			break
		}
		if s.entry.Again != (idem.Digest{}) {
			used := p.reused(here, s, given[0])
			if given = given[1:]; used {
				continue
			}
		}
		if err := w.decide(ctx, p, here, s, found[i]); err != nil {
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

func (w *writer) decide(ctx context.Context, p *plan, here map[idem.Digest]idem.Entry, s *submission, found *idem.Entry) error {
	e := s.entry
	first, taken := here[e.Key]
	if found != nil {
		first, taken = *found, true
	}
	var err error
	if !taken {
		e, err = w.whole(ctx, p, e)
	} else if first.Content != e.Content {
		e = e.Conflict(first.Sequence)
	}
	switch {
	case fatal(err):
		return err
	case err != nil: // only this one cannot be told
		fail([]*submission{s}, err)
		return nil
	case e.Key != s.entry.Key: // it became a refusal
		if found, err = w.find(e.Key); err != nil {
			return err
		}
		_, taken = here[e.Key]
	}
	switch {
	case found != nil:
		s.answer(verdict{entry: e, sequence: found.Sequence, duplicate: true})
		return nil
	case !taken:
		if err := w.add(p, here, e); err != nil {
			return err
		}
	}
	p.open = append(p.open, s)
	p.says = append(p.says, verdict{entry: e, duplicate: taken})
	return nil
}

func (w *writer) add(p *plan, here map[idem.Digest]idem.Entry, e accept.Entry) error {
	entry := idem.Entry{Content: e.Content, Sequence: w.index.Covered() + 1}
	here[e.Key] = entry
	p.cases, p.entries, p.lines = append(p.cases, event.NewCase(e.Line)), append(p.entries, e), p.lines+len(e.Line)
	p.taken = append(append(p.taken, activated(e)...), corrected(e, entry.Sequence)...)
	newer, err := w.newer(e, here)
	p.taken = append(append(p.taken, idem.Taken{Key: e.Key, Entry: entry}), newer...)
	if e.Again != (idem.Digest{}) && !e.Refused() {
		here[e.Again] = entry
		p.taken = append(p.taken, idem.Taken{Key: e.Again, Entry: entry})
	}
	return err
}

// answer tells everybody in the block.
func (p *plan) answer(seq uint64) {
	for i, s := range p.open {
		v := p.says[i]
		v.sequence = seq
		s.answer(v)
	}
}
