package event

// The lines of a case, in flow order, as their "line" member says.
const (
	LineOrder     = "order"
	LineFacts     = "facts"
	LineJudgement = "judgement"
	LineRecord    = "record"
	LineRefusal   = "refusal"
)

// Kind says what happened to an order. Everything that happens enters by the order stream.
type Kind string

// The kinds of cause.
const (
	Placed      Kind = "placed"      // a new order
	Revised     Kind = "revised"     // a new revision of one
	Cancelled   Kind = "cancelled"   // it will not ship
	Shipped     Kind = "shipped"     // it left
	Rejudge     Kind = "rejudge"     // judge an open order again
	Disposition Kind = "disposition" // a person's finding on a hold
	License     Kind = "license"     // a license or certification was registered
	Control     Kind = "control"     // a pack or snapshot takes effect at this place of the stream
	Remark      Kind = "note"        // something was done with the history: a replay, an export, a query
)

// Kinds lists every kind with whether an order document may say it, in the order of the constants. The others come as acts,
// through the operator's door.
var Kinds = []struct {
	Kind     Kind
	Accepted bool
}{
	{Placed, true},
	{Revised, true},
	{Cancelled, true},
	{Shipped, true},
	{Rejudge, false},
	{Disposition, false},
	{License, false},
	{Control, false},
	{Remark, false},
}

// Cause is the first line of a case: something happened to an order. Written by ingest, never changed.
//
// The order member is the last one and holds the order's bytes. If Received.Bytes is empty they are exactly the bytes
// that were received, so Received.SHA256 is their digest. What is about an order placed before (cancelled, shipped, rejudge,
// disposition) repeats the bytes of that order's newest revision, so that the case alone can be judged.
type Cause struct {
	Line     string   `json:"line"` // "order"
	V        int      `json:"v"`    // 1
	Kind     Kind     `json:"kind"`
	Event    string   `json:"event"` // UUID (version 5) derived from Key: the same cause has the same id through every door
	Key      string   `json:"key"`   // idempotency key: tenant/source/order id/revision, each path-escaped; tenant/source/order id/kind/id or tenant//kind/id of an act
	Actor    string   `json:"actor"` // who brought it: a credential's name, or door:address
	Tenant   string   `json:"tenant"`
	Source   string   `json:"source"`
	OrderID  string   `json:"order_id"`
	Revision int      `json:"revision"`
	Format   string   `json:"format"` // tidegate-json, ubl-order, x12-850 …: what the received bytes were; tidegate-act through the operator's door
	At       Instant  `json:"received_at"`
	Again    string   `json:"idempotency_key,omitempty"` // the sender's own (the header Idempotency-Key, a webhook's id), where it gave one
	Corrects string   `json:"corrects,omitempty"`        // event id of the refusal that this order corrects
	Received Received `json:"received"`
	Of       string   `json:"of,omitempty"`     // of cancelled, shipped, rejudge, disposition: the event whose order is repeated here; empty where ingest knows no such order; with Change: the event whose order was changed
	Change   *Change  `json:"change,omitempty"` // of a revision whose document listed only what changed
	Particulars
	Order *Order `json:"order,omitempty"`
}

// Received describes the bytes as they came in (15 CFR 762.4 asks for the original).
type Received struct {
	SHA256   string `json:"sha256"`             // lower-case hex, of the exact received bytes
	Size     int    `json:"size"`               // bytes
	Bytes    string `json:"bytes,omitempty"`    // the received bytes where they differ from the order member's: the document, or the part of a file that the order came from
	Encoding string `json:"encoding,omitempty"` // of a cause's bytes: base64 where they are no UTF-8, else empty
}

// Change says how a document that listed only what changed became a whole order: it was put together with the order of the
// event that Of names. The document itself stands in Received.
type Change struct {
	SHA256  string   `json:"sha256"`            // lower-case hex, of what the document says: by it the same change sent again is known
	Added   []string `json:"added,omitempty"`   // positions
	Changed []string `json:"changed,omitempty"` // positions
	Removed []string `json:"removed,omitempty"` // positions
}

// Base64 is the encoding of received bytes that are no UTF-8.
const Base64 = "base64"

// Refusal is the only line of its case: an input that was not accepted, with every reason. Written by ingest.
type Refusal struct {
	Line     string   `json:"line"` // "refusal"
	V        int      `json:"v"`    // 1
	Event    string   `json:"event"`
	Key      string   `json:"key,omitempty"` // idempotency key, where the input had one
	Actor    string   `json:"actor"`
	Source   string   `json:"source,omitempty"`
	OrderID  string   `json:"order_id,omitempty"`
	Format   string   `json:"format"`
	At       Instant  `json:"received_at"`
	Faults   []Fault  `json:"faults"`
	Received Received `json:"received"` // SHA256 and Size of the whole input; Bytes its first 16 KB as base64
}

// Fault is one reason for a refusal with its place in the input.
type Fault struct {
	Pointer string `json:"pointer"`          // JSON pointer (RFC 6901) to the value at fault, where the input is no JSON to the order's; "" is the whole input
	Offset  int    `json:"offset,omitempty"` // byte offset in the input, where the input is not JSON
	Code    string `json:"code"`             // syntax, type, required, unknown_member, duplicate_member, range, format, size, depth, utf8, conflict, unknown_order, not_supported
	Detail  string `json:"detail"`           // one sentence that says what is wrong and what is wanted
}
