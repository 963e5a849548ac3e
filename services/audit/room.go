package audit

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/shared/bus"
)

// makeRoom removes what is in the log from the streams before it, now and then. The streams refuse new blocks when
// they are full, so this is what lets senders go on; it never touches a block without all its receipts. On the way it
// watches over the streams that it may not lose.
func (r *run) makeRoom(ctx context.Context) error {
	tick := time.NewTicker(r.cfg.PurgeInterval)
	defer tick.Stop()
	watched := &streams{run: r}
	waited := 0
	for purged := uint64(0); ; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		if err := watched.look(ctx); errors.Is(err, ErrRefused) {
			return err
		}
		logged := r.receipted.Load()
		if logged == purged {
			continue
		}
		if waited++; waited < roomRounds && !r.crowded(ctx) {
			continue
		}
		if err := r.purge(ctx, logged); err != nil {
			r.cfg.Log.WarnContext(ctx, "streams got no room, trying again", slog.Any("error", err))
			continue
		}
		purged, waited = logged, 0
	}
}

// Blocks in the log are left in ORDER and ENRICHED until a stream holds so many bytes, or a quarter of what it may, or so many
// rounds went by: the server rewrites a file with each removal, and every order waits for that.
const (
	roomBytes  = 8 << 20
	roomRounds = 10
)

// crowded says whether a stream holds enough to be worth a removal. One that cannot be looked at is the removal's to find out.
func (r *run) crowded(ctx context.Context) bool {
	for _, name := range []string{subject.OrderStream, subject.EnrichedStream} {
		s, err := r.js.Stream(ctx, name)
		if err != nil {
			return true
		}
		info := s.CachedInfo()
		if info.State.Bytes >= roomBytes || info.Config.MaxBytes > 0 && info.State.Bytes >= uint64(info.Config.MaxBytes)/4 {
			return true
		}
	}
	return false
}

// purge keeps every block that a stage has still to read, also one that makes a lost tail again: ORDER gives up what
// ENRICHED has, ENRICHED what DECISION has.
func (r *run) purge(ctx context.Context, logged uint64) error {
	enriched, err := bus.Look(ctx, r.js, subject.EnrichedStream)
	if err != nil {
		return err
	}
	decision, err := bus.Look(ctx, r.js, subject.DecisionStream)
	if err != nil {
		return err
	}
	if err := bus.Purge(ctx, r.js, subject.OrderStream, min(logged, enriched.Last)+1); err != nil {
		return err
	}
	if err := bus.Purge(ctx, r.js, subject.EnrichedStream, min(logged, enriched.Last, decision.Last)+1); err != nil {
		return err
	}
	return r.purgeDecisions(ctx, logged)
}

// purgeDecisions keeps the newest logged blocks, for replay and reproduce.
func (r *run) purgeDecisions(ctx context.Context, logged uint64) error {
	s, err := r.js.Stream(ctx, subject.DecisionStream)
	if err != nil {
		return err
	}
	st := s.CachedInfo().State
	keep := st.FirstSeq
	if excess := int64(st.Bytes) - r.cfg.KeepDecisionBytes; excess > 0 && st.Msgs > 0 {
		// Blocks are counted at their average size; the next round corrects what that misses.
		keep += uint64(excess)/max(1, st.Bytes/st.Msgs) + 1
	}
	if r.cfg.KeepDecisionAge > 0 && st.Msgs > 0 {
		if keep, err = r.firstSince(ctx, s, r.cfg.Clock().Add(-r.cfg.KeepDecisionAge), keep, st.LastSeq); err != nil {
			return err
		}
	}
	if keep = min(keep, logged+1, st.LastSeq+1); keep <= st.FirstSeq {
		return nil
	}
	r.roomed.Store(keep) // before it happens: what goes below it is no loss
	return bus.Purge(ctx, r.js, subject.DecisionStream, keep)
}

// firstSince finds the first block stored since a time, between from and last, by bisection.
func (r *run) firstSince(ctx context.Context, s jetstream.Stream, since time.Time, from, last uint64) (uint64, error) {
	for end := last + 1; from < end; {
		mid := from + (end-from)/2
		m, err := s.GetMsg(ctx, mid)
		if err != nil {
			return 0, err
		}
		if m.Time.Before(since) {
			from = mid + 1
		} else {
			end = mid
		}
	}
	return from, nil
}
