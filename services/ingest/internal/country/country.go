// Package country reads countries as documents write them: ISO 3166-1 alpha-2, alpha-3 and numeric codes, and names.
package country

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/tidegate/tidegate/schemas/event"
)

// table holds a country a line: alpha-2, alpha-3, numeric code, then names with | between them. Codes are those of
// ISO 3166-1, with XK for Kosovo; names are English as CLDR has them, and what documents write instead.
//
//go:embed table.txt
var table string

// index knows every spelling by its key.
var index = sync.OnceValue(func() map[string]event.Country {
	m := make(map[string]event.Country, 1200)
	for line := range strings.Lines(table) {
		f := strings.SplitN(strings.TrimSpace(line), " ", 4)
		code := event.Country(f[0])
		for _, s := range append(f[:3], strings.Split(f[3], "|")...) {
			m[key(s)] = code
		}
	}
	delete(m, "000")
	return m
})

// codes are the alpha-2 codes in capitals by their two letters, which is what most documents have.
var codes = sync.OnceValue(func() *[26 * 26]event.Country {
	var t [26 * 26]event.Country
	for a := range 26 {
		for b := range 26 {
			t[a*26+b] = index()[string([]byte{'a' + byte(a), 'a' + byte(b)})]
		}
	}
	return &t
})

// Read gives the country that s names; "" and false when it names none. No text is no country.
func Read(s string) (event.Country, bool) {
	if len(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z' {
		c := codes()[int(s[0]-'A')*26+int(s[1]-'A')]
		return c, c != ""
	}
	k := key(s)
	if k == "" {
		return "", false
	}
	c, ok := index()[k]
	return c, ok
}

// Code gives the country of an alpha-2 code in capitals, the usual case, without a look at names.
func Code(s string) (event.Country, bool) {
	if len(s) != 2 {
		return "", false
	}
	return Read(s)
}

// Placeholder says whether s stands where nothing was known: N/A, TBD, unknown and their like. NA is Namibia.
func Placeholder(s string) bool {
	switch strings.ToUpper(strings.TrimSpace(s)) {
	case "", "N/A", "N.A.", "TBD", "T.B.D.", "TBA", "NONE", "NULL", "NIL", "UNKNOWN", "UNK.", "UNDEFINED", "NOT APPLICABLE", "NOT AVAILABLE",
		"-", "--", "---", ".", "?", "??", "X", "XX", "XXX", "ZZ", "ZZZ", "000", "*":
		return true
	}
	return false
}

// key folds what writers vary: case, spaces, points, hyphens, "and".
func key(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	s = strings.TrimPrefix(s, "the ")
	if strings.IndexByte(s, '&') >= 0 {
		s = strings.ReplaceAll(s, "&", "and")
	}
	if !strings.ContainsAny(s, " ,.'’-()") {
		return s
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" ,.'’-()", r) {
			return -1
		}
		return r
	}, s)
}
