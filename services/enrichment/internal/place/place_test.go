package place

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

func TestTerritoriesHaveTheGroupsOfTheUnitedStates(t *testing.T) {
	t.Parallel()
	g := New([]snapshot.Membership{{Group: "S5A", Country: "US", Span: event.Span{From: "2025-01-13"}}, {Group: "A:1", Country: "US"}, {Group: "D:1", Country: "MO"}})
	us := []event.Group{{Group: "A:1"}, {Group: "S5A", Span: event.Span{From: "2025-01-13"}}}
	want := []event.Place{{Country: "DE"}, {Country: "MO", Groups: []event.Group{{Group: "D:1"}}}, {Country: "PR", Groups: us}, {Country: "US", Groups: us}}
	if d := cmp.Diff(want, g.Places([]event.Country{"US", "PR", "", "MO", "DE", "PR"})); d != "" {
		t.Error(d)
	}
}
