package ingest

import (
	"context"

	"github.com/tidegate/tidegate/services/ingest/internal/accept"
)

// Submit takes one order from this process, as the doors do, and answers when it is durable. The error is ctx's end or
// says that nothing is known about the order, which may then be sent again.
func (s *Service) Submit(ctx context.Context, order []byte, actor string) (Answer, error) {
	sub, err := s.submit(ctx, s.accept(accept.Input{Bytes: order, Actor: actor}))
	if err != nil {
		return Answer{}, err
	}
	select {
	case v := <-sub.done:
		return answerOf(v), v.err
	case <-ctx.Done():
		return Answer{}, ctx.Err()
	}
}
