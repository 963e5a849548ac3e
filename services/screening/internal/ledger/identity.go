package ledger

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/tidegate/tidegate/schemas/event"
)

// legalForms are words that tell nothing about who a firm is. They are left out of names, so that a firm keeps its name
// with and without them.
var legalForms = map[string]bool{
	"co": true, "company": true, "corp": true, "corporation": true, "inc": true, "incorporated": true, "ltd": true, "limited": true,
	"llc": true, "llp": true, "plc": true, "gmbh": true, "ag": true, "sa": true, "sas": true, "srl": true, "spa": true, "bv": true,
	"nv": true, "ab": true, "as": true, "oy": true, "kk": true, "pte": true, "pvt": true, "private": true, "sdn": true, "bhd": true,
	"pty": true, "fze": true, "fzco": true, "jsc": true, "ooo": true, "the": true, "and": true,
}

// Fold writes a name the way the ledger compares it: small letters without marks, words of letters and digits, without
// legal forms. A name of nothing else keeps its words.
func Fold(name string) string {
	var room [128]byte
	return string(appendWords(room[:0], name, " "))
}

// appendWords appends the words of a name as Fold compares them, sep between them.
func appendWords(b []byte, name, sep string) []byte {
	start := len(b)
	plain := fold(name)
	if b = appendSaid(b, plain, sep, legalForms); len(b) == start {
		b = appendSaid(b, plain, sep, nil)
	}
	return b
}

// appendSaid appends the words of letters and digits that are not among those left out.
func appendSaid(b []byte, folded, sep string, without map[string]bool) []byte {
	start, word := len(b), len(b)
	end := func() {
		switch {
		case len(b) == word:
		case without[string(b[word:])]:
			b = b[:word]
		default:
			b = append(b, sep...)
			word = len(b)
		}
	}
	for _, r := range folded {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b = append(b, byte(r))
		case r >= 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			b = utf8.AppendRune(b, r)
		default:
			end()
		}
	}
	end()
	if word > start {
		word -= len(sep)
	}
	return b[:word]
}

// fold makes letters small and takes their marks off. Dots and apostrophes go without a trace: S.A. is SA.
func fold(s string) string {
	small := true
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 0x80 || c == '.' || c == '\'':
			return strings.Map(func(r rune) rune {
				if r == '.' || r == '\'' || r == '’' || unicode.Is(unicode.Mn, r) {
					return -1
				}
				return unicode.ToLower(r)
			}, norm.NFKD.String(s))
		case c >= 'A' && c <= 'Z':
			small = false
		}
	}
	if small {
		return s
	}
	return strings.ToLower(s)
}

// appendSound appends a name the way it may sound, without spaces: consonants in six classes, vowels only at the beginning,
// doubles once. Names in other scripts are taken as they are. Nothing for names of fewer than four sounds: too many share
// them.
func appendSound(b []byte, name string) []byte {
	var room [128]byte
	start, last := len(b), rune(0)
	words := appendWords(room[:0], name, "")
	for at := 0; at < len(words); {
		r, n := utf8.DecodeRune(words[at:])
		c := class(r)
		if at == 0 && c == 0 && unicode.IsLetter(r) {
			c = 'a'
		}
		if c != 0 && c != last {
			b = utf8.AppendRune(b, c)
		}
		if c != 0 || r != 'h' { // between the same consonants a vowel tells, an h does not
			last = c
		}
		at += n
	}
	if len(b)-start < 4 {
		return b[:start]
	}
	return b
}

func class(r rune) rune {
	switch r {
	case 'b', 'p', 'f', 'v', 'w':
		return 'p'
	case 'c', 'k', 'q', 'g', 'x', 'j', 's', 'z':
		return 'k'
	case 'd', 't':
		return 't'
	case 'l':
		return 'l'
	case 'm', 'n':
		return 'n'
	case 'r':
		return 'r'
	case 'a', 'e', 'i', 'o', 'u', 'y', 'h':
		return 0
	}
	return r
}

// Consignee is the party that totals are kept for: the ultimate consignee, else the end user, else the purchaser; -1
// when there is none.
func Consignee(o *event.Order) int {
	for _, role := range []event.Role{event.UltimateConsignee, event.EndUser, event.Purchaser} {
		if i := slices.IndexFunc(o.Parties, func(p event.Party) bool { return p.Role == role }); i >= 0 {
			return i
		}
	}
	return -1
}

// Keys are the names under which an order's totals are kept, sorted: of the consignee its LEI, the listed entry it
// certainly is, and its folded name with its country; and the same of its ultimate parent, so that a group adds up. A
// parent that orders itself is kept under the same key as its subsidiaries' parent.
func Keys(o *event.Order, f *event.Facts) []string {
	i := Consignee(o)
	if i < 0 || i >= len(f.Parties) {
		return nil
	}
	p, known := &o.Parties[i], &f.Parties[i]
	var keys []string
	if p.LEI != "" {
		keys = append(keys, "lei:"+strings.ToUpper(p.LEI))
	}
	for m := range known.Matches {
		if m := &known.Matches[m]; m.Score >= 1000 && m.Field == "name" && m.Countries != "different" {
			keys = append(keys, "entry:"+strings.Clone(m.Entry))
		}
	}
	if name := Fold(p.Name); name != "" {
		keys = append(keys, "name:"+name+"|"+string(known.Country))
	}
	if p.Parent != nil && Fold(p.Parent.Name) != "" {
		keys = append(keys, "name:"+Fold(p.Parent.Name)+"|"+string(p.Parent.Country))
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// Contact is something by which a party of an order can be known again under another name.
type Contact struct {
	party int
	by    string // as event.Stopped.By
	hash  uint64
}

// watched are the roles of parties that are remembered when an order is stopped.
var watched = []event.Role{event.Purchaser, event.IntermediateConsignee, event.UltimateConsignee, event.EndUser}

// Contacts lists by what the order's parties can be known again. Two contacts are the same where their hashes are.
func Contacts(source string, o *event.Order) []Contact {
	out := make([]Contact, 0, 4*len(o.Parties))
	var room [256]byte
	for i := range o.Parties {
		p := &o.Parties[i]
		if !slices.Contains(watched, p.Role) {
			continue
		}
		add := func(by string, parts ...string) { out = append(out, Contact{i, by, hash(by, parts...)}) }
		if p.LEI != "" {
			add("lei", strings.ToUpper(p.LEI))
		}
		if e := strings.ToLower(strings.TrimSpace(p.Email)); strings.Contains(e, "@") {
			add("email", e)
		}
		if d := digits(p.Phone); len(d) >= 7 {
			add("phone", d)
		}
		if p.Registration != "" {
			add("registration", strings.ToUpper(p.Registration), country(p))
		}
		if p.Customer != "" {
			add("customer", source, p.Customer)
		}
		if a := appendAddress(room[:0], p.Address); len(a) > 0 {
			out = append(out, Contact{i, "address", uint64(begin("address").bytes(a))})
		}
		if s := appendSound(room[:0], p.Name); len(s) > 0 {
			out = append(out, Contact{i, "sound", uint64(begin("sound").bytes(s).text(country(p)))})
		}
	}
	return out
}

func country(p *event.Party) string {
	if p.Address == nil {
		return ""
	}
	return string(p.Address.Country)
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// appendAddress appends a street address with a number in it, folded; nothing where there is none: a city alone is shared by many.
func appendAddress(b []byte, a *event.Address) []byte {
	if a == nil || len(a.Lines) == 0 {
		return b
	}
	lines := a.Lines[0]
	if len(a.Lines) > 1 {
		lines = strings.Join(a.Lines, " ")
	}
	start := len(b)
	if b = appendWords(b, lines, " "); !slices.ContainsFunc(b[start:], func(c byte) bool { return c >= '0' && c <= '9' }) {
		return b[:start]
	}
	b = appendWords(append(b, '|'), a.City, " ")
	return append(append(b, '|'), a.Country...)
}

// sum is FNV-1a over parts, the same on every machine.
type sum uint64

func begin(by string) sum { return sum(14695981039346656037).text(by) }

func (h sum) text(s string) sum {
	for i := range len(s) {
		h = (h ^ sum(s[i])) * 1099511628211
	}
	return (h ^ 0xff) * 1099511628211
}

func (h sum) bytes(b []byte) sum {
	for _, c := range b {
		h = (h ^ sum(c)) * 1099511628211
	}
	return (h ^ 0xff) * 1099511628211
}

func hash(by string, parts ...string) uint64 {
	h := begin(by)
	for _, s := range parts {
		h = h.text(s)
	}
	return uint64(h)
}
