package ingest

import (
	"context"

	"github.com/tidegate/tidegate/services/ingest/internal/accept"
)

// Act takes one act (event.Act as JSON) from this process, as the operator's door does, and answers when it is durable. The
// error is as Submit's; an act that was refused is an answer.
func (s *Service) Act(ctx context.Context, act []byte, actor string) (Answer, error) {
	return s.bring(ctx, s.acceptAct(accept.Input{Bytes: act, Actor: actor}))
}

// Submit takes one order from this process, as the doors do, and answers when it is durable. The error is ctx's end or
// says that nothing is known about the order, which may then be sent again.
func (s *Service) Submit(ctx context.Context, order []byte, actor string) (Answer, error) {
	return s.bring(ctx, s.accept(accept.Input{Bytes: order, Actor: actor}))
}

func (s *Service) bring(ctx context.Context, e accept.Entry) (Answer, error) {
	sub, err := s.submit(ctx, e)
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
