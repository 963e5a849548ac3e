package ingest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/accept"
	"github.com/tidegate/tidegate/services/ingest/internal/format"
	"github.com/tidegate/tidegate/services/ingest/internal/mapping"
)

// Hint is what is known of an input besides its bytes: a media type and the name of a file. Content decides wherever it can.
type Hint struct {
	Media, Name string
	Map         *Map // reads what is no format of ours; nil without one
	Used        Used // counts what its expressions give; nil where nobody asks
}

// Map is a mapping from other JSON, XML or CSV to orders, checked.
type Map = mapping.Map

// Used counts, for each expression of a mapping, how often it gave something.
type Used = mapping.Used

// ReadMap checks a mapping. The error lists every fault with its line and a caret.
func ReadMap(file string, b []byte) (*Map, error) { return mapping.Read(file, b) }

// Tried is what an order would become.
type Tried struct {
	File    string          `json:"file,omitempty"`
	Format  string          `json:"format"`
	Status  string          `json:"status"` // accepted, refused
	Kind    event.Kind      `json:"kind,omitempty"`
	Source  string          `json:"source,omitempty"`
	OrderID string          `json:"order_id,omitempty"`
	Order   json.RawMessage `json:"order,omitempty"`   // in the normal form; with Needs what the document says of it
	Changes []LineChange    `json:"changes,omitempty"` // with Needs: what is done to each of its items
	Needs   string          `json:"needs,omitempty"`   // what it must be put together with before it is a whole order
	Faults  []event.Fault   `json:"faults,omitempty"`
}

// LineChange is what a change that lists only what changed does to a line of its order: add, change, remove, keep, or say, where it has no
// code and is changed if it is there.
type LineChange struct {
	Position string `json:"position"`
	Action   string `json:"action"`
}

// Try reads orders in any format as a door would and says what each would become, without storing anything. Whether a key
// was taken before, and whether an order that something happened to is there, it cannot know.
func Try(r io.Reader, h Hint, at event.Instant) iter.Seq2[Tried, error] {
	in := format.New(r, format.Hint{Media: h.Media, Name: h.Name, Map: h.Map, Used: h.Used})
	return func(yield func(Tried, error) bool) {
		for {
			p, err := in.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(Tried{}, err)
				return
			}
			p.Actor, p.At = "try", at
			if !yield(tried(h, p), nil) {
				return
			}
		}
	}
}

func tried(h Hint, in accept.Input) Tried {
	e := accept.Accept(in)
	t := Tried{File: h.Name, Format: in.Format, Status: statusAccepted, Kind: e.Kind, Source: e.Source, OrderID: e.OrderID, Faults: e.Faults}
	if t.Format == "" {
		t.Format = accept.Format
	}
	if e.Refused() {
		t.Status = statusRefused
		return t
	}
	t.Order = in.Order
	if in.Order == nil {
		t.Order = in.Bytes
	}
	if e.Partial() {
		t.Needs = fmt.Sprintf("the revision before: it lists only what changed of order %q of source %q, and is put together with the newest revision when it is submitted", e.OrderID, e.Source)
		for i, l := range in.Lines() {
			t.Changes = append(t.Changes, LineChange{Position: in.Amends.Order.Items[i].Position, Action: string(l.Action)})
		}
	}
	return t
}
