package audit

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/clock"
	"github.com/tidegate/tidegate/shared/codec"
)

// receiptOf is the receipt of a case as far as it is known before its leaf has an index.
func receiptOf(head event.Leaf, c event.Case) (event.Record, error) {
	r := event.Record{
		Line: event.LineRecord, V: 1, Prev: event.Digest(c.Last()), Sequence: head.Sequence, Place: head.Place,
	}
	if !head.HasCase() {
		r.Kind = head.Kind
		return r, nil
	}
	var cause struct {
		Event   string `json:"event"`
		Key     string `json:"key"`
		Source  string `json:"source"`
		OrderID string `json:"order_id"`
	}
	if err := codec.Decode(headOf(c.Line(0)), &cause); err != nil {
		return r, fmt.Errorf("case %d of block %d: %w", head.Place, head.Sequence, err)
	}
	r.Event, r.Key, r.Source, r.OrderID = cause.Event, cause.Key, cause.Source, cause.OrderID
	if c.Orderless() {
		r.Kind = head.Kind
	}
	if c.Passes() {
		return r, nil
	}
	var judgement struct {
		Outcome event.Outcome `json:"outcome"`
	}
	if err := codec.Decode(outcomeOf(c.Last()), &judgement); err != nil {
		return r, fmt.Errorf("case %d of block %d: %w", head.Place, head.Sequence, err)
	}
	r.Outcome = judgement.Outcome
	return r, nil
}

// headOf is a cause without its order, which is its last member and most of its bytes.
func headOf(line []byte) []byte { return before(line, `,"order":{`) }

// outcomeOf is a judgement up to its outcome.
func outcomeOf(line []byte) []byte { return before(line, `,"dates":[`) }

// before is the object up to a member, whose name with its punctuation stands nowhere else before it: quotes inside
// strings are escaped.
func before(line []byte, member string) []byte {
	i := bytes.Index(line, []byte(member))
	if i < 0 {
		return line
	}
	return append(line[:i:i], '}')
}

// release is what a newly verified checkpoint covers.
type release struct {
	point   auditverify.Checkpoint
	entries []entry // in index order; leaves before them are on disk
}

// desk publishes receipts, in the order of their leaves and each once.
type desk struct {
	*run
	outlet *bus.Outlet
	told   []bus.Told // published and not told yet
	next   uint64     // leaf whose receipt is next
	name   string     // of the log, as receipts say it
}

// receipts publishes what is released. A failed publish is tried again from where the stream of receipts ends.
func (r *run) receipts(ctx context.Context, in <-chan release, indexed chan<- release) error {
	d := &desk{run: r, name: r.shard.name()}
	for rel := range in {
		var pause clock.Backoff
		for {
			err := d.publish(ctx, rel)
			if err == nil {
				break
			}
			if ctx.Err() != nil || errors.Is(err, ErrRefused) {
				return errors.Join(ctx.Err(), err)
			}
			r.cfg.Log.WarnContext(ctx, "receipts stopped, trying again", slog.Any("error", err))
			d.outlet = nil
			if err := pause.Wait(ctx); err != nil {
				return err
			}
		}
		r.done(rel)
		select {
		case indexed <- rel:
		default: // the index is behind and will read from the log what it missed here
		}
	}
	return ctx.Err()
}

// done gives back the room of what has its receipt.
func (r *run) done(rel release) {
	for _, e := range rel.entries {
		r.room.Release(e.weight)
		if e.whole > 0 {
			r.receipted.Store(e.whole)
		}
	}
	if rel.point.Size >= r.start.size { // what was logged before this run
		r.receipted.Store(max(r.receipted.Load(), r.start.position.Next.Sequence-1))
	}
	r.leaves.Store(rel.point.Size)
}

func (d *desk) publish(ctx context.Context, rel release) error {
	if err := d.open(ctx, rel.point.Size); err != nil {
		return err
	}
	first := rel.point.Size
	if len(rel.entries) > 0 {
		first = rel.entries[0].receipt.Leaf
	}
	if err := d.fromLog(ctx, first, rel.point); err != nil {
		return err
	}
	for i, e := range rel.entries {
		if e.receipt.Leaf < d.next {
			continue
		}
		e.receipt.LeafHash = hex.EncodeToString(e.hash)
		if err := d.send(ctx, e.receipt, rel.point, i+1 < len(rel.entries)); err != nil {
			return err
		}
	}
	if err := d.outlet.Flush(ctx); err != nil {
		return err
	}
	told := d.told
	d.told = d.told[:0]
	return bus.Tell(d.nc, subject.ToldRecord, told)
}

// open looks where the stream of receipts ends. It has one for each leaf from the first on, so its own sequence says
// how many there were where the messages themselves have grown old and are gone.
func (d *desk) open(ctx context.Context, size uint64) error {
	if d.outlet != nil {
		return nil
	}
	ends, err := bus.Look(ctx, d.js, subject.PublicRecordStream)
	if err != nil {
		return err
	}
	outlet, mark, err := bus.OpenOutlet(ctx, d.nc, subject.PublicRecordStream)
	if err != nil {
		return err
	}
	switch {
	case mark.Sequence > 0 && mark.Log == d.name:
		d.next = mark.Leaf + 1
	case mark.Sequence > 0: // receipts of the log before, and none of this one yet
		d.next = 0
	default:
		d.next = ends.Last - min(ends.Last, d.start.kept.Receipts)
	}
	if d.next > size {
		return refuse("receipts went out for %d leaves, the log's checkpoint covers %d", d.next, size)
	}
	d.outlet = outlet
	return nil
}

// fromLog publishes the receipts before leaf end that are missing, from the leaves on disk.
func (d *desk) fromLog(ctx context.Context, end uint64, point auditverify.Checkpoint) error {
	if d.next >= end {
		return nil
	}
	for leaf, err := range auditverify.Leaves(os.DirFS(d.logDir()), d.next, end) {
		if err != nil {
			return refuse("%w", err)
		}
		head, c, err := auditverify.OpenLeaf(leaf.Data, d.shard.blobs())
		if err != nil {
			return refuse("leaf %d: %w", leaf.Index, err)
		}
		rec, err := receiptOf(head, c)
		if err != nil {
			return err
		}
		rec.Leaf, rec.LeafHash = leaf.Index, hex.EncodeToString(rfc6962.DefaultHasher.HashLeaf(leaf.Data))
		if err := d.send(ctx, rec, point, leaf.Index+1 < end); err != nil {
			return err
		}
	}
	return nil
}

// send publishes one receipt; more says that another one follows at once.
func (d *desk) send(ctx context.Context, r event.Record, point auditverify.Checkpoint, more bool) error {
	r.Log = d.name
	msg, err := message(under(r, point))
	if err != nil {
		return err
	}
	if err := d.outlet.Publish(ctx, msg, more); err != nil {
		return err
	}
	d.next++
	d.told = append(d.told, bus.Told{Event: r.Event, Outcome: outcomeWord(r)})
	return nil
}

// outcomeWord is the last token of a receipt's public subject.
func outcomeWord(r event.Record) string { return cmp.Or(r.Kind, string(r.Outcome), "refused") }

// under says which checkpoint covers a receipt's leaf.
func under(r event.Record, point auditverify.Checkpoint) event.Record {
	r.LogSize, r.Checkpoint = point.Size, base64.StdEncoding.EncodeToString(point.Root[:])
	return r
}

// message is the receipt as a CloudEvent in binary mode.
func message(r event.Record) (*nats.Msg, error) {
	data, err := codec.Append(make([]byte, 0, 768), r)
	if err != nil {
		return nil, err
	}
	h := nats.Header{
		subject.HeaderCESpec:      {"1.0"},
		subject.HeaderCEID:        {cmp.Or(r.Event, r.LeafHash)},
		subject.HeaderCESource:    {"tidegate/audit"},
		subject.HeaderCEType:      {subject.TypeRecord},
		subject.HeaderCESubject:   {subject.HeaderText(r.OrderID)},
		subject.HeaderContentType: {"application/json"},
	}
	bus.Mark{Sequence: r.Sequence, Place: r.Place}.Set(h)
	h.Set(subject.HeaderLeaf, strconv.FormatUint(r.Leaf, 10))
	if r.Log != "" {
		h.Set(subject.HeaderLog, r.Log)
	}
	return &nats.Msg{Subject: subject.PublicRecordPrefix + subject.Token(r.Source) + "." + outcomeWord(r), Header: h, Data: data}, nil
}
