// Package index finds leaves by order id or event id. It is a file of equal segments, each over the same number of
// leaves and sorted, that only grows: nothing locks it, and deleting it costs no more than building it again from the
// log. What it says is a hint; whoever asks reads the leaf.
package index

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"sort"
)

// The form of a segment: for each of its leaves two rows, one by order id, one by event id.
const (
	Leaves      = 1 << 14 // leaves in a segment
	rowSize     = 16      // 8 bytes of the id's SHA-256, 8 of the leaf's index, big endian
	SegmentSize = 2 * Leaves * rowSize
)

// Builder makes the next segment.
type Builder struct {
	rows [][rowSize]byte
}

// Add takes the next leaf. An id may be empty; a refusal often has no order id.
func (b *Builder) Add(leaf uint64, order, event string) {
	b.rows = append(b.rows, row(order, leaf), row(event, leaf))
}

// Full says whether the segment has all its leaves.
func (b *Builder) Full() bool { return len(b.rows) == 2*Leaves }

// Segment gives the full segment's bytes and begins the next.
func (b *Builder) Segment() []byte {
	slices.SortFunc(b.rows, func(x, y [rowSize]byte) int { return bytes.Compare(x[:], y[:]) })
	out := make([]byte, 0, SegmentSize)
	for _, r := range b.rows {
		out = append(out, r[:]...)
	}
	b.rows = b.rows[:0]
	return out
}

// Covered is how many leaves an index of that many bytes covers.
func Covered(size int64) uint64 { return uint64(size/SegmentSize) * Leaves }

// Find gives the leaves that may be of an id, in order. It reads a few rows of each segment.
func Find(r io.ReaderAt, size int64, id string) ([]uint64, error) {
	var found []uint64
	for s := range size / SegmentSize {
		leaves, err := findIn(io.NewSectionReader(r, s*SegmentSize, SegmentSize), row(id, 0))
		if err != nil {
			return nil, fmt.Errorf("index segment %d: %w", s, err)
		}
		found = append(found, leaves...)
	}
	return slices.Compact(found), nil
}

func findIn(r io.ReaderAt, from [rowSize]byte) (found []uint64, err error) {
	var buf [rowSize]byte
	read := func(i int) {
		if _, rerr := r.ReadAt(buf[:], int64(i)*rowSize); rerr != nil && err == nil {
			err = rerr
		}
	}
	i := sort.Search(2*Leaves, func(i int) bool { read(i); return bytes.Compare(buf[:], from[:]) >= 0 })
	for ; i < 2*Leaves && err == nil; i++ {
		if read(i); !bytes.Equal(buf[:8], from[:8]) {
			break
		}
		found = append(found, binary.BigEndian.Uint64(buf[8:]))
	}
	return found, err
}

func row(id string, leaf uint64) (r [rowSize]byte) {
	sum := sha256.Sum256([]byte(id))
	copy(r[:], sum[:8])
	binary.BigEndian.PutUint64(r[8:], leaf)
	return r
}
