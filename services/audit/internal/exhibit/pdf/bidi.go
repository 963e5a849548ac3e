package pdf

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/bidi"
)

// visual gives a line in the order in which it is drawn from left to right: Unicode's bidirectional algorithm (UAX 9) for a line of an
// English document, without the characters that set directions, which clean has written out.
func visual(line string) string {
	if !strings.ContainsFunc(line, rightToLeft) {
		return line
	}
	runes := []rune(line)
	t := make([]bidi.Class, len(runes))
	for i, r := range runes {
		p, _ := bidi.LookupRune(r)
		t[i] = p.Class()
	}
	weak(t)
	brackets(runes, t)
	neutral(t)
	return string(reorder(runes, levels(t)))
}

func rightToLeft(r rune) bool {
	p, _ := bidi.LookupRune(r)
	return p.Class() == bidi.R || p.Class() == bidi.AL
}

// weak settles marks and numbers by what stands before them (rules W1 to W7).
func weak(t []bidi.Class) {
	last := bidi.L // the last strong one
	for i := range t {
		if t[i] == bidi.NSM {
			t[i] = before(t, i)
		}
		switch {
		case t[i] == bidi.L || t[i] == bidi.R || t[i] == bidi.AL:
			last = t[i]
		case t[i] == bidi.EN && last == bidi.AL:
			t[i] = bidi.AN
		}
	}
	for i := range t {
		if t[i] == bidi.AL {
			t[i] = bidi.R
		}
		if i > 0 && i+1 < len(t) && (t[i] == bidi.CS || t[i] == bidi.ES) && t[i-1] == t[i+1] && (t[i-1] == bidi.EN || t[i-1] == bidi.AN && t[i] == bidi.CS) {
			t[i] = t[i-1]
		}
	}
	signs(t)
	last = bidi.L
	for i := range t {
		switch t[i] {
		case bidi.L, bidi.R:
			last = t[i]
		case bidi.EN:
			if last == bidi.L {
				t[i] = bidi.L
			}
		case bidi.ES, bidi.ET, bidi.CS:
			t[i] = bidi.ON
		default:
		}
	}
}

// signs makes currency signs and the like a part of the number beside them (W5).
func signs(t []bidi.Class) {
	for i := 0; i < len(t); i++ {
		if t[i] != bidi.ET {
			continue
		}
		end := i
		for end < len(t) && t[end] == bidi.ET {
			end++
		}
		if i > 0 && t[i-1] == bidi.EN || end < len(t) && t[end] == bidi.EN {
			for n := i; n < end; n++ {
				t[n] = bidi.EN
			}
		}
		i = end - 1
	}
}

func before(t []bidi.Class, i int) bidi.Class {
	if i == 0 {
		return bidi.L
	}
	return t[i-1]
}

// pairs are brackets with what they become where the text runs from right to left.
var pairs = map[rune]rune{'(': ')', '[': ']', '{': '}', '<': '>', '«': '»', '‹': '›', '（': '）', '［': '］', '｛': '｝', '〈': '〉', '《': '》', '「': '」', '『': '』', '【': '】'}

// brackets gives both brackets of a pair one direction (N0).
func brackets(runes []rune, t []bidi.Class) {
	type pair struct{ from, to int }
	var open []int
	var found []pair
	for i, r := range runes {
		if pairs[r] != 0 {
			open = append(open, i)
			continue
		}
		for n, o := range slices.Backward(open) {
			if pairs[runes[o]] == r {
				found, open = append(found, pair{o, i}), open[:n]
				break
			}
		}
	}
	slices.SortFunc(found, func(a, b pair) int { return a.from - b.from })
	for _, p := range found {
		inside := directions(t[p.from+1 : p.to])
		switch {
		case slices.Contains(inside, bidi.L):
			t[p.from], t[p.to] = bidi.L, bidi.L
		case slices.Contains(inside, bidi.R):
			dir := bidi.L
			if ahead := directions(t[:p.from]); len(ahead) > 0 {
				dir = ahead[len(ahead)-1]
			}
			t[p.from], t[p.to] = dir, dir
		}
	}
}

// directions are the strong directions in a text; numbers count as from right to left.
func directions(t []bidi.Class) (out []bidi.Class) {
	for _, c := range t {
		if d, strong := direction(c); strong {
			out = append(out, d)
		}
	}
	return out
}

func direction(c bidi.Class) (bidi.Class, bool) {
	switch c {
	case bidi.L:
		return bidi.L, true
	case bidi.R, bidi.EN, bidi.AN:
		return bidi.R, true
	default:
		return bidi.L, false
	}
}

// neutral gives what has no direction that of both its sides where they are one, else the document's (N1, N2).
func neutral(t []bidi.Class) {
	for i := 0; i < len(t); i++ {
		if _, strong := direction(t[i]); strong {
			continue
		}
		end := i
		for end < len(t) {
			if _, strong := direction(t[end]); strong {
				break
			}
			end++
		}
		to := bidi.L
		if i > 0 && end < len(t) {
			a, _ := direction(t[i-1])
			if b, _ := direction(t[end]); a == b {
				to = a
			}
		}
		for n := i; n < end; n++ {
			t[n] = to
		}
		i = end - 1
	}
}

func levels(t []bidi.Class) []int {
	out := make([]int, len(t))
	for i, c := range t {
		switch c {
		case bidi.R:
			out[i] = 1
		case bidi.EN, bidi.AN:
			out[i] = 2
		default:
		}
	}
	return out
}

// reorder turns every run of a level, the highest first, and mirrors brackets that run from right to left (L2, L4).
func reorder(runes []rune, level []int) []rune {
	out := slices.Clone(runes)
	for i, r := range out {
		if level[i] == 1 {
			out[i] = mirrored(r)
		}
	}
	order := make([]int, len(out))
	for i := range order {
		order[i] = i
	}
	for l := 2; l >= 1; l-- {
		for i := 0; i < len(level); i++ {
			end := i
			for end < len(level) && level[end] >= l {
				end++
			}
			if end > i {
				slices.Reverse(order[i:end])
				i = end
			}
		}
	}
	drawn := make([]rune, len(out))
	for i, from := range order {
		drawn[i] = out[from]
	}
	return drawn
}

func mirrored(r rune) rune {
	if p := pairs[r]; p != 0 {
		return p
	}
	for a, b := range pairs {
		if b == r {
			return a
		}
	}
	return r
}
