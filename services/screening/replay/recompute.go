package replay

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/shared/codec"
)

// Recompute judges with a ledger of each side, from the first case on: totals, licenses and dispositions follow from the
// side's own answers. Cases outside the slice are judged, too, for what they add up to; they are not reported.
type Recompute struct {
	judge         *Judge
	before, after *screening.Ledger
	kept          []string // files of the last note
}

// NewRecompute makes one at the beginning of the history.
func NewRecompute(j *Judge) *Recompute {
	return &Recompute{judge: j, before: screening.NewLedger(), after: screening.NewLedger()}
}

// Judge judges the next cases.
func (s *Recompute) Judge(ctx context.Context, part []Past) (Result, error) {
	r := Result{Months: map[string]int{}}
	slice := newSieve(s.judge.q.Slice, s.judge.stands)
	for _, p := range part {
		if err := s.one(ctx, p, slice, &r); err != nil {
			return r, fmt.Errorf("replay: block %d, case %d: %w", p.Sequence, p.Place, err)
		}
	}
	return r, ctx.Err()
}

func (s *Recompute) one(ctx context.Context, p Past, slice *sieve, r *Result) error {
	if p.Case.Passes() || p.Case.Len() < 3 {
		s.before.Take(p.Case)
		s.after.Take(p.Case)
		r.Skipped++
		return nil
	}
	in := new(input)
	in.past = p
	if err := codec.Decode(p.Case.Line(0), &in.head); err != nil {
		return err
	}
	if one, ok := in.standing(); ok {
		r.stands = append(r.stands, one)
	}
	holds, err := slice.holds(in)
	if err != nil {
		return err
	}
	how, err := s.judge.choose(ctx, p.Case.Line(2))
	if err != nil {
		return err // a hole would be in every total behind it
	}
	again, err := in.stated(ctx, s.judge.known, how)
	if err == nil {
		err = in.decode()
	}
	if err != nil {
		return err
	}
	in.outcome()
	var a *event.Judgement
	if how.a.side.Recorded {
		s.before.Take(p.Case)
	} else {
		j := in.ledgered(s.before, how.a, in.factsA)
		a = &j
	}
	b := in.ledgered(s.after, how.b, in.factsB)
	if !holds {
		r.Skipped++
		return nil
	}
	r.Judged++
	r.Months[month(in.head.date())]++
	if again {
		r.Enriched++
	}
	return in.note(a, &b, r)
}

func (in *input) ledgered(l *screening.Ledger, w way, f stated) event.Judgement {
	prev := f.prev
	if !f.again {
		prev = event.Digest(in.past.Case.Line(1))
	}
	return l.Redecide(w.pack, &in.cause, f.value, prev, w.side.AsOf)
}

// Save keeps both ledgers behind so many cases.
func (s *Recompute) Save(dir string, at uint64) error {
	if dir == "" {
		return nil
	}
	var names []string
	for side, l := range map[string]*screening.Ledger{"a": s.before, "b": s.after} {
		b, err := l.Save()
		if err != nil {
			return err
		}
		name := ledgerFile(dir, side, at)
		names = append(names, name)
		if err := os.WriteFile(name, b, 0o600); err != nil {
			return fmt.Errorf("replay: %w", err)
		}
	}
	// Those of the note before are still needed until the next is written: only older ones go.
	if s.kept != nil {
		dropLedgers(dir, append(s.kept, names...))
	}
	s.kept = names
	return nil
}

// Load takes both ledgers up behind so many cases, or neither.
func (s *Recompute) Load(dir string, at uint64) error {
	var sides [2]*screening.Ledger
	for i, side := range []string{"a", "b"} {
		name := ledgerFile(dir, side, at)
		b, err := os.ReadFile(name)
		if err == nil {
			sides[i], err = screening.LoadLedger(b)
		}
		if err != nil {
			return fmt.Errorf("replay: %w", err)
		}
		s.kept = append(s.kept, name)
	}
	s.before, s.after = sides[0], sides[1]
	return nil
}

func ledgerFile(dir, side string, at uint64) string {
	return filepath.Join(dir, fmt.Sprintf("%s%s-%d.json", ledgerPrefix, side, at))
}
