// Package accept turns received bytes into the first line of a case: a cause, or a refusal with every reason. It is
// pure: the same input gives the same bytes on any machine.
package accept

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/amendment"
	"github.com/tidegate/tidegate/shared/codec"
)

// Format names our own form of orders.
const Format = "tidegate-json"

// Unnamed is the tenant or source of an order that names none.
const Unnamed = "default"

// space is the namespace of the ids derived from idempotency keys (RFC 9562, version 5). Changing it changes every id.
var space = uuid.MustParse("8f1c1c1e-6c0a-5d4b-9d57-3f5f0f6a2b71")

// Input is one order as it came in.
type Input struct {
	Bytes  []byte // as received; only the beginning of an input that was too large to keep
	Actor  string // who brought it
	Source string // the source of an order that names none; Unnamed when empty
	Tenant string // the tenant of an order that names none; Unnamed when empty
	Again  string // the sender's own idempotency key; none when empty

	Corrects string        // event id of the refusal that this corrects; none when empty
	At       event.Instant // when it was received

	Format string // of Bytes; Format when empty

	// Of an input in another format: what its reader made of it. Bytes are the document's, kept with the order.
	Order  []byte                   // in the normal form, compact; nil where nothing could be made of it
	Faults []event.Fault            // why the document gives no order
	Place  func(pointer string) int // where in the document the part of the order below a pointer was read; nil where it is unknown
	Amends *amendment.Amendment     // where the document lists only what changed; Order is that

	// Of the whole input, where Bytes is only its beginning.
	Most   int // bytes of the format that are taken; event.MaxOrderSize when zero
	Size   int
	SHA256 [sha256.Size]byte
}

// Digest is half a SHA-256: enough to tell things apart, half the memory.
type Digest [16]byte

// Entry is what an input became: the line to store and what idempotency goes by.
type Entry struct {
	Kind    event.Kind // what happened; of a refusal what the input says, which may be nothing
	Line    []byte     // cause or refusal, compact JSON without a line break; nil while an act or a part of a change waits for its order
	Event   string     // the line's id
	Key     Digest     // of the idempotency key
	Again   Digest     // of the sender's own idempotency key, within tenant and source; zero when it gave none
	Content Digest     // of the order without its spaces and line breaks
	OrderID string
	Source  string
	Faults  []event.Fault // why it was refused; none when it was accepted

	in   Input
	head head
	name string // idempotency key as text
	act  *act   // of a cause that is not an order
	part *part  // of a change that lists only what changed
}

// Refused says whether the line is a refusal.
func (e Entry) Refused() bool { return len(e.Faults) > 0 }

// Corrects is the event id of the refusal that it corrects; "" of none, and where it was refused itself.
func (e Entry) Corrects() string {
	if e.Refused() {
		return ""
	}
	return e.in.Corrects
}

// Actor is who brought it.
func (e Entry) Actor() string { return e.in.Actor }

// Format is what the input was read as.
func (e Entry) Format() string { return e.in.format() }

// Tenant is whom the order is for.
func (e Entry) Tenant() string { return or(e.head.tenant, or(e.in.Tenant, Unnamed)) }

// Size is the number of bytes received, as far as they are kept; of an act with its order, of the whole line.
func (e Entry) Size() int {
	if e.act != nil || e.part != nil {
		return max(len(e.in.Bytes), len(e.Line))
	}
	return len(e.in.Bytes)
}

// head is what an order says about itself.
type head struct {
	tenant, source, id string
	revision           int
	kind               event.Kind
	act                string // id of an act
}

// key is the idempotency key; "" where the input does not say enough.
func (h head) key() string {
	tenant := or(h.tenant, Unnamed)
	switch _, isAct := memberOf[h.kind]; {
	case isAct && h.act != "" && h.id != "":
		return OrderKey(tenant, h.source, h.id) + "/" + string(h.kind) + "/" + url.PathEscape(h.act)
	case isAct && h.act != "" && !ofOrder(h.kind):
		return url.PathEscape(tenant) + "//" + string(h.kind) + "/" + url.PathEscape(h.act)
	case isAct || h.id == "":
		return ""
	default:
		return Key(tenant, h.source, h.id, h.revision)
	}
}

// Accept reads one order. An order with faults becomes a refusal that lists them all.
func Accept(in Input) Entry {
	if in.Source == "" {
		in.Source = Unnamed
	}
	if in.Size > len(in.Bytes) {
		return refuse(in, head{}, "", []event.Fault{{
			Code: codec.CodeSize, Detail: fmt.Sprintf("%d bytes; at most %d are taken: %s", in.Size, max(in.Most, event.MaxOrderSize), smaller(in.format())),
		}})
	}
	in.Size, in.SHA256 = len(in.Bytes), sha256.Sum256(in.Bytes)
	if in.Order == nil && len(in.Faults) > 0 {
		return refuse(in, head{}, "", in.Faults)
	}
	faults := checked(in)
	var h head
	var m *members
	if !codec.Broken(faults) {
		var more []event.Fault
		h, m, more = look(in.order(), in.Amends != nil)
		faults = append(faults, more...)
	}
	if in.Order != nil {
		faults = placed(in, faults)
	}
	switch {
	case len(faults) > 0:
		return refuse(in, h, "", faults)
	case h.kind == event.Cancelled, h.kind == event.Shipped:
		return orderActed(in, h, m)
	case in.Amends != nil:
		return amended(in, h)
	default:
		return accepted(in, h)
	}
}

// checked holds the order's JSON against what foreign JSON must be.
func checked(in Input) []event.Fault {
	n := len(in.order())
	switch {
	case n <= event.MaxOrderSize:
		return codec.Check(in.order(), codec.Foreign)
	case in.Order == nil:
		return []event.Fault{{Code: codec.CodeSize, Detail: fmt.Sprintf("%d bytes; at most %d are taken: %s", n, event.MaxOrderSize, smaller(in.format()))}}
	default:
		return []event.Fault{{Code: codec.CodeSize, Detail: fmt.Sprintf("an order of %d bytes in the normal form; at most %d are taken: send it as several", n, event.MaxOrderSize)}}
	}
}

// smaller says what to do with a document that is too large.
func smaller(format string) string {
	if format == Format {
		return "send many orders one a line or in an array, and a larger order as several"
	}
	return "send each order as a document of its own, and a larger order as several"
}

// order is the order's JSON: what was received, or what a reader made of it.
func (in Input) order() []byte {
	if in.Order == nil {
		return in.Bytes
	}
	return in.Order
}

func (in Input) format() string { return or(in.Format, Format) }

// placed puts a reader's faults before those of the order it made, which stand where the order's parts were read.
func placed(in Input, faults []event.Fault) []event.Fault {
	for i := range faults {
		faults[i].Offset = 0
		if in.Place != nil {
			faults[i].Offset = in.Place(faults[i].Pointer)
		}
	}
	return append(slices.Clip(in.Faults), faults...)
}

func accepted(in Input, h head) Entry {
	body, content, kept := normal(in)
	h.id = or(h.id, "sha256-"+hex.EncodeToString(content[:8]))
	if h.kind == "" {
		h.kind = event.Placed
		if h.revision > 0 {
			h.kind = event.Revised
		}
	}
	e := revisionOf(in, h, content)
	e.Line = causeLine(e, body, kept)
	return e
}

// revisionOf is the entry of a revision of an order, without its line.
func revisionOf(in Input, h head, content [sha256.Size]byte) Entry {
	h.tenant, h.source = or(h.tenant, or(in.Tenant, Unnamed)), or(h.source, in.Source)
	name := Key(h.tenant, h.source, h.id, h.revision)
	e := Entry{
		Kind: h.kind, Event: uuid.NewSHA1(space, []byte(name)).String(), Key: digest([]byte(name)), Content: Digest(content[:16]),
		OrderID: h.id, Source: h.source, in: in, head: h, name: name,
	}
	if in.Again != "" {
		e.Again = again(h.tenant, h.source, in.Again)
	}
	return e
}

// normal gives the order member's bytes, the digest of the content, and whether the received bytes must be kept
// besides, because the member's are others. An order on one line is kept as it is.
func normal(in Input) (body []byte, content [sha256.Size]byte, kept bool) {
	if in.Order != nil {
		return in.Order, sha256.Sum256(in.Order), true
	}
	tight := codec.Compact(make([]byte, 0, len(in.Bytes)), in.Bytes)
	if len(tight) == len(in.Bytes) {
		return in.Bytes, in.SHA256, false
	}
	content = sha256.Sum256(tight)
	oneLine := bytes.IndexByte(in.Bytes, '\n') < 0 && bytes.IndexByte(in.Bytes, '\r') < 0
	if oneLine && in.Bytes[0] == '{' && in.Bytes[len(in.Bytes)-1] == '}' {
		return in.Bytes, content, false
	}
	return tight, content, true
}

// Key is the idempotency key of an order's revision.
func Key(tenant, source, id string, revision int) string {
	return OrderKey(tenant, source, id) + "/" + strconv.Itoa(revision)
}

// Conflict gives the refusal of an accepted order whose key was taken before, in block sequence, by other content.
func (e Entry) Conflict(sequence uint64) Entry {
	in := e.in
	in.Source = or(e.Source, in.Source)
	if e.act != nil {
		return refuse(in, e.head, "conflict/", []event.Fault{{
			Pointer: "/id", Code: codeConflict, Detail: fmt.Sprintf(
				"%s %q was accepted before with other content (block %d); give another one an id of its own", e.head.kind, e.act.id, sequence,
			),
		}})
	}
	return refuse(in, e.head, "conflict/", []event.Fault{{
		Pointer: "/id", Code: codeConflict, Detail: fmt.Sprintf(
			"order %q of source %q was accepted before at revision %d with other content (block %d); give a change a higher revision",
			e.OrderID, e.Source, e.head.revision, sequence,
		),
	}})
}

// refuse makes a refusal. The same bytes refused again are the same refusal.
func refuse(in Input, h head, why string, faults []event.Fault) Entry {
	if !ofNone(h.kind) {
		h.source, h.tenant = or(h.source, in.Source), or(h.tenant, in.Tenant)
	}
	e := Entry{
		Kind:    h.kind,
		Event:   uuid.NewSHA1(space, fmt.Appendf(nil, "refusal/%s%s/%x", why, url.PathEscape(in.Source), in.SHA256)).String(),
		Content: Digest(in.SHA256[:16]), OrderID: h.id, Source: h.source, Faults: few(faults), in: in, head: h,
	}
	e.name = h.key()
	e.Key = RefusalKey(e.Event)
	e.Line = refusalLine(e)
	return e
}

// few keeps the faults that fit 16 KB and says how many there were beyond.
func few(faults []event.Fault) []event.Fault {
	const most = 16 << 10
	size := 0
	for i, f := range faults {
		if size += len(f.Pointer) + len(f.Detail) + 64; size > most {
			return append(faults[:i:i], event.Fault{Code: codec.CodeSize, Detail: fmt.Sprintf("and %d faults more", len(faults)-i)})
		}
	}
	return faults
}

// again keeps the senders' own keys apart from orders', and those of one tenant's source from another's.
func again(tenant, source, key string) Digest {
	return digest([]byte("again/" + url.PathEscape(tenant) + "/" + url.PathEscape(source) + "/" + url.PathEscape(key)))
}

// RefusalKey keeps refusals apart from orders in the index of keys.
func RefusalKey(id string) Digest { return digest([]byte("refusal/" + id)) }

func digest(b []byte) Digest {
	sum := sha256.Sum256(b)
	return Digest(sum[:16])
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
