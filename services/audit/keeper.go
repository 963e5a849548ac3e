package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/services/audit/internal/guard"
	"github.com/tidegate/tidegate/shared/clock"
)

// kept is the guard's file: the last verified tree and, after an operator's declaration, that declaration until its
// leaf is in the log.
type kept struct {
	guard.State
	Declared *declared `json:"declared,omitempty"`
	Receipts uint64    `json:"receipts_before,omitempty"` // that went out before the log's first one, of the logs before
}

// declared is what "audit accept" leaves for the next start.
type declared struct {
	Size    uint64        `json:"size"` // leaves when it was declared: the index of the accept leaf
	Trusted []byte        `json:"trusted,omitempty"`
	At      event.Instant `json:"at"`
}

// keeper keeps the high-water mark in two places that are not the log's: a file in a directory of its own, and a
// bucket of the server. Both are replaced only if they still hold what was written last: whoever puts an earlier one
// back, or runs a second writer on a copy, is noticed. The file is written first, so it is never behind the bucket.
type keeper struct {
	dir      string
	n        int    // of the log
	file     []byte // as it was read or written last
	kv       jetstream.KeyValue
	revision uint64
	raised   []byte // what the bucket holds
	log      *slog.Logger
}

// errMoved says that somebody else wrote the high-water mark.
var errMoved = errors.New("the high-water mark was changed by somebody else")

// GuardDir is where the guard of an audit directory's log is kept unless a directory is given: below the user's state
// directory, under the log's id, which is the beginning of its public key's SHA-256.
func GuardDir(dir string) (string, error) {
	key, err := firstKey(dir)
	if err != nil {
		return "", err
	}
	base := os.Getenv("XDG_STATE_HOME")
	if base == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("there is no user's state directory for the guard, give one with --guard-dir: %w", err)
		}
		base = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(base, "tidegate", event.Digest([]byte(strings.TrimSpace(key)))[:16]), nil
}

// firstKey is the public key of the oldest log that still has one.
func firstKey(dir string) (key string, err error) {
	all, err := auditverify.LogDirs(dir)
	if err != nil {
		return "", err
	}
	for _, d := range all {
		if key, err = PublicKey(d); err == nil {
			return key, nil
		}
	}
	return "", err
}

func (k *keeper) name() string { return filepath.Join(k.dir, guardFile(k.n)) }

func (k *keeper) key() string { return guardKey(k.n) }

// openKeeper reads the file about the n-th log; found is false when there is none.
func openKeeper(dir string, n int) (k *keeper, state kept, found bool, err error) {
	k = &keeper{dir: dir, n: n}
	k.file, err = os.ReadFile(k.name())
	if errors.Is(err, fs.ErrNotExist) {
		return k, state, false, nil
	}
	if err != nil {
		return k, state, false, fmt.Errorf("guard state: %w", err)
	}
	if err := json.Unmarshal(k.file, &state); err != nil {
		return k, state, true, fmt.Errorf("guard state: %w", err)
	}
	return k, state, true, nil
}

// save replaces the file, if it is still the one it was.
func (k *keeper) save(state kept) error {
	b, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("guard state: %w", err)
	}
	b = append(b, '\n')
	if bytes.Equal(b, k.file) {
		return nil
	}
	unlock, err := k.lock()
	if err != nil {
		return err
	}
	defer unlock()
	name := k.name()
	old, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("guard state: %w", err)
	}
	if !bytes.Equal(old, k.file) {
		return refuse("%w: %s is not as it was left", errMoved, name)
	}
	if err := writeFile(name, b, 0o644); err != nil {
		return fmt.Errorf("guard state: %w; give a directory that can be written with --guard-dir", err)
	}
	k.file = b
	return nil
}

// lock makes compare and swap one step among processes.
func (k *keeper) lock() (unlock func(), err error) {
	if err := os.MkdirAll(k.dir, 0o700); err != nil {
		return nil, fmt.Errorf("guard directory: %w; give one that can be written with --guard-dir", err)
	}
	f, err := os.OpenFile(filepath.Join(k.dir, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("guard directory: %w; give one that can be written with --guard-dir", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("guard directory: %w", err), f.Close())
	}
	return func() { _ = f.Close() }, nil
}

// openBucket reads the checkpoint that the server keeps; nil when it has none.
func (k *keeper) openBucket(ctx context.Context, js jetstream.JetStream) (raw []byte, found bool, err error) {
	if k.kv, err = js.KeyValue(ctx, subject.GuardBucket); err != nil {
		return nil, false, fmt.Errorf("guard bucket %s: %w", subject.GuardBucket, err)
	}
	e, err := k.kv.Get(ctx, k.key())
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("guard bucket %s: %w", subject.GuardBucket, err)
	}
	k.revision, k.raised = e.Revision(), e.Value()
	return e.Value(), true, nil
}

// raise replaces the server's checkpoint, if it is still the one it was. It waits for a server that does not answer.
func (k *keeper) raise(ctx context.Context, raw []byte) error {
	if k.revision > 0 && bytes.Equal(raw, k.raised) {
		return nil
	}
	var pause clock.Backoff
	for {
		err := k.swap(ctx, raw)
		if err == nil {
			return nil
		}
		taken, gerr := k.taken(ctx, raw)
		switch {
		case taken:
			return nil
		case errors.Is(gerr, errMoved):
			return refuse("%w", gerr)
		}
		if k.log != nil {
			k.log.WarnContext(ctx, "high-water mark was not written, trying again", slog.Any("error", err))
		}
		if err := pause.Wait(ctx); err != nil {
			return err
		}
	}
}

func (k *keeper) swap(ctx context.Context, raw []byte) (err error) {
	revision := k.revision
	if revision == 0 {
		revision, err = k.kv.Create(ctx, k.key(), raw)
	} else {
		revision, err = k.kv.Update(ctx, k.key(), raw, revision)
	}
	if err == nil {
		k.revision, k.raised = revision, bytes.Clone(raw)
	}
	return err
}

// taken finds out what became of an update without a good answer.
func (k *keeper) taken(ctx context.Context, raw []byte) (bool, error) {
	e, err := k.kv.Get(ctx, k.key())
	switch {
	case errors.Is(err, jetstream.ErrKeyNotFound) && k.revision == 0:
		return false, nil
	case errors.Is(err, jetstream.ErrKeyNotFound), errors.Is(err, jetstream.ErrBucketNotFound):
		return false, fmt.Errorf("%w: it is gone from bucket %s", errMoved, subject.GuardBucket)
	case err != nil:
		return false, err
	case e.Revision() == k.revision:
		return false, nil
	case e.Revision() > k.revision && bytes.Equal(e.Value(), raw):
		k.revision, k.raised = e.Revision(), e.Value()
		return true, nil
	default:
		return false, fmt.Errorf("%w: bucket %s is at revision %d, not %d", errMoved, subject.GuardBucket, e.Revision(), k.revision)
	}
}

// agree demands that the server's checkpoint is one of this log and not above the file's: the file is written first.
// It gives the checkpoint, of size 0 when the server has none yet.
func (k *keeper) agree(ctx context.Context, js jetstream.JetStream, state kept, key string) (auditverify.Checkpoint, error) {
	raw, found, err := k.openBucket(ctx, js)
	if err != nil {
		return auditverify.Checkpoint{}, err
	}
	switch {
	case state.Declared != nil:
		return auditverify.Checkpoint{}, k.raise(ctx, state.Checkpoint)
	case !found && state.Size > 0:
		return auditverify.Checkpoint{}, refuse("the high-water mark is gone from the server's bucket %s; %d leaves were verified before", subject.GuardBucket, state.Size)
	case !found:
		return auditverify.Checkpoint{}, k.raise(ctx, nil)
	case len(raw) == 0:
		return auditverify.Checkpoint{}, nil
	}
	point, err := auditverify.OpenCheckpoint(raw, key)
	if err != nil {
		return point, refuse("the high-water mark in the server's bucket %s is not of this log: %w", subject.GuardBucket, err)
	}
	if point.Size > state.Size {
		return point, refuse("the guard's state in %s was rolled back to %d leaves, the server's bucket %s says that %d were verified",
			k.dir, state.Size, subject.GuardBucket, point.Size)
	}
	return point, nil
}

// contains demands that the log contains what a checkpoint covers.
func (s shard) contains(high auditverify.Checkpoint) error {
	if high.Size == 0 {
		return nil
	}
	log, err := openLog(s.dir)
	if err != nil {
		return refuse("%w", err)
	}
	root, err := log.RootAt(high.Size)
	if err != nil {
		return refuse("%w", err)
	}
	if root != high.Root {
		return refuse("the log is not the one of the high-water mark in the server's bucket %s: its first %d leaves are others", subject.GuardBucket, high.Size)
	}
	return nil
}
