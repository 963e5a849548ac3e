package list

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

// entity is a FollowTheMoney entity: a schema, and properties that each hold several strings.
type entity struct {
	ID         string              `json:"id"`
	Schema     string              `json:"schema"`
	Caption    string              `json:"caption"`
	Properties map[string][]string `json:"properties"`
}

func isFollowTheMoney(_ string, head []byte) bool {
	line, _, _ := bytes.Cut(bytes.TrimSpace(head), []byte("\n"))
	return bytes.HasPrefix(line, []byte("{")) && bytes.Contains(line, []byte(`"schema"`)) && bytes.Contains(line, []byte(`"properties"`))
}

var partySchemas = map[string]string{
	"LegalEntity": "", "Company": "", "Organization": "", "PublicBody": "", "Person": "person", "Vessel": "vessel", "Airplane": "aircraft",
}

// readFollowTheMoney reads one entity a line. Schemas of parties, vessels and airplanes become rows of the list OWN;
// others, as Address and Ownership, stand in no row and are passed over. Used are name, alias, weakAlias, country,
// jurisdiction, nationality, address, birthDate, idNumber, passportNumber, registrationNumber, imoNumber, startDate,
// endDate, notes, sourceUrl, programId.
func readFollowTheMoney(r *reading) error {
	m, done, err := r.open(r.name)
	if err != nil {
		return err
	}
	defer done()
	r.feed = "ftm"
	b := bufio.NewReaderSize(m, MaxRow)
	for n := 1; ; n++ {
		m.row(m.n)
		line, err := b.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return fmt.Errorf("row %d: %w", n, errLong)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if len(bytes.TrimSpace(line)) > 0 {
			if err := r.entity(n, line); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
	}
}

func (r *reading) entity(n int, line []byte) error {
	var f entity
	if err := json.Unmarshal(line, &f); err != nil {
		return r.fault("", n, "%v", err)
	}
	kind, ok := partySchemas[f.Schema]
	if !ok {
		return nil
	}
	p := f.Properties
	names := p["name"]
	if len(names) == 0 && f.Caption != "" {
		names = []string{f.Caption}
	}
	from, ok1 := parseDate(one(p["startDate"]))
	until, ok2 := parseDate(one(p["endDate"]))
	switch {
	case f.ID == "" || len(names) == 0 || squeeze(names[0]) == "":
		return r.fault("", n, "id or name is missing")
	case !ok1, !ok2:
		return r.fault("", n, "startDate or endDate is no date")
	}
	e := snapshot.Entry{
		ID: "own-" + f.ID, List: "OWN", Name: names[0], Aliases: append(names[1:], p["alias"]...), Weak: p["weakAlias"], Person: kind == "person",
		Addresses: p["address"], Born: p["birthDate"], Programs: p["programId"], Citation: one(p["sourceUrl"]), Notes: p["notes"],
		Listed: []event.Span{{From: from, Until: until}},
	}
	if kind == "vessel" || kind == "aircraft" {
		e.Kind = kind
	}
	for _, prop := range []string{"idNumber", "passportNumber", "registrationNumber", "imoNumber"} {
		e.IDs = append(e.IDs, p[prop]...)
	}
	for _, prop := range []string{"country", "jurisdiction", "nationality"} {
		for _, c := range p[prop] {
			place(&e, countryOf(upper2(c)))
		}
	}
	commerce(&e)
	return r.add(e)
}

func one(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// upper2 writes a two-letter code in capitals, as country codes stand in small letters here.
func upper2(s string) string {
	if len(s) == 2 {
		return string(bytes.ToUpper([]byte(s)))
	}
	return s
}
