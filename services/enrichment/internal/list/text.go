package list

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

// clean trims a row's texts, drops what is empty or twice, and keeps UTF-8 valid.
func clean(e *snapshot.Entry) {
	e.Name, e.Citation = squeeze(e.Name), squeeze(e.Citation)
	e.Requirement, e.PolicyText = squeeze(e.Requirement), squeeze(e.PolicyText)
	for _, s := range []*[]string{&e.Aliases, &e.Weak, &e.Addresses, &e.Programs, &e.Born, &e.IDs, &e.Notes} {
		*s = tidy(*s, "")
	}
	e.Aliases, e.Weak = tidy(e.Aliases, e.Name), tidy(e.Weak, e.Name)
	slices.Sort(e.Countries)
	e.Countries = slices.DeleteFunc(slices.Compact(e.Countries), func(c event.Country) bool { return c == "" || c == e.Country })
	if len(e.Countries) == 0 {
		e.Countries = nil
	}
	if len(e.Listed) == 0 {
		e.Listed = []event.Span{{}}
	}
}

func tidy(in []string, not string) []string {
	var out []string
	for _, s := range in {
		s = squeeze(s)
		if s != "" && s != not && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// squeeze makes one blank of every run of blanks and control characters.
func squeeze(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == '\u200b' || r == '\ufeff' }), " ")
}

// stableID names a row of a list that numbers none: list, country, name, and a hash of name, country and key. The same
// party under the same citation has the same id in every edition.
func stableID(list, name string, country event.Country, key string) string {
	var b strings.Builder
	b.WriteString(strings.ToLower(list) + "-")
	if country != "" {
		b.WriteString(strings.ToLower(string(country)) + "-")
	}
	dash := true
	for _, r := range strings.ToLower(name) {
		if b.Len() > 48 {
			break
		}
		if r < 0x80 && (r >= 'a' && r <= 'z' || r >= '0' && r <= '9') {
			b.WriteRune(r)
			dash = false
		} else if !dash {
			b.WriteByte('-')
			dash = true
		}
	}
	sum := sha256.Sum256([]byte(strings.ToLower(squeeze(name)) + "\x00" + string(country) + "\x00" + key))
	return strings.TrimRight(b.String(), "-") + "-" + hex.EncodeToString(sum[:5])
}

var citation = regexp.MustCompile(`(\d{2,3})\s*F\.?\s*R\.?\s*(\d{1,6})`)

// firstCitation is the first Federal Register citation of a text, as "68 FR 38290", else the text itself. Later
// notices are added behind it, so it stays while a row is amended.
func firstCitation(s string) string {
	if m := citation.FindStringSubmatch(s); m != nil {
		return m[1] + " FR " + m[2]
	}
	return squeeze(s)
}

var (
	slashDate = regexp.MustCompile(`\b(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})\b`)
	isoDate   = regexp.MustCompile(`\b(\d{4})-(\d{2})-(\d{2})\b`)
	wordDate  = regexp.MustCompile(`\b([A-Z][a-z]{2,8})\.? (\d{1,2}), (\d{4})\b`)
)

// firstDate is the first date of a text that is no later than published, which tells 11/21/97 from 2097: a year of two
// digits is the latest such year.
func firstDate(s string, published event.Date) event.Date {
	for _, m := range slashDate.FindAllStringSubmatch(s, -1) {
		y := number(m[3])
		if len(m[3]) == 2 {
			y += 2000
			if limit := number(string(published[:min(4, len(published))])); limit > 0 && y > limit || limit == 0 && y > 2069 {
				y -= 100
			}
		}
		if d := civil(y, number(m[1]), number(m[2])); d != "" {
			return d
		}
	}
	if m := isoDate.FindStringSubmatch(s); m != nil {
		return civil(number(m[1]), number(m[2]), number(m[3]))
	}
	if m := wordDate.FindStringSubmatch(s); m != nil {
		return civil(number(m[3]), month(m[1]), number(m[2]))
	}
	return ""
}

// parseDate reads a whole field that holds a date: 2006-01-02, 1/2/2006 or January 2, 2006; "" for an empty one. A year
// that no list can mean is a fault.
func parseDate(s string) (event.Date, bool) {
	s = strings.TrimSpace(s)
	if s == "" {
		return "", true
	}
	d := firstDate(s, "")
	if d == "" || d < "1900" || d > "2200" {
		return "", false
	}
	return d, true
}

func civil(y, m, d int) event.Date {
	s := pad(y, 4) + "-" + pad(m, 2) + "-" + pad(d, 2)
	p, err := event.ParseDate(s)
	if err != nil {
		return ""
	}
	return p
}

func pad(n, width int) string {
	s := strconv.Itoa(n)
	for len(s) < width {
		s = "0" + s
	}
	return s
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

func month(s string) int {
	for i, m := range []string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"} {
		if strings.HasPrefix(s, m) {
			return i + 1
		}
	}
	return 0
}

// DateIn is the last date in a path, as 2026-07-31 or 20260731.
func DateIn(path string) event.Date {
	var d event.Date
	for _, m := range isoDate.FindAllString(strings.ReplaceAll(path, "_", " "), -1) {
		if p, err := event.ParseDate(m); err == nil {
			d = p
		}
	}
	return d
}

// split cuts a field of several values at "; " and drops the "and" that some rows have before the last.
func split(s string) []string {
	var out []string
	for part := range strings.SplitSeq(s, ";") {
		if part = strings.TrimPrefix(strings.TrimSpace(part), "and "); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// joined writes the parts of an address in one line.
func joined(parts ...string) string {
	return strings.Join(tidy(parts, ""), ", ")
}

var (
	foot1     = regexp.MustCompile(`734\.9\(e\)\s*\(?1\)?(?:\D|$)`)
	foot3     = regexp.MustCompile(`734\.9\(g\)`)
	foot4     = regexp.MustCompile(`734\.9\(e\)\s*(?:\(2\)|(?:\s*,|\s*and|\s*\)|\s*$|\s+of))`)
	foot5     = regexp.MustCompile(`734\.9\(e\)\s*\(3\)`)
	onAddress = regexp.MustCompile(`^Address \d{1,3}$`)
)

// footnotes reads an Entity List row's footnotes from its license requirement: 734.9(e)(1) is footnote 1, also with a
// blank too many; 734.9(e)(2), and the bare 734.9(e) of older rows, footnote 4; 734.9(e)(3) footnote 5; 734.9(g)
// footnote 3. The day from which a footnote counts is not in the row.
func footnotes(requirement string) []event.Footnote {
	var out []event.Footnote
	for _, f := range []struct {
		n  int
		re *regexp.Regexp
	}{{1, foot1}, {3, foot3}, {4, foot4}, {5, foot5}} {
		if f.re.MatchString(requirement) {
			out = append(out, event.Footnote{Number: f.n})
		}
	}
	return out
}

// reviewPolicy is the short form of a license review policy; the strictest one where a row has several.
func reviewPolicy(s string) string {
	l := strings.ToLower(s)
	switch {
	case l == "":
		return ""
	case strings.Contains(l, "presumption of denial"), strings.Contains(l, "presumption for denial"):
		return "PoD"
	case strings.Contains(l, "policy of denial"):
		return "denial"
	case strings.Contains(l, "case-by-case"), strings.Contains(l, "case by case"):
		return "CBC"
	}
	return squeeze(s)
}

// commerce fills what the Entity List and the Military End User List mean by their texts.
func commerce(e *snapshot.Entry) {
	switch e.List {
	case "EL":
		e.Footnotes, e.Scope = footnotes(e.Requirement), "all"
		if onAddress.MatchString(e.Name) {
			e.AddressOnly, e.Scope = true, "ccl"
		}
	case "MEU":
		e.Scope = "744-supp2"
		if e.Policy == "" || len(e.Policy) > 8 {
			e.Policy = "PoD" // 15 CFR 744.21(e)
		}
	case "DPL", "SDN":
		e.Policy, e.Scope = "prohibited", "all"
	case "UVL":
		e.Policy, e.Scope = "UVL statement", "all"
	case "CMIC":
		e.Scope = "securities"
	default:
		e.Scope = "all"
	}
	if e.Citation == "" {
		e.Citation = authority[e.List]
	}
	e.Certainty = "C"
}

// authority is what a list rests on, for rows without a citation of their own.
var authority = map[string]string{
	"EL": "Supplement 4 to 15 CFR part 744", "MEU": "Supplement 7 to 15 CFR part 744", "UVL": "Supplement 6 to 15 CFR part 744", "DPL": "15 CFR part 764",
	"SDN": "31 CFR chapter V", "CMIC": "E.O. 13959 as amended by E.O. 14032", "1260H": "FY21 NDAA section 1260H", "SSI": "E.O. 13662", "MBS": "31 CFR chapter V",
	"CAP": "31 CFR chapter V", "PLC": "31 CFR part 594", "FSE": "E.O. 13608", "ISN": "State Department nonproliferation sanctions", "DTC": "22 CFR 127.7",
	"UN": "UN Security Council resolutions", "EU": "EU financial sanctions", "UK": "UK Sanctions List", "METI": "Foreign End User List (METI)", "OWN": "own list",
}

// place adds a country to a row: the first is its country, the others are further ones.
func place(e *snapshot.Entry, c event.Country) {
	switch {
	case c == "":
	case e.Country == "":
		e.Country = c
	case e.Country != c:
		e.Countries = append(e.Countries, c)
	}
}
