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

// euRow is a sanctionEntity of the EU's consolidated list (schema FSD 1.1). Written from the published schema.
type euRow struct {
	Reference string `xml:"euReferenceNumber,attr"`
	Logical   string `xml:"logicalId,attr"`
	Subject   struct {
		Code string `xml:"code,attr"`
	} `xml:"http://eu.europa.ec/fpi/fsd/export subjectType"`
	Regulations []struct {
		Title     string `xml:"numberTitle,attr"`
		Published string `xml:"publicationDate,attr"`
		Entry     string `xml:"entryIntoForceDate,attr"`
		Program   string `xml:"programme,attr"`
	} `xml:"http://eu.europa.ec/fpi/fsd/export regulation"`
	Names []struct {
		Whole  string `xml:"wholeName,attr"`
		Strong string `xml:"strong,attr"`
	} `xml:"http://eu.europa.ec/fpi/fsd/export nameAlias"`
	Addresses []struct {
		Street  string `xml:"street,attr"`
		City    string `xml:"city,attr"`
		Zip     string `xml:"zipCode,attr"`
		Country string `xml:"countryIso2Code,attr"`
	} `xml:"http://eu.europa.ec/fpi/fsd/export address"`
	Citizenships []struct {
		Country string `xml:"countryIso2Code,attr"`
	} `xml:"http://eu.europa.ec/fpi/fsd/export citizenship"`
	Born []struct {
		Date string `xml:"birthdate,attr"`
		Year string `xml:"year,attr"`
	} `xml:"http://eu.europa.ec/fpi/fsd/export birthdate"`
	IDs []struct {
		Type   string `xml:"identificationTypeCode,attr"`
		Number string `xml:"number,attr"`
	} `xml:"http://eu.europa.ec/fpi/fsd/export identification"`
}

func isEU(_ string, head []byte) bool {
	return bytes.Contains(head, []byte("eu.europa.ec/fpi/fsd/export"))
}

// readEU reads the EU's consolidated list. The day of publication is the file's generationDate.
func readEU(r *reading) error {
	return readDated(r, dated{feed: "eu", list: "EU", root: "export", day: "generationDate", rows: []string{"sanctionEntity"}},
		func(n int, row *euRow, _ string) error { return r.eu(n, row) })
}

// dated is a list in XML whose root says on what day it was published.
type dated struct {
	feed, list string
	root, day  string   // the root element, and its attribute
	rows       []string // elements that are rows
}

// readDated reads such a list row by row.
func readDated[T any](r *reading, d dated, take func(n int, row *T, element string) error) error {
	m, done, err := r.open(r.name)
	if err != nil {
		return err
	}
	defer done()
	r.feed, r.lists = d.feed, []string{d.list}
	g := newGuard(m)
	dec := xml.NewTokenDecoder(g)
	root, err := g.root(dec, d.root)
	if err != nil {
		return err
	}
	for _, a := range root.Attr {
		if a.Name.Local == d.day {
			r.published, _ = parseDate(a.Value[:min(10, len(a.Value))])
		}
	}
	return each(g, dec, d.rows, take)
}

// each calls take for every element of those names.
func each[T any](g *guard, dec *xml.Decoder, names []string, take func(n int, row *T, element string) error) error {
	for n := 0; ; {
		t, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		start, ok := t.(xml.StartElement)
		if !ok || !slices.Contains(names, start.Name.Local) {
			continue
		}
		n++
		g.row()
		var row T
		if err := dec.DecodeElement(&row, &start); err != nil {
			return fmt.Errorf("row %d: %w", n, err)
		}
		if err := take(n, &row, start.Name.Local); err != nil {
			return err
		}
	}
}

func (r *reading) eu(n int, row *euRow) error {
	number := cmp.Or(squeeze(row.Logical), squeeze(row.Reference))
	if len(row.Names) == 0 || squeeze(row.Names[0].Whole) == "" || number == "" {
		return r.fault("", n, "name or number is missing")
	}
	e := snapshot.Entry{List: "EU", Name: row.Names[0].Whole, Person: strings.EqualFold(row.Subject.Code, "person"), Listed: []event.Span{{}}}
	for _, a := range row.Names[1:] {
		if a.Strong == "false" {
			e.Weak = append(e.Weak, a.Whole)
		} else {
			e.Aliases = append(e.Aliases, a.Whole)
		}
	}
	for _, g := range row.Regulations {
		from, ok := parseDate(cmp.Or(g.Entry, g.Published))
		if !ok {
			return r.fault("", n, "entryIntoForceDate %q is no date", g.Entry)
		}
		if e.Citation == "" {
			e.Citation, e.Listed[0].From = g.Title, from
		}
		e.Programs = append(e.Programs, g.Program)
	}
	for _, a := range row.Addresses {
		place(&e, countryOf(a.Country))
		if squeeze(a.Street) != "" {
			e.Addresses = append(e.Addresses, joined(a.Street, a.Zip, a.City, a.Country))
		}
	}
	for _, c := range row.Citizenships {
		place(&e, countryOf(c.Country))
	}
	for _, b := range row.Born {
		e.Born = append(e.Born, cmp.Or(b.Date, b.Year))
	}
	for _, id := range row.IDs {
		e.IDs = append(e.IDs, joined(id.Type, id.Number))
	}
	r.identify(&e, number, "")
	commerce(&e)
	return r.add(e)
}
