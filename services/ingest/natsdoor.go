package ingest

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/nats-io/nats.go"

	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/ingest/internal/accept"
	"github.com/tidegate/tidegate/services/ingest/internal/format"
)

// natsDoor takes one order a message from the public ingest subject, and one act a message from the operator's, which all
// doors share.
type natsDoor struct {
	subs []*nats.Subscription
	msgs chan *nats.Msg
}

// openNATS subscribes; messages wait until serveNATS takes them.
func (s *Service) openNATS(ctx context.Context) (*natsDoor, error) {
	d := &natsDoor{msgs: make(chan *nats.Msg, queued)}
	for _, name := range []string{subject.IngestSubject, subject.ActSubject} {
		sub, err := s.nc.ChanQueueSubscribe(name, subject.IngestQueue, d.msgs)
		if err != nil {
			return nil, fmt.Errorf("ingest: subscribe to %s: %w", name, err)
		}
		d.subs = append(d.subs, sub)
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Patience)
	defer cancel()
	if err := s.nc.FlushWithContext(ctx); err != nil {
		return nil, fmt.Errorf("ingest: subscribe to %s: %w", subject.IngestSubject, err)
	}
	return d, nil
}

// serveNATS replies when an order is durable, as HTTP's body says it.
func (s *Service) serveNATS(ctx context.Context, d *natsDoor) {
	open := make(chan reply, queued)
	done := make(chan struct{})
	go func() { defer close(done); s.replies(open) }()
	defer func() { close(open); <-done }()
	for {
		select {
		case m := <-d.msgs:
			if r, ok := s.take(ctx, m); ok {
				open <- r
			}
		case <-ctx.Done():
			s.endNATS(context.WithoutCancel(ctx), d, open)
			return
		}
	}
}

// endNATS takes what the server sent already, for nobody else will get it.
func (s *Service) endNATS(ctx context.Context, d *natsDoor, open chan<- reply) {
	for _, sub := range d.subs {
		if err := sub.Unsubscribe(); err != nil {
			s.log.WarnContext(ctx, "ingest subject not left", slog.Any("error", err))
		}
	}
	for {
		select {
		case m := <-d.msgs:
			if r, ok := s.take(ctx, m); ok {
				open <- r
			}
		default:
			return
		}
	}
}

// reply is a message whose orders are on their way.
type reply struct {
	msg  *nats.Msg
	subs []*submission
}

func (s *Service) take(ctx context.Context, m *nats.Msg) (reply, bool) {
	r := reply{msg: m}
	if m.Subject == subject.ActSubject {
		sub, err := s.submit(ctx, s.acceptAct(accept.Input{Bytes: m.Data, Actor: "operator"}))
		r.subs = append(r.subs, sub)
		return r, err == nil
	}
	hint := format.Hint{Media: m.Header.Get("Content-Type"), Source: m.Header.Get("ce-source"), Event: m.Header.Get("ce-specversion") != ""}
	inputs, _ := format.All(m.Data, hint) // bytes in memory are always read to their end
	for _, in := range inputs {
		in.Actor = "nats"
		sub, err := s.submit(ctx, s.accept(in))
		if err != nil {
			return r, len(r.subs) > 0
		}
		r.subs = append(r.subs, sub)
	}
	return r, true
}

// replies answers in order, with a line for each order of a message.
func (s *Service) replies(open <-chan reply) {
	for r := range open {
		var lines []byte
		for _, sub := range r.subs {
			lines = answerOf(<-sub.done).appendTo(lines)
		}
		if r.msg.Reply == "" {
			continue
		}
		if err := r.msg.Respond(lines); err != nil {
			s.log.Warn("reply not sent", slog.Any("error", err))
		}
	}
}
