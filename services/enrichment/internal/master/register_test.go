package master

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidegate/tidegate/schemas/event"
)

const (
	level1 = `LEI,Entity.LegalName,Entity.LegalAddress.Country,Entity.HeadquartersAddress.Country,Entity.LegalJurisdiction,Entity.RegistrationAuthority.RegistrationAuthorityEntityID,Registration.RegistrationStatus
529900T8BM49AURSDO55,Harbor Works GmbH,DE,DE,DE,HRB 7,ISSUED
5493001KJTIIGC8Y1R12,Lantern Holding,SG,CN,SG,S-1,ISSUED
`
	level2 = `Relationship.StartNode.NodeID,Relationship.StartNode.NodeIDType,Relationship.EndNode.NodeID,Relationship.EndNode.NodeIDType,Relationship.RelationshipType,Relationship.RelationshipStatus,Relationship.Period.1.startDate,Relationship.Period.1.endDate,Relationship.Period.1.periodType
529900T8BM49AURSDO55,LEI,5493001KJTIIGC8Y1R12,LEI,IS_DIRECTLY_CONSOLIDATED_BY,ACTIVE,2020-01-01T00:00:00Z,,RELATIONSHIP_PERIOD
529900T8BM49AURSDO55,LEI,5493001KJTIIGC8Y1R12,LEI,IS_ULTIMATELY_CONSOLIDATED_BY,ACTIVE,2020-01-01T00:00:00Z,,RELATIONSHIP_PERIOD
`
	exceptions = `LEI,Exception.Category,Exception.Reason.1
5493001KJTIIGC8Y1R12,ULTIMATE_ACCOUNTING_CONSOLIDATION_PARENT,NO_KNOWN_PERSON
`
)

func stakes(s *Set, id string) []string {
	var out []string
	for _, h := range s.OwnersOf(id) {
		out = append(out, fmt.Sprintf("%s [%s] %s..%s %s/%s", h.Holder.ID, h.Holder.Name, h.AtLeast, h.AtMost, h.From, h.Until))
	}
	return out
}

func TestGLEIFSaysWhoIsAboveButNotHowMuch(t *testing.T) {
	t.Parallel()
	s := compiled(t, level1, level2, exceptions)
	want := []string{"lei:5493001KJTIIGC8Y1R12 [Lantern Holding] .. 2020-01-01/", "lei:5493001KJTIIGC8Y1R12 [Lantern Holding] .. 2020-01-01/"}
	if d := cmp.Diff(want, stakes(s, "lei:"+leiA)); d != "" {
		t.Error(d)
	}
	hq, parent := s.Seat(&event.Party{LEI: leiA})
	if hq.Country != "DE" || hq.How != "registry" || parent.Country != "CN" || !strings.Contains(parent.Evidence, "Lantern Holding (lei:"+leiB+")") {
		t.Errorf("%+v %+v", hq, parent)
	}
	hq, parent = s.Seat(&event.Party{LEI: leiB})
	if hq.Country != "CN" || parent.How != "registry_none" || parent.Country != "CN" {
		t.Errorf("%+v %+v", hq, parent)
	}
	if hq, _ = s.Seat(&event.Party{Registration: "hrb7", Address: &event.Address{Country: "DE"}}); hq.Country != "DE" {
		t.Errorf("not found by its number in the register: %+v", hq)
	}
	if hq, parent = s.Seat(&event.Party{Name: "Harbor Works GmbH", Address: &event.Address{Country: "DE"}}); hq.Country != "" || parent.Country != "" {
		t.Errorf("a name alone gave a seat: %+v %+v", hq, parent)
	}
	if id, ok := s.ByName("HARBOR WORKS GMBH", "DE"); !ok || id != "lei:"+leiA {
		t.Error(id, ok)
	}
}

func TestOtherFormsOfGLEIF(t *testing.T) {
	t.Parallel()
	for name, files := range map[string][]string{
		"XML": {
			`<?xml version="1.0"?><lei:LEIData xmlns:lei="http://www.gleif.org/data/schema/leidata/2016"><lei:LEIHeader><lei:ContentDate>2026-11-20T00:00:00Z</lei:ContentDate></lei:LEIHeader><lei:LEIRecords><lei:LEIRecord><lei:LEI>529900T8BM49AURSDO55</lei:LEI><lei:Entity><lei:LegalName xml:lang="de">Harbor Works GmbH</lei:LegalName><lei:LegalAddress><lei:Country>DE</lei:Country></lei:LegalAddress><lei:HeadquartersAddress><lei:Country>DE</lei:Country></lei:HeadquartersAddress></lei:Entity></lei:LEIRecord></lei:LEIRecords></lei:LEIData>`,
			`<rr:RelationshipData xmlns:rr="x"><rr:RelationshipRecord><rr:Relationship><rr:StartNode><rr:NodeID>529900T8BM49AURSDO55</rr:NodeID><rr:NodeIDType>LEI</rr:NodeIDType></rr:StartNode><rr:EndNode><rr:NodeID>5493001KJTIIGC8Y1R12</rr:NodeID><rr:NodeIDType>LEI</rr:NodeIDType></rr:EndNode><rr:RelationshipType>IS_DIRECTLY_CONSOLIDATED_BY</rr:RelationshipType><rr:RelationshipPeriods><rr:RelationshipPeriod><rr:StartDate>2020-01-01</rr:StartDate><rr:PeriodType>RELATIONSHIP_PERIOD</rr:PeriodType></rr:RelationshipPeriod></rr:RelationshipPeriods><rr:RelationshipStatus>ACTIVE</rr:RelationshipStatus></rr:Relationship></rr:RelationshipRecord></rr:RelationshipData>`,
			`<repex:ReportingExceptionData xmlns:repex="x"><repex:ReportingExceptions><repex:Exception><repex:LEI>5493001KJTIIGC8Y1R12</repex:LEI><repex:ExceptionCategory>ULTIMATE_ACCOUNTING_CONSOLIDATION_PARENT</repex:ExceptionCategory><repex:ExceptionReason>NATURAL_PERSONS</repex:ExceptionReason></repex:Exception></repex:ReportingExceptions></repex:ReportingExceptionData>`,
		},
		"JSON of the golden copy": {
			`{"records":[{"LEI":{"$":"529900T8BM49AURSDO55"},"Entity":{"LegalName":{"@xml:lang":"de","$":"Harbor Works GmbH"},"LegalAddress":{"Country":{"$":"DE"}},"HeadquartersAddress":{"Country":{"$":"DE"}}}}]}`,
			`{"relations":[{"RelationshipRecord":{"Relationship":{"StartNode":{"NodeID":{"$":"529900T8BM49AURSDO55"},"NodeIDType":{"$":"LEI"}},"EndNode":{"NodeID":{"$":"5493001KJTIIGC8Y1R12"},"NodeIDType":{"$":"LEI"}},"RelationshipType":{"$":"IS_DIRECTLY_CONSOLIDATED_BY"},"RelationshipPeriods":{"RelationshipPeriod":[{"StartDate":{"$":"2020-01-01"},"PeriodType":{"$":"RELATIONSHIP_PERIOD"}}]},"RelationshipStatus":{"$":"ACTIVE"}}}}]}`,
			`{"exceptions":[{"LEI":{"$":"5493001KJTIIGC8Y1R12"},"ExceptionCategory":{"$":"ULTIMATE_ACCOUNTING_CONSOLIDATION_PARENT"},"ExceptionReason":[{"$":"NATURAL_PERSONS"}]}]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := compiled(t, files...)
			if d := cmp.Diff([]string{"lei:5493001KJTIIGC8Y1R12 [] .. 2020-01-01/"}, stakes(s, "lei:"+leiA)); d != "" {
				t.Error(d)
			}
			f, _ := s.Firm("lei:" + leiB)
			if f.Alone != "NATURAL_PERSONS" {
				t.Errorf("%+v", f)
			}
		})
	}
}

// bods builds statements of a party and of what it holds.
func bods(statements ...string) string { return "[" + strings.Join(statements, ",") + "]" }

func party(id, name, more string) string {
	return fmt.Sprintf(`{"statementId":"s-%s","recordId":"%s","recordType":"entity","recordStatus":"new","statementDate":"2020-01-01","publicationDetails":{"bodsVersion":"0.4"},"recordDetails":{"name":"%s","jurisdiction":{"code":"DE"}%s}}`, id, id, name, more)
}

func stake(id, status, date, of, by, interests string) string { //nolint:unparam // a stake reads as it stands in a register
	return fmt.Sprintf(`{"statementId":"%s","recordId":"r","recordType":"relationship","recordStatus":"%s","statementDate":"%s","recordDetails":{"subject":"%s","interestedParty":"%s","interests":[%s]}}`, id, status, date, of, by, interests)
}

func TestBODSKeepsHistoryAndBounds(t *testing.T) {
	t.Parallel()
	harbor, vale := party("h", "Harbor GmbH", `,"identifiers":[{"scheme":"XI-LEI","id":"529900T8BM49AURSDO55"},{"scheme":"DE-HRB","id":"HRB 7"}]`), party("v", "Vale AG", "")
	share := func(s string) string { return `{"type":"shareholding","directOrIndirect":"direct","share":` + s + `}` }
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"exact", bods(harbor, vale, stake("1", "new", "2020-01-01", "h", "v", share(`{"exact":60}`))), []string{"bods:v [Vale AG] 60..60 /"}},
		{"bounds", bods(harbor, vale, stake("1", "new", "2020-01-01", "h", "v", share(`{"minimum":25,"exclusiveMaximum":50}`))), []string{"bods:v [Vale AG] 25..50 /"}},
		{"one bound", bods(harbor, vale, stake("1", "new", "2020-01-01", "h", "v", share(`{"minimum":75}`))), []string{"bods:v [Vale AG] 75..100 /"}},
		{
			"updated, then closed",
			bods(harbor, vale, stake("1", "new", "2020-01-01", "h", "v", share(`{"exact":60}`)), stake("2", "updated", "2024-05-01", "h", "v", share(`{"exact":40}`)), stake("3", "closed", "2025-06-01", "h", "v", share(`{"exact":40}`))),
			[]string{"bods:v [Vale AG] 60..60 /2024-04-30", "bods:v [Vale AG] 40..40 2024-05-01/2025-05-31"},
		},
		{"dates of the interest", bods(harbor, vale, stake("1", "new", "2020-01-01", "h", "v", `{"type":"shareholding","share":{"exact":60},"startDate":"2019-03-01","endDate":"2021-01-31"}`)), []string{"bods:v [Vale AG] 60..60 2019-03-01/2021-01-31"}},
		{"votes alone are a stake of unknown size", bods(harbor, vale, stake("1", "new", "2020-01-01", "h", "v", `{"type":"votingRights","share":{"exact":60}}`)), []string{"bods:v [Vale AG] .. /"}},
		{"a board member owns nothing", bods(harbor, vale, stake("1", "new", "2020-01-01", "h", "v", `{"type":"boardMember"}`)), nil},
		{"before the parties", bods(stake("1", "new", "2020-01-01", "h", "v", share(`{"exact":60}`)), vale, harbor), []string{"bods:v [Vale AG] 60..60 /"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := compiled(t, tt.text)
			for _, id := range []string{"lei:" + leiA, "reg:DE/HRB7", "bods:h"} {
				if d := cmp.Diff(tt.want, stakes(s, id)); d != "" {
					t.Errorf("%s: %s", id, d)
				}
			}
		})
	}
}

func TestSeveralRegistersSpeakOfOneFirm(t *testing.T) {
	t.Parallel()
	s := compiled(t, level1, "owned_id,owned,owner,owner_country,percent\n529900T8BM49AURSDO55,Harbor,Vale AG,DE,30\n",
		bods(party("h", "Harbor Works", `,"identifiers":[{"scheme":"DE-HRB","id":"HRB 7"}]`), party("m", "Moor KG", ""), stake("1", "new", "2020-01-01", "h", "m", `{"type":"shareholding","share":{"exact":20}}`)))
	want := []string{"bods:m [Moor KG] 20..20 /", "name:DE/valeag [Vale AG] 30..30 /"}
	if d := cmp.Diff(want, stakes(s, "lei:"+leiA)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(want, stakes(s, "bods:h")); d != "" {
		t.Error(d)
	}
}
