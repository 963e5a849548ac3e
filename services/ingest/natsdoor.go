package ingest

import (
	"context"
	"fmt"
	"log/slog"
	"mime"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/ingest/internal/accept"
	"github.com/tidegate/tidegate/services/ingest/internal/cloudevent"
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
	inputs, _ := format.All(m.Data, hintOf(m.Header)) // bytes in memory are always read to their end
	for i, in := range inputs {
		in.Actor = "nats"
		if id := m.Header.Get(jetstream.MsgIDHeader); usable(id) {
			in.Again = keyAt(id, i, len(inputs))
		}
		sub, err := s.submit(ctx, s.accept(in))
		if err != nil {
			return r, len(r.subs) > 0
		}
		r.subs = append(r.subs, sub)
	}
	return r, true
}

// hintOf is what the headers of a message say of its body: as the CloudEvents binding writes them, or as HTTP does.
func hintOf(h nats.Header) format.Hint {
	media, _, _ := mime.ParseMediaType(or(h.Get(subject.HeaderContentType), h.Get("Content-Type"))) // "" where there is none
	binary, faults := cloudevent.Headers(h.Get)
	return format.Hint{Media: media, Source: h.Get(subject.HeaderCESource), Event: binary, Faults: faults}
}

// keyAt tells the orders of one message apart under its one id.
func keyAt(id string, i, n int) string {
	if n == 1 {
		return id
	}
	return id + "#" + strconv.Itoa(i)
}

// nothing is the answer to a message without an order, of which nothing is stored.
var nothing = Answer{Status: statusRefused, Faults: []event.Fault{{Code: "required", Detail: "there is no order in it"}}}

// replies answers in order, with a line for each order of a message.
func (s *Service) replies(open <-chan reply) {
	for r := range open {
		var lines []byte
		for _, sub := range r.subs {
			a := answerOf(<-sub.done)
			if len(r.subs) == 1 && r.msg.Subject == subject.IngestSubject {
				a = a.acknowledged()
			}
			lines = a.appendTo(lines)
		}
		if len(r.subs) == 0 {
			lines = nothing.acknowledged().appendTo(lines)
		}
		if r.msg.Reply == "" {
			continue
		}
		if err := r.msg.Respond(lines); err != nil {
			s.log.Warn("reply not sent", slog.Any("error", err))
		}
	}
}
