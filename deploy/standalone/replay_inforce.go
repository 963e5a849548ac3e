package standalone

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/enrichment"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/codec"
)

// inForce is what decisions were made with at a moment.
type inForce struct {
	pack     event.PackRef
	snapshot string
	masters  string
}

// errNothingKnown says that nothing was in force yet.
var errNothingKnown = errors.New("nothing had been decided or activated by then")

// inForceAt is what was in force at a moment, by activation: what the last decision received until then was made with, and what
// was activated behind it. An empty moment is now.
func (k *replayKnown) inForceAt(ctx context.Context, data string, at event.Instant) (inForce, error) {
	last, since, err := lastKnown(ctx, AuditDir(data), at)
	if err != nil {
		return inForce{}, err
	}
	var f inForce
	if last.Len() == 0 {
		return f, errNothingKnown
	}
	var facts event.Facts
	var j event.Judgement
	if err := errors.Join(codec.Decode(last.Line(1), &facts), codec.Decode(last.Line(2), &j)); err != nil {
		return f, err
	}
	f = inForce{j.Pack, facts.Snapshot, facts.Masters}
	for _, a := range since {
		if err := k.activated(data, a, &f); err != nil {
			return f, err
		}
	}
	return f, nil
}

// activated is what is in force behind an activation.
func (k *replayKnown) activated(data string, a event.Activation, f *inForce) error {
	if a.What == bus.Masters {
		f.masters = a.Digest
		return nil
	}
	object, err := audit.ArchivedObject(AuditDir(data), a.Digest)
	if err != nil {
		return fmt.Errorf("%s in force: %w", a.What, err)
	}
	switch a.What {
	case bus.Pack:
		p, err := screening.OpenPack(object)
		if err != nil {
			return err
		}
		k.take(p)
		f.pack = p.Ref()
	case bus.Lists:
		curated, err := enrichment.Curated()
		if err != nil {
			return err
		}
		ref, err := curated.WithListsObject(object)
		if err != nil {
			return err
		}
		k.mu.Lock()
		k.inv.snapshots[ref.Digest()] = ref
		k.mu.Unlock()
		f.snapshot = ref.Digest()
	}
	return nil
}

var receivedMember = []byte(`,"received_at":"`)

// lastKnown is the last decision received until a moment, and the activations behind it.
func lastKnown(ctx context.Context, dir string, at event.Instant) (last event.Case, since []event.Activation, err error) {
	points, err := audit.Points(dir)
	if err != nil {
		return last, nil, err
	}
	for s, err := range audit.Walk(ctx, dir, points, audit.WalkMark{}) {
		if err != nil {
			return last, nil, err
		}
		for _, l := range s.Cases {
			if at != "" && receivedOf(l.Case.Line(0)) > at {
				continue
			}
			switch l.Leaf.Kind {
			case event.LeafDecision:
				last, since = l.Case, nil
			case event.LeafControl:
				var c event.Cause
				if err := codec.Decode(l.Case.Line(0), &c); err != nil {
					return last, nil, fmt.Errorf("leaf %d: %w", l.Index, err)
				}
				if c.Control != nil {
					since = append(since, *c.Control)
				}
			}
		}
	}
	return last, since, nil
}

// receivedOf reads when a cause came in, which stands before anything that its sender wrote.
func receivedOf(line []byte) event.Instant {
	_, rest, _ := bytes.Cut(line, receivedMember)
	when, _, _ := bytes.Cut(rest, []byte{'"'})
	return event.Instant(when)
}
