package master

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/place"
)

// What GLEIF publishes: level 1 says who a firm is, level 2 into whose accounts it is consolidated, exceptions why no parent
// is reported. Consolidation is no share: a parent's stake is unknown.

// entity is a level 1 record.
type entity struct {
	lei, name, country, hq, jurisdiction, number, status string
	others                                               []string
}

// relation is a level 2 record.
type relation struct {
	start, end, startType, endType, kind, status, registration string
	from, until                                                event.Date
}

// exception is why no parent is reported.
type exception struct{ lei, category, reason string }

// The relationships that are read, and those that say nothing of who owns whom.
const (
	directParent   = "IS_DIRECTLY_CONSOLIDATED_BY"
	ultimateParent = "IS_ULTIMATELY_CONSOLIDATED_BY"
	branchOf       = "IS_INTERNATIONAL_BRANCH_OF"
	subfundOf      = "IS_SUBFUND_OF"
	feederTo       = "IS_FEEDER_TO"
	managedBy      = "IS_FUND-MANAGED_BY"
)

func (q *reading) gleif(what string) *firms {
	q.Edition.Series = "stakes/gleif-" + what
	source := "GLEIF"
	if q.Edition.Version != "" {
		source += " " + q.Edition.Version
	}
	return newFirms(source)
}

func (q *reading) entity(f *firms, row int, e entity) {
	if err := checkLEI(e.lei); err != nil {
		q.fault(row, "%v", err)
		return
	}
	if e.status == "DUPLICATE" || e.status == "ANNULLED" {
		q.note("records with registration status DUPLICATE or ANNULLED are left out")
		return
	}
	if !q.claim(row, []string{e.lei}, func(k string) string { return "LEI " + k }) {
		return
	}
	x := f.firm("lei:" + e.lei)
	x.Name, x.Country, x.HQ = e.name, place.Code(e.country), place.Code(e.hq)
	for _, o := range e.others {
		if o != "" && o != e.name && !slices.Contains(x.Also, o) {
			x.Also = append(x.Also, o)
		}
	}
	if c := place.Code(first(e.jurisdiction, 2)); c != "" && e.number != "" {
		x.Other = []string{RegistrationID(c, e.number)}
	}
}

func first(s string, n int) string { return s[:min(len(s), n)] }

func (q *reading) relation(f *firms, row int, r relation) {
	switch {
	case r.startType != "" && r.startType != "LEI" || r.endType != "" && r.endType != "LEI":
		q.note("relationships with nodes that are not LEIs are left out")
		return
	case r.registration == "DUPLICATE" || r.registration == "ANNULLED" || r.registration == "TRANSFERRED":
		q.note("relationships with registration status DUPLICATE, ANNULLED or TRANSFERRED are left out")
		return
	case r.kind == managedBy:
		q.note("relationships of kind %s say who manages, not who owns, and are left out", managedBy)
		return
	}
	if err := errors.Join(checkLEI(r.start), checkLEI(r.end)); err != nil {
		q.fault(row, "%s", strings.ReplaceAll(err.Error(), "\n", "; "))
		return
	}
	if r.start == r.end {
		q.fault(row, "%s is its own parent", r.start)
		return
	}
	if r.status == "INACTIVE" && r.until == "" {
		q.note("relationships that are inactive without saying since when are left out")
		return
	}
	if r.until != "" && r.from != "" && r.until < r.from {
		q.fault(row, "it ends %s before it begins %s", r.until, r.from)
		return
	}
	h := Held{By: "lei:" + r.end, Span: event.Span{From: r.from, Until: r.until}}
	switch r.kind {
	case branchOf: // one entity with its head office
		h.Least, h.Most = "100", "100"
	case directParent, subfundOf, feederTo:
	case ultimateParent:
		h.Indirect = true
	default:
		q.fault(row, "relationship %q is not known", r.kind)
		return
	}
	if x := f.firm("lei:" + r.start); (r.kind == ultimateParent || r.kind == branchOf && x.Parent == "") && r.until == "" {
		x.Parent = "lei:" + r.end
	}
	f.hold(row, "lei:"+r.start, h)
}

// alone are reasons that mean that no other firm is above: it is its own ultimate parent.
var alone = []string{"NATURAL_PERSONS", "NO_KNOWN_PERSON"}

func (q *reading) exception(f *firms, row int, e exception) {
	if err := checkLEI(e.lei); err != nil {
		q.fault(row, "%v", err)
		return
	}
	x := f.firm("lei:" + e.lei)
	if e.category == "ULTIMATE_ACCOUNTING_CONSOLIDATION_PARENT" && slices.Contains(alone, e.reason) {
		x.Alone = e.reason
	}
}

// day is the civil date of an instant as GLEIF writes it.
func day(s string) event.Date {
	d, err := event.ParseDate(first(s, 10))
	if err != nil {
		return ""
	}
	return d
}

// span takes the period that the relationship itself lasts.
func (r *relation) span(kind, from, until string) {
	if kind == "RELATIONSHIP_PERIOD" {
		r.from, r.until = day(from), day(until)
	}
}

func isGLEIFCSV(head []byte) bool {
	return hasColumn(head, "relationshipstartnodenodeid") || hasColumn(head, "lei") && hasColumn(head, "entitylegalname", "exceptioncategory")
}

func readGLEIFCSV(q *reading) error {
	cols := header(q.head)
	get := func(cell map[string]string, name string) string { return cell[name] }
	switch {
	case slices.Contains(cols, "relationshipstartnodenodeid"):
		f := q.gleif("rr")
		err := q.wide(cols, func(line int, cell map[string]string) {
			const p = "relationship"
			r := relation{
				start: get(cell, p+"startnodenodeid"), startType: get(cell, p+"startnodenodeidtype"), end: get(cell, p+"endnodenodeid"), endType: get(cell, p+"endnodenodeidtype"),
				kind: get(cell, p+"relationshiptype"), status: get(cell, p+"relationshipstatus"), registration: get(cell, "registrationregistrationstatus"),
			}
			for i := 1; i <= 5; i++ {
				n := p + "period" + strconv.Itoa(i)
				r.span(cell[n+"periodtype"], cell[n+"startdate"], cell[n+"enddate"])
			}
			q.relation(f, line, r)
		})
		q.done(f)
		return err
	case slices.Contains(cols, "exceptioncategory"):
		f := q.gleif("repex")
		err := q.wide(cols, func(line int, cell map[string]string) {
			reason := cell["exceptionreason"]
			if reason == "" {
				reason = cell["exceptionreason1"]
			}
			q.exception(f, line, exception{cell["lei"], cell["exceptioncategory"], reason})
		})
		q.done(f)
		return err
	}
	f := q.gleif("lei")
	err := q.wide(cols, func(line int, cell map[string]string) {
		e := entity{
			lei: cell["lei"], name: cell["entitylegalname"], country: cell["entitylegaladdresscountry"], hq: cell["entityheadquartersaddresscountry"],
			jurisdiction: cell["entitylegaljurisdiction"], number: cell["entityregistrationauthorityregistrationauthorityentityid"], status: cell["registrationregistrationstatus"],
		}
		for i := 1; i <= 5; i++ {
			n := strconv.Itoa(i)
			e.others = append(e.others, cell["entityotherentitynamesotherentityname"+n], cell["entitytransliteratedotherentitynamestransliteratedotherentityname"+n])
		}
		q.entity(f, line, e)
	})
	q.done(f)
	return err
}

// wide reads a table of which every column is known and few are read.
func (q *reading) wide(cols []string, row func(line int, cell map[string]string)) error {
	return q.table(cols, row)
}

func isGLEIFJSON(head []byte) bool {
	return begins(head) && (mentions(head, "lei-records", "relationship-records", "reporting-exceptions") || bytes.Contains(head, []byte(`"$"`)))
}

// apiRecord is a record of the API.
type apiRecord struct {
	Type       string `json:"type"`
	Attributes struct {
		LEI       string `json:"lei"`
		Category  string `json:"category"`
		Reason    string `json:"reason"`
		ValidFrom string `json:"validFrom"`
		Entity    struct {
			LegalName                struct{ Name string }    `json:"legalName"`
			OtherNames               []struct{ Name string }  `json:"otherNames"`
			TransliteratedOtherNames []struct{ Name string }  `json:"transliteratedOtherNames"`
			LegalAddress             struct{ Country string } `json:"legalAddress"`
			HeadquartersAddress      struct{ Country string } `json:"headquartersAddress"`
			RegisteredAs             string                   `json:"registeredAs"`
			Jurisdiction             string                   `json:"jurisdiction"`
		} `json:"entity"`
		Registration struct{ Status string } `json:"registration"`
		Relationship struct {
			StartNode struct{ ID, Type string } `json:"startNode"`
			EndNode   struct{ ID, Type string } `json:"endNode"`
			Type      string                    `json:"type"`
			Status    string                    `json:"status"`
			Periods   []struct {
				StartDate string `json:"startDate"`
				EndDate   string `json:"endDate"`
				Type      string `json:"type"`
			} `json:"periods"`
		} `json:"relationship"`
	} `json:"attributes"`
}

func readGLEIFJSON(q *reading) error {
	if !mentions(q.head, "lei-records", "relationship-records", "reporting-exceptions") {
		return readGoldenJSON(q)
	}
	switch {
	case mentions(q.head, "relationship-records"):
		q.Edition.Series = "rr"
	case mentions(q.head, "reporting-exceptions") && !mentions(q.head, "legalName"):
		q.Edition.Series = "repex"
	default:
		q.Edition.Series = "lei"
	}
	if at := bytes.Index(q.head, []byte(`"publishDate":"`)); at >= 0 && q.Edition.Version == "" {
		q.Edition.Version = string(day(string(q.head[at+15:])))
	}
	f := q.gleif(q.Edition.Series)
	err := q.apiRecords(func(row int, raw []byte) {
		var r apiRecord
		if err := json.Unmarshal(raw, &r); err != nil {
			q.fault(row, "%v", err)
			return
		}
		q.apiRecord(f, row, &r)
	})
	q.done(f)
	return err
}

// apiRecords gives the records of an answer of the API, which has one or an array of them.
func (q *reading) apiRecords(each func(row int, raw []byte)) error {
	var answer struct {
		Data json.RawMessage `json:"data"`
	}
	const most = 64 << 20 // an answer has a page of records
	b, err := io.ReadAll(io.LimitReader(q.in, most+1))
	switch {
	case err != nil:
		return err
	case len(b) > most:
		return fmt.Errorf("an answer of the API longer than %d bytes", most)
	}
	if err := json.Unmarshal(b, &answer); err != nil {
		return err
	}
	var many []json.RawMessage
	if json.Unmarshal(answer.Data, &many) != nil {
		many = []json.RawMessage{answer.Data}
	}
	for i, raw := range many {
		each(i+1, raw)
	}
	return nil
}

func (q *reading) apiRecord(f *firms, row int, r *apiRecord) {
	a := &r.Attributes
	switch r.Type {
	case "lei-records":
		e := entity{
			lei: a.LEI, name: a.Entity.LegalName.Name, country: a.Entity.LegalAddress.Country, hq: a.Entity.HeadquartersAddress.Country,
			jurisdiction: a.Entity.Jurisdiction, number: a.Entity.RegisteredAs, status: a.Registration.Status,
		}
		for _, o := range slices.Concat(a.Entity.OtherNames, a.Entity.TransliteratedOtherNames) {
			e.others = append(e.others, o.Name)
		}
		q.entity(f, row, e)
	case "relationship-records":
		rel := relation{
			start: a.Relationship.StartNode.ID, startType: a.Relationship.StartNode.Type, end: a.Relationship.EndNode.ID, endType: a.Relationship.EndNode.Type,
			kind: a.Relationship.Type, status: a.Relationship.Status, registration: a.Registration.Status,
		}
		for _, p := range a.Relationship.Periods {
			rel.span(p.Type, p.StartDate, p.EndDate)
		}
		q.relation(f, row, rel)
	case "reporting-exceptions":
		q.exception(f, row, exception{a.LEI, a.Category, a.Reason})
	default:
		q.fault(row, "a record of type %q", r.Type)
	}
}

// readGoldenJSON reads the golden copy's JSON, which writes values as {"$": …} in the order of the XML.
func readGoldenJSON(q *reading) error {
	what, under := "lei", "records"
	switch {
	case mentions(q.head, "relations", "RelationshipRecord"):
		what, under = "rr", "relations"
	case mentions(q.head, "exceptions", "ExceptionCategory"):
		what, under = "repex", "exceptions"
	}
	f := q.gleif(what)
	err := q.records([]string{under}, func(row int, raw []byte) {
		var m map[string]any
		if err := json.Unmarshal(raw, &m); err != nil {
			q.fault(row, "%v", err)
			return
		}
		q.golden(f, row, what, m)
	})
	q.done(f)
	return err
}

func (q *reading) golden(f *firms, row int, what string, m map[string]any) {
	if inner, ok := m["RelationshipRecord"].(map[string]any); ok {
		m = inner
	}
	at := func(path ...string) string { return dollar(m, path) }
	switch what {
	case "rr":
		r := relation{
			start: at("Relationship", "StartNode", "NodeID"), startType: at("Relationship", "StartNode", "NodeIDType"), end: at("Relationship", "EndNode", "NodeID"), endType: at("Relationship", "EndNode", "NodeIDType"),
			kind: at("Relationship", "RelationshipType"), status: at("Relationship", "RelationshipStatus"), registration: at("Registration", "RegistrationStatus"),
		}
		for _, p := range many(m, "Relationship", "RelationshipPeriods", "RelationshipPeriod") {
			r.span(dollar(p, []string{"PeriodType"}), dollar(p, []string{"StartDate"}), dollar(p, []string{"EndDate"}))
		}
		q.relation(f, row, r)
	case "repex":
		q.exception(f, row, exception{at("LEI"), at("ExceptionCategory"), at("ExceptionReason")})
	default:
		e := entity{
			lei: at("LEI"), name: at("Entity", "LegalName"), country: at("Entity", "LegalAddress", "Country"), hq: at("Entity", "HeadquartersAddress", "Country"),
			jurisdiction: at("Entity", "LegalJurisdiction"), number: at("Entity", "RegistrationAuthority", "RegistrationAuthorityEntityID"), status: at("Registration", "RegistrationStatus"),
		}
		for _, o := range many(m, "Entity", "OtherEntityNames", "OtherEntityName") {
			e.others = append(e.others, dollar(o, nil))
		}
		q.entity(f, row, e)
	}
}

// dollar goes down a path and gives the value there; the first of several.
func dollar(v any, path []string) string {
	for {
		if list, ok := v.([]any); ok && len(list) > 0 {
			v = list[0]
		}
		m, ok := v.(map[string]any)
		if !ok {
			s, _ := v.(string)
			return s
		}
		if len(path) == 0 {
			s, _ := m["$"].(string)
			return s
		}
		v, path = m[path[0]], path[1:]
	}
}

// many goes down a path to one or several values.
func many(v any, path ...string) []any {
	for _, p := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[p]
	}
	switch x := v.(type) {
	case nil:
		return nil
	case []any:
		return x
	}
	return []any{v}
}

func isGLEIFXML(head []byte) bool {
	return bytes.Contains(head, []byte("<")) && (bytes.Contains(head, []byte("LEIData")) || bytes.Contains(head, []byte("RelationshipData")) || bytes.Contains(head, []byte("ReportingExceptionData")))
}

type xmlEntity struct {
	LEI    string
	Entity struct {
		LegalName        string
		OtherEntityNames struct{ OtherEntityName []string }
		Transliterated   struct {
			Name []string `xml:"TransliteratedOtherEntityName"`
		} `xml:"TransliteratedOtherEntityNames"`
		LegalAddress          struct{ Country string }
		HeadquartersAddress   struct{ Country string }
		RegistrationAuthority struct{ RegistrationAuthorityEntityID string }
		LegalJurisdiction     string
	}
	Registration struct{ RegistrationStatus string }
}

type xmlRelation struct {
	Relationship struct {
		StartNode, EndNode                   struct{ NodeID, NodeIDType string }
		RelationshipType, RelationshipStatus string
		RelationshipPeriods                  struct {
			RelationshipPeriod []struct{ StartDate, EndDate, PeriodType string }
		}
	}
	Registration struct{ RegistrationStatus string }
}

type xmlException struct {
	LEI, ExceptionCategory string
	ExceptionReason        []string
}

func readGLEIFXML(q *reading) error {
	what := "lei"
	switch {
	case bytes.Contains(q.head, []byte("RelationshipData")):
		what = "rr"
	case bytes.Contains(q.head, []byte("ReportingExceptionData")):
		what = "repex"
	}
	if at := bytes.Index(q.head, []byte("ContentDate>")); at >= 0 && q.Edition.Version == "" {
		q.Edition.Version = string(day(string(q.head[at+12:])))
	}
	f := q.gleif(what)
	in := &bounded{q.in, 2 * MaxRecord}
	d := xml.NewDecoder(in)
	for row := 1; ; {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			q.fault(row, "%v; nothing after it was read", err)
			break
		}
		if s, ok := t.(xml.StartElement); ok && slices.Contains([]string{"LEIRecord", "RelationshipRecord", "Exception"}, s.Name.Local) {
			if err := q.xmlRecord(f, row, d, &s); err != nil {
				q.fault(row, "%v; nothing after it was read", err)
				break
			}
			row++
			in.allow = 2 * MaxRecord
		}
	}
	q.done(f)
	return nil
}

func (q *reading) xmlRecord(f *firms, row int, d *xml.Decoder, s *xml.StartElement) error {
	switch s.Name.Local {
	case "LEIRecord":
		var x xmlEntity
		if err := d.DecodeElement(&x, s); err != nil {
			return err
		}
		q.entity(f, row, entity{
			lei: x.LEI, name: x.Entity.LegalName, country: x.Entity.LegalAddress.Country, hq: x.Entity.HeadquartersAddress.Country, jurisdiction: x.Entity.LegalJurisdiction,
			number: x.Entity.RegistrationAuthority.RegistrationAuthorityEntityID, status: x.Registration.RegistrationStatus,
			others: slices.Concat(x.Entity.OtherEntityNames.OtherEntityName, x.Entity.Transliterated.Name),
		})
	case "RelationshipRecord":
		var x xmlRelation
		if err := d.DecodeElement(&x, s); err != nil {
			return err
		}
		r := relation{
			start: x.Relationship.StartNode.NodeID, startType: x.Relationship.StartNode.NodeIDType, end: x.Relationship.EndNode.NodeID, endType: x.Relationship.EndNode.NodeIDType,
			kind: x.Relationship.RelationshipType, status: x.Relationship.RelationshipStatus, registration: x.Registration.RegistrationStatus,
		}
		for _, p := range x.Relationship.RelationshipPeriods.RelationshipPeriod {
			r.span(p.PeriodType, p.StartDate, p.EndDate)
		}
		q.relation(f, row, r)
	default:
		var x xmlException
		if err := d.DecodeElement(&x, s); err != nil {
			return err
		}
		q.exception(f, row, exception{x.LEI, x.ExceptionCategory, strings.Join(x.ExceptionReason[:min(1, len(x.ExceptionReason))], "")})
	}
	return nil
}
