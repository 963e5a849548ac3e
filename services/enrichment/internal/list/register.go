package list

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

// registerRow is a row of a list taken from the Code of Federal Regulations or a notice.
type registerRow struct {
	Name      string   `json:"name"`
	Aliases   []string `json:"aliases"`
	Country   string   `json:"country"`
	Address   string   `json:"address"`
	Status    string   `json:"status"`
	Effective string   `json:"effective_date"`
	Notice    string   `json:"federal_register"`
	Notes     string   `json:"notes"`
}

// registerLists maps the list ids in use. Lists on forced labor, telecommunications equipment and research are not
// about exports and are refused.
var registerLists = map[string]string{
	"bis-entity-list": "EL", "bis-meu": "MEU", "bis-uvl": "UVL", "bis-dpl": "DPL", "dow-1260h": "1260H", "dod-1260h": "1260H", "ofac-nscmic": "CMIC",
	"state-nonproliferation": "ISN", "state-debarred-admin": "DTC", "state-debarred-statutory": "DTC",
}

func isRegister(_ string, head []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(head), []byte("{")) && bytes.Contains(head, []byte(`"list_id"`))
}

// readRegister reads {"list_id": …, "extracted": …, "count": …, "entities": [row, …]} and holds the rows to the count.
func readRegister(r *reading) error {
	m, done, err := r.open(r.name)
	if err != nil {
		return err
	}
	defer done()
	dec := json.NewDecoder(m)
	list, count, seen := "", -1, 0
	err = members(m, dec, func(name string) error {
		switch name {
		case "list_id":
			var id string
			if err := dec.Decode(&id); err != nil {
				return err
			}
			if list = registerLists[id]; list == "" {
				return fmt.Errorf("list_id %q is no export or sanctions list known here; a list of your own goes into the own format", id)
			}
			r.feed = id
			return nil
		case "extracted":
			var s string
			err := dec.Decode(&s)
			r.extracted, _ = parseDate(s)
			return err
		case "count":
			return dec.Decode(&count)
		case "entities":
			if list == "" {
				return errors.New("list_id must stand before the rows")
			}
			return elements(m, dec, func(n int, row *registerRow, err error) error {
				seen++
				if err != nil {
					return r.fault("", n, "%v", err)
				}
				return r.register(list, n, row)
			})
		}
		var skip json.RawMessage
		return dec.Decode(&skip)
	})
	if r.ended > 0 {
		r.gap(list, fmt.Sprintf("%d rows left out whose sanctions have ended", r.ended))
	}
	if err == nil && count >= 0 && count != seen {
		err = fmt.Errorf("the file says %d rows and has %d", count, seen)
	}
	return err
}

func (r *reading) register(list string, n int, row *registerRow) error {
	from, ok := parseDate(row.Effective)
	switch {
	case squeeze(row.Name) == "":
		return r.fault("", n, "name is missing")
	case !ok:
		return r.fault("", n, "effective_date %q is no date", row.Effective)
	case row.Country != "" && countryOf(row.Country) == "":
		r.gap(list, fmt.Sprintf("country %q not understood", row.Country))
	}
	e := snapshot.Entry{List: list, Name: row.Name, Aliases: row.Aliases, Citation: row.Notice, Addresses: addresses(row.Address), Listed: []event.Span{{From: from}}}
	also := knownAs(&e)
	e.Aliases = append(e.Aliases, also...)
	if c := countryOf(row.Country); c != "" {
		place(&e, c)
		if c == "CN" && len(e.Addresses) > 0 && inHongKong(e.Addresses) {
			e.Country, e.Countries = "HK", nil
		}
	}
	switch list {
	case "EL", "MEU":
		e.Requirement = row.Notes
	default:
		e.Notes = []string{row.Notes}
	}
	if from == "" {
		e.Listed[0].From = firstDate(row.Notice, r.limit())
	}
	if list == "ISN" && strings.Contains(row.Notes, "status: ") && !strings.Contains(row.Notes, "status: Active") {
		r.ended++ // every sanction of the row has ended, on a day the row does not give
		return nil
	}
	r.identify(&e, "", from)
	commerce(&e)
	dateFootnotes(&e)
	return r.add(e)
}

var (
	inBrackets = regexp.MustCompile(`\s*\((?:a\.k\.a\.,?|also known as)\s*`)
	crossRef   = regexp.MustCompile(`(?i)\s*\(?see (?:also )?(?:alternate|additional)? ?address(?:es)? under [^)]*\)?\.?`)
)

// knownAs cuts "(a.k.a. …" from a name and gives what stood there.
func knownAs(e *snapshot.Entry) []string {
	at := inBrackets.FindStringIndex(e.Name)
	if at == nil || at[0] == 0 {
		return nil
	}
	alias := strings.Trim(e.Name[at[1]:], " .,;()“”\"")
	e.Name = e.Name[:at[0]]
	if alias == "" {
		return nil
	}
	return []string{alias}
}

// addresses cuts the addresses of one text apart: "…; and …", with what points to other rows left out.
func addresses(s string) []string {
	s = crossRef.ReplaceAllString(s, "")
	var out []string
	for part := range strings.SplitSeq(s, ";") {
		part = strings.Trim(strings.TrimPrefix(strings.TrimSpace(part), "and "), " .,")
		if part != "" {
			out = append(out, part)
		}
	}
	return out
}

func inHongKong(addresses []string) bool {
	for _, a := range addresses {
		if !strings.HasSuffix(strings.TrimSuffix(a, "."), "Hong Kong") {
			return false
		}
	}
	return true
}
