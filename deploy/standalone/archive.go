package standalone

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/enrichment"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/codec"
)

// mostSnapshots is how many snapshots of the archive are in memory at a time: one with every official list takes more than 100 MB.
const mostSnapshots = 2

// from adds what an audit directory's archive holds to what is at hand.
func (v *inventory) from(auditDir string) *inventory {
	v.archive = auditDir
	return v
}

func (v *inventory) archived(digest string) ([]byte, error) {
	if v.archive == "" {
		return nil, fs.ErrNotExist
	}
	return audit.ArchivedObject(v.archive, digest)
}

// snapshot finds a snapshot by its digest: at hand, else in the archive. The error says what is wrong with one that is there.
func (v *inventory) snapshot(digest string) (*enrichment.Reference, bool, error) {
	if ref, ok := v.snapshots[digest]; ok {
		return ref, true, nil
	}
	ref, err := enrichment.OpenReference(digest, v.archived)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	if len(v.loaded) == mostSnapshots {
		delete(v.snapshots, v.loaded[0])
		v.loaded = slices.Delete(v.loaded, 0, 1)
	}
	v.snapshots[digest], v.loaded = ref, append(v.loaded, digest)
	return ref, true, nil
}

// rules finds a pack by its digest: at hand, else in the archive.
func (v *inventory) rules(digest string) (*screening.Pack, bool) {
	if p, ok := v.packs[digest]; ok {
		return p, true
	}
	object, err := v.archived(digest)
	if err != nil {
		return nil, false
	}
	p, err := screening.OpenPack(object)
	if err != nil || p.Ref().Digest != digest {
		return nil, false
	}
	v.packs[digest] = p
	return p, true
}

// restoreReference puts back into the reference store what the log's newest activations name, from the archive: the stages could not load it
// otherwise. It gives how many there are.
func restoreReference(ctx context.Context, js jetstream.JetStream, auditDir string) (int, error) {
	newest := map[string]string{}
	for l, err := range audit.ReadCases(ctx, auditDir, 1) {
		if err != nil {
			return 0, err
		}
		if l.Leaf.Kind != event.LeafControl {
			continue
		}
		var c event.Cause
		if err := codec.Decode(l.Case.Line(0), &c); err != nil {
			return 0, fmt.Errorf("leaf %d: %w", l.Index, err)
		}
		if c.Control != nil {
			newest[c.Control.What] = c.Control.Digest
		}
	}
	for what, digest := range newest {
		object, err := audit.ArchivedObject(auditDir, digest)
		if err != nil {
			return 0, fmt.Errorf("%s in force: %w", what, err)
		}
		if _, err := bus.PutObject(ctx, js, what, object); err != nil {
			return 0, err
		}
	}
	return len(newest), nil
}
