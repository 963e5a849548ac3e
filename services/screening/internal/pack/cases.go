package pack

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tidegate/tidegate/schemas/event"
)

// The kinds of case that every rule needs where its dates make them possible.
const (
	Fires     = "fires"      // the rule fires
	JustMiss  = "misses"     // it just misses
	DayBefore = "day_before" // the day before it binds
	DayAfter  = "day_after"  // the day after it ceases to bind
	Open      = "open"       // a missing fact makes it indeterminate
	Answered  = "answered"   // a red flag answered: a note
)

// CaseFile is cases/<rule id>.yaml. Order, facts, cause and read of every case start from those of the file; what a case
// gives is laid over them, member by member, lists as a whole.
type CaseFile struct {
	Order Fragment   `yaml:"order,omitempty"`
	Facts Fragment   `yaml:"facts,omitempty"`
	Cause Fragment   `yaml:"cause,omitempty"` // where it is more than a placed order: kind, shipment …
	Read  Fragment   `yaml:"read,omitempty"`  // what the ledger held
	Cases []RuleCase `yaml:"cases"`
}

// Fragment is a part of an order or of facts, in the members of the JSON lines.
type Fragment map[string]any

// RuleCase is a small order with its facts and what the rule must say of it.
type RuleCase struct {
	Name   string            `yaml:"name"`
	Kind   string            `yaml:"kind"`
	Date   event.Date        `yaml:"date"` // judged as of
	Params map[string]string `yaml:"parameters,omitempty"`
	Order  Fragment          `yaml:"order,omitempty"`
	Facts  Fragment          `yaml:"facts,omitempty"`
	Cause  Fragment          `yaml:"cause,omitempty"`
	Read   Fragment          `yaml:"read,omitempty"`
	Expect Expect            `yaml:"expect"`
	line   int
}

// Expect is what must come out.
type Expect struct {
	Outcome event.Outcome `yaml:"outcome"`           // of the order
	Rule    string        `yaml:"rule,omitempty"`    // the deciding one, where it matters
	State   string        `yaml:"state"`             // of this rule: fires, indeterminate, silent
	Policy  string        `yaml:"policy,omitempty"`  // of this rule's finding
	Note    bool          `yaml:"note,omitempty"`    // this rule's finding must be a note
	Missing []string      `yaml:"missing,omitempty"` // of this rule's finding
	Until   event.Date    `yaml:"valid_until,omitempty"`
	Finds   []string      `yaml:"findings,omitempty"` // other rules that must have a finding
}

var kinds = []string{Fires, JustMiss, DayBefore, DayAfter, Open, Answered}

// Kinds lists the kinds of case.
func Kinds() []string { return slices.Clone(kinds) }

func (c *RuleCase) check() []string {
	var faults []string
	if c.Name == "" || !slices.Contains(kinds, c.Kind) {
		faults = append(faults, fmt.Sprintf("case %q: want a name and a kind of %s", c.Name, strings.Join(kinds, ", ")))
	}
	if _, err := event.ParseDate(string(c.Date)); err != nil {
		faults = append(faults, fmt.Sprintf("case %q: %v", c.Name, err))
	}
	if c.Expect.Outcome.Severity() < 0 {
		faults = append(faults, fmt.Sprintf("case %q: outcome %q is not one of release, hold, license, block", c.Name, c.Expect.Outcome))
	}
	if !slices.Contains([]string{"fires", "indeterminate", "silent"}, c.Expect.State) {
		faults = append(faults, fmt.Sprintf("case %q: state %q is not one of fires, indeterminate, silent", c.Name, c.Expect.State))
	}
	return faults
}

// Cases gives a rule's case file; false when it has none.
func (p *Pack) Cases(id string) (CaseFile, bool) {
	f, ok := p.cases[id]
	return f, ok
}

// Place is where a case stands, for messages.
func (c *RuleCase) Place(id string) string { return fmt.Sprintf("cases/%s.yaml:%d", id, c.line) }

// Built is a case ready to be judged.
type Built struct {
	Cause *event.Cause
	Facts *event.Facts
	Read  *event.Read // nil where the ledger is empty
}

// Build makes the order, the facts and what the ledger held of a case. Parties and items that the facts leave out are
// filled with facts that say nothing; unknown members are refused.
func (f *CaseFile) Build(c *RuleCase) (Built, error) {
	b := Built{Cause: &event.Cause{Line: event.LineOrder, V: 1, Kind: event.Placed, Of: "case"}, Facts: new(event.Facts)}
	if err := strict(merge(f.Cause, c.Cause), b.Cause); err != nil {
		return b, fmt.Errorf("cause: %w", err)
	}
	b.Cause.Order = new(event.Order)
	if err := strict(merge(f.Order, c.Order), b.Cause.Order); err != nil {
		return b, fmt.Errorf("order: %w", err)
	}
	if err := strict(merge(f.Facts, c.Facts), b.Facts); err != nil {
		return b, fmt.Errorf("facts: %w", err)
	}
	if read := merge(f.Read, c.Read); len(read) > 0 {
		b.Read = new(event.Read)
		if err := strict(read, b.Read); err != nil {
			return b, fmt.Errorf("read: %w", err)
		}
	}
	order, facts := b.Cause.Order, b.Facts
	for len(facts.Parties) < len(order.Parties) {
		facts.Parties = append(facts.Parties, event.PartyFacts{})
	}
	for len(facts.Items) < len(order.Items) {
		facts.Items = append(facts.Items, event.ItemFacts{Class: "none", Class2022: "none", How: "goods", DC: "unknown", Subject: "unknown"})
	}
	if order.OrderDate == "" {
		order.OrderDate = c.Date
	}
	facts.Line, facts.V = event.LineFacts, 1
	return b, nil
}

func merge(base, over Fragment) Fragment {
	out := Fragment{}
	maps.Copy(out, base)
	maps.Copy(out, over)
	return out
}

// strict moves a fragment into v through JSON: the members are those of the lines.
func strict(f Fragment, v any) error {
	b, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("not plain data: %w", err)
	}
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// UnmarshalYAML reads plain data and keeps dates as the text they are.
func (f *Fragment) UnmarshalYAML(n *yaml.Node) error {
	untime(n)
	var m map[string]any
	if err := n.Decode(&m); err != nil {
		return err
	}
	*f = m
	return nil
}

func untime(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!timestamp" {
		n.Tag = "!!str"
	}
	for _, c := range n.Content {
		untime(c)
	}
}
