// Package guard proves to ourselves what we are about to vouch for: it keeps the right edge of the last tree that was
// published and verified, adds the hashes of our own leaves in order, and demands that every published root is theirs.
// So each leaf's inclusion and the log's append-only growth are proven at a few microseconds a leaf.
package guard

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
)

// ErrDoubt says that the log is not the one we wrote. Nothing may be vouched for any more.
var ErrDoubt = errors.New("the log is not the one that was verified before")

// State is what is kept between runs: the last verified tree.
type State struct {
	Size       uint64   `json:"size"`
	Hashes     [][]byte `json:"hashes"`     // compact range over [0, Size)
	Checkpoint []byte   `json:"checkpoint"` // the signed note it was verified against; empty for the empty log
}

var factory = compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}

// Guard is owned by one goroutine.
type Guard struct {
	edge    *compact.Range
	point   []byte
	pending [][]byte // hashes of our leaves behind the edge, in index order
}

// Resume goes on from a kept state.
func Resume(s State) (*Guard, error) {
	edge, err := factory.NewRange(0, s.Size, s.Hashes)
	if err != nil {
		return nil, fmt.Errorf("guard state: %w", err)
	}
	return &Guard{edge: edge, point: s.Checkpoint}, nil
}

// Size is the number of leaves verified.
func (g *Guard) Size() uint64 { return g.edge.End() }

// Known is the number of leaves verified and added.
func (g *Guard) Known() uint64 { return g.edge.End() + uint64(len(g.pending)) }

// Add takes the RFC 6962 hash of the next of our own leaves.
func (g *Guard) Add(leafHash []byte) { g.pending = append(g.pending, leafHash) }

// Advance demands that the published tree is ours: not smaller than the last one and with the root of our own leaves.
// Known must have reached size. ErrDoubt (wrapped) says in one sentence what is wrong.
func (g *Guard) Advance(size uint64, root, checkpoint []byte) error {
	switch {
	case size < g.Size():
		return fmt.Errorf("%w: its checkpoint has size %d, after one of size %d was verified", ErrDoubt, size, g.Size())
	case size > g.Known():
		return fmt.Errorf("%w: its checkpoint has size %d, but only %d leaves are ours", ErrDoubt, size, g.Known())
	}
	if err := g.extend(size - g.Size()); err != nil {
		return err
	}
	got, err := g.root()
	if err != nil {
		return err
	}
	if !bytes.Equal(got, root) {
		return fmt.Errorf("%w: its checkpoint of size %d states root %x, our own leaves have %x", ErrDoubt, size, root, got)
	}
	g.point = checkpoint
	return nil
}

// Root is the root over every leaf known, verified or not.
func (g *Guard) Root() ([]byte, error) {
	// A range built on another's hashes writes into them when it grows: the copy keeps our own edge whole.
	all, err := factory.NewRange(0, g.edge.End(), slices.Clone(g.edge.Hashes()))
	if err != nil {
		return nil, fmt.Errorf("guard: %w", err)
	}
	whole := Guard{edge: all, pending: g.pending}
	if err := whole.extend(uint64(len(g.pending))); err != nil {
		return nil, err
	}
	return whole.root()
}

// State is what to keep.
func (g *Guard) State() State {
	return State{Size: g.edge.End(), Hashes: slices.Clone(g.edge.Hashes()), Checkpoint: g.point}
}

func (g *Guard) extend(n uint64) error {
	for _, h := range g.pending[:n] {
		if err := g.edge.Append(h, nil); err != nil {
			return fmt.Errorf("guard: %w", err)
		}
	}
	g.pending = g.pending[n:]
	return nil
}

func (g *Guard) root() ([]byte, error) {
	if g.edge.End() == 0 {
		return rfc6962.DefaultHasher.EmptyRoot(), nil
	}
	root, err := g.edge.GetRootHash(nil)
	if err != nil {
		return nil, fmt.Errorf("guard: %w", err)
	}
	return root, nil
}
