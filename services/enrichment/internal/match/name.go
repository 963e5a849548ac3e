// Package match compares the names and addresses of an order with those of listed parties. It looks up, it never
// scans: what a name costs does not grow with the lists.
package match

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tidegate/tidegate/shared/spelling"
)

// Name is a name taken apart: folded words without legal forms, "and", "of" and "the".
type Name struct {
	Words   []string
	Compact string // the words written together: joined and split words are the same
	Sorted  string // the words in alphabetical order, with blanks between
	Letters int    // letters and digits in Compact
}

// Parse normalizes a name: NFKC and case folding, no accents, no punctuation, legal forms taken away, a few trade
// words brought to one spelling, single letters joined (S.M.I.C. is smic). The result is empty only for names without
// letters and digits.
func Parse(s string) Name {
	raw := spelling.AppendWords(make([]string, 0, 8), s)
	from, to := spelling.WithoutForms(raw)
	n := Name{Words: foldedWords(make([]string, 0, len(raw)), raw, raw[from:to])}
	n.Compact = strings.Join(n.Words, "")
	n.Letters = utf8.RuneCountInString(n.Compact)
	n.Sorted = n.Compact
	if len(n.Words) > 1 {
		sorted := slices.Clone(n.Words)
		slices.Sort(sorted)
		n.Sorted = strings.Join(sorted, " ")
	}
	return n
}

// Key is a name as one word, folded but with its legal forms: what two spellings of one registered name have in common.
func Key(s string) string { return strings.Join(spelling.AppendWords(make([]string, 0, 8), s), "") }

// foldedWords appends the words between the legal forms without small words and in one spelling; all words where
// nothing else is left.
func foldedWords(words, raw, core []string) []string {
	for _, w := range core {
		if w == "and" || w == "of" || w == "the" {
			continue
		}
		if w = spelling.OneSpelling(spelling.WithoutChineseForm(w)); w != "" {
			words = append(words, w)
		}
	}
	if len(words) == 0 {
		words = append(words, raw...)
	}
	return words
}

// bareWords appends the words between the legal forms as they stand; all words where nothing else is left.
func bareWords(words, raw, core []string) []string {
	for _, w := range core {
		if w = spelling.WithoutChineseForm(w); w != "" {
			words = append(words, w)
		}
	}
	if len(words) == 0 {
		words = append(words, raw...)
	}
	return words
}

// withoutChineseTrade takes the trade word off the end of a Chinese word that has two characters before it.
func withoutChineseTrade(w string) string {
	for _, f := range chineseTrades {
		if t, ok := strings.CutSuffix(w, f); ok && utf8.RuneCountInString(t) >= 2 {
			return t
		}
	}
	return w
}

var chineseTrades = []string{"科技", "技术", "集团", "控股", "电子", "信息", "半导体"}

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}
