// Package document holds what a reader of any format makes of received bytes: an order in the one normal form, or what
// happened to one, with the place of each part in the bytes, or the faults that stand against it.
package document

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/amendment"
	"github.com/tidegate/tidegate/shared/codec"
)

// MaxSize is how many bytes of a document, a transaction set or the rows of one order are read and kept. The order made
// of them is bounded by event.MaxOrderSize besides.
const MaxSize = 512 << 10

// Codes of the faults that readers find, as event.Fault lists them.
const (
	CodeSyntax       = "syntax"
	CodeType         = "type"
	CodeRequired     = "required"
	CodeUnknown      = "unknown_member"
	CodeDuplicate    = "duplicate_member"
	CodeRange        = "range"
	CodeFormat       = "format"
	CodeSize         = "size"
	CodeDepth        = "depth"
	CodeUTF8         = "utf8"
	CodeNotSupported = "not_supported"
)

// maxFaults is how many faults one document lists; the others are counted.
const maxFaults = 100

// Found is one order, or one thing that happened to one, that received bytes hold.
type Found struct {
	Format string      // such as x12-850, ubl-order, csv
	Order  event.Order // with Event cancelled or shipped: ID says which order, Parties and Items are as far as the document says them
	Ship   *event.Shipment
	Amends *amendment.Amendment // where the document lists only what changed; Order holds that, with every line listed
	Raw    []byte               // the order's JSON, where a reader wrote it itself
	Bytes  []byte               // as received: the document, the transaction set with its envelope's head, the rows with their header
	Offset int                  // of Bytes in the whole input

	Where  string // pointer of what is being read, for faults found on the way
	Faults []event.Fault
	more   int

	parties, items []int // where each was read
	lines          []amendment.Line
}

// Fault notes what is wrong with the bytes at an offset of the input.
func (f *Found) Fault(offset int, code, format string, v ...any) {
	f.FaultAt(f.Where, offset, code, format, v...)
}

// FaultAt notes a fault at a pointer besides.
func (f *Found) FaultAt(pointer string, offset int, code, format string, v ...any) {
	fault := event.Fault{Pointer: pointer, Offset: offset, Code: code, Detail: fmt.Sprintf(format, v...)}
	switch {
	case slices.Contains(f.Faults, fault): // read twice
	case len(f.Faults) == maxFaults:
		f.more++
	default:
		f.Faults = append(f.Faults, fault)
	}
}

// Place gives the offset of the party or item that pointer is in, else of the whole.
func (f *Found) Place(pointer string) int {
	if at, ok := placed(f.parties, pointer, "/parties/"); ok {
		return at
	}
	if at, ok := placed(f.items, pointer, "/items/"); ok {
		return at
	}
	return f.Offset
}

func placed(at []int, pointer, list string) (int, bool) {
	rest, ok := strings.CutPrefix(pointer, list)
	if !ok {
		return 0, false
	}
	first, _, _ := strings.Cut(rest, "/")
	i, err := strconv.Atoi(first)
	if err != nil || i < 0 || i >= len(at) {
		return 0, false
	}
	return at[i], true
}

// All gives the faults, and how many there were beyond those listed.
func (f *Found) All() []event.Fault {
	if f.more > 0 {
		return append(slices.Clip(f.Faults), event.Fault{Code: CodeSize, Detail: fmt.Sprintf("and %d faults more", f.more)})
	}
	return f.Faults
}

// JSON is the order in the normal form, compact.
func (f *Found) JSON() []byte {
	if f.Raw != nil {
		return f.Raw
	}
	o := f.Order
	o.Shipment = f.Ship
	b, err := codec.Append(make([]byte, 0, 256+min(2*len(f.Bytes), 256*(len(o.Parties)+len(o.Items)))), o)
	if err != nil {
		panic(err) // texts and numbers always encode
	}
	return b
}

// Party adds a party in a role, read at an offset. One that says nothing of who it is, and one that stands there already, are left out.
func (f *Found) Party(offset int, role event.Role, p event.Party) bool {
	p.Role = role
	if p.Name == "" && p.LEI == "" && p.Registration == "" && p.GLN == "" && p.Customer == "" {
		return false
	}
	for i := range f.Order.Parties {
		if alike(&f.Order.Parties[i], &p) {
			return true
		}
	}
	f.parties = append(f.parties, offset)
	f.Order.Parties = append(f.Order.Parties, p)
	return true
}

func alike(a, b *event.Party) bool {
	if a.Role != b.Role || a.Name != b.Name || a.LEI != b.LEI || a.Registration != b.Registration || a.GLN != b.GLN || a.Customer != b.Customer {
		return false
	}
	switch {
	case b.Address == nil:
		return b.Email == "" || a.Email == b.Email
	case a.Address == nil:
		return false
	}
	return slices.Equal(a.Address.Lines, b.Address.Lines) && a.Address.City == b.Address.City && a.Address.Region == b.Address.Region &&
		a.Address.Postcode == b.Address.Postcode && a.Address.Country == b.Address.Country && a.Email == b.Email && a.Phone == b.Phone
}

// Beside is a find like f for another order, to which parties and items are added without touching f's.
func (f *Found) Beside() *Found {
	g := *f
	g.Order.Parties, g.Order.Items = slices.Clip(f.Order.Parties), slices.Clip(f.Order.Items)
	g.parties, g.items = slices.Clip(f.parties), slices.Clip(f.items)
	g.Faults = slices.Clip(f.Faults)
	return &g
}

// Room is where a reader of many orders reads one after the other into: the order of what was found before holds until the next one
// is begun, which saves most of the memory that reading takes.
type Room struct{ last *Found }

// For gives a find its room, for so many parties and items.
func (r *Room) For(f *Found, parties, items int) {
	if old := r.last; old != nil && old.Amends == nil { // what amends an order goes on
		f.Order.Parties, f.Order.Items = old.Order.Parties[:0], old.Order.Items[:0]
	}
	f.Order.Parties, f.Order.Items = slices.Grow(f.Order.Parties, parties), slices.Grow(f.Order.Items, items)
	f.parties, f.items = make([]int, 0, parties), make([]int, 0, items)
	r.last = f
}

// Item adds an item read at an offset.
func (f *Found) Item(offset int, it event.Item) {
	f.items = append(f.items, offset)
	f.Order.Items = append(f.Order.Items, it)
}

// Line adds a line of an order or of a change to one, with what is done to it.
func (f *Found) Line(offset int, it event.Item, does amendment.Line) {
	f.Item(offset, it)
	if f.lines == nil {
		f.lines = make([]amendment.Line, 0, cap(f.items))
	}
	f.lines = append(f.lines, does)
}

// Whole takes the lines for a whole order: those that are taken out are no items of it.
func (f *Found) Whole() {
	if !slices.ContainsFunc(f.lines, func(l amendment.Line) bool { return l.Action == amendment.Remove }) {
		return
	}
	n := 0
	for i, l := range f.lines {
		if l.Action != amendment.Remove {
			f.Order.Items[n], f.items[n] = f.Order.Items[i], f.items[i]
			n++
		}
	}
	f.Order.Items, f.items = f.Order.Items[:n], f.items[:n]
}

// Part takes the lines for those that changed. Counted says that the revision is the sender's own count of changes.
func (f *Found) Part(counted bool) {
	f.Amends = &amendment.Amendment{Lines: f.lines, Counted: counted}
	for i, l := range f.lines {
		if l.Action == "" {
			f.FaultAt("", f.items[i], CodeNotSupported, "line %s is changed by a code that is not known here; send the whole order as a replacement", Quote(f.Order.Items[i].Position))
		}
	}
}

// Filled says whether an address says anything.
func Filled(a event.Address) bool {
	return len(a.Lines) > 0 || a.City != "" || a.Region != "" || a.Postcode != "" || a.Country != ""
}

// Address gives a pointer to an address that says something, and nil for one that does not.
func Address(a event.Address) *event.Address {
	if !Filled(a) {
		return nil
	}
	return &a
}

// Lines keeps the lines that say something.
func Lines(lines ...string) []string {
	var out []string
	for _, l := range lines {
		if l = Text(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}
