package screening

import (
	"context"
	"log/slog"

	"github.com/nats-io/nats.go"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/clock"
	"github.com/tidegate/tidegate/shared/codec"
)

// publishDecisions copies each decision to the public stream, one message an order, going on behind the last one
// there. The copy can be made again, so a failure only means to look at its end once more. It ends with ctx, with its error.
func (s *Service) publishDecisions(ctx context.Context) error {
	var pause clock.Backoff
	for {
		err := s.copyDecisions(ctx)
		if ctx.Err() == nil {
			s.cfg.Log.WarnContext(ctx, "public decisions stopped, going on from the stream's end", slog.Any("error", err))
		}
		if err := pause.Wait(ctx); err != nil {
			return err
		}
	}
}

func (s *Service) copyDecisions(ctx context.Context) error {
	out, done, err := bus.OpenOutlet(ctx, s.nc, subject.PublicDecisionStream)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go stopWith(ctx, cancel, out)
	held, err := bus.Look(ctx, s.js, subject.DecisionStream)
	if err != nil {
		return err
	}
	from := max(done.Sequence, held.First, 1)
	in, err := bus.OpenReader(ctx, s.js, subject.DecisionStream, from)
	if err != nil {
		return err
	}
	defer in.Close()
	for {
		b, err := in.Next(ctx)
		if err != nil {
			return err
		}
		cases, err := event.ParseBlock(b.Data)
		if err != nil {
			return err
		}
		for place, c := range cases {
			if c.Refused() || (b.Sequence == done.Sequence && place <= done.Place) {
				continue
			}
			if err := publishOne(ctx, out, c, bus.Mark{Sequence: b.Sequence, Place: place}); err != nil {
				return err
			}
		}
	}
}

// head is what a public message needs to know of a case.
type head struct {
	Event   string        `json:"event"`
	Source  string        `json:"source"`
	OrderID string        `json:"order_id"`
	Outcome event.Outcome `json:"outcome"`
}

func publishOne(ctx context.Context, out *bus.Outlet, c event.Case, mark bus.Mark) error {
	var h head
	if err := codec.Decode(c.Line(0), &h); err != nil {
		return err
	}
	if err := codec.Decode(c.Line(2), &h); err != nil {
		return err
	}
	msg := &nats.Msg{
		Subject: subject.PublicDecisionPrefix + subject.Token(h.Source) + "." + string(h.Outcome), Data: c.Line(2),
		Header: nats.Header{
			subject.HeaderCESpec: {"1.0"}, subject.HeaderCEType: {subject.TypeDecision}, subject.HeaderCEID: {h.Event},
			subject.HeaderCESource: {subject.HeaderText(h.Source)}, subject.HeaderCESubject: {subject.HeaderText(h.OrderID)},
		},
	}
	mark.Set(msg.Header)
	return out.Publish(ctx, msg)
}

// stopWith ends the copying when something published before turns out not to be stored.
func stopWith(ctx context.Context, cancel context.CancelFunc, out *bus.Outlet) {
	select {
	case <-out.Broken():
		cancel()
	case <-ctx.Done():
	}
}
