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
		sorted = append(sorted, pair{hashWords(n.Words), row})
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

// scratch is what one look-up needs; pooled, so that a look-up costs next to no memory.
type scratch struct {
	h     hasher
	rows  []int32
	words []string
	runes []rune
}

// parse fills words and runes with a name's normal form.
func (sc *scratch) parse(s string) {
	sc.words = appendWords(sc.words[:0], s)
	sc.runes = sc.runes[:0]
	for _, w := range sc.words {
		for _, r := range w {
			sc.runes = append(sc.runes, r)
		}
	}
	sc.h.set(sc.runes)
}

// sameWords says whether the words are those of n in any order.
func (sc *scratch) sameWords(n Name) bool {
	if len(sc.words) != len(n.Words) {
		return false
	}
	sorted := slices.Clone(sc.words)
	slices.Sort(sorted)
	return strings.Join(sorted, " ") == n.Sorted
}

// Find gives the listed names that s resembles, each once with its best method, sorted by entry and then by method,
// and how many names were compared.
func (ix *Index) Find(s string) ([]Candidate, int) {
	if s == "" {
		return nil, 0
	}
	sc, _ := ix.pool.Get().(*scratch)
	defer ix.pool.Put(sc)
	out, considered := ix.find(s, false, sc)
	if manyReadings(s) {
		for _, v := range variants(s) {
			c, n := ix.find(v, true, sc)
			out, considered = append(out, c...), considered+n
		}
	}
	return bestPerName(out), considered
}

// manyReadings is a cheap look at whether variants could find any: a bracket, or the first letters of its marks.
func manyReadings(s string) bool {
	for i := range len(s) {
		if s[i] == '(' {
			return true
		}
		if s[i] == ' ' && i+2 < len(s) {
			switch [2]byte{s[i+1] | 0x20, s[i+2] | 0x20} {
			case [2]byte{'a', 'k'}, [2]byte{'a', '.'}, [2]byte{'d', 'b'}, [2]byte{'d', '/'}, [2]byte{'t', '/'}, [2]byte{'t', 'r'}, [2]byte{'f', '.'}:
				return true
			}
		}
	}
	return false
}

// find looks one reading of a name up: as it stands, then by its normal form, by its words in any order, and by the
// neighborhood of one edit.
func (ix *Index) find(s string, variant bool, sc *scratch) (out []Candidate, considered int) {
	if !variant {
		for _, row := range ix.exact[s] {
			out = append(out, ix.candidate(row, Exact, false))
		}
	}
	sc.parse(s)
	if len(sc.runes) == 0 {
		return out, len(out)
	}
	rows := ix.compact.find(sc.h.whole(), sc.rows[:0])
	same := len(rows)
	rows = ix.sorted.find(hashWords(sc.words), rows)
	reordered := len(rows)
	rows = ix.near(sc, rows)
	for i, row := range rows {
		var c Candidate
		var ok bool
		switch {
		case i < same:
			c, ok = ix.candidate(row, Normalized, false), equal(ix.runes[row], sc.runes)
		case i < reordered:
			c, ok = ix.candidate(row, Reordered, false), sc.sameWords(ix.parsed[row])
		default:
			c, ok = ix.edited(row, sc)
		}
		if ok {
			out = append(out, c)
		}
	}
	sc.rows = rows
	return out, len(rows)
}

// near appends the rows whose key may be one edit away, each once.
func (ix *Index) near(sc *scratch, rows []int32) []int32 {
	if len(sc.runes) < minEdit-1 {
		return rows
	}
	from := len(rows)
	rows = ix.deleted.find(sc.h.whole(), rows)
	for k := range sc.runes {
		d := sc.h.without(k)
		rows = ix.compact.find(d, rows)
		rows = ix.deleted.find(d, rows)
	}
	if len(rows)-from > 1 {
		slices.Sort(rows[from:])
		rows = rows[:from+len(slices.Compact(rows[from:]))]
	}
	return rows
}

func (ix *Index) candidate(row int32, method string, weak bool) Candidate {
	return Candidate{Listed: ix.names[row], Method: method, Letters: ix.parsed[row].Letters, Weak: weak}
}

// edited compares with one edit. Numbers must agree: Factory No. 2 is not Factory No. 12. The difference is weak in a
// short name or in a short word of a longer one.
func (ix *Index) edited(row int32, sc *scratch) (Candidate, bool) {
	q, l := sc.runes, ix.runes[row]
	if len(l) < minEdit {
		return Candidate{}, false
	}
	at, ok := oneEdit(q, l)
	if !ok || numbers(strings.Join(sc.words, "")) != numbers(ix.parsed[row].Compact) {
		return Candidate{}, false
	}
	word := wordAt(sc.words, at)
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

// variants are the further readings of a name that holds more than one: what stands before and in a bracket that is an
// abbreviation, and both sides of "a.k.a." and "d/b/a".
func variants(s string) []string {
	var out []string
	if open := strings.IndexByte(s, '('); open > 0 {
		if length := strings.IndexByte(s[open:], ')'); length > 3 && abbreviation(s[open+1:open+length]) {
			out = append(out, s[:open]+s[open+length+1:], s[open+1:open+length])
		}
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
