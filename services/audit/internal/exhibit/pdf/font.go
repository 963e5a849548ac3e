package pdf

import (
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/runenames"
)

// ErrGlyph says that a text has a character that no embedded font has, or that would come out wrong. It is wrapped with the character.
var ErrGlyph = errors.New("no embedded font can print the character")

//go:embed fonts/DejaVuSans.ttf
var dejaVu []byte

//go:embed fonts/DejaVuSans-Bold.ttf
var dejaVuBold []byte

//go:embed fonts/DejaVuSansMono.ttf
var dejaVuMono []byte

//go:embed fonts/DroidSansFallbackFull.ttf
var droid []byte

//go:embed fonts/NanumGothic.ttf
var nanum []byte

// font is an embedded font with the characters it has.
type font struct {
	name  string
	bytes []byte
	has   func() map[rune]bool
}

// The fonts. Han and kana are Droid's, Hangul is Nanum's; what is bold or of one width in DejaVu alone is regular in the others.
var (
	regular = newFont("dejavu", dejaVu)
	bold    = newFont("dejavubold", dejaVuBold)
	mono    = newFont("dejavumono", dejaVuMono)
	fonts   = []*font{regular, bold, mono, newFont("droid", droid), newFont("nanum", nanum)}
)

func newFont(name string, b []byte) *font {
	return &font{name, b, sync.OnceValue(func() map[rune]bool { return coverage(b) })}
}

// coverage reads which characters of the basic plane a TrueType font has a glyph for, from the same table that fpdf goes by: format 4 of
// cmap. A font without one has none.
func coverage(b []byte) map[rune]bool {
	has := map[rune]bool{}
	u16 := func(at int) int {
		if at < 0 || at+2 > len(b) {
			return 0
		}
		return int(binary.BigEndian.Uint16(b[at:]))
	}
	u32 := func(at int) int { return u16(at)<<16 | u16(at+2) }
	cmap := 0
	for i := range u16(4) {
		if at := 12 + 16*i; at+16 <= len(b) && string(b[at:at+4]) == "cmap" {
			cmap = u32(at + 8)
		}
	}
	for i := range u16(cmap + 2) {
		sub := cmap + u32(cmap+8+8*i)
		if cmap == 0 || u16(sub) != 4 {
			continue
		}
		segments := u16(sub+6) / 2
		for s := range segments {
			end, start := u16(sub+14+2*s), u16(sub+16+2*segments+2*s)
			delta, offset := u16(sub+16+4*segments+2*s), u16(sub+16+6*segments+2*s)
			for c := start; c <= end && c != 0xffff; c++ {
				glyph := c
				if offset != 0 {
					if glyph = u16(sub + 16 + 6*segments + 2*s + offset + 2*(c-start)); glyph == 0 {
						continue
					}
				}
				if (glyph+delta)&0xffff != 0 {
					has[rune(c)] = true
				}
			}
		}
		return has
	}
	return has
}

// unshaped are scripts whose letters join, stack or change places: drawn one after the other they would be wrong, though a font may have
// the letters.
var unshaped = []*unicode.RangeTable{
	unicode.Lao, unicode.Nko, unicode.Syriac, unicode.Thaana, unicode.Thai, unicode.Khmer, unicode.Myanmar, unicode.Tibetan, unicode.Mongolian,
	unicode.Devanagari, unicode.Bengali, unicode.Gurmukhi, unicode.Gujarati, unicode.Oriya, unicode.Tamil, unicode.Telugu, unicode.Kannada, unicode.Malayalam, unicode.Sinhala,
}

// fontOf gives the font for a character: the wanted one where it has it, else the first that does.
func fontOf(r rune, want *font) (*font, error) {
	if unicode.In(r, unshaped...) || unicode.Is(unicode.Co, r) {
		return nil, missing(r)
	}
	if want.has()[r] {
		return want, nil
	}
	for _, f := range fonts {
		if f != bold && f != mono && f.has()[r] {
			return f, nil
		}
	}
	return nil, missing(r)
}

func missing(r rune) error {
	return fmt.Errorf("%w %U %q (%s)", ErrGlyph, r, r, strings.ToLower(runenames.Name(r)))
}
