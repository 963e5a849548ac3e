package snapshot

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidegate/tidegate/schemas/event"
)

func TestAnOfficialRowStandsWithWhatOnlyTheCuratedOneKnows(t *testing.T) {
	t.Parallel()
	official := Entry{
		ID: "el-cn-lantern-1", List: "EL", Name: "Lantern Works Co., Ltd.", Aliases: []string{"LW"}, Country: "CN", Scope: "all", Citation: "87 FR 1", Certainty: "C",
		Listed: []event.Span{{Until: "2026-05-01"}}, Footnotes: []event.Footnote{{Number: 4, Span: event.Span{From: "2022-10-21"}}},
	}
	curated := Entry{
		ID: "el-cn-lantern", List: "EL", Name: "LANTERN WORKS CO LTD", Also: []string{"灯笼厂"}, Country: "HK", Parent: "CN", Policy: "PoD", Citation: "87 FR 2", Certainty: "R",
		Listed: []event.Span{{From: "2022-12-16"}}, Footnotes: []event.Footnote{{Number: 4, Span: event.Span{From: "2022-12-16"}}},
	}
	want := official
	want.Aliases, want.Also, want.Parent, want.Policy = []string{"LW"}, []string{"灯笼厂"}, "CN", "PoD"
	want.Countries = []event.Country{"HK"}
	want.Listed, want.Footnotes = []event.Span{{From: "2022-12-16", Until: "2026-05-01"}}, curated.Footnotes
	got := Beside([]Entry{curated}, []Entry{official})
	if diff := cmp.Diff([]Entry{want}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"LW"}, official.Aliases); diff != "" {
		t.Error("the official row given was changed:", diff)
	}
}

func TestRowsOfOtherPartiesStandBesideEachOther(t *testing.T) {
	t.Parallel()
	official := Entry{ID: "a", List: "EL", Name: "Lantern Works", Country: "CN", Listed: []event.Span{{}}}
	for name, curated := range map[string]Entry{
		"another list":    {ID: "b", List: "MEU", Name: "Lantern Works", Country: "CN", Listed: []event.Span{{}}},
		"another country": {ID: "b", List: "EL", Name: "Lantern Works", Country: "DE", Listed: []event.Span{{}}},
		"another name":    {ID: "b", List: "EL", Name: "Lantern Worx", Country: "CN", Listed: []event.Span{{}}},
		"a person":        {ID: "b", List: "EL", Name: "Lantern Works", Person: true, Country: "CN", Listed: []event.Span{{}}},
		"an address":      {ID: "b", List: "EL", Name: "Lantern Works", AddressOnly: true, Country: "CN", Listed: []event.Span{{}}},
	} {
		if got := Beside([]Entry{curated}, []Entry{official}); len(got) != 2 {
			t.Errorf("%s: %v", name, got)
		}
	}
}
