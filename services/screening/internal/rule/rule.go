// Package rule is one provision of export law as data: its dates, what it is evaluated per, its condition in CEL and
// what it says when the condition holds. Conditions are three-valued: a missing fact is an unknown value, not a no.
package rule

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
)

// States of a rule in law.
const (
	Active    = "active"    // it binds
	Stayed    = "stayed"    // suspended by a later act
	Announced = "announced" // codified; the agency says that it does not enforce it
)

// Rule is one provision as its pack file states it.
type Rule struct {
	ID         string      `yaml:"id" json:"id"`
	Title      string      `yaml:"title" json:"title"`
	Citation   string      `yaml:"citation" json:"citation"`
	Certainty  string      `yaml:"certainty" json:"certainty"`                       // C, R, D, M or ?
	Source     string      `yaml:"source" json:"source"`                             // where the text was read
	Outcome    string      `yaml:"outcome" json:"outcome"`                           // release (a note), hold, license, block
	Per        []string    `yaml:"per,omitempty" json:"per,omitempty"`               // evaluated once per each of these: item, destination, party, match
	Roles      []string    `yaml:"roles,omitempty" json:"roles,omitempty"`           // with per party or match: only parties of these roles
	Lists      []string    `yaml:"lists,omitempty" json:"lists,omitempty"`           // with per match: only entries of these lists
	Needs      []string    `yaml:"needs,omitempty" json:"needs,omitempty"`           // not evaluated unless the order has these; see Needs
	Flag       bool        `yaml:"flag,omitempty" json:"flag,omitempty"`             // a red flag: an answer in the order makes it a note
	Duty       bool        `yaml:"duty,omitempty" json:"duty,omitempty"`             // a note of a duty that goes with the order: never the deciding rule
	Parameter  *Parameter  `yaml:"parameter,omitempty" json:"parameter,omitempty"`   // only with this pack parameter
	Status     []Status    `yaml:"status" json:"status"`                             // its history in law, by date
	When       string      `yaml:"when,omitempty" json:"when,omitempty"`             // CEL, bool
	Policies   []Policy    `yaml:"policies,omitempty" json:"policies,omitempty"`     // license review policy: the first whose condition holds
	Explain    string      `yaml:"explain" json:"explain"`                           // template; see Texts
	Exceptions []Exception `yaml:"exceptions,omitempty" json:"exceptions,omitempty"` // license exceptions tried
	Clauses    []Clause    `yaml:"clauses,omitempty" json:"clauses,omitempty"`       // instead of when: several conditions, each with its own dates
	Replaces   *Replace    `yaml:"replaces_policy,omitempty" json:"replaces_policy,omitempty"`
	SettledBy  []string    `yaml:"settled_by,omitempty" json:"settled_by,omitempty"` // where one of these fires for the item, an open question here changes nothing
	Answers    []string    `yaml:"answers,omitempty" json:"answers,omitempty"`       // where it fires, holds of these rules (pack/id, or id) about the same party and entry are answered: a company's exception, which must end
	Note       string      `yaml:"note,omitempty" json:"note,omitempty"`             // what a reader should know: doubts, simplifications

	Of       string      `yaml:"-" json:"pack,omitempty"` // its pack, in a set of several
	Index    int         `yaml:"-" json:"-"`              // place in the pack, from 0
	clauses  []*Compiled // at least one
	explain  template
	policies []policy
	tries    []try
	needs    Need
	severity int
}

// Parameter is a pack parameter and the value under which a rule applies.
type Parameter struct {
	Name  string `yaml:"name" json:"name"`
	Value string `yaml:"value" json:"value"`
}

// Status is one stretch of a rule's history. Both ends are inclusive, as the law prints them.
type Status struct {
	From       event.Date `yaml:"from,omitempty" json:"from,omitempty"`
	Until      event.Date `yaml:"until,omitempty" json:"until,omitempty"`
	State      string     `yaml:"state" json:"state"`
	Published  event.Date `yaml:"published,omitempty" json:"published,omitempty"`   // in the Federal Register, or announced
	Compliance event.Date `yaml:"compliance,omitempty" json:"compliance,omitempty"` // binds from this day, where later than From
	Cite       string     `yaml:"cite,omitempty" json:"cite,omitempty"`
	Certainty  string     `yaml:"certainty,omitempty" json:"certainty,omitempty"` // of this stretch, where it differs from the rule's
}

// Clause is one condition of a rule with its own dates. What it leaves out it has from its rule.
type Clause struct {
	Status []Status `yaml:"status,omitempty" json:"status,omitempty"`
	Per    []string `yaml:"per,omitempty" json:"per,omitempty"`
	Roles  []string `yaml:"roles,omitempty" json:"roles,omitempty"`
	When   string   `yaml:"when" json:"when"`
	Note   string   `yaml:"note,omitempty" json:"note,omitempty"`
}

// Policy is a license review policy, PoD, PoA, CBC, denial or a template such as {match.policy}, with the condition
// under which it applies. No condition: always.
type Policy struct {
	When   string `yaml:"when,omitempty" json:"when,omitempty"`
	Policy string `yaml:"policy" json:"policy"`
}

// Exception is a license exception tried where the rule fires. No condition: it never applies.
type Exception struct {
	Code    string     `yaml:"code" json:"code"`
	Cite    string     `yaml:"cite" json:"cite"`
	From    event.Date `yaml:"from,omitempty" json:"from,omitempty"`   // first day of the exception
	Until   event.Date `yaml:"until,omitempty" json:"until,omitempty"` // its last day
	When    string     `yaml:"when,omitempty" json:"when,omitempty"`
	Applies string     `yaml:"applies,omitempty" json:"applies,omitempty"` // why it applies, and on what terms
	Fails   string     `yaml:"fails" json:"fails"`                         // why it does not
}

// Replace names a rule whose review policy for the same item gives way where this rule fires.
type Replace struct {
	Rule   string `yaml:"rule" json:"rule"`
	Policy string `yaml:"policy" json:"policy"`
}

// Binds is the span in which the stretch binds; false when it never does. An announced non-enforcement binds: rules
// for it say what they make of it.
func (s Status) Binds() (event.Span, bool) {
	span := event.Span{From: max(s.From, s.Compliance), Until: s.Until}
	return span, s.State != Stayed
}

// InForce says whether the rule, or one of its clauses, binds on a date.
func (r *Rule) InForce(d event.Date) bool {
	return slices.ContainsFunc(r.clauses, func(c *Compiled) bool { return c.Binds(d) })
}

// StatusOn gives the stretch that a date lies in, for readers; false before the first.
func (r *Rule) StatusOn(d event.Date) (Status, bool) { return statusOn(r.Status, d) }

func statusOn(history []Status, d event.Date) (Status, bool) {
	for _, s := range slices.Backward(history) {
		if (event.Span{From: s.From, Until: s.Until}).Holds(d) {
			return s, true
		}
	}
	return Status{}, false
}

// In gives the rule as part of a set of packs, at a place in it.
func (r *Rule) In(pack string, index int) *Rule {
	out := *r
	out.Of, out.Index, out.clauses = pack, index, nil
	for _, c := range r.clauses {
		clause := *c
		clause.Rule = &out
		out.clauses = append(out.clauses, &clause)
	}
	return &out
}

// Named says whether a name is the rule's: its id, or pack and id. The pack is the one that is asked, outside of a set.
func (r *Rule) Named(pack, name string) bool {
	if r.Of != "" {
		pack = r.Of
	}
	return r.ID == name || pack+"/"+r.ID == name
}

// Severity is the rank of the rule's outcome.
func (r *Rule) Severity() int { return r.severity }

// Bounds lists every date on which the rule may begin or cease to bind: the first day of the new state.
func (r *Rule) Bounds() []event.Date {
	var out []event.Date
	for _, c := range r.clauses {
		for _, s := range c.spans {
			out = AppendBounds(out, s)
		}
	}
	return out
}

// AppendBounds adds the days on which something dated changes: a span's first day and the day after its last.
func AppendBounds(out []event.Date, s event.Span) []event.Date {
	if s.From != "" {
		out = append(out, s.From)
	}
	if s.Until != "" {
		out = append(out, s.Until.AddDays(1))
	}
	return out
}

// Applies says whether the rule applies under the pack's parameters.
func (r *Rule) Applies(parameters map[string]string) bool {
	return r.Parameter == nil || parameters[r.Parameter.Name] == r.Parameter.Value
}

// Fault is what is wrong with a rule, by the YAML path of the value at fault; a last element @12 is its character 12.
type Fault struct {
	Path   []string
	Detail string
}

var allLists = []string{
	"EL", "MEU", "MIEU", "UVL", "DPL", "SDN", "CMIC", "1260H",
	"SSI", "MBS", "CAP", "PLC", "FSE", "ISN", "DTC", "UN", "EU", "UK", "METI", "OWN",
}

var certainties = []string{"C", "R", "D", "M", "?"}

// Compile checks the rule and readies it for evaluation. It reports every fault.
func (r *Rule) Compile() []Fault {
	var faults []Fault
	add := func(detail string, path ...string) { faults = append(faults, Fault{path, detail}) }
	for _, m := range []struct{ name, value string }{
		{"id", r.ID}, {"title", r.Title}, {"citation", r.Citation}, {"source", r.Source}, {"explain", r.Explain},
	} {
		if strings.TrimSpace(m.value) == "" {
			add(m.name+" is required", m.name)
		}
	}
	if !slices.Contains(certainties, r.Certainty) {
		add(fmt.Sprintf("certainty %q is not one of C, R, D, M, ?", r.Certainty), "certainty")
	}
	if r.severity = event.Outcome(r.Outcome).Severity(); r.severity < 0 {
		add(fmt.Sprintf("outcome %q is not one of release, hold, license, block", r.Outcome), "outcome")
	}
	for i, n := range r.Needs {
		bit, ok := needNames[n]
		if !ok {
			add(fmt.Sprintf("need %q is not one of %s", n, strings.Join(Needs(), ", ")), "needs", itoa(i))
		}
		r.needs |= bit
	}
	for i, l := range r.Lists {
		if !slices.Contains(allLists, l) {
			add(fmt.Sprintf("list %q is not one of %s", l, strings.Join(allLists, ", ")), "lists", itoa(i))
		}
	}
	if r.Lists != nil && !slices.Equal(r.Per, []string{"match"}) {
		add("lists are for rules per match", "lists")
	}
	if r.Answers != nil && (r.Outcome != string(event.Release) || r.endless()) {
		add("a rule that answers others has outcome release, and every stretch of its status has an until", "answers")
	}
	r.compileClauses(add)
	r.compileTexts(add)
	return faults
}

// endless says whether a stretch of the rule's history, or of a clause's, has no end.
func (r *Rule) endless() bool {
	open := func(s Status) bool { return s.Until == "" }
	return len(r.Status) == 0 || slices.ContainsFunc(r.Status, open) ||
		slices.ContainsFunc(r.Clauses, func(c Clause) bool { return slices.ContainsFunc(c.Status, open) })
}

func (r *Rule) compileClauses(add func(string, ...string)) {
	if (r.When == "") == (len(r.Clauses) == 0) {
		add("give either when or clauses", "id")
		return
	}
	r.clauses = nil
	if r.When != "" {
		c := Clause{Status: r.Status, Per: r.Per, Roles: r.Roles, When: r.When}
		r.clauses = append(r.clauses, compileClause(r, c, add))
	}
	for i, c := range r.Clauses {
		if c.Status == nil {
			c.Status = r.Status
		}
		if c.Per == nil {
			c.Per = r.Per
		}
		if c.Roles == nil {
			c.Roles = r.Roles
		}
		at := func(detail string, path ...string) { add(detail, append([]string{"clauses", itoa(i)}, path...)...) }
		r.clauses = append(r.clauses, compileClause(r, c, at))
	}
}

func (r *Rule) compileTexts(add func(string, ...string)) {
	scope := scopeOf(r.clauses)
	var err error
	if r.explain, err = parseTemplate(r.Explain, scope); err != nil {
		report(add, err, "explain")
	}
	r.policies, r.tries = nil, nil
	for i, p := range r.Policies {
		c := policy{}
		if c.text, err = parseTemplate(p.Policy, scope); err != nil || p.Policy == "" {
			add(fmt.Sprintf("policy: %v", err), "policies", itoa(i), "policy")
		}
		if c.when, err = compileOptional(p.When, scope); err != nil {
			report(add, err, "policies", itoa(i), "when")
		}
		r.policies = append(r.policies, c)
	}
	for i, e := range r.Exceptions {
		t := try{Exception: e}
		if e.Code == "" || e.Cite == "" || e.Fails == "" || (e.When != "" && e.Applies == "") {
			add("an exception needs code, cite, fails, and with when also applies", "exceptions", itoa(i))
		}
		if t.when, err = compileOptional(e.When, scope); err != nil {
			report(add, err, "exceptions", itoa(i), "when")
		}
		for _, d := range []event.Date{e.From, e.Until} {
			if _, err := event.ParseDate(string(d)); d != "" && err != nil {
				add(err.Error(), "exceptions", itoa(i))
			}
		}
		r.tries = append(r.tries, t)
	}
}
