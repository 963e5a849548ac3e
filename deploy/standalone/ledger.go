package standalone

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/codec"
)

// errNoOrder says that the log has no decision about an order.
var errNoOrder = errors.New("no decision about it is in the log; what was decided a moment ago is logged within a second or two")

// openLedger makes screening's ledger of a data directory from its newest snapshot and the log behind it, whether
// anything runs there or not.
func openLedger(ctx context.Context, data string) (*screening.Ledger, error) {
	l, at := screening.OpenLedger(screeningDir(data))
	for p, err := range decided(ctx, AuditDir(data), at+1) {
		if err != nil {
			return nil, err
		}
		if p.Case.Len() > 0 && p.Sequence > at {
			l.Take(p.Case)
		}
	}
	return l, nil
}

// decision is a case of the log, read.
type decision struct {
	lines event.Case
	cause event.Cause
	facts event.Facts
	said  event.Judgement
}

// newest gives the newest decision about an order's newest revision, or about an event.
func newest(ctx context.Context, data, id string) (*decision, error) {
	found, _, err := audit.Find(ctx, AuditDir(data), id)
	if err != nil {
		return nil, err
	}
	var best *decision
	for _, l := range found {
		if l.Case.Passes() || l.Case.Len() < 3 {
			continue
		}
		d := &decision{lines: l.Case}
		err := errors.Join(codec.Decode(l.Case.Line(0), &d.cause), codec.Decode(l.Case.Line(1), &d.facts), codec.Decode(l.Case.Line(2), &d.said))
		if err != nil {
			return nil, fmt.Errorf("leaf %d: %w", l.Index, err)
		}
		if best != nil && (best.cause.Source != d.cause.Source || best.cause.Tenant != d.cause.Tenant) {
			return nil, fmt.Errorf("%s names orders of sources %s and %s: name an event id instead", id, best.cause.Source, d.cause.Source)
		}
		if best == nil || d.cause.Revision >= best.cause.Revision {
			best = d
		}
	}
	if best == nil {
		return nil, fmt.Errorf("%s: %w", id, errNoOrder)
	}
	return best, nil
}

// packOf finds the pack that a judgement names: the shipped one, one in the directories given, or one that a running
// process keeps.
func packOf(ctx context.Context, data string, dirs []string, ref event.PackRef) (*screening.Pack, error) {
	known, err := newInventory(dirs, nil)
	if err != nil {
		return nil, err
	}
	if p, ok := known.pack(ref); ok {
		return p, nil
	}
	if nc, err := bus.OperatorOf(ctx, data); err == nil {
		defer nc.Close()
		js, err := jetstream.New(nc)
		if err != nil {
			return nil, err
		}
		if object, err := bus.GetObject(ctx, js, ref.Digest); err == nil {
			p, err := screening.OpenPack(object)
			if err != nil {
				return nil, err
			}
			if p, err = p.With(ref.Parameters); err == nil && maps.Equal(p.Ref().Parameters, ref.Parameters) {
				return p, nil
			}
		}
	}
	return nil, fmt.Errorf("pack %s %s with digest %s is not at hand: name its folder with --pack", ref.ID, ref.Version, ref.Digest)
}
