package master

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/match"
	"github.com/tidegate/tidegate/services/enrichment/internal/recent"
	"github.com/tidegate/tidegate/shared/codec"
)

// Set is a compiled set, used where its bytes lie. They must not change while it is in use: what it gives points into them.
// It is safe for concurrent use.
type Set struct {
	digest   string
	file     []byte
	editions []Edition
	rows     []byte
	index    []byte
	slots    uint64
	count    int

	partners *recent.Cache[string, found[Partner]] // decoded before, by kind of identifier and identifier
	items    *recent.Cache[string, found[event.Item]]
}

// recentRows is how many partners and how many items stay decoded, twice: a customer orders again.
const recentRows = 8192

// Open checks a compiled set against the digest it is kept under and gives a view of it. An error is ErrDamaged.
func Open(file []byte, digest string) (*Set, error) {
	sum := sha256.Sum256(file)
	if got := hex.EncodeToString(sum[:]); got != digest {
		return nil, fmt.Errorf("%w: its SHA-256 is %s, not %s", ErrDamaged, got, digest)
	}
	if len(file) < headerSize || string(file[:8]) != magic {
		return nil, fmt.Errorf("%w: not a compiled set of masters", ErrDamaged)
	}
	n := func(i int) uint64 { return binary.LittleEndian.Uint64(file[8+8*i:]) }
	metaLen, rowsAt, rowsLen, indexAt, slots := n(0), n(1), n(2), n(3), n(4)
	size := uint64(len(file))
	if metaLen > size-headerSize || rowsAt != headerSize+metaLen || rowsLen > size-rowsAt || indexAt < rowsAt+rowsLen || indexAt > size || slots == 0 || (size-indexAt)/slotSize != slots || (size-indexAt)%slotSize != 0 {
		return nil, fmt.Errorf("%w: the header does not fit the file", ErrDamaged)
	}
	s := &Set{digest: digest, file: file, rows: file[rowsAt : rowsAt+rowsLen], index: file[indexAt:], slots: slots, count: int(n(5))} //nolint:gosec // a number of rows
	s.partners, s.items = recent.New[string, found[Partner]](recentRows), recent.New[string, found[event.Item]](recentRows)
	if err := json.Unmarshal(file[headerSize:headerSize+metaLen], &s.editions); err != nil {
		return nil, fmt.Errorf("%w: editions: %w", ErrDamaged, err)
	}
	return s, nil
}

// Digest is the SHA-256 of the file in lower-case hex.
func (s *Set) Digest() string { return s.digest }

// File is the compiled file itself.
func (s *Set) File() []byte { return s.file }

// Editions are the files that the set was made of, by series.
func (s *Set) Editions() []Edition { return s.editions }

// Len is the number of rows.
func (s *Set) Len() int { return s.count }

// find gives the value of a key.
func (s *Set) find(key string) ([]byte, bool) {
	h := hash(key)
	for i, n := slot(h, s.slots), uint64(0); n < s.slots; i, n = (i+1)%s.slots, n+1 {
		at := s.index[i*slotSize:]
		place := binary.LittleEndian.Uint64(at[8:])
		if place == 0 {
			return nil, false
		}
		if binary.LittleEndian.Uint64(at) != h || place > uint64(len(s.rows)) {
			continue
		}
		if value, ok := valueOf(s.rows[place-1:], key); ok {
			return value, true
		}
	}
	return nil, false
}

// valueOf gives the value of the row that begins here, where the key is one of its keys.
func valueOf(b []byte, key string) ([]byte, bool) {
	n, b, ok := number(b)
	has := false
	for ; ok && n > 0; n-- {
		var k []byte
		if k, b, ok = field(b); ok && string(k) == key {
			has = true
		}
	}
	if !ok || !has {
		return nil, false
	}
	value, _, ok := field(b)
	return value, ok
}

func number(b []byte) (uint64, []byte, bool) {
	n, size := binary.Uvarint(b)
	if size <= 0 {
		return 0, nil, false
	}
	return n, b[size:], true
}

func field(b []byte) (value, rest []byte, ok bool) {
	n, b, ok := number(b)
	if !ok || n > uint64(len(b)) {
		return nil, nil, false
	}
	return b[:n], b[n:], true
}

// all gives every row in the order of the file: its keys and its value.
func (s *Set) all() iter.Seq2[[]string, []byte] {
	return func(yield func([]string, []byte) bool) {
		for b := s.rows; len(b) > 0; {
			n, rest, ok := number(b)
			keys := make([]string, 0, 4)
			for ; ok && n > 0; n-- {
				var k []byte
				if k, rest, ok = field(rest); ok {
					keys = append(keys, string(k))
				}
			}
			var value []byte
			if ok {
				value, rest, ok = field(rest)
			}
			if !ok || len(keys) == 0 || !yield(keys, value) {
				return
			}
			b = rest
		}
	}
}

// The beginnings of keys, by kind of row.
const (
	partnerKey = "p/"
	itemKey    = "i/"
	firmKey    = "f/"
	nameKey    = "n/"
)

// Keys of partners and items. An empty value has no key.
func customerKey(s string) string { return partnerKey + "c/" + strings.ToUpper(strings.TrimSpace(s)) }
func glnKey(s string) string      { return partnerKey + "g/" + s }
func leiKey(s string) string      { return partnerKey + "l/" + s }
func skuKey(s string) string      { return itemKey + "s/" + strings.ToUpper(strings.TrimSpace(s)) }
func partKey(s string) string {
	return itemKey + "p/" + strings.ToUpper(strings.Join(strings.Fields(s), ""))
}

// Known says where a row was found: "partner master: customer C-1007".
type Known string

// found is a decoded row; nil where there is none.
type found[T any] struct {
	row   *T
	known Known
}

// identifier is a kind of identifier that rows are found by.
type identifier struct {
	kind, of string // "customer ", "partner master: "
	key      func(string) string
}

var (
	byCustomer = identifier{"customer ", "partner master: ", customerKey}
	byGLN      = identifier{"GLN ", "partner master: ", glnKey}
	byLEI      = identifier{"LEI ", "partner master: ", leiKey}
	bySKU      = identifier{"SKU ", "item master: ", skuKey}
	byPart     = identifier{"part number ", "item master: ", partKey}
)

// Partner finds the partner of a party: by its customer number, else its GLN, else its LEI. Nobody may change it.
func (s *Set) Partner(p *event.Party) (*Partner, Known, bool) {
	f := row(s, s.partners, &byCustomer, p.Customer)
	if f.row == nil {
		f = row(s, s.partners, &byGLN, p.GLN)
	}
	if f.row == nil {
		f = row(s, s.partners, &byLEI, p.LEI)
	}
	return f.row, f.known, f.row != nil
}

// Item finds the row of an item: by its SKU, else by its part number. Nobody may change it.
func (s *Set) Item(it *event.Item) (*event.Item, Known, bool) {
	f := row(s, s.items, &bySKU, it.SKU)
	if f.row == nil {
		f = row(s, s.items, &byPart, it.PartNumber)
	}
	return f.row, f.known, f.row != nil
}

// row finds and decodes the row of an identifier, or remembers it.
func row[T any](s *Set, seen *recent.Cache[string, found[T]], by *identifier, value string) found[T] {
	if value == "" {
		return found[T]{}
	}
	name := by.kind + value
	f, ok := seen.Get(name)
	if ok {
		return f
	}
	if b, ok := s.find(by.key(value)); ok {
		v := new(T)
		if codec.Decode(b, v) == nil {
			f = found[T]{v, Known(by.of + name)}
		}
	}
	seen.Put(name, f)
	return f
}

// Firm finds a firm of the registers.
func (s *Set) Firm(id string) (Firm, bool) {
	b, ok := s.find(firmKey + id)
	if !ok {
		return Firm{}, false
	}
	var f Firm
	return f, codec.Decode(b, &f) == nil
}

// named is the key of a name in a country; empty for a name that says nothing or without a country.
func named(name string, c event.Country) string {
	k := match.Key(name)
	if len(k) < 4 || c == "" {
		return ""
	}
	return nameKey + string(c) + "/" + k
}

// FirmOf finds the id of the one firm that has a name in a country.
func (s *Set) FirmOf(name string, c event.Country) (string, bool) {
	key := named(name, c)
	if key == "" {
		return "", false
	}
	b, ok := s.find(key)
	if !ok {
		return "", false
	}
	var f Firm
	return f.ID, codec.Decode(b, &f) == nil
}
