package format

import (
	"bytes"

	"github.com/tidegate/tidegate/services/ingest/internal/accept"
	"github.com/tidegate/tidegate/services/ingest/internal/document"
	"github.com/tidegate/tidegate/services/ingest/internal/ubl"
	"github.com/tidegate/tidegate/services/ingest/internal/xmldoc"
)

// piece reads one document in memory: XML, or one JSON value.
func (r *Reader) piece(b []byte) []accept.Input {
	if r.form == XML {
		return r.xml(b)
	}
	return r.json(b)
}

func (r *Reader) xml(b []byte) []accept.Input {
	text := bytes.TrimLeft(b, " \t\r\n")
	skipped := len(b) - len(text)
	doc, fault := xmldoc.Parse(text)
	if fault != nil {
		f := &document.Found{Format: "xml", Bytes: b}
		f.Fault(fault.Offset+skipped, fault.Code, "%s", fault.Detail)
		return r.inputs([]*document.Found{f})
	}
	if ubl.Is(doc.Root.Space) {
		return r.inputs(ubl.Read(b, doc))
	}
	f := &document.Found{Format: "xml", Bytes: b}
	f.Fault(doc.Root.Offset, document.CodeNotSupported, "<%s> of namespace %s is no document that is read here; taken are UBL 2 documents, other XML by a mapping",
		doc.Root.Name, document.Quote(doc.Root.Space))
	return r.inputs([]*document.Found{f})
}

// json reads one JSON value.
func (r *Reader) json(b []byte) []accept.Input {
	return []accept.Input{{Bytes: b, Source: r.hint.Source}}
}
