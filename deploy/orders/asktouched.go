package orders

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/codec"
)

// touchedReply is one of the replies to a question: how far it is, then the name of the report or why there is none.
type touchedReply struct {
	Done   int    `json:"done"`
	Total  int    `json:"total"`
	Report string `json:"report,omitempty"`
	Fault  string `json:"fault,omitempty"`
}

// tellEvery is how often who asked hears how far it is.
const tellEvery = 250 * time.Millisecond

// serveTouched answers one question after the other, until stop.
func (s *Service) serveTouched(ctx context.Context) (stop func(), err error) {
	sub, err := s.nc.Subscribe(subject.AskTouched, func(m *nats.Msg) {
		reply := func(r touchedReply) {
			if b, err := codec.Append(nil, r); err == nil {
				_ = m.Respond(b) // who asked hears nothing and says so
			}
		}
		name, err := s.touched(ctx, m.Data, reply)
		if err != nil {
			reply(touchedReply{Fault: err.Error()})
			return
		}
		reply(touchedReply{Report: name})
	})
	if err != nil {
		return nil, fmt.Errorf("subscribe to %s: %w", subject.AskTouched, err)
	}
	return func() { _ = sub.Unsubscribe() }, nil
}

func (s *Service) touched(ctx context.Context, body []byte, reply func(touchedReply)) (name string, err error) {
	var c Change
	if faults := codec.Check(body, codec.Foreign); len(faults) > 0 {
		return "", fmt.Errorf("the question is not JSON: %s", faults[0].Detail)
	}
	if err := codec.Decode(body, &c); err != nil {
		return "", err
	}
	if s.cfg.Compare == nil {
		return "", errors.New("this process compares no lists")
	}
	var done, total atomic.Int64
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go often(ctx, func() { reply(touchedReply{Done: int(done.Load()), Total: int(total.Load())}) })
	change, err := s.cfg.Compare(ctx, c)
	if err != nil {
		return "", err
	}
	name = AskedName(change.From, change.To)
	_, err = ReportsOf(s.cfg.Dir).Write(name, func(w io.Writer) (Summary, error) {
		return s.Book().Touch(ctx, change, 0, w, func(d, t int) { done.Store(int64(d)); total.Store(int64(t)) })
	})
	return name, err
}

// AskedName names the report of a change that somebody asked about.
func AskedName(from, to string) string {
	return "asked-" + event.Digest([]byte(from + "\n" + to))[:24]
}

func often(ctx context.Context, do func()) {
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			do()
		}
	}
}

// AskedTouched asks the running process, and gives the name of the report that then lies in its directory.
func AskedTouched(ctx context.Context, nc *nats.Conn, c Change, tell Progress) (name string, err error) {
	body, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	inbox := nc.NewRespInbox()
	sub, err := nc.SubscribeSync(inbox)
	if err != nil {
		return "", fmt.Errorf("ask which orders are touched: %w", err)
	}
	defer func() { _ = sub.Unsubscribe() }()
	if err := nc.PublishRequest(subject.AskTouched, inbox, body); err != nil {
		return "", fmt.Errorf("ask which orders are touched: %w", err)
	}
	for {
		r, err := nextReply(ctx, sub)
		switch {
		case err != nil:
			return "", fmt.Errorf("ask which orders are touched: %w", err)
		case r.Fault != "":
			return "", errors.New(r.Fault)
		case r.Report != "":
			return r.Report, nil
		}
		tell(r.Done, r.Total)
	}
}

// silence is how long nothing may be heard: another question may be answered first, which says nothing to this one.
const silence = time.Minute

func nextReply(ctx context.Context, sub *nats.Subscription) (r touchedReply, err error) {
	ctx, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	m, err := sub.NextMsgWithContext(ctx)
	if errors.Is(err, nats.ErrNoResponders) {
		return r, bus.ErrNobody
	}
	if err != nil {
		return r, err
	}
	return r, codec.Decode(m.Data, &r)
}
