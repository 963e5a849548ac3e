package accept

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/amendment"
	"github.com/tidegate/tidegate/services/ingest/internal/document"
	"github.com/tidegate/tidegate/shared/codec"
)

// part is a change that lists only what changed: with the newest revision of its order it becomes a whole one.
type part struct {
	change event.Change
	of     string // event of the order it was put together with
	onto   int    // revision of that
}

// counts are revisions that a sender could have counted; what is higher was made of a date and time.
const counts = 1_000_000

// amended is the entry of a change that lists only what changed. It is known again by what it says, not by what becomes of it.
func amended(in Input, h head) Entry {
	said, err := codec.Append(nil, in.Amends)
	if err != nil {
		panic(err) // texts and numbers always encode
	}
	content := sha256.Sum256(said)
	e := revisionOf(in, h, content)
	e.part = &part{change: event.Change{SHA256: hex.EncodeToString(content[:])}}
	return e
}

// onto puts a change together with the newest revision of its order.
func (e Entry) onto(r Revision) Entry {
	if why, code := e.outOfTurn(r.Number); why != "" {
		return e.notMerged(event.Fault{Pointer: "/revision", Code: code, Detail: why})
	}
	var before event.Order
	if err := codec.Decode(r.Order, &before); err != nil {
		return e.notMerged(event.Fault{Code: codeConflict, Detail: fmt.Sprintf("the order before cannot be read: %v", err)})
	}
	now, did, faults := e.in.Amends.Apply(before, document.Times)
	if len(faults) > 0 {
		return e.notMerged(placed(Input{Place: e.in.Place}, faults)...)
	}
	body, err := codec.Append(nil, now)
	if err != nil {
		panic(err) // texts and numbers always encode
	}
	if faults = codec.Check(body, codec.Foreign); !codec.Broken(faults) {
		_, _, more := look(body, false)
		faults = append(faults, more...)
	}
	for i := range faults {
		faults[i].Offset, faults[i].Detail = 0, "together with the order before: "+faults[i].Detail
	}
	if len(faults) > 0 {
		return e.notMerged(faults...)
	}
	p := *e.part
	p.of, p.onto, did.SHA256 = r.Event, r.Number, p.change.SHA256
	p.change = did
	e.part = &p
	e.Line = causeLine(e, body, true)
	return e
}

// outOfTurn says why a change cannot be put together with a revision: it is older, or one between them is missing.
func (e Entry) outOfTurn(number int) (why, code string) {
	switch {
	case number >= e.head.revision:
		return fmt.Sprintf("this change, revision %d, lists only what changed, and revision %d of the order was accepted before it; send the whole order with a higher revision",
			e.head.revision, number), codeConflict
	case e.in.Amends.Counted && number < counts && e.head.revision > number+1:
		return fmt.Sprintf("this is change %d and lists only what changed, and the newest that came before it is %d; send the changes between them first, or the whole order",
			e.head.revision, number), codeUnknownOrder
	}
	return "", ""
}

// notMerged refuses a change that cannot be put together with its order.
func (e Entry) notMerged(faults ...event.Fault) Entry {
	return refuse(e.in, e.head, "change/", faults)
}

// orderBefore is the fault of a change without a revision before it.
func (e Entry) orderBefore() event.Fault {
	return event.Fault{Pointer: "/id", Code: codeUnknownOrder, Detail: fmt.Sprintf(
		"this document lists only what changed, and no revision of order %q of source %q is there to change; send the order first, or the whole order as a replacement", e.OrderID, e.Source,
	)}
}

// Partial says whether the entry lists only what changed, and is not whole yet.
func (e Entry) Partial() bool { return e.part != nil && !e.Refused() && e.Line == nil }

// Lines are what a change that lists only what changed does to the lines it lists.
func (in Input) Lines() []amendment.Line {
	if in.Amends == nil {
		return nil
	}
	return in.Amends.Lines
}

var changeMember = []byte(`,"change":`)

// changed appends what became of a change.
func (p *part) appendTo(b []byte) []byte {
	b = member(b, "of", p.of)
	return encode(append(b, changeMember...), p.change)
}
