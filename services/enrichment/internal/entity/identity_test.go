package entity

import (
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

func identified() *Directory {
	return NewDirectory([]snapshot.Entry{
		{ID: "x-1", List: "SDN", Name: "LANTERN, Anna Maria", Person: true, Country: "CU", Born: []string{"10 Dec 1948"}, IDs: []string{"Passport B7654321 (Cuba)"}, Weak: []string{"Mariposa"}},
		{ID: "x-2", List: "SDN", Name: "Lantern Bulk Holding", Country: "CY", IDs: []string{"Legal Entity Number, 529900T8BM49AURSDO55, CY", "Registration ID, 4455667, CY"}},
		{ID: "x-3", List: "SDN", Name: "MORNING LANTERN", Kind: "vessel", IDs: []string{"Vessel Registration Identification IMO 9074729"}},
		{ID: "x-4", List: "SDN", Name: "ORTEGA VILLANUEVA, Benito", Person: true, Born: []string{"circa 1960"}},
	})
}

// TestIdentity says what identifiers and dates of birth do to the score of an entry.
func TestIdentity(t *testing.T) {
	t.Parallel()
	d := identified()
	person := func(born string) event.Party { return event.Party{Name: "Anna Maria Lantern", Born: born} }
	for name, tc := range map[string]struct {
		party     event.Party
		entry     string
		field     string
		score     event.Milli
		confirmed int
		contrary  int
	}{
		"a name alone":                          {person(""), "x-1", "name", 940, 0, 0},
		"born the same day":                     {person("1948-12-10"), "x-1", "name", 990, 1, 0},
		"born the same year":                    {person("1948"), "x-1", "name", 960, 1, 0},
		"born another day of the year":          {person("1948-11-10"), "x-1", "name", 940, 0, 0},
		"born the year after":                   {person("1949-12-10"), "x-1", "name", 940, 0, 0},
		"born twenty years later":               {person("1968-12-10"), "x-1", "name", 740, 0, 1},
		"born near a year that is about right":  {event.Party{Name: "Benito Ortega Villanueva", Born: "1963"}, "x-4", "name", 940, 0, 0},
		"born far from a year about right":      {event.Party{Name: "Benito Ortega Villanueva", Born: "1970"}, "x-4", "name", 740, 0, 1},
		"the exact name of another person":      {event.Party{Name: "LANTERN, Anna Maria", Born: "1990-01-01"}, "x-1", "name", 800, 0, 1},
		"a passport under another name":         {event.Party{Name: "Hilda Brightwater", Identifiers: []string{"passport B 7654321 (Cuba)"}}, "x-1", "identifier", 850, 1, 0},
		"a passport of the same country":        {event.Party{Name: "Hilda Brightwater", Identifiers: []string{"Passport B7654321, CU"}}, "x-1", "identifier", 850, 1, 0},
		"an LEI under another name":             {event.Party{Name: "Brightwater Freight", LEI: "529900T8BM49AURSDO55"}, "x-2", "identifier", 980, 1, 0},
		"an LEI and the name":                   {event.Party{Name: "Lantern Bulk Holdings", LEI: "529900T8BM49AURSDO55"}, "x-2", "name", 990, 1, 0},
		"the name with another LEI":             {event.Party{Name: "Lantern Bulk Holding", LEI: "253400V1H6ART1UQ0N98"}, "x-2", "name", 850, 0, 1},
		"a registration number of the country":  {event.Party{Name: "Brightwater", Registration: "44 55 667", Address: &event.Address{Country: "CY"}}, "x-2", "identifier", 950, 1, 0},
		"a registration number of another one":  {event.Party{Name: "Brightwater", Registration: "4455667", Address: &event.Address{Country: "DE"}}, "x-2", "", 0, 0, 0},
		"a ship under another name":             {event.Party{Name: "Evening Star", Identifiers: []string{"IMO 9074729"}}, "x-3", "identifier", 980, 1, 0},
		"a ship of the name and another number": {event.Party{Name: "Morning Lantern", Identifiers: []string{"IMO 9187629"}}, "x-3", "name", 820, 0, 1},
		"a weak alias is no hit":                {event.Party{Name: "Mariposa", Address: &event.Address{Country: "CU"}}, "x-1", "name", 890, 0, 0},
		"a weak alias elsewhere is little":      {event.Party{Name: "Mariposa", Address: &event.Address{Country: "DE"}}, "x-1", "name", 650, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got event.Match
			for _, m := range d.Party(&tc.party, nil, nil).Matches {
				if m.Entry == tc.entry && (got.Entry == "" || tc.field == m.Field) {
					got = m
				}
			}
			if got.Score != tc.score || got.Field != tc.field || len(got.Confirmed) != tc.confirmed || len(got.Contrary) != tc.contrary {
				t.Errorf("got %s by %s, confirmed %q, contradicted %q; want %s by %s, %d, %d", got.Score, got.Field, got.Confirmed, got.Contrary, tc.score, tc.field, tc.confirmed, tc.contrary)
			}
		})
	}
}

func TestWeakAliasesAreFlagged(t *testing.T) {
	t.Parallel()
	p := event.Party{Name: "Mariposa", Address: &event.Address{Country: "CU"}}
	ms := identified().Party(&p, nil, nil).Matches
	if len(ms) != 1 || !ms[0].Weak || !ms[0].Alias {
		t.Errorf("%+v", ms)
	}
}
