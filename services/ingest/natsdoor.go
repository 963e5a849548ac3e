package ingest

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/nats-io/nats.go"

	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/ingest/internal/accept"
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

// reply is a message whose order is on its way.
type reply struct {
	msg *nats.Msg
	sub *submission
}

func (s *Service) take(ctx context.Context, m *nats.Msg) (reply, bool) {
	read, actor := s.accept, "nats"
	if m.Subject == subject.ActSubject {
		read, actor = s.acceptAct, "operator"
	}
	sub, err := s.submit(ctx, read(accept.Input{Bytes: m.Data, Actor: actor}))
	return reply{msg: m, sub: sub}, err == nil
}

// replies answers in order.
func (s *Service) replies(open <-chan reply) {
	for r := range open {
		v := <-r.sub.done
		if r.msg.Reply == "" {
			continue
		}
		if err := r.msg.Respond(answerOf(v).appendTo(nil)); err != nil {
			s.log.Warn("reply not sent", slog.Any("error", err))
		}
	}
}
