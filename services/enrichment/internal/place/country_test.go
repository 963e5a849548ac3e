package place

import (
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
)

func TestCode(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]event.Country{
		"DE": "DE", "DEU": "DE", "276": "DE", "Germany": "DE", " germany ": "DE", "UK": "GB", "GBR": "GB", "826": "GB", "GB": "GB",
		"HK": "HK", "HKG": "HK", "344": "HK", "Hong Kong": "HK", "MO": "MO", "MAC": "MO", "446": "MO", "Macao": "MO", "Macau": "MO",
		"CN": "CN", "CHN": "CN", "156": "CN", "People's Republic of China": "CN", "TW": "TW", "TWN": "TW", "158": "TW", "Taiwan, Province of China": "TW",
		"Burma": "MM", "MMR": "MM", "104": "MM", "Türkiye": "TR", "Turkey": "TR", "TUR": "TR", "Korea, South": "KR", "KOR": "KR", "North Korea": "KP", "PRK": "KP",
		"XK": "XK", "Kosovo": "XK", "PR": "PR", "PRI": "PR", "Puerto Rico": "PR", "GU": "GU", "Czech Republic": "CZ", "008": "AL", "Vatican City": "VA",
		"": "", "ZZ": "", "EU": "", "XX": "", "QQQ": "", "000": "", "001": "", "999": "", "Atlantis": "", "de": "", "15": "", "150": "", "SU": "", "US1": "",
	} {
		if got := Code(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestCodesGoOutAsTheyCameIn(t *testing.T) {
	t.Parallel()
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			c := event.Country([]rune{a, b})
			if Code(string(c)) != c {
				continue
			}
			for _, text := range []string{Alpha3(c), Numeric(c), Name(c)} {
				if text == "" && c == "XK" {
					continue // has no number
				}
				if got := Code(text); got != c {
					t.Errorf("%s goes out as %q and comes back as %q", c, text, got)
				}
			}
		}
	}
	if Name("MM") != "Burma" || Name("MO") != "Macau" || Alpha3("ZZ") != "" || Numeric("??") != "" || Name("??") != "??" {
		t.Error("names and codes of the law")
	}
}
