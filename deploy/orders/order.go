package orders

import (
	"encoding/binary"
	"errors"

	"github.com/tidegate/tidegate/schemas/event"
)

// State says how far an order is.
type State string

// The states.
const (
	Open      State = "open"      // neither shipped nor cancelled; what left in part is open, too
	Shipped   State = "shipped"   // it left
	Cancelled State = "cancelled" // it will not ship
)

// Order is what its decisions say of an order, the newest of them.
type Order struct {
	Tenant     string        `json:"tenant"`
	Source     string        `json:"source"`
	ID         string        `json:"id"`
	State      State         `json:"state"`
	Revision   int           `json:"revision"`
	Event      string        `json:"event"`         // of the cause that was decided last
	Kind       event.Kind    `json:"kind"`          // of that cause
	Why        string        `json:"why,omitempty"` // of a rejudge
	Outcome    event.Outcome `json:"outcome"`
	Rule       string        `json:"rule,omitempty"` // that decided
	Date       event.Date    `json:"date"`           // the latest that was judged for: its outcome is the order's
	ValidUntil event.Date    `json:"valid_until,omitempty"`
	Left       event.Date    `json:"left,omitempty"`       // when it left, or the first part of it
	Unreleased string        `json:"unreleased,omitempty"` // why it should not have left
	At         event.Instant `json:"received_at"`          // of that cause
	Sequence   uint64        `json:"sequence"`             // block of the newest decision
	Place      int           `json:"place"`                // in that block
	Parties    []uint64      `json:"-"`                    // numbers of what the lists are asked about it, of its newest revision
}

// Key names the order whatever its revision, as screening's ledger does.
func (o *Order) Key() string { return KeyOf(o.Tenant, o.Source, o.ID) }

// recordVersion begins a record.
const recordVersion = 1

var errRecord = errors.New("not a record of this version")

// appendTo writes the record: version, numbers, strings with their lengths, party numbers.
func (o *Order) appendTo(b []byte) []byte {
	b = append(b, recordVersion)
	for _, n := range []uint64{uint64(max(o.Revision, 0)), o.Sequence, uint64(max(o.Place, 0))} { //nolint:gosec // not negative
		b = binary.AppendUvarint(b, n)
	}
	for _, s := range o.texts() {
		b = binary.AppendUvarint(b, uint64(len(*s)))
		b = append(b, *s...)
	}
	b = binary.AppendUvarint(b, uint64(len(o.Parties)))
	for _, n := range o.Parties {
		b = binary.AppendUvarint(b, n)
	}
	return b
}

// texts are the order's strings, in the order in which a record has them.
func (o *Order) texts() []*string {
	return []*string{
		&o.Tenant, &o.Source, &o.ID, (*string)(&o.State), &o.Event, (*string)(&o.Kind), &o.Why, (*string)(&o.Outcome), &o.Rule, (*string)(&o.Date),
		(*string)(&o.ValidUntil), (*string)(&o.Left), &o.Unreleased, (*string)(&o.At),
	}
}

// read reads a record; its strings are copies.
func (o *Order) read(b []byte) error {
	r := recordReader{rest: b, ok: len(b) > 0 && b[0] == recordVersion}
	if r.ok {
		r.rest = b[1:]
	}
	o.Revision, o.Sequence, o.Place = int(r.number()), r.number(), int(r.number()) //nolint:gosec // written as int
	text := string(r.rest)                                                         // one copy for all strings
	for _, s := range o.texts() {
		n := int(r.number()) //nolint:gosec // checked against what is there
		at := len(text) - len(r.rest)
		if n < 0 || n > len(r.rest) {
			return errRecord
		}
		*s, r.rest = text[at:at+n], r.rest[n:]
	}
	o.Parties = make([]uint64, min(r.number(), uint64(len(r.rest))))
	for i := range o.Parties {
		o.Parties[i] = r.number()
	}
	if !r.ok || len(r.rest) > 0 {
		return errRecord
	}
	return nil
}

// own copies the strings, which share the bytes of a block until then.
func (o *Order) own() error { return o.read(o.appendTo(make([]byte, 0, 256))) }

type recordReader struct {
	rest []byte
	ok   bool
}

func (r *recordReader) number() uint64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 {
		r.ok = false
		return 0
	}
	r.rest = r.rest[size:]
	return n
}
