// Package verdict makes a judgement of what the rules say: findings, the outcome, and how long it holds.
package verdict

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening/internal/pack"
	"github.com/tidegate/tidegate/services/screening/internal/rule"
)

// MaxFindings bounds the findings of an order; beyond it the least severe give way to one explicit hold.
const MaxFindings = 200

// FactsFailed is the rule of an order whose facts cannot be judged.
const FactsFailed = "facts-failed"

// Date is a date to judge for and what it is.
type Date struct {
	AsOf string // order_date, received_date, expected_ship_date, fixed
	Date event.Date
}

// Judge says what the pack makes of an order on each date. The latest date governs: its outcome is the order's.
func Judge(p *pack.Pack, c *event.Cause, f *event.Facts, read *event.Read, prev string, dates []Date) event.Judgement {
	j := event.Judgement{Line: event.LineJudgement, V: 1, Prev: prev, Dates: []event.DateSay{}, Findings: []event.Finding{}, Pack: p.Ref()}
	if !read.Empty() {
		j.Read = read
	}
	if c.Kind == event.Cancelled {
		return cancelled(j, dates)
	}
	if why := unusable(c, f); why != "" {
		return failed(j, p, c, dates, why)
	}
	s := scenes.Get().(*rule.Scene)
	defer func() { s.Clear(); scenes.Put(s) }()
	governing := slices.MaxFunc(dates, func(a, b Date) int { return cmp.Compare(a.Date, b.Date) })
	s.Load(c, f, governing.Date, p.Thresholds)
	s.Read(read)
	facts := factDates(s, c, f, read)
	var all, here, now []found
	for i, d := range dates {
		if i == 0 || len(s.Totals()) > 0 || changes(p, facts, s.Needs(), dates[i-1].Date, d.Date) {
			s.At(d.Date)
			here = on(p, s, c, f)
		}
		j.Dates = append(j.Dates, event.DateSay{AsOf: d.AsOf, Date: d.Date, Outcome: outcomeOf(here)})
		all = merge(all, here, d.AsOf)
		if d == governing {
			now, j.Outcome = here, outcomeOf(here)
		}
	}
	j.Differs = slices.ContainsFunc(j.Dates, func(d event.DateSay) bool { return d.Outcome != j.Outcome })
	slices.SortStableFunc(all, compare)
	j.Rule = deciding(all, j.Outcome, governing.AsOf)
	j.Findings = write(all)
	j.ValidUntil = validUntil(p, s, c, f, now, facts, governing.Date)
	return j
}

var scenes = sync.Pool{New: func() any { return new(rule.Scene) }}

// unusable says why facts cannot be judged; empty when they can.
func unusable(c *event.Cause, f *event.Facts) string {
	switch {
	case f.Failed != "":
		return f.Failed
	case c.Order == nil:
		return "the case holds no order"
	}
	for _, o := range []*event.Order{c.Order, f.Judged(c)} {
		if len(f.Parties) != len(o.Parties) || len(f.Items) != len(o.Items) {
			return fmt.Sprintf("facts of %d parties and %d items for an order of %d and %d", len(f.Parties), len(f.Items), len(o.Parties), len(o.Items))
		}
	}
	return ""
}

// ShippedUnreleased is the rule of an order that left although it was not released.
const ShippedUnreleased = "shipped-unreleased"

// OrderCancelled is the rule of a cancelled order: nothing is judged, and nothing may ship under it.
const OrderCancelled = "order-cancelled"

// cancelled holds the order: no copy of the decision may let goods move that nobody wants any more.
func cancelled(j event.Judgement, dates []Date) event.Judgement {
	f := event.Finding{
		Rule: OrderCancelled, Outcome: event.Hold, State: "fires", Dates: []string{}, Citation: "the order's event cancelled", Certainty: "C",
		Text: "The order was cancelled: nothing may ship under it. A new revision is judged anew.",
	}
	for _, d := range dates {
		f.Dates = append(f.Dates, d.AsOf)
		j.Dates = append(j.Dates, event.DateSay{AsOf: d.AsOf, Date: d.Date, Outcome: event.Hold})
	}
	j.Outcome, j.Rule, j.Findings = event.Hold, OrderCancelled, []event.Finding{f}
	return j
}

// failed holds the order, with the pack's own words for it where it has them.
func failed(j event.Judgement, p *pack.Pack, c *event.Cause, dates []Date, why string) event.Judgement {
	f := event.Finding{Rule: FactsFailed, Outcome: event.Hold, State: "fires", Dates: []string{}, Citation: "none", Certainty: "C"}
	f.Text = "The facts about this order could not be established: " + why + "."
	if c.Kind == event.Shipped && c.Of == "" {
		f.Rule = ShippedUnreleased
		f.Text = "It left, and no order with this number was ever screened. Stop it where that is still possible, and find out what left."
	}
	if r, ok := p.Rule(f.Rule); ok {
		f.Citation, f.Certainty = r.Citation, r.Certainty
	}
	for _, d := range dates {
		f.Dates = append(f.Dates, d.AsOf)
		j.Dates = append(j.Dates, event.DateSay{AsOf: d.AsOf, Date: d.Date, Outcome: event.Hold})
	}
	j.Outcome, j.Rule, j.Failed, j.Findings = event.Hold, f.Rule, why, []event.Finding{f}
	return j
}

// found is a finding on its way.
type found struct {
	rule.Say
	outcome  event.Outcome
	dates    []string
	answered *event.AnsweredBy // nil while it stands
}

// severity is that of the finding while it stands; what is answered counts no more than a note.
func (f *found) severity() int {
	if f.answered != nil {
		return 0
	}
	return f.outcome.Severity()
}

// on asks every rule that binds on the scene's date and that the order may make fire.
func on(p *pack.Pack, s *rule.Scene, c *event.Cause, f *event.Facts) []found {
	says := s.Says()
	p.Select(s.Date(), s, func(clause *rule.Compiled) { says = clause.Evaluate(s, says) })
	s.KeepSays(says)
	return answers(p, s, c, f, s.State(), settle(says, s, c))
}

// askOnly asks some rules on the scene's date.
func askOnly(rules []*rule.Rule, s *rule.Scene) []rule.Say {
	says := s.Says()
	for _, r := range rules {
		for _, clause := range r.Conditions() {
			if clause.Binds(s.Date()) {
				says = clause.Evaluate(s, says)
			}
		}
	}
	s.KeepSays(says)
	return says
}

// settle turns what rules say into findings: open questions that change nothing go, those of one rule become one, red
// flags that were answered become notes, review policies give way where another rule says so.
func settle(says []rule.Say, s *rule.Scene, c *event.Cause) []found {
	if len(says) == 0 {
		return nil
	}
	var out []found
	for _, say := range says {
		if say.Unknown {
			if !settled(says, &say) && !idle(says, &say) {
				out = addOpen(out, say, c)
			}
			continue
		}
		out = append(out, firing(say, c))
	}
	out = slices.CompactFunc(out, func(a, b found) bool { return key(&a) == key(&b) && a.Text == b.Text })
	for i := range out {
		replacePolicies(out, &out[i])
		answerHolds(out, &out[i])
	}
	for i := range out {
		finish(&out[i], s)
	}
	return out
}

// settled says whether the same rule, or one that settles it, fires for the same item, or for the same party where
// the rule does not ask per item.
func settled(says []rule.Say, open *rule.Say) bool {
	return slices.ContainsFunc(says, func(o rule.Say) bool {
		if o.Unknown || o.Item != open.Item || (o.Item < 0 && o.Party != open.Party) {
			return false
		}
		return o.Rule == open.Rule || o.Rule.Of == open.Rule.Of && slices.Contains(open.Rule.SettledBy, o.Rule.ID)
	})
}

// idle says whether an open question could only change the review policy of a rule that does not fire for the item.
func idle(says []rule.Say, open *rule.Say) bool {
	r := open.Rule.Replaces
	return r != nil && !slices.ContainsFunc(says, func(o rule.Say) bool {
		return o.Rule.ID == r.Rule && o.Rule.Of == open.Rule.Of && o.Item == open.Item && !o.Unknown
	})
}

func addOpen(out []found, say rule.Say, c *event.Cause) []found {
	i := slices.IndexFunc(out, func(f found) bool { return f.Unknown && f.Rule == say.Rule })
	if i < 0 {
		f := found{Say: say, outcome: event.Hold}
		if answer(c, say.Rule) != nil {
			f.outcome = event.Release
		}
		return append(out, f)
	}
	f := &out[i]
	for _, m := range say.Missing {
		if at, found := slices.BinarySearch(f.Missing, m); !found {
			f.Missing = slices.Insert(f.Missing, at, m)
		}
	}
	if f.Party != say.Party {
		f.Party = -1
	}
	if f.Item != say.Item {
		f.Item = -1
	}
	if f.Entry != say.Entry {
		f.Entry, f.Score = "", nil
	}
	return out
}

func firing(say rule.Say, c *event.Cause) found {
	f := found{Say: say, outcome: event.Outcome(say.Rule.Outcome)}
	if a := answer(c, say.Rule); a != nil {
		f.outcome = event.Release
		f.Text += " Answered" + by(a) + ": " + a.Text
	}
	return f
}

func answer(c *event.Cause, r *rule.Rule) *event.Answer {
	if !r.Flag {
		return nil
	}
	for i := range c.Order.Answers {
		if a := &c.Order.Answers[i]; a.Flag == r.ID && strings.TrimSpace(a.Text) != "" {
			return a
		}
	}
	return nil
}

func by(a *event.Answer) string {
	var s string
	if a.By != "" {
		s = " by " + a.By
	}
	if a.Date != "" {
		s += " on " + string(a.Date)
	}
	return s
}

func replacePolicies(all []found, by *found) {
	r := by.Rule.Replaces
	if r == nil || by.Unknown {
		return
	}
	for i := range all {
		if f := &all[i]; f.Rule.ID == r.Rule && f.Rule.Of == by.Rule.Of && f.Item == by.Item && !f.Unknown {
			f.Policy = r.Policy
		}
	}
}

// answerHolds answers the holds that a company's exception covers: those of the rules it names, about the same party and
// list entry where it speaks of these. A license or a block is never answered so.
func answerHolds(all []found, by *found) {
	if by.Rule.Answers == nil || by.Unknown {
		return
	}
	for i := range all {
		f := &all[i]
		covered := slices.ContainsFunc(by.Rule.Answers, func(name string) bool { return f.Rule.Named("", name) })
		if !covered || f.outcome != event.Hold || by.Party >= 0 && by.Party != f.Party || by.Item >= 0 && by.Item != f.Item || by.Entry != "" && by.Entry != f.Entry {
			continue
		}
		name := by.Rule.ID
		if by.Rule.Of != "" {
			name = by.Rule.Of + "/" + name
		}
		f.answered = &event.AnsweredBy{Kind: "exception", ID: name, Why: by.Text}
	}
}

// finish gives open findings their text: facts that are missing, and stated ECCNs that the rest of the order contradicts.
func finish(f *found, s *rule.Scene) {
	if !f.Unknown {
		return
	}
	if len(f.Missing) == 1 && strings.HasPrefix(f.Missing[0], "rule:") {
		f.Text = fmt.Sprintf("Open: %s. Its condition could not be worked out for this order.", f.Rule.Title)
		return
	}
	f.Text = "Open: " + f.Rule.Title + "."
	disagreements, rest := s.Disagreements(f.Missing)
	for _, d := range disagreements {
		f.Text += " " + d + "."
	}
	if disagreements != nil {
		f.Text += " Have the vendor confirm its classification of the part, and send the ECCN or the figures again so that they agree."
	}
	if len(rest) > 0 {
		f.Text += fmt.Sprintf(" Whether it applies depends on what the order does not say or leaves open: %s.", strings.Join(rest, ", "))
	}
}

func outcomeOf(all []found) event.Outcome {
	worst := event.Release
	for i := range all {
		if all[i].severity() > worst.Severity() {
			worst = all[i].outcome
		}
	}
	return worst
}

// findingKey is what makes two findings the same.
type findingKey struct {
	rule, party, item int
	entry, policy     string
	unknown           bool
	outcome           event.Outcome
	missing           string
	answered          string
}

func key(f *found) findingKey {
	k := findingKey{f.Rule.Index, f.Party, f.Item, f.Entry, f.Policy, f.Unknown, f.outcome, strings.Join(f.Missing, ","), ""}
	if f.answered != nil {
		k.answered = f.answered.Kind + " " + f.answered.ID
	}
	return k
}

// merge adds a date's findings to those of the dates before.
func merge(all, here []found, asOf string) []found {
	for _, f := range here {
		i := slices.IndexFunc(all, func(o found) bool { return key(&o) == key(&f) && o.Text == f.Text && o.Certainty == f.Certainty })
		if i >= 0 {
			if !slices.Contains(all[i].dates, asOf) {
				all[i].dates = append(all[i].dates, asOf)
			}
			continue
		}
		f.dates = []string{asOf}
		all = append(all, f)
	}
	return all
}

// compare orders findings: most severe first, then by rule as the pack has them, party, item, strictest review policy,
// entry.
func compare(a, b found) int {
	return cmp.Or(
		cmp.Compare(b.severity(), a.severity()),
		cmp.Compare(b.outcome.Severity(), a.outcome.Severity()),
		cmp.Compare(a.Rule.Index, b.Rule.Index),
		cmp.Compare(a.Party, b.Party),
		cmp.Compare(a.Item, b.Item),
		cmp.Compare(rule.Leniency(a.Policy), rule.Leniency(b.Policy)),
		cmp.Compare(a.Entry, b.Entry),
		cmp.Compare(a.Text, b.Text),
		slices.Compare(a.dates, b.dates),
	)
}

// deciding is the first finding of the outcome's severity that stands on the governing date. Notes of duties decide nothing.
func deciding(all []found, outcome event.Outcome, asOf string) string {
	for i := range all {
		if all[i].answered == nil && all[i].outcome == outcome && !all[i].Rule.Duty && slices.Contains(all[i].dates, asOf) {
			return all[i].Rule.ID
		}
	}
	return ""
}

func write(all []found) []event.Finding {
	out := make([]event.Finding, 0, min(len(all), MaxFindings))
	for i := range all {
		if i == MaxFindings-1 && len(all) > MaxFindings {
			return append(out, event.Finding{
				Rule: FactsFailed, Outcome: event.Hold, State: "fires", Dates: []string{}, Citation: "none", Certainty: "C",
				Text: fmt.Sprintf("This order has %d findings; the %d most severe are kept. Split it.", len(all), MaxFindings-1),
			})
		}
		out = append(out, finding(&all[i]))
	}
	return out
}

func finding(f *found) event.Finding {
	state := "fires"
	if f.Unknown {
		state = "indeterminate"
	}
	return event.Finding{
		Rule: f.Rule.ID, Outcome: f.outcome, State: state, Missing: f.Missing, Party: index(f.Party), Item: index(f.Item),
		Dates: f.dates, Policy: f.Policy, Text: f.Text, Citation: f.Citation, Certainty: f.Certainty,
		Entry: f.Entry, Score: f.Score, Tried: f.Tried, Pack: f.Rule.Of, AnsweredBy: f.answered,
	}
}

func index(i int) *int {
	if i < 0 {
		return nil
	}
	return &i
}
