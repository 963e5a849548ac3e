package enrichment

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/enrichment/masters"
	"github.com/tidegate/tidegate/shared/bus"
)

// Asked is the first line of a request to state facts again; a block of cases with their cause lines follows.
type Asked struct {
	Snapshot string `json:"snapshot"`
	Masters  string `json:"masters,omitempty"`
}

// Again has running instances state the facts of past orders again, under a snapshot and masters of the reference store. The error wraps
// bus.ErrNobody where none runs.
func Again(ctx context.Context, nc *nats.Conn, a Asked, cases []event.Case) ([]event.Case, error) {
	head, err := json.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("facts again: %w", err)
	}
	b, err := bus.Request(ctx, nc, subject.ReplayFacts, event.AppendBlock(append(head, '\n'), cases))
	if err != nil {
		return nil, err
	}
	out, err := event.ParseBlock(b)
	if err == nil && len(out) != len(cases) {
		err = fmt.Errorf("facts of %d orders for %d", len(out), len(cases))
	}
	return out, err
}

// again states facts under other sets than the one in force. The last one asked for is kept, so that a replay loads it once.
type again struct {
	js jetstream.JetStream

	mu    sync.Mutex
	asked Asked
	ref   *Reference
}

// endpoint is where instances share the batches of replays, each working on one at a time.
func (a *again) endpoint() bus.Endpoint {
	return bus.Endpoint{
		Name: "again", Subject: subject.ReplayFacts, Says: "facts about past orders under a snapshot and masters of the reference store, for replays",
		Answer: func(ctx context.Context, body []byte, _ nats.Header) ([]byte, error) {
			head, block, _ := bytes.Cut(body, []byte{'\n'})
			var asked Asked
			if err := json.Unmarshal(head, &asked); err != nil {
				return nil, fmt.Errorf("facts again: %w", err)
			}
			cases, err := event.ParseBlock(block)
			if err != nil {
				return nil, err
			}
			ref, err := a.load(ctx, asked)
			if err != nil {
				return nil, err
			}
			for i, c := range cases {
				cases[i] = Enrich(ref, nil, event.NewCase(c.Line(0)))
			}
			return event.AppendBlock(nil, cases), nil
		},
	}
}

func (a *again) load(ctx context.Context, asked Asked) (*Reference, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ref != nil && a.asked == asked {
		return a.ref, nil
	}
	get := func(digest string) ([]byte, error) { return bus.GetObject(ctx, a.js, digest) }
	a.ref = nil // room for the next
	ref, err := OpenReference(asked.Snapshot, get)
	if err == nil && asked.Masters != "" {
		var object []byte
		if object, err = get(asked.Masters); err == nil {
			var m *masters.Masters
			if m, err = masters.Hold(asked.Masters, object); err == nil {
				ref = ref.WithMasters(m)
			}
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s%w", lackingPrefix, err)
	}
	a.asked, a.ref = asked, ref
	return ref, nil
}

// lackingPrefix begins the answer of an instance that cannot load what is asked for.
const lackingPrefix = "lacking: "

// Lacks says whether an error of Again is that the instance cannot load what is asked for, or that none runs: who asked does it then.
func Lacks(err error) bool {
	return errors.Is(err, bus.ErrNobody) || err != nil && strings.Contains(err.Error(), lackingPrefix)
}
