package audit

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"iter"
	"math/rand/v2"
)

// Sample draws n different cases of the published log by lot, each proven to be under the checkpoint; all of them when
// there are no more. The lot follows from the checkpoint's root and the auditor's number alone: who keeps the log
// cannot know the number, who asks cannot know the root, and both can draw it again. An error ends it.
func Sample(ctx context.Context, dir string, n, number uint64) iter.Seq2[Logged, error] {
	return func(yield func(Logged, error) bool) {
		log, err := openLog(dir)
		if err != nil {
			yield(Logged{}, err)
			return
		}
		point := log.Checkpoint()
		seed := sha256.Sum256(binary.BigEndian.AppendUint64(point.Root[:], number))
		lot := rand.New(rand.NewChaCha8(seed)) //nolint:gosec // it must be drawn again
		drawn := map[uint64]bool{}
		for taken := uint64(0); taken < n && uint64(len(drawn)) < point.Size; {
			at := lot.Uint64N(point.Size)
			if drawn[at] {
				continue
			}
			drawn[at] = true
			data, err := log.Prove(at)
			var l Logged
			if err == nil {
				l, err = openLogged(dir, at, data)
			}
			if err == nil {
				err = ctx.Err()
			}
			if err == nil && !l.Leaf.HasCase() {
				continue
			}
			if taken++; !yield(l, err) || err != nil {
				return
			}
		}
	}
}
