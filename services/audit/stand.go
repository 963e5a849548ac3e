package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/services/audit/internal/guard"
	"github.com/tidegate/tidegate/services/audit/internal/tlog"
	"github.com/tidegate/tidegate/shared/bus"
)

// standing is how the log was found.
type standing struct {
	keys     keys
	keeper   *keeper
	kept     kept                   // the guard's file
	point    auditverify.Checkpoint // the published one, verified
	size     uint64                 // leaves in the tree, published or not
	position tlog.Position          // in the stream
	tail     tail                   // of the log's last cases
}

// wayOut ends every refusal.
const wayOut = "restore the audit directory and its guard as they were together, or check the log with \"tidegate audit verify\" and, if it is to be trusted as it is, declare that with \"tidegate audit accept\", or declare what is gone lost with \"tidegate audit restore\""

func refuse(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if file, ok := errors.AsType[*fs.PathError](err); ok && !errors.Is(file, fs.ErrNotExist) {
		return fmt.Errorf("audit cannot read what it must: %w", err) // the disk's fault, which says nothing of the log
	}
	return fmt.Errorf("%w: %w; %s", ErrRefused, err, wayOut)
}

// stand looks at what is on disk and in the guard's bucket before anything is written: the log must be the one the
// guard verified, grown by nothing but whole leaves. On the first start it makes the keys and the guard's empty state,
// before there is a log.
func (s *Service) stand(ctx context.Context) (standing, *guard.Guard, error) {
	found := s.found()
	var st standing
	var err error
	if st.keys, err = loadKeys(s.shard.dir, s.cfg.Origin, found); err != nil {
		return st, nil, err
	}
	if err := s.openGuard(&st, found); err != nil {
		return st, nil, err
	}
	if err := s.shard.newest(ctx, s.js, s.cfg.GuardDir); err != nil {
		return st, nil, err
	}
	g, err := guard.Resume(st.kept.State)
	if err != nil {
		return st, nil, refuse("%w", err)
	}
	if !found && st.kept.Size > 0 {
		return st, nil, refuse("the log in %s is gone; the guard verified %d leaves of it", s.logDir(), st.kept.Size)
	}
	high, err := st.keeper.agree(ctx, s.js, st.kept, st.keys.public)
	if err != nil {
		return st, nil, err
	}
	if !found {
		return st, g, s.begin(ctx, &st)
	}
	if err := s.examine(&st, g); err != nil {
		return st, g, err
	}
	if err := s.shard.contains(high); err != nil {
		return st, g, err
	}
	return st, g, st.keeper.raise(ctx, st.point.Raw)
}

// openGuard reads the guard's file, which must be there when there is a log.
func (s *Service) openGuard(st *standing, found bool) (err error) {
	if s.cfg.GuardDir == "" {
		if s.cfg.GuardDir, err = GuardDir(s.cfg.Dir); err != nil {
			return err
		}
	}
	k, state, there, err := openKeeper(s.cfg.GuardDir, s.shard.n)
	if err != nil {
		return refuse("%w", err)
	}
	k.log = s.cfg.Log
	st.keeper, st.kept = k, state
	switch {
	case there:
		return nil
	case found:
		return refuse("there is a log in %s, but the guard's state in %s is gone", s.logDir(), s.cfg.GuardDir)
	default:
		return k.save(state)
	}
}

// found says whether there is a log with anything in it. A crash on the very first start may leave an empty one.
func (s *Service) found() bool {
	for _, name := range []string{auditverify.CheckpointFile, "tile", stateName} {
		if _, err := os.Stat(filepath.Join(s.logDir(), name)); err == nil {
			return true
		}
	}
	return false
}

// examine checks checkpoint, tree state and leaves behind the guard's tree against the guard.
func (s *Service) examine(st *standing, g *guard.Guard) error {
	tree, err := loadTreeState(s.logDir())
	if err != nil {
		return refuse("the log's own state is missing or broken (%w): appending would begin at 0 again", err)
	}
	st.size = tree.Size
	if err := s.published(st, g.Size()); err != nil {
		return err
	}
	if tree.Size < st.point.Size {
		return refuse("the log's state was rolled back to %d leaves, its checkpoint covers %d", tree.Size, st.point.Size)
	}
	if err := s.extend(st, g); err != nil {
		return err
	}
	root, err := g.Root()
	if err != nil {
		return err
	}
	if !bytes.Equal(root, tree.Root) {
		return refuse("the leaves in %s are not the ones the log's state was made from", s.logDir())
	}
	return s.resume(st)
}

// published reads the checkpoint. None is fine as long as there is no leaf: the first start was cut off.
func (s *Service) published(st *standing, verified uint64) error {
	raw, err := os.ReadFile(filepath.Join(s.logDir(), auditverify.CheckpointFile))
	if errors.Is(err, fs.ErrNotExist) && st.size == 0 && verified == 0 {
		copy(st.point.Root[:], rfc6962.DefaultHasher.EmptyRoot())
		return nil
	}
	if err != nil {
		return refuse("the log's checkpoint: %w", err)
	}
	if st.point, err = auditverify.OpenCheckpoint(raw, st.keys.public); err != nil {
		return refuse("%w", err)
	}
	if st.point.Size < verified {
		return refuse("the log was rolled back: its checkpoint covers %d leaves, %d were verified before", st.point.Size, verified)
	}
	return nil
}

// extend adds the leaves behind the guard's tree from disk, demands the checkpoint's root at its size, and keeps that.
func (s *Service) extend(st *standing, g *guard.Guard) error {
	for leaf, err := range auditverify.Leaves(os.DirFS(s.logDir()), g.Known(), st.size) {
		if err != nil {
			return refuse("%w", err)
		}
		g.Add(rfc6962.DefaultHasher.HashLeaf(leaf.Data))
	}
	if err := g.Advance(st.point.Size, st.point.Root[:], st.point.Raw); err != nil {
		return refuse("%w", err)
	}
	st.kept.State = g.State()
	return st.keeper.save(st.kept)
}

// resume reads the position from the log's last leaves, and what they are the leaves of.
func (s *Service) resume(st *standing) error {
	var heads []event.Leaf
	first := st.size - min(st.size, 2*tlog.Window)
	for leaf, err := range auditverify.Leaves(os.DirFS(s.logDir()), first, st.size) {
		if err != nil {
			return refuse("%w", err)
		}
		head, body, err := event.ParseLeaf(leaf.Data)
		if err != nil {
			return refuse("leaf %d: %w", leaf.Index, err)
		}
		heads = append(heads, head)
		st.tail.add(head, body)
	}
	st.tail.begin(first == 0)
	var err error
	if st.position, err = tlog.Resume(heads); err != nil {
		return refuse("%w", err)
	}
	if len(heads) == 0 {
		st.position.Next.Sequence = s.shard.last() + 1
	}
	st.tail.first = max(st.tail.first, s.shard.last()+1)
	return nil
}

// begin is where a log without leaves stands: at the first block, or where the log before it ended. How many receipts went
// out before is kept: the stream of receipts has those of all logs.
func (s *Service) begin(ctx context.Context, st *standing) error {
	st.position.Next.Sequence = s.shard.last() + 1
	st.tail.first = st.position.Next.Sequence
	if s.shard.restore == nil {
		return nil
	}
	receipts, err := bus.Look(ctx, s.js, subject.PublicRecordStream)
	if err != nil {
		return err
	}
	st.kept.Receipts = receipts.Last
	return st.keeper.save(st.kept)
}
