package match

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tidegate/tidegate/shared/spelling"
)

// Kind is what bears a name: persons are compared otherwise than firms.
type Kind uint8

// The kinds. Vessels and whatever else has a name are compared like companies.
const (
	Company Kind = iota
	Person
)

// mostWords bounds the words of a name that are compared one by one.
const mostWords = 16

// word is one word of a name, with all that comparing it needs. Words are immutable.
type word struct {
	text   string    // folded, in its own script and one spelling
	shown  string    // as the folded name has it
	runes  []rune    // of text, where it is not Latin
	latin  [][]sound // in Latin letters, sounded, every reading
	asIs   []sound   // a Latin word with its letters as they stand, where that is not the same
	bones  []string  // skeletons of latin, each once
	sought *sought   // of a word that is looked for, or not filed yet
	length int       // of text, in runes
	weight int
	mask   uint32 // the letters of latin
	id     int32  // number among the listed words; -1 of a word that is looked for
	frame  frame  // of latin
	frame0 frame  // of asIs
	script byte   // as script names it
	class  class
	ours   bool // the weight table knows it
}

// sought is what looking a word up needs.
type sought struct {
	shapes []string // patterns of latin, each once
	alike  []int32  // the listed words that it may be
}

// Profile is a name prepared for comparing it word by word.
type Profile struct {
	words  []*word
	forms  string // legal forms, in their order
	exact  string // the name as it was given
	whole  string // all words written together, legal forms and all
	kind   Kind
	script byte     // of exact
	read   []string // as readings gives them; nil until they are asked for
}

// NewProfile prepares a name of a kind.
func NewProfile(name string, kind Kind) Profile {
	return newProfile(nil, name, kind, func(shown string) *word { return newWord(strings.Clone(shown), kind) })
}

// newProfile prepares a name of words that take gives, so that a million names share theirs.
func newProfile(words []*word, name string, kind Kind, take func(shown string) *word) Profile {
	p := Profile{exact: name, kind: kind, script: spelling.Script(name), words: words}
	var buffer [24]string
	raw := comparedWords(buffer[:0], name, kind)
	p.whole = strings.Join(raw, "")
	for _, w := range raw {
		if len(p.words) == mostWords {
			break
		}
		if kind == Company && isForm(w) {
			p.forms += w + " "
			continue
		}
		p.words = append(p.words, take(w))
	}
	if len(p.words) == 0 { // all legal form
		for _, w := range raw[:min(len(raw), mostWords)] {
			p.words = append(p.words, take(w))
		}
	}
	return p
}

// latins gives the words without legal forms written together in Latin letters, in every reading. Of Chinese it is the
// sound alone: trade words are not in English here.
func (p *Profile) latins() []string {
	if p.read == nil {
		p.read = p.sounds()
	}
	return p.read
}

func (p *Profile) sounds() []string {
	if !spelling.IsASCII(p.exact) && spelling.HasHan(p.exact) {
		var b strings.Builder
		for _, w := range spelling.AppendWords(nil, p.exact) {
			b.WriteString(spelling.WithoutChineseForm(w))
		}
		return spelling.Readings(b.String())
	}
	var out strings.Builder
	for _, w := range p.words {
		if w.script == 'l' {
			out.WriteString(w.shown)
			continue
		}
		out.WriteString(spelling.Latin(w.text)[0])
	}
	if out.Len() == 0 {
		return []string{}
	}
	return []string{out.String()}
}

// comparedWords appends the words of a name, phrases of legal forms and numbers in words joined, Chinese words cut.
func comparedWords(words []string, name string, kind Kind) []string {
	var buffer [24]string
	for _, w := range spelling.AppendWords(buffer[:0], name) {
		switch {
		case spelling.IsASCII(w):
			words = append(words, w)
		case kind == Company && isAsian(spelling.Script(w)):
			words = spelling.AsianWords(words, w)
		case spelling.HasHan(w):
			words = chinesePerson(words, w)
		default:
			words = append(words, w)
		}
	}
	return tens(joinPhrases(words))
}

// chinesePerson parts the surname, one character, from the rest.
func chinesePerson(words []string, w string) []string {
	if n := utf8.RuneCountInString(w); n < 2 || n > 4 {
		return append(words, w)
	}
	_, size := utf8.DecodeRuneInString(w)
	return append(words, w[:size], w[size:])
}

// joinPhrases makes one word of the words of a legal form or country: joint stock is jointstock.
func joinPhrases(words []string) []string {
	out := words[:0]
next:
	for i := 0; i < len(words); i++ {
		for _, ph := range phrases {
			if words[i] == ph[0] && i+len(ph) <= len(words) && slices.Equal(words[i:i+len(ph)], ph) {
				out = append(out, "jointstock")
				i += len(ph) - 1
				continue next
			}
		}
		for to, ph := range spelledOut {
			if words[i] == ph[0] && i+1 < len(words) && words[i+1] == ph[1] {
				out = append(out, to)
				i++
				continue next
			}
		}
		out = append(out, words[i])
	}
	return out
}

// tens adds what follows a number of tens: forty four is 44.
func tens(words []string) []string {
	out := words[:0]
	for i := 0; i < len(words); i++ {
		w := words[i]
		if t := sameWord[w]; len(t) == 2 && t[1] == '0' && t != "10" && i+1 < len(words) {
			one := words[i+1]
			if s, ok := sameWord[one]; ok {
				one = s
			}
			if len(one) == 1 && digits(one) {
				out = append(out, t[:1]+one)
				i++
				continue
			}
		}
		out = append(out, w)
	}
	return out
}

func isForm(w string) bool {
	if spelling.IsASCII(w) {
		return spelling.TailForms[w] || spelling.HeadForms[w] || moreForms[w]
	}
	if spelling.Script(w) != 'c' {
		return false
	}
	l := spelling.Latin(w)[0]
	return spelling.TailForms[l] || spelling.HeadForms[l] || moreForms[l]
}

func newWord(shown string, kind Kind) *word {
	w := &word{text: shown, shown: shown, script: spelling.Script(shown), id: -1, sought: &sought{}}
	if kind == Company {
		w.text = spelling.OneSpelling(w.text)
	}
	if t, ok := sameWord[w.text]; ok && (kind == Company || !isShort(w.text)) {
		w.text, w.script = t, spelling.Script(t)
	}
	w.class, w.ours = sortOf(w.text, kind)
	w.weight = weights[w.class]
	w.length = len(w.text)
	if !spelling.IsASCII(w.text) {
		w.runes = []rune(w.text)
		w.length = len(w.runes)
	}
	if w.class == plain && w.script == 'l' && w.length < 3 {
		w.weight = weighsInitial
	}
	for _, l := range spelling.Latin(w.text) {
		s := sounded(l)
		w.latin = append(w.latin, s)
		if b := skeleton(s); !slices.Contains(w.bones, b) {
			w.bones = append(w.bones, b)
		}
		if p := pattern(s); !slices.Contains(w.sought.shapes, p) {
			w.sought.shapes = append(w.sought.shapes, p)
		}
		for _, c := range s {
			w.mask |= 1 << (c & 31)
		}
	}
	w.frame = loose
	if len(w.latin) == 1 {
		w.frame = frameOf(w.latin[0])
	}
	w.frame0 = w.frame
	if w.script == 'l' && (len(w.latin[0]) != len(shown) || w.text != shown) {
		w.asIs = plainSounds(shown)
		w.frame0 = frameOf(w.asIs)
	}
	return w
}

// isShort keeps two-letter words of persons as they stand: Us and Ii are names.
func isShort(w string) bool { return len(w) < 3 }

func sortOf(w string, kind Kind) (class, bool) {
	if digits(w) {
		return number, false
	}
	s, ok := sorts[w]
	if !ok && !spelling.IsASCII(w) {
		s, ok = sorts[spelling.Latin(w)[0]]
	}
	if kind == Person {
		switch {
		case len(w) == 1:
			return initial, false
		case s == given || s == particle:
			return s, ok
		}
		return plain, false
	}
	if s == given {
		return given, false
	}
	return s, ok
}

func isAsian(script byte) bool { return script == 'h' || script == 'k' || script == 'j' }
