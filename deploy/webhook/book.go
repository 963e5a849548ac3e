package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/shared/clock"
)

// ErrOther says that another process sends to the same endpoint.
var ErrOther = errors.New("another process sends to this endpoint")

// place is how far an endpoint is in one public stream.
type place struct {
	Created string   `json:"created"`        // when the stream was made: its numbers mean nothing in another one
	Read    uint64   `json:"read"`           // everything up to here was read
	Open    []uint64 `json:"open,omitempty"` // and of that, these are not settled; ascending
	Low     mark     `json:"low"`            // of the first one open, else of the last one read: where a stream made again goes on
}

// mark is where a public message comes from, whatever number it has.
type mark struct {
	Sequence uint64 `json:"sequence"`
	Place    int    `json:"place"`
}

func markOf(h nats.Header) mark {
	seq, _ := strconv.ParseUint(h.Get(subject.HeaderSequence), 10, 64) // a message without one is before everything
	at, _ := strconv.Atoi(h.Get(subject.HeaderPlace))
	return mark{seq, at}
}

func (m mark) before(other mark) bool {
	return m.Sequence < other.Sequence || m.Sequence == other.Sequence && m.Place < other.Place
}

// Standing is what an endpoint's book says of it.
type Standing struct {
	Endpoint    string            `json:"endpoint"`
	Places      map[string]*place `json:"places"`
	Delivered   uint64            `json:"delivered"`     // messages it took
	Dead        uint64            `json:"dead"`          // messages given up
	Lag         uint64            `json:"lag,omitempty"` // messages of its streams not settled yet, those it does not want included; when asked for
	Last        string            `json:"last_delivered_at,omitempty"`
	LastError   string            `json:"last_error,omitempty"`
	LastErrorAt string            `json:"last_error_at,omitempty"`
}

// book keeps an endpoint's standing in the server's bucket. It is written once a second: a crash before leaves repeats.
type book struct {
	kv  jetstream.KeyValue
	now clock.Clock

	mu    sync.Mutex
	says  Standing
	marks map[string]map[uint64]mark // of what is open, by event
	dirty bool
	rev   uint64 // touched by keep and save alone, one after the other
}

// openBook reads the standing, or begins one at the streams' ends, where a new endpoint starts.
func openBook(ctx context.Context, js jetstream.JetStream, e Endpoint, now clock.Clock) (*book, error) {
	kv, err := js.KeyValue(ctx, subject.WebhookBucket)
	if err != nil {
		return nil, fmt.Errorf("webhook %s: %w", e.Name, err)
	}
	b := &book{kv: kv, now: now, says: Standing{Endpoint: e.Name, Places: map[string]*place{}}, marks: map[string]map[uint64]mark{}}
	entry, err := kv.Get(ctx, e.Name)
	switch {
	case errors.Is(err, jetstream.ErrKeyNotFound):
	case err != nil:
		return nil, fmt.Errorf("webhook %s: %w", e.Name, err)
	default:
		if err := json.Unmarshal(entry.Value(), &b.says); err != nil {
			return nil, fmt.Errorf("webhook %s: its place in %s: %w", e.Name, subject.WebhookBucket, err)
		}
		b.rev = entry.Revision()
	}
	for _, ev := range e.Events {
		if err := b.begin(ctx, js, ev); err != nil {
			return nil, fmt.Errorf("webhook %s: %w", e.Name, err)
		}
	}
	b.dirty = true
	return b, b.save(ctx)
}

// begin finds the place in one stream, which may have been made again since.
func (b *book) begin(ctx context.Context, js jetstream.JetStream, ev string) error {
	b.marks[ev] = map[uint64]mark{}
	s, err := js.Stream(ctx, streamOf(ev))
	if err != nil {
		return err
	}
	info := s.CachedInfo()
	created := info.Created.UTC().Format(time.RFC3339Nano)
	switch at := b.says.Places[ev]; {
	case at == nil:
		b.says.Places[ev] = &place{Created: created, Read: info.State.LastSeq}
	case at.Created != created || info.State.LastSeq < at.Read:
		at.Created, at.Read, at.Open = created, 0, nil
	}
	return nil
}

// from is where reading goes on: the numbers that are open, and the first one not read.
func (b *book) from(ev string) (open []uint64, next uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := b.says.Places[ev]
	return slices.Clone(at.Open), at.Read + 1
}

// wanted says whether a message was not settled before its stream was made again.
func (b *book) wanted(ev string, h nats.Header) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !markOf(h).before(b.says.Places[ev].Low)
}

// read notes that a message is open.
func (b *book) read(m *message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := b.says.Places[m.event]
	at.Read = max(at.Read, m.sequence)
	if i, found := slices.BinarySearch(at.Open, m.sequence); !found {
		at.Open = slices.Insert(at.Open, i, m.sequence)
	}
	b.marks[m.event][m.sequence] = markOf(m.header)
	b.lower(m.event, markOf(m.header))
}

// settle notes that a message was taken or given up.
func (b *book) settle(m *message, taken bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if taken {
		b.says.Delivered++
		b.says.Last = b.now().Format(time.RFC3339)
	} else {
		b.says.Dead++
	}
	b.close(m.event, m.sequence)
}

// lost notes that the stream no longer holds a message.
func (b *book) lost(ev string, sequence uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.close(ev, sequence)
}

func (b *book) close(ev string, sequence uint64) {
	at, last := b.says.Places[ev], b.marks[ev][sequence]
	if i, found := slices.BinarySearch(at.Open, sequence); found {
		at.Open = slices.Delete(at.Open, i, i+1)
	}
	delete(b.marks[ev], sequence)
	b.lower(ev, last)
}

// lower sets the place that a stream made again goes on from.
func (b *book) lower(ev string, last mark) {
	at := b.says.Places[ev]
	b.dirty = true
	if len(at.Open) == 0 {
		if at.Low.before(last) {
			at.Low = last
		}
		return
	}
	if m, known := b.marks[ev][at.Open[0]]; known {
		at.Low = m
	}
}

// failed notes what the endpoint answered.
func (b *book) failed(why string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.says.LastError, b.says.LastErrorAt, b.dirty = why, b.now().Format(time.RFC3339), true
}

// keep saves once a second until ctx ends.
func (b *book) keep(ctx context.Context) error {
	for {
		if err := clock.Sleep(ctx, time.Second); err != nil {
			return err
		}
		if err := b.save(ctx); err != nil {
			return err
		}
	}
}

// save writes what changed. Only the process that wrote last may write next.
func (b *book) save(ctx context.Context) error {
	b.mu.Lock()
	if !b.dirty {
		b.mu.Unlock()
		return nil
	}
	data, err := json.Marshal(b.says)
	b.dirty = false
	b.mu.Unlock()
	if err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	rev, err := b.kv.Update(ctx, b.says.Endpoint, data, b.rev)
	if err == nil {
		b.rev = rev
		return nil
	}
	b.mu.Lock()
	b.dirty = true
	b.mu.Unlock()
	if api, ok := errors.AsType[*jetstream.APIError](err); ok && api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence {
		return b.displaced(ctx, data)
	}
	return fmt.Errorf("webhook %s: keep its place: %w", b.says.Endpoint, err)
}

// displaced tells another process's place from our own, whose answer was lost.
func (b *book) displaced(ctx context.Context, wrote []byte) error {
	entry, err := b.kv.Get(ctx, b.says.Endpoint)
	if err != nil {
		return fmt.Errorf("webhook %s: keep its place: %w", b.says.Endpoint, err)
	}
	if string(entry.Value()) == string(wrote) {
		b.rev = entry.Revision()
		return nil
	}
	return fmt.Errorf("webhook %s: %w", b.says.Endpoint, ErrOther)
}

// standing reads one endpoint's, with how many messages are behind its place.
func standing(ctx context.Context, js jetstream.JetStream, kv jetstream.KeyValue, name string) (Standing, error) {
	var s Standing
	entry, err := kv.Get(ctx, name)
	if err == nil {
		err = json.Unmarshal(entry.Value(), &s)
	}
	if err != nil {
		return s, fmt.Errorf("webhook %s: %w", name, err)
	}
	for ev, at := range s.Places {
		stream, err := js.Stream(ctx, streamOf(ev))
		if err != nil {
			return s, fmt.Errorf("webhook %s: %w", name, err)
		}
		s.Lag += uint64(len(at.Open)) + max(stream.CachedInfo().State.LastSeq, at.Read) - at.Read
	}
	return s, nil
}
