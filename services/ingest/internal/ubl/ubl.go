// Package ubl reads documents of the Universal Business Language 2.0 to 2.4 (OASIS, ISO/IEC 19845), as they are or with
// Peppol's customizations: Order, OrderChange, OrderCancellation, DespatchAdvice, ExportCustomsDeclaration and
// ForwardingInstructions. A document that repeats what must stand once, or that has an element which is nearly one of
// UBL's, is refused: it does not say what its sender thinks it says.
package ubl

import (
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/document"
	"github.com/tidegate/tidegate/services/ingest/internal/xmldoc"
)

// The namespaces of UBL 2 and of the header that Peppol's network puts around a document.
const (
	documents = "urn:oasis:names:specification:ubl:schema:xsd:"
	cac       = documents + "CommonAggregateComponents-2"
	cbc       = documents + "CommonBasicComponents-2"
	header    = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"
)

// kinds of documents that are read, by the local name of their root.
var kinds = map[string]struct {
	format string
	read   func(*reader)
}{
	"Order":                    {"order", (*reader).order},
	"OrderChange":              {"order-change", (*reader).change},
	"OrderCancellation":        {"order-cancellation", (*reader).cancellation},
	"DespatchAdvice":           {"despatch-advice", (*reader).despatch},
	"ExportCustomsDeclaration": {"export-customs-declaration", (*reader).declaration},
	"ForwardingInstructions":   {"forwarding-instructions", (*reader).forwarding},
}

// Is says whether a root element is one of UBL 2, or the header around one.
func Is(space string) bool { return strings.HasPrefix(space, documents) || space == header }

// Read gives what a document says: one order, or one event for each order that it names.
func Read(b []byte, doc *xmldoc.Doc) []*document.Found {
	root := doc.Root
	if root.Space == header {
		return payload(b, doc)
	}
	return read(b, doc, root)
}

// payload reads every document in a standard business document.
func payload(b []byte, doc *xmldoc.Doc) []*document.Found {
	var out []*document.Found
	for k := range doc.Root.Kids {
		if k.Space != header {
			out = append(out, read(b, doc, k)...)
		}
	}
	if out == nil {
		f := &document.Found{Format: "ubl", Bytes: b}
		f.Fault(doc.Root.Offset, document.CodeRequired, "a standard business document without a document in it")
		return []*document.Found{f}
	}
	return out
}

func read(b []byte, doc *xmldoc.Doc, root *xmldoc.Node) []*document.Found {
	r := &reader{doc: doc, root: root, f: &document.Found{Format: "ubl", Bytes: b}}
	kind, ok := kinds[root.Name]
	switch {
	case root.Space != documents+root.Name+"-2":
		r.f.Fault(root.Offset, document.CodeNotSupported, "<%s> of namespace %s; taken are UBL 2 documents of namespace %s<name>-2",
			root.Name, document.Quote(root.Space), documents)
	case !ok:
		r.f.Fault(root.Offset, document.CodeNotSupported,
			"a UBL %s is no order; taken are Order, OrderChange, OrderCancellation, DespatchAdvice, ExportCustomsDeclaration and ForwardingInstructions", root.Name)
	default:
		r.f.Format = "ubl-" + kind.format
		if strings.Contains(r.cbc(root, "CustomizationID"), "peppol") {
			r.f.Format = "peppol-" + kind.format
		}
		r.names(root)
		kind.read(r)
	}
	found := append([]*document.Found{r.f}, r.more...)
	for _, f := range found {
		name(doc, f.Faults)
	}
	return found
}

// name gives faults that stand at an element the element's path.
func name(doc *xmldoc.Doc, faults []event.Fault) {
	for i := range faults {
		if faults[i].Pointer != "" {
			continue
		}
		for n := range doc.All {
			if n.Offset == faults[i].Offset {
				faults[i].Pointer = doc.Path(n)
				break
			}
		}
	}
}

// reader reads one document.
type reader struct {
	doc      *xmldoc.Doc
	root     *xmldoc.Node
	f        *document.Found
	more     []*document.Found // events of further orders
	currency string            // of the document
	split    bool              // goes to several countries
	coded    bool              // lines say what is done to them
}

// kid gives the element of a name that may stand once. A second one is a fault: which of them counts nobody knows.
func (r *reader) kid(n *xmldoc.Node, space, name string) *xmldoc.Node {
	var found *xmldoc.Node
	for k := range n.Kids {
		if k.Name != name || k.Space != space {
			continue
		}
		if found != nil {
			r.fault(k, document.CodeDuplicate, "%s is given twice", name)
			return found
		}
		found = k
	}
	return found
}

func (r *reader) cac(n *xmldoc.Node, path ...string) *xmldoc.Node {
	for _, name := range path {
		n = r.kid(n, cac, name)
	}
	return n
}

// cbc gives the text of a basic component below aggregates: the last name of the path is the component's.
func (r *reader) cbc(n *xmldoc.Node, path ...string) string {
	return document.Text(r.basic(n, path...).Text())
}

func (r *reader) basic(n *xmldoc.Node, path ...string) *xmldoc.Node {
	return r.kid(r.cac(n, path[:len(path)-1]...), cbc, path[len(path)-1])
}

// each gives the aggregates of a name that may stand several times.
func each(n *xmldoc.Node, names ...string) func(func(*xmldoc.Node) bool) {
	return func(yield func(*xmldoc.Node) bool) {
		for k := range n.Kids {
			if k.Space == cac && slices.Contains(names, k.Name) && !yield(k) {
				return
			}
		}
	}
}

// texts gives the basic components of a name that may stand several times.
func texts(n *xmldoc.Node, name string) []string {
	var out []string
	for k := range n.Kids {
		if k.Space == cbc && k.Name == name {
			if s := document.Text(k.Text()); s != "" && !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}

// first gives the first aggregate of a name.
func first(n *xmldoc.Node, name string) *xmldoc.Node {
	for k := range each(n, name) {
		return k
	}
	return nil
}

func (r *reader) fault(n *xmldoc.Node, code, format string, v ...any) {
	r.f.FaultAt(r.doc.Path(n), n.Offset, code, format, v...)
}

func (r *reader) need(n *xmldoc.Node, name string) string {
	s := r.cbc(n, name)
	if s == "" {
		r.fault(n, document.CodeRequired, "%s is missing or empty", name)
	}
	return s
}

func (r *reader) day(n *xmldoc.Node) event.Date {
	if n == nil {
		return ""
	}
	return r.f.Day(n.Offset, n.Name, n.Text())
}

// amount reads a number with the currency it is in.
func (r *reader) amount(n *xmldoc.Node) (event.Decimal, string) {
	if n == nil {
		return "", ""
	}
	currency := r.currency
	if c := n.Attr("currencyID"); c != "" {
		currency = r.f.Currency(n.Offset, c)
	}
	return r.f.Number(n.Offset, n.Name, n.Text(), '.'), currency
}

func (r *reader) quantity(n *xmldoc.Node) (event.Decimal, string) {
	if n == nil {
		return "", ""
	}
	return r.f.Number(n.Offset, n.Name, n.Text(), '.'), document.Unit(n.Attr("unitCode"))
}
