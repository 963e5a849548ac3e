package audit

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"iter"
	"math/rand/v2"
	"slices"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit/auditverify"
)

// Sample draws n different decisions of the published logs by lot, each proven to be under its checkpoint; all of them when
// there are no more. The lot follows from the newest checkpoint's root and the auditor's number alone: who keeps the log
// cannot know the number, who asks cannot know the root, and both can draw it again. An error ends it.
func Sample(ctx context.Context, dir string, n, number uint64) iter.Seq2[Logged, error] {
	return func(yield func(Logged, error) bool) {
		all, err := openAll(dir)
		if err != nil {
			yield(Logged{}, err)
			return
		}
		root, size := lots(all)
		seed := sha256.Sum256(binary.BigEndian.AppendUint64(root, number))
		lot := rand.New(rand.NewChaCha8(seed)) //nolint:gosec // it must be drawn again
		drawn := map[uint64]bool{}
		for taken := uint64(0); taken < n && uint64(len(drawn)) < size; {
			at := lot.Uint64N(size)
			if drawn[at] {
				continue
			}
			drawn[at] = true
			l, counts, err := draw(all, at)
			if err == nil {
				err = ctx.Err()
			}
			if err == nil && !counts {
				continue
			}
			if taken++; !yield(l, err) || err != nil {
				return
			}
		}
	}
}

// opened is a log that counts, with its files.
type opened struct {
	shard
	files *auditverify.Log
}

func openAll(dir string) (out []opened, err error) {
	all, err := shards(dir)
	if err != nil {
		return nil, err
	}
	for _, sh := range all {
		log, err := sh.open()
		if err != nil {
			return nil, err
		}
		if log != nil {
			out = append(out, opened{sh, log})
		}
	}
	return out, nil
}

// lots gives the newest root, and how many leaves there are to draw from.
func lots(all []opened) (root []byte, size uint64) {
	for _, o := range all {
		point := o.files.Checkpoint()
		root, size = point.Root[:], size+point.Size
	}
	return slices.Clone(root), size
}

// draw gives the leaf at a place counted over all logs, and whether it is a decision that counts.
func draw(all []opened, at uint64) (Logged, bool, error) {
	for _, o := range all {
		if size := o.files.Checkpoint().Size; at >= size {
			at -= size
			continue
		}
		l, err := o.prove(o.files, at)
		return l, l.Leaf.Kind == event.LeafDecision && o.counts(l.Leaf), err
	}
	return Logged{}, false, nil
}
