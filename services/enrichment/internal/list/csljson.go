package list

import (
	"bytes"
	"encoding/json"
	"strings"
)

// cslJSON is a row of trade.gov's JSON form.
type cslJSON struct {
	Source    string   `json:"source"`
	Number    any      `json:"entity_number"` // a number or a string
	Type      string   `json:"type"`
	Programs  []string `json:"programs"`
	Name      string   `json:"name"`
	Addresses []struct {
		Address string `json:"address"`
		City    string `json:"city"`
		State   string `json:"state"`
		Postal  string `json:"postal_code"`
		Country string `json:"country"`
	} `json:"addresses"`
	Notice      string   `json:"federal_register_notice"`
	Start       string   `json:"start_date"`
	End         string   `json:"end_date"`
	Requirement string   `json:"license_requirement"`
	Policy      string   `json:"license_policy"`
	Remarks     string   `json:"remarks"`
	AltNames    []string `json:"alt_names"`
	Born        []string `json:"dates_of_birth"`
	IDs         []struct {
		Type    string `json:"type"`
		Number  string `json:"number"`
		Country string `json:"country"`
	} `json:"ids"`
}

func isCSLJSON(_ string, head []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(head), []byte("{")) && bytes.Contains(head, []byte(`"results"`)) && bytes.Contains(head, []byte(`"source`))
}

// readCSLJSON reads {"results": [row, …]}.
func readCSLJSON(r *reading) error {
	m, done, err := r.open(r.name)
	if err != nil {
		return err
	}
	defer done()
	r.feed = "csl"
	dec := json.NewDecoder(m)
	return members(m, dec, func(name string) error {
		switch name {
		case "results":
			return elements(m, dec, func(n int, row *cslJSON, err error) error {
				if err != nil {
					return r.fault("", n, "%v", err)
				}
				return r.csl("", n, row.row())
			})
		case "search_performed_at", "source_generated_at":
			var s string
			if err := dec.Decode(&s); err != nil {
				return err
			}
			r.published, _ = parseDate(s[:min(10, len(s))])
			return nil
		}
		var skip json.RawMessage
		return dec.Decode(&skip)
	})
}

func (j *cslJSON) row() *cslRow {
	row := &cslRow{
		source: j.Source, kind: j.Type, name: j.Name, notice: j.Notice, start: j.Start, end: j.End, requirement: j.Requirement,
		policy: j.Policy, remarks: j.Remarks, programs: j.Programs, alt: j.AltNames, born: j.Born,
	}
	switch n := j.Number.(type) {
	case string:
		row.number = n
	case float64:
		if n == float64(int64(n)) {
			b, _ := json.Marshal(int64(n)) // an integer always encodes
			row.number = string(b)
		}
	}
	for _, a := range j.Addresses {
		row.countries = append(row.countries, a.Country)
		if line := joined(a.Address, a.City, a.State, a.Postal); line != "" {
			row.addresses = append(row.addresses, joined(line, a.Country))
		}
	}
	for _, id := range j.IDs {
		row.ids = append(row.ids, strings.Join(tidy([]string{id.Type, id.Number, id.Country}, ""), ", "))
	}
	return row
}
