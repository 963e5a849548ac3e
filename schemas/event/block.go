// Package event is the contract: the lines of a case, the cases of a block, and the values in them, as Go types. The
// JSON Schema files in ../v1 say the same for everybody else; a test holds the two together.
package event

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
)

// Limits of a block (architecture: the bus).
const (
	MaxCases     = 256       // cases in a block
	MaxOrderSize = 128 << 10 // bytes of one order as received, and of all orders in one block
	MaxBlockSize = 8 << 20   // bytes of one internal message
	MaxLeafSize  = 60 << 10  // bytes of a leaf; what is larger goes to the blob store, its digest into the leaf
)

// ErrBlock says that bytes are not a block. It is wrapped with the place.
var ErrBlock = errors.New("not a block")

// Case is one order's lines, each a compact JSON object without line breaks, in flow order. A case is written line by
// line, each once: a stage copies the bytes before its own line and never encodes them again.
type Case struct {
	lines [][]byte
}

// NewCase starts a case with its first line. The bytes are kept, not copied.
func NewCase(line []byte) Case { return Case{lines: [][]byte{line}} }

// Len is the number of lines.
func (c Case) Len() int { return len(c.lines) }

// Line gives line i's bytes, without the line break; nil when there is none.
func (c Case) Line(i int) []byte {
	if i < 0 || i >= len(c.lines) {
		return nil
	}
	return c.lines[i]
}

// Last is the last line.
func (c Case) Last() []byte { return c.Line(len(c.lines) - 1) }

// Size is the number of bytes the case takes in a block.
func (c Case) Size() int {
	n := 1
	for _, l := range c.lines {
		n += len(l) + 1
	}
	return n
}

// With gives the case with one more line; c itself is unchanged.
func (c Case) With(line []byte) Case {
	return Case{lines: append(slices.Clip(c.lines), line)}
}

// Refused says whether the case is an input that was not accepted: its only line is a refusal, and every stage
// passes it on as it is.
func (c Case) Refused() bool {
	return bytes.HasPrefix(c.Line(0), []byte(`{"line":"`+LineRefusal+`"`))
}

// Append writes the case as it stands in a block: each line with a line break, then an empty line.
func (c Case) Append(b []byte) []byte {
	for _, l := range c.lines {
		b = append(b, l...)
		b = append(b, '\n')
	}
	return append(b, '\n')
}

// Digest is the SHA-256 of a line in lower-case hex, as the next line's prev member carries it.
func Digest(line []byte) string {
	sum := sha256.Sum256(line)
	return hex.EncodeToString(sum[:])
}

// AppendBlock writes cases one after the other: the payload of one internal message. jq reads it as it is.
func AppendBlock(b []byte, cases []Case) []byte {
	size := 0
	for _, c := range cases {
		size += c.Size()
	}
	b = slices.Grow(b, size)
	for _, c := range cases {
		b = c.Append(b)
	}
	return b
}

// ParseBlock splits a payload into its cases. The lines share the payload's bytes. It refuses empty blocks, more than
// MaxCases cases, cases without lines and lines that are not one JSON object on the face of it.
func ParseBlock(b []byte) ([]Case, error) {
	cases := make([]Case, 0, 64)
	for len(b) > 0 {
		if len(cases) == MaxCases {
			return nil, fmt.Errorf("%w: more than %d cases", ErrBlock, MaxCases)
		}
		c, rest, err := cutCase(b)
		if err != nil {
			return nil, fmt.Errorf("case %d: %w", len(cases), err)
		}
		cases, b = append(cases, c), rest
	}
	if len(cases) == 0 {
		return nil, fmt.Errorf("%w: empty", ErrBlock)
	}
	return cases, nil
}

// ParseCase reads one case, as a leaf holds it.
func ParseCase(b []byte) (Case, error) {
	c, rest, err := cutCase(b)
	if err == nil && len(rest) > 0 {
		return Case{}, fmt.Errorf("%w: %d bytes after the case", ErrBlock, len(rest))
	}
	return c, err
}

func cutCase(b []byte) (c Case, rest []byte, err error) {
	c.lines = make([][]byte, 0, 3)
	for {
		i := bytes.IndexByte(b, '\n')
		switch {
		case i < 0:
			return Case{}, nil, fmt.Errorf("%w: line %d does not end", ErrBlock, len(c.lines))
		case i == 0 && len(c.lines) == 0:
			return Case{}, nil, fmt.Errorf("%w: a case without lines", ErrBlock)
		case i == 0:
			return c, b[1:], nil
		case b[0] != '{' || b[i-1] != '}':
			return Case{}, nil, fmt.Errorf("%w: line %d is not a JSON object", ErrBlock, len(c.lines))
		}
		c.lines, b = append(c.lines, b[:i]), b[i+1:]
	}
}
