package screening

import "github.com/tidegate/tidegate/schemas/event"

// inquire judges a case with what the ledger holds now and enters nothing: what would be decided, had it come in.
func (s *state) inquire(p *Pack, c event.Case) event.Case {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := prepare(p, c, s.ledger) // no ledger before the first block's place is known
	defer w.release()
	return w.out
}
