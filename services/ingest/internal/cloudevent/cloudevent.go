// Package cloudevent opens CloudEvents 1.0 in structured JSON: the data inside is an order in any format.
package cloudevent

import (
	"encoding/base64"
	"mime"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/document"
	"github.com/tidegate/tidegate/services/ingest/internal/jsondoc"
)

// Format names what is read; that of the data stands behind it.
const Format = "cloudevent"

// Event is what an event carries.
type Event struct {
	Source string
	Media  string // of Data, without parameters
	Data   []byte
	Offset int  // of Data in the event, where it stands there as it is
	Inline bool // it does
}

// Headers says of a binary event, by what gives a header, whether there is one and what is wrong with its attributes. ce-source alone, which
// some write for the source of an order, makes none.
func Headers(get func(name string) string) (binary bool, faults []event.Fault) {
	version := get("ce-specversion")
	if version == "" && get("ce-id") == "" && get("ce-type") == "" {
		return false, nil
	}
	f := document.Found{}
	if version != "" && version != "1.0" && version != "0.3" {
		f.Fault(0, document.CodeNotSupported, "CloudEvents %s; read is 1.0", document.Quote(version))
	}
	for _, name := range []string{"ce-id", "ce-source", "ce-specversion", "ce-type"} {
		if get(name) == "" {
			f.Fault(0, document.CodeRequired, "the header %s is missing; every CloudEvent has one", name)
		}
	}
	return true, f.Faults
}

// Open reads an event. The faults say what is wrong with it.
func Open(v jsondoc.Value) (Event, []event.Fault) {
	f := document.Found{}
	if s := v.At("specversion"); s.Text() != "1.0" && s.Text() != "0.3" {
		f.FaultAt(s.Pointer, s.Offset, document.CodeNotSupported, "CloudEvents %s; read is 1.0", document.Quote(s.Text()))
	}
	for _, name := range []string{"id", "source", "type"} {
		if v.At(name).Text() == "" {
			f.FaultAt(v.Pointer, v.Offset, document.CodeRequired, "%s is missing; every CloudEvent has one", name)
		}
	}
	e := Event{Source: v.At("source").Text()}
	e.Media, _, _ = mime.ParseMediaType(v.At("datacontenttype").Text()) // "" where there is none or it cannot be read
	data, coded := v.At("data"), v.At("data_base64")
	switch {
	case data.Has() && coded.Has():
		f.FaultAt(coded.Pointer, coded.Offset, document.CodeDuplicate, "data and data_base64 stand beside each other; which is it?")
	case coded.Has():
		b, err := base64.StdEncoding.DecodeString(coded.Text())
		if err != nil {
			f.FaultAt(coded.Pointer, coded.Offset, document.CodeFormat, "data_base64 is no base64: %v", err)
		}
		e.Data = b
	case data.Kind == jsondoc.String:
		e.Data = []byte(data.String())
	case data.Has():
		e.Data, e.Offset, e.Inline = data.Raw, data.Offset, true
	default:
		f.FaultAt(v.Pointer, v.Offset, document.CodeRequired, "data is missing: the event carries no order")
	}
	if len(f.Faults) == 0 && len(e.Data) == 0 {
		f.FaultAt(v.Pointer, v.Offset, document.CodeRequired, "data is empty: the event carries no order")
	}
	if e.Media == "" && e.Inline {
		e.Media = "application/json"
	}
	return e, f.Faults
}
