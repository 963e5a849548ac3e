package format

import (
	"bytes"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/accept"
	"github.com/tidegate/tidegate/services/ingest/internal/cloudevent"
	"github.com/tidegate/tidegate/services/ingest/internal/document"
	"github.com/tidegate/tidegate/services/ingest/internal/easypost"
	"github.com/tidegate/tidegate/services/ingest/internal/jsondoc"
	"github.com/tidegate/tidegate/services/ingest/internal/shopify"
	"github.com/tidegate/tidegate/services/ingest/internal/stripe"
	"github.com/tidegate/tidegate/services/ingest/internal/ubl"
	"github.com/tidegate/tidegate/services/ingest/internal/ups"
	"github.com/tidegate/tidegate/services/ingest/internal/xmldoc"
	"github.com/tidegate/tidegate/shared/codec"
)

// piece reads one document in memory: XML, or one JSON value.
func (r *Reader) piece(b []byte) []accept.Input {
	if r.hint.Map != nil {
		return r.inputs(r.hint.Map.Document(b, r.hint.Used))
	}
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
	kind := kindOf(b)
	if kind == ours {
		return []accept.Input{{Bytes: b, Source: r.hint.Source, Format: r.eventFormat()}}
	}
	v, faults := jsondoc.Parse(b)
	if len(faults) > 0 {
		return []accept.Input{{Bytes: b, Format: kind, Faults: faults, Source: r.hint.Source}}
	}
	if kind == cloudevent.Format {
		return r.event(b, v)
	}
	return r.inputs(foreign(kind, b, v))
}

// eventFormat is the format of our own order in a CloudEvent; none says that nothing stands around it.
func (r *Reader) eventFormat() string {
	if r.hint.Event {
		return cloudevent.Format + "+" + accept.Format
	}
	return ""
}

// foreign reads JSON of others.
func foreign(kind string, b []byte, v jsondoc.Value) []*document.Found {
	switch kind {
	case shopify.Format:
		return shopify.Read(b, v)
	case stripe.Format:
		return stripe.Read(b, v)
	case easypost.Format:
		return easypost.Read(b, v)
	case ups.Format:
		return ups.Read(b, v)
	case wrapped:
		return inside(b, v)
	default:
		var out []*document.Found // objects beside each other, each under the name of what it is
		for _, m := range v.Members {
			found := stripe.Read(m.Raw, m)
			for _, f := range found {
				f.Offset = m.Offset
			}
			out = append(out, found...)
		}
		return out
	}
}

// inside tells by what an "order" or "shipment" holds whose it is.
func inside(b []byte, v jsondoc.Value) []*document.Found {
	switch o, s := v.At("order"), v.At("shipment"); {
	case o.Is("line_items"), v.At("orders").Kind == jsondoc.Array, v.Is("fulfillment"), v.Is("fulfillments"):
		return shopify.Read(b, v)
	case s.Is("shipmentItems"), s.Is("importCountryCode"), s.Is("exportCountryCode"), v.Is("transID"):
		return ups.Read(b, v)
	default:
		return easypost.Read(b, v)
	}
}

// event reads what a CloudEvent carries. The received bytes are the event's.
func (r *Reader) event(b []byte, v jsondoc.Value) []accept.Input {
	e, faults := cloudevent.Open(v)
	if len(faults) == 0 && r.hint.Event {
		faults = []event.Fault{{Code: document.CodeNotSupported, Detail: "a CloudEvent inside a CloudEvent"}}
	}
	if len(faults) > 0 {
		return []accept.Input{{Bytes: b, Format: cloudevent.Format, Faults: faults, Source: r.hint.Source}}
	}
	within, err := All(e.Data, Hint{Media: e.Media, Source: e.Source, Event: true})
	if err != nil || len(within) == 0 {
		return []accept.Input{{Bytes: b, Format: cloudevent.Format, Source: e.Source, Faults: []event.Fault{{Code: document.CodeRequired, Detail: "the data holds no order"}}}}
	}
	for i := range within {
		in := &within[i]
		if in.Order == nil && len(in.Faults) == 0 && in.Size == 0 {
			in.Order = codec.Compact(make([]byte, 0, len(in.Bytes)), in.Bytes)
		}
		if in.Bytes = b; !e.Inline {
			in.Place = nil // offsets are those of the data as decoded
		}
	}
	return within
}
