package match

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/services/enrichment/internal/recent"
)

// A listed name is also found by what it is made of: by every pair of its weightiest words, or by its one word that
// tells anything, each word by how it sounds; and by its whole sound, which joins Chinese with its pinyin. A word of the
// name looked for stands for the listed words one edit away, too.
const (
	keyWords = 4  // a listed name is found by pairs of so many of its words
	askWords = 10 // words of a name looked for that are paired
	keyEdit  = 5  // sounds of words that are looked for with one of them wrong
)

// blocks finds the listed names of one kind. Immutable, but for the words it remembers.
type blocks struct {
	kind     Kind
	rows     []int32   // of the index, by place here
	profiles []profile // by place, and one more
	ids      []int32   // of the words of profiles
	wholes   string    // of profiles
	forms    []string
	pairs    *table       // of two words: places
	lone     *table       // of one word: places
	whole    *table       // of a whole name: places
	words    []*word      // by their numbers
	briefs   []brief      // of words
	partners []uint64     // of words: marks of those that they are stored in pairs with
	wearers  []wearer     // by their patterns
	shapes   []int32      // where the wearers of each pattern begin; and their end
	near     neighborhood // of patterns
	abroad   *table       // by skeleton: listed words in scripts that write few vowels
	all      *table       // by skeleton: every listed word
	recent   *recent.Cache[string, *word]
}

// profile is a listed name prepared for comparing it: where its parts begin. They end where those of the next begin.
type profile struct {
	ids, whole uint32
	forms      uint16
	script     byte
}

// at prepares the listed name of a place in p.
func (b *blocks) at(place int32, names []Listed, p *Profile) {
	this, next := b.profiles[place], b.profiles[place+1]
	p.words = p.words[:0]
	for _, id := range b.ids[this.ids:next.ids] {
		p.words = append(p.words, b.words[id])
	}
	p.kind, p.exact, p.read = b.kind, names[b.rows[place]].Name, nil
	p.whole, p.forms = b.wholes[this.whole:next.whole], b.forms[this.forms]
}

// wearer is a listed word of a pattern, with what a quick look at it needs.
type wearer struct {
	id     int32
	mask   uint32 // its letters
	frame  frame
	length uint8 // of its sounds; 0 where it has several readings, is long or of another script
	ours   bool  // the weight table knows it
	sounds [wearerSounds]sound
}

// wearerSounds are the sounds of a word kept beside it, so that most words are told apart without looking them up.
const wearerSounds = 15

func newWearer(w *word) wearer {
	v := wearer{id: w.id, mask: w.mask, frame: w.frame, ours: w.ours}
	if len(w.latin) == 1 && len(w.latin[0]) <= wearerSounds && w.script == 'l' && w.class != number && w.class != initial {
		v.length = uint8(copy(v.sounds[:], w.latin[0]))
	}
	return v
}

func newBlocks(names []Listed, kind Kind) *blocks {
	b := &blocks{kind: kind, recent: recent.New[string, *word](recentWords)}
	k := filing{blocks: b, known: map[string]*word{}, forms: map[string]uint16{}}
	for i := range names {
		if names[i].Kind == kind {
			b.rows = append(b.rows, int32(i)) //nolint:gosec // rows fit
			k.add(names[i].Name)
		}
	}
	k.end()
	b.vocabulary()
	b.pairs, b.lone, b.whole = newTable(k.pairs), newTable(k.lone), newTable(k.whole)
	return b
}

// filing is what building blocks needs.
type filing struct {
	*blocks
	known              map[string]*word
	forms              map[string]uint16
	wholes             strings.Builder
	room               []word
	profile            Profile
	keys               keys
	pairs, lone, whole []pair
}

// word gives the one word for what is shown.
func (f *filing) word(shown string) *word {
	if w, ok := f.known[shown]; ok {
		return w
	}
	if len(f.room) == 0 {
		f.room = make([]word, 64)
	}
	w := &f.room[0]
	f.room = f.room[1:]
	*w = *newWord(strings.Clone(shown), f.kind)
	w.id = int32(len(f.words)) //nolint:gosec // numbers fit
	f.words, f.partners = append(f.words, w), append(f.partners, 0)
	f.known[w.shown] = w
	return w
}

// add files one name under its keys.
func (f *filing) add(name string) {
	p, at := newProfile(f.profile.words[:0], name, f.kind, f.word), int32(len(f.profiles)) //nolint:gosec // places fit
	f.profile = p
	form, ok := f.forms[p.forms]
	if !ok {
		form = uint16(len(f.forms)) //nolint:gosec // there are some hundred
		f.forms[p.forms] = form
		f.blocks.forms = append(f.blocks.forms, p.forms)
	}
	f.profiles = append(f.profiles, profile{ids: uint32(len(f.ids)), whole: uint32(f.wholes.Len()), forms: form, script: p.script}) //nolint:gosec // bounded
	for _, w := range p.words {
		f.ids = append(f.ids, w.id)
	}
	f.wholes.WriteString(p.whole)
	ks := &f.keys
	ks.of(&p, keyWords)
	for x, w := range ks.words {
		for _, v := range ks.words[x+1:] {
			if ks.stored(v) {
				f.pairs = append(f.pairs, pair{pairHash(w.id, v.id), at})
				f.partners[w.id] |= markOf(v.id)
				f.partners[v.id] |= markOf(w.id)
			}
		}
		f.pairs = ks.initials(f.pairs, w, at, f.kind)
	}
	if ks.strong == 1 {
		f.lone = append(f.lone, pair{wordHash(ks.words[0].id), at})
	}
	for _, s := range p.latins() {
		f.whole = append(f.whole, pair{hashString(s), at}, pair{wholeSound(s), at})
	}
}

func (f *filing) end() {
	f.profiles = append(f.profiles, profile{ids: uint32(len(f.ids)), whole: uint32(f.wholes.Len())}) //nolint:gosec // bounded
	f.blocks.wholes = f.wholes.String()
	f.rows, f.ids, f.profiles = slices.Clip(f.rows), slices.Clip(f.ids), slices.Clip(f.profiles)
}

// wholeSound is the hash of how a whole name sounds.
func wholeSound(latin string) uint64 { return hashString(skeleton(sounded(latin))) + 1 }

// vocabulary files the listed words by what they sound like.
func (b *blocks) vocabulary() {
	numbers := map[string]int{} // of patterns
	var patterns []string
	var wearing [][]int32
	var abroad, all []pair
	for _, w := range b.words {
		for _, s := range w.sought.shapes {
			n, ok := numbers[s]
			if !ok {
				n = len(patterns)
				numbers[s], patterns, wearing = n, append(patterns, s), append(wearing, nil)
			}
			wearing[n] = append(wearing[n], w.id)
		}
		for _, s := range w.bones {
			all = append(all, pair{hashString(s), w.id})
			if fewVowels(w) {
				abroad = append(abroad, pair{hashString(s), w.id})
			}
		}
		b.briefs = append(b.briefs, briefOf(w))
		w.sought = nil // asked of words that are looked for, and those are others
	}
	for _, ids := range wearing {
		b.shapes = append(b.shapes, int32(len(b.wearers))) //nolint:gosec // numbers fit
		for _, id := range ids {
			b.wearers = append(b.wearers, newWearer(b.words[id]))
		}
	}
	b.shapes, b.wearers = append(b.shapes, int32(len(b.wearers))), slices.Clip(b.wearers) //nolint:gosec // numbers fit
	b.abroad, b.all = newTable(abroad), newTable(all)
	b.near = newNeighborhood(len(patterns), keyEdit-1, func(i int, room []rune) []rune {
		for _, c := range []byte(patterns[i]) {
			room = append(room, rune(c))
		}
		return room
	})
}

// fewVowels are Arabic, Hebrew and the like: their words are looked for by consonants.
func fewVowels(w *word) bool { return w.script == 'a' || w.script == 'o' }

// keys are what a name is stored under.
type keys struct {
	words  []*word // the weightiest first
	strong int     // of words: given names and rarer ones
}

// of takes the keys of a name from its weightiest words, at most most.
func (k *keys) of(p *Profile, most int) {
	k.words = k.words[:0]
	for _, w := range p.words {
		if !slices.ContainsFunc(k.words, func(v *word) bool { return v.shown == w.shown }) {
			k.words = append(k.words, w)
		}
	}
	slices.SortStableFunc(k.words, func(a, b *word) int {
		return cmp.Or(b.weight-a.weight, b.length-a.length, strings.Compare(a.text, b.text))
	})
	k.words = k.words[:min(most, len(k.words))]
	k.strong = 0
	for k.strong < len(k.words) && k.words[k.strong].weight >= weighsGiven {
		k.strong++
	}
}

// The first letters of words, so that A. Khamenei and Ali Khamenei find each other: a letter beside a word that stands
// for a whole one, and one that stands alone.
const (
	ofWord uint64 = 1 << 40
	alone  uint64 = 1 << 41
)

// initials appends the keys of a person's word by its first letter beside each rare word.
func (k *keys) initials(pairs []pair, w *word, at int32, kind Kind) []pair {
	letter, ok := letterKey(w, kind, ofWord, alone)
	if !ok {
		return pairs
	}
	for _, v := range k.words {
		if v != w && v.weight >= weighsRare {
			pairs = append(pairs, pair{mix(letter + wordHash(v.id)), at})
		}
	}
	return pairs
}

// letterKey is the first letter of a person's word: mark says that it stands for a whole word, other that it stands alone.
func letterKey(w *word, kind Kind, mark, other uint64) (uint64, bool) {
	if kind != Person || len(w.latin[0]) == 0 {
		return 0, false
	}
	if w.class == initial {
		return uint64(w.latin[0][0]) | other, true
	}
	return uint64(w.latin[0][0]) | mark, true
}

// stored says whether a listed name is stored under two of its words: those that tell, or any two but particles where
// none does. One that tells and a trade word are no key: the word alone is, where it stands alone.
func (k *keys) stored(v *word) bool {
	return v.weight >= weighsGiven || k.strong == 0 && v.weight >= weighsEmpty
}

// asked says whether two words are looked for together. A slip makes a trade word look like one that tells.
func (k *keys) asked(w, v *word) bool {
	return w.weight >= weighsGiven && v.weight >= weighsEmpty || k.strong == 0 && v.weight >= weighsEmpty
}

func wordHash(id int32) uint64 { return mix(uint64(id) + 0x51ed2701) }

// markOf is one of 64 bits for a word.
func markOf(id int32) uint64 { return 1 << (uint32(id) * 0x9E3779B1 >> 26) } //nolint:gosec // a hash

func pairHash(a, b int32) uint64 { return mix(wordHash(a) + wordHash(b)) }

// asking is what looking a name up in blocks needs; reused.
type asking struct {
	keys    keys
	h       hasher
	found   []int32 // places
	near    []int32
	shape   []rune
	words   []*word
	aligner aligner
	memo    memo
}

// profile prepares the name that is looked for.
func (b *blocks) profile(name string, q *asking) Profile {
	p := newProfile(q.words[:0], name, b.kind, func(shown string) *word { return b.asked(shown, q) })
	q.words = p.words
	return p
}

// asked gives a word that is looked for, with the listed words that it may be.
func (b *blocks) asked(shown string, q *asking) *word {
	w, ok := b.recent.Get(shown)
	if !ok {
		w = newWord(strings.Clone(shown), b.kind)
		w.sought.alike = slices.Clone(b.alike(w, q, q.near[:0]))
		if len(shown) <= recentBytes {
			b.recent.Put(w.shown, w)
		}
	}
	return w
}

// find gives the places of the listed names that p may resemble, each once, in order.
func (b *blocks) find(p *Profile, q *asking) []int32 {
	q.found = q.found[:0]
	q.keys.of(p, askWords)
	for _, w := range q.keys.words {
		for _, id := range w.sought.alike {
			q.found = b.lone.find(wordHash(id), q.found)
		}
	}
	for i, w := range q.keys.words {
		for _, v := range q.keys.words[i+1:] {
			if !q.keys.asked(w, v) {
				continue
			}
			for _, x := range w.sought.alike {
				partners := b.partners[x]
				for _, y := range v.sought.alike {
					if partners&markOf(y) != 0 { // of most words that is enough to know
						q.found = b.pairs.find(pairHash(x, y), q.found)
					}
				}
			}
		}
		b.initials(i, w, q)
	}
	for _, s := range p.latins() {
		q.found = b.whole.find(hashString(s), q.found)
		q.found = b.whole.find(wholeSound(s), q.found)
	}
	slices.Sort(q.found)
	q.found = slices.Compact(q.found)
	return q.found
}

func (b *blocks) initials(i int, w *word, q *asking) {
	letter, ok := letterKey(w, b.kind, alone, ofWord)
	if !ok {
		return
	}
	for j, v := range q.keys.words {
		if j == i || v.weight < weighsRare {
			continue
		}
		for _, id := range v.sought.alike {
			q.found = b.pairs.find(mix(letter+wordHash(id)), q.found)
		}
	}
}

// alike appends the listed words that w may stand for: those that sound the same, and those one sound away, as far as
// they are alike in their letters.
func (b *blocks) alike(w *word, q *asking, ids []int32) []int32 {
	me := newWearer(w)
	for _, s := range w.sought.shapes {
		q.shape = q.shape[:0]
		for i := range len(s) {
			q.shape = append(q.shape, rune(s[i]))
		}
		q.h.set(q.shape)
		near := b.near.same(&q.h, nil)
		if len(q.shape) >= keyEdit && w.class != number && w.weight >= weighsInitial {
			near = b.near.near(&q.h, near)
		}
		for _, at := range near {
			for k := b.shapes[at]; k < b.shapes[at+1]; k++ {
				v := &b.wearers[k]
				if v.length > 0 && me.length > 0 {
					if v.alike(&me) {
						ids = append(ids, v.id)
					}
				} else if alike(w, b.words[v.id], b.kind) >= leastLike {
					ids = append(ids, v.id)
				}
			}
		}
	}
	for _, s := range w.bones {
		more := b.abroad
		if fewVowels(w) {
			more = b.all
		}
		for _, id := range more.find(hashString(s), nil) {
			if alike(w, b.words[id], b.kind) >= leastLike {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// alike says whether two Latin words are alike: by their lengths, the letters that only one has, their sounds.
func (v *wearer) alike(w *wearer) bool {
	if v.length > w.length+2 || w.length > v.length+2 || bits.OnesCount32(v.mask^w.mask) > 4 {
		return false
	}
	if v.ours && w.ours {
		return v.length == w.length && v.sounds == w.sounds
	}
	most := limit(int(max(v.length, w.length)))
	return v.frame.apart(w.frame) <= most && distance(v.sounds[:v.length], w.sounds[:w.length], most) != tooFar
}
