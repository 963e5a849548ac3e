package list

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
)

// Bounds that encoding/xml does not set by itself.
const (
	maxDepth      = 64
	maxAttributes = 64
)

// guard hands on the tokens of a document within bounds: no document type, no depth or attributes without end, no
// attribute twice, nothing behind the root.
type guard struct {
	dec    *xml.Decoder
	m      *meter
	depth  int
	closed bool
	start  int64 // where the row began
}

func newGuard(m *meter) *guard {
	dec := xml.NewDecoder(m)
	dec.Strict = true
	return &guard{dec: dec, m: m}
}

// row begins a row.
func (g *guard) row() { g.start = g.dec.InputOffset() }

// Token is the next token.
func (g *guard) Token() (xml.Token, error) {
	g.m.row(g.dec.InputOffset())
	t, err := g.dec.Token()
	if err != nil {
		if errors.Is(err, io.EOF) && !g.closed {
			return nil, errors.New("the document ends early")
		}
		return nil, err
	}
	if g.start > 0 && g.depth > 2 && g.dec.InputOffset()-g.start > MaxRow {
		return nil, errLong
	}
	if err := g.check(t); err != nil {
		return nil, err // a token beside an error would hide it
	}
	return xml.CopyToken(t), nil
}

func (g *guard) check(t xml.Token) error {
	switch t := t.(type) {
	case xml.Directive:
		return errors.New("a document type is not taken")
	case xml.StartElement:
		g.depth++
		switch {
		case g.closed:
			return errors.New("a second root")
		case g.depth > maxDepth:
			return fmt.Errorf("deeper than %d elements", maxDepth)
		case len(t.Attr) > maxAttributes:
			return fmt.Errorf("more than %d attributes", maxAttributes)
		}
		seen := map[xml.Name]bool{}
		for _, a := range t.Attr {
			if seen[a.Name] {
				return fmt.Errorf("attribute %q stands twice", a.Name.Local)
			}
			seen[a.Name] = true
		}
	case xml.EndElement:
		g.depth--
		g.closed = g.depth == 0
	case xml.CharData:
		if g.closed && squeeze(string(t)) != "" {
			return errors.New("bytes after the end")
		}
	}
	return nil
}

// root reads up to the root element and holds it to its name.
func (g *guard) root(dec *xml.Decoder, name string) (xml.StartElement, error) {
	for {
		t, err := dec.Token()
		if err != nil {
			return xml.StartElement{}, err
		}
		if s, ok := t.(xml.StartElement); ok {
			if s.Name.Local != name {
				return s, fmt.Errorf("the root is %q, want %q", s.Name.Local, name)
			}
			return s, nil
		}
	}
}
