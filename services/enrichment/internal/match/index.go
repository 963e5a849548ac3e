package match

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// Matcher names this matcher and its weights; a change of either changes it.
const Matcher = "names-1"

// Methods, best first.
const (
	Exact      = "exact"
	Normalized = "normalized"
	Reordered  = "reordered"
	OneEdit    = "one_edit"
)

// Listed is a name of a listed entry, as the index takes it.
type Listed struct {
	Entry int32  // the caller's number of the entry
	Name  string // as the list has it
	Alias bool   // not the entry's primary name
}

// Candidate is a listed name that a name resembles.
type Candidate struct {
	Listed
	Method  string
	Letters int  // letters and digits of the listed name's key
	Weak    bool // the difference lies in a short word, or the whole name is short
}

// Index holds the names of listed entries. It is immutable and safe for concurrent use.
type Index struct {
	names   []Listed
	parsed  []Name
	runes   [][]rune
	exact   map[string][]int32
	compact *table
	sorted  *table
	deleted *table // a listed name's key without one of its runes
	pool    sync.Pool
}

// minEdit is the shortest key that is compared with one edit; below it every second abbreviation would match.
const minEdit = 4

// NewIndex builds the index over names. What is found for one name does not depend on the others: adding a name never
// takes a candidate away.
func NewIndex(names []Listed) *Index {
	ix := &Index{names: names, exact: map[string][]int32{}}
	ix.pool.New = func() any { return &scratch{} }
	var compact, sorted, deleted []pair
	var h hasher
	for i, l := range names {
		n := Parse(l.Name)
		r := []rune(n.Compact)
		ix.parsed, ix.runes = append(ix.parsed, n), append(ix.runes, r)
		row := int32(i)
		ix.exact[l.Name] = append(ix.exact[l.Name], row)
		if len(r) == 0 {
			continue
		}
		h.set(r)
		compact = append(compact, pair{h.whole(), row})
		sorted = append(sorted, pair{hashString(n.Sorted), row})
		if len(r) < minEdit {
			continue
		}
		for k := range r {
			deleted = append(deleted, pair{h.without(k), row})
		}
	}
	ix.compact, ix.sorted, ix.deleted = newTable(compact), newTable(sorted), newTable(deleted)
	return ix
}

type scratch struct {
	h     hasher
	rows  []int32
	runes []rune
}

// Find gives the listed names that s resembles, each once with its best method, sorted by entry and then by method,
// and how many names were compared.
func (ix *Index) Find(s string) ([]Candidate, int) {
	if s == "" {
		return nil, 0
	}
	sc, _ := ix.pool.Get().(*scratch)
	defer ix.pool.Put(sc)
	var out []Candidate
	considered := 0
	for i, v := range variants(s) {
		c, n := ix.find(v, i > 0, sc)
		out, considered = append(out, c...), considered+n
	}
	return bestPerName(out), considered
}

func (ix *Index) find(s string, variant bool, sc *scratch) (out []Candidate, considered int) {
	if !variant {
		for _, row := range ix.exact[s] {
			out = append(out, ix.candidate(row, Exact, false))
		}
	}
	n := Parse(s)
	if n.Letters == 0 {
		return out, len(out)
	}
	sc.runes = append(sc.runes[:0], []rune(n.Compact)...)
	sc.h.set(sc.runes)
	rows := ix.compact.find(sc.h.whole(), sc.rows[:0])
	same := len(rows)
	rows = ix.sorted.find(hashString(n.Sorted), rows)
	reordered := len(rows)
	if n.Letters >= minEdit-1 {
		rows = ix.deleted.find(sc.h.whole(), rows)
		for k := range sc.runes {
			d := sc.h.without(k)
			rows = ix.compact.find(d, rows)
			rows = ix.deleted.find(d, rows)
		}
	}
	for i, row := range rows {
		var c Candidate
		ok := false
		switch {
		case i < same:
			c, ok = ix.candidate(row, Normalized, false), ix.parsed[row].Compact == n.Compact
		case i < reordered:
			c, ok = ix.candidate(row, Reordered, false), ix.parsed[row].Sorted == n.Sorted
		default:
			c, ok = ix.edited(row, n, sc.runes)
		}
		if ok {
			out = append(out, c)
		}
	}
	sc.rows = rows
	return out, len(rows)
}

func (ix *Index) candidate(row int32, method string, weak bool) Candidate {
	return Candidate{Listed: ix.names[row], Method: method, Letters: ix.parsed[row].Letters, Weak: weak}
}

// edited compares with one edit. Numbers must agree: Factory No. 2 is not Factory No. 12. The difference is weak in a
// short name or in a short word of a longer one.
func (ix *Index) edited(row int32, n Name, q []rune) (Candidate, bool) {
	l := ix.runes[row]
	if len(l) < minEdit || numbers(n.Compact) != numbers(ix.parsed[row].Compact) {
		return Candidate{}, false
	}
	at, ok := oneEdit(q, l)
	if !ok {
		return Candidate{}, false
	}
	word := wordAt(n.Words, at)
	return ix.candidate(row, OneEdit, min(len(q), len(l)) < 5 || utf8.RuneCountInString(word) < 5), true
}

// wordAt is the word that covers rune at of the words written together.
func wordAt(words []string, at int) string {
	for _, w := range words {
		n := utf8.RuneCountInString(w)
		if at < n {
			return w
		}
		at -= n
	}
	if len(words) == 0 {
		return ""
	}
	return words[len(words)-1]
}

// numbers gives the digits of a key, with a mark between separate numbers.
func numbers(s string) string {
	if !strings.ContainsAny(s, "0123456789") {
		return ""
	}
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < '0' || r > '9' }), ",")
}

func rank(method string) int {
	switch method {
	case Exact:
		return 0
	case Normalized:
		return 1
	case Reordered:
		return 2
	}
	return 3
}

func bestPerName(cs []Candidate) []Candidate {
	if len(cs) < 2 {
		return cs
	}
	slices.SortFunc(cs, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(a.Entry, b.Entry), strings.Compare(a.Name, b.Name), cmp.Compare(rank(a.Method), rank(b.Method)))
	})
	return slices.CompactFunc(cs, func(a, b Candidate) bool { return a.Entry == b.Entry && a.Name == b.Name })
}

// variants are the ways to read a name that holds more than one: itself first, then what stands before and in a
// bracket that is an abbreviation, and both sides of "a.k.a." and "d/b/a".
func variants(s string) []string {
	out := []string{s}
	if open := strings.IndexByte(s, '('); open > 0 {
		if length := strings.IndexByte(s[open:], ')'); length > 3 && abbreviation(s[open+1:open+length]) {
			out = append(out, s[:open]+s[open+length+1:], s[open+1:open+length])
		}
	}
	if strings.IndexByte(s, '/') < 0 && strings.IndexByte(s, '.') < 0 && !strings.Contains(s, "trading as") && !strings.Contains(s, "aka") {
		return out
	}
	lower := strings.ToLower(s)
	if len(lower) != len(s) {
		return out
	}
	for _, m := range []string{" a.k.a. ", " aka ", " d/b/a ", " dba ", " trading as ", " t/a ", " f.k.a. "} {
		if at := strings.Index(lower, m); at > 0 {
			out = append(out, s[:at], s[at+len(m):])
		}
	}
	return out
}

// abbreviation says whether a bracket holds an abbreviation and not a place or a form: 3 to 8 capitals and dashes.
func abbreviation(s string) bool {
	if len(s) < 3 || len(s) > 8 || places[s] {
		return false
	}
	for i := range len(s) {
		if (s[i] < 'A' || s[i] > 'Z') && s[i] != '-' {
			return false
		}
	}
	return true
}

var places = set("USA PRC UAE UK HKG CHINA INDIA JAPAN KOREA EMEA APAC ASIA EUROPE MACAU MACAO TAIWAN GROUP PTE LTD INC PVT PTY LLC")
