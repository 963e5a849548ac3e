package standalone

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/screening/replay"
	"github.com/tidegate/tidegate/shared/bus"
)

// The places that history is read from.
const (
	fromLog    = "log"    // the audit log, every leaf proven to be under the checkpoint
	fromStream = "stream" // DECISION, where it still holds the slice
)

// passage is what a replay reads: fixed when it begins, so that what comes in meanwhile changes nothing.
type passage struct {
	From   string        `json:"from"` // log, stream
	Points []audit.Point `json:"points,omitempty"`
	First  uint64        `json:"first,omitempty"` // block of DECISION
	Last   uint64        `json:"last,omitempty"`
}

// pastOf chooses where to read: the stream while it holds the slice and somebody answers, else the log.
func pastOf(ctx context.Context, data string, nc *nats.Conn, slice replay.Slice, want string) (passage, error) {
	if nc != nil && want != fromLog {
		js, err := jetstream.New(nc)
		if err != nil {
			return passage{}, err
		}
		held, err := bus.Look(ctx, js, subject.DecisionStream)
		if err != nil {
			return passage{}, err
		}
		if holds(ctx, js, held, slice) {
			return passage{From: fromStream, First: held.First, Last: held.Last}, nil
		}
	}
	if want == fromStream {
		return passage{}, fmt.Errorf("the stream %s does not hold the slice; the log does", subject.DecisionStream)
	}
	points, err := audit.Points(AuditDir(data))
	return passage{From: fromLog, Points: points}, err
}

// holds says whether the stream holds every decision of the slice: from the first block on, or from one that was written
// before anything of the slice came in.
func holds(ctx context.Context, js jetstream.JetStream, held bus.Bounds, slice replay.Slice) bool {
	if held.Last == 0 || held.First == 1 {
		return held.Last > 0
	}
	if slice.ReceivedFrom == "" {
		return false
	}
	s, err := js.Stream(ctx, subject.DecisionStream)
	if err != nil {
		return false
	}
	m, err := s.GetMsg(ctx, held.First)
	return err == nil && event.At(m.Time) < slice.ReceivedFrom
}

// plan says what is read.
func (h passage) plan(p *replay.Plan) {
	p.Source = h.From
	if p.Through = h.Last; len(h.Points) > 0 {
		last := h.Points[len(h.Points)-1]
		p.Leaves, p.Root = last.Leaves, last.Root
	}
}

// total is how many cases there are; 0 when that is not known.
func (h passage) total() (n uint64) {
	for _, p := range h.Points {
		n += p.Leaves
	}
	return n
}

// source reads the history behind a mark.
func (h passage) source(data string, nc *nats.Conn) func(context.Context, replay.Mark) iter.Seq2[replay.Batch, error] {
	if h.From == fromStream {
		return func(ctx context.Context, from replay.Mark) iter.Seq2[replay.Batch, error] {
			return h.stream(ctx, nc, from)
		}
	}
	return func(ctx context.Context, from replay.Mark) iter.Seq2[replay.Batch, error] {
		return h.log(ctx, data, from)
	}
}

func (h passage) log(ctx context.Context, data string, from replay.Mark) iter.Seq2[replay.Batch, error] {
	return func(yield func(replay.Batch, error) bool) {
		var at audit.WalkMark
		if from != nil {
			if err := json.Unmarshal(from, &at); err != nil {
				yield(replay.Batch{}, fmt.Errorf("mark: %w", err))
				return
			}
		}
		for s, err := range audit.Walk(ctx, AuditDir(data), h.Points, at) {
			b := replay.Batch{Cases: make([]replay.Past, len(s.Cases))}
			for i, l := range s.Cases {
				b.Cases[i] = replay.Past{Sequence: l.Leaf.Sequence, Place: l.Leaf.Place, Case: l.Case}
			}
			if err == nil {
				b.Mark, err = json.Marshal(s.Mark)
			}
			if !yield(b, err) || err != nil {
				return
			}
		}
	}
}

// stream reads the blocks of DECISION, some at a time.
func (h passage) stream(ctx context.Context, nc *nats.Conn, from replay.Mark) iter.Seq2[replay.Batch, error] {
	return func(yield func(replay.Batch, error) bool) {
		next := h.First
		if from != nil {
			if err := json.Unmarshal(from, &next); err != nil {
				yield(replay.Batch{}, fmt.Errorf("mark: %w", err))
				return
			}
		}
		js, err := jetstream.New(nc)
		if err != nil {
			yield(replay.Batch{}, err)
			return
		}
		r, err := bus.OpenReader(ctx, js, subject.DecisionStream, next)
		if err != nil {
			yield(replay.Batch{}, err)
			return
		}
		defer r.Close()
		for next <= h.Last {
			b, err := blocks(ctx, r, &next, h.Last)
			if !yield(b, err) || err != nil {
				return
			}
		}
	}
}

// streamWithin is how long a block that the stream holds may take to come: who holds it may be gone for good.
const streamWithin = 30 * time.Second

func held(ctx context.Context, r *bus.Reader) (bus.Block, error) {
	within, cancel := context.WithTimeout(ctx, streamWithin)
	defer cancel()
	defer context.AfterFunc(within, r.Close)() // a consumer that is asked for again and again ends by nothing else
	block, err := r.Next(within)
	if err != nil && (errors.Is(err, bus.ErrGap) || within.Err() != nil && ctx.Err() == nil) {
		err = fmt.Errorf("%w: %w", errStreamLost, err)
	}
	return block, err
}

// blocks reads blocks until there is a batch, or the last is read.
func blocks(ctx context.Context, r *bus.Reader, next *uint64, last uint64) (b replay.Batch, err error) {
	for *next <= last && len(b.Cases) < event.MaxCases {
		block, err := held(ctx, r)
		if err != nil {
			return b, err
		}
		cases, err := event.ParseBlock(block.Data)
		if err != nil {
			return b, fmt.Errorf("block %d: %w", block.Sequence, err)
		}
		for i, c := range cases {
			b.Cases = append(b.Cases, replay.Past{Sequence: block.Sequence, Place: i, Case: c})
		}
		*next = block.Sequence + 1
	}
	b.Mark, err = json.Marshal(*next)
	return b, err
}
