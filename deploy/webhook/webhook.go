// Package webhook carries decisions and receipts to HTTP endpoints, signed as Standard Webhooks 1.0 asks: each at least
// once under an id that never changes, those of one order in their order, and what an endpoint never takes into a dead
// letter that can be listed and sent again.
//
// It reads the public streams and keeps its place in the server's bucket WEBHOOK, so it goes on after a SIGKILL. What was
// under way then is sent again; the receiver drops repeats by the id.
package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/tidegate/tidegate/shared/clock"
)

// Service sends to every endpoint of a configuration.
type Service struct {
	js        jetstream.JetStream
	endpoints []Endpoint
	log       *slog.Logger
	now       clock.Clock
}

// New checks the endpoints and gives each its place: a new one starts at what is published from here on. Nothing is sent
// before Run.
func New(ctx context.Context, nc *nats.Conn, endpoints []Endpoint, log *slog.Logger) (*Service, error) {
	if err := Check(endpoints); err != nil {
		return nil, err
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, fmt.Errorf("webhook: %w", err)
	}
	s := &Service{js: js, log: log, now: clock.System}
	if log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	for _, e := range endpoints {
		e = e.withDefaults()
		if _, err := openBook(ctx, js, e, s.now); err != nil {
			return nil, err
		}
		s.endpoints = append(s.endpoints, e)
	}
	return s, nil
}

// Run sends until ctx ends, which is no error. One endpoint's trouble is not another's: an endpoint that cannot go on is
// started again, save where another process sends to it.
func (s *Service) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, e := range s.endpoints {
		g.Go(func() error { return s.keep(ctx, e) })
	}
	return g.Wait()
}

// keep runs one endpoint and starts it again after a failure of the server or the network.
func (s *Service) keep(ctx context.Context, e Endpoint) error {
	var pause clock.Backoff
	for {
		err := s.run(ctx, e)
		if ended := ctx.Err() != nil; ended || errors.Is(err, ErrOther) {
			return unlessEnded(ended, err)
		}
		s.log.WarnContext(ctx, "webhook stopped, going on from its place", slog.String("endpoint", e.Name), slog.Any("error", err))
		_ = pause.Wait(ctx) // an end of ctx shows in the next run
	}
}

// unlessEnded is err, or nil where the work was asked to end: then every error but the other process's is the end's echo.
func unlessEnded(ended bool, err error) error {
	if ended && !errors.Is(err, ErrOther) {
		return nil
	}
	return err
}

// run reads what the endpoint wants and sends it, from where it stood.
func (s *Service) run(ctx context.Context, e Endpoint) error {
	book, err := openBook(ctx, s.js, e, s.now)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	in := make(chan *message)
	d := newDispatch(e, book, s.js, s.log, s.now)
	g.Go(func() error { return d.feed(ctx, in) })
	g.Go(func() error { return d.run(ctx, in) })
	g.Go(func() error { return book.keep(ctx) })
	err = g.Wait()
	return errors.Join(err, book.save(context.WithoutCancel(ctx)))
}
