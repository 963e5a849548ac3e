// Package idem is the index of idempotency keys: which content a key was taken by, and in which block. It is made from
// the order stream and can always be made again; it says how much of the stream it covers.
package idem

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// Digest is half a SHA-256.
type Digest = [16]byte

// Entry is what took a key.
type Entry struct {
	Content  Digest
	Sequence uint64 // of the block in the order stream
}

// Taken is a key with what took it.
type Taken struct {
	Key Digest
	Entry
	Over bool // replaces what took the key before
}

// flushKeys and flushAge say when what is in memory is written: so many keys, or so long after the first of them.
const (
	flushKeys = 50_000
	flushAge  = 2 * time.Second
)

// entrySize is the bytes of an entry in the file: content digest and sequence.
const entrySize = 24

var (
	keysBucket = []byte("keys")
	metaBucket = []byte("meta")
	coveredKey = []byte("covered")
	streamKey  = []byte("stream")
)

// Index answers Find from memory and file; Apply only touches memory. A goroutine of its own writes the file, in key
// order, a batch at a time; every batch is one transaction with the sequence it reaches and is synced, because an index that
// lost a page in a power cut would let an order in twice. What a crash leaves unwritten is read from the stream again.
type Index struct {
	db *bbolt.DB

	mu      sync.RWMutex
	fresh   map[Digest]Entry // not being written yet
	writing map[Digest]Entry // being written
	covered uint64
	err     error // of the last flush

	flushing sync.Mutex
	written  uint64 // covered by the file

	wake   chan struct{}
	done   chan struct{}
	closed chan struct{}
	once   sync.Once
}

// Open opens the index in a file, created when missing. Stream tells one order stream from another, so that an index
// never answers for a stream it was not made from: it starts empty when the stream is another than before.
func Open(file, stream string, last uint64) (*Index, error) {
	db, err := bbolt.Open(file, 0o600, &bbolt.Options{Timeout: 5 * time.Second, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return nil, fmt.Errorf("open index of idempotency keys %s: %w", file, err)
	}
	x := &Index{
		db: db, fresh: map[Digest]Entry{}, wake: make(chan struct{}, 1), done: make(chan struct{}), closed: make(chan struct{}),
	}
	if err := db.Update(func(tx *bbolt.Tx) error { return x.start(tx, stream, last) }); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("open index of idempotency keys %s: %w", file, err)
	}
	go x.flusher()
	return x, nil
}

// ErrOther says that the index belongs to a stream that went further than the one there is now.
var ErrOther = errors.New("the index was made from another stream, which went further")

// start reads how far the index reaches, and empties it when it belongs to another stream, which must have gone no
// further than this one: shorter, this one is a lost or older copy, and the keys between would be taken twice.
func (x *Index) start(tx *bbolt.Tx, stream string, last uint64) error {
	meta, err := tx.CreateBucketIfNotExists(metaBucket)
	if err != nil {
		return err
	}
	if string(meta.Get(streamKey)) != stream {
		if v := meta.Get(coveredKey); len(v) == 8 && binary.BigEndian.Uint64(v) > last {
			return fmt.Errorf("%w: to block %d, this one ends with %d", ErrOther, binary.BigEndian.Uint64(v), last)
		}
		if err := tx.DeleteBucket(keysBucket); err != nil && !errors.Is(err, berrors.ErrBucketNotFound) {
			return err
		}
		if err := errors.Join(meta.Delete(coveredKey), meta.Put(streamKey, []byte(stream))); err != nil {
			return err
		}
	}
	if v := meta.Get(coveredKey); len(v) == 8 {
		x.covered = binary.BigEndian.Uint64(v)
		x.written = x.covered
	}
	_, err = tx.CreateBucketIfNotExists(keysBucket)
	return err
}

// Covered is the last block whose keys are in the index.
func (x *Index) Covered() uint64 {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.covered
}

// Find looks up keys in one go: found[i] is nil where keys[i] is free.
func (x *Index) Find(keys []Digest) (found []*Entry, err error) {
	found = make([]*Entry, len(keys))
	missing := x.inMemory(keys, found)
	if missing == 0 {
		return found, nil
	}
	err = x.db.View(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(keysBucket)
		for i := range keys {
			if found[i] != nil {
				continue
			}
			if v := bucket.Get(keys[i][:]); len(v) == entrySize {
				found[i] = &Entry{Content: Digest(v[:16]), Sequence: binary.BigEndian.Uint64(v[16:])}
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look up idempotency keys: %w", err)
	}
	return found, nil
}

func (x *Index) inMemory(keys []Digest, found []*Entry) (missing int) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	for i, k := range keys {
		e, ok := x.fresh[k]
		if !ok {
			e, ok = x.writing[k]
		}
		if ok {
			found[i] = &e
		} else {
			missing++
		}
	}
	return missing
}

// Apply adds the keys of a block, which must be the one behind Covered. A key that is taken already stays as it is,
// but for what says Over.
func (x *Index) Apply(sequence uint64, keys []Taken) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if sequence != x.covered+1 {
		return fmt.Errorf("index of idempotency keys covers block %d, block %d does not follow", x.covered, sequence)
	}
	for _, k := range keys {
		if _, taken := x.fresh[k.Key]; !taken || k.Over {
			x.fresh[k.Key] = k.Entry
		}
	}
	x.covered = sequence
	if len(x.fresh) >= flushKeys {
		select {
		case x.wake <- struct{}{}:
		default:
		}
	}
	return x.err
}

// flusher writes what Apply collected, so that the hot path waits for no disk.
func (x *Index) flusher() {
	defer close(x.closed)
	tick := time.NewTicker(flushAge)
	defer tick.Stop()
	for {
		select {
		case <-x.done:
			return
		case <-x.wake:
		case <-tick.C:
		}
		_ = x.Flush() // kept in x.err, which the next Apply returns
	}
}

// Flush writes what is in memory. What could not be written stays in memory.
func (x *Index) Flush() error {
	x.flushing.Lock()
	defer x.flushing.Unlock()
	x.mu.Lock()
	x.writing, x.fresh = x.fresh, make(map[Digest]Entry, len(x.fresh))
	batch, covered := x.writing, x.covered
	x.mu.Unlock()
	err := x.write(batch, covered)
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.writing = nil; err != nil {
		maps.Copy(x.fresh, batch)
	}
	x.err = err
	return err
}

// write puts a batch into the file in key order, which touches each page once, with the sequence it reaches.
func (x *Index) write(batch map[Digest]Entry, covered uint64) error {
	if covered == x.written {
		return nil
	}
	keys := make([]Digest, 0, len(batch))
	for k := range batch {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b Digest) int { return bytes.Compare(a[:], b[:]) })
	values := make([]byte, 0, entrySize*len(batch))
	err := x.db.Update(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(keysBucket)
		for i := range keys {
			e := batch[keys[i]]
			at := len(values)
			values = binary.BigEndian.AppendUint64(append(values, e.Content[:]...), e.Sequence)
			if err := bucket.Put(keys[i][:], values[at:]); err != nil {
				return err
			}
		}
		return tx.Bucket(metaBucket).Put(coveredKey, binary.BigEndian.AppendUint64(nil, covered))
	})
	if err != nil {
		return fmt.Errorf("write index of idempotency keys: %w", err)
	}
	x.written = covered
	return nil
}

// Close writes what is in memory and closes the file. Twice is fine.
func (x *Index) Close() error {
	var err error
	x.once.Do(func() {
		close(x.done)
		<-x.closed
		err = errors.Join(x.Flush(), x.db.Close())
	})
	return err
}
