package accept

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/tidegate/tidegate/schemas/event"
)

// countries are the ISO 3166-1 alpha-2 codes, and XK for Kosovo.
var countries = func() map[string]bool {
	known := map[string]bool{}
	for c := range strings.FieldsSeq(`
		AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
		CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO
		FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE
		JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO
		MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW
		PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM
		TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW`) {
		known[c] = true
	}
	return known
}()

// mistaken are codes that many write and ISO 3166 does not know.
var mistaken = map[string]string{"UK": "GB", "EL": "GR", "USA": "US", "CHN": "CN", "HKG": "HK", "TWN": "TW", "GBR": "GB", "DEU": "DE"}

func country(v []byte) (string, string) {
	if len(v) == 2 && countries[string(v)] {
		return "", ""
	}
	detail := "want an ISO 3166-1 alpha-2 code in capitals, such as DE, found " + quote(v)
	upper := strings.ToUpper(string(v))
	switch {
	case mistaken[upper] != "":
		detail += "; did you mean " + mistaken[upper] + "?"
	case countries[upper]:
		detail += "; did you mean " + upper + "?"
	}
	return codeFormat, detail
}

func date(v []byte) (string, string) {
	if _, err := event.ParseDate(string(v)); err != nil {
		return codeFormat, "want a date of the form 2025-01-13, found " + quote(v)
	}
	return "", ""
}

func isIncoterm(v []byte) bool { return len(v) == 3 && only(v, upper) }

func isCurrency(v []byte) bool { return len(v) == 3 && only(v, upper) }

func isGLN(v []byte) bool { return len(v) == 13 && only(v, digit) }

func isLEI(v []byte) bool {
	return len(v) == 20 && only(v[:18], func(c byte) bool { return upper(c) || digit(c) }) && only(v[18:], digit)
}

// isBorn takes a day, a month or a year.
func isBorn(v []byte) bool {
	_, err := time.Parse("2006-01-02"[:min(len(v), 10)], string(v))
	return err == nil && (len(v) == 4 || len(v) == 7 || len(v) == 10)
}

// isEmail is lenient on purpose: something, an at sign, something.
func isEmail(v []byte) bool {
	at := bytes.LastIndexByte(v, '@')
	return at > 0 && at < len(v)-1 && bytes.IndexByte(v, ' ') < 0
}

// isECCN looks at the form only: EAR99, or a category digit, a product group, three digits and what follows them.
func isECCN(v []byte) bool {
	v = bytes.ToUpper(bytes.TrimSpace(v))
	if string(v) == "EAR99" {
		return true
	}
	return len(v) >= 5 && digit(v[0]) && v[1] >= 'A' && v[1] <= 'E' && only(v[2:5], digit) && (len(v) == 5 || !upper(v[5]) && !digit(v[5]))
}

func isHTS(v []byte) bool {
	n := 0
	for _, c := range v {
		if digit(c) {
			n++
		} else if c != '.' {
			return false
		}
	}
	return n >= 4 && n <= 10
}

func isWord(v []byte) bool {
	return len(v) > 0 && len(v) <= 64 && only(v, func(c byte) bool { return c >= 'a' && c <= 'z' || digit(c) || c == '_' })
}

func isDigest(v []byte) bool {
	return len(v) == 64 && only(v, func(c byte) bool { return digit(c) || c >= 'a' && c <= 'f' })
}

func only(v []byte, in func(byte) bool) bool {
	for _, c := range v {
		if !in(c) {
			return false
		}
	}
	return true
}

func upper(c byte) bool { return c >= 'A' && c <= 'Z' }

func digit(c byte) bool { return c >= '0' && c <= '9' }

// quote shows a value in a sentence, cut to a readable length.
func quote(v []byte) string {
	const most = 60
	if s := []rune(string(v)); len(s) > most {
		return strconv.Quote(string(s[:most]) + "…")
	}
	return strconv.Quote(string(v))
}
