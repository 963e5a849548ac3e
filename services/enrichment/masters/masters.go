// Package masters keeps what a company knows of its partners and items, and registers of who owns whom, in a directory:
// every file as it was read, the sets compiled of them, and which set is active. Files are named by their digest and never
// change; a set is used as it lies on disk, mapped into memory.
//
//	editions/DIGEST   one file as it was read, compiled alone
//	sets/DIGEST       every edition together, compiled: what enrichment maps
//	head.json         the editions there are and the set made of them
//	active            the digest of the set in force
//	streamed          the digest that was activated in the order stream last, where one was
//	journal.jsonl     what every import was, one line each
//	faults/SHA256     every row at fault of a file that was read, by the file's name and time
package masters

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/tidegate/tidegate/services/enrichment/drawer"
	"github.com/tidegate/tidegate/services/enrichment/internal/master"
	"github.com/tidegate/tidegate/shared/clock"
)

// DefaultShrink is the share of rows, in percent, that a file may have fewer than the one it replaces unasked.
const DefaultShrink = 20

// Masters are a compiled set in use.
type Masters struct{ set *master.Set }

// Set is the set, for enrichment itself.
func (m *Masters) Set() *master.Set { return m.set }

// Digest names the set: the SHA-256 of its file.
func (m *Masters) Digest() string { return m.set.Digest() }

// Len is the number of its rows.
func (m *Masters) Len() int { return m.set.Len() }

// Hold gives the set of a compiled file that lies in memory.
func Hold(digest string, file []byte) (*Masters, error) {
	set, err := master.Open(file, digest)
	if err != nil {
		return nil, fmt.Errorf("masters: %w", err)
	}
	return &Masters{set}, nil
}

// Store is a directory of masters.
type Store struct {
	dir    string
	drawer drawer.Drawer // of dir
	clock  clock.Clock
}

// Open gives the store of a directory, which need not exist yet.
func Open(dir string) *Store {
	return &Store{dir: dir, drawer: drawer.Drawer(dir), clock: clock.System}
}

// head is the newest state.
type head struct {
	Set      string           `json:"set"`
	Editions []master.Edition `json:"editions"`
}

// Head is the digest of the newest set; "" when nothing was imported.
func (s *Store) Head() (string, error) {
	h, err := s.head()
	return h.Set, err
}

// Editions are the files that the newest set is made of, by series.
func (s *Store) Editions() ([]Edition, error) {
	h, err := s.head()
	return h.Editions, err
}

// Edition is one file as it was read.
type Edition = master.Edition

// Active is the digest of the set in force; "" when none is.
func (s *Store) Active() (string, error) {
	return s.drawer.Active()
}

// InForce maps the active set of a directory; nil where there is none. A set that cannot be used is an error.
func InForce(dir string) (*Masters, error) {
	s := Open(dir)
	digest, err := s.Active()
	if err != nil || digest == "" {
		return nil, err
	}
	return s.Load(digest)
}

// Load maps the set of a digest.
func (s *Store) Load(digest string) (*Masters, error) {
	set, err := s.load("sets", digest)
	if err != nil {
		return nil, fmt.Errorf("masters: %w", err)
	}
	return &Masters{set}, nil
}

// File is the file of a set, for handing it on.
func (s *Store) File(digest string) (string, error) {
	if !drawer.Digest(digest) {
		return "", fmt.Errorf("%q is no digest", digest)
	}
	return filepath.Join(s.dir, "sets", digest), nil
}

// Take keeps a set that came from elsewhere under its digest and maps it.
func (s *Store) Take(digest string, file []byte) (*Masters, error) {
	if _, err := Hold(digest, file); err != nil {
		return nil, err
	}
	if err := s.drawer.Put(filepath.Join("sets", digest), file); err != nil {
		return nil, err
	}
	return s.Load(digest)
}

// streamed is the file that says that a set was activated in an order stream, which then counts.
const streamed = "streamed"

// ErrStreamed says that the order stream has a set in force, so that none can be put in force beside it.
var ErrStreamed = errors.New("masters were activated while Tidegate ran, and the order stream says which are in force; start it and activate while it runs")

// Activated notes that a set was put in force in the order stream.
func (s *Store) Activated(digest string) error {
	unlock, err := s.drawer.Lock()
	if err != nil {
		return err
	}
	defer unlock()
	return errors.Join(s.drawer.Activate(digest), s.drawer.Put(streamed, []byte(digest+"\n")))
}

// AtStart says whether Activate has any effect; ErrStreamed where it has none.
func (s *Store) AtStart() error {
	if _, err := os.Stat(filepath.Join(s.dir, streamed)); err == nil {
		return fmt.Errorf("%w (%s says so)", ErrStreamed, filepath.Join(s.dir, streamed))
	}
	return nil
}

// Activate puts a set in force for the first start: the one named by its digest or the start of it, the newest when "".
// The set is mapped and checked first. ErrStreamed where that would have no effect.
func (s *Store) Activate(name string) (digest string, err error) {
	unlock, err := s.drawer.Lock()
	if err != nil {
		return "", err
	}
	defer unlock()
	if err := s.AtStart(); err != nil {
		return "", err
	}
	if digest, err = s.Resolve(name); err != nil {
		return "", err
	}
	if _, err := s.load("sets", digest); err != nil {
		return "", err
	}
	return digest, s.drawer.Activate(digest)
}

// Resolve finds the set that a digest, the start of one, "head", "active" or "" for the newest names.
func (s *Store) Resolve(name string) (string, error) {
	switch name {
	case "active":
		return s.Active()
	case "", "head":
		d, err := s.Head()
		if err == nil && d == "" {
			err = errors.New("no master was imported yet")
		}
		return d, err
	}
	return s.drawer.Named(name)
}

func (s *Store) head() (head, error) {
	var h head
	err := s.drawer.Head(&h)
	return h, err
}

// load maps a compiled file and checks it against the digest that names it.
func (s *Store) load(kind, digest string) (*master.Set, error) {
	if !drawer.Digest(digest) {
		return nil, fmt.Errorf("%q is no digest", digest)
	}
	b, err := mapped(filepath.Join(s.dir, kind, digest))
	if err != nil {
		return nil, err
	}
	set, err := master.Open(b, digest)
	if err != nil {
		return nil, fmt.Errorf("%s/%s: %w", kind, digest, err)
	}
	return set, nil
}

// mapped maps a file into memory for reading, for as long as the process lives: facts that are still being written may
// point into it. The page cache holds it, not the heap.
func mapped(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() == 0 {
		return nil, fmt.Errorf("%s: %w: empty", name, master.ErrDamaged)
	}
	b, err := syscall.Mmap(int(f.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_SHARED) //nolint:gosec // a descriptor is small
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", name, err)
	}
	return b, nil
}

// compile writes a compiled file under its digest.
func (s *Store) compile(kind string, editions []master.Edition, rows *master.Rows) (digest string, err error) {
	return s.drawer.PutAs(kind, func(w io.Writer) (string, error) { return master.Write(w, editions, rows) })
}

func sorted(editions []master.Edition) []master.Edition {
	return slices.SortedFunc(slices.Values(editions), func(a, b master.Edition) int { return strings.Compare(a.Series, b.Series) })
}
