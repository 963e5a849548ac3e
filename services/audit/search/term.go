package search

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/shared/spelling"
)

// Terms are what an index finds a row by: small letters and digits only, so that no tokenizer takes one apart. A question is put in
// terms, too (Query.Plan).
func Terms(r Row) []string {
	t := make([]string, 0, 64)
	for _, v := range [...]struct{ what, value string }{
		{"order", r.OrderID},
		{"event", r.Event},
		{"tenant", r.Tenant},
		{"source", r.Source},
		{"actor", r.Actor},
		{"outcome", string(r.Outcome)},
		{"kind", r.Kind},
		{"cause", string(r.Cause)},
	} {
		if v.value != "" {
			t = append(t, value(v.what, v.value))
		}
	}
	t = append(t, everything)
	if r.Source != "" {
		t = append(t, sourced)
	}
	for _, rule := range r.Rules {
		t = append(t, value("rule", rule))
	}
	for _, e := range r.Entries {
		t = append(t, value("entry", e))
	}
	t = appendDays(t, 'd', r.Date)
	t = appendDays(t, 'r', r.Received.Date())
	return appendWords(t, spell(r.Names()))
}

// Terms that stand for no value.
const (
	everything = "all"
	sourced    = "sourced"
	nothing    = "none"
)

var short = base32.HexEncoding.WithPadding(base32.NoPadding)

// value is the term of a value: of an order id, an actor. Two of 80 bits are never the same by chance; who makes them so is found out when
// the record is compared with the question.
func value(what, v string) string {
	h := sha256.New()
	h.Write([]byte(what))
	h.Write([]byte{0})
	h.Write([]byte(v))
	var sum [sha256.Size]byte
	return "x" + strings.ToLower(short.EncodeToString(h.Sum(sum[:0])[:10]))
}

// appendDays appends a day with the month, year, decade and century it lies in, so that a range of days is few terms.
func appendDays(t []string, of byte, d event.Date) []string {
	if len(d) != len("2006-01-02") {
		return t
	}
	p := string(of)
	return append(t, p+"d"+string(d[:4]+d[5:7]+d[8:]), p+"m"+string(d[:4]+d[5:7]), p+"y"+string(d[:4]), p+"e"+string(d[:3]), p+"c"+string(d[:2]))
}

// appendWords appends a name's words, with their beginnings of three and four letters, by which very many words are found.
func appendWords(t []string, s spelled) []string {
	seen := ""
	for _, w := range s.words { // sorted: equal beginnings follow each other
		t = append(t, word(w))
		if !spelling.IsASCII(w) {
			continue
		}
		for n := shortest; n <= indexed && n <= len(w); n++ {
			if !strings.HasPrefix(seen, w[:n]) {
				t = append(t, "p"+w[:n])
			}
		}
		seen = w
	}
	for _, j := range s.joined {
		t = append(t, "j"+j)
	}
	return t
}

// indexed is up to how many letters a beginning has a term of its own.
const indexed = 4

// word is the term of a name's word.
func word(w string) string {
	if spelling.IsASCII(w) {
		return "w" + w
	}
	return "u" + hex.EncodeToString([]byte(w))
}

// Known are the words of a row that others may be near to or the beginning of.
func Known(r Row) (words []string) {
	for _, w := range spell(r.Names()).words {
		if n := utf8.RuneCountInString(w); n > indexed || n > shortest && len(w) > n {
			words = append(words, w)
		}
	}
	return words
}
