// Package tlog writes the audit log: a Tessera log on a POSIX file system (C2SP tlog-tiles), one leaf per case, in the
// order of the stream.
package tlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
	"k8s.io/klog/v2"
)

// Window is how many leaves may be under way in the appender, and how many it writes at once at most. As both are
// the same, a full batch never meets one that its timer sent: batches stay in order.
const Window = 1024

const (
	garbageInterval = 10 * time.Second // partial tiles a second old pile up faster than the library's default removes them
	republish       = 10 * time.Minute // an idle log signs that nothing happened
	witnessTimeout  = 5 * time.Second  // a witness that has not answered by then has not signed
)

// Settings of a log.
type Settings struct {
	Dir                string // of the log's files; made when it is not there
	Signer             note.Signer
	BatchAge           time.Duration // how long a batch waits to be filled
	CheckpointInterval time.Duration // between two publications at most

	Witnesses   []byte // witness policy; none when empty
	WitnessOpen bool   // publish also what too few witnesses signed
}

// Log appends leaves.
type Log struct {
	appender *tessera.Appender
	stop     context.CancelFunc
	slots    chan struct{}
	quorum   *tessera.WitnessGroup // nil when there are no witnesses
}

// Entry is a leaf ready to be appended. Hash is its RFC 6962 leaf hash.
type Entry struct{ entry *tessera.Entry }

// NewEntry hashes a leaf. It keeps the bytes.
func NewEntry(leaf []byte) Entry { return Entry{tessera.NewEntry(leaf)} }

// Hash is the RFC 6962 leaf hash.
func (e Entry) Hash() []byte { return e.entry.LeafHash() }

// Open starts the appender. What it does in the background ends with Close; ctx must outlast that.
func Open(ctx context.Context, s Settings) (*Log, error) {
	quiet()
	ctx, stop := context.WithCancel(ctx)
	driver, err := posix.New(ctx, posix.Config{Path: s.Dir})
	if err != nil {
		stop()
		return nil, fmt.Errorf("open log: %w", err)
	}
	opts := tessera.NewAppendOptions().WithCheckpointSigner(s.Signer).
		WithBatching(Window, s.BatchAge).
		WithCheckpointInterval(s.CheckpointInterval).
		WithCheckpointRepublishInterval(republish).
		WithGarbageCollectionInterval(garbageInterval).
		WithPushback(2 * Window)
	var quorum *tessera.WitnessGroup
	if len(s.Witnesses) > 0 {
		group, err := tessera.NewWitnessGroupFromPolicy(s.Witnesses)
		if err != nil {
			stop()
			return nil, fmt.Errorf("witness policy: %w", err)
		}
		quorum = &group
		opts = opts.WithWitnesses(group, &tessera.WitnessOptions{Timeout: witnessTimeout, FailOpen: s.WitnessOpen})
	}
	appender, _, _, err := tessera.NewAppender(ctx, driver, opts)
	if err != nil {
		stop()
		return nil, fmt.Errorf("open log: %w", err)
	}
	return &Log{appender: appender, stop: stop, slots: make(chan struct{}, Window), quorum: quorum}, nil
}

// Witnessed says whether a checkpoint carries the cosignatures that the policy asks for; without a policy it does.
func (l *Log) Witnessed(checkpoint []byte) bool {
	return l.quorum == nil || l.quorum.Satisfied(checkpoint)
}

// quiet turns off the library's own logging: what matters comes back as errors or is caught by the guard.
func quiet() {
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
}

// Added is a leaf on its way. Wait gives its index once it is durable in the tree (not yet published). It must be
// called for every leaf, in the order of Add.
type Added struct {
	future tessera.IndexFuture
	slots  chan struct{}
}

// Add appends a leaf behind those added before, from one goroutine. It waits while Window leaves are under way.
func (l *Log) Add(ctx context.Context, e Entry) (Added, error) {
	select {
	case l.slots <- struct{}{}:
	case <-ctx.Done():
		return Added{}, ctx.Err()
	}
	// The entry itself is added without the caller's end: a leaf under way is finished, not torn off.
	return Added{l.appender.Add(context.WithoutCancel(ctx), e.entry), l.slots}, nil
}

// Wait gives the leaf's index.
func (a Added) Wait() (uint64, error) {
	index, err := a.future()
	<-a.slots
	if err != nil {
		return 0, fmt.Errorf("append to the log: %w", err)
	}
	if index.IsDup {
		return 0, errors.New("append to the log: leaf was taken for a duplicate")
	}
	return index.Index, nil
}

// Close ends the appender. Leaves under way must have been waited for.
func (l *Log) Close() { l.stop() }
