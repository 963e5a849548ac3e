package enrichment

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tidegate/tidegate/services/enrichment/masters"
)

// InForce gives the curated set with the lists that are active in a directory of lists (see package lists). Where no
// directory or no active set is there, it is the curated set alone; an active set that cannot be loaded is an error.
func InForce(dir string) (*Reference, error) {
	curated, err := Curated()
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(filepath.Join(dir, "active"))
	if errors.Is(err, fs.ErrNotExist) {
		return curated, nil
	}
	if err != nil {
		return nil, fmt.Errorf("active lists: %w", err)
	}
	digest := strings.TrimSpace(string(b))
	file, err := os.ReadFile(filepath.Join(dir, "sets", filepath.Base(digest)))
	if err != nil {
		return nil, fmt.Errorf("active lists: %w", err)
	}
	ref, err := curated.WithLists(file)
	if err != nil {
		return nil, fmt.Errorf("active lists: %w", err)
	}
	if ref.lists != digest {
		return nil, fmt.Errorf("active lists: %s holds %s", digest, ref.lists)
	}
	return ref, nil
}

// WithMastersOf gives the reference with the active set of a directory of masters (see package masters); itself where there
// is none.
func (r *Reference) WithMastersOf(dir string) (*Reference, error) {
	m, err := masters.InForce(dir)
	if err != nil || m == nil {
		return r, err
	}
	return r.WithMasters(m), nil
}

// Masters is the digest of the masters in use; empty where there are none.
func (r *Reference) Masters() string {
	if r.masters == nil {
		return ""
	}
	return r.masters.Digest()
}
