package replay

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"iter"

	"github.com/tidegate/tidegate/schemas/event"
)

// standing is something that says how an order stands: it left, was cancelled, or came in a new revision.
type standing struct {
	Order    uint64     `json:"o"` // see orderKey
	Kind     event.Kind `json:"k"`
	Revision int        `json:"r,omitempty"`
}

// orderKey stands for an order: two of ten million have the same by chance once in some hundred thousand histories.
func orderKey(tenant, source, id string) uint64 {
	b := make([]byte, 0, 128)
	for _, s := range []string{tenant, source, id} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	sum := sha256.Sum256(b)
	return binary.BigEndian.Uint64(sum[:])
}

// standing is what the case says of how its order stands; most say nothing. What left in part is still open, and a cancellation of an
// order that nobody had sent closes nothing: if it comes, it is wanted.
func (in *input) standing() (standing, bool) {
	h := &in.head
	switch h.Kind {
	case event.Shipped:
		if h.Shipment != nil && h.Shipment.Partial != nil && *h.Shipment.Partial {
			return standing{}, false
		}
	case event.Cancelled:
		if h.Of == "" {
			return standing{}, false
		}
	case event.Revised:
	default:
		return standing{}, false
	}
	return standing{orderKey(h.Tenant, h.Source, h.OrderID), h.Kind, h.Revision}, true
}

// stands is how orders stand at the end of a history: those that something was said of. Sixteen bytes or so an order.
type stands map[uint64]stood

// Survey reads the history once, before any of it is judged, for how orders stand at its end: what a slice of open or shipped
// orders is chosen by.
func (j *Judge) Survey(ctx context.Context, source func(context.Context, Mark) iter.Seq2[Batch, error]) error {
	all := stands{}
	sieve := newSieve(Slice{}, nil)
	for b, err := range source(ctx, nil) {
		if err != nil {
			return fmt.Errorf("replay: read history: %w", err)
		}
		var r Result
		for _, p := range b.Cases {
			if _, err := sieve.sift(p, &r); err != nil {
				return fmt.Errorf("replay: block %d, case %d: %w", p.Sequence, p.Place, err)
			}
		}
		for _, s := range r.stands {
			all.take(s)
		}
	}
	j.stands = all
	return nil
}

type stood struct {
	revision int32
	closed   byte // 0 open, 1 shipped, 2 cancelled
}

func standsOf(said iter.Seq2[standing, error]) (stands, error) {
	m := stands{}
	for s, err := range said {
		if err != nil {
			return nil, err
		}
		m.take(s)
	}
	return m, nil
}

// take goes on as the index of orders does, so that both call the same orders open: what left stays so when it is cancelled, a new
// revision opens its order again, and what is said of an older one counts no longer.
func (m stands) take(s standing) {
	at := m[s.Order]
	revision := int32(s.Revision) //nolint:gosec // revisions are counted from 1
	if revision < at.revision {
		return
	}
	switch {
	case s.Kind == event.Revised:
		at = stood{revision: revision}
	case s.Kind == event.Shipped:
		at.closed = 1
	case at.closed != 1:
		at.closed = 2
	}
	m[s.Order] = at
}

func (m stands) of(tenant, source, id string, revision int) Stand {
	at, ok := m[orderKey(tenant, source, id)]
	switch {
	case !ok:
		return Open
	case int32(revision) < at.revision: //nolint:gosec // as above
		return Revised
	case at.closed == 1:
		return Shipped
	case at.closed == 2:
		return Cancelled
	}
	return Open
}
