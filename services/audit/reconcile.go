package audit

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/shared/bus"
)

// Reconciled is what a comparison of the stream of decisions with the log found.
type Reconciled struct {
	First  uint64   `json:"first_block"` // compared, as far as the stream still has them
	Last   uint64   `json:"last_block"`
	Blocks uint64   `json:"blocks"`
	Cases  uint64   `json:"cases"`
	Faults []string `json:"faults,omitempty"`
}

// maxReconcileFaults ends a comparison: more faults say no more.
const maxReconcileFaults = 20

// Reconcile compares every decision block that the stream still holds and the published log covers with its leaves,
// case by case. ErrBad (wrapped) says that they differ: the log is what was vouched for, so the stream was changed.
// Both may be in use.
func Reconcile(ctx context.Context, nc *nats.Conn, dir string) (rep Reconciled, err error) {
	js, err := jetstream.New(nc)
	if err != nil {
		return rep, fmt.Errorf("reconcile: %w", err)
	}
	held, err := bus.Look(ctx, js, subject.DecisionStream)
	if err != nil {
		return rep, err
	}
	c := comparison{js: js, held: held, rep: Reconciled{First: held.First}}
	for l, err := range ReadCases(ctx, dir, held.First) {
		if err != nil {
			return c.rep, err
		}
		if err := c.add(ctx, l); err != nil {
			return c.rep, err
		}
		if len(c.rep.Faults) >= maxReconcileFaults {
			break
		}
	}
	if len(c.rep.Faults) > 0 {
		return c.rep, fmt.Errorf("%w: the stream and the log differ: %s", auditverify.ErrBad, c.rep.Faults[0])
	}
	return c.rep, nil
}

// comparison holds the block that leaves are compared with.
type comparison struct {
	js    jetstream.JetStream
	held  bus.Bounds
	block uint64
	cases []event.Case
	rep   Reconciled
}

func (c *comparison) add(ctx context.Context, l Logged) error {
	if l.Leaf.Sequence != c.block {
		if err := c.open(ctx, l.Leaf.Sequence); err != nil {
			return err
		}
	}
	at := fmt.Sprintf("case %d of block %d (leaf %d)", l.Leaf.Place, l.Leaf.Sequence, l.Index)
	switch {
	case c.cases == nil: // said, or purged meanwhile
	case len(c.cases) != l.Leaf.Cases:
		c.rep.Faults = append(c.rep.Faults, fmt.Sprintf("%s: the stream's block has %d cases, the log's %d", at, len(c.cases), l.Leaf.Cases))
	case event.Digest(c.cases[l.Leaf.Place].Append(nil)) != event.Digest(l.Case.Append(nil)):
		c.rep.Faults = append(c.rep.Faults, at+": the stream's bytes are not the logged ones")
	default:
		c.rep.Cases++
	}
	return nil
}

func (c *comparison) open(ctx context.Context, sequence uint64) error {
	c.block, c.cases = sequence, nil
	data, err := bus.Get(ctx, c.js, subject.DecisionStream, sequence)
	if errors.Is(err, bus.ErrGap) {
		return c.absent(ctx, sequence)
	}
	if err != nil {
		return err
	}
	if c.cases, err = event.ParseBlock(data); err != nil {
		c.rep.Faults = append(c.rep.Faults, fmt.Sprintf("block %d: %v", sequence, err))
		return nil
	}
	c.rep.Blocks++
	c.rep.Last = max(c.rep.Last, sequence)
	return nil
}

// absent tells a block that made room meanwhile from one that is missing.
func (c *comparison) absent(ctx context.Context, sequence uint64) error {
	held, err := bus.Look(ctx, c.js, subject.DecisionStream)
	if err == nil && sequence >= held.First {
		c.rep.Faults = append(c.rep.Faults, fmt.Sprintf("block %d is in the log, but not in the stream", sequence))
	}
	return err
}
