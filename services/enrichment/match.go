package enrichment

import (
	"slices"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/entity"
	"github.com/tidegate/tidegate/services/enrichment/internal/match"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

// MatchFloor is the least score that is stated; candidates below it are only counted.
const MatchFloor = entity.Floor

// Question asks who on the lists a party may be.
type Question = event.Question

// Answer says who it may be, best first.
type Answer = event.Found

// Candidate is one of them, with reasons.
type Candidate = event.Candidate

// asked says whether an entry is of the type asked for.
func asked(kind string, e *snapshot.Entry) bool {
	switch kind {
	case "person":
		return e.Person
	case "vessel":
		return e.Kind == "vessel"
	case "company":
		return !e.Person && e.Kind == ""
	}
	return true
}

// Match answers a question. It is a pure function of question and set.
func (r *Reference) Match(q Question) Answer {
	p := event.Party{Name: q.Name, Address: &event.Address{Country: q.Country}, Identifiers: q.Identifiers, Born: q.Born}
	if q.Address != "" {
		p.Address.Lines = []string{q.Address}
	}
	rows, considered := r.directory.Candidates(&p)
	a := Answer{Snapshot: r.Digest(), Matcher: MatcherVersion, Considered: considered, Floor: MatchFloor, Candidates: []Candidate{}}
	for _, m := range rows {
		e, ok := r.directory.Entry(m.Entry)
		if !ok || m.Field != "address" && !asked(q.Type, e) || q.AsOf != "" && !inForce(e, q.AsOf) {
			continue
		}
		a.Candidates = append(a.Candidates, Candidate{Match: m, Why: why(m, e)})
	}
	return a
}

func inForce(e *snapshot.Entry, d event.Date) bool {
	return slices.ContainsFunc(e.Listed, func(s event.Span) bool { return s.Holds(d) })
}

// why gives the reasons for a match: both strings, then what was compared.
func why(m event.Match, e *snapshot.Entry) []string {
	out := []string{`"` + m.Queried + `" was compared with "` + m.Matched + `"`}
	switch m.Method {
	case "address_room":
		return append(out, "the same building and the same room or floor")
	case "identifier":
		return append(out, m.Confirmed...)
	case "address_building":
		return append(out, "the same building, not known to be the same room")
	}
	out = append(out, match.Explain(m.Queried, m.Matched, kindOf(e.Person))...)
	if m.Weak {
		out = append(out, "the list itself calls this alias weak")
	}
	out = append(out, m.Confirmed...)
	for _, c := range m.Contrary {
		out = append(out, "against it: "+c)
	}
	if m.Alias {
		out = append(out, "the listed string is an alias of "+`"`+m.Name+`"`)
	}
	switch m.Countries {
	case "same":
		out = append(out, "the countries agree")
	case "different":
		out = append(out, "the entry is not listed in the country of the party")
	}
	return out
}

// ScorePair says how alike a name and a listed name are with nothing else known, as a party without a country is
// scored against an entry of that name: what a company tunes its threshold with. Type is person or anything else.
func ScorePair(query, listed, kind string) event.Milli {
	return entity.ScorePair(query, listed, kindOf(kind == "person"))
}

func kindOf(person bool) match.Kind {
	if person {
		return match.Person
	}
	return match.Company
}

// Entities is the number of entries of the set.
func (r *Reference) Entities() int { return len(r.entries) }

// Look compares a name as that of a party without a country, and gives how many entries are stated and how many listed
// names were compared.
func (r *Reference) Look(name string) (stated, considered int) {
	ms, considered := r.directory.Candidates(&event.Party{Name: name})
	return len(ms), considered
}
