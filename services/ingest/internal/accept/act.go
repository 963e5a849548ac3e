package accept

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/url"
	"reflect"
	"strings"

	"github.com/google/uuid"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/shared/codec"
)

// ActFormat names the form of what comes through the operator's door: event.Act as JSON.
const ActFormat = "tidegate-act"

// act is what makes a cause that is not an order.
type act struct {
	id          string
	particulars []byte // the member of its kind, compact, with the comma before it; empty where the kind has none
	carried     []byte // the order that came with it, compact, where all of one did
	of          string // event of the order attached
	control     *event.Activation
}

// Revision is the newest revision of an order that an act is about.
type Revision struct {
	Number int
	Event  string
	Order  []byte // its bytes as they stand in its cause
}

// actShape is the shape of an act.
var actShape = shapeOf(reflect.TypeFor[event.Act](), "Act")

// memberOf names the member that an act of a kind must have; "" where it has none.
var memberOf = map[event.Kind]string{
	event.Cancelled: "", event.Shipped: "shipment", event.Rejudge: "rejudging", event.Disposition: "disposition",
	event.License: "license", event.Control: "control", event.Remark: "note",
}

// particularMembers are those members, in the order in which faults are listed.
var particularMembers = []string{"shipment", "rejudging", "disposition", "license", "control", "note"}

// ofOrder says whether acts of a kind are about an order.
func ofOrder(k event.Kind) bool {
	return k == event.Cancelled || k == event.Shipped || k == event.Rejudge || k == event.Disposition
}

// ofNone says whether acts of a kind are of no order.
func ofNone(k event.Kind) bool { return k == event.License || k == event.Control || k == event.Remark }

// Act reads one act. One with faults becomes a refusal that lists them all. What is about an order needs its newest
// revision attached (About, With, Orphan) before its line is made.
func Act(in Input) Entry {
	in.Format = ActFormat
	if in.Source == "" {
		in.Source = Unnamed
	}
	in.Size, in.SHA256 = len(in.Bytes), sha256.Sum256(in.Bytes)
	faults := codec.Check(in.Bytes, codec.Foreign)
	if codec.Broken(faults) {
		return refuse(in, head{}, "", faults)
	}
	m, more := hold(in.Bytes, actShape)
	if faults = append(faults, more...); m == nil || len(faults) > 0 {
		return refuse(in, headOfAct(m), "", faults)
	}
	h := headOfAct(m)
	if ofOrder(h.kind) {
		h.source = or(h.source, in.Source)
	}
	if actor := m.text("actor"); actor != "" {
		in.Actor = actor
	}
	a := act{id: m.text("id")}
	if name := memberOf[h.kind]; name != "" {
		a.particulars = particular(name, m.raw(name))
	}
	if h.kind == event.Control {
		a.control = &event.Activation{}
		if err := codec.Decode(m.raw("control"), a.control); err != nil {
			return refuse(in, h, "", []event.Fault{{Pointer: "/control", Code: codeType, Detail: err.Error()}})
		}
	}
	return acted(in, h, a)
}

func headOfAct(m *members) head {
	if m == nil {
		return head{}
	}
	return head{
		tenant: m.text("tenant"), source: m.text("source"), id: m.text("order_id"), kind: event.Kind(m.text("kind")), act: m.text("id"),
	}
}

func particular(name string, raw []byte) []byte {
	return codec.Compact([]byte(`,"`+name+`":`), raw)
}

// orderActed makes an act of an order document that says that the order was cancelled or shipped. One shipment is told
// from another by its document's number, else by the content.
func orderActed(in Input, h head, m *members) Entry {
	tight := codec.Compact(make([]byte, 0, len(in.order())), in.order())
	content := sha256.Sum256(tight)
	h.source = or(h.source, in.Source)
	a := act{id: "sha256-" + hex.EncodeToString(content[:8])}
	if h.kind == event.Shipped {
		a.particulars = particular("shipment", m.raw("shipment"))
		if !m.has("shipment") {
			a.particulars = []byte(`,"shipment":{"date":"` + m.text("expected_ship_date") + `"}`)
		}
		a.id = or(shipmentDocument(m), a.id)
	}
	if m.has("parties") && m.has("items") {
		a.carried = tight
	}
	h.act = a.id
	return acted(in, h, a)
}

// shipmentDocument is the number of the ship notice; "" when it is not given.
func shipmentDocument(m *members) string {
	if !m.has("shipment") {
		return ""
	}
	var s event.Shipment
	if err := codec.Decode(m.raw("shipment"), &s); err != nil {
		return "" // it was held against its shape before
	}
	return s.Document
}

func acted(in Input, h head, a act) Entry {
	h.tenant = or(h.tenant, or(in.Tenant, Unnamed))
	name := h.key()
	e := Entry{
		Kind: h.kind, Event: uuid.NewSHA1(space, []byte(name)).String(), Key: digest([]byte(name)), Content: actContent(in.Format, in.Bytes, a.particulars),
		OrderID: h.id, Source: h.source, in: in, head: h, name: name, act: &a,
	}
	if in.Again != "" {
		e.Again = again(h.tenant, h.source, in.Again)
	}
	if !ofOrder(h.kind) {
		e.Line = causeLine(e, nil, true)
	}
	return e
}

// actContent is what tells an act from another under the same key: what was received at the operator's door; of a document, which comes in
// another envelope each time, what it says of the shipment. (One that says nothing more has its content for an id.)
func actContent(format string, received, particulars []byte) Digest {
	if format == ActFormat {
		return digest(codec.Compact(make([]byte, 0, len(received)), received))
	}
	return digest(particulars)
}

// About names the order that an act is about or a part of a change is of, as the beginning of that order's idempotency keys; ok is false where
// there is nothing to attach.
func (e Entry) About() (order string, ok bool) {
	if e.part != nil && !e.Refused() {
		return OrderKey(e.head.tenant, e.Source, e.OrderID), true
	}
	if e.act == nil || !ofOrder(e.head.kind) || e.Refused() {
		return "", false
	}
	return OrderKey(e.head.tenant, e.Source, e.OrderID), true
}

// Activation is what a control act puts in force.
func (e Entry) Activation() (event.Activation, bool) {
	if !e.Alone() || e.act.control == nil {
		return event.Activation{}, false
	}
	return *e.act.control, true
}

// Alone says whether the entry must be a block by itself.
func (e Entry) Alone() bool { return e.act != nil && e.Kind == event.Control && !e.Refused() }

// IsOf says whether the entry is a revision of the order that About names, and which.
func (e Entry) IsOf(order string) (revision int, ok bool) {
	if e.act != nil || e.Refused() {
		return 0, false
	}
	return e.head.revision, OrderKey(e.head.tenant, e.Source, e.OrderID) == order
}

// Attached is the revision that With attached; ok is false before it did.
func (e Entry) Attached() (revision int, ok bool) {
	if e.part != nil {
		return e.part.onto, e.part.of != ""
	}
	return e.head.revision, e.act != nil && e.act.of != ""
}

// With gives the act with the newest revision of its order, or the part of a change put together with it, which may become a
// refusal.
func (e Entry) With(r Revision) Entry {
	if e.part != nil {
		return e.onto(r)
	}
	a := *e.act
	a.of = r.Event
	e.act, e.head.revision = &a, r.Number
	e.Line = causeLine(e, r.Order, true)
	return e
}

// Orphan gives the act of an order that nobody knows: that it shipped or was cancelled is taken with what it carries, and
// screening holds it; a disposition or rejudge is refused, and so is a part of a change.
func (e Entry) Orphan() Entry {
	if e.part != nil {
		return e.notMerged(e.orderBefore())
	}
	if e.head.kind == event.Shipped || e.head.kind == event.Cancelled {
		e.Line = causeLine(e, e.act.carried, true)
		return e
	}
	return refuse(e.in, e.head, "unknown_order/", []event.Fault{{
		Pointer: "/order_id", Code: codeUnknownOrder,
		Detail: fmt.Sprintf("there is no order %q of source %q, so that nothing can be said about it", e.OrderID, e.Source),
	}})
}

// OrderOf takes the order's bytes out of a stored case's first line.
func OrderOf(line []byte) ([]byte, bool) {
	at := bytes.Index(line, []byte(orderMember))
	if at < 0 {
		return nil, false
	}
	return line[at+len(orderMember) : len(line)-1], true
}

// OrderKey begins the idempotency keys of an order's revisions.
func OrderKey(tenant, source, id string) string {
	return url.PathEscape(tenant) + "/" + url.PathEscape(source) + "/" + url.PathEscape(id)
}

// RevisionKey is the key digest and the event id of a revision of the order that About names.
func RevisionKey(order string, revision int) (key Digest, id string) {
	name := fmt.Appendf(nil, "%s/%d", order, revision)
	return digest(name), uuid.NewSHA1(space, name).String()
}

// NewestKey is the key under which the index keeps the highest revision of an order that was revised.
func NewestKey(order string) Digest { return OwnKey("newest/" + order) }

// OwnKey is a key of what the index keeps for ingest itself. No idempotency key begins with a slash.
func OwnKey(name string) Digest { return digest([]byte("/" + name)) }

// Newest says which order an entry is a revision of, where it is not the first.
func (e Entry) Newest() (key, number Digest, ok bool) {
	if e.act != nil || e.Refused() || e.head.revision == 0 {
		return key, number, false
	}
	return NewestKey(e.name[:strings.LastIndexByte(e.name, '/')]), RevisionNumber(e.head.revision), true
}

// RevisionNumber writes a revision where the index keeps the digest of a content.
func RevisionNumber(revision int) (d Digest) {
	binary.BigEndian.PutUint64(d[8:], uint64(max(revision, 0)))
	return d
}

// NumberOf reads it back.
func NumberOf(d Digest) int { return int(binary.BigEndian.Uint64(d[8:]) & (1<<31 - 1)) }

// actIsWhole holds kind and members of an act against each other.
func actIsWhole(w *walk, m *members) {
	kind := event.Kind(m.text("kind"))
	want, known := memberOf[kind]
	if !known {
		return
	}
	for _, name := range particularMembers {
		switch {
		case name == want && !m.has(name):
			w.faultAt(name, codeRequired, name+" is missing; an act of kind "+string(kind)+" says it there")
		case name != want && m.has(name):
			w.faultAt(name, codeRange, "an act of kind "+string(kind)+" has no "+name)
		}
	}
	if ofOrder(kind) {
		if !m.has("order_id") {
			w.faultAt("order_id", codeRequired, "order_id is missing; an act of kind "+string(kind)+" is about an order")
		}
		return
	}
	for _, name := range []string{"source", "order_id"} {
		if m.has(name) {
			w.faultAt(name, codeRange, "an act of kind "+string(kind)+" is of no order")
		}
	}
}

// orderIsWhole holds what an order document says that happened against what it carries.
func orderIsWhole(w *walk, m *members) {
	kind := event.Kind(m.text("event"))
	if kind == event.Cancelled || kind == event.Shipped {
		orderActIsWhole(w, m, kind)
		return
	}
	for _, name := range []string{"parties", "items"} {
		if !m.has(name) {
			w.faultAt(name, codeRequired, name+" is missing; an order needs at least one party and one item")
		}
	}
	if m.has("shipment") {
		w.faultAt("shipment", codeRange, "only an order that shipped has a shipment; give event as shipped")
	}
	if kind == event.Revised && (!m.has("revision") || string(m.raw("revision")) == "0") {
		w.faultAt("revision", codeRange, "a revised order has a revision from 1")
	}
}

func orderActIsWhole(w *walk, m *members, kind event.Kind) {
	if !m.has("id") {
		w.faultAt("id", codeRequired, "id is missing; which order was "+string(kind)+"?")
	}
	switch {
	case kind == event.Cancelled && m.has("shipment"):
		w.faultAt("shipment", codeRange, "only an order that shipped has a shipment")
	case kind == event.Shipped && !m.has("shipment") && !m.has("expected_ship_date"):
		w.faultAt("shipment", codeRequired, "shipment is missing; when did it leave?")
	}
}
