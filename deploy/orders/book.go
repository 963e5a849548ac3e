// Package orders knows which orders are open, as decisions say it: placed and neither shipped nor cancelled. It keeps an
// index beside the log and works with it: what came due is judged again, what left and should not have is an alarm, and
// when lists change it tells which past and open orders the change touches.
//
// Decisions that matter:
//
//   - The index is one bbolt file, made from DECISION, and from the audit log where the stream no longer reaches. It says
//     which block it covers and how that block ends; a file that is of another history, damaged or gone is made anew.
//     Deleting it is always safe. Decisions and the place they reach are one transaction.
//   - Orders refer to parties by number. A party stands once, as what the lists are asked about it (enrichment.Sought); where
//     parties occur is found by going through the orders once, not by a list for each party: a question is rare, an order is not.
//   - A change of lists is asked from the entries' side: every distinct party goes through a matcher built over the changed
//     entries alone (3 µs for a hundred of them). Weights are fixed and no row changes another row's score, so that is
//     the difference that matching everything again would make (a property test in package enrichment holds both together).
//     An inverted index over the matcher's candidate keys would have to repeat each of its eight ways to a candidate.
//   - Whatever follows from the index enters by ingest as an act whose id is made from the decision or activation it
//     follows from. So after a crash it is simply done again, and what was done before is the same act.
package orders

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/clock"
)

// File is the index in its directory.
const File = "orders.db"

// format is the version of the file; one of another is made anew.
const format = "orders-2"

// The buckets.
var (
	metaBucket   = []byte("meta")
	orderBucket  = []byte("orders")  // digest of an order's key → record
	dueBucket    = []byte("due")     // valid until, digest of an order's key: open orders alone
	partyBucket  = []byte("parties") // number → what the lists are asked, as JSON
	knownBucket  = []byte("known")   // digest of that → number
	changeBucket = []byte("changes") // block of an activation of lists → question to be answered
)

// The members of meta.
var (
	formatKey   = []byte("format")
	coveredKey  = []byte("covered")  // last block taken
	endKey      = []byte("end")      // digest of its last line
	snapshotKey = []byte("snapshot") // named by the newest facts
	listsKey    = []byte("lists")    // put in force by the newest activation
	switchedKey = []byte("switched") // there was an activation behind the newest facts: they will name another snapshot
	countsKey   = []byte("counts")
)

// Counts is how many orders are in each state, and how many left that should not have.
type Counts struct {
	Open       int `json:"open"`
	Shipped    int `json:"shipped"`
	Cancelled  int `json:"cancelled"`
	Unreleased int `json:"left_unreleased"`
	Parties    int `json:"parties"` // distinct, as the lists are asked about them
}

// Book is the index. One goroutine takes decisions; reading is safe beside it, and shows what was flushed.
type Book struct {
	db *bbolt.DB

	mu      sync.Mutex
	pending []taken
	reaches uint64    // block that pending reaches
	end     string    // digest of that block's last line
	covered uint64    // by the file
	since   time.Time // of the first one pending
	missed  []Order   // left without a release, and screening did not find it
}

// openWithin is how long another process may take to close the file.
const openWithin = 5 * time.Second

// ErrBusy says that another process works with the index.
var ErrBusy = errors.New("another process works with the index of orders")

// OpenBook opens the index in a directory. A file that is damaged or of another version is made anew.
func OpenBook(dir string) (*Book, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("index of orders: %w", err)
	}
	file := filepath.Join(dir, File)
	b, err := openFile(file)
	if err == nil || errors.Is(err, ErrBusy) || errors.Is(err, os.ErrPermission) {
		return b, err
	}
	if rerr := os.Remove(file); rerr != nil {
		return nil, fmt.Errorf("index of orders: %w", errors.Join(err, rerr))
	}
	return openFile(file)
}

func openFile(file string) (*Book, error) {
	db, err := bbolt.Open(file, 0o600, &bbolt.Options{Timeout: openWithin, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		if errors.Is(err, berrors.ErrTimeout) {
			return nil, fmt.Errorf("%s: %w", file, ErrBusy)
		}
		return nil, fmt.Errorf("index of orders %s: %w", file, err)
	}
	b := &Book{db: db}
	if err := b.prepare(); err != nil {
		return nil, errors.Join(fmt.Errorf("index of orders %s: %w", file, err), db.Close())
	}
	return b, nil
}

// prepare makes the buckets and reads how far the index reaches.
func (b *Book) prepare() error {
	err := b.db.Update(func(tx *bbolt.Tx) error {
		meta, err := tx.CreateBucketIfNotExists(metaBucket)
		if err != nil {
			return err
		}
		if string(meta.Get(formatKey)) != format {
			if err := empty(tx); err != nil {
				return err
			}
			meta = tx.Bucket(metaBucket)
		}
		b.covered, b.end = number(meta.Get(coveredKey)), string(meta.Get(endKey))
		return nil
	})
	b.reaches = b.covered
	return err
}

// empty makes every bucket anew.
func empty(tx *bbolt.Tx) error {
	for _, name := range [][]byte{metaBucket, orderBucket, dueBucket, partyBucket, knownBucket, changeBucket} {
		if tx.Bucket(name) != nil {
			if err := tx.DeleteBucket(name); err != nil {
				return err
			}
		}
		if _, err := tx.CreateBucket(name); err != nil {
			return err
		}
	}
	return tx.Bucket(metaBucket).Put(formatKey, []byte(format))
}

// Reset forgets everything: the index is of another history.
func (b *Book) Reset() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.db.Update(empty); err != nil {
		return fmt.Errorf("index of orders: %w", err)
	}
	b.pending, b.covered, b.reaches, b.end = nil, 0, 0, ""
	return nil
}

// Covered is the last block of DECISION that the file has, and the digest of its last line; empty where that is not known.
func (b *Book) Covered() (block uint64, end string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.reaches != b.covered {
		return b.covered, ""
	}
	return b.covered, b.end
}

// Reaches is the last block that was taken, written or not.
func (b *Book) Reaches() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.reaches
}

// batch is how many decisions are written at once at most, some 20 MB: writing many costs little more than writing few, for each
// touches pages all over the file. What came in longest ago waits no longer than about batchAge.
const (
	batch    = 16384
	batchAge = 2 * time.Second
)

// Take takes the decided cases of the block behind the last one, or of a later one where those between are lost for ever.
func (b *Book) Take(block uint64, cases []event.Case) error {
	var more []taken
	for i, c := range cases {
		t, ok, err := read(c)
		if err != nil {
			return fmt.Errorf("index of orders: block %d, case %d: %w", block, i, err)
		}
		if ok {
			t.order.Sequence, t.order.Place = block, i
			more = append(more, t)
		}
	}
	b.mu.Lock()
	b.pending, b.reaches, b.end = append(b.pending, more...), block, ""
	if len(cases) > 0 {
		b.end = event.Digest(cases[len(cases)-1].Last())
	}
	if len(b.pending) == len(more) {
		b.since = clock.System()
	}
	full := len(b.pending) >= batch || len(b.pending) > 0 && clock.System().Sub(b.since) > batchAge
	b.mu.Unlock()
	if full {
		return b.Flush()
	}
	return nil
}

// Missed gives, once, the orders of the last write that left without a release and of which screening did not find it: its ledger is
// bounded and forgets the decision on an order after some hundred thousand others, the index does not.
func (b *Book) Missed() []Order {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.missed
	b.missed = nil
	return out
}

// Pending is how many decisions are not written yet.
func (b *Book) Pending() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.pending)
}

// Flush writes what was taken. After an error the index is to be closed: what was not written is read again.
func (b *Book) Flush() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.reaches == b.covered {
		return nil
	}
	b.missed = nil
	if err := b.db.Update(b.write); err != nil {
		return fmt.Errorf("write the index of orders: %w", err)
	}
	clear(b.pending)
	b.covered, b.pending = b.reaches, b.pending[:0]
	b.release()
	return nil
}

func (b *Book) write(tx *bbolt.Tx) error {
	w := writer{
		meta: tx.Bucket(metaBucket), orders: tx.Bucket(orderBucket), due: tx.Bucket(dueBucket), parties: tx.Bucket(partyBucket),
		known: tx.Bucket(knownBucket), changes: tx.Bucket(changeBucket),
	}
	w.parties.FillPercent = 0.95 // numbers only grow
	if v := w.meta.Get(countsKey); v != nil {
		if err := json.Unmarshal(v, &w.counts); err != nil {
			return err
		}
	}
	for i := range b.pending {
		if err := w.take(&b.pending[i]); err != nil {
			return err
		}
	}
	b.missed = w.missed
	counts, err := json.Marshal(w.counts)
	if err != nil {
		return err
	}
	return errors.Join(w.meta.Put(countsKey, counts), w.meta.Put(coveredKey, numbered(b.reaches)), w.meta.Put(endKey, []byte(b.end)))
}

// writer is one transaction.
type writer struct {
	meta, orders, due, parties, known, changes *bbolt.Bucket

	counts Counts
	missed []Order
}

func (w *writer) take(t *taken) error {
	switch {
	case t.control != nil:
		return w.activated(t)
	case t.answers != "":
		return w.answered(t.answers)
	}
	if err := w.under(t); err != nil {
		return err
	}
	key := digestOf([]byte(t.order.Key()))
	was, err := w.before(key)
	if err != nil {
		return err
	}
	next, ok := t.after(was)
	if !ok {
		return nil
	}
	for _, p := range t.parties {
		n, err := w.party(p)
		if err != nil {
			return err
		}
		next.Parties = append(next.Parties, n)
	}
	if t.parties == nil && was != nil { // a notice of something that could not be read
		next.Parties = was.Parties
	}
	if t.order.Kind == event.Shipped && !t.found && t.unreleased(was) != "" {
		w.missed = append(w.missed, next)
	}
	w.count(was, -1)
	w.count(&next, 1)
	return errors.Join(w.comesDue(key, was, &next), w.orders.Put(key, next.appendTo(nil)))
}

func (w *writer) before(key []byte) (*Order, error) {
	v := w.orders.Get(key)
	if v == nil {
		return nil, nil //nolint:nilnil // there is none, which is no error
	}
	var o Order
	return &o, o.read(v)
}

func (w *writer) count(o *Order, by int) {
	switch {
	case o == nil:
		return
	case o.State == Open:
		w.counts.Open += by
	case o.State == Shipped:
		w.counts.Shipped += by
	default:
		w.counts.Cancelled += by
	}
	if o.Unreleased != "" {
		w.counts.Unreleased += by
	}
}

// comesDue keeps when open orders come due.
func (w *writer) comesDue(key []byte, was, next *Order) error {
	before, now := dueKey(key, was), dueKey(key, next)
	if bytes.Equal(before, now) {
		return nil
	}
	var err error
	if before != nil {
		err = w.due.Delete(before)
	}
	if now != nil {
		err = errors.Join(err, w.due.Put(now, []byte{}))
	}
	return err
}

func dueKey(key []byte, o *Order) []byte {
	if o == nil || o.State != Open || o.ValidUntil == "" {
		return nil
	}
	return append([]byte(o.ValidUntil), key...)
}

// party gives the number of what the lists are asked about a party.
func (w *writer) party(sought []byte) (uint64, error) {
	digest := digestOf(sought)
	if v := w.known.Get(digest); v != nil {
		return number(v), nil
	}
	n := uint64(w.counts.Parties) //nolint:gosec // not negative
	w.counts.Parties++
	return n, errors.Join(w.known.Put(digest, numbered(n)), w.parties.Put(numbered(n), sought))
}

// activated notes that lists were put in force: which orders that touches is asked when the index stands behind it.
func (w *writer) activated(t *taken) error {
	if t.control.What != bus.Lists {
		return nil
	}
	c := Change{Event: t.order.Event, Block: t.order.Sequence, FromLists: string(w.meta.Get(listsKey)), From: string(w.meta.Get(snapshotKey)), ToLists: t.control.Digest}
	return errors.Join(w.changed(c), w.meta.Put(listsKey, []byte(c.ToLists)), w.meta.Put(switchedKey, []byte{1}))
}

// under notes the snapshot of a decision's facts. Another one than before, where no activation says so, is a change, too: one was
// put in force, or shipped, while nothing ran.
func (w *writer) under(t *taken) error {
	was := string(w.meta.Get(snapshotKey))
	told := w.meta.Get(switchedKey) != nil
	if t.snapshot == "" || t.snapshot == was && !told {
		return nil
	}
	err := errors.Join(w.meta.Put(snapshotKey, []byte(t.snapshot)), w.meta.Delete(switchedKey))
	if err == nil && !told && was != "" {
		err = w.changed(Change{Event: t.order.Event, Block: t.order.Sequence, From: was, To: t.snapshot})
	}
	return err
}

// changed keeps a question. Before the first order there is nothing to ask.
func (w *writer) changed(c Change) error {
	if c.From == "" {
		return nil
	}
	v, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return w.changes.Put(numbered(c.Block), v)
}

// answered takes a question away whose answer stands in the stream.
func (w *writer) answered(name string) error {
	at := w.changes.Cursor()
	for k, v := at.First(); k != nil; k, v = at.Next() {
		var c Change
		if err := json.Unmarshal(v, &c); err != nil {
			return err
		}
		if c.Event == name {
			return at.Delete()
		}
	}
	return nil
}

// Change is a change of lists whose question is to be answered: by activation in the stream, or by what decisions name.
type Change struct {
	Event     string `json:"event"`                // of the activation, or of the first decision under other lists
	Block     uint64 `json:"block"`                // decisions before it were made under the lists before
	From      string `json:"from"`                 // snapshot that facts named before
	FromLists string `json:"from_lists,omitempty"` // lists put in force by the activation before this one; those of From where there was none
	To        string `json:"to,omitempty"`         // snapshot that facts name behind it, where no activation said so
	ToLists   string `json:"to_lists,omitempty"`   // lists that the activation put in force
}

// Changes gives the questions that the stream has no answer to, oldest first.
func (b *Book) Changes() (out []Change, err error) {
	err = b.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(changeBucket).ForEach(func(_, v []byte) error {
			var c Change
			if err := json.Unmarshal(v, &c); err != nil {
				return err
			}
			out = append(out, c)
			return nil
		})
	})
	return out, err
}

// Counts counts the orders.
func (b *Book) Counts() (c Counts, err error) {
	err = b.db.View(func(tx *bbolt.Tx) error {
		if v := tx.Bucket(metaBucket).Get(countsKey); v != nil {
			return json.Unmarshal(v, &c)
		}
		return nil
	})
	return c, err
}

// Find gives an order.
func (b *Book) Find(tenant, source, id string) (o Order, found bool, err error) {
	err = b.db.View(func(tx *bbolt.Tx) error {
		v := tx.Bucket(orderBucket).Get(digestOf([]byte(KeyOf(tenant, source, id))))
		if v == nil {
			return nil
		}
		found = true
		return o.read(v)
	})
	return o, found, err
}

// page is how many orders are read in one transaction: a long one keeps the file from shrinking.
const page = 4096

// All gives every order, in no order that means anything. What is decided meanwhile may be seen or not.
func (b *Book) All() iter.Seq2[Order, error] {
	return func(yield func(Order, error) bool) {
		for after, more := []byte(nil), true; more; {
			var orders []Order
			var err error
			orders, after, err = b.page(after, func(*Order) bool { return true }, page)
			if err != nil {
				yield(Order{}, err)
				return
			}
			for i := range orders {
				if !yield(orders[i], nil) {
					return
				}
			}
			more = after != nil
		}
	}
}

// page looks at some thousand orders behind a key, gives up to most of them that are wanted, and the last one's key; nil
// behind the last one of all.
func (b *Book) page(after []byte, wanted func(*Order) bool, most int) (out []Order, last []byte, err error) {
	err = b.db.View(func(tx *bbolt.Tx) error {
		c := tx.Bucket(orderBucket).Cursor()
		k, v := seekBehind(c, after)
		for seen := 0; k != nil; k, v = c.Next() {
			if seen == page || len(out) == most {
				return nil
			}
			var o Order
			if err := o.read(v); err != nil {
				return err
			}
			if wanted(&o) {
				out = append(out, o)
			}
			seen, last = seen+1, append(last[:0], k...)
		}
		last = nil
		return nil
	})
	return out, last, err
}

// seekBehind goes to the first key behind another.
func seekBehind(c *bbolt.Cursor, after []byte) (k, v []byte) {
	if after == nil {
		return c.First()
	}
	if k, v = c.Seek(after); bytes.Equal(k, after) {
		return c.Next()
	}
	return k, v
}

// Due gives up to most open orders whose decision was valid until a day before today, those that came due first first, behind
// the key that the last call gave. The key is nil behind the last one.
func (b *Book) Due(today event.Date, after []byte, most int) (out []Order, last []byte, err error) {
	err = b.db.View(func(tx *bbolt.Tx) error {
		orders, c := tx.Bucket(orderBucket), tx.Bucket(dueBucket).Cursor()
		for k, _ := seekBehind(c, after); k != nil && string(k[:dateSize]) < string(today); k, _ = c.Next() {
			if len(out) == most {
				return nil
			}
			var o Order
			if err := o.read(orders.Get(k[dateSize:])); err != nil {
				return err
			}
			out, last = append(out, o), bytes.Clone(k)
		}
		last = nil
		return nil
	})
	return out, last, err
}

const dateSize = len(time.DateOnly)

// Close closes the file; what was not flushed is read again.
func (b *Book) Close() error { return b.db.Close() }

// digestOf is half a SHA-256.
func digestOf(b []byte) []byte {
	sum := sha256.Sum256(b)
	return sum[:16]
}

func numbered(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func number(b []byte) uint64 {
	if len(b) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}
