package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/services/ingest/internal/format"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/clock"
)

// Limits of a customer's stream.
const (
	streamAhead = 4096            // messages on their way, unacknowledged
	streamFetch = 1024            // messages asked for at once
	streamWait  = 2 * time.Minute // until a message without an acknowledgement comes again
	streamAgain = time.Second     // until a message that could not be stored comes again
)

// readStream reads a customer's stream until ctx ends. Whatever goes wrong it tries again, going on where the durable
// consumer stands: a message is acknowledged when its orders are durable or refused, which is durable too.
func (s *Service) readStream(ctx context.Context, name string, from Stream) {
	var pause clock.Backoff
	var failed repeats
	for {
		err := s.drainStream(ctx, name, from, func() { pause.Reset(); failed.reset() })
		if ctx.Err() != nil {
			return
		}
		if n, say := failed.add(1, s.cfg.Clock()); say {
			s.log.WarnContext(ctx, "stream stopped, trying again", slog.String("stream", name), slog.Int("times", n), slog.Any("error", err))
		}
		if pause.Wait(ctx) != nil {
			return
		}
	}
}

// drainStream reads until something fails; reading says that the stream was there.
func (s *Service) drainStream(ctx context.Context, name string, from Stream, reading func()) error {
	nc := s.nc
	if from.URL != "" {
		own, err := bus.Connect(ctx, bus.Server{URL: from.URL, Creds: from.Creds, Name: "tidegate-" + name})
		if err != nil {
			return err
		}
		defer own.Close()
		nc = own
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	cons, err := js.CreateOrUpdateConsumer(ctx, from.Name, jetstream.ConsumerConfig{
		Durable: from.Durable, Description: "orders for Tidegate", FilterSubject: from.Subject,
		AckPolicy: jetstream.AckExplicitPolicy, AckWait: streamWait, MaxAckPending: streamAhead, DeliverPolicy: jetstream.DeliverAllPolicy,
	})
	if err != nil {
		return fmt.Errorf("consumer %s of stream %s: %w", from.Durable, from.Name, err)
	}
	msgs, err := cons.Messages(jetstream.PullMaxMessages(streamFetch), jetstream.WithMessagesErrOnMissingHeartbeat(false))
	if err != nil {
		return fmt.Errorf("read stream %s: %w", from.Name, err)
	}
	defer context.AfterFunc(ctx, msgs.Stop)()
	defer msgs.Stop()
	reading()
	s.log.InfoContext(ctx, "stream is read", slog.String("stream", name))
	open := make(chan delivered, streamAhead)
	done := make(chan struct{})
	go func() { defer close(done); s.acknowledge(ctx, name, open) }()
	defer func() { close(open); <-done }()
	for {
		m, err := msgs.Next(jetstream.NextContext(ctx))
		if err != nil {
			return fmt.Errorf("read stream %s: %w", from.Name, err)
		}
		open <- s.takeDelivered(ctx, from, m)
	}
}

// delivered is a message whose orders are on their way.
type delivered struct {
	msg  jetstream.Msg
	subs []*submission
	err  error // not all of it was handed over
}

// takeDelivered hands a message's orders to the writer. What no format can read becomes a refusal, which is stored: a
// message never comes back because of what is in it. Its Nats-Msg-Id is no idempotency key: it is unique within the stream's window for
// duplicates only, and nobody would hear that an order under one used before was not taken.
func (s *Service) takeDelivered(ctx context.Context, from Stream, m jetstream.Msg) delivered {
	hint := hintOf(m.Headers())
	hint.Map = from.Map
	inputs, _ := format.All(m.Data(), hint) // bytes in memory are always read to their end
	d := delivered{msg: m}
	for _, in := range inputs {
		in.Actor, in.Tenant = from.Actor, from.Tenant
		in.Source = or(in.Source, from.Source)
		sub, err := s.submit(ctx, s.accept(in))
		if err != nil {
			d.err = err
			break
		}
		d.subs = append(d.subs, sub)
	}
	return d
}

// acknowledge waits for each message's orders, in order. An acknowledgement that gets lost brings the message once more,
// and its orders are known then.
func (s *Service) acknowledge(ctx context.Context, name string, open <-chan delivered) {
	for d := range open {
		err := d.err
		for _, sub := range d.subs {
			if v := <-sub.done; v.err != nil {
				err = v.err
			}
		}
		if err != nil {
			err = d.msg.NakWithDelay(streamAgain)
		} else {
			err = d.msg.Ack()
		}
		if err != nil && !errors.Is(err, nats.ErrConnectionClosed) {
			s.log.WarnContext(ctx, "message not acknowledged", slog.String("stream", name), slog.Any("error", err))
		}
	}
}
