package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"

	"github.com/tidegate/tidegate/schemas/event"
)

// Endpoint answers requests on a subject; instances share them. It is found by NATS service discovery
// ($SRV.PING, $SRV.INFO, $SRV.STATS).
type Endpoint struct {
	Name    string
	Subject string
	Says    string // one sentence for who discovers it
	AtOnce  int    // how many requests are worked on at once; one after the other when zero

	// Answer gives the reply's bytes. An error becomes the headers Nats-Service-Error and Nats-Service-Error-Code.
	Answer func(ctx context.Context, body []byte, h nats.Header) ([]byte, error)
}

// serviceVersion is what discovery says of every service: the version of the public contract.
const serviceVersion = "1.0.0"

// askTimeout bounds the work on one request.
const askTimeout = 30 * time.Second

// Serve offers endpoints as a NATS service until stop is called.
func Serve(ctx context.Context, nc *nats.Conn, name, says string, endpoints ...Endpoint) (stop func(), err error) {
	srv, err := micro.AddService(nc, micro.Config{Name: "tidegate-" + name, Version: serviceVersion, Description: says})
	if err != nil {
		return nil, fmt.Errorf("offer %s: %w", name, err)
	}
	stop = func() { _ = srv.Stop() } // fails only when the connection is gone, and the subscriptions with it
	for _, e := range endpoints {
		err := srv.AddEndpoint(e.Name, e.handler(ctx),
			micro.WithEndpointSubject(e.Subject), micro.WithEndpointMetadata(map[string]string{"description": e.Says}))
		if err != nil {
			stop()
			return nil, fmt.Errorf("offer %s.%s: %w", name, e.Name, err)
		}
	}
	known, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	if err := nc.FlushWithContext(known); err != nil { // the server knows the subscriptions when it answers
		stop()
		return nil, fmt.Errorf("offer %s: %w", name, err)
	}
	return stop, nil
}

func (e Endpoint) handler(ctx context.Context) micro.HandlerFunc {
	if e.AtOnce <= 1 {
		return func(r micro.Request) { e.handle(ctx, r) }
	}
	room := make(chan struct{}, e.AtOnce)
	return func(r micro.Request) {
		room <- struct{}{}
		go func() {
			defer func() { <-room }()
			e.handle(ctx, r)
		}()
	}
}

func (e Endpoint) handle(ctx context.Context, r micro.Request) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	b, err := e.Answer(ctx, r.Data(), nats.Header(r.Headers()))
	if err != nil {
		_ = r.Error("503", err.Error(), nil) // who asked is gone when this fails
		return
	}
	_ = r.Respond(b)
}

// Stepwise is an endpoint that adds a step's line to a case: the request is the case as it stands in a block, and so is
// the answer.
func Stepwise(name, subj, says string, step func(event.Case) event.Case) Endpoint {
	return Endpoint{Name: name, Subject: subj, Says: says, Answer: func(_ context.Context, body []byte, _ nats.Header) ([]byte, error) {
		c, err := event.ParseCase(body)
		if err != nil {
			return nil, err
		}
		return step(c).Append(nil), nil
	}}
}

// ErrNobody says that no instance of the service asked is running.
var ErrNobody = errors.New("nobody answers")

// Ask sends a case to a step and gives it back with the step's line.
func Ask(ctx context.Context, nc *nats.Conn, subj string, c event.Case) (event.Case, error) {
	b, err := Request(ctx, nc, subj, c.Append(nil))
	if err != nil {
		return event.Case{}, err
	}
	got, err := event.ParseCase(b)
	if err != nil {
		return event.Case{}, fmt.Errorf("ask %s: %w", subj, err)
	}
	if got.Len() != c.Len()+1 {
		return event.Case{}, fmt.Errorf("ask %s: the answer has %d lines, want %d", subj, got.Len(), c.Len()+1)
	}
	return got, nil
}

// Request asks an endpoint and gives the answer's bytes. The error wraps ErrNobody where nobody serves it; what the endpoint
// itself found wrong is its text.
func Request(ctx context.Context, nc *nats.Conn, subj string, body []byte) ([]byte, error) {
	m, err := nc.RequestWithContext(ctx, subj, body)
	if errors.Is(err, nats.ErrNoResponders) {
		return nil, fmt.Errorf("ask %s: %w", subj, ErrNobody)
	}
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", subj, err)
	}
	if why := m.Header.Get(micro.ErrorHeader); why != "" {
		return nil, fmt.Errorf("ask %s: %s", subj, strings.TrimSpace(why))
	}
	return m.Data, nil
}
