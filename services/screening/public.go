package screening

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/clock"
	"github.com/tidegate/tidegate/shared/codec"
)

// publishDecisions copies each decision to the public stream, one message an order, going on behind the last one
// there. The copy can be made again, so a failure only means to look at its end once more; blocks that are gone from
// DECISION are told once and passed over. It ends with ctx, with its error.
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
	from := max(done.Sequence, 1)
	if held.First > done.Sequence+1 {
		from = s.skip(ctx, done.Sequence+1, held.First)
	}
	from = max(from, held.First)
	for {
		next, err := s.copyFrom(ctx, out, done, from)
		if !errors.Is(err, bus.ErrGap) {
			return err
		}
		there, err := s.firstFrom(ctx, next)
		if err != nil {
			return err
		}
		from = s.skip(ctx, next, there)
	}
}

// skip goes on at block there, for what lies before it is gone and no trying again brings it back.
func (s *Service) skip(ctx context.Context, next, there uint64) uint64 {
	s.cfg.Log.ErrorContext(ctx, "decisions are gone before they were published, going on behind them",
		slog.Uint64("first_block", next), slog.Uint64("last_block", there-1))
	return there
}

// firstFrom is the first block that DECISION holds at or after sequence next.
func (s *Service) firstFrom(ctx context.Context, next uint64) (uint64, error) {
	stream, err := s.js.Stream(ctx, subject.DecisionStream)
	if err != nil {
		return 0, fmt.Errorf("look for decisions from block %d: %w", next, err)
	}
	m, err := stream.GetMsg(ctx, next, jetstream.WithGetMsgSubject(subject.DecisionSubject))
	if err != nil {
		return 0, fmt.Errorf("look for decisions from block %d: %w", next, err)
	}
	return m.Sequence, nil
}

// fresh is a block of decisions just stored.
type fresh struct {
	seq   uint64
	cases []event.Case
}

// freshKept is how many of them wait to be copied. What was dropped is read from the stream.
const freshKept = 8

// stored hands a block over for copying. The oldest makes room for it, so that the newest is never missed.
func (s *Service) stored(seq uint64, cases []event.Case) {
	for {
		select {
		case s.fresh <- fresh{seq, cases}:
			return
		default:
		}
		select {
		case <-s.fresh:
		default:
		}
	}
}

// copyFrom publishes what block from and those after it hold, save what is done: from the stream what was there before, and
// then what is handed over. It ends with an error and the block that it wanted.
func (s *Service) copyFrom(ctx context.Context, out *bus.Outlet, done bus.Mark, from uint64) (next uint64, err error) {
	held, err := bus.Look(ctx, s.js, subject.DecisionStream)
	if err != nil {
		return from, err
	}
	next, last := from, held.Last
	for {
		if next, err = s.copyStored(ctx, out, done, next, last); err != nil {
			return next, err
		}
		select {
		case b := <-s.fresh:
			if last = b.seq; last != next {
				continue // copied already, or others before it were dropped
			}
			if err := s.copyBlock(ctx, out, done, b); err != nil {
				return next, err
			}
			next++
		case <-ctx.Done():
			return next, ctx.Err()
		}
	}
}

// copyStored publishes the blocks from next up to last, and gives the one behind them.
func (s *Service) copyStored(ctx context.Context, out *bus.Outlet, done bus.Mark, next, last uint64) (uint64, error) {
	if next > last {
		return next, nil
	}
	in, err := bus.OpenReader(ctx, s.js, subject.DecisionStream, next)
	if err != nil {
		return next, err
	}
	defer in.Close()
	for ; next <= last; next++ {
		b, err := in.Next(ctx)
		if err != nil {
			return next, err
		}
		cases, err := event.ParseBlock(b.Data)
		if err == nil {
			err = s.copyBlock(ctx, out, done, fresh{b.Sequence, cases})
		}
		if err != nil {
			return next, err
		}
	}
	return next, nil
}

// copyBlock publishes a block's decisions, save what is done, and tells of them.
func (s *Service) copyBlock(ctx context.Context, out *bus.Outlet, done bus.Mark, b fresh) error {
	skip, owes := 0, false
	if b.seq == done.Sequence {
		skip, owes = done.Place+1, done.Owes
	}
	told, err := s.publishBlock(ctx, out, b.seq, skip, owes, b.cases)
	if err != nil {
		return err
	}
	return bus.Tell(s.nc, subject.ToldDecision, told)
}

// publishBlock publishes the decisions of a block from place skip on, each with its alarm behind it. Owes says that the alarm of the
// one before skip is still to come: a crash came between them.
func (s *Service) publishBlock(ctx context.Context, out *bus.Outlet, seq uint64, skip int, owes bool, cases []event.Case) ([]bus.Told, error) {
	last := len(cases) - 1
	for last >= 0 && cases[last].Passes() {
		last--
	}
	told := make([]bus.Told, 0, len(cases))
	from := skip
	if owes {
		from--
	}
	for place := max(from, 0); place <= last; place++ {
		if cases[place].Passes() {
			continue
		}
		h, err := headOf(cases[place])
		if err != nil {
			return nil, err
		}
		alarm, err := alarmOf(&h, cases[place])
		if err != nil {
			return nil, err
		}
		t := bus.Told{Event: h.Event, Outcome: string(h.Outcome), Rule: h.Rule}
		msg := h.message(cases[place], bus.Mark{Sequence: seq, Place: place}, alarm)
		if place >= skip {
			if err := out.Publish(ctx, msg, alarm != nil || place < last); err != nil {
				return nil, err
			}
		}
		if alarm != nil {
			s.sayAlarm(ctx, &h, alarm)
			t.Alarm = alarm.Rule
			if err := out.Publish(ctx, alarmMessage(msg, alarm), place < last); err != nil {
				return nil, err
			}
		}
		told = append(told, t)
	}
	return told, nil
}

// head is what a public message needs to know of a case.
type head struct {
	Event   string        `json:"event"`
	Tenant  string        `json:"tenant"`
	Source  string        `json:"source"`
	OrderID string        `json:"order_id"`
	Outcome event.Outcome `json:"outcome"`
	Rule    string        `json:"rule"`

	Kind      event.Kind       `json:"kind"`
	Rejudging *event.Rejudging `json:"rejudging"`
}

func headOf(c event.Case) (h head, err error) {
	if err := codec.Decode(c.Line(0), &h); err != nil {
		return h, err
	}
	return h, codec.Decode(c.Line(2), &h)
}

// message is the decision as a CloudEvent in binary mode.
func (h *head) message(c event.Case, mark bus.Mark, alarm *event.Finding) *nats.Msg {
	msg := &nats.Msg{
		Subject: subject.PublicDecisionPrefix + subject.Token(h.Source) + "." + string(h.Outcome), Data: c.Line(2),
		Header: nats.Header{
			subject.HeaderCESpec: {"1.0"}, subject.HeaderCEType: {subject.TypeDecision}, subject.HeaderCEID: {h.Event},
			subject.HeaderCESource: {subject.HeaderText(h.Source)}, subject.HeaderCESubject: {subject.HeaderText(h.OrderID)},
			subject.HeaderContentType: {"application/json"},
		},
	}
	if h.Tenant != "" && h.Tenant != "default" {
		msg.Header[subject.HeaderTenant] = []string{subject.HeaderText(h.Tenant)}
	}
	if h.Rule != "" {
		msg.Header[subject.HeaderRule] = []string{h.Rule}
	}
	if h.Kind != "" && h.Kind != event.Placed {
		msg.Header[subject.HeaderKind] = []string{string(h.Kind)}
	}
	if h.Rejudging != nil {
		msg.Header[subject.HeaderWhy] = []string{subject.HeaderText(h.Rejudging.Why)}
	}
	if alarm != nil {
		msg.Header[subject.HeaderAlarm] = []string{alarm.Rule}
	}
	mark.Set(msg.Header)
	return msg
}

// stopWith ends the copying when something published before turns out not to be stored.
func stopWith(ctx context.Context, cancel context.CancelFunc, out *bus.Outlet) {
	select {
	case <-out.Broken():
		cancel()
	case <-ctx.Done():
	}
}
