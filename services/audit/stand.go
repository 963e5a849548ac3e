package audit

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/services/audit/internal/guard"
	"github.com/tidegate/tidegate/services/audit/internal/tlog"
)

// standing is how the log was found.
type standing struct {
	keys     keys
	point    auditverify.Checkpoint // the published one, verified
	size     uint64                 // leaves in the tree, published or not
	position tlog.Position          // in the stream
}

// wayOut ends every refusal.
const wayOut = "restore the audit directory and its guard as they were together, or check the log with \"tidegate audit verify\" and, if it is to be trusted as it is, declare that with \"tidegate audit accept\""

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: %w; %s", ErrRefused, fmt.Errorf(format, args...), wayOut)
}

// stand looks at what is on disk before anything is written: the log must be the one the guard verified, grown by
// nothing but whole leaves. On the first start it makes the keys and the guard's empty state, before there is a log.
func (s *Service) stand() (standing, *guard.Guard, error) {
	found := s.found()
	kept, err := loadGuard(s.cfg.GuardDir)
	switch {
	case errors.Is(err, fs.ErrNotExist) && found:
		return standing{}, nil, refuse("there is a log in %s, but the guard's state in %s is gone", s.logDir(), s.cfg.GuardDir)
	case errors.Is(err, fs.ErrNotExist):
		if err := saveGuard(s.cfg.GuardDir, kept); err != nil {
			return standing{}, nil, err
		}
	case err != nil:
		return standing{}, nil, refuse("%w", err)
	}
	keys, err := loadKeys(s.cfg.Dir, s.cfg.Origin, found)
	if err != nil {
		return standing{}, nil, err
	}
	g, err := guard.Resume(kept)
	if err != nil {
		return standing{}, nil, refuse("%w", err)
	}
	st := standing{keys: keys}
	if !found {
		if kept.Size > 0 {
			return st, nil, refuse("the log in %s is gone; the guard verified %d leaves of it", s.logDir(), kept.Size)
		}
		st.position, err = tlog.Resume(nil)
		return st, g, err
	}
	err = s.examine(&st, g)
	return st, g, err
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
	st.position, err = s.resume(tree.Size)
	return err
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
	return saveGuard(s.cfg.GuardDir, g.State())
}

// resume reads the position from the log's last leaves.
func (s *Service) resume(size uint64) (tlog.Position, error) {
	var tail []event.Leaf
	for leaf, err := range auditverify.Leaves(os.DirFS(s.logDir()), size-min(size, 2*tlog.Window), size) {
		if err != nil {
			return tlog.Position{}, refuse("%w", err)
		}
		head, _, err := event.ParseLeaf(leaf.Data)
		if err != nil {
			return tlog.Position{}, refuse("leaf %d: %w", leaf.Index, err)
		}
		tail = append(tail, head)
	}
	p, err := tlog.Resume(tail)
	if err != nil {
		return p, refuse("%w", err)
	}
	return p, nil
}
