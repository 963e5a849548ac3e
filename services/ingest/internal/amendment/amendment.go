// Package amendment makes a whole order of a change that lists only what changed, such as an X12 860 or an EDIFACT ORDCHG,
// and of the order's newest revision. Lines are told by their number in the order. Where it is not certain what the order is now,
// there is none: a line or a party that fell out unseen would go unscreened.
package amendment

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
)

// Action is what a change does to a line.
type Action string

// The actions.
const (
	Add    Action = "add"    // a line that was not there
	Change Action = "change" // what is given of a line that is there
	Remove Action = "remove"
	Keep   Action = "keep" // the line is as it was, and repeated
	Say    Action = "say"  // without a word of what is done: as Change
)

// Coded reads an action code (UN/EDIFACT 1229, which UBL has too); "" where it is not certain what it does: accepted, rejected, replaced
// by another.
func Coded(code string) Action {
	switch code {
	case "":
		return Say
	case "1":
		return Add
	case "2":
		return Remove
	case "3":
		return Change
	case "4":
		return Keep
	}
	return ""
}

// Line is what a change does to one of its order's items, at the same place among them.
type Line struct {
	Action   Action        `json:"action"`
	Price    event.Decimal `json:"price,omitempty"` // of one, or of Per
	Per      event.Decimal `json:"per,omitempty"`
	Currency string        `json:"currency,omitempty"` // of the price
}

// Amendment is a change that lists only what changed.
type Amendment struct {
	Order   event.Order `json:"order"` // what the document says: of the order what changed, and every line that it lists
	Lines   []Line      `json:"lines"` // one for each of the order's items
	Counted bool        `json:"-"`     // the revision is the sender's own count of changes, which leaves none out
}

// Codes of the faults, as event.Fault lists them.
const (
	codeRequired = "required"
	codeTwice    = "duplicate_member"
	codeConflict = "conflict"
)

// Times is quantity times price for so many, exact or unknown.
type Times func(quantity, price, per event.Decimal) event.Decimal

// Apply gives the order as it is behind the change, and which lines changed how. With a fault there is no order; its pointer
// names the part of the change's own order.
func (a *Amendment) Apply(before event.Order, times Times) (event.Order, event.Change, []event.Fault) {
	m := merging{a: a, times: times, out: before}
	m.out.Items, m.out.Parties = slices.Clone(before.Items), slices.Clone(before.Parties)
	overlay(&m.out, &a.Order, "Items", "Parties", "Declared", "Shipment", "ID", "Event", "Revision")
	m.out.ID, m.out.Event, m.out.Revision, m.out.Shipment = a.Order.ID, a.Order.Event, a.Order.Revision, nil
	for _, d := range a.Order.Declared {
		if !slices.Contains(m.out.Declared, d) {
			m.out.Declared = append(slices.Clip(m.out.Declared), d)
		}
	}
	m.parties()
	m.lines(before.Items)
	return m.out, m.did, m.faults
}

// merging is one application.
type merging struct {
	a      *Amendment
	times  Times
	out    event.Order
	did    event.Change
	gone   []bool // of out's items
	faults []event.Fault
}

func (m *merging) fault(pointer, code, format string, v ...any) {
	m.faults = append(m.faults, event.Fault{Pointer: pointer, Code: code, Detail: fmt.Sprintf(format, v...)})
}

// overlay takes over what is given, but for the members named.
func overlay[T any](onto, from *T, but ...string) {
	to, is := reflect.ValueOf(onto).Elem(), reflect.ValueOf(from).Elem()
	for i := range to.NumField() {
		if f := is.Field(i); !f.IsZero() && !slices.Contains(but, to.Type().Field(i).Name) {
			to.Field(i).Set(f)
		}
	}
}

// number is a position as it is compared: zeros before digits say nothing.
func number(position string) string {
	s := strings.TrimSpace(position)
	if s != "" && strings.Trim(s, "0123456789") == "" {
		if s = strings.TrimLeft(s, "0"); s == "" {
			s = "0"
		}
	}
	return s
}

// lines does what each line of the change says.
func (m *merging) lines(before []event.Item) {
	m.gone = make([]bool, len(before), len(before)+len(m.a.Lines))
	at, twice := map[string]int{}, map[string]bool{}
	for i, it := range before {
		n := number(it.Position)
		if _, ok := at[n]; ok {
			twice[n] = true
		}
		at[n] = i
	}
	said := map[string]bool{}
	for i, l := range m.a.Lines {
		pointer, it := fmt.Sprintf("/items/%d", i), m.a.Order.Items[i]
		n := number(it.Position)
		was, there := at[n]
		switch {
		case n == "":
			m.fault(pointer, codeRequired, "a line without a number: which line of the order is it?")
		case said[n]:
			m.fault(pointer, codeTwice, "line %s is listed twice: which of them counts?", it.Position)
		case twice[n]:
			m.fault(pointer, codeConflict, "the order before has several lines of number %s: which of them is meant?", it.Position)
		case l.Action == Add && there:
			m.fault(pointer, codeConflict, "line %s is said to be added and is there already", it.Position)
		case l.Action == Add:
			m.out.Items, m.gone = append(m.out.Items, it), append(m.gone, false)
			m.did.Added = append(m.did.Added, it.Position)
		case !there:
			m.fault(pointer, codeConflict, "the order before has no line %s%s; send the whole order as a replacement", it.Position, numbered(before))
		default:
			m.line(pointer, l, was, it)
		}
		said[n] = true
	}
	m.out.Items = kept(m.out.Items, m.gone)
	if len(m.faults) == 0 && len(m.out.Items) == 0 {
		m.fault("", codeConflict, "no line is left of the order; one that is taken back is cancelled")
	}
}

// numbered says so where the order before has no numbers to tell its lines by.
func numbered(before []event.Item) string {
	if slices.ContainsFunc(before, func(it event.Item) bool { return it.Position != "" }) {
		return ""
	}
	return ", for its items came without position"
}

func kept(items []event.Item, gone []bool) []event.Item {
	out := items[:0]
	for i, it := range items {
		if !gone[i] {
			out = append(out, it)
		}
	}
	return out
}

// line changes, keeps or takes out a line that is there.
func (m *merging) line(pointer string, l Line, at int, it event.Item) {
	was := m.out.Items[at]
	switch l.Action {
	case Remove:
		m.gone[at] = true
		m.did.Removed = append(m.did.Removed, was.Position)
	case Keep:
		if it.Quantity != "" && was.Quantity != "" && it.Quantity.Float() != was.Quantity.Float() || other(was, it) {
			m.fault(pointer, codeConflict, "line %s is said to be as it was and is not", it.Position)
		}
	default:
		m.out.Items[at] = m.changed(pointer, l, was, it)
		m.did.Changed = append(m.did.Changed, was.Position)
	}
}

// changed is a line as it is now. What is another product has nothing of the one before; of the same one what is given counts. A value
// that goes with another quantity or price is worked out anew, or unknown.
func (m *merging) changed(pointer string, l Line, was, it event.Item) event.Item {
	if other(was, it) {
		it.Position = was.Position
		return it
	}
	if !common(was, it) && it.Description != "" && was.Description != "" && !strings.EqualFold(it.Description, was.Description) {
		m.fault(pointer, codeConflict, "line %s has another description than before and no number that says whether it is the same product", it.Position)
	}
	now := was
	overlay(&now, &it, "Position")
	if it.Value == "" && (l.Price != "" || it.Quantity != "" && it.Quantity != was.Quantity || it.Unit != "" && it.Unit != was.Unit) {
		if now.Value = m.times(now.Quantity, l.Price, l.Per); now.Value == "" {
			now.Currency = ""
		} else if l.Currency != "" {
			now.Currency = l.Currency
		}
	}
	return now
}

// numbers of a product that could tell it from another.
func numbers(it event.Item) [3]string { return [3]string{it.PartNumber, it.SKU, it.Manufacturer} }

// other says whether two items are different products: a number that both have differs.
func other(a, b event.Item) bool {
	x, y := numbers(a), numbers(b)
	for i := range x {
		if x[i] != "" && y[i] != "" && !strings.EqualFold(x[i], y[i]) {
			return true
		}
	}
	return false
}

// common says whether two items share a number.
func common(a, b event.Item) bool {
	x, y := numbers(a), numbers(b)
	for i := range 2 { // a manufacturer makes more than one thing
		if x[i] != "" && strings.EqualFold(x[i], y[i]) {
			return true
		}
	}
	return false
}
