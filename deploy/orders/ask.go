package orders

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/codec"
)

// Question asks for orders.
type Question struct {
	State State      `json:"state,omitempty"` // every order when empty
	Due   event.Date `json:"due,omitempty"`   // open orders alone whose decision is valid until this day or an earlier one, those that come due first first
	After string     `json:"after,omitempty"` // of the page before
	Most  int        `json:"most,omitempty"`  // 1000 when 0
}

// Page is a part of the answer.
type Page struct {
	Orders  []Order `json:"orders"`
	After   string  `json:"after,omitempty"` // asks for the next page; empty on the last one
	Covered uint64  `json:"covered"`         // last block of decisions that counts
	Counts  Counts  `json:"counts"`
}

// mostAsked bounds a page, so that it fits into a message.
const mostAsked = 4000

var errNotYet = errors.New("the index of orders is being opened")

func (s *Service) answer(_ context.Context, body []byte, _ nats.Header) ([]byte, error) {
	var q Question
	if faults := codec.Check(body, codec.Foreign); len(faults) > 0 {
		return nil, fmt.Errorf("the question is not JSON: %s", faults[0].Detail)
	}
	if err := codec.Decode(body, &q); err != nil {
		return nil, err
	}
	b := s.Book()
	if b == nil {
		return nil, errNotYet
	}
	p, err := b.Ask(q)
	if err != nil {
		return nil, err
	}
	return codec.Append(nil, p)
}

// Ask gives a page of orders.
func (b *Book) Ask(q Question) (p Page, err error) {
	after, err := hex.DecodeString(q.After)
	if err != nil {
		return p, fmt.Errorf("after: %w", err)
	}
	if len(after) == 0 {
		after = nil
	}
	most := min(q.Most, mostAsked)
	if most <= 0 {
		most = 1000
	}
	if q.Due != "" {
		p.Orders, after, err = b.Due(q.Due.AddDays(1), after, most)
	} else {
		p.Orders, after, err = b.ofState(q.State, after, most)
	}
	if err != nil {
		return p, err
	}
	p.After = hex.EncodeToString(after)
	p.Covered, _ = b.Covered()
	p.Counts, err = b.Counts()
	return p, err
}

// ofState gives up to most orders of a state behind a key.
func (b *Book) ofState(state State, after []byte, most int) (out []Order, last []byte, err error) {
	for {
		orders, next, err := b.page(after, func(o *Order) bool { return state == "" || o.State == state }, most-len(out))
		if err != nil {
			return nil, nil, err
		}
		if out = append(out, orders...); next == nil || len(out) == most {
			return out, next, nil
		}
		after = next
	}
}

// Pages gives the answers of the running process, page by page.
func Pages(ctx context.Context, nc *nats.Conn, q Question) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		for more := true; more; {
			p, err := askPage(ctx, nc, q)
			if !yield(p, err) || err != nil {
				return
			}
			q.After, more = p.After, p.After != ""
		}
	}
}

func askPage(ctx context.Context, nc *nats.Conn, q Question) (p Page, err error) {
	body, err := json.Marshal(q)
	if err != nil {
		return p, err
	}
	m, err := nc.RequestWithContext(ctx, subject.AskOrders, body)
	if errors.Is(err, nats.ErrNoResponders) {
		return p, fmt.Errorf("ask for orders: %w", bus.ErrNobody)
	}
	if err != nil {
		return p, fmt.Errorf("ask for orders: %w", err)
	}
	if why := m.Header.Get(micro.ErrorHeader); why != "" {
		return p, fmt.Errorf("ask for orders: %s", why)
	}
	return p, codec.Decode(m.Data, &p)
}
