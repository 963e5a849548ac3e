package audit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/services/audit/internal/tlog"
	"github.com/tidegate/tidegate/shared/codec"
)

// Restoring is what an operator declares about a log of which leaves are gone, or all of it.
type Restoring struct {
	By      string   // who declares it
	Why     string   // one sentence
	Abandon bool     // nothing of the old log counts: it is damaged, or gone
	Kept    [][]byte // checkpoints of it kept elsewhere
	Do      bool     // begin the new log; without it only say what would be
}

// Restored is what a declared restore does, or would.
type Restored struct {
	Log      string             `json:"log"`                // name of the new log
	Key      string             `json:"key,omitempty"`      // its verifier key: auditors and witnesses need it; empty before it is done
	Dir      string             `json:"dir"`                // where it lies
	Before   string             `json:"before"`             // name of the log it goes on from
	Leaves   uint64             `json:"leaves"`             // of that one that count
	Trusted  uint64             `json:"trusted,omitempty"`  // size of the largest checkpoint of it that was kept
	Lost     uint64             `json:"lost"`               // leaves that are declared lost
	Sequence uint64             `json:"sequence"`           // first block of the new log; what the streams still have of it and later ones is logged again
	Done     bool               `json:"done"`               // it was done
	Needless bool               `json:"needless,omitempty"` // nothing is lost as far as is known here: "audit accept" would do
	Old      auditverify.Report `json:"old"`                // of the old log
}

// Restore declares what is gone of a log lost and begins a new log, whose first leaf names the last trusted checkpoint of the
// old one. The old log is never touched: it stays readable and verifiable, and what is left of it is still the history's
// first part. The new one has a key and name of its own, as two logs under one name would be a fork to every witness. What
// the streams still hold of the lost blocks is logged again. Nothing may run on the directory.
func Restore(ctx context.Context, cfg Config, o Restoring) (Restored, error) {
	cfg = cfg.WithDefaults()
	if o.Do && (strings.TrimSpace(o.By) == "" || strings.TrimSpace(o.Why) == "") {
		return Restored{}, errors.New("who declares the restore, and why, must be given")
	}
	unlock, err := lock(cfg.Dir)
	if err != nil {
		return Restored{}, err
	}
	defer unlock()
	old, err := current(cfg.Dir)
	if err != nil {
		return Restored{}, err
	}
	said, out, err := old.lose(ctx, cfg, o)
	if err != nil || !o.Do {
		return out, err
	}
	out.Key, err = begin(out, said)
	out.Done = err == nil
	return out, err
}

// lose looks at what is left of a log and says what is to be declared of it.
func (s shard) lose(ctx context.Context, cfg Config, o Restoring) (event.Restore, Restored, error) {
	said := event.Restore{Line: event.LineRestore, V: 1, By: o.By, Why: o.Why, At: event.At(cfg.Clock()), Sequence: 1}
	key, err := PublicKey(s.dir)
	if err != nil && !o.Abandon {
		return said, Restored{}, err
	}
	said.Key = strings.TrimSpace(key)
	said.Log, _, _ = strings.Cut(said.Key, "+")
	out := Restored{Log: s.nextName(said.Log, cfg.Origin), Dir: auditverify.LogDir(s.root, s.n+1), Before: said.Log}
	trusted := s.trusted(cfg, said.Key, o.Kept)
	said.Trusted, out.Trusted = string(trusted.Raw), trusted.Size
	if !o.Abandon {
		if err := s.left(ctx, &said, &out); err != nil {
			return said, out, err
		}
	}
	out.Leaves, out.Sequence = said.Leaves, said.Sequence
	out.Lost = trusted.Size - min(trusted.Size, said.Leaves)
	out.Needless = !o.Abandon && out.Lost == 0
	return said, out, nil
}

// left verifies what is left of the log and finds the first block that it does not hold whole.
func (s shard) left(ctx context.Context, said *event.Restore, out *Restored) (err error) {
	out.Old, err = auditverify.Dir(ctx, s.log(), auditverify.Options{Key: said.Key, Blobs: s.blobs()})
	if err != nil {
		return fmt.Errorf("%w; what cannot be verified can only be given up whole, with --abandon", err)
	}
	said.Found, said.Leaves = out.Old.Checkpoint, out.Old.Size
	var heads []event.Leaf
	for l, err := range s.logged(ctx, said.Leaves-min(said.Leaves, 2*tlog.Window), said.Leaves) {
		if err != nil {
			return err
		}
		heads = append(heads, l.Leaf)
	}
	position, err := tlog.Resume(heads)
	said.Sequence = max(position.Next.Sequence, s.last()+1)
	return err
}

// trusted is the largest checkpoint of the log that the guard or anybody else kept; the zero one when there is none.
func (s shard) trusted(cfg Config, key string, kept [][]byte) (largest auditverify.Checkpoint) {
	guardDir := cfg.GuardDir
	if guardDir == "" {
		guardDir, _ = GuardDir(s.root)
	}
	if _, state, _, err := openKeeper(guardDir, s.n); err == nil {
		kept = append(kept, state.Checkpoint)
		if state.Declared != nil {
			kept = append(kept, state.Declared.Trusted)
		}
	}
	for _, raw := range kept {
		if point, err := auditverify.OpenCheckpoint(raw, key); err == nil && point.Size >= largest.Size {
			largest = point
		}
	}
	return largest
}

// nextName is the name of the log after one: the first one's with a number.
func (s shard) nextName(name, origin string) string {
	if name == "" {
		name = origin
	}
	if s.n > 1 {
		name = strings.TrimSuffix(name, fmt.Sprintf("/%d", s.n))
	}
	return fmt.Sprintf("%s/%d", name, s.n+1)
}

// begin makes the new log's directory, whole or not at all.
func begin(out Restored, said event.Restore) (key string, err error) {
	dir := out.Dir + ".new"
	if err := os.RemoveAll(dir); err != nil {
		return "", fmt.Errorf("begin a new log: %w", err)
	}
	if err := os.MkdirAll(dir, dirPerm); err != nil {
		return "", fmt.Errorf("begin a new log: %w", err)
	}
	k, err := makeKeys(dir, out.Log)
	if err != nil {
		return "", err
	}
	line, err := codec.Append(nil, said)
	if err != nil {
		return "", err
	}
	if err := writeFile(filepath.Join(dir, auditverify.DeclarationFile), append(line, '\n'), 0o444); err != nil {
		return "", err
	}
	if err := os.Rename(dir, out.Dir); err != nil {
		return "", fmt.Errorf("begin a new log: %w", err)
	}
	parent := filepath.Dir(out.Dir)
	return k.public, errors.Join(syncDir(parent), syncDir(filepath.Dir(parent)))
}
