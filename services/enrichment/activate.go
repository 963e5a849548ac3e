package enrichment

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/services/enrichment/internal/master"
	"github.com/tidegate/tidegate/services/enrichment/masters"
	"github.com/tidegate/tidegate/shared/bus"
)

// mostKept is the size of masters in bytes that are put into the reference store for the audit log's archive at a start. Larger ones
// that nobody activated through the stream are only in the directory they came from.
const mostKept = 64 << 20

// forcing is what the service has in force: what it was started with, until activations in the order stream say otherwise. Those win.
type forcing struct {
	js      jetstream.JetStream
	started *Reference
	dir     string // of masters; a temporary one when empty
	log     *slog.Logger
	now     atomic.Pointer[Reference]

	mu    sync.Mutex
	at    bus.InForce                // what was asked for last
	ready map[bus.InForce]*Reference // loaded before they come into force; at most one, for a set takes memory
}

func newForcing(js jetstream.JetStream, started *Reference, dir string, log *slog.Logger) *forcing {
	if dir == "" {
		dir = filepath.Join(os.TempDir(), "tidegate-masters")
	}
	f := &forcing{js: js, started: started, dir: dir, log: log, ready: map[bus.InForce]*Reference{}}
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
			slog.String("lists", next.Lists), slog.String("masters", ref.Masters()), slog.String("before", before.Digest()))
	}
	f.mu.Lock()
	clear(f.ready)
	f.at = next
	f.mu.Unlock()
	bus.KeepObjects(ctx, f.js, bus.Lists, ref.Objects(), f.log)
	if file := ref.mastersFile(); len(file) > 0 && len(file) <= mostKept {
		bus.KeepObjects(ctx, f.js, bus.Masters, [][]byte{file}, f.log)
	}
	return nil
}

// load gives the set of what is in force. It waits for a server that does not answer; every other failure is an error.
func (f *forcing) load(ctx context.Context, in bus.InForce) (*Reference, error) {
	in.Pack = "" // judges, and changes no fact
	f.mu.Lock()
	ref := f.ready[in]
	f.mu.Unlock()
	if ref != nil {
		return ref, nil
	}
	ref, err := f.lists(ctx, in.Lists)
	if err != nil {
		return nil, err
	}
	m, err := f.masters(ctx, in.Masters)
	if err != nil {
		return nil, err
	}
	if ref.masters == m {
		return ref, nil
	}
	return ref.with(m), nil
}

// lists gives a set with these lists.
func (f *forcing) lists(ctx context.Context, digest string) (*Reference, error) {
	now := f.now.Load()
	switch digest {
	case "":
		return f.started, nil
	case now.lists:
		return now, nil
	case f.started.lists:
		return f.started, nil
	}
	object, err := bus.AwaitObject(ctx, f.js, digest, f.log)
	if err != nil {
		return nil, fmt.Errorf("lists: %w", err)
	}
	return f.started.WithListsObject(object)
}

// masters gives the masters of a digest: from the directory, else from the reference store, and kept in the directory then.
func (f *forcing) masters(ctx context.Context, digest string) (*master.Set, error) {
	switch digest {
	case "", f.started.Masters():
		return f.started.masters, nil
	case f.now.Load().Masters():
		return f.now.Load().masters, nil
	}
	store := masters.Open(f.dir)
	m, err := store.Load(digest)
	if errors.Is(err, fs.ErrNotExist) {
		var object []byte
		if object, err = bus.AwaitObject(ctx, f.js, digest, f.log); err != nil {
			return nil, fmt.Errorf("masters: %w", err)
		}
		m, err = store.Take(digest, object)
	}
	if err != nil {
		return nil, err
	}
	return m.Set(), nil
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
