package country_test

import (
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/country"
)

func TestEverySpellingOfACountry(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]event.Country{
		"CN": "CN", "chn": "CN", "156": "CN", "P.R. China": "CN", "People's Republic of China": "CN", "中国": "CN",
		"UK": "GB", "GBR": "GB", "826": "GB", "United Kingdom": "GB", "US": "US", "USA": "US", "840": "US", "U.S.A.": "US",
		"United States": "US", "Hong Kong": "HK", "HKG": "HK", "Macao": "MO", "Taiwan": "TW", "XK": "XK", "NA": "NA",
		"Korea, Republic of": "KR", "KOREA": "KR", "The Netherlands": "NL", "Côte d’Ivoire": "CI", " sg ": "SG",
		"": "", "XX": "", "N/A": "", "000": "", "Atlantis": "", "U": "",
	} {
		if got, ok := country.Read(in); got != want || ok != (want != "") {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}
