package entity

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

// What identifiers and dates of birth do to scores. Nothing that contradicts takes the same name below review: a person
// looks at it.
const (
	scoreIdentifier    = event.Milli(980) // an LEI or IMO number alone, whatever the name
	scoreRegister      = event.Milli(950) // another number of the same country
	scoreNumber        = event.Milli(850) // a number whose country nobody states
	mostConfirmed      = event.Milli(990)
	gainBorn           = event.Milli(60) // the same day of birth
	gainYear           = event.Milli(20)
	costBorn           = event.Milli(200)
	costIdentifier     = event.Milli(150)
	leastIdentifier    = 6 // letters and digits of a number that is looked for
	leastDigits        = 4
	nearYears          = 1 // dates of birth are often wrong by so much
	aboutYears         = 3 // and so much where the list says "circa"
	unknownKind        = "number"
	imo, lei, passport = "IMO number", "LEI", "passport"
)

// number is an official number taken apart. Kind is LEI, IMO number, passport, or any other.
type number struct {
	kind    string
	key     string // letters and digits alone, capitals
	country event.Country
	shown   string
}

// unique says whether nobody else has a number of this kind, and its bearer no other.
func (n *number) unique() bool { return n.kind == lei || n.kind == imo }

var inBrackets = regexp.MustCompile(`\(([^()]+)\)[. ]*$`)

// readNumber takes a number apart as lists and orders write it: "Passport A1234567 (Cuba)", "Registration ID,
// 1027700342890, RU", "IMO 9074729". The number is the longest word with digits.
func readNumber(s string) (n number, ok bool) {
	n = number{kind: unknownKind, shown: s}
	rest := s
	if m := inBrackets.FindStringSubmatch(rest); m != nil {
		n.country = countryNames[strings.ToLower(m[1])]
		rest = strings.TrimSuffix(rest, m[0])
	} else if i := strings.LastIndex(rest, ", "); i > 0 && len(rest)-i == 4 {
		n.country, rest = event.Country(strings.ToUpper(rest[i+2:])), rest[:i]
	}
	before := ""
	for w := range strings.FieldsFuncSeq(rest, func(r rune) bool { return r == ' ' || r == ',' || r == ':' || r == ';' || r == '#' }) {
		k := numberKey(w)
		if len(before) < 3 && before != "NO" && before != "ID" && countDigits(before) == 0 {
			k = before + k // B 7654321
		}
		if before = numberKey(w); len(k) > len(n.key) && countDigits(k) >= leastDigits {
			n.key = k
		}
	}
	folded := strings.ToLower(rest)
	switch {
	case isLEI(n.key):
		n.kind = lei
	case strings.Contains(folded, "imo") && len(strings.TrimPrefix(n.key, "IMO")) == 7:
		n.kind, n.key = imo, strings.TrimPrefix(n.key, "IMO")
	case strings.Contains(folded, "passport"):
		n.kind = passport
	}
	return n, len(n.key) >= leastIdentifier
}

// numberKey leaves letters and digits, in capitals.
func numberKey(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9', r >= 'A' && r <= 'Z':
			return r
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		}
		return -1
	}, s)
}

func countDigits(s string) int {
	n := 0
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			n++
		}
	}
	return n
}

// isLEI checks form and check digits (ISO 17442, ISO 7064 MOD 97-10).
func isLEI(s string) bool {
	if len(s) != 20 {
		return false
	}
	rest := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			rest = (rest*10 + int(c-'0')) % 97
		case c >= 'A' && c <= 'Z' && i < 18:
			rest = (rest*100 + int(c-'A') + 10) % 97
		default:
			return false
		}
	}
	return rest == 1
}

// numbers are those that the order states of a party.
func numbers(p *event.Party, country event.Country) []number {
	var out []number
	if p.LEI != "" {
		out = append(out, number{kind: lei, key: p.LEI, shown: "LEI " + p.LEI})
	}
	if k := numberKey(p.Registration); len(k) >= leastIdentifier && countDigits(k) >= leastDigits {
		out = append(out, number{kind: unknownKind, key: k, country: country, shown: "registration number " + p.Registration})
	}
	for _, s := range p.Identifiers {
		if n, ok := readNumber(s); ok {
			n.country = cmp.Or(n.country, country)
			out = append(out, n)
		}
	}
	return out
}

// same says whether two numbers are the same one, and whether the countries that gave them are known to be.
func (n *number) same(listed *number) (certain, ok bool) {
	switch {
	case n.key != listed.key, n.kind != listed.kind && (n.unique() || listed.unique() || n.kind == passport || listed.kind == passport):
		return false, false
	case n.unique():
		return true, true
	case n.country != "" && listed.country != "":
		return true, snapshot.Mainland(n.country) == snapshot.Mainland(listed.country)
	}
	return false, true
}

// identity finds entries by number.
type identity []bearer

type bearer struct {
	key   string
	entry int32
}

func newIdentity(entries []snapshot.Entry) identity {
	var ix identity
	for i := range entries {
		for _, s := range entries[i].IDs {
			if n, ok := readNumber(s); ok {
				ix = append(ix, bearer{n.key, int32(i)}) //nolint:gosec // entries fit
			}
		}
	}
	slices.SortFunc(ix, func(a, b bearer) int { return cmp.Or(strings.Compare(a.key, b.key), cmp.Compare(a.entry, b.entry)) })
	return slices.Clip(slices.Compact(ix))
}

// bearers gives the entries with a number, sorted.
func (ix identity) bearers(key string) []int32 {
	at, _ := slices.BinarySearchFunc(ix, key, func(b bearer, key string) int { return strings.Compare(b.key, key) })
	var out []int32
	for ; at < len(ix) && ix[at].key == key; at++ {
		out = append(out, ix[at].entry)
	}
	return out
}

// byNumber gives the entries that bear a number of the party, and how many were compared.
func (d *Directory) byNumber(p *event.Party, country event.Country) (out []event.Match, considered int) {
	for _, n := range numbers(p, country) {
		for _, row := range d.identity.bearers(n.key) {
			considered++
			e := &d.entries[row]
			for _, s := range e.IDs {
				listed, ok := readNumber(s)
				certain, agree := n.same(&listed)
				if !ok || !agree {
					continue
				}
				m := d.match(row)
				m.Queried, m.Matched, m.Field, m.Method = n.shown, s, "identifier", "identifier"
				m.Score, m.Countries = scoreNumber, relation(country, e)
				m.Confirmed = []string{n.shown + ` is "` + s + `" of the row`}
				switch {
				case n.unique():
					m.Score, m.Countries = scoreIdentifier, same // wherever it says it is
				case certain:
					m.Score = scoreRegister
				}
				out = append(out, m)
				break
			}
		}
	}
	return out, considered
}

// weighIdentity lets numbers and the date of birth confirm or contradict what the names say.
func (d *Directory) weighIdentity(p *event.Party, country event.Country, ms []event.Match) {
	ns := numbers(p, country)
	if len(ns) == 0 && p.Born == "" {
		return
	}
	for i := range ms {
		m := &ms[i]
		e, ok := d.Entry(m.Entry)
		if !ok || m.Field != "name" && m.Field != "alias" {
			continue
		}
		weighNumbers(m, e, ns)
		if p.Born != "" && e.Person {
			weighBorn(m, e, p.Born)
		}
	}
}

func weighNumbers(m *event.Match, e *snapshot.Entry, ns []number) {
	for i := range ns {
		n := &ns[i]
		other := ""
		for _, s := range e.IDs {
			listed, ok := readNumber(s)
			if !ok {
				continue
			}
			if certain, agree := n.same(&listed); agree {
				m.Confirmed = append(m.Confirmed, n.shown+` is "`+s+`" of the row`)
				if certain {
					m.Score = max(m.Score, mostConfirmed)
				}
				other = ""
				break
			}
			if n.unique() && listed.kind == n.kind {
				other = s
			}
		}
		if other != "" {
			m.Contrary = append(m.Contrary, n.shown+`: the row has "`+other+`"`)
			m.Score -= costIdentifier
		}
	}
}

func weighBorn(m *event.Match, e *snapshot.Entry, born string) {
	mine, ok := readBorn(born)
	if !ok || len(e.Born) == 0 {
		return
	}
	near, read := false, false
	for _, s := range e.Born {
		listed, ok := readBorn(s)
		if !ok {
			continue
		}
		read = true
		switch {
		case mine.day != "" && mine.day == listed.day:
			m.Confirmed = append(m.Confirmed, `born `+born+`, as "`+s+`" of the row`)
			m.Score = max(m.Score, min(m.Score+gainBorn, mostConfirmed))
			return
		case mine.from <= listed.to && listed.from <= mine.to && (mine.day == "" || listed.day == ""):
			m.Confirmed = append(m.Confirmed, `born `+born+`, and the row has "`+s+`"`)
			m.Score = max(m.Score, min(m.Score+gainYear, mostConfirmed))
			return
		}
		slack := nearYears
		if listed.about {
			slack = aboutYears
		}
		near = near || mine.from <= listed.to+slack && listed.from <= mine.to+slack
	}
	if read && !near {
		m.Contrary = append(m.Contrary, `born `+born+`: the row has "`+strings.Join(e.Born, `", "`)+`"`)
		m.Score -= costBorn
	}
}

// birth is a date of birth: the years it may lie in, and the day where it is known.
type birth struct {
	from, to int
	day      string // as 1970-02-28
	about    bool
}

var year = regexp.MustCompile(`\b(1[89]|20)\d\d\b`)

// readBorn reads a date of birth as lists print it: "10 Dec 1948", "circa 1950", "1960 to 1962", "1948-12-10".
func readBorn(s string) (birth, bool) {
	years := year.FindAllString(s, -1)
	if len(years) == 0 {
		return birth{}, false
	}
	var b birth
	b.from, _ = strconv.Atoi(years[0])          // four digits
	b.to, _ = strconv.Atoi(years[len(years)-1]) // four digits
	if b.to < b.from {
		b.from, b.to = b.to, b.from
	}
	folded := strings.ToLower(strings.TrimSpace(s))
	b.about = strings.Contains(folded, "circa") || strings.Contains(folded, "about") || strings.HasPrefix(folded, "c.") || strings.Contains(folded, "approx")
	for _, form := range []string{"2006-01-02", "2 Jan 2006", "2 January 2006", "Jan 2, 2006", "January 2, 2006"} {
		if t, err := time.Parse(form, strings.TrimSpace(s)); err == nil {
			b.day = t.Format("2006-01-02")
			break
		}
	}
	return b, true
}
