package list

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

type metiRow struct {
	ID        string   `json:"id"`
	List      string   `json:"list_id"`
	Name      string   `json:"entity_name"`
	Aliases   []string `json:"aliases"`
	Addresses []string `json:"addresses"`
	Type      string   `json:"entity_type"`
	Added     string   `json:"date_added"`
	Reason    string   `json:"reason"`
}

func isMETI(_ string, head []byte) bool {
	t := bytes.TrimSpace(head)
	return bytes.HasPrefix(t, []byte("[")) && bytes.Contains(t, []byte(`"entity_name"`))
}

// readMETI reads an array of rows with list_id jp-end-user-list. An address that is only a country is the country.
// The rows have numbers of their own, which follow the list's numbering of one edition; so the id is made from the name.
func readMETI(r *reading) error {
	m, done, err := r.open(r.name)
	if err != nil {
		return err
	}
	defer done()
	r.feed = "meti"
	dec := json.NewDecoder(m)
	err = elements(m, dec, func(n int, row *metiRow, err error) error {
		switch {
		case err != nil:
			return r.fault("", n, "%v", err)
		case row.List != "jp-end-user-list":
			return fmt.Errorf("row %d: list_id %q is not the Foreign End User List", n, row.List)
		case squeeze(row.Name) == "":
			return r.fault("", n, "entity_name is missing")
		}
		from, ok := parseDate(row.Added)
		if !ok {
			return r.fault("", n, "date_added %q is no date", row.Added)
		}
		return r.add(row.entry(r, from))
	})
	if err != nil {
		return err
	}
	return atEnd(dec)
}

func (row *metiRow) entry(r *reading, from event.Date) snapshot.Entry {
	e := snapshot.Entry{
		List: "METI", Name: row.Name, Aliases: row.Aliases, Person: row.Type == "person" || row.Type == "individual",
		Listed: []event.Span{{From: from}}, Notes: []string{row.Reason},
	}
	for _, a := range row.Addresses {
		if c := countryOf(a); c != "" {
			place(&e, c)
			continue
		}
		if at := strings.LastIndexByte(a, ','); at >= 0 {
			place(&e, countryOf(a[at+1:]))
		}
		e.Addresses = append(e.Addresses, a)
	}
	r.identify(&e, "", "")
	commerce(&e)
	return e
}
