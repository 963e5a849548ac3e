// Package terminal is about what is printed for a person.
package terminal

import "strings"

// Shown is foreign text as it may be printed: control characters and those that turn the direction of writing, on which a terminal would act, are each
// replaced by U+FFFD. Blanks stay.
func Shown(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return '\ufffd'
		}
		return r
	}, s)
}
