package webhook

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/shared/clock"
)

// Dead is a message that an endpoint did not take.
type Dead struct {
	Sequence uint64 `json:"sequence"` // in the stream of dead letters
	Endpoint string `json:"endpoint"`
	ID       string `json:"id"`    // what the receiver knows it by
	Order    string `json:"order"` // order id, percent-encoded where needed
	Event    string `json:"event"`
	Why      string `json:"why"` // the last answer
	Tries    int    `json:"tries"`
	At       string `json:"at"` // when it was given up

	raw *jetstream.RawStreamMsg
}

// keepDead stores a message with why it was given up. Storing it twice, as after a crash, keeps one within a minute.
func keepDead(ctx context.Context, js jetstream.JetStream, endpoint string, m *message, got answer) error {
	h := maps.Clone(m.header)
	for k := range h {
		if len(k) > 5 && k[:5] == "Nats-" {
			delete(h, k)
		}
	}
	h[subject.HeaderDeadID] = []string{m.id}
	h[subject.HeaderDeadWhy] = []string{subject.HeaderText(got.why[:min(len(got.why), 600)])}
	h[subject.HeaderDeadTries] = []string{strconv.Itoa(m.fails)}
	h[subject.HeaderDeadFrom] = []string{m.subject}
	h[subject.HeaderDeadTime] = []string{m.stored.Format(time.RFC3339Nano)}
	msg := &nats.Msg{Subject: subject.WebhookDeadPrefix + endpoint, Header: h, Data: m.data}
	if _, err := js.PublishMsg(ctx, msg, jetstream.WithMsgID(endpoint+"/"+m.id)); err != nil {
		return fmt.Errorf("webhook %s: keep dead letter %s: %w", endpoint, m.id, err)
	}
	return nil
}

// DeadLetters gives those of an endpoint, oldest first; of every endpoint when the name is empty.
func DeadLetters(ctx context.Context, js jetstream.JetStream, endpoint string) iter.Seq2[Dead, error] {
	return func(yield func(Dead, error) bool) {
		s, err := js.Stream(ctx, subject.WebhookDeadStream)
		if err != nil {
			yield(Dead{}, fmt.Errorf("dead letters: %w", err))
			return
		}
		filter := subject.WebhookDeadPrefix + "*"
		if endpoint != "" {
			filter = subject.WebhookDeadPrefix + endpoint
		}
		for next := uint64(1); ; {
			raw, err := s.GetMsg(ctx, next, jetstream.WithGetMsgSubject(filter))
			if errors.Is(err, jetstream.ErrMsgNotFound) {
				return
			}
			if err != nil {
				yield(Dead{}, fmt.Errorf("dead letters: %w", err))
				return
			}
			if !yield(deadOf(raw), nil) {
				return
			}
			next = raw.Sequence + 1
		}
	}
}

func deadOf(raw *jetstream.RawStreamMsg) Dead {
	tries, _ := strconv.Atoi(raw.Header.Get(subject.HeaderDeadTries)) // written by keepDead
	return Dead{
		Sequence: raw.Sequence, Endpoint: raw.Subject[len(subject.WebhookDeadPrefix):], ID: raw.Header.Get(subject.HeaderDeadID),
		Order: raw.Header.Get(subject.HeaderCESubject), Event: eventOf(raw.Header), Why: raw.Header.Get(subject.HeaderDeadWhy), Tries: tries,
		At: raw.Time.UTC().Format(time.RFC3339), raw: raw,
	}
}

func eventOf(h nats.Header) string {
	if h.Get(subject.HeaderCEType) == subject.TypeDecision {
		return eventDecision
	}
	return eventRecord
}

// Replay sends a dead letter once more, under the id it always had, and removes it when the endpoint takes it.
func Replay(ctx context.Context, js jetstream.JetStream, e Endpoint, dead Dead) error {
	e = e.withDefaults()
	p, err := newPoster(e, clock.System)
	if err != nil {
		return err
	}
	defer p.client.CloseIdleConnections()
	stored, _ := time.Parse(time.RFC3339Nano, dead.raw.Header.Get(subject.HeaderDeadTime)) // written by keepDead
	m := &message{event: dead.Event, subject: dead.raw.Header.Get(subject.HeaderDeadFrom), header: dead.raw.Header, data: dead.raw.Data, stored: stored}
	if err := m.write(); err != nil {
		return err
	}
	if got := p.post(ctx, m); !got.ok {
		return fmt.Errorf("%s: %s", dead.ID, got.why)
	}
	s, err := js.Stream(ctx, subject.WebhookDeadStream)
	if err == nil {
		err = s.DeleteMsg(ctx, dead.Sequence)
	}
	if err != nil {
		return fmt.Errorf("%s was delivered, but stays a dead letter: %w", dead.ID, err)
	}
	return nil
}

// Standings gives what is known of every endpoint that ever had a place, by name.
func Standings(ctx context.Context, js jetstream.JetStream) ([]Standing, error) {
	kv, err := js.KeyValue(ctx, subject.WebhookBucket)
	if err != nil {
		return nil, fmt.Errorf("webhooks: %w", err)
	}
	keys, err := kv.Keys(ctx)
	if errors.Is(err, jetstream.ErrNoKeysFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("webhooks: %w", err)
	}
	var all []Standing
	for _, name := range slices.Sorted(slices.Values(keys)) {
		s, err := standing(ctx, js, kv, name)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}
