package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/ingest/internal/accept"
	"github.com/tidegate/tidegate/services/ingest/internal/idem"
	"github.com/tidegate/tidegate/shared/bus"
)

// errNoOrder says that an order was accepted but its bytes are out of reach.
var errNoOrder = errors.New("the order is in no stream any more and no audit log was given to read it from; say it at the door where the audit log is")

// ahead attaches what an act is about before it comes to the writer, so that the writer need not wait for it. What cannot
// be told here is told there, where every block before is known.
func (w *writer) ahead(ctx context.Context, e accept.Entry, order string) accept.Entry {
	number, seq, known, err := w.newest(order)
	if err != nil || !known {
		return e
	}
	r, err := w.fetch(ctx, order, number, seq)
	if err != nil {
		return e
	}
	if with := e.With(r); !with.Refused() { // what is on its way may make good what a change lacks now
		return with
	}
	return e
}

// whole gives an act with the newest revision of its order, as of the block that is being planned, or as that of an order
// nobody knows. What is no such act stays as it is.
func (w *writer) whole(ctx context.Context, p *plan, e accept.Entry) (accept.Entry, error) {
	order, ok := e.About()
	if !ok {
		return e, nil
	}
	number, seq, known, err := w.newest(order)
	if err != nil {
		return e, err
	}
	if here, ok := p.newest(order, number, known); ok {
		return e.With(here), nil
	}
	if !known {
		return e.Orphan(), nil
	}
	if attached, ok := e.Attached(); ok && attached == number {
		return e, nil
	}
	r, err := w.fetch(ctx, order, number, seq)
	if err != nil {
		return e, err
	}
	return e.With(r), nil
}

// newest finds an order's highest revision and its block in the index.
func (w *writer) newest(order string) (number int, seq uint64, known bool, err error) {
	first, _ := accept.RevisionKey(order, 0)
	found, err := w.index.Find([]idem.Digest{idem.Digest(accept.NewestKey(order)), idem.Digest(first)})
	switch {
	case err != nil:
		return 0, 0, false, fmt.Errorf("%w: %w", errIndex, err)
	case found[0] != nil:
		return accept.NumberOf(accept.Digest(found[0].Content)), found[0].Sequence, true, nil
	case found[1] != nil:
		return 0, found[1].Sequence, true, nil
	default:
		return 0, 0, false, nil
	}
}

// newest finds an order's highest revision among the cases planned, where it is higher than what is stored.
func (p *plan) newest(order string, stored int, known bool) (r accept.Revision, ok bool) {
	if !known {
		stored = -1
	}
	for _, e := range p.entries {
		if number, is := e.IsOf(order); is && number > stored {
			body, _ := accept.OrderOf(e.Line)
			r, ok, stored = accept.Revision{Number: number, Event: e.Event, Order: body}, true, number
		}
	}
	return r, ok
}

// newer gives what the index is to keep of an order that was revised, where no higher revision is known.
func (w *writer) newer(e accept.Entry, here map[idem.Digest]idem.Entry) ([]idem.Taken, error) {
	key, number, ok := e.Newest()
	if !ok {
		return nil, nil
	}
	before, err := w.find(idem.Digest(key))
	if err != nil {
		return nil, err
	}
	if planned, ok := here[idem.Digest(key)]; ok {
		before = &planned
	}
	if before != nil && accept.NumberOf(accept.Digest(before.Content)) >= accept.NumberOf(number) {
		return nil, nil
	}
	entry := idem.Entry{Content: idem.Digest(number)}
	here[idem.Digest(key)] = entry
	return []idem.Taken{{Key: idem.Digest(key), Entry: entry, Over: true}}, nil
}

// find looks up one key.
func (w *writer) find(key idem.Digest) (*idem.Entry, error) {
	found, err := w.index.Find([]idem.Digest{key})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errIndex, err)
	}
	return found[0], nil
}

// fetch reads a revision's bytes: from the order stream, where that was purged from the decision stream, whose cases begin
// with the same lines, and where that was purged too from the audit log.
func (w *writer) fetch(ctx context.Context, order string, number int, seq uint64) (accept.Revision, error) {
	_, id := accept.RevisionKey(order, number)
	r := accept.Revision{Number: number, Event: id}
	for _, stream := range []string{subject.OrderStream, subject.DecisionStream} {
		data, err := bus.Get(ctx, w.js, stream, seq)
		if errors.Is(err, bus.ErrGap) {
			continue
		}
		if err != nil {
			return r, err
		}
		r.Order, err = orderIn(data, id)
		return r, err
	}
	if w.cfg.Cause == nil {
		return r, errNoOrder
	}
	line, found, err := w.cfg.Cause(ctx, id)
	if err != nil {
		return r, fmt.Errorf("read event %s from the audit log: %w", id, err)
	}
	body, ok := accept.OrderOf(line)
	if !found || !ok {
		return r, fmt.Errorf("event %s of block %d is neither in a stream nor in the audit log", id, seq)
	}
	r.Order = body
	return r, nil
}

// orderIn finds the bytes of an event's order in a block.
func orderIn(data []byte, id string) ([]byte, error) {
	cases, err := event.ParseBlock(data)
	if err != nil {
		return nil, err
	}
	member := []byte(`,"event":"` + id + `"`)
	for _, c := range cases {
		line := c.Line(0)
		if !bytes.Contains(line[:min(len(line), 160)], member) {
			continue
		}
		if body, ok := accept.OrderOf(line); ok {
			return body, nil
		}
	}
	return nil, fmt.Errorf("event %s is not in the block where the index of idempotency keys has it", id)
}
