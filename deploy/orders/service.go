package orders

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/enrichment"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/clock"
)

// Config is what the service needs.
type Config struct {
	Dir     string       // of the index; created when missing
	History History      // the audit log, for what DECISION no longer holds
	Clock   clock.Clock  // says what day it is, in UTC; the machine's when nil
	Log     *slog.Logger // discarded when nil

	// Act brings an act in through ingest and waits until it is durable; an error that wraps bus.ErrRefused does not get better.
	// Without it nothing follows from the index: it is only kept.
	Act func(ctx context.Context, a event.Act) error

	// Compare finds what differs between the lists before and behind a change. Without it no change is answered.
	Compare func(ctx context.Context, c Change) (*enrichment.Change, error)
}

// Service keeps the index while Tidegate runs, answers for it, and does what follows from it.
type Service struct {
	nc   *nats.Conn
	js   jetstream.JetStream
	cfg  Config
	log  *slog.Logger
	book atomic.Pointer[Book] // nil before Run opened it

	written chan struct{}   // the index went on
	answers map[string]bool // changes answered whose note is not in the index yet
	look    chan struct{}   // somebody wants to know now what came due
}

// New checks the configuration; nothing is opened before Run.
func New(nc *nats.Conn, cfg Config) (*Service, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, fmt.Errorf("orders: %w", err)
	}
	return &Service{nc: nc, js: js, cfg: cfg, log: cfg.Log, answers: map[string]bool{}, written: make(chan struct{}, 1), look: make(chan struct{}, 1)}, nil
}

// Run works until ctx ends, which is no error. What goes wrong with the index is said and tried again: no order waits for it.
func (s *Service) Run(ctx context.Context) error {
	b, err := s.open(ctx)
	if err != nil {
		return ignoreEnd(ctx, err)
	}
	defer func() { _ = errors.Join(b.Flush(), b.Close()) }() // what was not written is read again
	stop, err := bus.Serve(ctx, s.nc, "orders", "which orders are open", bus.Endpoint{
		Name: "orders", Subject: subject.AskOrders, Says: "orders by state, with their newest decision, a page at a time", AtOnce: 2, Answer: s.answer,
	})
	if err != nil {
		return ignoreEnd(ctx, err)
	}
	defer stop()
	s.book.Store(b)
	silent, err := s.serveTouched(ctx)
	if err != nil {
		return ignoreEnd(ctx, err)
	}
	defer silent()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.follow(ctx, b) })
	if s.cfg.Act != nil {
		g.Go(func() error { return s.watch(ctx, b) })
	}
	return ignoreEnd(ctx, g.Wait())
}

func ignoreEnd(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil //nolint:nilerr // it was asked to end
	}
	return err
}

// open waits for who else has the file: a verb that read it while nothing ran.
func (s *Service) open(ctx context.Context) (*Book, error) {
	var pause clock.Backoff
	for {
		b, err := OpenBook(s.cfg.Dir)
		if !errors.Is(err, ErrBusy) {
			return b, err
		}
		s.log.WarnContext(ctx, "waiting for the index of orders", slog.Any("error", err))
		if err := pause.Wait(ctx); err != nil {
			return nil, err
		}
	}
}

func (s *Service) follow(ctx context.Context, b *Book) error {
	var pause clock.Backoff
	for {
		err := b.Follow(ctx, s.js, s.cfg.History, s.log, func() { pause.Reset(); s.missed(ctx, b); nudge(s.written) })
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.log.WarnContext(ctx, "the index of orders stopped, trying again", slog.Any("error", err))
		if err := pause.Wait(ctx); err != nil {
			return err
		}
	}
}

// missed raises the alarm that screening could not.
func (s *Service) missed(ctx context.Context, b *Book) {
	for _, o := range b.Missed() {
		s.log.ErrorContext(ctx, "ALARM: an order left without a release", slog.String("source", o.Source), slog.String("order_id", o.ID),
			slog.String("event", o.Event), slog.String("why", o.Unreleased))
	}
}

func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Look has the service look now what came due, and not only at the next minute.
func (s *Service) Look() { nudge(s.look) }

// watchEvery is how often the service asks what day it is.
const watchEvery = time.Minute

// watch does what follows from the index, after each write and at least every minute.
func (s *Service) watch(ctx context.Context, b *Book) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-s.written: // nothing follows from an index that is behind
	}
	var d dues
	for {
		if err := s.answerChanges(ctx, b); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "ALARM: which orders a change of lists touches was not found out, trying again", slog.Any("error", err))
		}
		if err := d.pass(ctx, s, b); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "orders that came due were not judged again, trying later", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.written:
		case <-s.look:
		case <-tick.C:
		}
	}
}

// Book is the index; nil before Run opened it. Reading it is safe.
func (s *Service) Book() *Book { return s.book.Load() }
