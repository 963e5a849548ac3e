// Package list reads official lists as they are published. An importer takes bytes and gives rows, or refuses the file
// with every row at fault; it never gives a part of a file without saying so.
package list

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

// ErrRefused is a file that is not loaded.
var ErrRefused = errors.New("refused")

// ErrUndated is a refused file of which nobody says when it was published.
var ErrUndated = fmt.Errorf("%w: neither the file nor its name says when it was published: give --published YYYY-MM-DD", ErrRefused)

// Limits of a file. What is larger is refused before it is held in memory.
const (
	MaxFile = 512 << 20 // bytes
	MaxRow  = 1 << 20   // bytes of one row
	MaxRows = 1 << 20
	maxSaid = 20 // faults that a refusal names; the rest is a number
)

// Options say how to read.
type Options struct {
	Format    string     // one of Formats; found out from the content when empty
	Lenient   bool       // skip rows at fault and report each, instead of refusing the file
	Published event.Date // the day the file was published; from the file, else from its name when empty
}

// Fault is what is wrong with one row.
type Fault struct {
	File   string `json:"file,omitempty"`
	Row    int    `json:"row"` // of the file from 1, a header counted; 0 is the whole file
	Reason string `json:"reason"`
}

// String is the fault in a line.
func (f Fault) String() string {
	where := ""
	if f.File != "" {
		where = f.File + ": "
	}
	if f.Row > 0 {
		where += fmt.Sprintf("row %d: ", f.Row)
	}
	return where + f.Reason
}

// File is what an import gave: one edition for each list that the file has rows of, sorted by list.
type File struct {
	Format    string
	DatedBy   string // what gave the day of publication: given, file, name
	Published event.Date
	Editions  []snapshot.Edition
	Skipped   []Fault // rows left out, only where lenient
}

// Format is a kind of file.
type Format struct {
	Name   string
	Usage  string
	Tried  bool // on a file as published
	detect func(name string, head []byte) bool
	read   func(*reading) error
}

// Formats are the kinds of files that can be read, in the order in which they are tried.
func Formats() []Format {
	return []Format{
		{"csl-csv", "trade.gov Consolidated Screening List, CSV of 29 columns", true, isCSLTable, readCSLTable},
		{"csl-json", "trade.gov Consolidated Screening List, JSON", false, isCSLJSON, readCSLJSON},
		{"dpl-txt", "BIS Denied Persons List, tab-separated", true, isDenied, readDenied},
		{"register-json", "a list taken from the Code of Federal Regulations or a notice, JSON with list_id", true, isRegister, readRegister},
		{"meti-json", "Japan's Foreign End User List, JSON", true, isMETI, readMETI},
		{"un-xml", "UN Security Council consolidated list, XML", true, isUN, readUN},
		{"ofac-xml", "OFAC SDN or consolidated non-SDN list, advanced XML", false, isAdvanced, readAdvanced},
		{"eu-xml", "EU consolidated list of financial sanctions, XML (schema FSD 1.1)", false, isEU, readEU},
		{"uk-xml", "UK Sanctions List, XML", false, isUK, readUK},
		{"ftm-json", "a company's own list, FollowTheMoney entities, one JSON object a line", true, isFollowTheMoney, readFollowTheMoney},
		{"own-csv", "a company's own list, CSV with a header", true, isOwn, readOwn},
		{"ofac-csv", "OFAC SDN or consolidated non-SDN list, CSV set (sdn, alt, add, comments)", true, isTreasury, readTreasury},
	}
}

// reading is one import on its way.
type reading struct {
	fsys      fs.FS
	name      string
	opt       Options
	published event.Date // of the file itself
	extracted event.Date // when somebody took the file from the source: the weakest evidence
	feed      string
	rows      []snapshot.Entry
	gaps      map[string][]string // list, or "" for every list → what is missing
	faults    []Fault
	ended     int      // rows left out because they are in force no more
	lists     []string // lists the file covers even where it has no row of them
}

// Import reads one file of fsys, and the files that belong to it. An error is ErrRefused with every fault, or the file
// system's.
func Import(fsys fs.FS, name string, opt Options) (*File, error) {
	head, err := readHead(fsys, name)
	if err != nil {
		return nil, err
	}
	format, err := find(opt.Format, name, head)
	if err != nil {
		return nil, err
	}
	r := &reading{fsys: fsys, name: name, opt: opt, gaps: map[string][]string{}}
	if err := format.read(r); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", name, ErrRefused, err)
	}
	return r.finish(format.Name)
}

func find(name, file string, head []byte) (Format, error) {
	for _, f := range Formats() {
		if name == f.Name || name == "" && f.detect(file, head) {
			return f, nil
		}
	}
	if name != "" {
		return Format{}, fmt.Errorf("%s: %w: format %q does not exist", file, ErrRefused, name)
	}
	return Format{}, fmt.Errorf("%s: %w: %s", file, ErrRefused, unknown(head))
}

// finish dates the rows, groups them into editions and decides whether faults refuse the file.
func (r *reading) finish(format string) (*File, error) {
	if len(r.rows) == 0 && len(r.faults) == 0 {
		return nil, fmt.Errorf("%s: %w: no rows", r.name, ErrRefused)
	}
	f := &File{Format: format}
	f.Published, f.DatedBy = r.date()
	if f.Published == "" {
		return nil, fmt.Errorf("%s: %w", r.name, ErrUndated)
	}
	r.checkRows(f.Published)
	if len(r.faults) > 0 && !r.opt.Lenient {
		return nil, fmt.Errorf("%s: %w: %s", r.name, ErrRefused, said(r.faults))
	}
	if len(r.rows) == 0 {
		return nil, fmt.Errorf("%s: %w: no rows", r.name, ErrRefused)
	}
	f.Skipped = r.faults
	f.Editions = r.editions(f.Published)
	return f, nil
}

func (r *reading) date() (event.Date, string) {
	switch named := DateIn(r.name); {
	case r.opt.Published != "":
		return r.opt.Published, "given"
	case r.published != "":
		return r.published, "file"
	case named != "":
		return named, "name"
	case r.extracted != "":
		return r.extracted, "file"
	}
	return "", ""
}

// checkRows drops rows that no snapshot takes and notes each.
func (r *reading) checkRows(published event.Date) {
	kept := r.rows[:0]
	for i := range r.rows {
		e := &r.rows[i]
		if fault := faultOf(e, published); fault != "" {
			r.faults = append(r.faults, Fault{Reason: fmt.Sprintf("%s %q: %s", e.List, e.Name, fault)})
			continue
		}
		kept = append(kept, *e)
	}
	r.rows = kept
}

func faultOf(e *snapshot.Entry, published event.Date) string {
	switch s := e.Listed[0]; {
	case e.Name == "":
		return "name is missing"
	case s.From != "" && s.Until != "" && s.Until < s.From:
		return fmt.Sprintf("ends %s before it begins %s", s.Until, s.From)
	case s.From > laterBy(published, 2):
		return fmt.Sprintf("listed from %s, years after the list was published (%s)", s.From, published)
	}
	return ""
}

// laterBy moves a date by years; only for comparing.
func laterBy(d event.Date, years int) event.Date {
	if len(d) != 10 {
		return d
	}
	return event.Date(fmt.Sprintf("%04d", number(string(d[:4]))+years) + string(d[4:]))
}

func (r *reading) editions(published event.Date) []snapshot.Edition {
	by := map[string][]snapshot.Entry{}
	for _, e := range r.rows {
		by[e.List] = append(by[e.List], e)
	}
	for _, l := range r.lists {
		if _, ok := by[l]; !ok {
			by[l] = nil
		}
	}
	var out []snapshot.Edition
	for l, rows := range by {
		ed := snapshot.Edition{List: l, Feed: feedOf(l, r.feed), Published: published, Gaps: slices.Concat(r.gaps[""], r.gaps[l])}
		if n := len(r.faults); n > 0 {
			ed.Partial = true
			ed.Gaps = append(ed.Gaps, fmt.Sprintf("%d rows of the file skipped", n))
		}
		ed.Entries = merge(rows)
		ed.Rows = len(ed.Entries)
		slices.Sort(ed.Gaps)
		ed.Gaps = slices.Compact(ed.Gaps)
		out = append(out, ed)
	}
	slices.SortFunc(out, func(a, b snapshot.Edition) int { return strings.Compare(a.List, b.List) })
	return out
}

// feedOf names the series of editions a list belongs to: where two publishers number the rows alike, they are one.
func feedOf(list, feed string) string {
	switch list {
	case "SDN", "SSI", "MBS", "CAP", "PLC", "FSE", "CMIC":
		if feed == "csl" || feed == "ofac" {
			return "ofac"
		}
	}
	return feed
}

// merge sorts rows by id and makes one of rows with one id: a party with a row per order or address.
func merge(rows []snapshot.Entry) []snapshot.Entry {
	slices.SortStableFunc(rows, func(a, b snapshot.Entry) int {
		return cmp.Or(strings.Compare(a.ID, b.ID), strings.Compare(a.Citation, b.Citation), strings.Compare(strings.Join(a.Addresses, "|"), strings.Join(b.Addresses, "|")))
	})
	var out []snapshot.Entry
	for _, e := range rows {
		if n := len(out); n > 0 && out[n-1].ID == e.ID {
			snapshot.Join(&out[n-1], &e)
			continue
		}
		out = append(out, e)
	}
	return out
}

func (r *reading) fault(file string, row int, format string, args ...any) error {
	if len(r.faults) >= MaxRows {
		return errors.New("too many faults")
	}
	r.faults = append(r.faults, Fault{File: file, Row: row, Reason: fmt.Sprintf(format, args...)})
	return nil
}

func (r *reading) add(e snapshot.Entry) error {
	if len(r.rows) >= MaxRows {
		return fmt.Errorf("more than %d rows", MaxRows)
	}
	clean(&e)
	r.rows = append(r.rows, e)
	return nil
}

func (r *reading) gap(list, what string) {
	if !slices.Contains(r.gaps[list], what) {
		r.gaps[list] = append(r.gaps[list], what)
	}
}

func said(faults []Fault) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d faults", len(faults))
	if len(faults) == 1 {
		b.Reset()
		b.WriteString("1 fault")
	}
	for i, f := range faults {
		if i == maxSaid {
			fmt.Fprintf(&b, "\n  and %d more", len(faults)-i)
			break
		}
		b.WriteString("\n  " + f.String())
	}
	return b.String()
}
