package screening

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening/internal/rule"
	"github.com/tidegate/tidegate/services/screening/internal/verdict"
)

// Explanation says in plain words what was decided on an order and why, what would answer it, which rules came near, and
// when the answer changes.
type Explanation struct {
	Source   string             `json:"source,omitempty"`
	OrderID  string             `json:"order_id,omitempty"`
	Kind     event.Kind         `json:"kind"`
	Outcome  event.Outcome      `json:"outcome"`
	Rule     string             `json:"rule,omitempty"`
	Dates    []event.DateSay    `json:"dates"`
	Findings []ExplainedFinding `json:"findings"`
	Near     []NearMiss         `json:"near_misses"`
	Until    event.Date         `json:"valid_until,omitempty"`
	Then     *Turn              `json:"then,omitempty"` // what it is from the day after; nil where nothing known changes it
	Totals   []event.Total      `json:"totals,omitempty"`
	Pack     event.PackRef      `json:"pack"`
}

// ExplainedFinding is a finding with what would answer it.
type ExplainedFinding struct {
	event.Finding
	About   string   `json:"about,omitempty"` // the party or item, by name
	Answers []string `json:"answers"`         // what would answer it; how it was answered; empty for a note
}

// NearMiss is a rule that says nothing, and the one thing that keeps it silent.
type NearMiss struct {
	Rule     string       `json:"rule"`
	Title    string       `json:"title"`
	Citation string       `json:"citation"`
	About    string       `json:"about,omitempty"`
	Why      string       `json:"why"`
	Part     string       `json:"part,omitempty"` // of the condition, as the pack has it
	Values   []rule.Value `json:"values,omitempty"`
}

// Turn is how the answer changes on a coming date.
type Turn struct {
	Date    event.Date    `json:"date"`
	Outcome event.Outcome `json:"outcome"`
	Rule    string        `json:"rule,omitempty"`
	Begins  []string      `json:"begins"` // rules that say something then, and did not before
	Ends    []string      `json:"ends"`   // rules that say nothing any more
}

// Explain explains a judgement of this pack.
func (p *Pack) Explain(c *event.Cause, f *event.Facts, j *event.Judgement) Explanation {
	e := Explanation{
		Source: c.Source, OrderID: c.OrderID, Kind: c.Kind, Outcome: j.Outcome, Rule: j.Rule, Dates: j.Dates, Until: j.ValidUntil, Pack: j.Pack,
		Findings: []ExplainedFinding{}, Near: []NearMiss{},
	}
	if j.Read != nil {
		e.Totals = j.Read.Totals
	}
	o := f.Judged(c)
	for _, finding := range j.Findings {
		e.Findings = append(e.Findings, ExplainedFinding{finding, about(o, index(finding.Party), index(finding.Item), ""), p.answering(c, &finding)})
	}
	var d event.Date
	for _, say := range j.Dates {
		d = max(d, say.Date)
	}
	for _, m := range verdict.NearMisses(p.p, c, f, j.Read, d, j.Findings) {
		e.Near = append(e.Near, nearMiss(o, m))
	}
	if j.ValidUntil != "" {
		e.Then = p.turn(c, f, j)
	}
	return e
}

func index(i *int) int {
	if i == nil {
		return -1
	}
	return *i
}

// about names what a finding is about.
func about(o *event.Order, party, item int, place event.Country) string {
	var parts []string
	if o != nil && item >= 0 && item < len(o.Items) {
		it := &o.Items[item]
		parts = append(parts, fmt.Sprintf("item %d, %s", item+1, cmp.Or(it.Description, it.PartNumber, it.SKU, "not described")))
	}
	if o != nil && party >= 0 && party < len(o.Parties) {
		parts = append(parts, fmt.Sprintf("%s (%s)", cmp.Or(o.Parties[party].Name, "a party without a name"), strings.ReplaceAll(string(o.Parties[party].Role), "_", " ")))
	}
	if place != "" {
		parts = append(parts, "to "+string(place))
	}
	return strings.Join(parts, ", ")
}

// answering lists what would answer a finding, or how it was.
func (p *Pack) answering(c *event.Cause, f *event.Finding) []string {
	if a := f.AnsweredBy; a != nil {
		by := ""
		if a.By != "" {
			by = " by " + a.By
		}
		return []string{fmt.Sprintf("answered by %s %s%s: %s", a.Kind, a.ID, by, a.Why)}
	}
	if f.Outcome == event.Release {
		return []string{}
	}
	out := []string{}
	if len(f.Missing) > 0 {
		out = append(out, "send a new revision that states "+strings.Join(f.Missing, ", "))
	}
	r, known := p.p.Rule(f.Rule)
	if known && r.Flag {
		out = append(out, fmt.Sprintf("send a new revision with an answer in red_flag_answers: {\"flag\": %q, \"text\": \"what was found out\", \"by\": \"who\"}", f.Rule))
	}
	if f.Outcome == event.NeedsLic || known && r.Outcome == string(event.NeedsLic) {
		for _, t := range f.Tried {
			if t.Applies {
				out = append(out, fmt.Sprintf("declare License Exception %s: %s", t.Code, t.Why))
			}
		}
		out = append(out, "declare the number of a license in the register that covers it")
	}
	return append(out, p.disposing(c, f)...)
}

// disposing says who may answer the finding by disposition, and how.
func (p *Pack) disposing(c *event.Cause, f *event.Finding) []string {
	d := p.p.Disposing(f.Rule, f.Outcome)
	if d.Never || f.Rule == verdict.OrderCancelled {
		return nil
	}
	verb := fmt.Sprintf("tidegate dispose %s --finding %s --by WHO --reason WHY", cmp.Or(c.OrderID, "ORDER"), FindingName(f))
	if len(d.Roles) > 0 {
		verb += " --role " + strings.Join(d.Roles, "|")
	} else {
		verb += " --role ROLE"
	}
	if d.Second {
		verb += " --second WHO"
	}
	return []string{"a disposition: " + verb}
}

// FindingName names a finding as dispositions do: rule, rule/party or rule/party/item, counted from 0, "-" for none.
func FindingName(f *event.Finding) string {
	name := f.Rule
	switch {
	case f.Item != nil && f.Party != nil:
		name += fmt.Sprintf("/%d/%d", *f.Party, *f.Item)
	case f.Item != nil:
		name += fmt.Sprintf("/-/%d", *f.Item)
	case f.Party != nil:
		name += fmt.Sprintf("/%d", *f.Party)
	}
	return name
}

func nearMiss(o *event.Order, m verdict.Missed) NearMiss {
	out := NearMiss{Rule: m.Rule.ID, Title: m.Rule.Title, Citation: m.Rule.Citation, About: about(o, m.Party, m.Item, m.Place), Why: m.Why, Part: m.Part, Values: m.Values}
	if out.Why == "" {
		said := make([]string, 0, len(m.Values))
		for _, v := range m.Values {
			said = append(said, fmt.Sprintf("%s (%s) is %s", v.Name, v.Means, v.Value))
		}
		out.Why = strings.Join(said, "; ")
	}
	return out
}

// turn judges for the day after the answer's last.
func (p *Pack) turn(c *event.Cause, f *event.Facts, j *event.Judgement) *Turn {
	t := &Turn{Date: j.ValidUntil.AddDays(1)}
	k := p.DecideWith(c, f, j.Read, j.Prev, AsOf{Fixed: t.Date})
	t.Outcome, t.Rule = k.Outcome, k.Rule
	t.Begins, t.Ends = says(&k, j), says(j, &k)
	return t
}

// says lists the rules that a has a finding of and b has none, in a's order.
func says(a, b *event.Judgement) []string {
	out := []string{}
	for _, f := range a.Findings {
		there := slices.ContainsFunc(b.Findings, func(o event.Finding) bool { return o.Rule == f.Rule && o.Outcome == f.Outcome })
		if !there && !slices.Contains(out, f.Rule) {
			out = append(out, f.Rule)
		}
	}
	return out
}

// Print writes the explanation for a reader.
func (e *Explanation) Print(w io.Writer) error {
	var b strings.Builder
	line := func(indent int, format string, args ...any) {
		wrap(&b, indent, fmt.Sprintf(format, args...))
	}
	name := cmp.Or(strings.Trim(e.Source+"/"+e.OrderID, "/"), "the order")
	line(0, "%s (%s): %s%s", name, e.Kind, strings.ToUpper(string(e.Outcome)), because(e.Rule))
	for _, d := range e.Dates {
		line(2, "%s %s: %s", strings.ReplaceAll(d.AsOf, "_", " "), d.Date, d.Outcome)
	}
	switch {
	case e.Then != nil:
		line(2, "This answer holds until %s. From %s: %s%s.", e.Until, e.Then.Date, e.Then.Outcome, turned(e.Then))
	default:
		line(2, "No date that is known now changes this answer.")
	}
	b.WriteString("\nFound\n")
	if len(e.Findings) == 0 {
		line(2, "Nothing: no rule has anything to say.")
	}
	for _, f := range e.Findings {
		f.print(line)
	}
	if len(e.Near) > 0 {
		b.WriteString("\nNear misses: rules that say nothing, and what keeps them silent\n")
	}
	for _, n := range e.Near {
		line(2, "- %s%s: %s", n.Rule, in(n.About), n.Title)
		if n.Part != "" {
			line(6, "not so: %s", n.Part)
		}
		line(6, "%s [%s]", n.Why, n.Citation)
	}
	if len(e.Totals) > 0 {
		b.WriteString("\nRunning totals before this order\n")
	}
	for _, t := range e.Totals {
		line(2, "- %s of %s from %s, read for %s: %s in %d orders", t.ID, t.Key, cmp.Or(t.Since, "the first"), t.Date, t.Sum, t.Orders)
	}
	fmt.Fprintf(&b, "\nRules: %s %s, %.12s\n", e.Pack.ID, e.Pack.Version, e.Pack.Digest)
	_, err := io.WriteString(w, b.String())
	return err
}

func (f *ExplainedFinding) print(line func(int, string, ...any)) {
	state := string(f.Outcome)
	switch {
	case f.AnsweredBy != nil:
		state += ", answered"
	case f.Outcome == event.Release:
		state = "note"
	case f.State == "indeterminate":
		state += ", open"
	}
	line(2, "- %s [%s]%s", f.Rule, state, in(f.About))
	line(6, "%s", f.Text)
	line(6, "[%s; certainty %s]", f.Citation, f.Certainty)
	for _, t := range f.Tried {
		if !t.Applies {
			line(6, "%s does not help: %s", t.Code, t.Why)
		}
	}
	for _, a := range f.Answers {
		if f.AnsweredBy != nil {
			line(6, "%s", a)
		} else {
			line(6, "would answer it: %s", a)
		}
	}
}

func because(rule string) string {
	if rule == "" {
		return ""
	}
	return " because of " + rule
}

func in(about string) string {
	if about == "" {
		return ""
	}
	return " (" + about + ")"
}

func turned(t *Turn) string {
	s := because(t.Rule)
	if len(t.Begins) > 0 {
		s += "; begins: " + strings.Join(t.Begins, ", ")
	}
	if len(t.Ends) > 0 {
		s += "; ends: " + strings.Join(t.Ends, ", ")
	}
	return s
}

// wide is how many characters a line has.
const wide = 110

// wrap writes a text in lines, all but the first two characters further in.
func wrap(b *strings.Builder, indent int, text string) {
	at := 0
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
			b.WriteString(strings.Repeat(" ", indent))
			at = indent
		case at+1+len(word) > wide:
			b.WriteString("\n" + strings.Repeat(" ", indent+2))
			at = indent + 2
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += len(word)
	}
	b.WriteByte('\n')
}
