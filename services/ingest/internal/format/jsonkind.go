package format

import (
	"github.com/tidegate/tidegate/services/ingest/internal/cloudevent"
	"github.com/tidegate/tidegate/services/ingest/internal/easypost"
	"github.com/tidegate/tidegate/services/ingest/internal/shopify"
	"github.com/tidegate/tidegate/services/ingest/internal/stripe"
	"github.com/tidegate/tidegate/services/ingest/internal/ups"
	"github.com/tidegate/tidegate/shared/codec"
)

// Kinds of JSON besides those that have a reader's name.
const (
	ours    = ""        // also what is none of the others: our reader says what is wrong with it
	wrapped = "wrapped" // an order or shipment under its name, of whoever
	beside  = "beside"  // objects that say what they are, each under its name
)

// telling are members by which an object is known.
var telling = map[string]string{
	"parties": ours, "items": ours, "specversion": cloudevent.Format, "line_items": shopify.Format, "orders": wrapped, "order": wrapped, "fulfillment": wrapped, "fulfillments": wrapped,
	"shipment": wrapped, "transID": ups.Format, "ShipmentRequest": ups.Format, "ShipmentResponse": ups.Format, "to_address": easypost.Format, "shipments": easypost.Format,
	"customs_items": easypost.Format, "eel_pfc": easypost.Format, "shipmentItems": ups.Format,
}

// kindOf finds by its members what an object is, without reading more of it than it must.
func kindOf(b []byte) string {
	s := scan{b: b}
	nested, around, own := "", false, false
	for s.member() {
		name := s.name
		if name == "object" {
			if k, ok := object(s.text()); ok {
				return k
			}
		}
		switch k, ok := telling[name]; {
		case ok && k == wrapped:
			around = true
		case ok:
			return k
		case s.b[s.i] != '{' && (name == "event" || name == "source" || name == "id"): // an order of ours that shipped has a shipment too
			own = true
		}
		if nested == "" && s.object() {
			nested = name
		}
		if !s.skip() {
			return ours
		}
	}
	switch {
	case own:
		return ours
	case around:
		return wrapped
	case nested != "" && !s.mixed:
		return beside
	}
	return ours
}

// object tells whose an object is that says its own kind.
func object(kind string) (string, bool) {
	switch kind {
	case "Shipment", "Order", "CustomsInfo", "CustomsItem", "Event", "Tracker", "Address", "Parcel", "Batch":
		return easypost.Format, true
	case "":
		return "", false
	}
	return stripe.Format, true
}

// scan goes through the members of an object without checking more of it than it must to go on.
type scan struct {
	b     []byte
	i     int
	begun bool
	name  string
	mixed bool // there are members that are no objects
}

func (s *scan) space() {
	for s.i < len(s.b) && (s.b[s.i] <= ' ' || s.b[s.i] == ',') {
		s.i++
	}
}

// member goes to the next member's value.
func (s *scan) member() bool {
	if s.space(); !s.begun {
		if s.i >= len(s.b) || s.b[s.i] != '{' {
			return false
		}
		s.i++
		s.begun = true
		s.space()
	}
	if s.i >= len(s.b) || s.b[s.i] != '"' {
		return false
	}
	end := s.quoted()
	if end < 0 {
		return false
	}
	s.name = codec.Unquote(s.b[s.i+1 : end])
	s.i = end + 1
	if s.space(); s.i >= len(s.b) || s.b[s.i] != ':' {
		return false
	}
	s.i++
	s.space()
	return s.i < len(s.b)
}

// quoted is where the text that begins here ends; -1 where it does not.
func (s *scan) quoted() int {
	for i := s.i + 1; i < len(s.b); i++ {
		switch s.b[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

// text gives the value where it is a text.
func (s *scan) text() string {
	if s.b[s.i] != '"' {
		return ""
	}
	end := s.quoted()
	if end < 0 {
		return ""
	}
	return codec.Unquote(s.b[s.i+1 : end])
}

// object says whether the value is an object that says what it is.
func (s *scan) object() bool {
	if s.b[s.i] != '{' {
		s.mixed = true
		return false
	}
	inner := scan{b: s.b, i: s.i}
	for inner.member() {
		if inner.name == "object" {
			return inner.text() != ""
		}
		if !inner.skip() {
			return false
		}
	}
	return false
}

// skip passes over the value.
func (s *scan) skip() bool {
	depth := 0
	for ; s.i < len(s.b); s.i++ {
		switch s.b[s.i] {
		case '"':
			end := s.quoted()
			if end < 0 {
				return false
			}
			s.i = end
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return true
			}
		case ',':
			if depth == 0 {
				return true
			}
		}
		if depth == 0 && (s.b[s.i] == '"' || s.b[s.i] == '}' || s.b[s.i] == ']') {
			s.i++
			return true
		}
	}
	return true
}
