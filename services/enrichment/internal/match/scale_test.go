package match

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// invented makes names of n entities: persons and firms, of words that nobody wrote before, and trade words.
func invented(n int, seed uint64) []Listed {
	rng := rand.New(rand.NewPCG(seed, 40))
	syllables := strings.Fields("ba ke lo mi nu ra se ti vo za gar hel jin kor lan mer nor pel qui ros san tor ul van wen xi yor zel dra ste fli gro")
	trades := strings.Fields("Technology Trading Systems Electronics Industries Logistics Engineering Instruments")
	word := func() string {
		var b strings.Builder
		for range 2 + rng.IntN(3) {
			b.WriteString(syllables[rng.IntN(len(syllables))])
		}
		return b.String()
	}
	out := make([]Listed, 0, n)
	for i := range n {
		l := Listed{Entry: int32(i), Name: word() + " " + word() + " " + trades[rng.IntN(len(trades))] + " Co., Ltd."}
		if i%3 == 0 {
			l = Listed{Entry: int32(i), Name: strings.ToUpper(word()) + ", " + word() + " " + word(), Kind: Person}
		}
		out = append(out, l)
	}
	return out
}

// BenchmarkScale is what a name of nobody and one with a slip cost as the lists grow tenfold. Whole names are not
// remembered here.
func BenchmarkScale(b *testing.B) {
	nobody := invented(2000, 2)
	for _, n := range []int{40_000, 400_000} {
		listed := invented(n, 1)
		ix := NewIndex(listed)
		b.Run("nobody/"+strconv.Itoa(n), func(b *testing.B) {
			i := 0
			for b.Loop() {
				ix.look(nobody[i%len(nobody)].Name)
				i++
			}
		})
		b.Run("one letter off/"+strconv.Itoa(n), func(b *testing.B) {
			i := 0
			for b.Loop() {
				name := listed[i*7919%len(listed)].Name
				ix.look(name[:3] + "q" + name[4:])
				i++
			}
		})
	}
}
