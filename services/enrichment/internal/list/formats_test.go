package list

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

const deniedHeader = "\"Name\"\t\"Street_Address\"\t\"City\"\t\"State\"\t\"Country\"\t\"Postal_Code\"\t\"Effective_Date\"\t\"Expiration_Date\"\t\"Standard_Order\"\t\"Last_Update\"\t\"Action\"\t\"FR_Citation\"\n"

func TestDeniedPersons(t *testing.T) {
	t.Parallel()
	// Two rows of one order are one entry; a leading blank goes; a last update in 3017 is not looked at.
	file := deniedHeader +
		"\" ANN LANTERN\"\t\"1 MILL ROAD\"\t\"EL PASO\"\t\"TX\"\t\"\"\t\"79905\"\t\"08/24/2022\"\t\"01/14/2026\"\t\"Y\"\t\"3017-01-31\"\t\"ADDED\"\t\"87 F.R. 52741 8/29/2022\"\n" +
		"\"ANN LANTERN\"\t\"2 PIER\"\t\"BREMEN\"\t\"\"\t\"DE\"\t\"\"\t\"08/24/2022\"\t\"01/14/2026\"\t\"Y\"\t\"\"\t\"ADDED\"\t\"87 F.R. 52741 8/29/2022\"\n"
	got := entries(t, set("dpl.txt", file), "dpl.txt", Options{Published: "2023-01-02"})
	want := []snapshot.Entry{{
		ID: stableID("DPL", "ANN LANTERN", "", "2022-08-24"), List: "DPL", Name: "ANN LANTERN", Country: "US", Countries: []event.Country{"DE"},
		Addresses: []string{"1 MILL ROAD, EL PASO, TX, 79905, US", "2 PIER, BREMEN, DE"}, Policy: "prohibited", Scope: "all",
		Citation: "87 F.R. 52741 8/29/2022", Certainty: "C", Listed: []event.Span{{From: "2022-08-24", Until: "2026-01-14"}},
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	refused(t, set("dpl.txt", deniedHeader+"\"A\"\t\"\"\n"), "dpl.txt", Options{Published: "2023-01-02"}, "row 2: 2 columns, want 12")
}

func TestRegister(t *testing.T) {
	t.Parallel()
	file := `{"list_id": "bis-entity-list", "extracted": "2026-07-09", "count": 2, "entities": [
	 {"name": "Address 07", "aliases": [], "country": "China", "address": "5/F Lantern House, Hong Kong.", "federal_register": "89 FR 1, 6/18/24", "notes": "For items on the CCL"},
	 {"name": "Lantern Works (a.k.a. \u201cLW\u201d)", "aliases": ["Lantern Factory"], "country": "Germany", "address": "1 Mill Road; and 2 Pier. (See alternate addresses under Pakistan).",
	  "federal_register": "62 FR 4910, 2/3/97", "notes": "All items (See §§ 734.9(e)(2) and 744.11)", "effective_date": null}]}`
	got := entries(t, set("el.json", file), "el.json", Options{})
	want := []snapshot.Entry{
		{
			ID: stableID("EL", "Lantern Works", "DE", "62 FR 4910"), List: "EL", Name: "Lantern Works", Aliases: []string{"Lantern Factory", "LW"}, Country: "DE",
			Addresses: []string{"1 Mill Road", "2 Pier"}, Footnotes: []event.Footnote{{Number: 4, Span: event.Span{From: "2022-10-21"}}}, Notes: []string{"footnote 4 counted from the first day it can have"}, Scope: "all", Citation: "62 FR 4910, 2/3/97", Certainty: "C",
			Listed: []event.Span{{From: "1997-02-03"}}, Requirement: "All items (See §§ 734.9(e)(2) and 744.11)",
		},
		{
			ID: stableID("EL", "Address 07", "HK", "89 FR 1"), List: "EL", Name: "Address 07", AddressOnly: true, Country: "HK", Addresses: []string{"5/F Lantern House, Hong Kong"},
			Scope: "ccl", Citation: "89 FR 1, 6/18/24", Certainty: "C", Listed: []event.Span{{From: "2024-06-18"}}, Requirement: "For items on the CCL",
		},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestScreeningListAsJSON(t *testing.T) {
	t.Parallel()
	file := `{"total": 1, "source_generated_at": "2026-07-31T13:15:00Z", "results": [{"source": "Specially Designated Nationals (SDN) - Treasury Department", "entity_number": 7,
	 "type": "Individual", "programs": ["MOON"], "name": "LANTERN, Ann", "addresses": [{"address": "3 Pier", "city": "Havana", "country": "CU"}], "alt_names": ["LATERNE, Anne"],
	 "dates_of_birth": ["1970-02-01"], "ids": [{"type": "Passport", "number": "A1", "country": "CU"}]}]}`
	f, err := Import(set("csl.json", file), "csl.json", Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []snapshot.Edition{{List: "SDN", Feed: "ofac", Published: "2026-07-31", Rows: 1, Entries: []snapshot.Entry{{
		ID: "sdn-7", List: "SDN", Name: "LANTERN, Ann", Person: true, Aliases: []string{"LATERNE, Anne"}, Country: "CU", Addresses: []string{"3 Pier, Havana, CU"}, Programs: []string{"MOON"},
		Born: []string{"1970-02-01"}, IDs: []string{"Passport, A1, CU"}, Policy: "prohibited", Scope: "all", Citation: "31 CFR chapter V", Certainty: "C", Listed: []event.Span{{}},
	}}}}
	if d := cmp.Diff(want, f.Editions); d != "" {
		t.Error(d)
	}
}

func TestUnitedNations(t *testing.T) {
	t.Parallel()
	file := `<?xml version="1.0"?><CONSOLIDATED_LIST dateGenerated="2026-02-27T00:00:09Z"><INDIVIDUALS><INDIVIDUAL><DATAID>7</DATAID><FIRST_NAME>ANN</FIRST_NAME><SECOND_NAME>LANTERN</SECOND_NAME>
	<UN_LIST_TYPE>MOON</UN_LIST_TYPE><REFERENCE_NUMBER>MOi.001</REFERENCE_NUMBER><LISTED_ON>2012-12-31</LISTED_ON><NATIONALITY><VALUE>Cuba</VALUE></NATIONALITY>
	<INDIVIDUAL_ALIAS><QUALITY>Good</QUALITY><ALIAS_NAME>Anne Laterne</ALIAS_NAME></INDIVIDUAL_ALIAS><INDIVIDUAL_ALIAS><QUALITY>Low</QUALITY><ALIAS_NAME>Annie</ALIAS_NAME></INDIVIDUAL_ALIAS>
	<INDIVIDUAL_ADDRESS><STREET>3 Pier</STREET><CITY>Havana</CITY><COUNTRY>Cuba</COUNTRY></INDIVIDUAL_ADDRESS><INDIVIDUAL_DATE_OF_BIRTH><YEAR>1970</YEAR></INDIVIDUAL_DATE_OF_BIRTH>
	<INDIVIDUAL_DOCUMENT><TYPE_OF_DOCUMENT>Passport</TYPE_OF_DOCUMENT><NUMBER>A1</NUMBER></INDIVIDUAL_DOCUMENT></INDIVIDUAL></INDIVIDUALS></CONSOLIDATED_LIST>`
	got := entries(t, set("un.xml", file), "un.xml", Options{})
	want := []snapshot.Entry{{
		ID: "un-7", List: "UN", Name: "ANN LANTERN", Person: true, Aliases: []string{"Anne Laterne"}, Weak: []string{"Annie"}, Country: "CU", Addresses: []string{"3 Pier, Havana, Cuba"},
		Programs: []string{"MOON"}, Born: []string{"1970"}, IDs: []string{"Passport, A1"}, Citation: "MOi.001", Scope: "all", Certainty: "C", Listed: []event.Span{{From: "2012-12-31"}},
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestJapan(t *testing.T) {
	t.Parallel()
	file := `[{"id": "jp-eul-1", "list_id": "jp-end-user-list", "entity_name": "Lantern Works", "aliases": ["LW"], "addresses": ["Islamic Republic of Iran"], "entity_type": "organization", "date_added": null, "reason": "M"}]`
	got := entries(t, set("jp-2025-09-29.json", file), "jp-2025-09-29.json", Options{})
	want := []snapshot.Entry{{
		ID: stableID("METI", "Lantern Works", "IR", ""), List: "METI", Name: "Lantern Works", Aliases: []string{"LW"}, Country: "IR", Notes: []string{"M"},
		Scope: "all", Citation: "Foreign End User List (METI)", Certainty: "C", Listed: []event.Span{{}},
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestOwnTable(t *testing.T) {
	t.Parallel()
	file := "id,list,name,aliases,kind,country,listed_from,citation\nletter-1,EL,Lantern Works,LW; Lantern Factory,entity,China,2026-01-05,letter of 2026-01-05\n,,\"Pier, Ann\",,person,DE,,\n"
	got := entries(t, set("own.csv", file), "own.csv", Options{Published: "2026-02-01"})
	want := []snapshot.Entry{
		{
			ID: "own-letter-1", List: "EL", Name: "Lantern Works", Aliases: []string{"LW", "Lantern Factory"}, Country: "CN", Scope: "all", Citation: "letter of 2026-01-05", Certainty: "C",
			Listed: []event.Span{{From: "2026-01-05"}},
		},
		{ID: stableID("own", "Pier, Ann", "DE", ""), List: "OWN", Name: "Pier, Ann", Person: true, Country: "DE", Scope: "all", Citation: "own list", Certainty: "C", Listed: []event.Span{{}}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	refused(t, set("own.csv", "name,list\nA,MOON\n"), "own.csv", Options{Published: "2026-02-01"}, `row 2: list "MOON" does not exist`)
	refused(t, set("own.csv", "name,country\nA,Moon\n"), "own.csv", Options{Published: "2026-02-01"}, `row 2: country "Moon" is not known`)
}

func TestFollowTheMoney(t *testing.T) {
	t.Parallel()
	file := `{"id": "a-1", "schema": "Company", "properties": {"name": ["Lantern Works", "LW"], "weakAlias": ["L"], "country": ["cn"], "address": ["1 Mill Road"], "startDate": ["2026-01-05"]}}
{"id": "a-2", "schema": "Address", "properties": {"full": ["1 Mill Road"]}}
`
	got := entries(t, set("own.json", file), "own.json", Options{Published: "2026-02-01"})
	want := []snapshot.Entry{{
		ID: "own-a-1", List: "OWN", Name: "Lantern Works", Aliases: []string{"LW"}, Weak: []string{"L"}, Country: "CN", Addresses: []string{"1 Mill Road"}, Scope: "all", Citation: "own list",
		Certainty: "C", Listed: []event.Span{{From: "2026-01-05"}},
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

const euFile = `<export xmlns="http://eu.europa.ec/fpi/fsd/export" generationDate="2026-02-27T10:00:00Z"><sanctionEntity euReferenceNumber="EU.1.2" logicalId="7">
	<regulation numberTitle="2026/1 (OJ L1)" entryIntoForceDate="2026-01-05" programme="MOON"/><subjectType code="enterprise"/><nameAlias wholeName="Lantern Works" strong="true"/>
	<nameAlias wholeName="LW" strong="false"/><address street="1 Mill Road" city="Havana" countryIso2Code="CU"/><identification number="A1" identificationTypeCode="regnumber"/></sanctionEntity></export>`

func TestEurope(t *testing.T) {
	t.Parallel()
	got := entries(t, set("eu.xml", euFile), "eu.xml", Options{})
	want := []snapshot.Entry{{
		ID: "eu-7", List: "EU", Name: "Lantern Works", Weak: []string{"LW"}, Country: "CU", Addresses: []string{"1 Mill Road, Havana, CU"}, Programs: []string{"MOON"}, IDs: []string{"regnumber, A1"},
		Citation: "2026/1 (OJ L1)", Scope: "all", Certainty: "C", Listed: []event.Span{{From: "2026-01-05"}},
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

const ukFile = `<Designations><Designation><UniqueID>MON0001</UniqueID><Names><Name><Name6>LANTERN</Name6><Name1>ANN</Name1><NameType>Primary Name</NameType></Name>
	<Name><Name6>ANNIE</Name6><NameType>Alias</NameType></Name></Names><RegimeName>Moon</RegimeName><IndividualEntityShip>Individual</IndividualEntityShip><DateDesignated>05/02/2026</DateDesignated>
	<Addresses><Address><AddressLine1>3 Pier</AddressLine1><AddressCountry>Cuba</AddressCountry></Address></Addresses></Designation></Designations>`

func TestUnitedKingdom(t *testing.T) {
	t.Parallel()
	got := entries(t, set("uk.xml", ukFile), "uk.xml", Options{Published: "2026-03-01"})
	want := []snapshot.Entry{{
		ID: "uk-MON0001", List: "UK", Name: "ANN LANTERN", Person: true, Aliases: []string{"ANNIE"}, Country: "CU", Addresses: []string{"3 Pier, Cuba"}, Programs: []string{"Moon"},
		Citation: "MON0001 Moon", Scope: "all", Certainty: "C", Listed: []event.Span{{From: "2026-02-05"}},
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
