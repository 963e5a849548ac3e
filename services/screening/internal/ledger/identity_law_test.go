package ledger

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

// plainly is what a name's words are, said the long way: what is written fast must be the same.
func plainly(name string) []string {
	folded := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) || r == '.' || r == '\'' || r == '’' {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(name))
	all := strings.FieldsFunc(folded, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	said := slices.DeleteFunc(slices.Clone(all), func(w string) bool { return legalForms[w] })
	if len(said) == 0 {
		return all
	}
	return said
}

func plainSound(name string) string {
	var b strings.Builder
	last := rune(0)
	for i, r := range strings.Join(plainly(name), "") {
		c := class(r)
		if i == 0 && c == 0 && unicode.IsLetter(r) {
			c = 'a'
		}
		if c != 0 && c != last {
			b.WriteRune(c)
		}
		if c != 0 || strings.ContainsRune("aeiouy", r) {
			last = c
		}
	}
	if b.Len() < 4 {
		return ""
	}
	return b.String()
}

func TestNamesFoldAndSoundAsSaidPlainly(t *testing.T) {
	t.Parallel()
	word := rapid.OneOf(
		rapid.StringMatching(`[A-Za-z0-9'.,& -]{0,12}`), rapid.SampledFrom([]string{"Ltd", "GmbH", "S.A.", "Co.", "THE", "O'Hara", "Ñandú", "Москва", "华为", "ﬁn", "İstanbul", "Åb’c"}), rapid.String(),
	)
	rapid.Check(t, func(t *rapid.T) {
		name := strings.Join(rapid.SliceOfN(word, 0, 5).Draw(t, "words"), rapid.SampledFrom([]string{" ", "", "-", "  "}).Draw(t, "between"))
		if want, got := strings.Join(plainly(name), " "), Fold(name); want != got {
			t.Fatalf("%q folds to %q, want %q", name, got, want)
		}
		if want, got := plainSound(name), string(appendSound(nil, name)); want != got {
			t.Fatalf("%q sounds %q, want %q", name, got, want)
		}
	})
}

func sound(name string) string { return string(appendSound(nil, name)) }
