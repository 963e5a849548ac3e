package match

import "math/bits"

// Costs of differences between two words, in hundredths of an edit.
const (
	costEdit    = 100
	costGroup   = 150 // two letters that make one sound
	costVowel   = 50  // another vowel
	costNear    = 35  // letters that transliterations mix up: s and z, j and y, q and g
	costLook    = 20  // a digit that looks like the letter
	costDoubled = 30
	costSilent  = 40 // an h more or less
	costVowelIn = 70 // a vowel more or less
	tooFar      = 1 << 20
)

// A sound is a letter, a digit, or the sign of two letters that make one sound.
type sound = uint8

// sounds: a to z are 0 to 25, digits follow, then the signs.
const (
	digitSound sound = 26
	signSound  sound = 36
	soundCount       = 48
)

// signs are letter groups that many transliterations write in many ways, so that another group costs no more than
// another letter.
var signs = []string{"sh", "ch", "zh", "kh", "ts", "th", "gh"}

// oneLetter are groups that are another way to write one letter.
var oneLetter = map[[2]byte]byte{
	{'p', 'h'}: 'f', {'h', 's'}: 'x', {'c', 'k'}: 'k', {'d', 'j'}: 'j', {'o', 'u'}: 'u', {'o', 'o'}: 'u', {'e', 'e'}: 'i',
}

var groups = func() map[[2]byte]sound {
	m := map[[2]byte]sound{{'t', 'z'}: signSound + 4}
	for i, g := range signs {
		m[[2]byte{g[0], g[1]}] = signSound + sound(i)
	}
	for g, l := range oneLetter {
		m[g] = l - 'a'
	}
	return m
}()

// plainSounds gives the letters of a Latin word as they stand.
func plainSounds(w string) []sound {
	out := make([]sound, 0, len(w))
	for i := range len(w) {
		out = appendSound(out, w[i])
	}
	return out
}

func appendSound(out []sound, c byte) []sound {
	switch {
	case c >= 'a' && c <= 'z':
		return append(out, c-'a')
	case c >= '0' && c <= '9':
		return append(out, c-'0'+digitSound)
	}
	return out
}

// sounded brings letter groups to one sign each.
func sounded(w string) []sound {
	out := make([]sound, 0, len(w))
	for i := 0; i < len(w); i++ {
		if i+1 < len(w) && w[i] != w[i+1] || i+1 < len(w) && (w[i] == 'o' || w[i] == 'e') {
			if s, ok := groups[[2]byte{w[i], w[i+1]}]; ok {
				out = append(out, s)
				i++
				continue
			}
		}
		out = appendSound(out, w[i])
	}
	return out
}

// families put sounds together that transliterations mix up, by their first letter.
var families = [soundCount]byte{}

// vowels, by sound.
var vowels = [soundCount]bool{}

// exchanges is what one sound instead of another costs.
var exchanges = [soundCount][soundCount]uint8{}

func init() {
	for _, f := range []string{"szx", "kqgc", "vwf", "bp", "dt"} {
		for i := range len(f) {
			families[f[i]-'a'] = f[0]
		}
	}
	for i, f := range []byte("sssksdk") {
		families[signSound+sound(i)] = f
	}
	families[signSound+3], families[signSound+6] = 'k', 'k'
	families[signSound+5] = 'd'
	for _, v := range []byte("aeiouy") {
		vowels[v-'a'] = true
	}
	for a := range sound(soundCount) {
		for b := range sound(soundCount) {
			exchanges[a][b] = exchange(a, b)
		}
	}
}

// looks are the digits that look like letters.
var looks = map[[2]byte]bool{
	{'0', 'o'}: true, {'1', 'i'}: true, {'1', 'l'}: true, {'3', 'e'}: true, {'4', 'a'}: true, {'5', 's'}: true, {'8', 'b'}: true, {'9', 'g'}: true,
}

func letterOf(s sound) byte {
	switch {
	case s < digitSound:
		return 'a' + s
	case s < signSound:
		return '0' + s - digitSound
	}
	return 0
}

func exchange(a, b sound) uint8 {
	x, y := letterOf(a), letterOf(b)
	jot := func(s sound, c byte) bool { return c == 'y' || c == 'i' || s == signSound+1 || s == signSound+2 }
	switch {
	case a == b:
		return 0
	case looks[[2]byte{x, y}], looks[[2]byte{y, x}]:
		return costLook
	case x == 'j' && jot(b, y), y == 'j' && jot(a, x), x == 'i' && y == 'y', x == 'y' && y == 'i':
		return costNear
	case vowels[a] && vowels[b]:
		return costVowel
	case families[a] != 0 && families[a] == families[b]:
		return costNear
	case a >= signSound || b >= signSound:
		return costGroup
	}
	return costEdit
}

// more is what sound i more costs, behind the one before it.
func more(s []sound, i int) int32 {
	switch {
	case i == 0:
		return costEdit
	case s[i] == s[i-1]:
		return costDoubled
	case s[i] == 'h'-'a':
		return costSilent
	case vowels[s[i]]:
		return costVowelIn
	}
	return costEdit
}

// A frame says which families of consonants a word has. Every family that only one of two words has costs a whole edit
// at least, so that most words are told apart without their distance.
type frame uint16

// loose is the frame of a word of which nothing can be said: it has digits, which look like letters, or many readings.
const loose frame = 1 << 15

var frames = func() (m [soundCount]frame) {
	for i, f := range []string{"kqgc", "vwf", "bp", "dt", "l", "m", "n", "r"} {
		for _, c := range []byte(f) {
			m[c-'a'] = 1 << i
		}
	}
	m[signSound+3], m[signSound+6], m[signSound+5] = m['k'-'a'], m['k'-'a'], m['d'-'a']
	for d := digitSound; d < signSound; d++ {
		m[d] = loose
	}
	return m
}()

func frameOf(s []sound) (f frame) {
	for _, c := range s {
		f |= frames[c]
	}
	return f
}

// apart is the least that words of two frames are apart.
func (f frame) apart(g frame) int {
	if (f|g)&loose != 0 {
		return 0
	}
	return costEdit * max(bits.OnesCount16(uint16(f&^g)), bits.OnesCount16(uint16(g&^f)))
}

// longest are the letters of words and names that are compared by distance.
const longest = 48

// distance is the cost of turning a into b (Damerau, two neighbors swapped cost one edit), at most limit; else tooFar.
func distance(a, b []sound, limit int) int {
	if len(a) > longest || len(b) > longest || (len(a)-len(b))*costDoubled > limit || (len(b)-len(a))*costDoubled > limit {
		return tooFar
	}
	var rows [3][longest + 1]int32
	var ins [longest]int32
	before, last, now := &rows[0], &rows[1], &rows[2]
	for j := range b {
		ins[j] = more(b, j)
		last[j+1] = last[j] + ins[j]
	}
	for i, x := range a {
		out := more(a, i)
		now[0] = last[0] + out
		least := now[0]
		costs := &exchanges[x]
		for j, y := range b {
			d := min(last[j]+int32(costs[y]), last[j+1]+out, now[j]+ins[j])
			if i > 0 && j > 0 && x == b[j-1] && a[i-1] == y && x != y {
				d = min(d, before[j-1]+costEdit)
			}
			now[j+1] = d
			least = min(least, d)
		}
		if int(least) > limit {
			return tooFar
		}
		before, last, now = last, now, before
	}
	if d := int(last[len(b)]); d <= limit {
		return d
	}
	return tooFar
}

// skeleton is what a word sounds like: its consonants by family, doubled ones once, a vowel at its beginning, digits
// read as the letters they look like. A word with too little sound is its own skeleton.
func skeleton(s []sound) string { return sketch(s, false) }

// pattern is the skeleton with a mark for every run of vowels. Words that sound alike share it.
func pattern(s []sound) string { return sketch(s, true) }

func sketch(s []sound, withVowels bool) string {
	out := make([]byte, 0, len(s))
	var before byte
	consonants := 0
	for i, r := range s {
		c := letterOf(r)
		if f := families[r]; f != 0 {
			c = f
		}
		switch {
		case c == 'h' && i > 0:
			continue
		case vowels[r], i > 0 && (c == '0' || c == '1' || c == '3' || c == '4') && s[i-1] < digitSound:
			c = 'a'
		case c == 'j', c == '5':
			c = 's'
		case c == '9':
			c = 'k'
		}
		if c == before {
			continue
		}
		before = c
		if c != 'a' {
			consonants++
		} else if i > 0 && !withVowels {
			continue
		}
		out = append(out, c)
	}
	if consonants < 2 {
		out = out[:0]
		for _, r := range s {
			out = append(out, '~', r+'0')
		}
	}
	return string(out)
}
