package search

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tidegate/tidegate/shared/spelling"
)

// Lengths, in letters.
const (
	shortest = 3  // a word of fewer letters is found only whole
	nearFrom = 5  // a word from here on is found with a slip, too
	longest  = 40 // of a word that is kept; the rest is cut off
	mostWant = 24 // words of a question that count
)

// Words are the words of a name as they are compared: without marks, in lower case.
func Words(s string) []string { return spelling.AppendWords(nil, s) }

// spelled is a name's words in every form in which somebody may look for them.
type spelled struct {
	words  []string // each once, sorted: as written, in one spelling of trade words, in Latin letters; of Chinese and Japanese each sign
	joined []string // two neighbors written together, each once, sorted
}

// spell gives the words of names.
func spell(names []string) spelled {
	var s spelled
	var room [16]string
	for _, n := range names {
		raw := spelling.AppendWords(room[:0], n)
		for i, w := range raw {
			s.words = appendForms(s.words, w)
			if i > 0 && spelling.IsASCII(w) && spelling.IsASCII(raw[i-1]) {
				s.joined = append(s.joined, cut(raw[i-1]+w))
			}
		}
	}
	slices.Sort(s.words)
	s.words = slices.Compact(s.words)
	slices.Sort(s.joined)
	s.joined = slices.DeleteFunc(slices.Compact(s.joined), func(w string) bool { _, is := slices.BinarySearch(s.words, w); return is })
	return s
}

// appendForms appends a word in its forms.
func appendForms(to []string, w string) []string {
	if spelling.IsASCII(w) {
		to = append(to, cut(w))
		if one := spelling.OneSpelling(w); one != w {
			to = append(to, cut(one))
		}
		return to
	}
	pieces := []string{w}
	if asian(w) {
		pieces = spelling.AsianWords(nil, w)
		for _, r := range w {
			if isSign(r) {
				to = append(to, string(r))
			}
		}
	}
	for _, p := range pieces {
		to = append(to, cut(p))
		if !spelling.IsASCII(p) {
			to = appendLatin(to, p)
		}
	}
	return to
}

func appendLatin(to []string, w string) []string {
	for _, l := range spelling.Latin(w) {
		if l != "" {
			to = append(to, cut(l))
		}
	}
	return to
}

// asian says whether a word is of a script that leaves no space between words.
func asian(w string) bool {
	for _, r := range w {
		if isSign(r) || unicode.Is(unicode.Hangul, r) {
			return true
		}
	}
	return false
}

func isSign(r rune) bool { return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) }

func cut(w string) string {
	if len(w) <= longest {
		return w
	}
	return string([]rune(w)[:min(longest, utf8.RuneCountInString(w))])
}

// wanted is one word of a question: any of its forms will do.
type wanted struct {
	forms []string // words that a name's word must begin with, be near to, or be joined of
	signs []string // or all of these
}

// want takes a question's words apart: legal forms and small words ask for nothing where others do. whole is the words written together,
// which a name may have as one.
func want(party string) (parts []wanted, whole string) {
	raw := spelling.AppendWords(nil, party)
	from, to := spelling.WithoutForms(raw)
	core := slices.DeleteFunc(slices.Clone(raw[from:to]), func(w string) bool { return w == "and" || w == "of" || w == "the" })
	if len(core) == 0 {
		core = raw
	}
	if len(core) > mostWant {
		core = core[:mostWant]
	}
	for _, w := range core {
		parts = appendWanted(parts, w)
	}
	if len(parts) == 0 { // nothing but legal forms of another script
		for _, w := range core {
			parts = append(parts, wanted{forms: []string{cut(w)}})
		}
	}
	if len(core) > 1 && !slices.ContainsFunc(core, func(w string) bool { return !spelling.IsASCII(w) }) {
		whole = cut(strings.Join(core, ""))
	}
	if len(whole) < nearFrom {
		whole = ""
	}
	return parts, whole
}

func appendWanted(parts []wanted, w string) []wanted {
	if !asian(w) {
		return append(parts, wanted{forms: once(appendForms(nil, w))})
	}
	for _, p := range spelling.AsianWords(nil, w) {
		one := wanted{forms: []string{cut(p)}}
		if !spelling.IsASCII(p) {
			one.forms = once(appendLatin(one.forms, p))
			for _, r := range p {
				if isSign(r) {
					one.signs = append(one.signs, string(r))
				}
			}
			if len(one.signs) != utf8.RuneCountInString(p) {
				one.signs = nil
			}
		}
		parts = append(parts, one)
	}
	return parts
}

func once(words []string) []string {
	slices.Sort(words)
	return slices.Compact(words)
}

// holds says whether the words of names have what a question's words ask for.
func (s spelled) holds(party string) bool {
	parts, whole := want(party)
	if whole != "" && s.has(whole) {
		return true
	}
	for _, p := range parts {
		if !slices.ContainsFunc(p.forms, s.has) && !s.hasAll(p.signs) {
			return false
		}
	}
	return true
}

func (s spelled) hasAll(signs []string) bool {
	for _, sign := range signs {
		if _, is := slices.BinarySearch(s.words, sign); !is {
			return false
		}
	}
	return len(signs) > 0
}

// has says whether a word begins with this one or is near to it, or two together are it.
func (s spelled) has(form string) bool {
	if _, is := slices.BinarySearch(s.joined, form); is {
		return true
	}
	i, is := slices.BinarySearch(s.words, form)
	if is || begins(form) && i < len(s.words) && strings.HasPrefix(s.words[i], form) {
		return true
	}
	return slices.ContainsFunc(s.words, func(w string) bool { return near(form, w) })
}

// begins says whether a word may be the beginning of others.
func begins(form string) bool { return utf8.RuneCountInString(form) >= shortest }
