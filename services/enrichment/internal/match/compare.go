package match

import (
	"slices"
	"strings"

	"github.com/tidegate/tidegate/shared/spelling"
)

// How far two words or names may differ, and what it costs; parts of a thousand.
const (
	leastLike   = 600 // below it two words are different words
	likeSound   = 860 // the same consonants in two scripts
	likeInitial = 850
	likeJoined  = 980 // two words written as one
	costOrder   = 15
	costForm    = 5
	capContrary = 780 // names of persons that contradict each other in a word stay below review
	likeReading = 930 // the same sound in two scripts, such as Chinese and pinyin
	leastWhole  = 8   // letters of names that are compared as a whole
	leastCore   = 6   // letters of these without legal forms
	mostLimit   = 230 // hundredths of an edit between two words, however long
	capNumbers  = 760 // Factory No. 2 is not Factory No. 12
)

// Likeness is how alike two names are: 1000 for the same string, and never as much for any other. Numbers below rank.
type Likeness struct {
	Score        int
	a, b         []*word // of the names, to say why
	usedA, usedB [mostWords]bool
	pairs        []pairing
	order        bool
	numbers      bool
	reading      bool // the same written in Latin letters
	edit         bool // one edit apart as a whole
	sons         bool // father and son have changed places
}

// pairing is a run of words of one name that stands for a run of the other's.
type pairing struct {
	fromA, ofA, atB, ofB int // where the runs begin, and how long they are
	like                 int
	weight               int
}

// brief is what most comparisons of words need. Those of listed words lie side by side, so that most names are told apart
// without a look at the words.
type brief struct {
	frame   frame
	frame0  frame // of the letters as they stand
	weight  uint8
	class   class
	length  uint8 // of the first reading
	length0 uint8 // of the letters as they stand
	many    bool  // several readings
	latin   bool  // of one reading in Latin letters
	son     bool  // "son of"
}

func briefOf(w *word) brief {
	b := brief{frame: w.frame, frame0: w.frame0, class: w.class, many: len(w.latin) > 1, latin: w.script == 'l' && len(w.latin) == 1}
	b.weight = uint8(w.weight)                                                                 //nolint:gosec // a hundred at most
	b.length, b.length0 = uint8(min(len(w.latin[0]), 255)), uint8(min(len(asLetters(w)), 255)) //nolint:gosec // bounded
	switch w.shown {
	case "bin", "ben", "ibn", "bint":
		b.son = true
	}
	return b
}

// aligner holds what aligning a name with listed ones needs; reused.
type aligner struct {
	name         *Profile
	a, b         []brief
	kind         Kind
	listed       *Profile // the listed name, where it is at hand
	blocks       *blocks  // else where it is found
	names        []Listed
	place        int32
	ids          []int32
	fetched      Profile
	pairs        []pairing
	usedA, usedB [mostWords]bool
	soundA       []sound
	soundB       []sound
	joinA, joinB []rune
	likes        [mostWords][mostWords]int16
	memo         *memo // of the words of one name and the listed ones; nil where two names are compared alone
}

// Resemble says how alike a name and a listed name are.
func Resemble(a, b *Profile) Likeness {
	if a.exact == b.exact {
		return Likeness{Score: 1000}
	}
	var al aligner
	al.set(a)
	al.listed, al.kind = b, b.kind
	for _, w := range b.words {
		al.b = append(al.b, briefOf(w))
	}
	l := al.compare(spelling.Script(b.exact), b.forms, len(b.whole))
	l.a, l.b = a.words, b.words
	return l
}

// set takes the name that others are compared with.
func (al *aligner) set(a *Profile) {
	al.name, al.a = a, al.a[:0]
	for _, w := range a.words {
		al.a = append(al.a, briefOf(w))
	}
}

// with says how alike the name is to the listed one of a place.
func (al *aligner) with(b *blocks, place int32, names []Listed) Likeness {
	this, next := &b.profiles[place], &b.profiles[place+1]
	al.blocks, al.names, al.place, al.listed, al.kind = b, names, place, nil, b.kind
	al.ids, al.b = b.ids[this.ids:next.ids], al.b[:0]
	for _, id := range al.ids {
		al.b = append(al.b, b.briefs[id])
	}
	l := al.compare(this.script, b.forms[this.forms], int(next.whole-this.whole))
	if l.Score >= Floor && al.name.exact == al.other().exact {
		l.Score = 1000
	}
	return l
}

// other is the listed name in full, looked up when it is asked for.
func (al *aligner) other() *Profile {
	if al.listed == nil {
		al.blocks.at(al.place, al.names, &al.fetched)
		al.listed = &al.fetched
	}
	return al.listed
}

// word is word j of the listed name.
func (al *aligner) word(j int) *word {
	if al.listed == nil {
		return al.blocks.words[al.ids[j]]
	}
	return al.listed.words[j]
}

func (al *aligner) compare(script byte, forms string, whole int) Likeness {
	al.align()
	l := Likeness{pairs: al.pairs, usedA: al.usedA, usedB: al.usedB}
	l.weigh(al, forms)
	if l.Score < likeReading && script != al.name.script && sameReading(al.name, al.other()) {
		l.Score, l.reading = likeReading, true
	}
	if floor := al.whole(whole); floor > l.Score {
		l.Score, l.edit = floor, true
	}
	return l
}

// sameReading says whether two names of different scripts are the same in Latin letters in any reading.
func sameReading(a, b *Profile) bool {
	return slices.ContainsFunc(a.latins(), func(s string) bool { return len(s) >= minEdit && slices.Contains(b.latins(), s) })
}

// whole is the least score of names that are one edit apart as a whole, wherever it lies: in a short word, in a word
// that tells little, in a legal form. Numbers must agree. The length is that of the listed name in bytes.
func (al *aligner) whole(length int) int {
	a := al.name
	n := len(a.whole)
	if n < leastWhole || n > longest || length > longest || n-length > 4 || length-n > 4 {
		return 0
	}
	listed := al.other().whole
	if !mayBeOneEdit(a.whole, listed) || isAsian(spelling.Script(a.whole)) {
		return 0
	}
	if ls := a.latins(); len(ls) == 0 || len(ls[0]) < leastCore {
		return 0
	}
	if a.whole == listed {
		return 960
	}
	al.joinA, al.joinB = al.joinA[:0], al.joinB[:0]
	for _, r := range a.whole {
		al.joinA = append(al.joinA, r)
	}
	for _, r := range listed {
		al.joinB = append(al.joinB, r)
	}
	if _, one := oneEdit(al.joinA, al.joinB); !one || !sameNumbers(al.joinA, al.joinB) {
		return 0
	}
	return 820 + min(60, n)
}

// mayBeOneEdit is a quick look at two strings: what differs must lie within the bytes of two runes.
func mayBeOneEdit(a, b string) bool {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	j := 0
	for j < len(a)-i && j < len(b)-i && a[len(a)-1-j] == b[len(b)-1-j] {
		j++
	}
	return max(len(a), len(b))-i-j <= 8
}

// align pairs the words: the same ones first, then words joined or split, then the most alike ones.
func (al *aligner) align() {
	al.pairs = al.pairs[:0]
	al.usedA, al.usedB = [mostWords]bool{}, [mostWords]bool{}
	for i := range al.a {
		for j := range al.b {
			al.likes[i][j] = int16(al.alike(i, j)) //nolint:gosec // a thousand at most
		}
	}
	for i := range al.a {
		for j := range al.b {
			if !al.usedB[j] && al.likes[i][j] == 1000 { // the same text, and only that
				al.pair(i, 1, j, 1, 1000)
				break
			}
		}
	}
	al.joined()
	al.best()
	al.rest()
}

func (al *aligner) pair(i, n, j, m, like int) {
	p := pairing{fromA: i, ofA: n, atB: j, ofB: m, like: like}
	var wa, wb int
	for k := i; k < i+n; k++ {
		al.usedA[k] = true
		wa += int(al.a[k].weight)
	}
	for k := j; k < j+m; k++ {
		al.usedB[k] = true
		wb += int(al.b[k].weight)
	}
	p.weight = min(wa, wb)
	al.pairs = append(al.pairs, p)
}

// joined pairs two neighbors with one word of the other name.
func (al *aligner) joined() {
	for i := range al.a {
		for j := range al.b {
			if al.usedA[i] || al.usedB[j] {
				continue
			}
			if i+1 < len(al.a) && !al.usedA[i+1] && mayJoin(&al.a[i], &al.a[i+1], &al.b[j]) && al.like2(al.name.words[i], al.name.words[i+1], al.word(j)) {
				al.pair(i, 2, j, 1, likeJoined)
			} else if j+1 < len(al.b) && !al.usedB[j+1] && mayJoin(&al.b[j], &al.b[j+1], &al.a[i]) && al.like2(al.word(j), al.word(j+1), al.name.words[i]) {
				al.pair(i, 1, j, 2, likeJoined)
			}
		}
	}
}

// mayJoin is a quick look at what like2 looks at: lengths and consonants.
func mayJoin(v, w, x *brief) bool {
	if v.many || w.many || x.many {
		return true
	}
	n := int(v.length) + int(w.length)
	return n >= 4 && int(x.length) >= n-1 && int(x.length) <= n+1 && (v.frame|w.frame).apart(x.frame) <= costEdit
}

// like2 says whether v and w written together are x, but for a small difference.
func (al *aligner) like2(v, w, x *word) bool {
	parted := (v.frame | w.frame).apart(x.frame)
	for _, xl := range x.latin {
		for _, vl := range v.latin {
			for _, wl := range w.latin {
				n := len(vl) + len(wl)
				if parted > 20*n || parted > costEdit || len(vl) < 1 || len(xl) < n-1 || len(xl) > n+1 || n < 4 {
					continue
				}
				al.soundA = append(append(al.soundA[:0], vl...), wl...)
				if distance(al.soundA, xl, min(costEdit, 20*n)) != tooFar {
					return true
				}
			}
		}
	}
	return false
}

// best pairs the unpaired words, those first that are most alike and weigh most.
func (al *aligner) best() {
	for {
		bi, bj, most := -1, -1, 0
		for i := range al.a {
			for j := range al.b {
				if al.usedA[i] || al.usedB[j] {
					continue
				}
				w := int(min(al.a[i].weight, al.b[j].weight))
				if l := int(al.likes[i][j]); l >= leastLike && l*w > most {
					bi, bj, most = i, j, l*w
				}
			}
		}
		if bi < 0 {
			return
		}
		al.pair(bi, 1, bj, 1, int(al.likes[bi][bj]))
	}
}

// alike says how alike word i of the name and word j of the listed one are; each two words are compared once a name.
func (al *aligner) alike(i, j int) int {
	if unlike(&al.a[i], &al.b[j], al.kind) {
		return 0
	}
	if al.memo == nil {
		return alike(al.name.words[i], al.word(j), al.kind)
	}
	s, key := al.memo.slot(i, al.ids[j])
	if s.key != key {
		s.key, s.like = key, int16(alike(al.name.words[i], al.word(j), al.kind)) //nolint:gosec // a thousand at most
	}
	return int(s.like)
}

// unlike is a quick look at two words of Latin letters: too many consonants that only one has make them different.
func unlike(v, w *brief, kind Kind) bool {
	if !v.latin || !w.latin || kind == Person && (v.class == initial || w.class == initial) {
		return false
	}
	return v.frame.apart(w.frame) > limit(int(max(v.length, w.length))) && v.frame0.apart(w.frame0) > limit(int(max(v.length0, w.length0)))
}

// memo remembers how alike the words of one name and listed words are, for the names that a name is compared with share
// their words.
type memo struct {
	name  uint32
	slots [1024]struct {
		key  uint64
		like int16
	}
}

// next forgets all, for another name.
func (m *memo) next() {
	if m.name++; m.name == 0 {
		*m = memo{name: 1}
	}
}

func (m *memo) slot(i int, id int32) (s *struct {
	key  uint64
	like int16
}, key uint64,
) {
	key = uint64(m.name)<<32 | uint64(i)<<28 | uint64(id)          //nolint:gosec // both small and never negative
	return &m.slots[(uint32(id)*16+uint32(i))*0x9E3779B1>>22], key //nolint:gosec // a hash
}

// rest pairs all that is left on both sides where it is the same written together.
func (al *aligner) rest() {
	ia, na := run(al.usedA[:len(al.a)])
	ib, nb := run(al.usedB[:len(al.b)])
	if na == 0 || nb == 0 || na+nb < 3 {
		return
	}
	la, fa, ok := together(al.a[ia : ia+na])
	lb, fb, fine := together(al.b[ib : ib+nb])
	n := max(la, lb)
	if !ok || !fine || n == 0 || fa.apart(fb) > limit(n) || (n-min(la, lb))*costDoubled > limit(n) {
		return
	}
	al.soundA, al.soundB = al.soundA[:0], al.soundB[:0]
	for k := range na {
		al.soundA = append(al.soundA, al.name.words[ia+k].latin[0]...)
	}
	for k := range nb {
		al.soundB = append(al.soundB, al.word(ib + k).latin[0]...)
	}
	if d := distance(al.soundA, al.soundB, limit(n)); d != tooFar {
		al.pair(ia, na, ib, nb, 980-8*d/n)
	}
}

// together gives length and frame of words written together; false where one is a number.
func together(ws []brief) (length int, f frame, ok bool) {
	for i := range ws {
		if ws[i].class == number {
			return 0, 0, false
		}
		length += int(ws[i].length)
		f |= ws[i].frame
	}
	return length, f, true
}

// run is the one run of unused places; nothing where there are several.
func run(used []bool) (from, n int) {
	for i, u := range used {
		switch {
		case u:
		case n == 0:
			from, n = i, 1
		case from+n == i:
			n++
		default:
			return 0, 0
		}
	}
	return from, n
}

// limit is how far words of n letters may differ, in hundredths of an edit.
func limit(n int) int {
	switch {
	case n <= 2:
		return costNear
	case n == 3:
		return 50
	}
	return min(20*n+30, mostLimit)
}

// alike says how alike two words are, of a thousand.
func alike(a, b *word, kind Kind) int {
	switch {
	case a.text == b.text:
		return 1000
	case a.class == number || b.class == number, a.ours && b.ours:
		return 0 // two numbers, two places, two trades
	case kind == Person && (a.class == initial || b.class == initial):
		if len(a.latin[0]) > 0 && len(b.latin[0]) > 0 && a.latin[0][0] == b.latin[0][0] {
			return likeInitial
		}
		return 0
	case a.script == b.script && a.script != 'l' && a.script != 'c':
		return alikeInScript(a, b)
	}
	best := 0
	for _, x := range a.latin {
		for _, y := range b.latin {
			n := max(len(x), len(y))
			if n == 0 || a.frame.apart(b.frame) > limit(n) {
				continue
			}
			if d := distance(x, y, limit(n)); d != tooFar {
				best = max(best, 980-8*d/n)
			}
		}
	}
	if best < 980 && (a.asIs != nil || b.asIs != nil) && a.script == 'l' && b.script == 'l' {
		x, y := asLetters(a), asLetters(b)
		n := max(len(x), len(y))
		if n > 0 && a.frame0.apart(b.frame0) <= limit(n) {
			if d := distance(x, y, limit(n)); d != tooFar {
				best = max(best, 980-8*d/n)
			}
		}
	}
	if best < likeSound && a.script != b.script && min(consonants(a), consonants(b)) > 2 &&
		slices.ContainsFunc(a.bones, func(s string) bool { return slices.Contains(b.bones, s) }) {
		return likeSound
	}
	return best
}

// alikeInScript compares two words of one script that is not Latin as they stand: a transliteration would make many
// characters the same.
func alikeInScript(a, b *word) int {
	n := max(a.length, b.length)
	most := limit(n)
	if a.script == 'h' || a.script == 'k' {
		most = 0
		if n >= 4 {
			most = costEdit
		}
	}
	if _, one := oneEdit(a.runes, b.runes); one && most >= costEdit {
		return 980 - 8*costEdit/n
	}
	return 0
}

// asLetters are the letters of a Latin word as they stand.
func asLetters(w *word) []sound {
	if w.asIs != nil {
		return w.asIs
	}
	return w.latin[0]
}

// weigh makes the score: what is the same against that and what differs. What only one name has is left out; what
// both have more contradicts, and costs more.
func (l *Likeness) weigh(al *aligner, forms string) {
	matched, total, strong, last := 0, 0, 0, -1
	slices.SortFunc(l.pairs, func(p, q pairing) int { return p.fromA - q.fromA })
	for i := range l.pairs {
		p := &l.pairs[i]
		matched += p.weight * p.like / 1000
		total += p.weight
		if p.weight >= weighsGiven {
			strong += p.ofA
		}
		if p.atB < last {
			l.order = true
		}
		last = p.atB
	}
	if total == 0 {
		return
	}
	leftA, numA := unpaired(al.a, &al.usedA)
	leftB, numB := unpaired(al.b, &al.usedB)
	contrary, left := min(leftA, leftB), max(leftA, leftB)-min(leftA, leftB)
	rContrary, rLeft := 170, 80
	if al.kind == Person {
		rLeft = 18
		if strong < 2 {
			rLeft = 90
		}
	}
	s := 1000 * matched / (total + contrary*rContrary/100 + left*rLeft/100)
	if total < weighsGiven {
		s = s * (70 + 30*total/weighsGiven) / 100
	}
	if al.kind == Person && contrary >= weighsInitial {
		s = min(s, capContrary)
	}
	if l.sons = al.kind == Person && l.swapped(al.a, al.b); l.sons {
		s = min(s, capContrary)
	}
	if l.numbers = numA && numB; l.numbers {
		s = min(s, capNumbers)
	}
	s = s*97/100 + min(20, total/20)
	if l.order {
		s -= costOrder
	}
	if al.name.forms != forms {
		s -= costForm
	}
	l.Score = max(0, min(s, 990))
}

// unpaired gives the weight of the words left over, and whether a number is among them.
func unpaired(ws []brief, used *[mostWords]bool) (weight int, numbers bool) {
	for i := range ws {
		if !used[i] {
			weight += int(ws[i].weight)
			numbers = numbers || ws[i].class == number
		}
	}
	return weight, numbers
}

// swapped says whether father and son change places: Ibrahim bin Saif is not Saif bin Ibrahim.
func (l *Likeness) swapped(a, b []brief) bool {
	i, j := sonOf(a), sonOf(b)
	if i < 1 || j < 1 {
		return false
	}
	father, sire := after(a, i), after(b, j)
	return slices.ContainsFunc(l.pairs, func(p pairing) bool {
		return p.fromA == i-1 && p.atB == sire || p.fromA == father && p.atB == j-1
	})
}

// sonOf is the place of the one word for "son of" in a name; -1 where there is none, or several.
func sonOf(words []brief) int {
	at := -1
	for i := range words {
		switch {
		case !words[i].son:
		case at >= 0:
			return -1
		default:
			at = i
		}
	}
	return at
}

// after is the place of the first word that tells something behind a place; -1 where there is none.
func after(words []brief, at int) int {
	for i := at + 1; i < len(words); i++ {
		if words[i].class != particle {
			return i
		}
	}
	return -1
}

// Why says in plain words what makes the score, best evidence first.
func (l *Likeness) Why() []string {
	if l.Score == 1000 {
		return []string{"the same string"}
	}
	var out []string
	if l.reading {
		out = append(out, "the names are the same in Latin letters")
	}
	if l.edit {
		out = append(out, "the names differ in one letter")
	}
	for _, p := range l.pairs {
		a, b := shown(l.a[p.fromA:p.fromA+p.ofA]), shown(l.b[p.atB:p.atB+p.ofB])
		switch {
		case a == b:
			out = append(out, quote(a)+" stands in both")
		case p.like == 1000:
			out = append(out, quote(a)+" is the same word as "+quote(b))
		case p.like == likeJoined && p.ofA != p.ofB:
			out = append(out, quote(a)+" is "+quote(b)+" written otherwise")
		case p.like == likeInitial:
			out = append(out, quote(a)+" and "+quote(b)+" agree as initial")
		default:
			out = append(out, quote(a)+" is close to "+quote(b))
		}
	}
	if l.order {
		out = append(out, "the words stand in another order")
	}
	onlyA, onlyB := unused(l.a, &l.usedA), unused(l.b, &l.usedB)
	switch {
	case len(onlyA) > 0 && len(onlyB) > 0:
		out = append(out, quote(shown(onlyA))+" contradicts "+quote(shown(onlyB)))
	case len(onlyA) > 0:
		out = append(out, quote(shown(onlyA))+" is not in the listed name")
	case len(onlyB) > 0:
		out = append(out, quote(shown(onlyB))+" is only in the listed name")
	}
	if l.numbers {
		out = append(out, "the numbers differ")
	}
	if l.sons {
		out = append(out, "father and son have changed places")
	}
	return out
}

func unused(ws []*word, used *[mostWords]bool) (out []*word) {
	for i, w := range ws {
		if !used[i] {
			out = append(out, w)
		}
	}
	return out
}

func shown(ws []*word) string {
	ss := make([]string, 0, len(ws))
	for _, w := range ws {
		ss = append(ss, w.shown)
	}
	return strings.Join(ss, " ")
}

func quote(s string) string { return `"` + s + `"` }

func consonants(w *word) int {
	n := 0
	for _, r := range w.latin[0] {
		if !vowels[r] {
			n++
		}
	}
	return n
}

// Explain says in plain words how two names are alike.
func Explain(name, listed string, kind Kind) []string {
	a, b := NewProfile(name, kind), NewProfile(listed, kind)
	l := Resemble(&a, &b)
	return l.Why()
}
