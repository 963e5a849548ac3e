package rule

import (
	"errors"
	"fmt"
	"strings"

	"cel.dev/cel-go/cel"
)

// misplaced is a fault of a condition or text at one of its characters, counted from 0.
type misplaced struct {
	at     int
	detail string
}

// Error says what is wrong.
func (m *misplaced) Error() string { return m.detail }

// issuesOf makes one error of each that cel-go found.
func issuesOf(source string, issues *cel.Issues) error {
	var all []error
	for _, e := range issues.Errors() {
		detail := strings.ReplaceAll(e.Message, "<input>", "the condition")
		all = append(all, &misplaced{offset(source, e.Location.Line(), e.Location.Column()), detail})
	}
	if all == nil {
		return issues.Err()
	}
	return errors.Join(all...)
}

// offset is the place of a line, counted from 1, and column, counted from 0.
func offset(source string, line, column int) int {
	at := 0
	for range max(line, 1) - 1 {
		_, rest, ok := strings.Cut(source[at:], "\n")
		if !ok {
			break
		}
		at = len(source) - len(rest)
	}
	return at + max(column, 0)
}

// report adds a fault for every error in err.
func report(add func(string, ...string), err error, path ...string) {
	if err == nil {
		return
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			report(add, one, path...)
		}
		return
	}
	if m, ok := errors.AsType[*misplaced](err); ok {
		path = append(path, fmt.Sprintf("@%d", m.at))
	}
	add(err.Error(), path...)
}
