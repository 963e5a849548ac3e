package match

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// invented makes names of n entities: persons and firms, of words that nobody wrote before, and trade words. As in real
// lists some words are borne by thousands and most by few, and new ones turn up ever more seldom: Zipf's law.
func invented(n int, seed uint64) []Listed {
	rng := rand.New(rand.NewPCG(seed, 40))
	often := rand.NewZipf(rng, 1.07, 20, 2_000_000)
	trades := strings.Fields("Technology Trading Systems Electronics Industries Logistics Engineering Instruments")
	out := make([]Listed, 0, n)
	for i := range n {
		name := func() string { return inventedWord(often.Uint64()) }
		l := Listed{Entry: int32(i), Name: name() + " " + name() + " " + trades[rng.IntN(len(trades))] + " Co., Ltd."}
		if i%3 == 0 {
			l = Listed{Entry: int32(i), Name: strings.ToUpper(name()) + ", " + name() + " " + name(), Kind: Person}
		}
		out = append(out, l)
	}
	return out
}

var syllables = strings.Fields(`ba ke lo mi nu ra se ti vo za gar hel jin kor lan mer nor pel qui ros san tor ul van wen xi yor zel dra ste fli gro ash bre cor dun
	el fan gil hov ish jar kim led mon nev ost pra rud sil tam urs vid wol yan zub`)

// inventedWord is word k of a language without end.
func inventedWord(k uint64) string {
	rng := rand.New(rand.NewPCG(k, 7))
	var b strings.Builder
	for range 2 + rng.IntN(3) {
		b.WriteString(syllables[rng.IntN(len(syllables))])
	}
	return b.String()
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
