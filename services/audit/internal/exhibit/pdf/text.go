package pdf

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// clean makes a text printable: composed, spaces of every kind as one, and characters that cannot be seen, which may turn or hide what
// stands beside them, written out as their number. Line breaks stay.
func clean(s string) string {
	var b strings.Builder
	for _, r := range norm.NFC.String(strings.ToValidUTF8(s, "\ufffd")) {
		switch {
		case r == '\n':
			b.WriteByte('\n')
		case r == '\t', unicode.Is(unicode.Zs, r):
			b.WriteByte(' ')
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Variation_Selector):
			fmt.Fprintf(&b, "[%U]", r)
		default:
			b.WriteRune(r)
		}
	}
	return shape(b.String())
}

// joined are the four forms of an Arabic letter, isolated, final, initial, medial; a letter that joins only to the one before it has
// the first two.
type joined [4]rune

// forms are the forms of Arabic letters, from Unicode's own decompositions of its presentation blocks, in which they stand in that order.
var forms = arabicForms()

func arabicForms() map[rune]joined {
	out := map[rune]joined{}
	for _, block := range [][2]rune{{0xfb50, 0xfbff}, {0xfe80, 0xfef4}} {
		at := map[rune]int{}
		for r := block[0]; r <= block[1]; r++ {
			base := []rune(norm.NFKC.String(string(r)))
			if len(base) != 1 || base[0] == r || !unicode.Is(unicode.Arabic, base[0]) {
				continue
			}
			if n := at[base[0]]; n < 4 {
				f := out[base[0]]
				f[n] = r
				out[base[0]], at[base[0]] = f, n+1
			}
		}
	}
	return out
}

// lamAlef are the ligatures that must be: lam with the alefs, isolated and final.
var lamAlef = map[rune][2]rune{0x0622: {0xfef5, 0xfef6}, 0x0623: {0xfef7, 0xfef8}, 0x0625: {0xfef9, 0xfefa}, 0x0627: {0xfefb, 0xfefc}}

const lam, tatweel = 0x0644, 0x0640

// shape gives Arabic letters the form that their neighbors ask for. Marks are passed over.
func shape(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Arabic, r) }) {
		return s
	}
	in := []rune(s)
	var out []rune
	for i := 0; i < len(in); i++ {
		r := in[i]
		before := joinsOn(neighbor(in, i, -1))
		if f, ok := lamAlef[neighbor(in, i, 1)]; ok && r == lam && i+1 < len(in) && in[i+1] != lam {
			if _, next := lamAlef[in[i+1]]; next {
				out, i = append(out, f[b2i(before)]), i+1
				continue
			}
		}
		f, ok := forms[r]
		if !ok {
			out = append(out, r)
			continue
		}
		after := f[2] != 0 && joinsBack(neighbor(in, i, 1))
		form := f[0]
		switch {
		case before && after && f[3] != 0:
			form = f[3]
		case before && f[1] != 0:
			form = f[1]
		case after:
			form = f[2]
		}
		out = append(out, form)
	}
	return string(out)
}

// neighbor is the next letter in a direction, marks passed over; 0 where there is none.
func neighbor(s []rune, i, step int) rune {
	for i += step; i >= 0 && i < len(s); i += step {
		if !unicode.Is(unicode.Mn, s[i]) {
			return s[i]
		}
	}
	return 0
}

// joinsOn says whether a letter joins to the one after it, joinsBack whether to the one before.
func joinsOn(r rune) bool   { return r == tatweel || forms[r][2] != 0 }
func joinsBack(r rune) bool { return r == tatweel || forms[r][1] != 0 }

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// pieces splits a text where a line may end: behind spaces and dashes, and before and behind every character of Chinese, Japanese or
// Korean.
func pieces(s string) []string {
	var out []string
	start := 0
	var last rune
	for i, r := range s {
		if i > start && (last == ' ' && r != ' ' || wide(r) || wide(last) || strings.ContainsRune("-/,;", last) && !unicode.IsDigit(r) && r != ' ' && r != last) {
			out, start = append(out, s[start:i]), i
		}
		last = r
	}
	if start < len(s) {
		out = append(out, s[start:])
	}
	return out
}

func wide(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo)
}
