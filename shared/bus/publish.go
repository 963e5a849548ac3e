package bus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/shared/clock"
)

// The errors a publisher branches on. Any other error leaves it open whether the block was stored: Settle finds out.
var (
	ErrWrongSequence = errors.New("another writer was first")             // nothing stored
	ErrFull          = errors.New("stream is full")                       // nothing stored; room comes back when audit has logged
	ErrSecondWriter  = errors.New("a second writer is on this stream")    // this one must stop
	ErrGap           = errors.New("the stream no longer holds the block") // purged or lost
)

// publishTimeout bounds one wait for an acknowledgement; a slow disk is waited for by trying again.
const publishTimeout = 10 * time.Second

// Publish stores data as block last+1 of the stream behind subj and waits until that is durable.
func Publish(ctx context.Context, js jetstream.JetStream, stream, subj string, last uint64, data []byte) error {
	return PublishUnder(ctx, js, stream, subj, last, InForce{}, data)
}

// PublishUnder is Publish of a block that says what is in force for it.
func PublishUnder(ctx context.Context, js jetstream.JetStream, stream, subj string, last uint64, f InForce, data []byte) error {
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	msg := &nats.Msg{Subject: subj, Data: data, Header: f.header()}
	_, err := js.PublishMsg(ctx, msg, jetstream.WithExpectLastSequence(last), jetstream.WithExpectStream(stream), jetstream.WithRetryAttempts(0))
	if err == nil {
		return nil
	}
	return fmt.Errorf("publish block %d of %s: %w", last+1, stream, kind(err))
}

// kind turns the server's refusals into this package's errors.
func kind(err error) error {
	var api *jetstream.APIError
	if !errors.As(err, &api) {
		return err
	}
	switch {
	case api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence, api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant:
		return fmt.Errorf("%w: %w", ErrWrongSequence, err)
	case strings.Contains(api.Description, "maximum bytes"), strings.Contains(api.Description, "insufficient"), strings.Contains(api.Description, "resource limits"):
		return fmt.Errorf("%w: %w", ErrFull, err)
	default:
		return err
	}
}

// Settle finds out what became of a publish without an answer: stored says whether block seq is in the stream and is
// these bytes. It waits for the server as long as ctx lasts.
func Settle(ctx context.Context, js jetstream.JetStream, stream string, seq uint64, data []byte) (stored bool, err error) {
	var pause clock.Backoff
	for {
		got, err := Get(ctx, js, stream, seq)
		switch {
		case err == nil:
			return bytes.Equal(got, data), nil
		case errors.Is(err, ErrGap):
			return false, nil
		case pause.Wait(ctx) != nil:
			return false, fmt.Errorf("settle block %d of %s: %w", seq, stream, err)
		}
	}
}

// Get reads one block by its number; ErrGap when the stream does not hold it.
func Get(ctx context.Context, js jetstream.JetStream, stream string, seq uint64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	s, err := js.Stream(ctx, stream)
	if err != nil {
		return nil, fmt.Errorf("look at stream %s: %w", stream, err)
	}
	if seq > s.CachedInfo().State.LastSeq || seq < s.CachedInfo().State.FirstSeq {
		return nil, fmt.Errorf("block %d of %s: %w", seq, stream, ErrGap)
	}
	m, err := s.GetMsg(ctx, seq)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, fmt.Errorf("block %d of %s: %w", seq, stream, ErrGap)
	}
	if err != nil {
		return nil, fmt.Errorf("read block %d of %s: %w", seq, stream, err)
	}
	return m.Data, nil
}
