package audit

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/services/audit/internal/index"
	"github.com/tidegate/tidegate/shared/codec"
)

const indexName = "index.db"

// indexer appends to the index what has its receipt. It may be behind: then it reads from the log.
type indexer struct {
	*run
	file *os.File
	next uint64 // leaf to take next
	b    index.Builder
}

// index keeps the look-up by order beside the log. What is wrong with it is said and never stops the log.
func (r *run) index(ctx context.Context, in <-chan release) error {
	x := &indexer{run: r}
	defer func() { _ = x.close() }()
	for rel := range in {
		if err := x.take(ctx, rel); err != nil && ctx.Err() == nil {
			r.cfg.Log.WarnContext(ctx, "index was not written", slog.Any("error", err))
			_ = x.close()
		}
	}
	return nil
}

func (x *indexer) close() error {
	if x.file == nil {
		return nil
	}
	f := x.file
	x.file, x.b = nil, index.Builder{}
	return f.Close()
}

// open goes on behind the last whole segment. An index of more leaves than there are is of another log.
func (x *indexer) open(size uint64) error {
	if x.file != nil {
		return nil
	}
	f, err := os.OpenFile(filepath.Join(x.shard.dir, indexName), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return fmt.Errorf("open index: %w", err)
	}
	st, err := f.Stat()
	if err != nil {
		return errors.Join(fmt.Errorf("open index: %w", err), f.Close())
	}
	covered := index.Covered(st.Size())
	if covered > size {
		covered = 0
	}
	if err := f.Truncate(int64(covered/index.Leaves) * index.SegmentSize); err != nil {
		return errors.Join(fmt.Errorf("open index: %w", err), f.Close())
	}
	x.file, x.next = f, covered
	return nil
}

func (x *indexer) take(ctx context.Context, rel release) error {
	if err := x.open(rel.point.Size); err != nil {
		return err
	}
	first := rel.point.Size
	if len(rel.entries) > 0 {
		first = rel.entries[0].receipt.Leaf
	}
	if err := x.fromLog(ctx, first); err != nil {
		return err
	}
	for _, e := range rel.entries {
		if err := x.add(e.receipt.Leaf, e.receipt.OrderID, e.receipt.Event); err != nil {
			return err
		}
	}
	return nil
}

// fromLog reads what the index missed, when that is a segment or more: less is kept back and read when it is.
func (x *indexer) fromLog(ctx context.Context, end uint64) error {
	if x.next >= end {
		return nil
	}
	for l, err := range x.shard.logged(ctx, x.next, end) {
		if err != nil {
			return err
		}
		rec, err := receiptOf(l.Leaf, l.Case)
		if err != nil {
			return err
		}
		if err := x.add(l.Index, rec.OrderID, rec.Event); err != nil {
			return err
		}
	}
	return nil
}

func (x *indexer) add(leaf uint64, order, event string) error {
	if leaf < x.next {
		return nil
	}
	x.b.Add(leaf, order, event)
	x.next++
	if !x.b.Full() {
		return nil
	}
	at := int64(leaf/index.Leaves) * index.SegmentSize
	if _, err := x.file.WriteAt(x.b.Segment(), at); err != nil {
		return fmt.Errorf("write index: %w", err)
	}
	return nil
}

// Find gives every case of an order, by its id or an event's id, in the order they were logged, each proven to be under its
// log's published checkpoint; it gives the newest log's checkpoint, too. The index says where to look; leaves it does not
// cover yet are read.
func Find(ctx context.Context, dir, id string) ([]Logged, auditverify.Checkpoint, error) {
	all, err := shards(dir)
	if err != nil {
		return nil, auditverify.Checkpoint{}, err
	}
	var found []Logged
	var point auditverify.Checkpoint
	for _, sh := range all {
		log, err := sh.open()
		if err != nil {
			return nil, point, err
		}
		if log == nil {
			continue
		}
		point = log.Checkpoint()
		more, err := sh.find(ctx, log, id)
		if err != nil {
			return nil, point, err
		}
		found = append(found, more...)
	}
	return found, point, nil
}

func (s shard) find(ctx context.Context, log *auditverify.Log, id string) (found []Logged, err error) {
	hints, err := s.hints(ctx, id, log.Checkpoint().Size)
	if err != nil {
		return nil, err
	}
	for _, at := range hints {
		l, err := s.prove(log, at)
		if err != nil {
			return nil, err
		}
		rec, err := receiptOf(l.Leaf, l.Case)
		if err != nil {
			return nil, err
		}
		if s.counts(l.Leaf) && (rec.OrderID == id || rec.Event == id) {
			found = append(found, l)
		}
	}
	return found, nil
}

// Receipt makes the receipt of an event again, under the checkpoint published now; found is false while the event is
// not logged.
func Receipt(ctx context.Context, dir, id string) (line []byte, found bool, err error) {
	logged, _, err := Find(ctx, dir, id)
	if err != nil {
		return nil, false, err
	}
	for _, l := range logged {
		rec, err := receiptOf(l.Leaf, l.Case)
		if err != nil {
			return nil, false, err
		}
		if rec.Event != id {
			continue
		}
		line, err := l.Receipt()
		return line, err == nil, err
	}
	return nil, false, nil
}

// Receipt is the record line of a logged case under the checkpoint it was proven under.
func (l Logged) Receipt() ([]byte, error) {
	rec, err := receiptOf(l.Leaf, l.Case)
	if err != nil {
		return nil, err
	}
	rec.Log, rec.Leaf, rec.LeafHash = l.Log, l.Index, hex.EncodeToString(l.LeafHash())
	return codec.Append(nil, under(rec, *l.Under))
}

// hints are the leaves to look at: those the index names, and those behind it that are of the id.
func (s shard) hints(ctx context.Context, id string, size uint64) ([]uint64, error) {
	hints, covered, err := fromIndex(filepath.Join(s.dir, indexName), id)
	if err != nil || covered > size {
		hints, covered = nil, 0 // it is only an index: the log has it all
	}
	for l, err := range s.logged(ctx, covered, size) {
		if err != nil {
			return nil, err
		}
		rec, err := receiptOf(l.Leaf, l.Case)
		if err != nil {
			return nil, err
		}
		if rec.OrderID == id || rec.Event == id {
			hints = append(hints, l.Index)
		}
	}
	return hints, nil
}

func fromIndex(name, id string) (hints []uint64, covered uint64, err error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = f.Close() }()
	st, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	hints, err = index.Find(f, st.Size(), id)
	return hints, index.Covered(st.Size()), err
}
