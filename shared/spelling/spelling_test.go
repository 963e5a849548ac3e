package spelling

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestAppendWords(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ in, want string }{
		"marks fall away":               {"Müller & Söhne GmbH", "muller and sohne gmbh"},
		"single letters are one word":   {"S.M.I.C.", "smic"},
		"an apostrophe joins":           {"Xi'an", "xian"},
		"traditional becomes simple":    {"華為", "华为"},
		"wide letters become plain":     {"ＡＢＣ", "abc"},
		"nothing but marks is no words": {"?!", ""},
	} {
		if got := strings.Join(AppendWords(nil, tt.in), " "); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func TestLatin(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"huawei": "huawei", "华为": "huawei", "касперский": "kasperskiy", "삼성": "samseong"} {
		if got := Latin(in); len(got) == 0 || got[0] != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
	if got := Latin("长"); strings.Join(got, " ") != "chang zhang" && strings.Join(got, " ") != "zhang chang" {
		t.Errorf("both readings: %q", got)
	}
}

func TestAsianWords(t *testing.T) {
	t.Parallel()
	if got := strings.Join(AsianWords(nil, "深圳海思半导体有限公司"), " "); got != "shenzhen 海思 semiconductor" {
		t.Error(got)
	}
}

func FuzzAppendWords(f *testing.F) {
	for _, s := range []string{"a b", "\xff", "İ", "ﷺ", "华为技术有限公司"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, w := range AppendWords(nil, s) {
			if w == "" || utf8.ValidString(s) && !utf8.ValidString(w) {
				t.Errorf("%q: %q", s, w)
			}
			Latin(w)
			AsianWords(nil, w)
		}
	})
}
