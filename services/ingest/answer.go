package ingest

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/shared/codec"
)

// What an answer says became of an order.
const (
	statusAccepted    = "accepted"
	statusRefused     = "refused"
	statusUnavailable = "unavailable" // nothing is known about it; send it again
	statusForbidden   = "forbidden"   // the sender may not act for its source; nothing was stored
	statusReused      = "reused"      // its idempotency key was used before for other content; nothing was stored
)

// Answer is what a door says about one order, when that is durable.
type Answer struct {
	Status    string          `json:"status"`              // accepted, refused; inside a stream of answers also unavailable, forbidden, reused
	Duplicate bool            `json:"duplicate,omitempty"` // the same content was there before
	Event     string          `json:"event,omitempty"`
	OrderID   string          `json:"order_id,omitempty"`
	Source    string          `json:"source,omitempty"`
	Sequence  uint64          `json:"sequence,omitempty"` // of the block
	Faults    []event.Fault   `json:"faults,omitempty"`
	Detail    string          `json:"detail,omitempty"`   // why it is neither accepted nor refused
	Decision  json.RawMessage `json:"decision,omitempty"` // the judgement line, for who waited for it
	Record    json.RawMessage `json:"record,omitempty"`   // the record line, for who waited for it

	// What a JetStream client reads of it, so that publishing an order is enough to send it: its acknowledgement, or its error.
	Stream string          `json:"stream,omitempty"`
	Seq    uint64          `json:"seq,omitempty"`
	Error  *PublishRefused `json:"error,omitempty"`
}

// PublishRefused is an answer's error as JetStream writes errors.
type PublishRefused struct {
	Code        int    `json:"code"`        // as HTTP's
	ErrorCode   int    `json:"err_code"`    // 20422 refused, 20503 unavailable: none that JetStream itself has
	Description string `json:"description"` // one sentence
}

// acknowledged adds what a JetStream client reads.
func (a Answer) acknowledged() Answer {
	switch a.Status {
	case statusAccepted:
		a.Stream, a.Seq = subject.OrderStream, a.Sequence
	case statusUnavailable:
		a.Error = &PublishRefused{Code: 503, ErrorCode: 20503, Description: a.Detail}
	default:
		a.Error = &PublishRefused{Code: 422, ErrorCode: 20422, Description: "order refused"}
		if len(a.Faults) > 0 {
			a.Error.Description += ": " + strings.TrimSpace(a.Faults[0].Pointer+" "+a.Faults[0].Detail)
		}
	}
	return a
}

func answerOf(v verdict) Answer {
	if v.reused {
		return Answer{Status: statusReused, OrderID: v.entry.OrderID, Source: v.entry.Source, Detail: fmt.Sprintf(
			"this idempotency key came with other content before (block %d)", v.sequence)}
	}
	if v.err != nil {
		return Answer{Status: statusUnavailable, OrderID: v.entry.OrderID, Source: v.entry.Source, Detail: v.err.Error()}
	}
	a := Answer{
		Status: statusAccepted, Duplicate: v.duplicate, Event: v.entry.Event, OrderID: v.entry.OrderID, Source: v.entry.Source,
		Sequence: v.sequence, Faults: v.entry.Faults,
	}
	if v.entry.Refused() {
		a.Status = statusRefused
	}
	return a
}

// appendTo writes the answer as one line. Decision and record are copied, so that their digests stay checkable.
func (a Answer) appendTo(b []byte) []byte {
	decision, record := a.Decision, a.Record
	a.Decision, a.Record = nil, nil
	b, err := codec.Append(b, a)
	if err != nil {
		panic(err) // texts and numbers always encode
	}
	for _, line := range []struct {
		name string
		raw  []byte
	}{{"decision", decision}, {"record", record}} {
		if line.raw != nil {
			b = append(append(append(b[:len(b)-1], `,"`+line.name+`":`...), line.raw...), '}')
		}
	}
	return append(b, '\n')
}
