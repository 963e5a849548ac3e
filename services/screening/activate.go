package screening

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/shared/bus"
)

// forcing is the pack in force: the one the service was started with, until activations in the order stream say otherwise. Those win.
type forcing struct {
	js      jetstream.JetStream
	started *Pack
	log     *slog.Logger
	now     atomic.Pointer[Pack]

	mu    sync.Mutex
	at    string           // digest of the object activated last; "" for none
	ready map[string]*Pack // loaded, by the object's digest
}

func newForcing(js jetstream.JetStream, started *Pack, log *slog.Logger) *forcing {
	f := &forcing{js: js, started: started, log: log, ready: map[string]*Pack{"": started}}
	f.now.Store(started)
	return f
}

// to puts in force what a block says. What is judged under is kept in the reference store, for the audit log.
func (f *forcing) to(ctx context.Context, next bus.InForce) error {
	p, err := f.load(ctx, next.Pack)
	if err != nil {
		return err
	}
	f.mu.Lock()
	f.at, f.ready = next.Pack, map[string]*Pack{"": f.started, next.Pack: p}
	f.mu.Unlock()
	if before := f.now.Swap(p); before != p {
		f.log.InfoContext(ctx, "pack in force by activation, whatever this service was started with", slog.String("pack", p.Ref().ID),
			slog.String("version", p.Ref().Version), slog.String("digest", p.Ref().Digest), slog.String("before", before.Ref().Digest))
	}
	bus.KeepObjects(ctx, f.js, bus.Pack, [][]byte{p.Object()}, f.log)
	return nil
}

func (f *forcing) load(ctx context.Context, digest string) (*Pack, error) {
	f.mu.Lock()
	p := f.ready[digest]
	f.mu.Unlock()
	if p != nil {
		return p, nil
	}
	object, err := bus.AwaitObject(ctx, f.js, digest, f.log)
	if err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	return OpenPack(object)
}

// try loads what an activation would put in force, and keeps it ready.
func (f *forcing) try(ctx context.Context, _, digest string) error {
	p, err := f.load(ctx, digest)
	if err != nil {
		return err
	}
	if err := p.AtDefaults().Proven(); err != nil {
		return err
	}
	f.mu.Lock()
	f.ready[digest] = p
	f.mu.Unlock()
	return nil
}

// says tells what is in force, by the object's digest; "" where nothing was activated.
func (f *forcing) says(string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.at
}
