package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/services/audit/internal/guard"
)

// Accept declares the log as it is to be the one to trust, after a restore: it verifies all of it, also against the
// checkpoints given but not against the guard's, and starts the guard anew from it. Leaves behind the checkpoint are
// dropped; they are read from the stream again. The next start writes the declaration into the log, as its next leaf,
// with the checkpoint that was trusted before. Nothing may run on the directory.
func Accept(ctx context.Context, cfg Config, o auditverify.Options) (auditverify.Report, error) {
	cfg = cfg.WithDefaults()
	unlock, err := lock(cfg.Dir)
	if err != nil {
		return auditverify.Report{}, err
	}
	defer unlock()
	sh, err := current(cfg.Dir)
	if err != nil {
		return auditverify.Report{}, err
	}
	key, err := PublicKey(sh.dir)
	if err != nil {
		return auditverify.Report{}, err
	}
	if cfg.GuardDir == "" {
		if cfg.GuardDir, err = GuardDir(cfg.Dir); err != nil {
			return auditverify.Report{}, err
		}
	}
	o.Key, o.Blobs = key, sh.blobs()
	rep, err := auditverify.Dir(ctx, sh.log(), o)
	if err != nil {
		return rep, err
	}
	k, next := declaration(cfg, sh, rep.Size)
	if trusted, err := auditverify.OpenCheckpoint(next.Declared.Trusted, key); err == nil && trusted.Size > rep.Size {
		return rep, fmt.Errorf("%w: %d leaves were verified before, %d are left; restore the audit directory from a later backup, or declare "+
			"the others lost with \"tidegate audit restore\", which begins a new log", ErrRefused, trusted.Size, rep.Size)
	}
	return rep, trust(sh, rep, key, k, next)
}

// declaration remembers what was trusted before; a guard's file that is gone or cannot be read has nothing to say.
func declaration(cfg Config, sh shard, size uint64) (*keeper, kept) {
	k, old, _, err := openKeeper(cfg.GuardDir, sh.n)
	d := &declared{Size: size, At: event.At(cfg.Clock())}
	if err == nil {
		d.Trusted = old.Checkpoint
		if old.Declared != nil { // the declaration before never came to its leaf
			d.Trusted = old.Declared.Trusted
		}
	}
	return k, kept{Declared: d, Receipts: old.Receipts}
}

func trust(sh shard, rep auditverify.Report, key string, k *keeper, next kept) error {
	point, err := auditverify.OpenCheckpoint([]byte(rep.Checkpoint), key)
	if err != nil {
		return err
	}
	g, err := guard.Resume(guard.State{})
	if err != nil {
		return err
	}
	dir := sh.log()
	for leaf, err := range auditverify.Leaves(os.DirFS(dir), 0, point.Size) {
		if err != nil {
			return err
		}
		g.Add(rfc6962.DefaultHasher.HashLeaf(leaf.Data))
	}
	if err := g.Advance(point.Size, point.Root[:], point.Raw); err != nil {
		return err
	}
	state, err := json.Marshal(treeState{point.Size, point.Root[:]})
	if err != nil {
		return fmt.Errorf("log state: %w", err)
	}
	if err := writeFile(filepath.Join(dir, filepath.FromSlash(stateName)), state, 0o644); err != nil {
		return err
	}
	next.State = g.State()
	return k.save(next)
}
