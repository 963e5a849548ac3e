package document

import (
	"math/big"
	"math/bits"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/country"
)

// Text is s without the spaces around it; spaces and line breaks inside it become one space, control characters too.
func Text(s string) string {
	plain := len(s) == 0 || s[0] > ' ' && s[len(s)-1] > ' '
	for i := 0; i < len(s) && plain; i++ {
		plain = s[i] > ' ' && s[i] < 0x7f || s[i] == ' ' && s[i-1] != ' '
	}
	if plain {
		return s
	}
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == '\ufeff' }), " ")
}

// Unknown says whether a value stands where nothing was known: nothing at all, N/A, TBD and their like.
func Unknown(s string) bool {
	return strings.TrimSpace(s) == "" || strings.EqualFold(strings.TrimSpace(s), "NA") || country.Placeholder(s)
}

// Country reads a country. A placeholder is unknown; what is neither is a fault.
func (f *Found) Country(offset int, what, s string) event.Country {
	if country.Placeholder(s) {
		return ""
	}
	c, ok := country.Read(s)
	if !ok {
		f.Fault(offset, CodeFormat, "%s %s is no country: want an ISO 3166-1 code or a country's name", what, Quote(s))
	}
	return c
}

// Number reads a decimal number with a decimal mark of '.' or ','. An empty one is unknown; what is none is a fault.
func (f *Found) Number(offset int, what, s string, mark byte) event.Decimal {
	t := strings.TrimSpace(s)
	if t == "" {
		return ""
	}
	d, ok := Decimal(t, mark)
	if !ok {
		f.Fault(offset, CodeFormat, "%s %s is not a number: want digits with at most one decimal mark, at most 15 digits", what, Quote(s))
	}
	return d
}

// Decimal reads digits with at most one decimal mark. Zeros that say nothing fall away only where the number would be too long.
func Decimal(s string, mark byte) (event.Decimal, bool) {
	s = strings.TrimPrefix(s, "+")
	if mark != '.' && strings.IndexByte(s, '.') < 0 {
		s = strings.Replace(s, string(mark), ".", 1)
	}
	negative := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	if strings.HasPrefix(s, ".") && len(s) > 1 {
		s = "0" + s
	}
	if strings.HasSuffix(s, ".") && len(s) > 1 {
		s = s[:len(s)-1]
	}
	for len(s) > 1 && s[0] == '0' && s[1] >= '0' && s[1] <= '9' {
		s = s[1:]
	}
	if len(s) > 15 && strings.IndexByte(s, '.') >= 0 {
		s = strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	}
	if negative {
		s = "-" + s
	}
	d := event.Decimal(s)
	if s == "" || len(s) > 40 || d.Check() != nil {
		return "", false
	}
	return d, true
}

// Times is quantity times price per base, exact where it has at most six decimals and rounded to them where not; unknown
// where a factor is, or where it would be too long.
func Times(quantity, price, base event.Decimal) event.Decimal {
	if quantity == "" || price == "" {
		return ""
	}
	if base == "" || base == "1" {
		if d, ok := product(quantity, price); ok {
			return d
		}
	}
	q, ok := new(big.Rat).SetString(string(quantity))
	if !ok {
		return ""
	}
	p, ok := new(big.Rat).SetString(string(price))
	if !ok {
		return ""
	}
	q.Mul(q, p)
	if base != "" {
		b, ok := new(big.Rat).SetString(string(base))
		if !ok || b.Sign() == 0 {
			return ""
		}
		q.Quo(q, b)
	}
	s := q.FloatString(6)
	s = strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	d, ok := Decimal(s, '.')
	if !ok {
		return ""
	}
	return d
}

// product is a times b where that is exact in at most 15 digits, six of them decimals.
func product(a, b event.Decimal) (event.Decimal, bool) {
	x, xs, ok := whole(a)
	y, ys, ok2 := whole(b)
	if !ok || !ok2 || xs+ys > 18 {
		return "", false
	}
	hi, n := bits.Mul64(x, y)
	if hi != 0 {
		return "", false
	}
	places := xs + ys
	for places > 0 && n%10 == 0 {
		n, places = n/10, places-1
	}
	if places > 6 || n > 999_999_999_999_999 {
		return "", false
	}
	text := strconv.FormatUint(n, 10)
	if places == 0 {
		return event.Decimal(text), true
	}
	for len(text) <= places {
		text = "0" + text
	}
	if len(text) > 15 {
		return "", false
	}
	return event.Decimal(text[:len(text)-places] + "." + text[len(text)-places:]), true
}

// whole gives a decimal that is not negative as a whole number and its decimal places.
func whole(d event.Decimal) (n uint64, places int, ok bool) {
	point := false
	for i := range len(d) {
		switch c := d[i]; {
		case c == '.':
			point = true
		case c >= '0' && c <= '9' && n < 1e17:
			n = n*10 + uint64(c-'0')
			if point {
				places++
			}
		default:
			return 0, 0, false
		}
	}
	return n, places, true
}

// Minor is an amount of a currency's smallest units, as Stripe writes it, in the currency itself: the exponents of ISO 4217, but for
// ISK and UGX, which Stripe counts in hundredths.
func Minor(units, currency string) event.Decimal {
	places := 2
	switch strings.ToUpper(currency) {
	case "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF":
		places = 0
	case "BHD", "JOD", "KWD", "OMR", "TND":
		places = 3
	}
	sign := ""
	if strings.HasPrefix(units, "-") {
		sign, units = "-", units[1:]
	}
	if places == 0 {
		d, _ := Decimal(sign+units, '.')
		return d
	}
	for len(units) <= places {
		units = "0" + units
	}
	d, _ := Decimal(sign+units[:len(units)-places]+"."+units[len(units)-places:], '.')
	return d
}

// Currency reads an ISO 4217 code in any case. A placeholder is unknown; what is neither is a fault.
func (f *Found) Currency(offset int, s string) string {
	s = strings.ToUpper(strings.TrimSpace(s))
	if s == "" || country.Placeholder(s) {
		return ""
	}
	if len(s) != 3 || strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		f.Fault(offset, CodeFormat, "currency %s is no ISO 4217 code of three letters", Quote(s))
		return ""
	}
	return s
}

// Day reads a civil date in one of the forms that documents use: 2010-06-14, 20100614, 100614 (years up to 69 are of this
// century), and an instant that begins with one of the first two. A placeholder is unknown; what is neither is a fault.
func (f *Found) Day(offset int, what, s string) event.Date {
	t := strings.TrimSpace(s)
	if t == "" || country.Placeholder(t) {
		return ""
	}
	d, ok := Day(t)
	if !ok {
		f.Fault(offset, CodeFormat, "%s %s is not a date", what, Quote(s))
	}
	return d
}

// Day reads a civil date as Found.Day does.
func Day(s string) (event.Date, bool) {
	if len(s) > 10 && (s[10] == 'T' || s[10] == ' ' || s[10] == 'Z' || s[10] == '+' || s[10] == '-') {
		s = s[:10]
	}
	if len(s) > 8 && s[8] == 'T' {
		s = s[:8]
	}
	digits := strings.Trim(s, "0123456789") == ""
	switch {
	case len(s) == 12 && digits: // with hours and minutes
		s = s[:8]
		fallthrough
	case len(s) == 8 && digits:
		s = s[:4] + "-" + s[4:6] + "-" + s[6:]
	case len(s) == 6 && digits:
		century := "20"
		if s[:2] > "69" {
			century = "19"
		}
		s = century + s[:2] + "-" + s[2:4] + "-" + s[4:]
	}
	d, err := event.ParseDate(s)
	return d, err == nil
}

// Minutes from 2000-01-01 to a date (2026-11-20 …) and a time of day (1504 or 15:04 …), by which changes without a number are told apart;
// of a date alone to its beginning, 1 at the least and where there is none.
func Minutes(date, clock string) int {
	if len(date) > 10 {
		date = date[:10]
	}
	clock = strings.Replace(clock, ":", "", 1)
	if len(clock) > 4 {
		clock = clock[:4]
	}
	t, err := time.Parse("2006-01-02 1504", date+" "+clock)
	if err != nil {
		if t, err = time.Parse(time.DateOnly, date); err != nil {
			return 1
		}
	}
	return max(1, int(t.Sub(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).Minutes()))
}

// Unix gives the civil date in UTC of a number of seconds, as Stripe writes instants.
func Unix(seconds string) (event.Date, bool) {
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || n < 0 || n > 32503680000 {
		return "", false
	}
	return event.Date(time.Unix(n, 0).UTC().Format(time.DateOnly)), true
}

// HTS reads a tariff number; spaces in it fall away. A placeholder is unknown.
func HTS(s string) string {
	if Unknown(s) {
		return ""
	}
	return strings.ReplaceAll(strings.TrimSpace(s), " ", "")
}

// ECCN reads an ECCN. A placeholder is unknown.
func ECCN(s string) string {
	if Unknown(s) {
		return ""
	}
	return strings.TrimSpace(s)
}

// Incoterm reads a delivery term: a code of three letters, or one of the Incoterms before a named place ("DAP Oslo").
// Anything else is no code.
func Incoterm(s string) string {
	s = strings.ToUpper(strings.TrimSpace(s))
	if country.Placeholder(s) {
		return ""
	}
	first, _, more := strings.Cut(s, " ")
	if len(first) != 3 || strings.Trim(first, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return ""
	}
	if more && !strings.Contains(" EXW FCA FAS FOB CFR CIF CPT CIP DAP DPU DDP DAT DAF DES DEQ DDU ", " "+first+" ") {
		return ""
	}
	return first
}

// Unit reads a unit of measure. Codes for pieces (UN/ECE Recommendation 20, X12) become piece; others stay as they are.
func Unit(s string) string {
	s = Text(s)
	switch strings.ToUpper(s) {
	case "EA", "C62", "H87", "PCE", "PCS", "PC", "NAR", "NMB", "EACH", "UNIT", "UNITS", "PIECE", "PIECES":
		return "piece"
	}
	return s
}

// Email gives an address that could be one; others, such as REDACTED, are left out.
func Email(s string) string {
	s = strings.TrimSpace(s)
	if at := strings.LastIndexByte(s, '@'); at <= 0 || at == len(s)-1 || strings.ContainsAny(s, " \t\r\n") || len(s) > 320 {
		return ""
	}
	return s
}

// GLN says whether s is a GLN: 13 digits.
func GLN(s string) bool { return len(s) == 13 && strings.Trim(s, "0123456789") == "" }

// Quote shows a value in a sentence, cut to a readable length.
func Quote(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return strconv.Quote(s)
}
