package ingest

import (
	"context"

	"github.com/nats-io/nats.go"

	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/token"
)

// askedAtOnce is how many requests to a NATS endpoint are worked on at once.
const askedAtOnce = 64

// byNATS is whoever the server let publish.
var byNATS = caller{Record: token.Record{Name: "nats", Scopes: token.Scopes}, Actor: "nats"}

// serveAsked offers ingest as a NATS service: what the ingest subject does, and ad hoc screening, found by discovery.
func (s *Service) serveAsked(ctx context.Context) (stop func(), err error) {
	return bus.Serve(ctx, s.nc, "ingest", "orders in, and what would be decided of them",
		bus.Endpoint{
			Name: "submit", Subject: subject.AskSubmit, AtOnce: askedAtOnce,
			Says: "takes a document with one order or several; a line for each when all are durable", Answer: s.askedSubmit,
		},
		bus.Endpoint{
			Name: "screen", Subject: subject.AskScreen, AtOnce: askedAtOnce,
			Says: "judges a document's orders without making them orders; a line for each", Answer: s.askedScreen,
		})
}

func (s *Service) askedSubmit(ctx context.Context, body []byte, h nats.Header) ([]byte, error) {
	r, taken := s.take(ctx, &nats.Msg{Subject: subject.AskSubmit, Data: body, Header: h})
	var lines []byte
	for _, sub := range r.subs {
		lines = answerOf(<-sub.done).appendTo(lines)
	}
	if taken && len(r.subs) == 0 {
		lines = nothing.appendTo(lines)
	}
	return lines, ctx.Err()
}

func (s *Service) askedScreen(ctx context.Context, body []byte, h nats.Header) ([]byte, error) {
	all, err := s.inquiries(ctx, byNATS, body, hintOf(h))
	var lines []byte
	for _, q := range all {
		lines = q.appendTo(lines)
	}
	return lines, err
}
