package pack

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// place is a line and a column of a file, both counted from 1; column 0 where only the line is known.
type place struct {
	line, column int
}

// faultAt notes a fault with the line it stands in and a caret under the place.
func (r *reader) faultAt(file string, at place, detail string) {
	head := fmt.Sprintf("%s:%d", file, max(1, at.line))
	if at.column > 0 {
		head += fmt.Sprintf(":%d", at.column)
	}
	r.faults = append(r.faults, head+": "+strings.TrimSpace(detail)+r.excerpt(file, at))
}

// excerpt is the line of a place, shortened around it, and a caret.
func (r *reader) excerpt(file string, at place) string {
	lines := strings.Split(string(r.files[file]), "\n")
	if at.column == 0 || at.line < 1 || at.line > len(lines) {
		return ""
	}
	text := []rune(strings.ReplaceAll(strings.TrimRight(lines[at.line-1], "\r"), "\t", " "))
	column := min(at.column-1, len(text))
	const around = 60
	if from := column - around; from > 0 {
		text, column = append([]rune("…"), text[from:]...), around+1
	}
	if len(text) > column+around {
		text = append(text[:column+around], '…')
	}
	return fmt.Sprintf("\n      %s\n      %s^", string(text), strings.Repeat(" ", column))
}

// find gives the place of a value by its path; the nearest above it when the path does not exist. A last key @N is the
// value's character N.
func (r *reader) find(file string, tree *yaml.Node, keys ...string) place {
	at := -1
	if n := len(keys); n > 0 && strings.HasPrefix(keys[n-1], "@") {
		if c, err := strconv.Atoi(keys[n-1][1:]); err == nil {
			at, keys = c, keys[:n-1]
		}
	}
	n, whole := node(tree, keys)
	if at >= 0 && whole && n.Kind == yaml.ScalarNode {
		return within(strings.Split(string(r.files[file]), "\n"), n, at)
	}
	return place{max(1, n.Line), n.Column}
}

// node finds a value by its path; whole says whether it is there, not only something above it.
func node(n *yaml.Node, keys []string) (found *yaml.Node, whole bool) {
	if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		return node(n.Content[0], keys)
	}
	if len(keys) == 0 {
		return n, true
	}
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == keys[0] {
				return node(n.Content[i+1], keys[1:])
			}
		}
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(keys[0]); err == nil && i < len(n.Content) {
			return node(n.Content[i], keys[1:])
		}
	default:
	}
	return n, false
}

// within finds a character of a scalar, whose lines YAML may have folded into one.
func within(lines []string, n *yaml.Node, at int) place {
	line, from := n.Line, n.Column-1
	switch n.Style {
	case yaml.FoldedStyle, yaml.LiteralStyle:
		line, from = line+1, -1
	case yaml.SingleQuotedStyle, yaml.DoubleQuotedStyle:
		from++
	default:
	}
	for ; line >= 1 && line <= len(lines); line++ {
		text := lines[line-1]
		if from < 0 {
			from = len(text) - len(strings.TrimLeft(text, " "))
		}
		from = min(from, len(text))
		size := len(strings.TrimRight(text[from:], " \r"))
		if at <= size {
			return place{line, utf8.RuneCountInString(text[:from+at]) + 1}
		}
		at, from = at-size-1, -1
	}
	return place{n.Line, n.Column}
}
