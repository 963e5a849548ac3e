package place

import (
	"fmt"
	"strings"
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/tidegate/tidegate/schemas/event"
)

// Code reads a country as lists, masters and registers write it: an ISO 3166-1 code of two letters (UK too), three letters
// or three digits, in capitals, or an English name, that of the EAR among them. Unknown is "". A territory keeps the code
// it has of its own: Hong Kong HK, Macau MO, Puerto Rico PR.
func Code(s string) event.Country {
	s = strings.Join(strings.Fields(s), " ")
	switch {
	case s == "":
		return ""
	case len(s) == 2 && s == strings.ToUpper(s), len(s) == 3 && (s == strings.ToUpper(s) || digits(s)):
		if c := codeOf(s); c != "" {
			return c
		}
	}
	return countries()[countryKey(s)]
}

// Alpha3 is the ISO 3166-1 code of three letters, Numeric that of three digits; empty for a code that is none.
func Alpha3(c event.Country) string {
	r, err := language.ParseRegion(string(c))
	if err != nil || len(c) != 2 || !r.IsCountry() {
		return ""
	}
	return r.ISO3()
}

// Numeric is the ISO 3166-1 code of three digits; empty for a code that is none.
func Numeric(c event.Country) string {
	r, err := language.ParseRegion(string(c))
	if err != nil || len(c) != 2 || !r.IsCountry() || r.M49() == 0 {
		return ""
	}
	return fmt.Sprintf("%03d", r.M49())
}

// Name is the country's name as the EAR has it, else the usual English one; the code itself where there is none.
func Name(c event.Country) string {
	if n, ok := lawNames[c]; ok {
		return n
	}
	if r, err := language.ParseRegion(string(c)); err == nil {
		if n := display.English.Regions().Name(r); n != "" {
			return n
		}
	}
	return string(c)
}

// lawNames are the names of Supplement 1 to part 738 and Supplement 1 to part 740 where the usual ones are others.
var lawNames = map[event.Country]string{
	"MM": "Burma", "MO": "Macau", "HK": "Hong Kong", "KP": "North Korea", "KR": "South Korea", "CD": "Congo, Democratic Republic of the",
	"CG": "Congo, Republic of the", "CZ": "Czech Republic", "TR": "Türkiye", "VA": "Vatican City", "CI": "Cote d'Ivoire", "LA": "Laos",
	"XK": "Kosovo", "TL": "East Timor", "CV": "Cape Verde",
}

// gone are countries that are no more and that no one other took the place of.
var gone = map[string]bool{"SU": true, "YU": true, "CS": true, "AN": true, "DD": true, "NT": true, "FX": true}

// inForce says whether a country has its codes now; Kosovo has no number.
func inForce(r language.Region) bool {
	return r.IsCountry() && r.Canonicalize() == r && !gone[r.String()] && (r.M49() != 0 || r.String() == "XK") && r.ISO3() != "ZZZ"
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func codeOf(s string) event.Country {
	if s == "UK" {
		return "GB"
	}
	r, err := language.ParseRegion(s)
	if err != nil || !r.IsCountry() {
		return ""
	}
	if len(s) == 2 {
		r = r.Canonicalize() // ZR is CD now
	}
	if c := r.String(); len(c) == 2 && inForce(r) && (len(s) == 2 || digits(s) || r.ISO3() == s) {
		return event.Country(c)
	}
	return ""
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
	"Vatican City": "VA", "East Timor": "TL", "Macau S.A.R.": "MO", "Kosovo": "XK", "West Bank": "PS", "Palestinian": "PS", "Palestinian Territory, Occupied": "PS", "Gaza": "PS", "Virgin Islands, British": "VG", "Virgin Islands, U.S.": "VI", "Brunei Darussalam": "BN", "UAE": "AE",
	"Kyrgyz Republic": "KG", "Libyan Arab Jamahiriya": "LY", "Bolivarian Republic of Venezuela": "VE", "Plurinational State of Bolivia": "BO", "Taiwan, Province of China": "TW", "Arab Republic of Egypt": "EG",
	"Holy See": "VA", "Saint Vincent and the Grenadines": "VC", "Saint Kitts and Nevis": "KN", "Antigua and Barbuda": "AG", "Trinidad and Tobago": "TT", "Bosnia and Herzegovina": "BA", "Republic of Yemen": "YE",
	"Sao Tome and Principe": "ST", "Guinea Bissau": "GW", "Union of Myanmar": "MM", "Republic of the Union of Myanmar": "MM", "State of Israel": "IL", "Hashemite Kingdom of Jordan": "JO", "Republic of Lebanon": "LB",
	"Lebanese Republic": "LB", "Syrian Republic": "SY", "North Macedonia": "MK", "North Korea (DPRK)": "KP", "Turkey (Turkiye)": "TR",
}
