package screening

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening/internal/rule"
)

// RuleDiff is what changed in one rule, or in the pack itself where Rule is empty.
type RuleDiff struct {
	Rule    string   `json:"rule,omitempty"`
	What    string   `json:"what"`    // added, removed, changed
	Changes []string `json:"changes"` // in words
}

// Diff says in words what changed from one pack to another: the pack's own settings first, then the rules in the order of
// the new pack, then those that are gone. Empty where nothing did.
func Diff(before, after *Pack) []RuleDiff {
	out := []RuleDiff{}
	if c := packChanges(before, after); c != nil {
		out = append(out, RuleDiff{What: "changed", Changes: c})
	}
	old := map[string]*Rule{}
	for _, r := range before.Rules() {
		old[name(r)] = r
	}
	for _, r := range after.Rules() {
		was := old[name(r)]
		delete(old, name(r))
		if was == nil {
			out = append(out, RuleDiff{name(r), "added", []string{ruleLine(r)}})
		} else if c := ruleChanges(was, r); c != nil {
			out = append(out, RuleDiff{name(r), "changed", c})
		}
	}
	for _, r := range before.Rules() {
		if old[name(r)] != nil {
			out = append(out, RuleDiff{name(r), "removed", []string{ruleLine(r)}})
		}
	}
	return out
}

func name(r *Rule) string {
	if r.Of == "" {
		return r.ID
	}
	return r.Of + "/" + r.ID
}

func ruleLine(r *Rule) string {
	return fmt.Sprintf("%s; outcome %s; %s [%s]", r.Title, r.Outcome, historyText(r.Status), r.Citation)
}

func packChanges(before, after *Pack) []string {
	var d changeList
	a, b := before.Ref(), after.Ref()
	d.text("id", a.ID, b.ID)
	d.text("version", a.Version, b.Version)
	ah, ar := before.Thresholds()
	bh, br := after.Thresholds()
	d.text("score of a hit", ah.String(), bh.String())
	d.text("score of a possible match", ar.String(), br.String())
	names := slices.Sorted(maps.Keys(a.Parameters))
	for _, n := range slices.Sorted(maps.Keys(b.Parameters)) {
		if !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	for _, n := range names {
		d.text("parameter "+n, a.Parameters[n], b.Parameters[n])
	}
	d.text("who may answer findings", dispositionsText(before), dispositionsText(after))
	return d.said
}

func dispositionsText(p *Pack) string {
	var out []string
	for _, r := range p.p.Manifest.Dispositions {
		of := "every finding"
		if len(r.Rules)+len(r.Outcomes) > 0 {
			of = strings.Join(append(slices.Clone(r.Rules), outcomeTexts(r.Outcomes)...), ", ")
		}
		who := cmp.Or(strings.Join(r.Roles, " or "), "anybody")
		switch {
		case r.Never:
			who = "nobody"
		case r.Second:
			who += " with a second person"
		}
		out = append(out, of+": "+who)
	}
	return strings.Join(out, "; ")
}

func outcomeTexts(o []event.Outcome) []string {
	var out []string
	for _, one := range o {
		out = append(out, string(one))
	}
	return out
}

// changeList gathers what changed.
type changeList struct{ said []string }

func (d *changeList) text(what, before, after string) {
	before, after = strings.Join(strings.Fields(before), " "), strings.Join(strings.Fields(after), " ")
	switch {
	case before == after:
	case before == "":
		d.said = append(d.said, fmt.Sprintf("%s is new: %s", what, after))
	case after == "":
		d.said = append(d.said, fmt.Sprintf("%s is gone; it was: %s", what, before))
	default:
		d.said = append(d.said, fmt.Sprintf("%s was: %s", what, before), fmt.Sprintf("%s is now: %s", what, after))
	}
}

func ruleChanges(was, is *Rule) []string {
	var d changeList
	if was.Outcome != is.Outcome {
		how := "milder"
		if is.Severity() > was.Severity() {
			how = "stricter"
		}
		d.said = append(d.said, fmt.Sprintf("outcome is %s instead of %s: %s", is.Outcome, was.Outcome, how))
	}
	d.text("dates", historyText(was.Status), historyText(is.Status))
	d.text("condition", conditionText(was), conditionText(is))
	d.text("evaluated per", asked(was), asked(is))
	d.text("title", was.Title, is.Title)
	d.text("citation", was.Citation, is.Citation)
	d.text("certainty", was.Certainty, is.Certainty)
	d.text("source", was.Source, is.Source)
	d.text("review policies", policiesText(was.Policies), policiesText(is.Policies))
	d.text("text", was.Explain, is.Explain)
	exceptionChanges(&d, was.Exceptions, is.Exceptions)
	d.text("parameter", parameterText(was.Parameter), parameterText(is.Parameter))
	d.text("an answer in red_flag_answers makes it a note", yesText(was.Flag), yesText(is.Flag))
	d.text("settled by", strings.Join(was.SettledBy, ", "), strings.Join(is.SettledBy, ", "))
	d.text("answers holds of", strings.Join(was.Answers, ", "), strings.Join(is.Answers, ", "))
	d.text("replaced review policy", replaceText(was.Replaces), replaceText(is.Replaces))
	d.text("note", was.Note, is.Note)
	return d.said
}

func historyText(history []rule.Status) string {
	var out []string
	for _, s := range history {
		text := s.State + " "
		switch {
		case s.From == "" && s.Until == "":
			text += "always"
		case s.Until == "":
			text += "from " + string(s.From)
		default:
			text += fmt.Sprintf("from %s to %s", cmp.Or(string(s.From), "ever"), s.Until)
		}
		if s.Compliance != "" {
			text += fmt.Sprintf(", binding from %s", s.Compliance)
		}
		if s.Cite != "" {
			text += " (" + s.Cite + ")"
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}

func conditionText(r *Rule) string {
	if r.When != "" {
		return r.When
	}
	var out []string
	for i, c := range r.Clauses {
		text := fmt.Sprintf("(%d) %s", i+1, c.When)
		if c.Status != nil {
			text += " [" + historyText(c.Status) + "]"
		}
		out = append(out, text)
	}
	return strings.Join(out, " or ")
}

func asked(r *Rule) string {
	out := cmp.Or(strings.Join(r.Per, " and "), "order")
	if r.Roles != nil {
		out += " in the roles " + strings.Join(r.Roles, ", ")
	}
	if r.Lists != nil {
		out += " on the lists " + strings.Join(r.Lists, ", ")
	}
	if r.Needs != nil {
		out += " where there is " + strings.Join(r.Needs, ", ")
	}
	return out
}

func policiesText(all []rule.Policy) string {
	var out []string
	for _, p := range all {
		out = append(out, strings.TrimSuffix(p.Policy+" when "+p.When, " when "))
	}
	return strings.Join(out, "; ")
}

func exceptionChanges(d *changeList, was, is []rule.Exception) {
	codes := []string{}
	for _, e := range slices.Concat(was, is) {
		if !slices.Contains(codes, e.Code) {
			codes = append(codes, e.Code)
		}
	}
	text := func(all []rule.Exception, code string) string {
		i := slices.IndexFunc(all, func(e rule.Exception) bool { return e.Code == code })
		if i < 0 {
			return ""
		}
		e := all[i]
		return fmt.Sprintf("%s; when %s; %s; else %s", e.Cite, cmp.Or(e.When, "never"), e.Applies, e.Fails)
	}
	for _, code := range codes {
		d.text("exception "+code, text(was, code), text(is, code))
	}
}

func parameterText(p *rule.Parameter) string {
	if p == nil {
		return ""
	}
	return p.Name + "=" + p.Value
}

func replaceText(r *rule.Replace) string {
	if r == nil {
		return ""
	}
	return fmt.Sprintf("that of %s becomes %s", r.Rule, r.Policy)
}

func yesText(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
