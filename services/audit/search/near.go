package search

import (
	"strings"

	"github.com/tidegate/tidegate/shared/spelling"
)

// near says whether one word may be a slip of the other, or another way to write it in Latin letters: one letter more, less, other or
// exchanged with its neighbor; or two such differences and the same sound.
func near(a, b string) bool {
	if !slips(a) || !slips(b) {
		return false
	}
	d := distance(a, b, 2)
	return d <= 1 || d == 2 && min(len(a), len(b)) > nearFrom && sound(a) == sound(b)
}

// slips says whether a word is looked for with slips: short ones and numbers are not.
func slips(w string) bool {
	return len(w) >= nearFrom && len(w) <= longest && spelling.IsASCII(w) && strings.Trim(w, "0123456789") != ""
}

// distance counts letters more, less, other, and neighbors exchanged (optimal string alignment), as far as most; more than that is most+1.
func distance(a, b string, most int) int {
	if d := len(a) - len(b); d > most || -d > most {
		return most + 1
	}
	var rows [3][longest + 1]int
	before, last, row := &rows[0], &rows[1], &rows[2]
	for j := range len(b) + 1 {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		best := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			best = min(best, row[j])
		}
		if best > most {
			return most + 1
		}
		before, last, row = last, row, before
	}
	return min(last[len(b)], most+1)
}

// sounds are letters and groups of letters that transliterations mix up, under one sign each; vowels and h have none.
var sounds = strings.NewReplacer(
	"shch", "s", "tsch", "s", "sh", "s", "zh", "s", "ch", "s", "ts", "s", "tz", "s", "kh", "k", "gh", "k", "ph", "f", "th", "d", "dj", "s",
	"z", "s", "x", "s", "j", "s", "q", "k", "g", "k", "c", "k", "v", "f", "w", "f", "p", "b", "t", "d", "ck", "k",
	"a", "", "e", "", "i", "", "o", "", "u", "", "y", "", "h", "",
)

// sound is what is left of a word in the ear.
func sound(w string) string {
	s := sounds.Replace(w)
	out := make([]byte, 0, len(s))
	for i := range len(s) {
		if i == 0 || s[i] != s[i-1] {
			out = append(out, s[i])
		}
	}
	return string(out)
}

// NearKeys are the keys under which a known word is found by those near to it: two near words have one in common. Words that are not
// looked for with slips have none.
func NearKeys(w string) []string {
	if !slips(w) {
		return nil
	}
	keys := make([]string, 0, len(w)+2)
	keys = append(keys, w, "~"+sound(w))
	for i := range len(w) {
		if i == 0 || w[i] != w[i-1] { // taking either of two like letters gives the same
			keys = append(keys, w[:i]+w[i+1:])
		}
	}
	return keys
}
