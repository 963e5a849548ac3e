package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"
)

// window is how many messages of an endpoint may be open: past it nothing more is read.
const window = 4096

// feed reads what the endpoint wants, first what was open when it stopped.
func (d *dispatch) feed(ctx context.Context, in chan<- *message) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, ev := range d.e.Events {
		g.Go(func() error { return d.feedOne(ctx, ev, in) })
	}
	return g.Wait()
}

func (d *dispatch) feedOne(ctx context.Context, ev string, in chan<- *message) error {
	s, err := d.js.Stream(ctx, streamOf(ev))
	if err != nil {
		return err
	}
	open, next := d.book.from(ev)
	for _, sequence := range open {
		raw, err := s.GetMsg(ctx, sequence)
		switch {
		case errors.Is(err, jetstream.ErrMsgNotFound):
			d.gone(ctx, ev, sequence, 1)
			d.book.lost(ev, sequence)
		case err != nil:
			return err
		default:
			if err := d.take(ctx, ev, raw, in); err != nil {
				return err
			}
		}
	}
	if first := s.CachedInfo().State.FirstSeq; next > 1 && first > next {
		d.gone(ctx, ev, next, first-next)
	}
	return d.follow(ctx, s, ev, next, in)
}

// gone says that messages grew old before the endpoint took them.
func (d *dispatch) gone(ctx context.Context, ev string, sequence, count uint64) {
	d.log.ErrorContext(ctx, "messages grew old before the endpoint took them; the log has them",
		slog.String("endpoint", d.e.Name), slog.String("stream", streamOf(ev)), slog.Uint64("sequence", sequence), slog.Uint64("at_most", count))
}

func (d *dispatch) follow(ctx context.Context, s jetstream.Stream, ev string, next uint64, in chan<- *message) error {
	cons, err := s.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{
		FilterSubjects: d.e.subjects(ev), DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: next, MaxResetAttempts: -1,
	})
	if err != nil {
		return fmt.Errorf("read %s: %w", streamOf(ev), err)
	}
	msgs, err := cons.Messages(jetstream.PullMaxMessages(256), jetstream.WithMessagesErrOnMissingHeartbeat(false))
	if err != nil {
		return fmt.Errorf("read %s: %w", streamOf(ev), err)
	}
	defer msgs.Stop()
	for {
		m, err := msgs.Next(jetstream.NextContext(ctx))
		if err != nil {
			return err
		}
		meta, err := m.Metadata()
		if err != nil {
			return err
		}
		raw := &jetstream.RawStreamMsg{Subject: m.Subject(), Sequence: meta.Sequence.Stream, Header: m.Headers(), Data: m.Data(), Time: meta.Timestamp}
		if !d.book.wanted(ev, raw.Header) {
			continue
		}
		if err := d.take(ctx, ev, raw, in); err != nil {
			return err
		}
	}
}

// take hands one message on, waiting while too many are open.
func (d *dispatch) take(ctx context.Context, ev string, raw *jetstream.RawStreamMsg, in chan<- *message) error {
	if err := d.window.Acquire(ctx, 1); err != nil {
		return err
	}
	m, err := readMessage(ev, raw)
	if err != nil {
		return err
	}
	d.book.read(m)
	select {
	case in <- m:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
