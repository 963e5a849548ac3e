package audit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/shared/bus"
)

// CheckStreams compares the streams with the log of an audit directory, before anything is accepted or written.
// Decisions are on disk before they are logged, so a decision stream that ends before the log was lost, rolled back or
// exchanged; and streams that were logged once need the log they were logged in. Either is ErrRefused, with the way out.
func CheckStreams(ctx context.Context, js jetstream.JetStream, dir string) error {
	decisions, err := bus.Look(ctx, js, subject.DecisionStream)
	if err != nil {
		return err
	}
	last, any, err := lastLogged(dir)
	if err != nil {
		return err
	}
	if !any {
		return checkUnlogged(ctx, js, decisions, dir)
	}
	if decisions.Last < last {
		return fmt.Errorf("%w: the stream %s ends with block %d, but the log holds cases of block %d: the streams were lost or rolled back; "+
			"restore the NATS directory from its backup, or declare that what was not logged is lost with \"tidegate streams reset\" and the log "+
			"to be trusted as it is with \"tidegate audit accept\"",
			ErrRefused, subject.DecisionStream, decisions.Last, last)
	}
	return nil
}

// checkUnlogged looks for traces of a log where there is none.
func checkUnlogged(ctx context.Context, js jetstream.JetStream, decisions bus.Bounds, dir string) error {
	receipts, err := bus.Look(ctx, js, subject.PublicRecordStream)
	if err != nil {
		return err
	}
	if receipts.Last > 0 || decisions.First > 1 {
		return fmt.Errorf("%w: there is no log in %s, but %d receipts went out and decisions up to block %d were logged; restore the audit directory",
			ErrRefused, dir, receipts.Last, decisions.First-1)
	}
	return nil
}

// lastLogged is the last block of which the published logs of an audit directory hold a case; any says whether there is a
// log with anything in it.
func lastLogged(dir string) (block uint64, any bool, err error) {
	sh, err := current(dir)
	if err != nil {
		return 0, false, refuse("%w", err)
	}
	if _, err := os.Stat(filepath.Join(sh.log(), auditverify.CheckpointFile)); os.IsNotExist(err) {
		return sh.last(), sh.restore != nil, nil
	}
	log, err := openLog(sh.dir)
	if err != nil {
		return 0, false, refuse("%w", err)
	}
	block, size := sh.last(), log.Checkpoint().Size
	for leaf, err := range log.Leaves(size - min(size, 1024)) {
		if err != nil {
			return 0, false, refuse("%w", err)
		}
		head, _, err := event.ParseLeaf(leaf.Data)
		if err != nil {
			return 0, false, refuse("leaf %d: %w", leaf.Index, err)
		}
		if !head.Declares() { // which stands before a block that is not logged
			block = max(block, head.Sequence, head.To)
		}
	}
	return block, size > 0 || sh.restore != nil, nil
}

// ResetStreams moves the internal streams to where the log of an audit directory ends: the next block gets the number
// behind the last one logged. What was accepted and not logged is lost by it, which is why it must be asked for; it
// gives the number of the next block. Nothing may run on the streams.
func ResetStreams(ctx context.Context, js jetstream.JetStream, dir string) (next uint64, err error) {
	last, _, err := lastLogged(dir)
	if err != nil {
		return 0, err
	}
	for _, stream := range []string{subject.OrderStream, subject.EnrichedStream, subject.DecisionStream} {
		b, err := bus.Look(ctx, js, stream)
		if err != nil {
			return 0, err
		}
		if b.Last > last {
			return 0, fmt.Errorf("the stream %s reaches block %d, behind the log's last one, %d: there is nothing to reset", stream, b.Last, last)
		}
		if err := bus.Purge(ctx, js, stream, last+1); err != nil {
			return 0, err
		}
	}
	sh, err := current(dir)
	if err != nil {
		return 0, err
	}
	return last + 1, restoreMark(ctx, js, guardKey(sh.n))
}

// restoreMark makes the guard's key again where the server lost it: the file of the guard still says what was verified.
func restoreMark(ctx context.Context, js jetstream.JetStream, key string) error {
	kv, err := js.KeyValue(ctx, subject.GuardBucket)
	if err != nil {
		return fmt.Errorf("guard bucket %s: %w", subject.GuardBucket, err)
	}
	_, err = kv.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		_, err = kv.Create(ctx, key, nil)
	}
	if err != nil {
		return fmt.Errorf("guard bucket %s: %w", subject.GuardBucket, err)
	}
	return nil
}
