// Package document holds what a reader of any format makes of received bytes: an order in the one normal form, or what
// happened to one, with the place of each part in the bytes, or the faults that stand against it.
package document

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
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
	Raw    []byte // the order's JSON, where a reader wrote it itself
	Bytes  []byte // as received: the document, the transaction set with its envelope's head, the rows with their header
	Offset int    // of Bytes in the whole input

	Where  string // pointer of what is being read, for faults found on the way
	Faults []event.Fault
	more   int
	places []place
}

// place says where in the input the part below a pointer of the normal form was read.
type place struct {
	pointer string
	offset  int
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

// At notes where the part of the order below pointer was read.
func (f *Found) At(pointer string, offset int) {
	f.places = append(f.places, place{pointer, offset})
}

// Place gives the offset of the part of the order that pointer names: that of the longest pointer noted above it.
func (f *Found) Place(pointer string) int {
	at, longest := f.Offset, -1
	for _, p := range f.places {
		if len(p.pointer) > longest && strings.HasPrefix(pointer, p.pointer) &&
			(len(pointer) == len(p.pointer) || pointer[len(p.pointer)] == '/') {
			at, longest = p.offset, len(p.pointer)
		}
	}
	return at
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
	b, err := codec.Append(nil, o)
	if err != nil {
		panic(err) // texts and numbers always encode
	}
	if len(o.Parties) == 0 { // what an order lacks is not there; inside texts the quotes are escaped
		b = bytes.Replace(b, []byte(`"parties":null,`), nil, 1)
	}
	if len(o.Items) == 0 {
		b = bytes.Replace(b, []byte(`"items":null,`), nil, 1)
		b = bytes.Replace(b, []byte(`,"items":null`), nil, 1)
		b = bytes.Replace(b, []byte(`"items":null`), nil, 1)
	}
	return b
}

// Party adds a party in a role, read at an offset. One that says nothing of who it is, and one that stands there already, are left out.
func (f *Found) Party(offset int, role event.Role, p event.Party) bool {
	p.Role = role
	if p.Name == "" && p.LEI == "" && p.Registration == "" && p.GLN == "" && p.Customer == "" {
		return false
	}
	if slices.ContainsFunc(f.Order.Parties, func(o event.Party) bool { return alike(o, p) }) {
		return true
	}
	f.At("/parties/"+strconv.Itoa(len(f.Order.Parties)), offset)
	f.Order.Parties = append(f.Order.Parties, p)
	return true
}

func alike(a, b event.Party) bool {
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

// Item adds an item read at an offset.
func (f *Found) Item(offset int, it event.Item) {
	f.At("/items/"+strconv.Itoa(len(f.Order.Items)), offset)
	f.Order.Items = append(f.Order.Items, it)
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
