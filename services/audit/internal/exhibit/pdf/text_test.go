package pdf

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// The expected lines are written in the order in which they are drawn.
func TestLinesAreDrawnFromRightToLeftWhereTheyRunSo(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, line, want string }{
		{"English", "abc (def) 12", "abc (def) 12"},
		{"one word", "אבג", "גבא"},
		{"two words", "אב גד", "דג בא"},
		{"a number behind Hebrew", "אבג 12", "12 גבא"},
		{"a number before Hebrew in an English line", "1 אבג", "1 גבא"},
		{"English in brackets between Hebrew", "אב (cd) הו", "בא (cd) וה"},
		{"English behind Hebrew", "אב, cd", "בא, cd"},
		{"brackets around Hebrew in Hebrew", "אב (גד) הו", "וה (דג) בא"},
		{"Hebrew in brackets behind English", "ab (גד)", "ab (דג)"},
		{"a date in Hebrew", "אב 2026-11-02", "2026-11-02 בא"},
		{"a price in Hebrew", "אב 5%", "5% בא"},
	} {
		if got := visual(tt.line); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestArabicLettersJoin(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"initial, medial, final", "\u0628\u0628\u0628", "\ufe91\ufe92\ufe90"},
		{"alone", "\u0628", "\ufe8f"},
		{"a letter that does not join on", "\u062f\u0628", "\ufea9\ufe8f"},
		{"behind one that does", "\u0628\u062f", "\ufe91\ufeaa"},
		{"lam and alef", "\u0644\u0627", "\ufefb"},
		{"lam and alef behind a letter", "\u0628\u0644\u0627", "\ufe91\ufefc"},
		{"a mark between", "\u0628\u064e\u0628", "\ufe91\u064e\ufe90"},
		{"Persian gaf and yeh", "\u06af\u06cc", "\ufb94\ufbfd"},
	} {
		if got := shape(tt.text); got != tt.want {
			t.Errorf("%s: %+q, want %+q", tt.name, got, tt.want)
		}
	}
}

func TestWhatCannotBeSeenIsWrittenOut(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a\u202eb":      "a[U+202E]b",
		"a\u200bb":      "a[U+200B]b",
		"a\u00a0b":      "a b",
		"e\u0301":       "\u00e9",
		"a\x00b":        "a[U+0000]b",
		"a\xffb":        "a\ufffdb",
		"a\r\nb":        "a[U+000D]\nb",
		"a\u2028b\tc":   "a[U+2028]b c",
		"\u2764\ufe0f!": "\u2764[U+FE0F]!",
	} {
		if got := clean(in); got != want {
			t.Errorf("%+q: %q, want %q", in, got, want)
		}
	}
}

// write makes a document of one text in every face.
func write(text string) ([]byte, error) {
	d := New(Meta{Title: "Try", At: time.Unix(1_700_000_000, 0).UTC()})
	for _, f := range []Face{Title, Body, Code} {
		d.Paragraph(f, text)
	}
	return d.Bytes()
}

func TestACharacterThatNoFontHasFailsTheDocument(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, says string }{
		{"emoji", "boxes 📦", `U+1F4E6 '📦' (package)`},
		{"Thai, whose marks would fall beside", "ก", "U+0E01 'ก' (thai character ko kai)"},
		{"Devanagari", "नमस्ते", "U+0928"},
		{"Lao, which a font has and nobody sets", "ລາວ", "U+0EA5"},
		{"private use", "\ue000", "U+E000"},
		{"a rare Han character beyond the basic plane", "𠮷野家", "U+20BB7"},
	} {
		_, err := write("name: " + tt.text)
		if !errors.Is(err, ErrGlyph) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	for _, text := range []string{
		"Łódź Ünïcödé ẞ € – “…” × → ✓", "Пермь Їжак", "Αθήνα", "深圳市云计算有限公司 臺北 東京サンプル半導体株式会社 ｱ", "서울 클라우드", "شركة المثال", "חברה", "Հայաստան საქართველო", "①②③", "[U+202E]",
	} {
		if _, err := write(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestTheSameDocumentIsTheSameBytes(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("深圳 Пермь 서울 Αθήνα plain words and a long-hyphenated-thing/with/slashes ", 200)
	first, err := write(text)
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		again, err := write(text)
		if err != nil || string(again) != string(first) {
			t.Fatalf("another document of %d bytes, not %d: %v", len(again), len(first), err)
		}
	}
}

func TestLinesAreNoWiderThanThePage(t *testing.T) {
	t.Parallel()
	d := New(Meta{At: time.Unix(0, 0)})
	for _, text := range []string{strings.Repeat("x", 3000), strings.Repeat("漢字", 500), strings.Repeat("word ", 400), "a " + strings.Repeat("W", 200) + " b", "", " ", strings.Repeat("-", 500)} {
		lines := d.wrap(Body, text, 60)
		for _, l := range lines {
			if w := d.measure(Body, l); w > 60.01 {
				t.Errorf("%.1f mm: %q", w, l)
			}
		}
		if got := strings.ReplaceAll(strings.Join(lines, ""), " ", ""); got != strings.ReplaceAll(text, " ", "") {
			t.Errorf("lost: %q of %q", got, text)
		}
	}
}
