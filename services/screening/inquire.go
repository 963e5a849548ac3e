package screening

import "github.com/tidegate/tidegate/schemas/event"

// inquire judges a case with what the ledger holds now and enters nothing: what would be decided, had it come in.
func (s *state) inquire(p *Pack, c event.Case) event.Case {
	w := prepare(p, c)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ledger != nil { // none before the first block's place is known
		w.settle(p, s.ledger)
	}
	if w.decoded != nil && w.judged == nil {
		w.judge(p, nil)
	}
	defer w.release()
	return w.out
}
