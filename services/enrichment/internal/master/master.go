// Package master is what a company itself knows of its partners and items, and what registers say of who owns whom: read
// from files, checked row by row, and compiled into one immutable file that is used as it lies on disk.
package master

import (
	"errors"
	"fmt"

	"github.com/tidegate/tidegate/schemas/event"
)

// ErrRefused is a file that is not loaded.
var ErrRefused = errors.New("refused")

// ErrDamaged is a compiled set that is not as it was written.
var ErrDamaged = errors.New("damaged")

// Partner is a row of the partner master: a party without its role, with the statements it signed.
type Partner struct {
	event.Party
	Certs []event.Cert `json:"certifications,omitempty"`
}

// Firm is a party of an ownership register with those that hold it.
type Firm struct {
	ID      string        `json:"id"` // "lei:…", "reg:CC/number", "customer:…", "name:CC/…" or a register's own
	Name    string        `json:"name,omitempty"`
	Also    []string      `json:"also,omitempty"`
	Country event.Country `json:"country,omitempty"`
	HQ      event.Country `json:"hq,omitempty"`
	Person  bool          `json:"person,omitempty"`
	Parent  string        `json:"parent,omitempty"`    // id of its ultimate parent, by the register
	Alone   string        `json:"no_parent,omitempty"` // why the register says that it has none
	Source  string        `json:"source,omitempty"`
	Other   []string      `json:"other,omitempty"` // other ids
	Held    []Held        `json:"held,omitempty"`  // sorted by holder, dates and source
}

// Held is a stake in a firm; not stated when Most is empty.
type Held struct {
	By    string        `json:"by"` // id of the holder
	Least event.Decimal `json:"l,omitempty"`
	Most  event.Decimal `json:"m,omitempty"`
	event.Span
	Source   string `json:"s,omitempty"`
	Indirect bool   `json:"i,omitempty"` // through others that the register does not state, or not with their shares
}

// The kinds of rows.
const (
	Partners = "partners"
	Items    = "items"
	Stakes   = "stakes"
)

// Edition is one file as it was read.
type Edition struct {
	Series  string   `json:"series"` // what a newer file replaces: kind and name, "partners" or "stakes/gleif-rr"
	Kind    string   `json:"kind"`   // partners, items, stakes
	File    string   `json:"file"`
	Format  string   `json:"format"`
	Version string   `json:"version,omitempty"` // day of publication, where known
	Rows    int      `json:"rows"`
	SHA256  string   `json:"sha256"`          // of the file as read
	Notes   []string `json:"notes,omitempty"` // what was read and is odd: columns left out, owners in a circle
	Skipped int      `json:"skipped,omitempty"`
	Digest  string   `json:"digest,omitempty"` // of the edition compiled alone
}

// Fault is what is wrong with one row.
type Fault struct {
	File   string `json:"file"`
	Row    int    `json:"row"` // line of a CSV file from 1, the header counted; record of another file from 1; 0 is the whole file
	Reason string `json:"reason"`
}

// String is the fault in a line.
func (f Fault) String() string {
	if f.Row == 0 {
		return f.File + ": " + f.Reason
	}
	return fmt.Sprintf("%s:%d: %s", f.File, f.Row, f.Reason)
}
