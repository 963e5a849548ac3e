package rule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
)

// What a rule can be evaluated per.
const (
	perItem Scope = 1 << iota
	perDestination
	perParty
	perMatch
)

// Scope is a set of the things a rule is evaluated per; the empty set is the order as a whole.
type Scope uint8

var scopeNames = map[string]Scope{
	"item": perItem, "destination": perDestination, "party": perParty, "match": perMatch | perParty,
}

// Compiled is a clause ready for evaluation.
type Compiled struct {
	Rule  *Rule
	when  *program
	scope Scope
	roles []event.Role
	spans []event.Span // when it binds
	dates []Status     // its history in law
}

// Binds says whether the clause binds on a date.
func (c *Compiled) Binds(d event.Date) bool {
	return slices.ContainsFunc(c.spans, func(s event.Span) bool { return s.Holds(d) })
}

// Always says whether the clause binds on every date.
func (c *Compiled) Always() bool { return slices.Contains(c.spans, event.Span{}) }

// Conditions gives the rule's clauses, in the order the file has them.
func (r *Rule) Conditions() []*Compiled { return r.clauses }

func compileClause(r *Rule, c Clause, add func(string, ...string)) *Compiled {
	out := &Compiled{Rule: r, dates: c.Status}
	for i, p := range c.Per {
		s, ok := scopeNames[p]
		if !ok {
			add(fmt.Sprintf("per %q is not one of item, destination, party, match", p), "per", itoa(i))
		}
		out.scope |= s
	}
	for i, role := range c.Roles {
		if !slices.Contains(allRoles, event.Role(role)) {
			add(fmt.Sprintf("role %q is not a role of an order", role), "roles", itoa(i))
		}
		out.roles = append(out.roles, event.Role(role))
	}
	if out.roles != nil && out.scope&perParty == 0 {
		add("roles are for rules per party or match", "roles")
	}
	out.spans = compileStatus(c.Status, add)
	var err error
	if out.when, err = compile(c.When, out.scope); err != nil {
		report(add, err, "when")
	}
	return out
}

// compileStatus checks a history: in order of date, without overlaps, real days.
func compileStatus(history []Status, add func(string, ...string)) []event.Span {
	var spans []event.Span
	if len(history) == 0 {
		add("status is required: at least one stretch", "status")
	}
	for i, s := range history {
		for _, d := range []event.Date{s.From, s.Until, s.Compliance, s.Published} {
			if _, err := event.ParseDate(string(d)); d != "" && err != nil {
				add(err.Error(), "status", itoa(i))
			}
		}
		if s.State != Active && s.State != Stayed && s.State != Announced {
			add(fmt.Sprintf("state %q is not one of active, stayed, announced", s.State), "status", itoa(i))
		}
		if s.Until != "" && s.Until < s.From {
			add("until lies before from", "status", itoa(i))
		}
		if i > 0 && (history[i-1].Until == "" || s.From <= history[i-1].Until) {
			add("overlaps the stretch before it", "status", itoa(i))
		}
		if span, ok := s.Binds(); ok {
			spans = append(spans, span)
		}
	}
	return spans
}

var allRoles = []event.Role{
	event.Purchaser, event.IntermediateConsignee, event.UltimateConsignee, event.EndUser,
	event.Forwarder, event.Exporter, event.Payer, event.Manufacturer,
}

func scopeOf(clauses []*Compiled) Scope {
	s := perItem | perDestination | perParty | perMatch
	for _, c := range clauses {
		s &= c.scope
	}
	return s
}

func (s Scope) String() string {
	var names []string
	for _, n := range []string{"item", "destination", "party", "match"} {
		if s&scopeNames[n] == scopeNames[n] {
			names = append(names, n)
		}
	}
	if names == nil {
		return "order"
	}
	return strings.Join(names, " and ")
}

func itoa(i int) string { return strconv.Itoa(i) }
