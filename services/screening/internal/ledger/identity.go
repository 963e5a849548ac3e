package ledger

import (
	"slices"
	"strings"
	"unicode"

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
func Fold(name string) string { return strings.Join(words(name), " ") }

func words(name string) []string {
	all := strings.FieldsFunc(fold(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	said := slices.DeleteFunc(slices.Clone(all), func(w string) bool { return legalForms[w] })
	if len(said) == 0 {
		return all
	}
	return said
}

// fold makes letters small and takes their marks off. Dots and apostrophes go without a trace: S.A. is SA.
func fold(s string) string {
	plain := true
	for i := range len(s) {
		if c := s[i]; c >= 0x80 || c == '.' || c == '\'' {
			plain = false
			break
		}
	}
	if plain {
		return strings.ToLower(s)
	}
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) || r == '.' || r == '\'' || r == '’' {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(s))
}

// sound writes a name the way it may sound, without spaces: consonants in six classes, vowels only at the beginning,
// doubles once. Names in other scripts are taken as they are. Empty for names of fewer than four sounds: too many share
// them.
func sound(name string) string {
	var b strings.Builder
	last := rune(0)
	for i, r := range strings.Join(words(name), "") {
		c := class(r)
		if i == 0 && c == 0 && unicode.IsLetter(r) {
			c = 'a'
		}
		if c != 0 && c != last {
			b.WriteRune(c)
		}
		if c != 0 || strings.ContainsRune("aeiouy", r) {
			last = c
		}
	}
	if b.Len() < 4 {
		return ""
	}
	return b.String()
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
	out := make([]Contact, 0, 8)
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
		if a := address(p.Address); a != "" {
			add("address", a)
		}
		if s := sound(p.Name); s != "" {
			add("sound", s, country(p))
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

// address is a street address with a number in it, folded; empty where there is none: a city alone is shared by many.
func address(a *event.Address) string {
	if a == nil {
		return ""
	}
	lines := strings.Join(words(strings.Join(a.Lines, " ")), " ")
	if lines == "" || digits(lines) == "" {
		return ""
	}
	return lines + "|" + Fold(a.City) + "|" + string(a.Country)
}

// hash is FNV-1a over the parts, the same on every machine.
func hash(by string, parts ...string) uint64 {
	h := uint64(14695981039346656037)
	add := func(s string) {
		for i := range len(s) {
			h = (h ^ uint64(s[i])) * 1099511628211
		}
		h = (h ^ 0xff) * 1099511628211
	}
	add(by)
	for _, s := range parts {
		add(s)
	}
	return h
}
