// Package snapshot is the compiled reference set: listed parties, the chip catalog and the Country Groups, checked as
// a whole and immutable from then on.
package snapshot

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
)

// Snapshot is one reference set. Its rows are sorted by id and never change.
type Snapshot struct {
	Entries []Entry
	Parts   []Part
	Groups  []Membership
	digest  string
}

// Load reads parties/*.jsonl, catalog.jsonl and groups.jsonl, one JSON object a line, and checks every row: members
// nobody declared, dates no calendar has, ids used twice, countries and certainty tags that do not exist. The error
// names every fault with its file and line.
func Load(fsys fs.FS) (*Snapshot, error) {
	l := loader{fsys: fsys, ids: map[string]string{}}
	s := &Snapshot{}
	files, err := fs.Glob(fsys, "parties/*.jsonl")
	if err != nil || len(files) == 0 {
		l.fault("parties: no *.jsonl files")
	}
	for _, f := range files {
		s.Entries = append(s.Entries, read(&l, f, (*Entry).check)...)
	}
	s.Parts = read(&l, "catalog.jsonl", (*Part).check)
	s.Groups = read(&l, "groups.jsonl", (*Membership).check)
	l.checkContents(s.Parts)
	if err := errors.Join(l.faults...); err != nil {
		return nil, fmt.Errorf("reference set: %w", err)
	}
	s.sort()
	s.digest = digest(s)
	return s, nil
}

// Digest is the SHA-256 of the set's canonical content in lower-case hex: the same rows give the same digest,
// whatever files, lines and spaces they stand in.
func (s *Snapshot) Digest() string { return s.digest }

func (s *Snapshot) sort() {
	slices.SortFunc(s.Entries, func(a, b Entry) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(s.Parts, func(a, b Part) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(s.Groups, func(a, b Membership) int { return strings.Compare(a.Key(), b.Key()) })
}

func digest(s *Snapshot) string {
	sum := sha256.Sum256(s.Canonical())
	return hex.EncodeToString(sum[:])
}

type loader struct {
	fsys   fs.FS
	ids    map[string]string // id → where
	faults []error
}

func (l *loader) fault(format string, args ...any) {
	l.faults = append(l.faults, fmt.Errorf(format, args...))
}

// claim notes an id and refuses a second row with it.
func (l *loader) claim(id, where string) {
	if first, ok := l.ids[id]; ok {
		l.fault("%s: id %q is already used at %s", where, id, first)
		return
	}
	l.ids[id] = where
}

func read[T any](l *loader, name string, check func(*T) []string) []T {
	b, err := fs.ReadFile(l.fsys, name)
	if err != nil {
		l.fault("%s: %w", name, err)
		return nil
	}
	var rows []T
	for i, line := range strings.Split(string(b), "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		where := fmt.Sprintf("%s:%d", path.Base(name), i+1)
		var row T
		if err := strict(line, &row); err != nil {
			l.fault("%s: %w", where, err)
			continue
		}
		for _, f := range check(&row) {
			l.fault("%s: %s", where, f)
		}
		l.claim(rowID(any(&row)), where)
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		l.fault("%s: no rows", name)
	}
	return rows
}

func rowID(row any) string {
	switch r := row.(type) {
	case *Entry:
		return r.ID
	case *Part:
		return r.ID
	case *Membership:
		return r.Key()
	}
	return ""
}

func strict(line string, v any) error {
	dec := json.NewDecoder(strings.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	if dec.More() {
		return errors.New("more than one value on the line")
	}
	return nil
}

func (l *loader) checkContents(parts []Part) {
	for _, p := range parts {
		for _, c := range p.Contains {
			if !slices.ContainsFunc(parts, func(q Part) bool { return q.ID == c.Part }) {
				l.fault("catalog.jsonl: %s contains %q, which no row has", p.ID, c.Part)
			}
		}
	}
}

// Certainties are the tags a row may carry: read in primary text; read in a secondary source; derived; general
// knowledge; unsure.
var Certainties = []string{"C", "R", "D", "M", "?"}

func checkCertainty(tag string) []string {
	if slices.Contains(Certainties, tag) {
		return nil
	}
	return []string{fmt.Sprintf("certainty %q is none of C, R, D, M, ?", tag)}
}

func checkCountry(what string, c event.Country) []string {
	if len(c) == 2 && c[0] >= 'A' && c[0] <= 'Z' && c[1] >= 'A' && c[1] <= 'Z' {
		return nil
	}
	return []string{fmt.Sprintf("%s %q is not a two-letter code", what, c)}
}

func checkSpan(what string, s event.Span) (faults []string) {
	for _, d := range []event.Date{s.From, s.Until} {
		if d == "" {
			continue
		}
		if _, err := event.ParseDate(string(d)); err != nil {
			faults = append(faults, what+": "+err.Error())
		}
	}
	if s.From != "" && s.Until != "" && s.Until < s.From {
		faults = append(faults, fmt.Sprintf("%s: ends %s before it begins %s", what, s.Until, s.From))
	}
	return faults
}

func checkDecimal(what string, d event.Decimal) []string {
	if err := d.Check(); err != nil {
		return []string{what + ": " + err.Error()}
	}
	return nil
}
