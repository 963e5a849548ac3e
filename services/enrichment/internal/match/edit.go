package match

// oneEdit says whether a and b differ by exactly one insertion, deletion, substitution or swap of neighbors
// (Damerau), and gives the place of the difference in a.
func oneEdit(a, b []rune) (int, bool) {
	if len(a) > len(b)+1 || len(b) > len(a)+1 {
		return 0, false
	}
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	if i == len(a) && i == len(b) {
		return 0, false
	}
	switch {
	case len(a) == len(b):
		if equal(a[i+1:], b[i+1:]) {
			return i, true
		}
		return i, i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && equal(a[i+2:], b[i+2:])
	case len(a) > len(b):
		return i, equal(a[i+1:], b[i:])
	default:
		return i, equal(a[i:], b[i+1:])
	}
}

func equal(a, b []rune) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// A polynomial hash over runes: the hash of a string without one rune follows from those of its beginnings in one step,
// so that all single deletions of a name cost one pass.
const base = 0x9E3779B97F4A7C15

type hasher struct {
	begin []uint64 // begin[i] is the hash of the first i runes
	power []uint64 // power[i] is base to the i
}

func (h *hasher) set(s []rune) {
	h.begin = append(h.begin[:0], 0)
	h.power = append(h.power[:0], 1)
	for i, r := range s {
		h.begin = append(h.begin, h.begin[i]*base+uint64(r)+1)
		h.power = append(h.power, h.power[i]*base)
	}
}

// len is the number of runes of the string.
func (h *hasher) len() int { return len(h.begin) - 1 }

// whole is the hash of the string.
func (h *hasher) whole() uint64 { return mix(h.begin[len(h.begin)-1]) }

// without is the hash of the string without rune i.
func (h *hasher) without(i int) uint64 {
	n := len(h.begin) - 1
	tail := h.begin[n] - h.begin[i+1]*h.power[n-i-1]
	return mix(h.begin[i]*h.power[n-i-1] + tail)
}

func mix(x uint64) uint64 {
	x ^= x >> 32
	x *= 0xd6e8feb86659fd93
	x ^= x >> 32
	return x
}

func hashString(s string) uint64 {
	var x uint64
	for _, r := range s {
		x = x*base + uint64(r) + 1
	}
	return mix(x)
}

// hashWords does not depend on the order of the words.
func hashWords(words []string) uint64 {
	var x uint64
	for _, w := range words {
		x += hashString(w)
	}
	return mix(x)
}
