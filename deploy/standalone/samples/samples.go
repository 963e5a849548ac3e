// Package samples holds the orders that the first run screens, each with the answer it must get: cases modeled on
// enforcement history and on the dates and thresholds of the rules, ordinary trade, and inputs that must be refused.
//
// The answers are read from the regulations, not from the program. Every party is invented, save listed parties, which
// are public facts, and the makers of known chips.
package samples

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tidegate/tidegate/schemas/event"
)

//go:embed orders
var orders embed.FS

// Kind says what a sample is for.
type Kind string

// The kinds of sample.
const (
	Case     Kind = "case"     // modeled on a case, a typology, a date or a threshold
	Ordinary Kind = "ordinary" // ordinary trade, which must be released
	Refusal  Kind = "refusal"  // an input that must not be accepted
)

// Sample is one input with the answer it must get.
type Sample struct {
	Name   string // file name without its ending: "031-a100-china-letters"
	File   string // with it: .json, .xml, .edi or .csv
	Kind   Kind
	Input  []byte // the order's bytes in any format, as they are sent
	Expect Expect
}

// Expect is the answer that a sample must get, as its file NNN-name.expect.yaml says.
type Expect struct {
	Kind       Kind          `yaml:"kind"`
	Outcome    event.Outcome `yaml:"outcome,omitempty"`
	Rule       string        `yaml:"rule,omitempty"`       // deciding rule; empty for a release without a note
	State      string        `yaml:"state,omitempty"`      // of a hold: fires, indeterminate
	Missing    []string      `yaml:"missing,omitempty"`    // facts that an indeterminate hold names, among others
	Policy     string        `yaml:"policy,omitempty"`     // review policy of the deciding finding, where it is the point
	Differs    bool          `yaml:"differs,omitempty"`    // order date and ship date have different answers
	Why        string        `yaml:"why"`                  // one sentence with the citation
	Codified   *Answer       `yaml:"codified,omitempty"`   // the answer with diffusion set to codified, where it is another
	Affiliates *Answer       `yaml:"affiliates,omitempty"` // the answer as of 2026-11-10, where it is not that of the day before
	Faults     []Fault       `yaml:"faults,omitempty"`     // of a refusal: every one
}

// Answer is an outcome with its deciding rule.
type Answer struct {
	Outcome event.Outcome `yaml:"outcome"`
	Rule    string        `yaml:"rule,omitempty"`
}

// Fault is a reason for a refusal: the place in the input and the code.
type Fault struct {
	Pointer string `yaml:"pointer"`
	Code    string `yaml:"code"`
}

// Load gives the samples by name, in the order in which they are submitted. The error names every file at fault.
func Load() ([]Sample, error) {
	files, err := fs.Glob(orders, "orders/*")
	if err != nil {
		return nil, fmt.Errorf("list samples: %w", err)
	}
	out := make([]Sample, 0, len(files)/2)
	var errs []error
	for _, file := range files {
		if strings.HasSuffix(file, answerEnding) {
			continue
		}
		s, err := load(file)
		if err != nil {
			errs = append(errs, fmt.Errorf("sample %s: %w", file, err))
			continue
		}
		out = append(out, s)
	}
	return out, errors.Join(errs...)
}

// answerEnding ends the names of the files with the answers.
const answerEnding = ".expect.yaml"

func load(file string) (Sample, error) {
	path := strings.TrimSuffix(file, filepath.Ext(file))
	input, err := orders.ReadFile(file)
	if err != nil {
		return Sample{}, fmt.Errorf("read order: %w", err)
	}
	answer, err := orders.ReadFile(path + answerEnding)
	if err != nil {
		return Sample{}, fmt.Errorf("read expected answer: %w", err)
	}
	s := Sample{Name: strings.TrimPrefix(path, "orders/"), File: strings.TrimPrefix(file, "orders/"), Input: bytes.TrimSpace(input)}
	if err := yaml.Load(answer, &s.Expect, yaml.WithKnownFields()); err != nil {
		return Sample{}, fmt.Errorf("read expected answer: %w", err)
	}
	s.Kind = s.Expect.Kind
	return s, s.Expect.check()
}

func (e Expect) check() error {
	switch {
	case e.Why == "":
		return errors.New("the expected answer does not say why")
	case e.Kind == Refusal && (len(e.Faults) == 0 || e.Outcome != ""):
		return errors.New("a refusal has faults and no outcome")
	case e.Kind == Refusal:
		return nil
	case e.Kind != Case && e.Kind != Ordinary:
		return fmt.Errorf("kind %q is none of case, ordinary, refusal", e.Kind)
	case e.Outcome.Severity() < 0:
		return fmt.Errorf("outcome %q is none of release, hold, license, block", e.Outcome)
	case e.Outcome != event.Release && e.Rule == "":
		return errors.New("only a release goes without a rule")
	case e.Outcome == event.Hold && e.State == "":
		return errors.New("a hold says whether its rule fires or is indeterminate")
	}
	return nil
}
