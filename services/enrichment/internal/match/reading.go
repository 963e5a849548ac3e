package match

import (
	"slices"
	"unicode/utf8"

	"github.com/tidegate/tidegate/shared/spelling"
)

// A name is read in three ways, because folding can carry one wrong letter far: technologies and tecnologies are one
// edit apart, their folded forms technology and tecnologies three. Two names are compared in the same reading.
type reading uint8

const (
	folded reading = 1 << iota // the normal form that Parse gives
	bare                       // words as they stand, without legal forms
	full                       // words as they stand, legal forms and all
)

// text is a name in one reading, or in several that come out the same.
type text struct {
	kinds reading
	words []string
	runes []rune // the words written together
}

func (t *text) write(kind reading) {
	t.kinds, t.runes = kind, t.runes[:0]
	for _, w := range t.words {
		for _, r := range w {
			t.runes = append(t.runes, r)
		}
	}
}

// texts are a name's readings, folded first; reused from name to name.
type texts struct {
	raw  []string // all words
	from int      // raw[from:to] stand between the legal forms
	to   int
	each [3]text
	kept int
}

func (ts *texts) set(s string) {
	ts.raw = spelling.AppendWords(ts.raw[:0], s)
	ts.from, ts.to = spelling.WithoutForms(ts.raw)
	ts.kept = 0
	core := ts.raw[ts.from:ts.to]
	t := &ts.each[0]
	t.words = foldedWords(t.words[:0], ts.raw, core)
	ts.keep(folded)
	t = &ts.each[ts.kept]
	t.words = bareWords(t.words[:0], ts.raw, core)
	ts.keep(bare)
	t = &ts.each[ts.kept]
	t.words = append(t.words[:0], ts.raw...)
	ts.keep(full)
}

// keep takes the next reading, unless it is the same as the one before.
func (ts *texts) keep(kind reading) {
	t := &ts.each[ts.kept]
	t.write(kind)
	for i := range ts.kept {
		if slices.Equal(ts.each[i].runes, t.runes) {
			ts.each[i].kinds |= kind
			return
		}
	}
	ts.kept++
}

// all gives the readings that differ.
func (ts *texts) all() []text { return ts.each[:ts.kept] }

// formsAt is the place in the full reading's runes where the legal forms at the end begin; in Chinese the trade word
// before them belongs to them.
func (ts *texts) formsAt() int {
	at := 0
	for _, w := range ts.raw[:ts.to] {
		at += utf8.RuneCountInString(w)
	}
	for i := ts.to - 1; i >= ts.from; i-- {
		left := withoutChineseTrade(spelling.WithoutChineseForm(ts.raw[i]))
		at -= utf8.RuneCountInString(ts.raw[i]) - utf8.RuneCountInString(left)
		if left != "" {
			break
		}
	}
	return at
}

// begins says whether a word begins at rune at of the words written together.
func begins(words []string, at int) bool {
	for _, w := range words {
		if at <= 0 {
			break
		}
		at -= utf8.RuneCountInString(w)
	}
	return at == 0
}
