package master

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/shared/codec"
)

// A compiled set is one file:
//
//	header  64 bytes: magic "TGMASTR1", then little-endian u64: length of meta, offset and length of rows, offset of the index
//	        and its number of slots, number of rows, zero
//	meta    JSON: the editions
//	rows    one after the other, sorted by their first key: number of keys, the keys, the value, each with its length before
//	        it as uvarint; the value is compact JSON
//	index   a hash table: per slot the hash of a key and the place of its row in rows plus one, zero for an empty slot
//
// A key has at most one row. The same rows give the same bytes on every machine; the file's SHA-256 names it.
const (
	magic      = "TGMASTR1"
	headerSize = 64
	slotSize   = 16
)

// keyed is what goes into a set.
type keyed struct {
	keys  []string
	value []byte
}

// Rows collects the rows of one set.
type Rows struct {
	rows  []keyed
	bytes int
}

// Len is the number of rows.
func (r *Rows) Len() int { return len(r.rows) }

func (r *Rows) add(keys []string, v any) {
	b, err := codec.Append(nil, v)
	if err != nil {
		panic(err) // strings, numbers and lists of them always encode
	}
	r.push(keys, b)
}

func (r *Rows) push(keys []string, value []byte) {
	r.rows = append(r.rows, keyed{keys, value})
	r.bytes += len(value) + 64
}

// Write compiles rows and editions, and gives the digest in lower-case hex. It fails only where the writer does.
func Write(w io.Writer, editions []Edition, r *Rows) (digest string, err error) {
	meta, err := json.Marshal(editions)
	if err != nil {
		return "", fmt.Errorf("encode editions: %w", err)
	}
	slices.SortFunc(r.rows, func(a, b keyed) int {
		return cmp.Or(strings.Compare(a.keys[0], b.keys[0]), bytes.Compare(a.value, b.value))
	})
	body := make([]byte, 0, r.bytes+len(r.rows)*16)
	places := make([]uint64, len(r.rows))
	keys := 0
	for i := range r.rows {
		places[i] = uint64(len(body))
		body = r.rows[i].appendTo(body)
		keys += len(r.rows[i].keys)
	}
	slots := uint64(keys)*4/3 + 1
	index := make([]byte, slots*slotSize)
	for i := range r.rows {
		for _, k := range r.rows[i].keys {
			insert(index, slots, hash(k), places[i]+1)
		}
	}
	head := make([]byte, headerSize)
	copy(head, magic)
	indexAt := align(uint64(headerSize) + uint64(len(meta)) + uint64(len(body)))
	for i, n := range []uint64{uint64(len(meta)), headerSize + uint64(len(meta)), uint64(len(body)), indexAt, slots, uint64(len(r.rows))} {
		binary.LittleEndian.PutUint64(head[8+8*i:], n)
	}
	gap := make([]byte, indexAt-uint64(headerSize)-uint64(len(meta))-uint64(len(body)))
	h := sha256.New()
	out := io.MultiWriter(w, h)
	for _, part := range [][]byte{head, meta, body, gap, index} {
		if _, err := out.Write(part); err != nil {
			return "", fmt.Errorf("write: %w", err)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func (r *keyed) appendTo(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(r.keys)))
	for _, k := range r.keys {
		b = append(binary.AppendUvarint(b, uint64(len(k))), k...)
	}
	return append(binary.AppendUvarint(b, uint64(len(r.value))), r.value...)
}

func align(n uint64) uint64 { return (n + slotSize - 1) / slotSize * slotSize }

func insert(index []byte, slots, h, place uint64) {
	for i := slot(h, slots); ; i = (i + 1) % slots {
		if at := index[i*slotSize:]; binary.LittleEndian.Uint64(at[8:]) == 0 {
			binary.LittleEndian.PutUint64(at, h)
			binary.LittleEndian.PutUint64(at[8:], place)
			return
		}
	}
}

func slot(h, slots uint64) uint64 {
	hi, _ := bits.Mul64(h, slots)
	return hi
}

// hash is FNV-1a, with its bits spread over the whole word.
func hash(key string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(key) {
		h = (h ^ uint64(key[i])) * 1099511628211
	}
	h ^= h >> 32
	h *= 0x9E3779B97F4A7C15
	return h ^ h>>29
}
