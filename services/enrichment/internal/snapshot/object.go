package snapshot

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Object is what the digest of a compiled set is the SHA-256 of: the file without its header.
func Object(file []byte) []byte { return file[min(headerSize, len(file)):] }

// File gives a compiled set's file back.
func File(object []byte) []byte {
	file := append(make([]byte, headerSize, headerSize+len(object)), object...)
	seal(file)
	return file
}

// Canonical is what the digest of a reference set is the SHA-256 of: its rows, one JSON object a line, entries first, then the
// catalog, then the groups, each sorted.
func (s *Snapshot) Canonical() []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	for _, e := range s.Entries {
		_ = enc.Encode(e) // a buffer does not fail, and the types hold nothing that JSON cannot say
	}
	for _, p := range s.Parts {
		_ = enc.Encode(p)
	}
	for _, g := range s.Groups {
		_ = enc.Encode(g)
	}
	return b.Bytes()
}

// FromCanonical reads what Canonical wrote, checked as Load checks files.
func FromCanonical(b []byte) (*Snapshot, error) {
	l := loader{ids: map[string]string{}}
	s := &Snapshot{}
	for i, line := range strings.Split(strings.TrimSuffix(string(b), "\n"), "\n") {
		var e Entry
		var p Part
		var g Membership
		var found []string
		switch {
		case strict(line, &e) == nil:
			found, s.Entries = e.check(), append(s.Entries, e)
		case strict(line, &p) == nil:
			found, s.Parts = p.check(), append(s.Parts, p)
		case strict(line, &g) == nil:
			found, s.Groups = g.check(), append(s.Groups, g)
		default:
			found = []string{"no row of a reference set"}
		}
		for _, f := range found {
			l.fault("line %d: %s", i+1, f)
		}
	}
	l.checkContents(s.Parts)
	if err := errors.Join(l.faults...); err != nil {
		return nil, fmt.Errorf("reference set: %w", err)
	}
	if s.sort(); !bytes.Equal(s.Canonical(), b) {
		return nil, fmt.Errorf("reference set: %w: rows are not in their one form", ErrDamaged)
	}
	s.digest = digest(s)
	return s, nil
}
