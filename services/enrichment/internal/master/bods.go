package master

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/place"
)

// statement is a statement of the Beneficial Ownership Data Standard 0.4, as far as it is read.
type statement struct {
	ID      string `json:"statementId"`
	Date    string `json:"statementDate"`
	Record  string `json:"recordId"`
	Type    string `json:"recordType"`
	Status  string `json:"recordStatus"`
	Version struct {
		BODS string `json:"bodsVersion"`
	} `json:"publicationDetails"`
	Details struct {
		Name         string   `json:"name"`
		Also         []string `json:"alternateNames"`
		Jurisdiction struct {
			Code string `json:"code"`
		} `json:"jurisdiction"`
		Identifiers []struct {
			Scheme string `json:"scheme"`
			ID     string `json:"id"`
		} `json:"identifiers"`
		Addresses []struct {
			Type    string `json:"type"`
			Country struct {
				Code string `json:"code"`
			} `json:"country"`
		} `json:"addresses"`
		Names []struct {
			Full string `json:"fullName"`
		} `json:"names"`
		Nationalities []struct {
			Code string `json:"code"`
		} `json:"nationalities"`
		Component  bool            `json:"isComponent"`
		Subject    json.RawMessage `json:"subject"`
		Party      json.RawMessage `json:"interestedParty"`
		Components []string        `json:"componentRecords"`
		Interests  []interest      `json:"interests"`
	} `json:"recordDetails"`
	row int
}

type interest struct {
	Type  string `json:"type"`
	Way   string `json:"directOrIndirect"`
	From  string `json:"startDate"`
	Until string `json:"endDate"`
	Share *struct {
		Exact   *event.Decimal `json:"exact"`
		Minimum *event.Decimal `json:"minimum"`
		Maximum *event.Decimal `json:"maximum"`
		Above   *event.Decimal `json:"exclusiveMinimum"`
		Below   *event.Decimal `json:"exclusiveMaximum"`
	} `json:"share"`
}

func isBODS(head []byte) bool {
	return begins(head) && mentions(head, "recordDetails", "statementId") && mentions(head, "recordType", "bodsVersion")
}

// register is a BODS file on its way in: the statements of each record in the order of their dates.
type register struct {
	q       *reading
	firms   *firms
	records map[string][]*statement
	order   []string
}

// readBODS reads statements of ownership. History is kept: what a statement says counts from its own date, or from the day
// it names, to the eve of the next about the same record.
func readBODS(q *reading) error {
	g := &register{q: q, firms: newFirms("BODS " + q.name), records: map[string][]*statement{}}
	g.firms.foreign = true
	err := q.records(nil, g.take)
	for _, id := range g.order {
		slices.SortStableFunc(g.records[id], func(a, b *statement) int { return cmp.Compare(a.Date, b.Date) })
	}
	for _, id := range g.order {
		if s := g.last(id); s.Type != "relationship" {
			g.party(s)
		}
	}
	for _, id := range g.order {
		if g.last(id).Type == "relationship" {
			g.relationship(g.records[id])
		}
	}
	q.done(g.firms)
	return err
}

func (g *register) last(record string) *statement {
	all := g.records[record]
	return all[len(all)-1]
}

func (g *register) take(row int, raw []byte) {
	s := &statement{row: row}
	if err := json.Unmarshal(raw, s); err != nil {
		g.q.fault(row, "%v", err)
		return
	}
	switch {
	case s.Record == "" || s.ID == "":
		g.q.fault(row, "a statement without statementId or recordId: BODS before 0.4 is not read")
		return
	case !slices.Contains([]string{"entity", "person", "relationship"}, s.Type):
		g.q.fault(row, "recordType %q", s.Type)
		return
	case s.Version.BODS != "" && !strings.HasPrefix(s.Version.BODS, "0.4"):
		g.q.fault(row, "BODS %s is not read, only 0.4", s.Version.BODS)
		return
	case !g.q.claim(row, []string{s.ID}, func(k string) string { return "statement " + k }):
		return
	}
	if g.records[s.Record] == nil {
		g.order = append(g.order, s.Record)
	} else if g.records[s.Record][0].Type != s.Type {
		g.q.fault(row, "record %s is of type %s in row %d", s.Record, g.records[s.Record][0].Type, g.records[s.Record][0].row)
		return
	}
	g.records[s.Record] = append(g.records[s.Record], s)
}

// id is the id of a party's record: its LEI, else its number in a register, else the record itself.
func (g *register) id(record string) string {
	all, ok := g.records[record]
	if !ok {
		return "bods:" + record
	}
	ids := identifiers(all[len(all)-1])
	return append(ids, "bods:"+record)[0]
}

// identifiers are the ids that others may know a party by.
func identifiers(s *statement) []string {
	var out []string
	for _, i := range s.Details.Identifiers {
		if (i.Scheme == "XI-LEI" || len(i.ID) == 20) && checkLEI(i.ID) == nil {
			out = append(out, "lei:"+i.ID)
		}
	}
	for _, i := range s.Details.Identifiers {
		if c := place.Code(first(i.Scheme, 2)); c != "" && len(i.Scheme) > 3 && i.Scheme[2] == '-' && i.ID != "" {
			out = append(out, RegistrationID(c, i.ID))
		}
	}
	return out
}

func (g *register) party(s *statement) {
	x := g.firms.firm(g.id(s.Record))
	d := &s.Details
	for _, n := range append([]string{d.Name}, d.Also...) {
		x.name(n)
	}
	for _, n := range d.Names {
		x.name(n.Full)
	}
	x.Person = s.Type == "person"
	x.Country = place.Code(first(d.Jurisdiction.Code, 2))
	for _, a := range d.Addresses {
		if x.Country == "" && (x.Person || a.Type == "registered") {
			x.Country = place.Code(a.Country.Code)
		}
	}
	if x.Country == "" && len(d.Nationalities) > 0 {
		x.Country = place.Code(d.Nationalities[0].Code)
	}
	for _, o := range append(identifiers(s), "bods:"+s.Record) {
		if o != x.ID && !slices.Contains(x.Other, o) {
			x.Other = append(x.Other, o)
		}
	}
}

func (x *Firm) name(n string) {
	switch {
	case n == "":
	case x.Name == "":
		x.Name = n
	case x.Name != n && !slices.Contains(x.Also, n):
		x.Also = append(x.Also, n)
	}
}

// relationship takes the statements about one relationship.
func (g *register) relationship(all []*statement) {
	for i, s := range all {
		if s.Status == "closed" {
			continue
		}
		span := event.Span{}
		if i > 0 {
			span.From = day(s.Date)
		}
		if i+1 < len(all) {
			next := day(all[i+1].Date)
			if next == span.From && next != "" {
				continue // corrected on the same day
			}
			span.Until = next.AddDays(-1)
		}
		g.interests(s, span)
	}
}

func (g *register) interests(s *statement, span event.Span) {
	subject, by := reference(s.Details.Subject), reference(s.Details.Party)
	if subject == "" || by == "" {
		g.q.note("relationships whose subject or interested party is not stated are left out")
		return
	}
	of, holder := g.id(subject), g.id(by)
	if of == holder {
		g.q.fault(s.row, "%s is its own owner", subject)
		return
	}
	if g.followed(s) {
		return // its components say the same step by step
	}
	for _, h := range shares(s, span) {
		h.By = holder
		if err := h.check(); err != nil {
			g.q.fault(s.row, "%v", err)
			return
		}
		g.firms.hold(s.row, of, h)
	}
}

// reference is the record that a statement points to; empty for one that is not stated.
func reference(raw json.RawMessage) string {
	var id string
	if len(bytes.TrimSpace(raw)) == 0 || json.Unmarshal(raw, &id) != nil {
		return ""
	}
	return id
}

// followed says whether an indirect relationship is made of others that are all here with their shares.
func (g *register) followed(s *statement) bool {
	some := false
	for _, c := range s.Details.Components {
		all, ok := g.records[c]
		if !ok {
			return false
		}
		last := all[len(all)-1]
		if last.Type != "relationship" {
			continue
		}
		some = true
		if !slices.ContainsFunc(last.Details.Interests, func(i interest) bool { return i.Type == "shareholding" && i.Share != nil && i.Share.Exact != nil }) {
			return false
		}
	}
	return some
}

// shares gives the stakes that interests make: shareholdings with their bounds; where there are only voting rights or
// interests nobody describes, a stake of unknown size.
func shares(s *statement, span event.Span) []Held {
	var out []Held
	for _, i := range s.Details.Interests {
		if i.Type != "shareholding" {
			continue
		}
		out = append(out, i.held(span))
	}
	if out != nil {
		return out
	}
	for _, i := range s.Details.Interests {
		if i.Type == "" || i.Type == "votingRights" || i.Type == "unknownInterest" || i.Type == "unpublishedInterest" || strings.HasPrefix(i.Type, "nomin") || i.Type == "beneficiaryOfLegalArrangement" {
			i.Share = nil
			out = append(out, i.held(span))
		}
	}
	return slices.Compact(out)
}

func (i *interest) held(span event.Span) Held {
	h := Held{Span: span, Indirect: i.Way == "indirect"}
	if d := day(i.From); d > h.From {
		h.From = d
	}
	if d := day(i.Until); d != "" && (h.Until == "" || d < h.Until) {
		h.Until = d
	}
	if i.Share == nil {
		return h
	}
	for _, b := range []struct {
		to   *event.Decimal
		from *event.Decimal
	}{{&h.Least, i.Share.Above}, {&h.Least, i.Share.Minimum}, {&h.Least, i.Share.Exact}, {&h.Most, i.Share.Below}, {&h.Most, i.Share.Maximum}, {&h.Most, i.Share.Exact}} {
		if b.from != nil {
			*b.to = *b.from
		}
	}
	return h
}
