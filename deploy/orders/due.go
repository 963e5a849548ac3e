package orders

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"golang.org/x/sync/errgroup"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/shared/bus"
)

// Actor is who brings in what follows from the index.
const Actor = "tidegate"

// The reasons for which an order is judged again.
const (
	WhyValidUntil = "valid_until"
	WhyListing    = "listing"
)

// dueAtOnce is how many acts are on their way at a time: enough to fill blocks, few beside live traffic.
const dueAtOnce = 32

// duePage is how many orders are looked at in one go.
const duePage = 1024

// dues remembers which decisions were said to have come due, until the index has the decisions that followed.
type dues struct{ said map[string]bool }

// pass has every open order judged again whose decision was valid until a day before today. The act's id is made from that
// day and the decision, so that saying it again, after a crash, is the same act; its order, which ingest attaches, is the
// newest. A decision made meanwhile for another reason comes due by itself.
func (d *dues) pass(ctx context.Context, s *Service, b *Book) error {
	today := event.At(s.cfg.Clock()).Date()
	before, said := d.said, map[string]bool{}
	for after, more := []byte(nil), true; more; {
		due, next, err := b.Due(today, after, duePage)
		if err != nil {
			return err
		}
		after, more = next, next != nil
		g, below := errgroup.WithContext(ctx)
		g.SetLimit(dueAtOnce)
		for i := range due {
			o := &due[i]
			if said[o.Event] = true; before[o.Event] {
				continue
			}
			g.Go(func() error { return s.again(below, o) })
		}
		if err := g.Wait(); err != nil {
			return err
		}
	}
	d.said = said
	return nil
}

func (s *Service) again(ctx context.Context, o *Order) error {
	err := s.cfg.Act(ctx, DueAct(o))
	if errors.Is(err, bus.ErrRefused) {
		s.log.ErrorContext(ctx, "ALARM: an open order whose decision is no longer valid could not be judged again", slog.String("source", o.Source),
			slog.String("order_id", o.ID), slog.String("event", o.Event), slog.String("valid_until", string(o.ValidUntil)), slog.Any("error", err))
		return nil
	}
	if err == nil {
		s.log.InfoContext(ctx, "valid until came due, judging again", slog.String("source", o.Source), slog.String("order_id", o.ID),
			slog.String("event", o.Event), slog.String("valid_until", string(o.ValidUntil)))
	}
	return err
}

// DueAct has an order judged again because its newest decision is no longer valid.
func DueAct(o *Order) event.Act {
	return rejudge(o, fmt.Sprintf("valid-until-%s-%s", o.ValidUntil, o.Event), event.Rejudging{Why: WhyValidUntil})
}

func rejudge(o *Order, id string, why event.Rejudging) event.Act {
	return event.Act{
		Kind: event.Rejudge, ID: id, Actor: Actor, Tenant: o.Tenant, Source: o.Source, OrderID: o.ID,
		Particulars: event.Particulars{Rejudging: &why},
	}
}
