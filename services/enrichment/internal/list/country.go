package list

import (
	"strings"
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/tidegate/tidegate/schemas/event"
)

// countryOf reads a country as lists write it: a two-letter code or an English name. Unknown is "".
func countryOf(s string) event.Country {
	s = squeeze(s)
	if len(s) == 2 && s == strings.ToUpper(s) {
		return codeOf(s)
	}
	if s == "" {
		return ""
	}
	return countries()[countryKey(s)]
}

func codeOf(s string) event.Country {
	if s == "UK" {
		return "GB"
	}
	r, err := language.ParseRegion(s)
	if err != nil || !r.IsCountry() || r.String() != s {
		return ""
	}
	return event.Country(s)
}

func countryKey(s string) string {
	s = strings.ToLower(s)
	for _, cut := range []string{"the ", "islamic republic of ", "republic of ", "state of ", "kingdom of "} {
		s = strings.TrimPrefix(s, cut)
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" ,.'’-()", r) {
			return -1
		}
		return r
	}, strings.ReplaceAll(s, "&", "and"))
}

// countries maps English names to codes: the names of CLDR, and what lists write instead.
var countries = sync.OnceValue(func() map[string]event.Country {
	m := map[string]event.Country{}
	namer := display.English.Regions()
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			code := string([]rune{a, b})
			r, err := language.ParseRegion(code)
			if err != nil || !r.IsCountry() || r.String() != code || r.Canonicalize() != r {
				continue // not a country, or one that is no more
			}
			if name := namer.Name(r); name != "" {
				m[countryKey(name)] = event.Country(code)
			}
		}
	}
	for name, code := range otherNames {
		m[countryKey(name)] = code
	}
	return m
})

var otherNames = map[string]event.Country{
	"Burma": "MM", "Turkey": "TR", "Türkiye": "TR", "Turkiye": "TR", "Hong Kong": "HK", "Hong Kong S.A.R.": "HK", "Macau": "MO", "Macao": "MO", "Korea, North": "KP", "Korea, South": "KR", "Korea": "KR",
	"Democratic People's Republic of Korea": "KP", "North Korea": "KP", "South Korea": "KR", "People's Republic of China": "CN", "PRC": "CN", "P.R.C.": "CN",
	"Crimea Region of Ukraine": "UA", "Region: Crimea": "UA", "Congo, Democratic Republic of the": "CD", "Democratic Republic of the Congo": "CD", "Congo, Republic of the": "CG", "Congo": "CG",
	"Russian Federation": "RU", "Syrian Arab Republic": "SY", "Viet Nam": "VN", "Lao People's Democratic Republic": "LA", "Moldova, Republic of": "MD", "Tanzania, United Republic of": "TZ",
	"United Republic of Tanzania": "TZ", "United States of America": "US", "USA": "US", "Great Britain": "GB", "United Kingdom of Great Britain and Northern Ireland": "GB", "Ivory Coast": "CI", "Cote d Ivoire": "CI",
	"Czech Republic": "CZ", "Macedonia, The Former Yugoslav Republic of": "MK", "North Macedonia, The Republic of": "MK", "Swaziland": "SZ", "Cabo Verde": "CV", "Bahamas, The": "BS", "Gambia, The": "GM",
	"West Bank": "PS", "Palestinian": "PS", "Palestinian Territory, Occupied": "PS", "Gaza": "PS", "Virgin Islands, British": "VG", "Virgin Islands, U.S.": "VI", "Brunei Darussalam": "BN", "UAE": "AE",
	"Kyrgyz Republic": "KG", "Libyan Arab Jamahiriya": "LY", "Bolivarian Republic of Venezuela": "VE", "Plurinational State of Bolivia": "BO", "Taiwan, Province of China": "TW", "Arab Republic of Egypt": "EG",
	"Holy See": "VA", "Saint Vincent and the Grenadines": "VC", "Saint Kitts and Nevis": "KN", "Antigua and Barbuda": "AG", "Trinidad and Tobago": "TT", "Bosnia and Herzegovina": "BA", "Republic of Yemen": "YE",
	"Sao Tome and Principe": "ST", "Guinea Bissau": "GW", "Union of Myanmar": "MM", "Republic of the Union of Myanmar": "MM", "State of Israel": "IL", "Hashemite Kingdom of Jordan": "JO", "Republic of Lebanon": "LB",
	"Lebanese Republic": "LB", "Syrian Republic": "SY", "North Macedonia": "MK", "North Korea (DPRK)": "KP", "Turkey (Turkiye)": "TR",
}
