package match

import (
	"slices"

	"github.com/tidegate/tidegate/shared/spelling"
)

// Trade words and legal forms that are written wrong are looked for among the known ones, so that a slip in a word that
// folding would have changed or taken away does not hide a name which is written in yet another way.
const (
	leastSlip = 6  // from here on any edit is a slip; shorter words: two letters swapped or one doubled
	mostSlip  = 16 // no known word is longer
)

// vocabulary holds the words that folding changes or takes away.
type vocabulary struct {
	words []string
	runes [][]rune
	near  neighborhood
}

var known = newVocabulary()

func newVocabulary() vocabulary {
	v := vocabulary{}
	for w := range spelling.TradeWords {
		v.words = append(v.words, w)
	}
	for w := range spelling.TailForms {
		v.words = append(v.words, w)
	}
	slices.Sort(v.words)
	v.words = slices.DeleteFunc(slices.Compact(v.words), func(w string) bool { return len(w) < 3 || len(w) > mostSlip })
	for _, w := range v.words {
		v.runes = append(v.runes, []rune(w))
	}
	v.near = newNeighborhood(len(v.runes), 3, func(i int, room []rune) []rune { return append(room, v.runes[i]...) })
	return v
}

// spelled says whether a word needs no second look: a known word, or what one is folded to.
var spelled = func() map[string]bool {
	m := map[string]bool{}
	for w, to := range spelling.TradeWords {
		m[w], m[to] = true, true
	}
	for w := range spelling.TailForms {
		m[w] = true
	}
	for w := range spelling.HeadForms {
		m[w] = true
	}
	return m
}()

// slips appends the places of the known words that w may be a slip of.
func (v *vocabulary) slips(w string, sc *scratch, found []int32) []int32 {
	if len(w) < 2 || len(w) > mostSlip+1 || !spelling.IsASCII(w) {
		return found
	}
	sc.word = sc.word[:0]
	for _, r := range w {
		sc.word = append(sc.word, r)
	}
	sc.h.set(sc.word)
	from := len(found)
	found = v.near.near(&sc.h, found)
	if len(found) == from || spelled[w] {
		return found[:from]
	}
	kept := from
	for _, i := range found[from:] {
		if slip(sc.word, v.runes[i]) {
			found[kept] = i
			kept++
		}
	}
	return found[:kept]
}

// slip says whether w is likely a mistyped known word.
func slip(w, known []rune) bool {
	at, ok := oneEdit(w, known)
	switch {
	case !ok || len(known) >= leastSlip:
		return ok
	case len(w) == len(known):
		return !equal(w[at+1:], known[at+1:]) // swapped, not another letter
	}
	return len(w) > len(known) && at > 0 && w[at] == w[at-1]
}

// slipped appends the names that s is when one of its trade words or legal forms is spelled as it should be.
func (ix *Index) slipped(sc *scratch, out []Candidate) ([]Candidate, int) {
	considered := 0
	for i, w := range sc.texts.raw {
		sc.slips = known.slips(w, sc, sc.slips[:0])
		for _, k := range sc.slips {
			var n int
			out, n = ix.righted(sc, i, known.words[k], out)
			considered += n
		}
	}
	return out, considered
}

// righted appends the names that s is with its word i replaced.
func (ix *Index) righted(sc *scratch, i int, right string, out []Candidate) ([]Candidate, int) {
	sc.raw = append(sc.raw[:0], sc.texts.raw...)
	sc.raw[i] = right
	from, to := spelling.WithoutForms(sc.raw)
	sc.right.words = foldedWords(sc.right.words[:0], sc.raw, sc.raw[from:to])
	sc.right.write(folded)
	sc.h.set(sc.right.runes)
	sc.rows = ix.keys.same(&sc.h, sc.rows[:0])
	for _, at := range sc.rows {
		key := &ix.texts[at]
		if key.kinds&folded == 0 {
			continue
		}
		if sc.key = ix.runes(int(at), sc.key[:0]); !equal(sc.key, sc.right.runes) {
			continue
		}
		letters := len(sc.key)
		if i >= to {
			letters += len(right)
		}
		if c, ok := ix.inForm(key.row, letters); ok {
			out = append(out, c)
		}
	}
	return out, len(sc.rows)
}
