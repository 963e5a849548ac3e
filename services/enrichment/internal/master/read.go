package master

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Options say how to read a file.
type Options struct {
	Format  string            // one of Formats; found out from the content when empty
	Series  string            // what the file replaces; by its format when empty
	Version string            // day of publication, where the file does not say it
	Lenient bool              // leave rows at fault out and report each, instead of refusing the file
	Columns map[string]string // our column → the file's, where they have other names
}

// File is what was read.
type File struct {
	Edition Edition
	Rows    Rows
	Skipped []Fault // rows left out, or taken with less than they say; only where lenient
}

// RefusalError is a file that is not loaded, with every row at fault. It is ErrRefused.
type RefusalError struct{ Faults []Fault }

// Error names the first faults and the number of all.
func (r *RefusalError) Error() string {
	const said = 20
	var b strings.Builder
	fmt.Fprintf(&b, "refused: %d faults", len(r.Faults))
	for _, f := range r.Faults[:min(len(r.Faults), said)] {
		b.WriteString("\n  " + f.String())
	}
	if more := len(r.Faults) - said; more > 0 {
		fmt.Fprintf(&b, "\n  and %d more", more)
	}
	return b.String()
}

// Is says that every refusal is ErrRefused.
func (r *RefusalError) Is(target error) bool { return target == ErrRefused }

// Format is a kind of file.
type Format struct {
	Name, Usage string
	series      string
	detect      func(head []byte) bool
	read        func(*reading) error
}

// Formats are the kinds of files that can be read, in the order in which they are tried.
func Formats() []Format {
	return []Format{
		{"bods-json", "Beneficial Ownership Data Standard 0.4, an array of statements or one a line", "stakes/bods", isBODS, readBODS},
		{"gleif-json", "GLEIF records, relationships or reporting exceptions, JSON of the API or the golden copy", "stakes/gleif", isGLEIFJSON, readGLEIFJSON},
		{"gleif-xml", "GLEIF level 1 (LEI-CDF), level 2 (RR-CDF) or reporting exceptions, XML", "stakes/gleif", isGLEIFXML, readGLEIFXML},
		{"gleif-csv", "GLEIF golden copy: level 1, level 2 or reporting exceptions, CSV", "stakes/gleif", isGLEIFCSV, readGLEIFCSV},
		{"partners-json", "partner master: an array of parties as orders have them, or one a line", Partners, isPartnersJSON, readPartnersJSON},
		{"items-json", "item master: an array of items as orders have them, or one a line", Items, isItemsJSON, readItemsJSON},
		{"stakes-csv", "own register of owners, CSV: owned, owner, percent …", "stakes/own", isStakesCSV, readStakesCSV},
		{"partners-csv", "partner master, CSV with customer_number, gln or lei", Partners, isPartnersCSV, readPartnersCSV},
		{"items-csv", "item master, CSV with sku or part_number", Items, isItemsCSV, readItemsCSV},
	}
}

// MaxFile is the size of a file in bytes that is read at most.
const MaxFile = 16 << 30

// reading is one import on its way.
type reading struct {
	File
	opt    Options
	in     *bufio.Reader
	head   []byte
	name   string
	faults []Fault
	odd    []Fault        // what is told, but keeps no file out: a foreign register that contradicts itself
	keys   map[string]int // keys taken so far → row
}

// Read reads one file to its end. An error is a *RefusalError, ErrRefused for a file that is not of a known form, or the reader's.
func Read(name string, r io.Reader, opt Options) (*File, error) {
	h := sha256.New()
	in := bufio.NewReaderSize(io.TeeReader(r, h), 1<<16)
	if b, err := in.Peek(3); err == nil && string(b) == "\xef\xbb\xbf" {
		_, _ = in.Discard(3) // it was peeked
	}
	head, err := in.Peek(1 << 15)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if bytes.IndexByte(head, 0) >= 0 || !utf8.Valid(whole(head)) {
		return nil, fmt.Errorf("%s: %w: it is not UTF-8 text; save it as UTF-8", name, ErrRefused)
	}
	q := &reading{opt: opt, in: in, head: bytes.Clone(head), name: name, keys: map[string]int{}}
	f, err := q.format()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	kind, _, _ := strings.Cut(f.series, "/")
	q.Edition = Edition{Series: f.series, Kind: kind, File: name, Format: f.Name, Version: opt.Version}
	if err := f.read(q); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", name, ErrRefused, err)
	}
	if kind == Items {
		q.Rows.oneByPart()
	}
	if len(q.faults) > 0 && !opt.Lenient {
		return nil, &RefusalError{q.faults}
	}
	if q.Rows.Len() == 0 {
		return nil, fmt.Errorf("%s: %w: no row of it can be used", name, errors.Join(ErrRefused, refusal(q.faults)))
	}
	if opt.Series != "" {
		q.Edition.Series = kind + "/" + opt.Series
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	q.Skipped = append(q.faults, q.odd...)
	q.Edition.Rows, q.Edition.Skipped, q.Edition.SHA256 = q.Rows.Len(), len(q.Skipped), hex.EncodeToString(h.Sum(nil))
	return &q.File, nil
}

func refusal(faults []Fault) error {
	if len(faults) == 0 {
		return nil
	}
	return &RefusalError{faults}
}

// whole leaves out a character that the end of the head cuts.
func whole(head []byte) []byte {
	for i := 1; i <= min(utf8.UTFMax, len(head)); i++ {
		if utf8.RuneStart(head[len(head)-i]) {
			if !utf8.FullRune(head[len(head)-i:]) {
				return head[:len(head)-i]
			}
			break
		}
	}
	return head
}

func (q *reading) format() (Format, error) {
	for _, f := range Formats() {
		switch {
		case q.opt.Format == f.Name, q.opt.Format == "" && f.detect(q.head):
			return f, nil
		case q.opt.Format == "" && strings.HasSuffix(f.Name, "-csv") && f.detect([]byte(q.renamed())):
			return f, nil
		}
	}
	names := make([]string, 0, 9)
	for _, f := range Formats() {
		names = append(names, f.Name)
	}
	if q.opt.Format != "" {
		return Format{}, fmt.Errorf("%w: there is no format %q; known are %s", ErrRefused, q.opt.Format, strings.Join(names, ", "))
	}
	return Format{}, fmt.Errorf("%w: its form is not known: a CSV file needs a header with customer_number, gln or lei, with sku or part_number, or with owned and owner (--column OURS=THEIRS names others); known forms are %s", ErrRefused, strings.Join(names, ", "))
}

// fault notes a row that is left out.
func (q *reading) fault(row int, format string, args ...any) {
	q.faults = append(q.faults, Fault{q.name, row, fmt.Sprintf(format, args...)})
}

func (q *reading) note(format string, args ...any) {
	const most = 50
	if n := fmt.Sprintf(format, args...); len(q.Edition.Notes) < most && !slices.Contains(q.Edition.Notes, n) {
		q.Edition.Notes = append(q.Edition.Notes, n)
	}
}

// claim takes keys for a row, or says which row has one of them already.
func (q *reading) claim(row int, keys []string, what func(key string) string) bool {
	for _, k := range keys {
		if first, taken := q.keys[k]; taken {
			q.fault(row, "%s stands already in row %d", what(k), first)
			return false
		}
	}
	for _, k := range keys {
		q.keys[k] = row
	}
	return true
}
