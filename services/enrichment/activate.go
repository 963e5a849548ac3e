package enrichment

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/shared/bus"
)

// forcing is what the service has in force: what it was started with, until activations in the order stream say otherwise. Those win.
type forcing struct {
	js      jetstream.JetStream
	started *Reference
	log     *slog.Logger
	now     atomic.Pointer[Reference]

	mu    sync.Mutex
	at    bus.InForce                // what was asked for last
	ready map[bus.InForce]*Reference // loaded before they come into force; at most one, for a set takes memory
}

func newForcing(js jetstream.JetStream, started *Reference, log *slog.Logger) *forcing {
	f := &forcing{js: js, started: started, log: log, ready: map[bus.InForce]*Reference{}}
	f.now.Store(started)
	return f
}

// to puts in force what a block says. What is worked with is kept in the reference store, for the audit log.
func (f *forcing) to(ctx context.Context, next bus.InForce) error {
	ref, err := f.load(ctx, next)
	if err != nil {
		return err
	}
	if before := f.now.Swap(ref); before != ref {
		f.log.InfoContext(ctx, "reference in force by activation, whatever this service was started with", slog.String("snapshot", ref.Digest()),
			slog.String("lists", next.Lists), slog.String("before", before.Digest()))
	}
	f.mu.Lock()
	clear(f.ready)
	f.at = next
	f.mu.Unlock()
	bus.KeepObjects(ctx, f.js, bus.Lists, ref.Objects(), f.log)
	return nil
}

// load gives the set of what is in force. It waits for a server that does not answer; every other failure is an error.
func (f *forcing) load(ctx context.Context, in bus.InForce) (*Reference, error) {
	in.Pack = "" // judges, and changes no fact
	f.mu.Lock()
	ref := f.ready[in]
	f.mu.Unlock()
	now := f.now.Load()
	switch {
	case in.Masters != "":
		return nil, errors.New("this version has no masters; run one that has")
	case ref != nil:
		return ref, nil
	case in.Lists == "":
		return f.started, nil
	case in.Lists == now.lists:
		return now, nil
	case in.Lists == f.started.lists:
		return f.started, nil
	}
	object, err := bus.AwaitObject(ctx, f.js, in.Lists, f.log)
	if err != nil {
		return nil, fmt.Errorf("lists: %w", err)
	}
	if ref, err = f.started.WithListsObject(object); err != nil {
		return nil, err
	}
	return ref, nil
}

// try loads what an activation would put in force, and keeps it ready.
func (f *forcing) try(ctx context.Context, what, digest string) error {
	f.mu.Lock()
	in := f.at.With(what, digest)
	f.mu.Unlock()
	in.Pack = ""
	ref, err := f.load(ctx, in)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.ready)
	f.ready[in] = ref
	return nil
}

// says tells what is in force of a kind, by digest; "" where nothing was activated.
func (f *forcing) says(what string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.at.Of(what)
}
