package ingest

import (
	"context"
	"fmt"

	"github.com/tidegate/tidegate/services/ingest/internal/accept"
	"github.com/tidegate/tidegate/services/ingest/internal/format"
)

// Act takes one act (event.Act as JSON) from this process, as the operator's door does, and answers when it is durable. The
// error is as Submit's; an act that was refused is an answer.
func (s *Service) Act(ctx context.Context, act []byte, actor string) (Answer, error) {
	return s.bring(ctx, s.acceptAct(accept.Input{Bytes: act, Actor: actor}))
}

// Submit takes one order from this process, in any format, as the doors do, and answers when it is durable. The error is
// ctx's end or says that nothing is known about the order, which may then be sent again. Of bytes that hold several orders
// it takes none: SubmitAll does.
func (s *Service) Submit(ctx context.Context, order []byte, actor string) (Answer, error) {
	inputs, err := format.All(order, format.Hint{})
	if err != nil {
		return Answer{}, err
	}
	if len(inputs) != 1 {
		return Answer{}, fmt.Errorf("%d orders where one is taken", len(inputs))
	}
	inputs[0].Actor = actor
	return s.bring(ctx, s.accept(inputs[0]))
}

// SubmitAll takes every order that bytes hold, and answers for each. An error ends it.
func (s *Service) SubmitAll(ctx context.Context, orders []byte, actor string) ([]Answer, error) {
	inputs, err := format.All(orders, format.Hint{})
	if err != nil {
		return nil, err
	}
	var out []Answer
	for _, in := range inputs {
		in.Actor = actor
		a, err := s.bring(ctx, s.accept(in))
		if err != nil {
			return out, err
		}
		out = append(out, a)
	}
	return out, nil
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
