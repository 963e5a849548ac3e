package orders

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"golang.org/x/sync/errgroup"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/shared/bus"
)

// answerChanges answers what the stream has no answer to yet: which orders does a change of lists touch? The report is on disk
// before anything follows from it; then open orders are judged again; then the note enters the stream, which takes the
// question away. A crash anywhere leaves the question, and what was done before is the same act again.
func (s *Service) answerChanges(ctx context.Context, b *Book) error {
	if s.cfg.Compare == nil {
		return nil
	}
	all, err := b.Changes()
	if err != nil {
		return err
	}
	for _, c := range all {
		if s.answers[c.Event] {
			continue
		}
		if err := s.answerChange(ctx, b, c); err != nil {
			return err
		}
		s.answers[c.Event] = true
	}
	return nil
}

func (s *Service) answerChange(ctx context.Context, b *Book, c Change) error {
	reports := ReportsOf(s.cfg.Dir)
	if !reports.Has(c.Event) {
		if err := s.report(ctx, b, c, reports); err != nil {
			return err
		}
	}
	sum, touched, err := reports.Read(c.Event)
	if err != nil {
		return err
	}
	g, below := errgroup.WithContext(ctx)
	g.SetLimit(dueAtOnce)
	for t, err := range touched {
		if err != nil {
			return errors.Join(err, g.Wait())
		}
		if t.State != Open {
			break // open ones come first
		}
		if below.Err() != nil {
			break
		}
		if now, _, err := b.Find(t.Tenant, t.Source, t.ID); err == nil && now.State != Open {
			continue // it left meanwhile
		}
		g.Go(func() error { return s.relist(below, &t.Order, c) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	n := sum.Note()
	err = s.cfg.Act(ctx, event.Act{Kind: event.Remark, ID: noteID(c.Event), Actor: Actor, Particulars: event.Particulars{Note: &n}})
	if errors.Is(err, bus.ErrRefused) { // noted before, when the index was another
		s.log.WarnContext(ctx, "a change of lists was noted before", slog.String("event", c.Event), slog.Any("error", err))
		err = nil
	}
	if err != nil {
		return err
	}
	s.log.InfoContext(ctx, "lists changed", slog.String("event", c.Event), slog.Int("entries", sum.Changed), slog.Int("parties", sum.Parties),
		slog.Int("open", sum.Open), slog.Int("shipped", sum.Shipped))
	if sum.Shipped > 0 {
		s.log.WarnContext(ctx, "ALARM: orders that left have a party that changed entries of the lists match; tidegate lists touched says which",
			slog.String("event", c.Event), slog.Int("shipped", sum.Shipped))
	}
	return nil
}

// noteID is the id of the note that answers a change.
func noteID(of string) string { return "listing-" + of }

func (s *Service) report(ctx context.Context, b *Book, c Change, reports Reports) error {
	change, err := s.cfg.Compare(ctx, c)
	if err != nil {
		return fmt.Errorf("change of lists at block %d: %w", c.Block, err)
	}
	_, err = reports.Write(c.Event, func(w io.Writer) (Summary, error) {
		sum, err := b.Touch(ctx, change, c.Block, w, nil)
		sum.Event = c.Event
		return sum, err
	})
	return err
}

// relist has an open order judged again because lists changed.
func (s *Service) relist(ctx context.Context, o *Order, c Change) error {
	err := s.cfg.Act(ctx, rejudge(o, "listing-"+c.Event, event.Rejudging{Why: WhyListing}))
	if errors.Is(err, bus.ErrRefused) {
		s.log.ErrorContext(ctx, "ALARM: an open order that a change of lists touches could not be judged again", slog.String("source", o.Source),
			slog.String("order_id", o.ID), slog.String("event", o.Event), slog.Any("error", err))
		return nil
	}
	return err
}
