package enrichment

import (
	"errors"
	"log/slog"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"

	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/shared/codec"
)

// Codes of the endpoint's errors.
const (
	codeQuestion = "400" // the question makes no sense
	codeAnswer   = "500"
)

// answer opens the endpoint on which anybody with credentials asks who a name may be (see subject.MatchSubject). Several
// instances share the questions. Stop closes it.
func (s *Service) answer() (stop func() error, err error) {
	door, err := micro.AddService(s.nc, micro.Config{
		Name: "enrichment", Version: "1.0.0", Description: "who on the lists in force a party may be, with reasons",
		ErrorHandler: func(_ micro.Service, e *micro.NATSError) {
			s.log.Warn("endpoint failed", slog.String("subject", e.Subject), slog.String("error", e.Description))
		},
	})
	if err != nil {
		return nil, err
	}
	if err := door.AddEndpoint("match", micro.HandlerFunc(s.match), micro.WithEndpointSubject(subject.MatchSubject)); err != nil {
		return nil, errors.Join(err, door.Stop())
	}
	return func() error {
		if s.nc.IsClosed() || s.nc.IsDraining() {
			return nil // took the endpoint with it
		}
		if err := door.Stop(); !errors.Is(err, nats.ErrConnectionClosed) {
			return err
		}
		return nil
	}, nil
}

// match answers one request.
func (s *Service) match(r micro.Request) {
	var q Question
	if faults := codec.Check(r.Data(), codec.Foreign); len(faults) > 0 {
		s.replied(r.Error(codeQuestion, "the question is not JSON: "+faults[0].Detail, nil))
		return
	}
	if err := codec.Decode(r.Data(), &q); err != nil {
		s.replied(r.Error(codeQuestion, err.Error(), nil))
		return
	}
	if err := q.Check(); err != nil {
		s.replied(r.Error(codeQuestion, err.Error(), nil))
		return
	}
	b, err := codec.Append(nil, s.Reference().Match(q))
	if err != nil {
		s.replied(r.Error(codeAnswer, err.Error(), nil))
		return
	}
	s.replied(r.Respond(b))
}

func (s *Service) replied(err error) {
	if err != nil {
		s.log.Debug("no reply", slog.Any("error", err)) // whoever asked hears of it
	}
}
