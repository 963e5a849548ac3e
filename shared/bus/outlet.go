package bus

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/subject"
)

// An outlet asks for an acknowledgement of every so many messages at least, and so many may be on their way.
const (
	outletAsks   = 64
	outletWindow = 32 // acknowledgements
)

// Outlet publishes to a public stream, one order a message, in order and each once: every message expects the one
// before it, so that after any failure the stream's end says where to go on.
type Outlet struct {
	nc     *nats.Conn
	js     jetstream.JetStream
	stream string
	last   uint64        // stream sequence of the last message published, acknowledged or not
	silent int           // messages since the last one that asked for an acknowledgement
	broken chan struct{} // closed with the first failure
	first  sync.Once
	err    error // the first failure, once broken is closed
}

// Mark says which case a public message comes from.
type Mark struct {
	Sequence uint64 // block in the stream it was made from; 0 when the public stream is empty
	Place    int    // place of the case in the block
	Log      string // name of the log, as HeaderLog says it; empty where there is none
	Leaf     uint64 // index of the leaf, as HeaderLeaf says it; 0 where there is none
	Owes     bool   // it is a decision whose alarm is to follow it
}

// OpenOutlet looks where the public stream ends and gives the mark of its last message. A full public stream loses
// its oldest messages, so publishing does not wait for room.
func OpenOutlet(ctx context.Context, nc *nats.Conn, stream string) (*Outlet, Mark, error) {
	o := &Outlet{nc: nc, stream: stream, broken: make(chan struct{})}
	js, err := jetstream.New(nc,
		jetstream.WithPublishAsyncMaxPending(outletWindow),
		jetstream.WithPublishAsyncTimeout(publishTimeout),
		jetstream.WithPublishAsyncErrHandler(func(_ jetstream.JetStream, _ *nats.Msg, err error) {
			o.fail(kind(err))
		}))
	if err != nil {
		return nil, Mark{}, fmt.Errorf("open outlet %s: %w", stream, err)
	}
	o.js = js
	mark, err := o.tail(ctx)
	return o, mark, err
}

func (o *Outlet) tail(ctx context.Context) (Mark, error) {
	s, err := o.js.Stream(ctx, o.stream)
	if err != nil {
		return Mark{}, fmt.Errorf("look at stream %s: %w", o.stream, err)
	}
	st := s.CachedInfo().State
	o.last = st.LastSeq
	if st.Msgs == 0 {
		return Mark{}, nil
	}
	m, err := s.GetMsg(ctx, st.LastSeq)
	if err != nil {
		return Mark{}, fmt.Errorf("read the end of %s: %w", o.stream, err)
	}
	return markOf(m.Header)
}

func markOf(h nats.Header) (mk Mark, err error) {
	var perr, lerr error
	mk.Sequence, err = strconv.ParseUint(h.Get(subject.HeaderSequence), 10, 64)
	mk.Place, perr = strconv.Atoi(h.Get(subject.HeaderPlace))
	mk.Log = h.Get(subject.HeaderLog)
	mk.Owes = h.Get(subject.HeaderAlarm) != "" && h.Get(subject.HeaderCEType) == subject.TypeDecision
	if leaf := h.Get(subject.HeaderLeaf); leaf != "" {
		mk.Leaf, lerr = strconv.ParseUint(leaf, 10, 64)
	}
	if err := errors.Join(err, perr, lerr); err != nil {
		return Mark{}, fmt.Errorf("mark of a public message: %w", err)
	}
	return mk, nil
}

// Set writes sequence and place into a message's headers; a receipt says its leaf besides.
func (m Mark) Set(h nats.Header) {
	h[subject.HeaderSequence] = []string{strconv.FormatUint(m.Sequence, 10)}
	h[subject.HeaderPlace] = []string{strconv.Itoa(m.Place)}
}

// Publish sends one message without waiting for its acknowledgement; it waits only while the window is full. More says that
// another one follows at once: then mostly no acknowledgement is asked for, which is most of what a message costs. Nothing is
// lost by it: the next one expects this one, and its acknowledgement, or the refusal, is for both. Where another writer's message
// took this one's place, it is the same message, for each place of a public stream follows from what it is a copy of. After an
// error the outlet is of no more use: open a new one, which goes on behind what was stored.
func (o *Outlet) Publish(ctx context.Context, msg *nats.Msg, more bool) error {
	if err := o.failure(); err != nil {
		return err
	}
	if err := o.send(msg, more); err != nil {
		return fmt.Errorf("publish to %s: %w", o.stream, err)
	}
	o.last++
	return ctx.Err()
}

func (o *Outlet) send(msg *nats.Msg, more bool) error {
	if o.silent++; more && o.silent < outletAsks {
		msg.Header[jetstream.ExpectedLastSeqHeader] = []string{strconv.FormatUint(o.last, 10)}
		return o.nc.PublishMsg(msg)
	}
	o.silent = 0
	_, err := o.js.PublishMsgAsync(msg, jetstream.WithExpectLastSequence(o.last), jetstream.WithStallWait(publishTimeout), jetstream.WithRetryAttempts(0))
	return err
}

// fail remembers the first failure.
func (o *Outlet) fail(err error) {
	o.first.Do(func() { o.err = err; close(o.broken) })
}

func (o *Outlet) failure() error {
	select {
	case <-o.broken:
		return fmt.Errorf("publish to %s: %w", o.stream, o.err)
	default:
		return nil
	}
}

// Broken is closed when a message published before could not be stored: whoever waits for more to publish stops.
func (o *Outlet) Broken() <-chan struct{} { return o.broken }

// Flush waits until everything published is acknowledged. The last message must not have said that more follows.
func (o *Outlet) Flush(ctx context.Context) error {
	timeout := time.NewTimer(publishTimeout)
	defer timeout.Stop()
	select {
	case <-o.js.PublishAsyncComplete():
	case <-ctx.Done():
		return ctx.Err()
	case <-timeout.C:
		return fmt.Errorf("publish to %s: no answer within %s", o.stream, publishTimeout)
	}
	if err := o.failure(); err != nil {
		return err
	}
	return nil
}
