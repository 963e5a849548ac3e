package snapshot

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tidegate/tidegate/schemas/event"
)

// A compiled set is a file of its own format:
//
//	header   64 bytes: magic "TGLISTS1", sections (u32), zero (u32), length of the file (u64), zero (u64), SHA-256 of what follows
//	table    per section 24 bytes: kind (u32), zero (u32), offset (u64), length (u64)
//	meta     JSON: the editions
//	heap     the strings, one after the other, each once
//	strings  per string its end in the heap (u32), in the order of first use
//	rows     the entries, sorted by id: numbers as uvarint, strings as their number
//
// Numbers are little-endian. The same set gives the same bytes on every machine; the SHA-256 names it.
const (
	magic      = "TGLISTS1"
	headerSize = 64
	sectionLen = 24
	rowsSchema = 1
)

const (
	sectionMeta = iota + 1
	sectionHeap
	sectionStrings
	sectionRows
	sectionCount = 4
)

// ErrDamaged is a compiled set that is not as it was written.
var ErrDamaged = errors.New("damaged")

type meta struct {
	Schema   int       `json:"schema"`
	Editions []Edition `json:"editions"`
	Rows     int       `json:"rows"`
}

// Encode compiles a set, and gives the file with its digest in lower-case hex. Entries must be sorted by id.
func Encode(s *Set) (file []byte, digest string) {
	w := writer{numbers: map[string]uint64{}}
	for i := range s.Entries {
		w.entry(&s.Entries[i])
	}
	m, err := json.Marshal(meta{Schema: rowsSchema, Editions: s.Editions, Rows: len(s.Entries)})
	if err != nil {
		panic(err) // strings and numbers always encode
	}
	sections := [][]byte{m, w.heap, w.ends, w.rows}
	out := make([]byte, headerSize, headerSize+sectionCount*sectionLen+len(m)+len(w.heap)+len(w.ends)+len(w.rows))
	at := headerSize + sectionCount*sectionLen
	for i, b := range sections {
		out = binary.LittleEndian.AppendUint32(out, uint32(i+1)) //nolint:gosec // four sections
		out = binary.LittleEndian.AppendUint32(out, 0)
		out = binary.LittleEndian.AppendUint64(out, uint64(at))     //nolint:gosec // never negative
		out = binary.LittleEndian.AppendUint64(out, uint64(len(b))) //nolint:gosec // never negative
		at += len(b)
	}
	for _, b := range sections {
		out = append(out, b...)
	}
	return out, seal(out)
}

type writer struct {
	numbers    map[string]uint64
	heap, ends []byte
	rows       []byte
}

func (w *writer) uint(n uint64) { w.rows = binary.AppendUvarint(w.rows, n) }

func (w *writer) text(s string) {
	n, ok := w.numbers[s]
	if !ok {
		n = uint64(len(w.numbers))
		w.numbers[s] = n
		w.heap = append(w.heap, s...)
		w.ends = binary.LittleEndian.AppendUint32(w.ends, uint32(len(w.heap))) //nolint:gosec // files are limited to half a gigabyte
	}
	w.uint(n)
}

func put[T ~string](w *writer, list []T) {
	w.uint(uint64(len(list)))
	for _, s := range list {
		w.text(string(s))
	}
}

func (w *writer) entry(e *Entry) {
	flags := uint64(0)
	if e.Person {
		flags |= 1
	}
	if e.AddressOnly {
		flags |= 2
	}
	w.uint(flags)
	for _, s := range []string{
		e.ID, e.List, e.Name, string(e.Country), string(e.Parent), e.Policy, e.Scope, e.Citation, e.Certainty, e.Kind, e.Requirement, e.PolicyText,
	} {
		w.text(s)
	}
	for _, l := range [][]string{e.Aliases, e.Also, e.Weak, e.Addresses, e.Notes, e.Programs, e.Born, e.IDs} {
		put(w, l)
	}
	put(w, e.Countries)
	w.uint(uint64(len(e.Footnotes)))
	for _, f := range e.Footnotes {
		w.uint(uint64(f.Number)) //nolint:gosec // 1 to 5
		w.text(string(f.From))
	}
	w.uint(uint64(len(e.Listed)))
	for _, s := range e.Listed {
		w.text(string(s.From))
		w.text(string(s.Until))
	}
}

// Decode reads a compiled set and checks it against its own digest. Strings share the memory of one copy of the heap.
func Decode(file []byte) (s *Set, digest string, err error) {
	sections, digest, err := parts(file)
	if err != nil {
		return nil, "", err
	}
	var m meta
	if err := json.Unmarshal(sections[0], &m); err != nil {
		return nil, "", fmt.Errorf("%w: meta: %w", ErrDamaged, err)
	}
	if m.Schema != rowsSchema {
		return nil, "", fmt.Errorf("rows of schema %d, this version reads %d", m.Schema, rowsSchema)
	}
	r := reader{rows: sections[3]}
	if err := r.strings(sections[1], sections[2]); err != nil {
		return nil, "", err
	}
	if m.Rows < 0 || m.Rows > len(r.rows)/20 { // a row takes more
		return nil, "", fmt.Errorf("%w: %d rows do not fit", ErrDamaged, m.Rows)
	}
	s = &Set{Editions: m.Editions, Entries: make([]Entry, m.Rows)}
	for i := range s.Entries {
		r.entry(&s.Entries[i])
		if r.bad || i > 0 && s.Entries[i].ID <= s.Entries[i-1].ID || len(s.Entries[i].Listed) == 0 {
			return nil, "", fmt.Errorf("%w: row %d", ErrDamaged, i+1)
		}
	}
	if len(r.rows) > 0 {
		return nil, "", fmt.Errorf("%w: bytes after the rows", ErrDamaged)
	}
	return s, digest, nil
}

// parts checks the header and gives the sections in the order of their kinds.
func parts(file []byte) (sections [sectionCount][]byte, digest string, err error) {
	if len(file) < headerSize+sectionCount*sectionLen || string(file[:8]) != magic {
		return sections, "", fmt.Errorf("%w: not a compiled set", ErrDamaged)
	}
	if n := binary.LittleEndian.Uint64(file[16:]); n != uint64(len(file)) || binary.LittleEndian.Uint32(file[8:]) != sectionCount {
		return sections, "", fmt.Errorf("%w: %d bytes, the header says %d", ErrDamaged, len(file), n)
	}
	sum := sha256.Sum256(file[headerSize:])
	if !bytes.Equal(sum[:], file[32:headerSize]) {
		return sections, "", fmt.Errorf("%w: the content does not have its digest", ErrDamaged)
	}
	for i := range sections {
		t := file[headerSize+i*sectionLen:]
		kind, from, length := binary.LittleEndian.Uint32(t), binary.LittleEndian.Uint64(t[8:]), binary.LittleEndian.Uint64(t[16:])
		size := uint64(len(file))
		if kind != uint32(i+1) || from > size || length > size-from { //nolint:gosec // four sections
			return sections, "", fmt.Errorf("%w: section %d", ErrDamaged, i+1)
		}
		sections[i] = file[from : from+length]
	}
	return sections, hex.EncodeToString(sum[:]), nil
}

type reader struct {
	rows  []byte
	table []string
	lists []string // room that lists of strings are cut from
	spans []event.Span
	bad   bool
}

func (r *reader) strings(heap, ends []byte) error {
	all := string(heap)
	r.table = make([]string, len(ends)/4)
	from := uint32(0)
	for i := range r.table {
		to := binary.LittleEndian.Uint32(ends[4*i:])
		if to < from || uint64(to) > uint64(len(all)) {
			return fmt.Errorf("%w: string %d", ErrDamaged, i)
		}
		r.table[i] = all[from:to]
		from = to
	}
	return nil
}

func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.rows)
	if n <= 0 {
		r.bad, r.rows = true, nil
		return 0
	}
	r.rows = r.rows[n:]
	return v
}

func (r *reader) text() string {
	n := r.uint()
	if n >= uint64(len(r.table)) {
		r.bad = true
		return ""
	}
	return r.table[n]
}

// count is a number of things that each take a byte at least.
func (r *reader) count() int {
	n := r.uint()
	if n > uint64(len(r.rows)) {
		r.bad = true
		return 0
	}
	return int(n) //nolint:gosec // no more than the bytes there are
}

func (r *reader) list() []string {
	n := r.count()
	if n == 0 {
		return nil
	}
	if n > len(r.lists) {
		r.lists = make([]string, max(n, 4096))
	}
	out := r.lists[:n:n]
	r.lists = r.lists[n:]
	for i := range out {
		out[i] = r.text()
	}
	return out
}

func (r *reader) entry(e *Entry) {
	flags := r.uint()
	e.Person, e.AddressOnly = flags&1 != 0, flags&2 != 0
	e.ID, e.List, e.Name = r.text(), r.text(), r.text()
	e.Country, e.Parent = event.Country(r.text()), event.Country(r.text())
	e.Policy, e.Scope, e.Citation, e.Certainty = r.text(), r.text(), r.text(), r.text()
	e.Kind, e.Requirement, e.PolicyText = r.text(), r.text(), r.text()
	for _, l := range []*[]string{&e.Aliases, &e.Also, &e.Weak, &e.Addresses, &e.Notes, &e.Programs, &e.Born, &e.IDs} {
		*l = r.list()
	}
	for _, c := range r.list() {
		e.Countries = append(e.Countries, event.Country(c))
	}
	for range r.count() {
		e.Footnotes = append(e.Footnotes, event.Footnote{Number: int(r.uint() & 0xff), Span: event.Span{From: event.Date(r.text())}}) //nolint:gosec // below 256
	}
	n := r.count()
	if n > len(r.spans) {
		r.spans = make([]event.Span, max(n, 1024))
	}
	e.Listed = r.spans[:n:n]
	r.spans = r.spans[n:]
	for i := range e.Listed {
		e.Listed[i] = event.Span{From: event.Date(r.text()), Until: event.Date(r.text())}
	}
}

// seal writes the header of a file over its first bytes: what follows them is the content.
func seal(file []byte) (digest string) {
	copy(file, magic)
	binary.LittleEndian.PutUint32(file[8:], sectionCount)
	binary.LittleEndian.PutUint64(file[16:], uint64(len(file)))
	sum := sha256.Sum256(file[headerSize:])
	copy(file[32:], sum[:])
	return hex.EncodeToString(sum[:])
}
