package list

import (
	"bytes"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

// ukRow is a Designation of the UK Sanctions List. Written from the published format guide.
type ukRow struct {
	Unique     string `xml:"UniqueID"`
	Regime     string `xml:"RegimeName"`
	Kind       string `xml:"IndividualEntityShip"`
	Designated string `xml:"DateDesignated"`
	Names      []struct {
		One   string `xml:"Name1"`
		Two   string `xml:"Name2"`
		Three string `xml:"Name3"`
		Four  string `xml:"Name4"`
		Five  string `xml:"Name5"`
		Last  string `xml:"Name6"`
		Type  string `xml:"NameType"`
	} `xml:"Names>Name"`
	Original []struct {
		Name string `xml:"NameNonLatinScript"`
	} `xml:"NonLatinNames>NonLatinName"`
	Addresses []struct {
		Line1   string `xml:"AddressLine1"`
		Line2   string `xml:"AddressLine2"`
		Line3   string `xml:"AddressLine3"`
		Line4   string `xml:"AddressLine4"`
		Line5   string `xml:"AddressLine5"`
		Line6   string `xml:"AddressLine6"`
		Postal  string `xml:"AddressPostalCode"`
		Country string `xml:"AddressCountry"`
	} `xml:"Addresses>Address"`
	Born          []string `xml:"IndividualDetails>Individual>DOBs>DOB"`
	Nationalities []string `xml:"IndividualDetails>Individual>Nationalities>Nationality"`
}

func isUK(_ string, head []byte) bool {
	return bytes.Contains(head, []byte("<Designations")) && bytes.Contains(head, []byte("<Designation>"))
}

// readUK reads the UK Sanctions List, which does not say when it was published.
func readUK(r *reading) error {
	return readDated(r, dated{feed: "uk", list: "UK", root: "Designations", rows: []string{"Designation"}}, func(n int, row *ukRow, _ string) error { return r.uk(n, row) })
}

func (r *reading) uk(n int, row *ukRow) error {
	e := snapshot.Entry{
		List: "UK", Person: strings.EqualFold(row.Kind, "individual"), Programs: []string{row.Regime}, Citation: squeeze(row.Unique + " " + row.Regime),
		Born: row.Born, Listed: []event.Span{{}},
	}
	if strings.EqualFold(row.Kind, "ship") {
		e.Kind = "vessel"
	}
	for _, name := range row.Names {
		whole := squeeze(strings.Join([]string{name.One, name.Two, name.Three, name.Four, name.Five, name.Last}, " "))
		switch {
		case e.Name == "" && strings.HasPrefix(name.Type, "Primary Name"):
			e.Name = whole
		default:
			e.Aliases = append(e.Aliases, whole)
		}
	}
	if e.Name == "" && len(e.Aliases) > 0 {
		e.Name, e.Aliases = e.Aliases[0], e.Aliases[1:]
	}
	from, ok := ukDate(row.Designated)
	switch {
	case e.Name == "" || squeeze(row.Unique) == "":
		return r.fault("", n, "name or UniqueID is missing")
	case !ok:
		return r.fault("", n, "DateDesignated %q is no date", row.Designated)
	}
	e.Listed[0].From = from
	for _, o := range row.Original {
		e.Aliases = append(e.Aliases, o.Name)
	}
	for _, a := range row.Addresses {
		place(&e, countryOf(a.Country))
		if squeeze(a.Line1) != "" {
			e.Addresses = append(e.Addresses, joined(a.Line1, a.Line2, a.Line3, a.Line4, a.Line5, a.Line6, a.Postal, a.Country))
		}
	}
	for _, c := range row.Nationalities {
		place(&e, countryOf(c))
	}
	r.identify(&e, row.Unique, "")
	commerce(&e)
	return r.add(e)
}

// ukDate reads day/month/year, as the list writes it.
func ukDate(s string) (event.Date, bool) {
	p := strings.Split(squeeze(s), "/")
	if len(p) != 3 {
		return parseDate(s)
	}
	d := civil(number(p[2]), number(p[1]), number(p[0]))
	return d, d != "" && d > "1900" && d < "2200"
}
