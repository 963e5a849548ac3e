package list

import (
	"bytes"
	"cmp"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

// unRow is an INDIVIDUAL or ENTITY element.
type unRow struct {
	DataID      string   `xml:"DATAID"`
	First       string   `xml:"FIRST_NAME"`
	Second      string   `xml:"SECOND_NAME"`
	Third       string   `xml:"THIRD_NAME"`
	Fourth      string   `xml:"FOURTH_NAME"`
	Regime      string   `xml:"UN_LIST_TYPE"`
	Reference   string   `xml:"REFERENCE_NUMBER"`
	Listed      string   `xml:"LISTED_ON"`
	Original    string   `xml:"NAME_ORIGINAL_SCRIPT"`
	Nationality []string `xml:"NATIONALITY>VALUE"`

	PersonAliases []unAlias   `xml:"INDIVIDUAL_ALIAS"`
	EntityAliases []unAlias   `xml:"ENTITY_ALIAS"`
	PersonPlaces  []unAddress `xml:"INDIVIDUAL_ADDRESS"`
	EntityPlaces  []unAddress `xml:"ENTITY_ADDRESS"`
	Born          []struct {
		Date string `xml:"DATE"`
		Year string `xml:"YEAR"`
		From string `xml:"FROM_YEAR"`
		To   string `xml:"TO_YEAR"`
	} `xml:"INDIVIDUAL_DATE_OF_BIRTH"`
	Documents []struct {
		Type    string `xml:"TYPE_OF_DOCUMENT"`
		Number  string `xml:"NUMBER"`
		Country string `xml:"ISSUING_COUNTRY"`
	} `xml:"INDIVIDUAL_DOCUMENT"`
}

type unAlias struct {
	Quality string `xml:"QUALITY"`
	Name    string `xml:"ALIAS_NAME"`
}

type unAddress struct {
	Street  string `xml:"STREET"`
	City    string `xml:"CITY"`
	State   string `xml:"STATE_PROVINCE"`
	Zip     string `xml:"ZIP_CODE"`
	Country string `xml:"COUNTRY"`
}

func isUN(_ string, head []byte) bool { return bytes.Contains(head, []byte("<CONSOLIDATED_LIST")) }

// readUN reads the consolidated list. The day of publication is the file's dateGenerated.
func readUN(r *reading) error {
	return readDated(r, dated{feed: "un", list: "UN", root: "CONSOLIDATED_LIST", day: "dateGenerated", rows: []string{"INDIVIDUAL", "ENTITY"}},
		func(n int, row *unRow, element string) error { return r.un(n, row, element == "INDIVIDUAL") })
}

func (r *reading) un(n int, row *unRow, person bool) error {
	name := squeeze(strings.Join([]string{row.First, row.Second, row.Third, row.Fourth}, " "))
	from, ok := parseDate(row.Listed[:min(10, len(row.Listed))])
	switch {
	case name == "":
		return r.fault("", n, "name is missing")
	case squeeze(row.DataID) == "":
		return r.fault("", n, "DATAID is missing")
	case !ok:
		return r.fault("", n, "LISTED_ON %q is no date", row.Listed)
	}
	e := snapshot.Entry{
		List: "UN", Name: name, Aliases: []string{row.Original}, Person: person, Programs: []string{row.Regime},
		Citation: squeeze(row.Reference), Listed: []event.Span{{From: from}},
	}
	for _, a := range append(row.PersonAliases, row.EntityAliases...) {
		if strings.EqualFold(squeeze(a.Quality), "low") {
			e.Weak = append(e.Weak, a.Name)
		} else {
			e.Aliases = append(e.Aliases, a.Name)
		}
	}
	for _, a := range append(row.PersonPlaces, row.EntityPlaces...) {
		place(&e, countryOf(a.Country))
		if squeeze(a.Street) != "" {
			e.Addresses = append(e.Addresses, joined(a.Street, a.City, a.State, a.Zip, a.Country))
		}
	}
	for _, c := range row.Nationality {
		place(&e, countryOf(c))
	}
	for _, b := range row.Born {
		e.Born = append(e.Born, cmp.Or(b.Date, b.Year, strings.Trim(b.From+" to "+b.To, " to")))
	}
	for _, d := range row.Documents {
		if squeeze(d.Number) != "" {
			e.IDs = append(e.IDs, joined(d.Type, d.Number, d.Country))
		}
	}
	r.identify(&e, row.DataID, "")
	commerce(&e)
	return r.add(e)
}
