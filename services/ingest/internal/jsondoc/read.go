package jsondoc

import (
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/document"
)

// Country reads a country into an order.
func Country(f *document.Found, v Value) event.Country {
	f.Where = v.Pointer
	defer func() { f.Where = "" }()
	return f.Country(v.Offset, v.name(), v.Text())
}

// Decimal reads a number, written as one or as a text.
func Decimal(f *document.Found, v Value) event.Decimal {
	f.Where = v.Pointer
	defer func() { f.Where = "" }()
	return f.Number(v.Offset, v.name(), v.Text(), '.')
}

// Currency reads an ISO 4217 code in any case.
func Currency(f *document.Found, v Value) string {
	f.Where = v.Pointer
	defer func() { f.Where = "" }()
	return f.Currency(v.Offset, v.Text())
}

// Day reads a date or instant.
func Day(f *document.Found, v Value) event.Date {
	f.Where = v.Pointer
	defer func() { f.Where = "" }()
	return f.Day(v.Offset, v.name(), v.Text())
}

// Seconds reads a number of seconds since 1970.
func Seconds(f *document.Found, v Value) event.Date {
	if !v.Has() {
		return ""
	}
	d, ok := document.Unix(v.Text())
	if !ok {
		f.FaultAt(v.Pointer, v.Offset, document.CodeFormat, "%s %s is no number of seconds since 1970", v.name(), document.Quote(v.Text()))
	}
	return d
}

// Need gives a member's text. That it is missing is a fault.
func Need(f *document.Found, v Value, name, why string) string {
	s := v.At(name).Text()
	if s == "" {
		f.FaultAt(v.Pointer, v.Offset, document.CodeRequired, "%s is missing: %s", name, why)
	}
	return s
}

// name is the last token of the pointer.
func (v Value) name() string { return v.Pointer[strings.LastIndexByte(v.Pointer, '/')+1:] }

// Refuse gives what is not read.
func Refuse(format string, v Value, b []byte, why string, args ...any) *document.Found {
	f := &document.Found{Format: format, Bytes: b}
	f.FaultAt(v.Pointer, v.Offset, document.CodeNotSupported, why, args...)
	return f
}

// Whole says whether a value that stands is an object; of anything else nobody knows who it is, which is a fault.
func Whole(f *document.Found, v Value) bool {
	if v.Has() && v.Kind != Object {
		f.FaultAt(v.Pointer, v.Offset, document.CodeType, "want an object that says who it is and where")
	}
	return v.Kind == Object
}
