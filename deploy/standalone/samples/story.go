package samples

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
)

//go:embed story
var storyFiles embed.FS

// Step is one thing that happens in the story told after the samples: orders whose answers follow from those before, and
// what happens to them through the operator's door.
type Step struct {
	Name   string          `json:"-"`
	Why    string          `json:"why"`
	Order  json.RawMessage `json:"order,omitempty"` // as it is sent to the door; else
	Act    *event.Act      `json:"act,omitempty"`   // through the operator's door
	Expect StepExpect      `json:"expect"`          // nothing of an act that is of no order
}

// StepExpect is the answer that a step must get.
type StepExpect struct {
	Outcome  event.Outcome `json:"outcome,omitempty"`
	Rule     string        `json:"rule,omitempty"`     // deciding rule, where it matters
	Findings []string      `json:"findings,omitempty"` // rules that must stand among the findings
	Answered []string      `json:"answered,omitempty"` // rules whose finding must be answered
}

// Story gives the steps in the order in which they happen. The error names every file at fault.
func Story() ([]Step, error) {
	files, err := fs.Glob(storyFiles, "story/*.json")
	if err != nil {
		return nil, fmt.Errorf("list the story: %w", err)
	}
	out := make([]Step, 0, len(files))
	var errs []error
	for _, file := range files {
		s := Step{Name: strings.TrimSuffix(path.Base(file), ".json")}
		b, err := storyFiles.ReadFile(file)
		if err == nil {
			err = json.Unmarshal(b, &s)
		}
		if err == nil && (s.Why == "" || (s.Order == nil) == (s.Act == nil)) {
			err = errors.New("want why, and either an order or an act")
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("story %s: %w", file, err))
			continue
		}
		out = append(out, s)
	}
	return out, errors.Join(errs...)
}

// Missed says in what a judgement is not as the step expects; empty when it is.
func (e StepExpect) Missed(j *event.Judgement) string {
	var off []string
	if j.Outcome != e.Outcome || e.Rule != "" && j.Rule != e.Rule {
		off = append(off, fmt.Sprintf("%s by %q, expected %s by %q", j.Outcome, j.Rule, e.Outcome, e.Rule))
	}
	has := func(rule string, answered bool) bool {
		for i := range j.Findings {
			if f := &j.Findings[i]; f.Rule == rule && (f.AnsweredBy != nil) == answered {
				return true
			}
		}
		return false
	}
	for _, rule := range e.Findings {
		if !has(rule, false) {
			off = append(off, "no finding of "+rule)
		}
	}
	for _, rule := range e.Answered {
		if !has(rule, true) {
			off = append(off, "no answered finding of "+rule)
		}
	}
	return strings.Join(off, "; ")
}
