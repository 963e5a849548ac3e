package entity

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/match"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

// Directory finds listed entries by name and address. It is immutable and safe for concurrent use.
type Directory struct {
	entries   []snapshot.Entry
	footnotes [][]event.Footnote
	names     *match.Index
	addresses *match.AddressIndex
	identity  identity
}

// NewDirectory indexes the entries.
func NewDirectory(entries []snapshot.Entry) *Directory {
	d := &Directory{entries: entries}
	var names []match.Listed
	var addresses []match.ListedAddress
	for i := range entries {
		e := &entries[i]
		d.footnotes = append(d.footnotes, byNumber(e.Footnotes))
		for _, a := range e.Addresses {
			addresses = append(addresses, match.ListedAddress{Entry: int32(i), Text: a})
		}
		if e.AddressOnly {
			continue // "Address 03" is no name
		}
		kind := match.Company
		if e.Person {
			kind = match.Person
		}
		names = append(names, match.Listed{Entry: int32(i), Name: e.Name, Kind: kind})
		for _, a := range slices.Concat(e.Aliases, e.Also) {
			names = append(names, match.Listed{Entry: int32(i), Name: a, Alias: true, Kind: kind})
		}
		for _, a := range e.Weak {
			names = append(names, match.Listed{Entry: int32(i), Name: a, Alias: true, Low: true, Kind: kind})
		}
	}
	var parts sync.WaitGroup
	parts.Go(func() { d.addresses, d.identity = match.NewAddressIndex(addresses), newIdentity(entries) })
	d.names = match.NewIndex(names)
	parts.Wait()
	return d
}

// byNumber sorts footnotes by number, then by the day they came.
func byNumber(fs []event.Footnote) []event.Footnote {
	return slices.SortedStableFunc(slices.Values(fs), func(a, b event.Footnote) int {
		return cmp.Or(cmp.Compare(a.Number, b.Number), cmp.Compare(a.From, b.From))
	})
}

// byName gives the entries that a name resembles, each with its best match, best first. The second result is the
// number of names compared.
func (d *Directory) byName(field, name string, country event.Country) ([]event.Match, int) {
	found, considered := d.names.Find(name)
	if len(found) == 0 {
		return nil, considered
	}
	var out []event.Match
	for _, c := range found {
		e := &d.entries[c.Entry]
		rel := relation(country, e)
		s := score(c, e, rel)
		if s < Floor || !comparable(field, c, e) {
			continue
		}
		m := d.match(c.Entry)
		m.Queried, m.Matched, m.Field, m.Method = name, c.Name, field, c.Method
		m.Alias, m.Weak, m.Score, m.Countries = c.Alias, c.Low, s, rel
		if slices.Contains(e.Also, c.Name) {
			m.Notes = append(slices.Clone(m.Notes), "the spelling compared is not in the official row (M)")
		}
		out = append(out, m)
	}
	return bestPerEntry(plainer(out)), considered
}

// plainer leaves out what an entry resembles word by word where it is up to an edit the same by another of its names:
// the plainer evidence is what a person wants to read.
func plainer(ms []event.Match) []event.Match {
	plain := func(entry string) bool {
		return slices.ContainsFunc(ms, func(m event.Match) bool { return m.Entry == entry && m.Method != match.Alike && m.Score >= review })
	}
	kept := make([]event.Match, 0, len(ms))
	for _, m := range ms {
		if m.Method != match.Alike || !plain(m.Entry) {
			kept = append(kept, m)
		}
	}
	return kept
}

// comparable leaves firms out where a person is named, unless the firm's name is long and stands there in full: Laura
// is one letter from Naura, and a director may be a firm.
func comparable(field string, c match.Candidate, e *snapshot.Entry) bool {
	if field != "director" && field != "contact" || e.Person {
		return true
	}
	return c.Letters >= 8 && c.Method != match.OneEdit && c.Method != match.Alike
}

// match states an entry.
func (d *Directory) match(row int32) event.Match {
	e := &d.entries[row]
	return event.Match{
		List: e.List, Entry: e.ID, Name: e.Name, Country: e.Country, Footnotes: d.footnotes[row], Policy: e.Policy,
		Scope: e.Scope, Citation: e.Citation, Certainty: e.Certainty, Listed: e.Listed, Notes: e.Notes,
	}
}

// byAddress gives the entries at or near an address: address-only rows in the first result, listed parties in the second.
func (d *Directory) byAddress(a *event.Address) (rows, parties []event.Match, considered int) {
	if a == nil || len(a.Lines) == 0 {
		return nil, nil, 0
	}
	lines := append(slices.Clone(a.Lines), a.City)
	near, considered := d.addresses.Find(lines...)
	for _, n := range near {
		e := &d.entries[n.Entry]
		rel := relation(a.Country, e)
		if rel == different {
			continue
		}
		m := d.match(n.Entry)
		m.Queried, m.Matched, m.Field, m.Countries = strings.Join(a.Lines, ", "), n.Text, "address", rel
		m.Method, m.Score = "address_room", scoreRoom
		if n.Level == match.SameBuilding {
			m.Method, m.Score = "address_building", scoreBuildingParty
			if e.AddressOnly {
				m.Score = scoreBuilding
			}
		}
		if e.AddressOnly {
			rows = append(rows, m)
		} else {
			parties = append(parties, m)
		}
	}
	sortMatches(rows)
	sortMatches(parties)
	return rows, parties, considered
}

// bestPerEntry keeps each entry's best match, per field, and sorts best first.
func bestPerEntry(ms []event.Match) []event.Match {
	sortMatches(ms)
	kept := ms[:0]
	for _, m := range ms {
		if !slices.ContainsFunc(kept, func(k event.Match) bool { return k.Entry == m.Entry && k.Field == m.Field }) {
			kept = append(kept, m)
		}
	}
	return kept
}

// weight orders lists by what they ask for, the gravest first; lists without rules come last, by name.
var weight = func() map[string]int {
	w := map[string]int{"SDN": 0, "DPL": 1, "EL": 2, "MEU": 3, "MIEU": 3, "UVL": 4, "1260H": 5, "CMIC": 6}
	for _, l := range snapshot.Others {
		w[l] = 7
	}
	return w
}()

// sortMatches puts the best first; ties go by list, entry, field, the order's string and the list's.
func sortMatches(ms []event.Match) {
	slices.SortStableFunc(ms, func(a, b event.Match) int {
		return cmp.Or(
			-cmp.Compare(a.Score, b.Score), cmp.Compare(weight[a.List], weight[b.List]), strings.Compare(a.List, b.List), strings.Compare(a.Entry, b.Entry), strings.Compare(a.Field, b.Field),
			strings.Compare(a.Queried, b.Queried), strings.Compare(a.Matched, b.Matched),
		)
	})
}

// Candidates gives the entries that a party may be by its name and address, best first, and how many were compared.
func (d *Directory) Candidates(p *event.Party) ([]event.Match, int) {
	country := located(p)
	out, considered := d.byName("name", p.Name, country)
	borne, n := d.byNumber(p, country)
	out, considered = append(out, borne...), considered+n
	d.weighIdentity(p, country, out)
	rows, parties, n := d.byAddress(p.Address)
	out = append(append(out, rows...), parties...)
	sortMatches(out)
	return out, considered + n
}

// Entry gives the entry of an id.
func (d *Directory) Entry(id string) (*snapshot.Entry, bool) {
	i, ok := slices.BinarySearchFunc(d.entries, id, func(e snapshot.Entry, id string) int { return strings.Compare(e.ID, id) })
	if !ok {
		return nil, false
	}
	return &d.entries[i], true
}
