package pack

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
)

// DispositionRule says who may answer findings by disposition. The first entry that a finding fits holds; what fits none
// may be answered by anybody alone.
type DispositionRule struct {
	Rules    []string        `yaml:"rules,omitempty" json:"rules,omitempty"`       // only findings of these; of all rules when empty
	Outcomes []event.Outcome `yaml:"outcomes,omitempty" json:"outcomes,omitempty"` // only findings of these outcomes; of all when empty
	Never    bool            `yaml:"never,omitempty" json:"never,omitempty"`       // nobody may: the law leaves no room
	Roles    []string        `yaml:"roles,omitempty" json:"roles,omitempty"`       // roles that may; any when empty
	Second   bool            `yaml:"second,omitempty" json:"second,omitempty"`     // another person must have agreed
}

// Disposing gives the entry for findings of a rule with an outcome.
func (p *Pack) Disposing(rule string, outcome event.Outcome) DispositionRule {
	for _, d := range p.Manifest.Dispositions {
		if (d.Rules == nil || slices.Contains(d.Rules, rule)) && (d.Outcomes == nil || slices.Contains(d.Outcomes, outcome)) {
			return d
		}
	}
	return DispositionRule{}
}

// Refuses says why a disposition does not answer; empty when it does.
func (d DispositionRule) Refuses(by *event.Disposed) string {
	switch {
	case d.Never:
		return "no disposition answers this finding"
	case d.Roles != nil && !slices.Contains(d.Roles, by.Role):
		return fmt.Sprintf("it was made as %s; the pack asks for %s", by.Role, strings.Join(d.Roles, " or "))
	case d.Second && (by.Second == "" || strings.EqualFold(strings.TrimSpace(by.Second), strings.TrimSpace(by.By))):
		return "the pack asks for a second person, and none other agreed"
	}
	return ""
}

// check lists what is wrong with the entry.
func (d DispositionRule) check(p *Pack) []string {
	var faults []string
	for _, o := range d.Outcomes {
		if o.Severity() < 1 {
			faults = append(faults, fmt.Sprintf("outcome %q is not one of hold, license, block", o))
		}
	}
	for _, id := range d.Rules {
		if _, ok := p.Rule(id); !ok {
			faults = append(faults, fmt.Sprintf("rule %s is not there", id))
		}
	}
	if d.Never && (d.Roles != nil || d.Second) {
		faults = append(faults, "never leaves nothing to roles or a second person")
	}
	return faults
}
