package entity

import (
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/owner"
	"github.com/tidegate/tidegate/services/enrichment/internal/recent"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

// MostMatches bounds the matches stated of one party, and its shared addresses: the best are kept.
const MostMatches = 24

// Register knows who owns a party and where it has its seat, by the party's identifiers.
type Register interface {
	owner.Register
	IDs(p *event.Party) []string
	Owners() *recent.Cache[string, owner.Found] // found before with these lists
	Seat(p *event.Party) (headquarters, parent event.Known)
}

// Party states what is known of p. Payer is a name to compare as well, for the party that answers for it; often nil, as
// the register may be.
func (d *Directory) Party(p *event.Party, payer *event.Payment, reg Register) event.PartyFacts {
	f := event.PartyFacts{Country: located(p)}
	take := func(field, name string, country event.Country) {
		ms, n := d.byName(field, name, country)
		f.Matches, f.Considered = append(f.Matches, ms...), f.Considered+n
	}
	take("name", p.Name, f.Country)
	for _, a := range p.Aliases {
		take("alias", a, f.Country)
	}
	borne, n := d.byNumber(p, f.Country)
	f.Matches, f.Considered = append(f.Matches, borne...), f.Considered+n
	d.weighIdentity(p, f.Country, f.Matches)
	for _, n := range p.Directors {
		take("director", n, "")
	}
	for _, n := range p.Contacts {
		take("contact", n, "")
	}
	if p.Parent != nil {
		take("parent", p.Parent.Name, p.Parent.Country)
	}
	if payer != nil {
		take("payer", payer.Payer, payer.Country)
	}
	rows, near, n := d.byAddress(p.Address)
	f.Matches, f.Considered = append(f.Matches, rows...), f.Considered+n
	f.Matches = bestPerEntry(f.Matches)
	f.SharedWith = without(near, f.Matches)
	d.owners(p, reg, &f)
	f.Headquarters, f.Parent = d.seat(p, reg, f.Matches)
	f.Matches, f.SharedWith = most(f.Matches), most(f.SharedWith)
	return f
}

func most(ms []event.Match) []event.Match { return ms[:min(len(ms), MostMatches)] }

// without leaves out the entries that the party itself matched by name: a listed party is always at its own address.
func without(near, matched []event.Match) []event.Match {
	var out []event.Match
	for _, m := range near {
		if !slices.ContainsFunc(matched, func(o event.Match) bool {
			return o.Entry == m.Entry && (o.Field == "name" || o.Field == "alias" || o.Field == "identifier")
		}) {
			out = append(out, m)
		}
	}
	return out
}

// owners states who on the lists holds a stake, as the order and the registers have it. An owner that resembles several
// entries stands once for each.
func (d *Directory) owners(p *event.Party, reg Register, f *event.PartyFacts) {
	if len(p.Owners) == 0 && reg == nil {
		return
	}
	found := d.follow(p, f.Country, reg)
	f.Owners, f.Stakes, f.StakesCut = found.Owners, found.Stakes, found.Cut
	f.Considered += found.Considered
}

// follow finds the owners, or remembers: with one set of lists and one of registers they are a function of what the order
// says of the party.
func (d *Directory) follow(p *event.Party, country event.Country, reg Register) owner.Found {
	var ids []string
	var owners owner.Register
	if reg != nil {
		ids, owners = reg.IDs(p), reg
	}
	lists := func(name string, country event.Country) ([]event.Match, int) {
		ms, n := d.byName("owner", name, country)
		return most(ms), n
	}
	if reg == nil {
		return owner.Find(p, country, ids, owners, lists)
	}
	key := ownersKey(p, country, ids)
	if found, ok := reg.Owners().Get(key); ok {
		return found
	}
	found := owner.Find(p, country, ids, owners, lists)
	if len(found.Owners) == 0 { // what is found holds strings of the order, and with them its message
		reg.Owners().Put(key, found)
	}
	return found
}

// ownersKey is everything of a party that its owners depend on.
func ownersKey(p *event.Party, country event.Country, ids []string) string {
	b := make([]byte, 0, 256)
	add := func(s string) { b = append(append(b, s...), 0) }
	add(p.Name)
	add(string(country))
	for _, id := range ids {
		add(id)
	}
	for _, o := range p.Owners {
		b = append(b, 1)
		for _, s := range []string{o.Name, o.Of, string(o.Country), string(o.Percent), string(o.From), string(o.Until)} {
			add(s)
		}
	}
	return string(b)
}

// seat is where the party and its ultimate parent have their headquarters: as stated, else as a register says by the
// party's identifiers, else as the listed entry says that it hits.
func (d *Directory) seat(p *event.Party, reg Register, ms []event.Match) (hq, parent event.Known) {
	hq, parent = d.headquarters(p, ms), d.parent(p, ms)
	if reg == nil || settled(hq) && settled(parent) {
		return hq, parent
	}
	knownHQ, knownParent := reg.Seat(p)
	if !settled(hq) && knownHQ.Country != "" {
		hq = knownHQ
	}
	if !settled(parent) && knownParent.Country != "" {
		parent = knownParent
	}
	return hq, parent
}

// settled says whether the order itself answers.
func settled(k event.Known) bool { return k.How != "" && k.How != "listed_entry" }

// headquarters is stated, or the country of the listed entry that the name hits. A natural person has none: where the
// address puts the person stands for it.
func (d *Directory) headquarters(p *event.Party, ms []event.Match) event.Known {
	switch {
	case p.Headquarters != "":
		return event.Known{Country: p.Headquarters, How: "stated", Evidence: string(p.Headquarters)}
	case natural(p):
		return ofPerson(p)
	}
	return fromEntry(ms, "name", "alias", "identifier")
}

// natural says whether the party is stated to be a natural person.
func natural(p *event.Party) bool { return p.Person != nil && *p.Person }

// ofPerson is where the order says that a natural person is; unknown without an address that names a country.
func ofPerson(p *event.Party) event.Known {
	c := addressed(p.Address)
	if c == "" {
		return event.Known{}
	}
	return event.Known{Country: c, How: "person", Evidence: "a natural person in " + string(c)}
}

// parent is the country where the ultimate parent is headquartered: stated; its own headquarters where it is stated
// to have none or is a natural person; that of the listed entry its stated parent hits; or what the entry that it hits itself is known for.
func (d *Directory) parent(p *event.Party, ms []event.Match) event.Known {
	switch {
	case p.Parent != nil && p.Parent.Country != "":
		return event.Known{Country: p.Parent.Country, How: "stated", Evidence: p.Parent.Name}
	case p.Independent != nil && *p.Independent && p.Parent == nil:
		if h := d.headquarters(p, ms); h.Country != "" {
			return event.Known{Country: h.Country, How: "stated_none", Evidence: "no parent; headquarters " + string(h.Country)}
		}
		return event.Known{How: "stated_none"}
	case natural(p) && p.Parent == nil:
		return personsParent(d.headquarters(p, ms))
	}
	if k := fromEntry(ms, "parent"); k.Country != "" {
		return k
	}
	return d.parentOfEntry(ms)
}

// personsParent is a natural person's own country: nobody is the parent of a person.
func personsParent(own event.Known) event.Known {
	if own.Country == "" {
		return event.Known{}
	}
	return event.Known{Country: own.Country, How: "person", Evidence: "a natural person has no parent"}
}

// parentOfEntry uses the reference set's own knowledge of a listed unit's group.
func (d *Directory) parentOfEntry(ms []event.Match) event.Known {
	for _, m := range ms {
		if m.Score < hit || m.Field != "name" && m.Field != "alias" && m.Field != "identifier" {
			continue
		}
		i, ok := slices.BinarySearchFunc(d.entries, m.Entry, func(e snapshot.Entry, id string) int { return strings.Compare(e.ID, id) })
		if ok && d.entries[i].Parent != "" {
			return event.Known{Country: d.entries[i].Parent, How: "listed_entry", Evidence: m.Entry}
		}
	}
	return event.Known{}
}

// fromEntry takes the country of the best hit in one of some fields.
func fromEntry(ms []event.Match, fields ...string) event.Known {
	for _, m := range ms {
		if m.Score >= hit && slices.Contains(fields, m.Field) && m.Country != "" {
			return event.Known{Country: m.Country, How: "listed_entry", Evidence: m.Entry}
		}
	}
	return event.Known{}
}

// located is the country of the address, else the one that address or name end with or name in brackets.
func located(p *event.Party) event.Country {
	if c := addressed(p.Address); c != "" {
		return c
	}
	return countryInBrackets(p.Name)
}

// addressed is the country that an address states or ends with.
func addressed(a *event.Address) event.Country {
	if a == nil {
		return ""
	}
	if a.Country != "" {
		return a.Country
	}
	for _, s := range append([]string{a.Region, a.City}, a.Lines...) {
		if c := countryAtEnd(s); c != "" {
			return c
		}
	}
	return ""
}

func countryAtEnd(s string) event.Country {
	if s == "" {
		return ""
	}
	s = strings.ToLower(strings.TrimRight(strings.TrimSpace(s), ". "))
	if i := strings.LastIndexByte(s, ','); i >= 0 {
		s = strings.TrimSpace(s[i+1:])
	}
	return countryNames[s]
}

func countryInBrackets(s string) event.Country {
	_, rest, ok := strings.Cut(s, "(")
	if !ok {
		return ""
	}
	in, _, ok := strings.Cut(rest, ")")
	if !ok {
		return ""
	}
	return countryNames[strings.ToLower(strings.TrimSpace(in))]
}

// countryNames are the names that addresses and company names carry, not a gazetteer.
var countryNames = map[string]event.Country{
	"china": "CN", "p.r. china": "CN", "pr china": "CN", "p.r.china": "CN", "people's republic of china": "CN", "prc": "CN", "hong kong": "HK", "hongkong": "HK", "hk": "HK",
	"hong kong sar": "HK", "macau": "MO", "macao": "MO", "taiwan": "TW", "singapore": "SG", "japan": "JP", "germany": "DE",
	"malaysia": "MY", "thailand": "TH", "vietnam": "VN", "india": "IN", "south korea": "KR", "korea": "KR", "united kingdom": "GB",
	"uk": "GB", "france": "FR", "netherlands": "NL", "united arab emirates": "AE", "uae": "AE", "u.a.e": "AE", "turkey": "TR",
	"türkiye": "TR", "russia": "RU", "israel": "IL", "usa": "US", "united states": "US", "united states of america": "US",
	"canada": "CA", "australia": "AU", "indonesia": "ID", "mexico": "MX", "brazil": "BR", "saudi arabia": "SA", "qatar": "QA",
}
