package audit

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/tidegate/tidegate/services/audit/auditverify"
)

const (
	pollInterval = 20 * time.Millisecond // between two looks at the published checkpoint, while leaves wait for one
	patience     = 500                   // looks at a checkpoint that covers leaves we do not know to be ours
)

// watch waits for the log to publish, demands of every checkpoint that it is of our own leaves, keeps that, and only
// then releases what it covers.
func (r *run) watch(ctx context.Context, in <-chan entry, out chan<- release) error {
	if err := send(ctx, out, release{point: r.start.point}); err != nil {
		return err
	}
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	point, pending, looks := r.start.point, []entry(nil), 0
	late := &lateness{run: r}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e, ok := <-in:
			if !ok {
				return ctx.Err()
			}
			r.guard.Add(e.hash)
			pending = append(pending, e)
			continue
		case <-tick.C:
		}
		if r.guard.Known() == r.guard.Size() {
			late.since = time.Time{}
			continue
		}
		late.look(ctx, point.Size)
		found, err := r.checkpoint(point)
		if err != nil {
			return err
		}
		if looks++; found.Size > r.guard.Known() && looks < patience {
			continue // it was published before settle had passed on all it covers
		}
		if looks = 0; found.Size == r.guard.Size() && bytes.Equal(found.Raw, point.Raw) {
			continue
		}
		if err := r.verify(ctx, found); err != nil {
			return err
		}
		late.witnessed(ctx, r.log.Witnessed(found.Raw))
		r.newest.Store(&found)
		point = found
		n := covered(pending, point.Size)
		if err := send(ctx, out, release{point, pending[:n:n]}); err != nil {
			return err
		}
		pending = pending[n:]
	}
}

// lateness rings when leaves wait too long for a checkpoint: witnesses that are away, or that refuse to sign because
// they saw another log under this name.
type lateness struct {
	*run
	size  uint64
	since time.Time
	rung  bool
	alone bool // the last checkpoint went out without its witnesses
}

func (l *lateness) witnessed(ctx context.Context, ok bool) {
	if !ok && !l.alone {
		l.cfg.Log.ErrorContext(ctx, "ALARM: checkpoints are published without the witnesses' quorum")
	}
	l.alone = !ok
}

func (l *lateness) look(ctx context.Context, published uint64) {
	now := l.cfg.Clock()
	if l.since.IsZero() || published != l.size {
		l.size, l.since, l.rung = published, now, false
	}
	if waits := now.Sub(l.since); waits > l.cfg.Lag && !l.rung && l.guard.Known() > published {
		l.rung = true
		l.cfg.Log.ErrorContext(ctx, "ALARM: leaves wait for a checkpoint; witnesses are away or refuse to sign",
			slog.Uint64("published", published), slog.Uint64("leaves", l.guard.Known()), slog.Duration("waiting", waits))
	}
}

// verify proves a checkpoint and keeps it, in both places, before anything is vouched for: after a crash in between,
// the next start finds it again.
func (r *run) verify(ctx context.Context, point auditverify.Checkpoint) error {
	if err := r.guard.Advance(point.Size, point.Root[:], point.Raw); err != nil {
		return refuse("%w", err)
	}
	state := kept{State: r.guard.State(), Receipts: r.start.kept.Receipts}
	if d := r.start.kept.Declared; d != nil && point.Size <= d.Size {
		state.Declared = d
	}
	if err := r.start.keeper.save(state); err != nil {
		return err
	}
	return r.start.keeper.raise(ctx, point.Raw)
}

// checkpoint reads the published checkpoint; the last one, when it is still the same.
func (r *run) checkpoint(last auditverify.Checkpoint) (auditverify.Checkpoint, error) {
	raw, err := os.ReadFile(filepath.Join(r.logDir(), auditverify.CheckpointFile))
	if err != nil {
		return last, fmt.Errorf("read checkpoint: %w", err)
	}
	if bytes.Equal(raw, last.Raw) {
		return last, nil
	}
	point, err := auditverify.OpenCheckpoint(raw, r.start.keys.public)
	if err != nil {
		return last, refuse("%w", err)
	}
	return point, nil
}

func covered(pending []entry, size uint64) int {
	n := 0
	for n < len(pending) && pending[n].receipt.Leaf < size {
		n++
	}
	return n
}

func send(ctx context.Context, out chan<- release, rel release) error {
	select {
	case out <- rel:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
