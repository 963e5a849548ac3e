package entity

import (
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/match"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

func TestAWeakAliasTellsLess(t *testing.T) {
	t.Parallel()
	person := snapshot.Entry{ID: "p", Name: "Jonas Emil Brightwater", Aliases: []string{"Lanternjo", "Jonas Lantern"}, Person: true, Country: "CN"}
	d := NewDirectory([]snapshot.Entry{person})
	for name, tc := range map[string]struct {
		query   string
		country event.Country
		want    event.Milli
	}{
		"the name":                           {"Jonas Emil Brightwater", "", 1000},
		"a full alias":                       {"Jonas Lantern", "", 990},
		"one name alone, country unknown":    {"Lanternjo", "", scoreAbbreviation},
		"one name alone, in another country": {"Lanternjo", "DE", scoreAbbrElsewhere},
		"one name alone, in the country":     {"Lanternjo", "CN", 990},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ms, _ := d.byName("name", tc.query, tc.country)
			if len(ms) == 0 || ms[0].Score != tc.want {
				t.Errorf("%v, want %s", ms, tc.want)
			}
		})
	}
}

func TestAPairIsScoredAsAPartyWouldBe(t *testing.T) {
	t.Parallel()
	if s := ScorePair("Kestrel Compute", "Kestrel Compute", match.Company); s != 1000 {
		t.Errorf("the same string: %s", s)
	}
	if near, far := ScorePair("Lantern Harbour Works", "Lantern Kestrel Mill", match.Company), ScorePair("Juniper Vale", "Lantern Kestrel Mill", match.Company); near <= far || near >= review {
		t.Errorf("below the floor the order is lost: %s and %s", near, far)
	}
}
