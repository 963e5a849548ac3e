package list

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

const (
	sdnFile = "7,\"LANTERN, Ann\",\"individual\",\"MOON] [TIDE\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,\"DOB 01 Feb 1970; alt. DOB 1971; nationality Cuba; Passport A1 (Cuba); a.k.a. 'ANNIE'; Linked To: LANTERN WO\"\r\n" +
		"9,\"SEA LANTERN\",\"vessel\",\"MOON\",-0- ,-0- ,-0- ,-0- ,-0- ,\"Panama\",-0- ,\"Vessel Registration Identification IMO 1234567.\"\r\n\x1a"
	altFile     = "7,1,\"aka\",\"LATERNE, Anne\",-0- \r\n\x1a"
	addFile     = "7,1,\"3 Pier\",\"Havana 10100\",\"Cuba\",-0- \r\n7,2,-0- ,-0- ,\"Germany\",-0- \r\n\x1a"
	commentFile = "7,\"RKS; a.k.a. 'LIGHT'.\"\r\n\x1a"
)

func TestTreasurySet(t *testing.T) {
	t.Parallel()
	got := entries(t, set("sdn.csv", sdnFile, "alt.csv", altFile, "add.csv", addFile, "sdn_comments.csv", commentFile), "sdn.csv", Options{Published: "2026-01-02"})
	want := []snapshot.Entry{
		{
			ID: "sdn-7", List: "SDN", Name: "LANTERN, Ann", Person: true, Aliases: []string{"LATERNE, Anne"}, Weak: []string{"ANNIE", "LIGHT"}, Country: "CU", Countries: []event.Country{"DE"},
			Addresses: []string{"3 Pier, Havana 10100, Cuba"}, Programs: []string{"MOON", "TIDE"}, Born: []string{"01 Feb 1970", "1971"}, IDs: []string{"Passport A1 (Cuba)"},
			Citation: "31 CFR chapter V; programs MOON, TIDE", Policy: "prohibited", Scope: "all", Certainty: "C", Listed: []event.Span{{}},
		},
		{
			ID: "sdn-9", List: "SDN", Name: "SEA LANTERN", Kind: "vessel", Country: "PA", Programs: []string{"MOON"}, IDs: []string{"Vessel Registration Identification IMO 1234567"},
			Citation: "31 CFR chapter V; programs MOON", Policy: "prohibited", Scope: "all", Certainty: "C", Listed: []event.Span{{}},
		},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestTreasurySetWithAPartMissing(t *testing.T) {
	t.Parallel()
	fsys := set("sdn.csv", sdnFile, "add.csv", addFile)
	refused(t, fsys, "sdn.csv", Options{Published: "2026-01-02"}, "alt.csv is missing")
	f, err := Import(fsys, "sdn.csv", Options{Published: "2026-01-02", Lenient: true})
	if err != nil || strings.Join(f.Editions[0].Gaps, "") != "no aliases (alt.csv was missing)" {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestTreasuryRowsAtFault(t *testing.T) {
	t.Parallel()
	rest := []string{"alt.csv", altFile, "add.csv", addFile}
	for name, tc := range map[string]struct{ sdn, want string }{
		"a number twice":     {sdnFile[:len(sdnFile)-1] + "7,\"B\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \n", "sdn.csv: row 3: entity 7 stands twice"},
		"no number":          {sdnFile[:len(sdnFile)-1] + "x,\"B\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \n", `sdn.csv: row 3: "x" is no entity number`},
		"an alias of nobody": {strings.Replace(sdnFile, "7,", "8,", 1), "alt.csv: row 1: entity 7 is not in the primary file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, set(append([]string{"sdn.csv", tc.sdn}, rest...)...), "sdn.csv", Options{Published: "2026-01-02"}, tc.want)
		})
	}
}

func TestListsOfTheConsolidatedSet(t *testing.T) {
	t.Parallel()
	for program, want := range map[string]string{"CMIC-EO13959": "CMIC", "SDGT] [NS-PLC": "PLC", "561-Related": "CAP", "UKRAINE-EO13662] [RUSSIA-EO14024": "SSI", "RUSSIA-EO14024": "MBS"} {
		if got := treasuryList(strings.Split(program, "] [")); got != want {
			t.Errorf("%s is %s, want %s", program, got, want)
		}
	}
}
