package match

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/tidegate/tidegate/services/enrichment/internal/recent"
	"github.com/tidegate/tidegate/shared/spelling"
)

// Matcher names this matcher and its weights; a change of either changes it.
const Matcher = "names-5"

// Methods, best first.
const (
	Exact      = "exact"
	Normalized = "normalized"
	Reordered  = "reordered"
	OneEdit    = "one_edit"
	Alike      = "alike" // word by word: another script, words left out, several slips
)

// Floor is the least likeness of a candidate that is found word by word; those below it are only counted.
const Floor = 750

// Listed is a name of a listed entry, as the index takes it.
type Listed struct {
	Entry int32  // the caller's number of the entry
	Name  string // as the list has it
	Alias bool   // not the entry's primary name
	Low   bool   // an alias that the list itself calls weak
	Kind  Kind   // of the entry
}

// Candidate is a listed name that a name resembles.
type Candidate struct {
	Listed
	Method  string
	Like    int  // how alike the names are, of a thousand, where Method is Alike
	Letters int  // letters and digits of the listed name's key
	Weak    bool // the difference lies in a short word, or the whole name is short
}

// Index holds the names of listed entries. It is immutable, but for what it remembers, and safe for concurrent use.
// What it holds lies in a few flat arrays, not in many small pieces: that is quick to build, small, and near in memory.
type Index struct {
	recent  *recent.Cache[string, answer]
	names   []Listed
	letters []uint16 // by name: letters and digits of its key
	exact   *table   // of names as they stand
	sorted  *table
	texts   []listedText
	heap    string       // the texts' letters
	keys    neighborhood // of texts
	firms   *blocks
	people  *blocks
	pool    sync.Pool
}

// listedText is a listed name in one reading.
type listedText struct {
	row     int32
	from    uint32 // in the heap; it ends where the next one begins
	formsAt uint16 // place of the legal forms at the end; the number of runes where there are none
	kinds   reading
}

// minEdit is the shortest key that is compared with one edit; below it every second abbreviation would match.
const minEdit = 4

// NewIndex builds the index over names. What is found for one name does not depend on the others: adding a name never
// takes a candidate away.
func NewIndex(names []Listed) *Index {
	ix := &Index{names: names, recent: recent.New[string, answer](remembered(len(names), recentNames))}
	ix.pool.New = func() any { return &scratch{} }
	var parts sync.WaitGroup // three that know nothing of each other
	parts.Go(func() { ix.firms = newBlocks(names, Company) })
	parts.Go(func() { ix.people = newBlocks(names, Person) })
	ix.write(names)
	parts.Wait()
	return ix
}

// write reads every name and files its readings.
func (ix *Index) write(names []Listed) {
	exact, sorted := make([]pair, 0, len(names)), make([]pair, 0, len(names))
	ix.letters = make([]uint16, len(names))
	var heap strings.Builder
	ts := &texts{}
	for i := range names {
		name, row := names[i].Name, int32(i) //nolint:gosec // rows fit
		exact = append(exact, pair{hashString(name), row})
		ts.set(name)
		if len(ts.each[0].runes) == 0 {
			continue
		}
		ix.letters[i] = uint16(min(len(ts.each[0].runes), 1<<16-1)) //nolint:gosec // bounded
		sorted = append(sorted, pair{hashWords(ts.each[0].words), row})
		for _, t := range ts.all() {
			at := len(t.runes)
			if t.kinds&full != 0 {
				at = ts.formsAt()
			}
			ix.texts = append(ix.texts, listedText{row: row, kinds: t.kinds, from: uint32(heap.Len()), formsAt: uint16(at)}) //nolint:gosec // bounded
			for _, r := range t.runes {
				heap.WriteRune(r)
			}
		}
	}
	ix.texts = append(slices.Clip(ix.texts), listedText{from: uint32(heap.Len())}) //nolint:gosec // bounded
	ix.heap, ix.exact, ix.sorted = heap.String(), newTable(exact), newTable(sorted)
	ix.keys = newNeighborhood(len(ix.texts)-1, minEdit, ix.runes)
}

// runes appends those of text i.
func (ix *Index) runes(i int, room []rune) []rune {
	for _, r := range ix.heap[ix.texts[i].from:ix.texts[i+1].from] {
		room = append(room, r)
	}
	return room
}

// scratch is what one look-up needs; pooled, so that a look-up costs next to no memory.
type scratch struct {
	texts texts
	h     hasher
	rows  []int32
	slips []int32
	key   []rune
	word  []rune
	raw   []string
	right text
	ask   asking
}

// sameWords says whether the words are those of n in any order.
func sameWords(words []string, n Name) bool {
	if len(words) != len(n.Words) {
		return false
	}
	sorted := slices.Clone(words)
	slices.Sort(sorted)
	return strings.Join(sorted, " ") == n.Sorted
}

// Find gives the listed names that s resembles, each once with its best method, sorted by entry and then by method,
// and how many names were compared.
func (ix *Index) Find(s string) ([]Candidate, int) {
	if s == "" {
		return nil, 0
	}
	a, seen := ix.recent.Get(s)
	if !seen {
		a.found, a.considered = ix.look(s)
		if len(s) <= recentBytes {
			ix.recent.Put(strings.Clone(s), a)
		}
	}
	return a.found, a.considered
}

// look is Find for a name not seen before.
func (ix *Index) look(s string) ([]Candidate, int) {
	sc, _ := ix.pool.Get().(*scratch)
	defer ix.pool.Put(sc)
	out, considered := ix.find(s, false, sc)
	if manyReadings(s) {
		for _, v := range variants(s) {
			c, n := ix.find(v, true, sc)
			out, considered = append(out, c...), considered+n
		}
	}
	for _, b := range [2]*blocks{ix.firms, ix.people} {
		var n int
		out, n = ix.alike(s, b, sc, out)
		considered += n
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

// find looks one name up: as it stands, then by the neighborhood of one edit in each of its readings, by its words in
// any order, and with a slip in a trade word put right.
func (ix *Index) find(s string, variant bool, sc *scratch) (out []Candidate, considered int) {
	if !variant {
		sc.rows = ix.exact.find(hashString(s), sc.rows[:0])
		for _, row := range sc.rows {
			if ix.names[row].Name == s {
				out = append(out, ix.candidate(row, Exact))
			}
		}
	}
	sc.texts.set(s)
	for i := range sc.texts.all() {
		var n int
		out, n = ix.read(&sc.texts.each[i], sc, out)
		considered += n
	}
	words := sc.texts.each[0].words
	sc.rows = ix.sorted.find(hashWords(words), sc.rows[:0])
	for _, row := range sc.rows {
		if sameWords(words, Parse(ix.names[row].Name)) {
			out = append(out, ix.candidate(row, Reordered))
		}
	}
	considered += len(sc.rows)
	out, n := ix.slipped(sc, out)
	return out, considered + n
}

// alike appends the listed names of a kind that s resembles word by word.
func (ix *Index) alike(s string, b *blocks, sc *scratch, out []Candidate) ([]Candidate, int) {
	if len(b.rows) == 0 {
		return out, 0
	}
	q := &sc.ask
	p := b.profile(s, q)
	found := b.find(&p, q)
	q.memo.next()
	q.aligner.memo = &q.memo
	q.aligner.set(&p)
	for _, at := range found {
		if l := q.aligner.with(b, at, ix.names); l.Score >= Floor {
			c := ix.candidate(b.rows[at], Alike)
			c.Like = l.Score
			out = append(out, c)
		}
	}
	return out, len(found)
}

// read appends the names that are the same in a reading, or one edit away. Only the folded reading makes them the same
// name; in another a blank is missing or too many, which counts as an edit.
func (ix *Index) read(t *text, sc *scratch, out []Candidate) ([]Candidate, int) {
	if len(t.runes) == 0 {
		return out, 0
	}
	sc.h.set(t.runes)
	rows := ix.keys.same(&sc.h, sc.rows[:0])
	same := len(rows)
	if len(t.runes) >= minEdit-1 {
		rows = ix.keys.near(&sc.h, rows)
	}
	sc.rows = rows
	for i, at := range rows {
		key := &ix.texts[at]
		kinds := key.kinds & t.kinds
		if kinds == 0 {
			continue
		}
		sc.key = ix.runes(int(at), sc.key[:0])
		switch {
		case i >= same:
			if c, ok := ix.edited(key, sc.key, t); ok {
				out = append(out, c)
			}
		case !equal(sc.key, t.runes):
		case kinds&folded != 0:
			out = append(out, ix.candidate(key.row, Normalized))
		default:
			if c, ok := ix.inForm(key.row, len(sc.key)); ok {
				out = append(out, c)
			}
		}
	}
	return out, len(rows)
}

func (ix *Index) candidate(row int32, method string) Candidate {
	return Candidate{Listed: ix.names[row], Method: method, Letters: int(ix.letters[row])}
}

// edited compares with one edit. Numbers must agree: Factory No. 2 is not Factory No. 12. The difference is weak in a
// short name or in a short word of a longer one, but not in a legal form. A Chinese character is a short word.
func (ix *Index) edited(key *listedText, l []rune, t *text) (Candidate, bool) {
	q := t.runes
	at, ok := oneEdit(q, l)
	if !ok || !sameNumbers(q, l) {
		return Candidate{}, false
	}
	c := ix.candidate(key.row, OneEdit)
	switch {
	case key.inForms(at, l, t):
		return ix.inForm(key.row, len(l))
	case c.Letters < minEdit:
		return Candidate{}, false
	case t.kinds&key.kinds&full != 0 && chineseSlip(q, l, at):
		c.Letters, c.Weak = len(l), true
		return c, true
	case spelling.IsHan(l[min(at, len(l)-1)]):
		c.Weak = true
		return c, true
	}
	c.Weak = min(c.Letters, len(q), len(l)) < 5 || utf8.RuneCountInString(wordAt(t.words, at)) < 5
	return c, true
}

// inForm is a candidate that differs in a legal form or a trade word and else agrees in so many letters. An
// abbreviation must agree in a long form: BYD Company Limtied, but not BYD Cod.
func (ix *Index) inForm(row int32, letters int) (Candidate, bool) {
	c := ix.candidate(row, OneEdit)
	short := c.Letters < minEdit && letters < 2*minEdit
	c.Letters = letters
	return c, !short
}

// inForms says whether rune at of t lies in what stands for the legal forms at the name's end. What stands before
// them must be whole. Words of Chinese are not parted: a character more may belong to either side.
func (l *listedText) inForms(at int, runes []rune, t *text) bool {
	forms := int(l.formsAt)
	switch {
	case forms >= len(runes) || t.kinds&full == 0 || at < forms:
		return false
	case spelling.IsHan(runes[forms]):
		return at > forms || len(t.runes) <= len(runes)
	}
	return begins(t.words, forms)
}

// chineseSlip says whether two characters are swapped, or one is too many, in a Chinese name with its legal form.
// Another character, or one less, makes another name of so short a one.
func chineseSlip(q, l []rune, at int) bool {
	if at >= len(l) || !spelling.IsHan(l[at]) || len(l) < 2*minEdit {
		return false
	}
	return len(q) > len(l) || len(q) == len(l) && !equal(q[at+1:], l[at+1:])
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

// sameNumbers says whether two keys have the same numbers.
func sameNumbers(a, b []rune) bool {
	if !slices.ContainsFunc(a, isDigit) && !slices.ContainsFunc(b, isDigit) {
		return true
	}
	return numbers(string(a)) == numbers(string(b))
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

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
	if method == OneEdit {
		return 3
	}
	return 4
}

func bestPerName(cs []Candidate) []Candidate {
	if len(cs) < 2 {
		return cs
	}
	slices.SortFunc(cs, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(a.Entry, b.Entry), strings.Compare(a.Name, b.Name), cmp.Compare(rank(a.Method), rank(b.Method)),
			compareBool(a.Alias, b.Alias), compareBool(a.Low, b.Low), compareBool(a.Weak, b.Weak), -cmp.Compare(a.Letters, b.Letters))
	})
	return slices.CompactFunc(cs, func(a, b Candidate) bool { return a.Entry == b.Entry && a.Name == b.Name })
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
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
