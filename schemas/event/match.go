package event

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Question asks who on the lists a party may be. It needs a name, an address or an identifier.
type Question struct {
	Name        string   `json:"name,omitempty"`
	Type        string   `json:"type,omitempty"`        // person, company or vessel; any when empty
	Country     Country  `json:"country,omitempty"`     // where the party is
	Address     string   `json:"address,omitempty"`     // one line
	AsOf        Date     `json:"as_of,omitempty"`       // entries in force on that day only; every entry when empty
	Identifiers []string `json:"identifiers,omitempty"` // official numbers, each with its kind: IMO 9074729
	Born        string   `json:"born,omitempty"`        // date of birth, or the year or month alone
}

// Found lists who a party may be.
type Found struct {
	Snapshot   string      `json:"snapshot"`
	Matcher    string      `json:"matcher"`
	Considered int         `json:"considered"` // listed names, addresses and numbers compared
	Floor      Milli       `json:"floor"`      // least score that is stated
	Candidates []Candidate `json:"candidates"` // best first
}

// Candidate is a listed entry with the reasons for its score in plain words.
type Candidate struct {
	Match
	Why []string `json:"why"`
}

// QuestionTypes are the types that a question may name.
var QuestionTypes = []string{"person", "company", "vessel"}

// MaxQuestion is the most bytes that a text of a question may have.
const MaxQuestion = 4096

// Check says everything that is wrong with a question.
func (q *Question) Check() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if strings.TrimSpace(q.Name+q.Address+strings.Join(q.Identifiers, "")) == "" {
		fault("a name, an address or an identifier is missing")
	}
	if q.Type != "" && !slices.Contains(QuestionTypes, q.Type) {
		fault("type %q is not %s", q.Type, strings.Join(QuestionTypes, ", "))
	}
	if c := string(q.Country); c != "" && (len(c) != 2 || strings.Trim(c, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "") {
		fault("country %q is not two capital letters", c)
	}
	if q.AsOf != "" {
		if _, err := ParseDate(string(q.AsOf)); err != nil {
			fault("as_of: %w", err)
		}
	}
	if max(len(q.Name), len(q.Address), len(q.Born)) > MaxQuestion || len(q.Identifiers) > 32 {
		fault("more than %d bytes in a text, or more than 32 identifiers", MaxQuestion)
	}
	return errors.Join(faults...)
}
