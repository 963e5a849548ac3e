package enrichment

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
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
