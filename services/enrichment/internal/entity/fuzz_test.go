package entity

import "testing"

// FuzzIdentity reads any text as an official number and as a date of birth.
func FuzzIdentity(f *testing.F) {
	for _, s := range []string{"Passport A1234567 (Cuba)", "Registration ID, 1027700342890, RU", "IMO 9074729", "LEI 529900T8BM49AURSDO55", "circa 1960", "10 Dec 1948", "1960 to 1962", "(((", ", X"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if n, ok := readNumber(s); ok && (len(n.key) < leastIdentifier || numberKey(n.key) != n.key) {
			t.Errorf("%q: %+v", s, n)
		}
		if b, ok := readBorn(s); ok && (b.from > b.to || b.from < 1800 || b.to > 2099) {
			t.Errorf("%q: %+v", s, b)
		}
	})
}
