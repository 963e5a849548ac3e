package standalone

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/deploy/standalone/samples"
	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit"
)

// DemoCase is one sample with what became of it.
type DemoCase struct {
	Sample   string        `json:"sample"`
	Kind     samples.Kind  `json:"kind"`
	OrderID  string        `json:"order_id"`
	Date     event.Date    `json:"date,omitempty"`
	Outcome  event.Outcome `json:"outcome,omitempty"` // empty for a refusal
	Rule     string        `json:"rule,omitempty"`
	State    string        `json:"state,omitempty"`
	Missing  []string      `json:"missing,omitempty"`
	Policy   string        `json:"policy,omitempty"`
	Differs  bool          `json:"differs,omitempty"`
	Text     string        `json:"text,omitempty"`
	Citation string        `json:"citation,omitempty"`
	Until    event.Date    `json:"valid_until,omitempty"`
	Faults   []event.Fault `json:"faults,omitempty"`
	Leaf     uint64        `json:"leaf"`
	Miss     string        `json:"miss,omitempty"` // what was expected instead

	event string
}

// compare puts every sample beside what the log says of it.
func (r *Result) compare(set []samples.Sample, answers []answer, logged map[string]audit.Logged) error {
	for i, sample := range set {
		l, ok := logged[answers[i].Event]
		if !ok {
			return fmt.Errorf("sample %s was answered with event %s, which is not in the log", sample.Name, answers[i].Event)
		}
		c := DemoCase{Sample: sample.Name, Kind: sample.Kind, Leaf: l.Index, event: answers[i].Event}
		if err := c.read(l.Case); err != nil {
			return fmt.Errorf("sample %s: %w", sample.Name, err)
		}
		if c.Miss = missed(sample.Expect, c); c.Miss != "" {
			r.Misses = append(r.Misses, sample.Name+": "+c.Miss)
		}
		r.count(c)
		r.Cases = append(r.Cases, c)
	}
	r.Records = len(logged)
	return nil
}

func (r *Result) count(c DemoCase) {
	switch c.Outcome {
	case event.NoOutcome:
		r.Refused++
		return
	case event.Hold:
		r.Held++
	case event.Release, event.NeedsLic, event.Block:
	}
	r.Orders++
	r.Decided++
}

// read takes what a person wants to see from the case's lines.
func (c *DemoCase) read(lines event.Case) error {
	if lines.Refused() {
		var refusal event.Refusal
		if err := json.Unmarshal(lines.Line(0), &refusal); err != nil {
			return err
		}
		c.OrderID, c.Faults = refusal.OrderID, refusal.Faults
		return nil
	}
	var cause event.Cause
	if err := json.Unmarshal(lines.Line(0), &cause); err != nil {
		return err
	}
	var j event.Judgement
	if err := json.Unmarshal(lines.Line(2), &j); err != nil {
		return err
	}
	c.OrderID, c.Date, c.Outcome, c.Rule = cause.OrderID, cause.Order.OrderDate, j.Outcome, j.Rule
	c.Until, c.Differs = j.ValidUntil, j.Differs
	if i := slices.IndexFunc(j.Findings, func(f event.Finding) bool { return f.Rule == j.Rule && f.Outcome == j.Outcome }); i >= 0 {
		f := j.Findings[i]
		c.State, c.Missing, c.Policy, c.Text, c.Citation = f.State, f.Missing, f.Policy, f.Text, f.Citation
	}
	return nil
}

// missed says in what a case is not as expected; "" when it is.
func missed(want samples.Expect, got DemoCase) string {
	var off []string
	differ := func(what, want, got string) {
		if want != got {
			off = append(off, fmt.Sprintf("%s %q, expected %q", what, got, want))
		}
	}
	differ("outcome", string(want.Outcome), string(got.Outcome))
	if want.Rule != "" || want.Outcome != event.Release {
		differ("rule", want.Rule, got.Rule)
	}
	if want.State != "" {
		differ("state", want.State, got.State)
	}
	if want.Policy != "" {
		differ("policy", want.Policy, got.Policy)
	}
	if want.Differs && !got.Differs {
		off = append(off, "the dates do not differ, expected that they do")
	}
	for _, fact := range want.Missing {
		if !slices.Contains(got.Missing, fact) {
			off = append(off, fmt.Sprintf("missing facts %v, expected %s among them", got.Missing, fact))
		}
	}
	for _, f := range want.Faults {
		if !slices.ContainsFunc(got.Faults, func(g event.Fault) bool { return g.Pointer == f.Pointer && g.Code == f.Code }) {
			off = append(off, fmt.Sprintf("no fault %s at %q", f.Code, f.Pointer))
		}
	}
	return strings.Join(off, "; ")
}
