package match

import (
	"cmp"
	"maps"
	"math/bits"
	"slices"
	"strings"
)

// A listed name is also found by what it is made of: by every pair of its weightiest words, or by its one word that
// tells anything, each word by how it sounds; and by its whole sound, which joins Chinese with its pinyin. A word of the
// name looked for stands for the listed words one edit away, too.
const (
	keyWords = 4  // a listed name is found by pairs of so many of its words
	askWords = 10 // words of a name looked for that are paired
	keyEdit  = 5  // sounds of words that are looked for with one of them wrong
)

// blocks finds the listed names of one kind. Immutable.
type blocks struct {
	kind     Kind
	rows     []int32    // of the index, by place here
	profiles []Profile  // by place
	pairs    *table     // of two words: places
	lone     *table     // of one word: places
	whole    *table     // of a whole name: places
	words    []*word    // by their numbers
	shapes   [][]rune   // the patterns of words, each once
	wearers  [][]wearer // of shapes
	near     neighborhood
	abroad   map[string][]int32 // by skeleton: listed words in scripts that write few vowels
	all      map[string][]int32 // by skeleton: every listed word
}

// wearer is a listed word of a pattern, with what a quick look at it needs.
type wearer struct {
	id     int32
	mask   uint32 // its letters
	length uint8  // of its sounds; 0 where it has several readings, is long or of another script
	ours   bool   // the weight table knows it
	sounds [wearerSounds]sound
}

// wearerSounds are the sounds of a word kept beside it, so that most words are told apart without looking them up.
const wearerSounds = 15

func newWearer(w *word) wearer {
	v := wearer{id: w.id, mask: w.mask, ours: w.ours}
	if len(w.latin) == 1 && len(w.latin[0]) <= wearerSounds && w.script == 'l' && w.class != number && w.class != initial {
		v.length = uint8(copy(v.sounds[:], w.latin[0]))
	}
	return v
}

func newBlocks(names []Listed, kind Kind) *blocks {
	b := &blocks{kind: kind}
	known := map[string]*word{}
	for i, l := range names {
		if l.Kind == kind {
			b.rows = append(b.rows, int32(i))
			b.profiles = append(b.profiles, newProfile(l.Name, kind, known))
		}
	}
	b.vocabulary(known)
	var pairs, lone, whole []pair
	var ks keys
	for i := range b.profiles {
		p, at := &b.profiles[i], int32(i)
		ks.of(p, keyWords)
		for x, w := range ks.words {
			for _, v := range ks.words[x+1:] {
				if ks.stored(v) {
					pairs = append(pairs, pair{pairHash(w.id, v.id), at})
				}
			}
			pairs = ks.initials(pairs, w, at, kind)
		}
		if ks.strong == 1 {
			lone = append(lone, pair{wordHash(ks.words[0].id), at})
		}
		for _, s := range p.latins {
			whole = append(whole, pair{hashString(s), at}, pair{wholeSound(s), at})
		}
	}
	b.pairs, b.lone, b.whole = newTable(pairs), newTable(lone), newTable(whole)
	return b
}

// wholeSound is the hash of how a whole name sounds.
func wholeSound(latin string) uint64 { return hashString(skeleton(sounded(latin))) + 1 }

// vocabulary numbers the listed words and files them by what they sound like.
func (b *blocks) vocabulary(known map[string]*word) {
	wearers := map[string][]wearer{}
	b.abroad, b.all = map[string][]int32{}, map[string][]int32{}
	for i, name := range slices.Sorted(maps.Keys(known)) {
		w := known[name]
		w.id = int32(i)
		b.words = append(b.words, w)
		for _, s := range w.shapes {
			wearers[s] = append(wearers[s], newWearer(w))
		}
		for _, s := range w.bones {
			b.all[s] = append(b.all[s], w.id)
			if fewVowels(w) {
				b.abroad[s] = append(b.abroad[s], w.id)
			}
		}
	}
	for _, s := range slices.Sorted(maps.Keys(wearers)) {
		b.shapes, b.wearers = append(b.shapes, []rune(s)), append(b.wearers, wearers[s])
	}
	b.near = newNeighborhood(b.shapes, keyEdit-1)
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
		if !slices.Contains(k.words, w) {
			k.words = append(k.words, w)
		}
	}
	slices.SortStableFunc(k.words, func(a, b *word) int {
		return cmp.Or(b.weight-a.weight, len(b.runes)-len(a.runes), strings.Compare(a.text, b.text))
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

func pairHash(a, b int32) uint64 { return mix(wordHash(a) + wordHash(b)) }

// asking is what looking a name up in blocks needs; reused.
type asking struct {
	keys    keys
	h       hasher
	found   []int32 // places
	near    []int32
	shape   []rune
	alike   [askWords][]int32 // of the words looked for: the listed words they may be
	aligner aligner
}

// find gives the places of the listed names that p may resemble, each once, in order.
func (b *blocks) find(p *Profile, q *asking) []int32 {
	q.found = q.found[:0]
	q.keys.of(p, askWords)
	for i, w := range q.keys.words {
		q.alike[i] = b.alike(w, q, q.alike[i][:0])
		for _, id := range q.alike[i] {
			q.found = b.lone.find(wordHash(id), q.found)
		}
	}
	for i, w := range q.keys.words {
		for j := i + 1; j < len(q.keys.words); j++ {
			if !q.keys.asked(w, q.keys.words[j]) {
				continue
			}
			for _, x := range q.alike[i] {
				for _, y := range q.alike[j] {
					q.found = b.pairs.find(pairHash(x, y), q.found)
				}
			}
		}
		b.initials(i, w, q)
	}
	for _, s := range p.latins {
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
		for _, id := range q.alike[j] {
			q.found = b.pairs.find(mix(letter+wordHash(id)), q.found)
		}
	}
}

// alike appends the listed words that w may stand for: those that sound the same, and those one sound away, as far as
// they are alike in their letters.
func (b *blocks) alike(w *word, q *asking, ids []int32) []int32 {
	me := newWearer(w)
	for _, s := range w.shapes {
		q.shape = q.shape[:0]
		for i := range len(s) {
			q.shape = append(q.shape, rune(s[i]))
		}
		q.h.set(q.shape)
		q.near = b.near.same(&q.h, q.near[:0])
		if len(q.shape) >= keyEdit && w.class != number && w.weight >= weighsInitial {
			q.near = b.near.near(&q.h, q.near)
		}
		for _, at := range q.near {
			for k := range b.wearers[at] {
				v := &b.wearers[at][k]
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
		more := b.abroad[s]
		if fewVowels(w) {
			more = b.all[s]
		}
		for _, id := range more {
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
	return distance(v.sounds[:v.length], w.sounds[:w.length], limit(int(max(v.length, w.length)))) != tooFar
}
