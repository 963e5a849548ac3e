package bus

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// Block is one message of an internal stream.
type Block struct {
	Sequence uint64
	Data     []byte
	InForce  InForce // what activations have put in force for it
}

// prefetch is how many blocks a reader asks for ahead of its caller: a few megabytes at the usual block sizes.
const prefetch = 16

// Reader reads the blocks of a stream in sequence, without acknowledgements: who reads knows from its own output
// where to go on.
type Reader struct {
	stream string
	next   uint64
	msgs   jetstream.MessagesContext
	stop   func() bool
}

// OpenReader starts at sequence from (1 for the first), which may not be there yet. The reader ends with ctx.
func OpenReader(ctx context.Context, js jetstream.JetStream, stream string, from uint64) (*Reader, error) {
	from = max(from, 1)
	cons, err := js.OrderedConsumer(ctx, stream, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: from, MaxResetAttempts: -1,
	})
	if err != nil {
		return nil, fmt.Errorf("read stream %s from %d: %w", stream, from, err)
	}
	msgs, err := cons.Messages(jetstream.PullMaxMessages(prefetch), jetstream.WithMessagesErrOnMissingHeartbeat(false))
	if err != nil {
		return nil, fmt.Errorf("read stream %s from %d: %w", stream, from, err)
	}
	// The consumer of a stream that was deleted is asked for again and again, whatever Next's own context says: only
	// Stop ends that, some seconds later.
	return &Reader{stream: stream, next: from, msgs: msgs, stop: context.AfterFunc(ctx, msgs.Stop)}, nil
}

// GapError says which blocks a stream no longer holds. It is an ErrGap.
type GapError struct {
	Stream     string
	Want, Have uint64 // the block asked for, and the next one that is there
}

// Error says it in a sentence.
func (e *GapError) Error() string {
	return fmt.Sprintf("block %d of %s, the next one there is %d: %v", e.Want, e.Stream, e.Have, ErrGap)
}

// Unwrap is ErrGap.
func (e *GapError) Unwrap() error { return ErrGap }

// Next waits for the next block. A GapError says that the stream begins behind it. Blocks before the one asked for, as a
// stream that ends early delivers them, are passed over: the caller has them already.
func (r *Reader) Next(ctx context.Context) (Block, error) {
	for {
		m, err := r.msgs.Next(jetstream.NextContext(ctx))
		if err != nil {
			if ctx.Err() != nil && Stopped(err) {
				err = ctx.Err() // the end of ctx closes the iterator, too: which of the two is seen first is chance
			}
			return Block{}, fmt.Errorf("read block %d of %s: %w", r.next, r.stream, err)
		}
		meta, err := m.Metadata()
		if err != nil {
			return Block{}, fmt.Errorf("read block %d of %s: %w", r.next, r.stream, err)
		}
		switch seq := meta.Sequence.Stream; {
		case seq < r.next:
			continue
		case seq > r.next:
			return Block{}, &GapError{Stream: r.stream, Want: r.next, Have: seq}
		default:
			r.next++
			return Block{Sequence: seq, Data: m.Data(), InForce: inForceOf(m.Headers())}, nil
		}
	}
}

// Close ends the reader.
func (r *Reader) Close() {
	r.stop()
	r.msgs.Stop()
}

// Stopped says whether err is only the end of ctx or of the reader.
func Stopped(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, jetstream.ErrMsgIteratorClosed)
}
