// Package xmldoc reads foreign XML into a small tree, strictly: one root, every tag closed, no document type, no entities
// but the five of XML 1.0 and character references, nothing given twice among attributes, nothing behind the root, and
// bounds on size, depth and attributes. What it does not accept it refuses with the byte where it stands.
package xmldoc

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tidegate/tidegate/schemas/event"
)

// Limits of one document.
const (
	MaxDepth = 64      // elements inside each other
	MaxAttrs = 64      // attributes of one element
	MaxNodes = 1 << 17 // elements of a document
)

// Codes of faults.
const (
	codeSyntax    = "syntax"
	codeDuplicate = "duplicate_member"
	codeDepth     = "depth"
	codeSize      = "size"
	codeUTF8      = "utf8"
	codeNot       = "not_supported"
)

// Doc is a document read.
type Doc struct {
	nodes []Node
	attrs []Attr
	Root  *Node
}

// Node is an element. Its namespace is the URI, never the prefix.
type Node struct {
	Space, Name string
	Offset      int // of its tag in the input

	doc         *Doc
	text        string
	first, next int32 // places among the document's nodes; 0 for none
	last        int32
	attr, count int32
}

// Attr is an attribute; a namespace declaration is none.
type Attr struct{ Space, Name, Value string }

// Text is the element's own character data, without that of elements inside it.
func (n *Node) Text() string {
	if n == nil {
		return ""
	}
	return n.text
}

// Attr gives an attribute without a namespace; "" where there is none.
func (n *Node) Attr(name string) string {
	if n == nil {
		return ""
	}
	for _, a := range n.Attrs() {
		if a.Name == name && a.Space == "" {
			return a.Value
		}
	}
	return ""
}

// Attrs gives the attributes in their order.
func (n *Node) Attrs() []Attr { return n.doc.attrs[n.attr : n.attr+n.count] }

// Kids gives the elements directly inside, in their order.
func (n *Node) Kids(yield func(*Node) bool) {
	if n == nil {
		return
	}
	for i := n.first; i != 0; i = n.doc.nodes[i].next {
		if !yield(&n.doc.nodes[i]) {
			return
		}
	}
}

// All gives every element of the document, the root first, in the order of their tags.
func (d *Doc) All(yield func(*Node) bool) {
	for i := 1; i < len(d.nodes); i++ {
		if !yield(&d.nodes[i]) {
			return
		}
	}
}

// Path is where a node stands, as a JSON pointer of element names from the root: /Order/OrderLine/LineItem.
func (d *Doc) Path(n *Node) string {
	var names []string
	d.path(d.Root, n, &names)
	return "/" + strings.Join(names, "/")
}

func (d *Doc) path(at, want *Node, names *[]string) bool {
	*names = append(*names, at.Name)
	if at == want {
		return true
	}
	for k := range at.Kids {
		if d.path(k, want, names) {
			return true
		}
	}
	*names = (*names)[:len(*names)-1]
	return false
}

// Parse reads a document. With a fault there is no document.
func Parse(b []byte) (*Doc, *event.Fault) {
	in, back, f := decode(b)
	if f != nil {
		return nil, f
	}
	p := &parser{b: in, s: string(in), doc: &Doc{nodes: make([]Node, 1, 16+len(in)/48)}, spaces: make([]binding, 0, 8)}
	p.spaces = append(p.spaces, binding{prefix: "xml", space: "http://www.w3.org/XML/1998/namespace"})
	p.document()
	if p.fault != nil {
		p.fault.Offset = back(p.fault.Offset)
		return nil, p.fault
	}
	for i := range p.doc.nodes {
		n := &p.doc.nodes[i]
		n.doc, n.Offset = p.doc, back(n.Offset)
	}
	p.doc.Root = &p.doc.nodes[1]
	return p.doc, nil
}

// parser reads one document. After a fault it reads nothing more.
type parser struct {
	b      []byte
	s      string // the same, for texts that are parts of it
	i      int
	doc    *Doc
	open   []frame
	spaces []binding
	fault  *event.Fault
}

type binding struct{ prefix, space string }

// frame is an open element.
type frame struct {
	node   int32
	name   string // as written, with its prefix
	spaces int    // bindings before it
}

func (p *parser) fail(at int, code, format string, v ...any) bool {
	if p.fault == nil {
		p.fault = &event.Fault{Offset: at, Code: code, Detail: fmt.Sprintf(format, v...)}
	}
	return false
}

func (p *parser) document() {
	if bytes.HasPrefix(p.b, []byte("<?xml")) && len(p.b) > 5 && space(p.b[5]) {
		end := bytes.Index(p.b, []byte("?>"))
		if end < 0 {
			p.fail(0, codeSyntax, "the XML declaration does not end")
			return
		}
		p.i = end + 2
	}
	for p.fault == nil {
		for p.i < len(p.b) && space(p.b[p.i]) {
			p.i++
		}
		if p.i == len(p.b) {
			break
		}
		if p.b[p.i] != '<' {
			where := "before the root element"
			if len(p.doc.nodes) > 1 {
				where = "behind the root element"
			}
			p.fail(p.i, codeSyntax, "text %s", where)
			return
		}
		if !p.markup() {
			return
		}
	}
	if p.fault == nil && len(p.doc.nodes) == 1 {
		p.fail(p.i, codeSyntax, "no root element")
	}
}

// markup reads what begins with < outside the root, and the whole root with all that is in it.
func (p *parser) markup() bool {
	if p.special() {
		return p.fault == nil
	}
	if len(p.doc.nodes) > 1 {
		return p.fail(p.i, codeSyntax, "a second root element")
	}
	if !p.start() {
		return false
	}
	for len(p.open) > 0 {
		if !p.content() {
			return false
		}
	}
	return true
}

// special reads comments and processing instructions, and refuses document types. It says whether there was one.
func (p *parser) special() bool {
	rest := p.b[p.i:]
	switch {
	case bytes.HasPrefix(rest, []byte("<!--")):
		end := bytes.Index(rest[4:], []byte("--"))
		if end < 0 || !bytes.HasPrefix(rest[4+end:], []byte("-->")) {
			p.fail(p.i, codeSyntax, "a comment that does not end in -->")
			return true
		}
		p.i += 4 + end + 3
	case bytes.HasPrefix(rest, []byte("<?")):
		end := bytes.Index(rest, []byte("?>"))
		if end < 0 || bytes.HasPrefix(bytes.ToLower(rest[2:min(6, len(rest))]), []byte("xml ")) {
			p.fail(p.i, codeSyntax, "a processing instruction that does not end, or an XML declaration inside the document")
			return true
		}
		p.i += end + 2
	case bytes.HasPrefix(rest, []byte("<!DOCTYPE")) || bytes.HasPrefix(rest, []byte("<!doctype")):
		p.fail(p.i, codeNot, "a document type; orders need none, and none is read: it could define entities")
	default:
		return false
	}
	return true
}

// content reads text up to the next markup inside the open element, and that markup.
func (p *parser) content() bool {
	start := p.i
	at := bytes.IndexByte(p.b[p.i:], '<')
	if at < 0 {
		f := p.open[len(p.open)-1]
		return p.fail(len(p.b), codeSyntax, "ends inside <%s>", f.name)
	}
	p.i += at
	if at > 0 && !p.data(start, p.i) {
		return false
	}
	switch {
	case bytes.HasPrefix(p.b[p.i:], []byte("</")):
		return p.end()
	case bytes.HasPrefix(p.b[p.i:], []byte("<![CDATA[")):
		return p.cdata()
	case p.special():
		return p.fault == nil
	default:
		return p.start()
	}
}

// data takes character data of the open element.
func (p *parser) data(start, end int) bool {
	raw := p.b[start:end]
	n := &p.doc.nodes[p.open[len(p.open)-1].node]
	if blank(raw) && (n.first != 0 || n.text == "") {
		return true // only what makes the document pretty
	}
	if i := bytes.Index(raw, []byte("]]>")); i >= 0 {
		return p.fail(start+i, codeSyntax, "]]> outside of a CDATA section")
	}
	s, ok := p.unescape(start, raw)
	if ok {
		n.text += s
	}
	return ok
}

func (p *parser) cdata() bool {
	start := p.i + len("<![CDATA[")
	end := bytes.Index(p.b[start:], []byte("]]>"))
	if end < 0 {
		return p.fail(p.i, codeSyntax, "a CDATA section that does not end")
	}
	if !p.clean(start, p.b[start:start+end]) {
		return false
	}
	p.doc.nodes[p.open[len(p.open)-1].node].text += string(p.b[start : start+end])
	p.i = start + end + 3
	return true
}

func (p *parser) end() bool {
	f := p.open[len(p.open)-1]
	start := p.i
	p.i += 2
	name, ok := p.name()
	if !ok {
		return false
	}
	p.space()
	if p.i == len(p.b) || p.b[p.i] != '>' {
		return p.fail(start, codeSyntax, "an end tag that does not end in >")
	}
	p.i++
	if name != f.name {
		return p.fail(start, codeSyntax, "</%s> where </%s> should stand", clip(name), clip(f.name))
	}
	p.open = p.open[:len(p.open)-1]
	p.spaces = p.spaces[:f.spaces]
	return true
}

// raw is an attribute as written.
type raw struct {
	name, value string
	at          int
}

func (p *parser) start() bool {
	at := p.i
	p.i++
	name, ok := p.name()
	if !ok {
		return false
	}
	if len(p.open) == MaxDepth {
		return p.fail(at, codeDepth, "more than %d elements inside each other", MaxDepth)
	}
	if len(p.doc.nodes) > MaxNodes {
		return p.fail(at, codeSize, "more than %d elements", MaxNodes)
	}
	var room [8]raw
	attrs, closed, ok := p.attrs(at, room[:0])
	if !ok {
		return false
	}
	f := frame{node: int32(len(p.doc.nodes)), name: name, spaces: len(p.spaces)}
	if !p.bind(attrs) {
		return false
	}
	n := Node{Offset: at, attr: int32(len(p.doc.attrs))}
	if n.Space, n.Name, ok = p.resolve(at, name, true); !ok {
		return false
	}
	if !p.keep(&n, attrs) {
		return false
	}
	p.link(f.node)
	p.doc.nodes = append(p.doc.nodes, n)
	if closed {
		p.spaces = p.spaces[:f.spaces]
		return true
	}
	p.open = append(p.open, f)
	return true
}

// link makes the node that comes next the last child of the open element.
func (p *parser) link(node int32) {
	if len(p.open) == 0 {
		return
	}
	parent := &p.doc.nodes[p.open[len(p.open)-1].node]
	if parent.first == 0 {
		parent.first = node
	} else {
		p.doc.nodes[parent.last].next = node
	}
	parent.last = node
}

func (p *parser) attrs(tag int, attrs []raw) (out []raw, closed, ok bool) {
	for {
		before := p.i
		p.space()
		if p.i == len(p.b) {
			return nil, false, p.fail(tag, codeSyntax, "a tag that does not end")
		}
		switch p.b[p.i] {
		case '>':
			p.i++
			return attrs, false, true
		case '/':
			if p.i+1 == len(p.b) || p.b[p.i+1] != '>' {
				return nil, false, p.fail(p.i, codeSyntax, "/ that does not end the tag")
			}
			p.i += 2
			return attrs, true, true
		}
		if p.i == before {
			return nil, false, p.fail(p.i, codeSyntax, "want a space before an attribute")
		}
		if len(attrs) == MaxAttrs {
			return nil, false, p.fail(tag, codeSize, "more than %d attributes", MaxAttrs)
		}
		a, ok := p.attr()
		if !ok {
			return nil, false, false
		}
		attrs = append(attrs, a)
	}
}

func (p *parser) attr() (a raw, ok bool) {
	a.at = p.i
	if a.name, ok = p.name(); !ok {
		return a, false
	}
	if p.space(); p.i == len(p.b) || p.b[p.i] != '=' {
		return a, p.fail(a.at, codeSyntax, "attribute %s without a value", clip(a.name))
	}
	p.i++
	if p.space(); p.i == len(p.b) || p.b[p.i] != '"' && p.b[p.i] != '\'' {
		return a, p.fail(a.at, codeSyntax, "the value of attribute %s is not in quotes", clip(a.name))
	}
	quote := p.b[p.i]
	p.i++
	end := bytes.IndexByte(p.b[p.i:], quote)
	if end < 0 {
		return a, p.fail(a.at, codeSyntax, "the value of attribute %s does not end", clip(a.name))
	}
	value := p.b[p.i : p.i+end]
	if i := bytes.IndexByte(value, '<'); i >= 0 {
		return a, p.fail(p.i+i, codeSyntax, "< in the value of attribute %s", clip(a.name))
	}
	if a.value, ok = p.unescape(p.i, value); !ok {
		return a, false
	}
	p.i += end + 1
	return a, true
}

// bind takes the namespace declarations among the attributes.
func (p *parser) bind(attrs []raw) bool {
	first := len(p.spaces)
	for _, a := range attrs {
		prefix, is := "", a.name == "xmlns"
		if !is {
			prefix, is = strings.CutPrefix(a.name, "xmlns:")
		}
		if !is {
			continue
		}
		for _, b := range p.spaces[first:] {
			if b.prefix == prefix {
				return p.fail(a.at, codeDuplicate, "namespace prefix %q is declared twice", prefix)
			}
		}
		p.spaces = append(p.spaces, binding{prefix, a.value})
	}
	return true
}

func (p *parser) resolve(at int, name string, element bool) (space, local string, ok bool) {
	prefix, local, found := strings.Cut(name, ":")
	if !found {
		prefix, local = "", name
		if !element {
			return "", local, true
		}
	}
	if local == "" || strings.IndexByte(local, ':') >= 0 {
		return "", "", p.fail(at, codeSyntax, "%q is no name with one prefix", clip(name))
	}
	for _, b := range slices.Backward(p.spaces) {
		if b.prefix == prefix {
			return b.space, local, true
		}
	}
	if prefix == "" {
		return "", local, true
	}
	return "", "", p.fail(at, codeSyntax, "namespace prefix %q is not declared", clip(prefix))
}

// keep adds the attributes that declare no namespace.
func (p *parser) keep(n *Node, attrs []raw) bool {
	for _, a := range attrs {
		if a.name == "xmlns" || strings.HasPrefix(a.name, "xmlns:") {
			continue
		}
		space, local, ok := p.resolve(a.at, a.name, false)
		if !ok {
			return false
		}
		for _, o := range p.doc.attrs[n.attr:] {
			if o.Name == local && o.Space == space {
				return p.fail(a.at, codeDuplicate, "attribute %s is given twice", clip(a.name))
			}
		}
		p.doc.attrs = append(p.doc.attrs, Attr{space, local, a.value})
		n.count++
	}
	return true
}

func (p *parser) space() {
	for p.i < len(p.b) && space(p.b[p.i]) {
		p.i++
	}
}

// name reads a name as written. Letters beyond ASCII are taken as they come.
func (p *parser) name() (string, bool) {
	start := p.i
	for p.i < len(p.b) && named[p.b[p.i]] {
		p.i++
	}
	if p.i == start || p.b[start] >= '0' && p.b[start] <= '9' || p.b[start] == '-' || p.b[start] == '.' {
		return "", p.fail(start, codeSyntax, "want a name")
	}
	if !utf8.Valid(p.b[start:p.i]) {
		return "", p.fail(start, codeUTF8, "a name that is not UTF-8")
	}
	return p.s[start:p.i], true
}

var named = func() (t [256]bool) {
	for c := range 256 {
		t[c] = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == ':' || c == '-' || c == '.' || c >= 0x80
	}
	return t
}()

func space(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

func blank(b []byte) bool {
	for _, c := range b {
		if !space(c) {
			return false
		}
	}
	return true
}

func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}
