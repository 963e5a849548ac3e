package list

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

const advancedFile = `<?xml version="1.0" encoding="utf-8"?>
<Sanctions xmlns="https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/ADVANCED_XML">
<DateOfIssue CalendarTypeID="1"><Year>2026</Year><Month>2</Month><Day>27</Day></DateOfIssue>
<ReferenceValueSets>
	<AreaCodeValues><AreaCode ID="11052" CountryID="22" Description="Cuba">CU</AreaCode></AreaCodeValues>
	<CountryValues><Country ID="22" ISO2="CU">Cuba</Country><Country ID="23" ISO2="DE">Germany</Country></CountryValues>
	<FeatureTypeValues><FeatureType ID="8">Birthdate</FeatureType><FeatureType ID="9">Place of Birth</FeatureType><FeatureType ID="25">Location</FeatureType><FeatureType ID="1">Vessel Registration Identification IMO</FeatureType></FeatureTypeValues>
	<IDRegDocTypeValues><IDRegDocType ID="1571">Passport</IDRegDocType></IDRegDocTypeValues>
	<ListValues><List ID="1550">SDN List</List><List ID="91512">Sectoral Sanctions Identifications List</List></ListValues>
	<LocPartTypeValues><LocPartType ID="1451">ADDRESS1</LocPartType><LocPartType ID="1454">CITY</LocPartType></LocPartTypeValues>
	<NamePartTypeValues><NamePartType ID="1520">Last Name</NamePartType><NamePartType ID="1521">First Name</NamePartType><NamePartType ID="1525">Entity Name</NamePartType><NamePartType ID="1526">Vessel Name</NamePartType></NamePartTypeValues>
	<PartySubTypeValues><PartySubType ID="1" PartyTypeID="4">Vessel</PartySubType><PartySubType ID="3" PartyTypeID="2">Unknown</PartySubType><PartySubType ID="4" PartyTypeID="1">Unknown</PartySubType></PartySubTypeValues>
</ReferenceValueSets>
<Locations>
	<Location ID="5"><LocationAreaCode AreaCodeID="11052"/><LocationPart LocPartTypeID="1451"><LocationPartValue Primary="true"><Value>3 Pier</Value></LocationPartValue></LocationPart><LocationPart LocPartTypeID="1454"><LocationPartValue Primary="true"><Value>Havana</Value></LocationPartValue></LocationPart></Location>
	<Location ID="6"><LocationCountry CountryID="23"/><LocationPart LocPartTypeID="1454"><LocationPartValue Primary="true"><Value>Bonn</Value></LocationPartValue></LocationPart></Location>
</Locations>
<IDRegDocuments><IDRegDocument ID="1" IDRegDocTypeID="1571" IdentityID="70" IssuedBy-CountryID="22"><IDRegistrationNo>A1</IDRegistrationNo></IDRegDocument></IDRegDocuments>
<DistinctParties>
	<DistinctParty FixedRef="7"><Profile ID="7" PartySubTypeID="4"><Identity ID="70" Primary="true">
		<Alias AliasTypeID="1403" Primary="true" LowQuality="false"><DocumentedName><DocumentedNamePart><NamePartValue NamePartGroupID="1">LANTERN</NamePartValue></DocumentedNamePart><DocumentedNamePart><NamePartValue NamePartGroupID="2">Ann</NamePartValue></DocumentedNamePart></DocumentedName></Alias>
		<Alias AliasTypeID="1400" Primary="false" LowQuality="true"><DocumentedName><DocumentedNamePart><NamePartValue NamePartGroupID="2">ANNIE</NamePartValue></DocumentedNamePart></DocumentedName></Alias>
		<NamePartGroups><MasterNamePartGroup><NamePartGroup ID="1" NamePartTypeID="1520"/></MasterNamePartGroup><MasterNamePartGroup><NamePartGroup ID="2" NamePartTypeID="1521"/></MasterNamePartGroup></NamePartGroups></Identity>
		<Feature FeatureTypeID="8"><FeatureVersion><DatePeriod><Start><From><Year>1970</Year><Month>2</Month><Day>1</Day></From></Start></DatePeriod></FeatureVersion></Feature>
		<Feature FeatureTypeID="9"><FeatureVersion><VersionLocation LocationID="6"/></FeatureVersion></Feature>
		<Feature FeatureTypeID="25"><FeatureVersion><VersionLocation LocationID="5"/></FeatureVersion></Feature></Profile></DistinctParty>
	<DistinctParty FixedRef="9"><Profile ID="9" PartySubTypeID="1"><Identity ID="90" Primary="true">
		<Alias Primary="true" LowQuality="false"><DocumentedName><DocumentedNamePart><NamePartValue NamePartGroupID="3">SEA LANTERN</NamePartValue></DocumentedNamePart></DocumentedName></Alias>
		<NamePartGroups><MasterNamePartGroup><NamePartGroup ID="3" NamePartTypeID="1526"/></MasterNamePartGroup></NamePartGroups></Identity>
		<Feature FeatureTypeID="1"><FeatureVersion><VersionDetail DetailTypeID="1432">IMO 1234567</VersionDetail></FeatureVersion></Feature></Profile></DistinctParty>
</DistinctParties>
<SanctionsEntries>
	<SanctionsEntry ID="7" ProfileID="7" ListID="1550"><EntryEvent><Date><Year>2019</Year><Month>5</Month><Day>3</Day></Date></EntryEvent><SanctionsMeasure SanctionsTypeID="1"><Comment>MOON</Comment></SanctionsMeasure><SanctionsMeasure SanctionsTypeID="2"><Comment/></SanctionsMeasure></SanctionsEntry>
	<SanctionsEntry ID="9" ProfileID="9" ListID="91512"><EntryEvent><Date><Year>2020</Year><Month>1</Month><Day>2</Day></Date></EntryEvent></SanctionsEntry>
</SanctionsEntries></Sanctions>`

func TestTreasuryAsAdvancedXML(t *testing.T) {
	t.Parallel()
	got := entries(t, set("sdn_advanced.xml", advancedFile), "sdn_advanced.xml", Options{})
	want := []snapshot.Entry{
		{
			ID: "sdn-7", List: "SDN", Name: "LANTERN, Ann", Person: true, Weak: []string{"ANNIE"}, Country: "CU", Addresses: []string{"3 Pier, Havana, CU"}, Programs: []string{"MOON"},
			Born: []string{"1970-02-01"}, IDs: []string{"Passport A1 (CU)"}, Citation: "31 CFR chapter V; programs MOON", Policy: "prohibited", Scope: "all", Certainty: "C",
			Listed: []event.Span{{From: "2019-05-03"}},
		},
		{
			ID: "ssi-9", List: "SSI", Name: "SEA LANTERN", Kind: "vessel", IDs: []string{"Vessel Registration Identification IMO 1234567"}, Citation: "E.O. 13662", Scope: "all", Certainty: "C",
			Listed: []event.Span{{From: "2020-01-02"}},
		},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestAdvancedXMLThatIsNotWhole(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ old, with, want string }{
		"an entry of nobody":        {`ProfileID="9"`, `ProfileID="8"`, `profile "8", which is not in the file`},
		"a list nobody knows":       {`ListID="1550"`, `ListID="2"`, "no list known here"},
		"a party that is not named": {"SEA LANTERN", "", "profile 9 has no primary name"},
		"a profile twice":           {`<Profile ID="9"`, `<Profile ID="7"`, `profile "7" has no number of its own`},
		"cut off":                   {"</SanctionsEntries></Sanctions>", "", "unexpected EOF"},
		"no parties":                {"DistinctParty", "OtherParty", "no parties"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, set("a.xml", strings.ReplaceAll(advancedFile, tc.old, tc.with)), "a.xml", Options{}, tc.want)
		})
	}
}

func FuzzTreasuryAsAdvancedXML(f *testing.F) { fuzz(f, "ofac-xml", "f", advancedFile) }
