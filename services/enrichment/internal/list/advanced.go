package list

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

// OFAC's advanced XML says each thing once and points to it by number: kinds and countries in ReferenceValueSets, places in Locations, papers in
// IDRegDocuments, persons and firms in DistinctParties, and which list each stands on since when in SanctionsEntries, in this order.
// Written from the published schema of the advanced sanctions data model.
type advanced struct {
	*reading
	values    map[string]map[string]string // what a number means, by element name
	countries map[string]event.Country     // by CountryID and AreaCodeID
	places    map[string]advancedPlace     // by LocationID
	papers    map[string][]string          // by IdentityID
	rows      map[string]*snapshot.Entry   // by ProfileID
	entered   map[string]bool              // profiles that stand on a list
	order     []string
}

type advancedPlace struct {
	line    string
	country event.Country
}

// advancedValue is a row of a reference value set.
type advancedValue struct {
	ID   string `xml:"ID,attr"`
	ISO  string `xml:"ISO2,attr"`
	Of   string `xml:"CountryID,attr"` // of an area code
	Text string `xml:",chardata"`
	Says string `xml:"Description,attr"`
}

type advancedLocation struct {
	ID    string `xml:"ID,attr"`
	Areas []struct {
		ID string `xml:"AreaCodeID,attr"`
	} `xml:"LocationAreaCode"`
	Countries []struct {
		ID string `xml:"CountryID,attr"`
	} `xml:"LocationCountry"`
	Parts []struct {
		Type   string `xml:"LocPartTypeID,attr"`
		Values []struct {
			Value string `xml:"Value"`
		} `xml:"LocationPartValue"`
	} `xml:"LocationPart"`
}

type advancedPaper struct {
	Type     string `xml:"IDRegDocTypeID,attr"`
	Identity string `xml:"IdentityID,attr"`
	By       string `xml:"IssuedBy-CountryID,attr"`
	Number   string `xml:"IDRegistrationNo"`
}

type advancedParty struct {
	Profiles []struct {
		ID         string `xml:"ID,attr"`
		SubType    string `xml:"PartySubTypeID,attr"`
		Identities []struct {
			ID      string `xml:"ID,attr"`
			Primary string `xml:"Primary,attr"`
			Aliases []struct {
				Primary string `xml:"Primary,attr"`
				Weak    string `xml:"LowQuality,attr"`
				Names   []struct {
					Parts []struct {
						Value struct {
							Group string `xml:"NamePartGroupID,attr"`
							Text  string `xml:",chardata"`
						} `xml:"NamePartValue"`
					} `xml:"DocumentedNamePart"`
				} `xml:"DocumentedName"`
			} `xml:"Alias"`
			Groups []struct {
				Groups []struct {
					ID   string `xml:"ID,attr"`
					Type string `xml:"NamePartTypeID,attr"`
				} `xml:"NamePartGroup"`
			} `xml:"NamePartGroups>MasterNamePartGroup"`
		} `xml:"Identity"`
		Features []advancedFeature `xml:"Feature"`
	} `xml:"Profile"`
}

type advancedFeature struct {
	Type     string `xml:"FeatureTypeID,attr"`
	Versions []struct {
		Locations []struct {
			ID string `xml:"LocationID,attr"`
		} `xml:"VersionLocation"`
		Dates []struct {
			Start advancedDate `xml:"Start>From"`
		} `xml:"DatePeriod"`
		Details []struct {
			Text string `xml:",chardata"`
		} `xml:"VersionDetail"`
	} `xml:"FeatureVersion"`
}

type advancedDate struct {
	Year  string `xml:"Year"`
	Month string `xml:"Month"`
	Day   string `xml:"Day"`
}

func (d advancedDate) civil() event.Date {
	return civil(number(squeeze(d.Year)), number(squeeze(d.Month)), number(squeeze(d.Day)))
}

type advancedEntry struct {
	Profile string `xml:"ProfileID,attr"`
	List    string `xml:"ListID,attr"`
	Events  []struct {
		Date advancedDate `xml:"Date"`
	} `xml:"EntryEvent"`
	Measures []struct {
		Comment string `xml:"Comment"`
	} `xml:"SanctionsMeasure"`
}

func isAdvanced(_ string, head []byte) bool {
	return bytes.Contains(head, []byte("<Sanctions")) && (bytes.Contains(head, []byte("ADVANCED_XML")) || bytes.Contains(head, []byte("ReferenceValueSets")) || bytes.Contains(head, []byte("DateOfIssue")))
}

// readAdvanced reads the SDN or the consolidated list as advanced XML. The day of publication is the file's DateOfIssue.
func readAdvanced(r *reading) error {
	m, done, err := r.open(r.name)
	if err != nil {
		return err
	}
	defer done()
	r.feed = "ofac"
	a := &advanced{
		reading: r, values: map[string]map[string]string{}, countries: map[string]event.Country{}, places: map[string]advancedPlace{},
		papers: map[string][]string{}, rows: map[string]*snapshot.Entry{}, entered: map[string]bool{},
	}
	g := newGuard(m)
	dec := xml.NewTokenDecoder(g)
	if _, err := g.root(dec, "Sanctions"); err != nil {
		return err
	}
	return a.read(g, dec)
}

// read takes the elements it knows, whatever stands around them.
func (a *advanced) read(g *guard, dec *xml.Decoder) error {
	inValues, n := false, 0
	for {
		t, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return a.finish(n)
		}
		if err != nil {
			return err
		}
		if end, ok := t.(xml.EndElement); ok && end.Name.Local == "ReferenceValueSets" {
			inValues = false
		}
		start, ok := t.(xml.StartElement)
		if !ok {
			continue
		}
		g.row()
		switch name := start.Name.Local; {
		case name == "ReferenceValueSets":
			inValues = true
		case inValues && !strings.HasSuffix(name, "Values"):
			err = decoded(dec, &start, func(v *advancedValue) error { return a.value(name, v) })
		case name == "DateOfIssue":
			err = decoded(dec, &start, func(d *advancedDate) error { a.published = d.civil(); return nil })
		case name == "Location":
			err = decoded(dec, &start, a.location)
		case name == "IDRegDocument":
			err = decoded(dec, &start, a.paper)
		case name == "DistinctParty":
			n++
			err = decoded(dec, &start, func(p *advancedParty) error { return a.party(n, p) })
		case name == "SanctionsEntry":
			err = decoded(dec, &start, a.entry)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", start.Name.Local, err)
		}
	}
}

func decoded[T any](dec *xml.Decoder, start *xml.StartElement, take func(*T) error) error {
	var v T
	if err := dec.DecodeElement(&v, start); err != nil {
		return err
	}
	return take(&v)
}

func (a *advanced) value(name string, v *advancedValue) error {
	if a.values[name] == nil {
		a.values[name] = map[string]string{}
	}
	if len(a.values[name]) >= MaxRows {
		return fmt.Errorf("more than %d values", MaxRows)
	}
	a.values[name][v.ID] = squeeze(v.Text)
	switch name {
	case "Country":
		a.countries[v.ID] = cmp.Or(countryOf(v.ISO), countryOf(squeeze(v.Text)))
	case "AreaCode":
		a.countries["area/"+v.ID] = cmp.Or(a.countries[v.Of], countryOf(v.Says))
	}
	return nil
}

// means gives what a number of a value set means.
func (a *advanced) means(set, id string) string { return a.values[set][id] }

func (a *advanced) location(l *advancedLocation) error {
	if len(a.places) >= MaxRows {
		return fmt.Errorf("more than %d places", MaxRows)
	}
	var p advancedPlace
	for _, c := range l.Countries {
		p.country = cmp.Or(p.country, a.countries[c.ID])
	}
	for _, c := range l.Areas {
		p.country = cmp.Or(p.country, a.countries["area/"+c.ID])
	}
	var lines []string
	street := false
	for _, part := range l.Parts {
		for _, v := range part.Values[:min(1, len(part.Values))] {
			lines = append(lines, v.Value)
			street = street || strings.HasPrefix(strings.ToUpper(a.means("LocPartType", part.Type)), "ADDRESS")
		}
	}
	if street {
		p.line = joined(append(lines, string(p.country))...)
	}
	a.places[l.ID] = p
	return nil
}

func (a *advanced) paper(p *advancedPaper) error {
	if len(a.papers) >= MaxRows {
		return fmt.Errorf("more than %d documents", MaxRows)
	}
	if no := squeeze(p.Number); no != "" {
		text := squeeze(a.means("IDRegDocType", p.Type) + " " + no)
		if c := a.countries[p.By]; c != "" {
			text += " (" + string(c) + ")"
		}
		a.papers[p.Identity] = append(a.papers[p.Identity], text)
	}
	return nil
}

func (a *advanced) party(n int, p *advancedParty) error {
	for i := range p.Profiles {
		f := &p.Profiles[i]
		e := &snapshot.Entry{Listed: []event.Span{{}}}
		kind := strings.ToLower(a.means("PartySubType", f.SubType))
		if kind == "vessel" || kind == "aircraft" {
			e.Kind = kind
		}
		for j := range f.Identities {
			id := &f.Identities[j]
			parts := map[string]string{} // name part's type, by its group
			for _, m := range id.Groups {
				for _, g := range m.Groups {
					parts[g.ID] = a.means("NamePartType", g.Type)
				}
			}
			for _, alias := range id.Aliases {
				for _, name := range alias.Names {
					var words []namePart
					for _, part := range name.Parts {
						words = append(words, namePart{parts[part.Value.Group], squeeze(part.Value.Text)})
					}
					text, person := wholeName(words)
					e.Person = e.Person || person
					switch {
					case text == "":
					case alias.Primary == "true" && e.Name == "":
						e.Name = text
					case alias.Weak == "true":
						e.Weak = append(e.Weak, text)
					default:
						e.Aliases = append(e.Aliases, text)
					}
				}
			}
			e.IDs = append(e.IDs, a.papers[id.ID]...)
		}
		a.features(e, f.Features)
		switch {
		case f.ID == "" || a.rows[f.ID] != nil:
			return a.fault("", n, "profile %q has no number of its own", f.ID)
		case e.Name == "":
			return a.fault("", n, "profile %s has no primary name", f.ID)
		case len(a.order) >= MaxRows:
			return fmt.Errorf("more than %d rows", MaxRows)
		}
		a.rows[f.ID] = e
		a.order = append(a.order, f.ID)
	}
	return nil
}

// features takes birthdays, places and nationalities.
func (a *advanced) features(e *snapshot.Entry, features []advancedFeature) {
	for _, f := range features {
		kind := strings.ToLower(a.means("FeatureType", f.Type))
		for _, v := range f.Versions {
			for _, d := range v.Dates {
				if strings.HasPrefix(kind, "birthdate") {
					e.Born = append(e.Born, cmp.Or(string(d.Start.civil()), squeeze(d.Start.Year)))
				}
			}
			for _, l := range v.Locations {
				p := a.places[l.ID]
				if strings.Contains(kind, "place of birth") {
					continue // where somebody was born is not where he is
				}
				place(e, p.country)
				if p.line != "" {
					e.Addresses = append(e.Addresses, p.line)
				}
			}
			for _, d := range v.Details {
				if text := squeeze(d.Text); text != "" && (strings.Contains(kind, "imo") || strings.Contains(kind, "registration") || strings.Contains(kind, "mmsi") || strings.Contains(kind, "swift") || strings.Contains(kind, "digital currency")) {
					e.IDs = append(e.IDs, strings.TrimSuffix(a.means("FeatureType", f.Type), " IMO")+" "+text)
				}
			}
		}
	}
}

// namePart is a part of a name with what it is, such as Last Name, First Name or Entity Name.
type namePart struct{ kind, text string }

// wholeName writes a person's name as Treasury's own tables do, the last name first, and any other as it stands.
func wholeName(parts []namePart) (name string, person bool) {
	var last, rest []string
	for _, p := range parts {
		switch kind := strings.ToLower(p.kind); {
		case p.text == "":
		case strings.HasPrefix(kind, "last name"):
			last, person = append(last, p.text), true
		case strings.HasPrefix(kind, "entity"), strings.HasPrefix(kind, "vessel"), strings.HasPrefix(kind, "aircraft"), kind == "":
			rest = append(rest, p.text)
		default:
			rest, person = append(rest, p.text), true
		}
	}
	if len(last) > 0 && len(rest) > 0 {
		return strings.Join(last, " ") + ", " + strings.Join(rest, " "), true
	}
	return strings.Join(append(last, rest...), " "), person
}

// advancedLists are the lists by how their names begin.
var advancedLists = []struct{ begins, list string }{
	{"SDN", "SDN"},
	{"Sectoral", "SSI"},
	{"Foreign Sanctions Evaders", "FSE"},
	{"Palestinian", "PLC"},
	{"Non-SDN Palestinian", "PLC"},
	{"CAPTA", "CAP"},
	{"List of Foreign Financial Institutions", "CAP"},
	{"Non-SDN Chinese", "CMIC"},
	{"NS-CMIC", "CMIC"},
	{"Non-SDN Menu", "MBS"},
	{"NS-MBS", "MBS"},
	{"Consolidated", "MBS"},
}

// entry puts a party on the list it stands on, since the first event.
func (a *advanced) entry(s *advancedEntry) error {
	e := a.rows[s.Profile]
	if e == nil {
		return a.fault("", 0, "an entry is of profile %q, which is not in the file", s.Profile)
	}
	name := a.means("List", s.List)
	at := slices.IndexFunc(advancedLists, func(l struct{ begins, list string }) bool { return strings.HasPrefix(name, l.begins) })
	if at < 0 {
		return a.fault("", 0, "profile %s stands on list %q, which is no list known here", s.Profile, name)
	}
	row := *e
	row.List, row.Listed = advancedLists[at].list, []event.Span{{}}
	for _, ev := range s.Events {
		if d := ev.Date.civil(); d != "" && (row.Listed[0].From == "" || d < row.Listed[0].From) {
			row.Listed[0].From = d
		}
	}
	for _, m := range s.Measures {
		if program := squeeze(m.Comment); program != "" && !slices.Contains(row.Programs, program) {
			row.Programs = append(slices.Clip(row.Programs), program)
		}
	}
	if len(row.Programs) > 0 {
		row.Citation = "31 CFR chapter V; programs " + strings.Join(row.Programs, ", ")
	}
	a.identify(&row, s.Profile, "")
	commerce(&row)
	a.entered[s.Profile] = true
	return a.add(row)
}

// finish refuses parties that stand on no list: the file ends early or is of another kind.
func (a *advanced) finish(n int) error {
	if n == 0 {
		return errors.New("no parties")
	}
	for _, id := range a.order {
		if !a.entered[id] {
			if err := a.fault("", 0, "profile %s (%s) stands on no list", id, a.rows[id].Name); err != nil {
				return err
			}
		}
	}
	return nil
}
