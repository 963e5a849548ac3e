package enrichment

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

// Objects are the bytes that the set's digest names, each under its own SHA-256: the rows of the curated set; with imported lists also the
// compiled lists, and the lines with both digests, whose SHA-256 is the set's digest.
func (r *Reference) Objects() [][]byte { return r.objects }

// ListsObject is the object under which a compiled set of lists is distributed: its SHA-256 is the set's digest.
func ListsObject(file []byte) []byte { return snapshot.Object(file) }

// WithListsObject gives the curated set with the lists of an object, whatever lists it had before.
func (r *Reference) WithListsObject(object []byte) (*Reference, error) {
	return r.curated.WithLists(snapshot.File(object))
}

// OpenReference makes a set again from the objects its digest names. Get gives the object of a SHA-256.
func OpenReference(digest string, get func(digest string) ([]byte, error)) (*Reference, error) {
	b, err := get(digest)
	if err != nil {
		return nil, err
	}
	parts := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
	var ref *Reference
	if len(parts) == 2 && len(parts[0]) == len(digest) && len(parts[1]) == len(digest) {
		ref, err = withParts(parts[0], parts[1], get)
	} else {
		ref, err = fromRows(b)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("snapshot %s: %w", digest, err)
	case ref.digest != digest:
		return nil, fmt.Errorf("snapshot %s: its parts make %s", digest, ref.digest)
	}
	return ref, nil
}

func fromRows(b []byte) (*Reference, error) {
	set, err := snapshot.FromCanonical(b)
	if err != nil {
		return nil, err
	}
	return fromSet(set), nil
}

func withParts(rows, lists string, get func(string) ([]byte, error)) (*Reference, error) {
	base, berr := get(rows)
	object, oerr := get(lists)
	if err := errors.Join(berr, oerr); err != nil {
		return nil, err
	}
	ref, err := fromRows(base)
	if err != nil {
		return nil, err
	}
	return ref.WithListsObject(object)
}
