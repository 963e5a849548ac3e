package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/shared/bus"
)

// archive keeps what records were made with, packs, snapshots and masters, in the blob store: each once, and before the first leaf that names it, so
// that a record can be made again as long as it is kept. The services put what they work with into the reference store; from there it comes.
// What is not there is an alarm and a mark in the store; the record is logged all the same.
type archive struct {
	dir   string
	js    jetstream.JetStream
	log   *slog.Logger
	known map[string]bool // kept, or found lacking in this run
}

func newArchive(dir string, js jetstream.JetStream, log *slog.Logger) *archive {
	return &archive{dir: dir, js: js, log: log, known: map[string]bool{}}
}

// keep archives what a leaf names; the lines of a large case are not in it.
func (a *archive) keep(ctx context.Context, leaf []byte, c event.Case) error {
	if c.Size() > event.MaxLeafSize {
		leaf = c.Append([]byte{'\n'})
	}
	for _, digest := range event.Named(leaf) {
		if digest == nil || a.known[string(digest)] {
			continue
		}
		if err := a.object(ctx, string(digest)); err != nil {
			return err
		}
	}
	return nil
}

// object archives one object and those it names.
func (a *archive) object(ctx context.Context, digest string) error {
	a.known[digest] = true
	data, err := ArchivedObject(a.dir, digest)
	if err != nil {
		if data, err = a.fetch(ctx, digest); data == nil {
			return err
		}
	}
	for _, part := range event.Parts(data) {
		if a.known[part] {
			continue
		}
		if err := a.object(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

// fetch takes an object over from the reference store; nil where it is not there.
func (a *archive) fetch(ctx context.Context, digest string) ([]byte, error) {
	mark := filepath.Join(a.dir, blobName, filepath.FromSlash(auditverify.LackingPath(digest)))
	data, err := bus.AwaitObject(ctx, a.js, digest, a.log)
	switch {
	case errors.Is(err, bus.ErrNoObject), errors.Is(err, bus.ErrDamaged):
		a.log.ErrorContext(ctx, "ALARM: a pack or snapshot that records name cannot be archived; they cannot be reproduced without it",
			slog.String("digest", digest), slog.Any("error", err))
		return nil, writeFile(mark, []byte(err.Error()+"\n"), 0o644)
	case err != nil:
		return nil, err
	}
	if _, err := storeBlob(a.dir, data); err != nil {
		return nil, err
	}
	if err := os.Remove(mark); err == nil {
		a.log.InfoContext(ctx, "a pack or snapshot that was lacking is archived now", slog.String("digest", digest))
	}
	return data, nil
}

// ArchivedObject reads a pack or snapshot from the archive of an audit directory and holds it to its digest.
func ArchivedObject(dir, digest string) ([]byte, error) {
	b, err := os.ReadFile(filepath.Join(dir, blobName, filepath.FromSlash(auditverify.BlobPath(digest))))
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	if event.Digest(b) != digest {
		return nil, fmt.Errorf("archive: %s: its bytes are not the ones that were archived", digest)
	}
	return b, nil
}
