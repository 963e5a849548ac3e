package list

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

var deniedColumns = strings.Split("Name,Street_Address,City,State,Country,Postal_Code,Effective_Date,Expiration_Date,Standard_Order,Last_Update,Action,FR_Citation", ",")

func isDenied(_ string, head []byte) bool {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	return bytes.Contains(line, []byte("Street_Address")) && bytes.Contains(line, []byte("\t"))
}

// readDenied reads dpl.txt. A person has a row per address; rows of one name and one order's date are one entry. The
// day of the last update, which some rows give as 3017, is not used.
func readDenied(r *reading) error {
	m, done, err := r.open(r.name)
	if err != nil {
		return err
	}
	defer done()
	r.feed = "bis"
	t := newTable(m, '\t')
	for {
		f, err := t.row()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, errQuote) && r.opt.Lenient:
			return r.fault("", t.line, "the row is cut off: a quotation mark is not closed")
		case err != nil:
			return err
		case end(f):
			continue
		case t.line == 1:
			if !slices.Equal(f, deniedColumns) {
				return errors.New("the header is not that of dpl.txt")
			}
			continue
		}
		if err := r.denied(t.line, f); err != nil {
			return err
		}
	}
}

func (r *reading) denied(line int, f []string) error {
	if len(f) != len(deniedColumns) {
		return r.fault("", line, "%d columns, want %d", len(f), len(deniedColumns))
	}
	from, ok1 := parseDate(f[6])
	until, ok2 := parseDate(f[7])
	switch {
	case squeeze(f[0]) == "":
		return r.fault("", line, "Name is missing")
	case !ok1:
		return r.fault("", line, "Effective_Date %q is no date", f[6])
	case !ok2:
		return r.fault("", line, "Expiration_Date %q is no date", f[7])
	}
	e := snapshot.Entry{List: "DPL", Name: f[0], Citation: f[11], Listed: []event.Span{{From: from, Until: until}}}
	country := f[4]
	if squeeze(country) == "" && squeeze(f[3]) != "" {
		country = "US" // rows within the United States have a state and no country
	}
	place(&e, countryOf(country))
	if squeeze(f[1]) != "" {
		e.Addresses = []string{joined(f[1], f[2], f[3], f[5], country)}
	}
	r.identify(&e, "", from)
	commerce(&e)
	return r.add(e)
}
