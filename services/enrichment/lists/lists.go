// Package lists keeps imported lists in a directory: every edition as it was read, the compiled sets made of them, and
// which set is active. Files are named by their digest and never change.
//
//	editions/DIGEST   one list as published on one day, compiled
//	sets/DIGEST       every edition together, compiled: what enrichment loads
//	head.json         the editions there are and the set made of them
//	active            the digest of the set in force
//	streamed          the digest that was activated in the order stream last, where one was
//	journal.jsonl     where each edition came from, one line an import
//	fetched/SOURCE/   the files of the last good fetch, with their ETags
package lists

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/drawer"
	"github.com/tidegate/tidegate/services/enrichment/internal/list"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
	"github.com/tidegate/tidegate/shared/clock"
)

// DefaultShrink is the share of rows, in percent, that a list may lose from one edition to the next unasked.
const DefaultShrink = 20

// Store is a directory of lists.
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
	Set      string             `json:"set"`
	Editions []snapshot.Edition `json:"editions"`
}

// Import is what to read and how.
type Import struct {
	Path      string // a file, or a folder with an OFAC set
	Format    string
	Published event.Date
	Lenient   bool
	Yes       bool // a list may shrink by any share
	Shrink    int  // percent; DefaultShrink when 0
	URL       string
}

// Changed is what an import did to one list.
type Changed struct {
	List      string     `json:"list"`
	Feed      string     `json:"feed"`
	Published event.Date `json:"published"`
	Rows      int        `json:"rows"`
	Added     int        `json:"added"`
	Removed   int        `json:"removed"`
	Before    event.Date `json:"before,omitempty"` // the edition compared with
	Replaced  bool       `json:"replaced,omitempty"`
	Gaps      []string   `json:"gaps,omitempty"`
	Digest    string     `json:"digest"`
}

// Report is what an import did.
type Report struct {
	File    string       `json:"file"`
	Format  string       `json:"format"`
	DatedBy string       `json:"dated_by"`
	Lists   []Changed    `json:"lists"`
	Skipped []list.Fault `json:"skipped,omitempty"`
	Set     string       `json:"set"`
}

// ErrShrinks is a list that lost more rows than it may unasked.
var ErrShrinks = errors.New("the list shrinks")

// Import reads a file into the store and compiles the new set. It activates nothing. After an error the store is as it
// was.
func (s *Store) Import(in Import) (Report, error) {
	unlock, err := s.drawer.Lock()
	if err != nil {
		return Report{}, err
	}
	defer unlock()
	f, err := Read(in)
	if err != nil {
		return Report{}, err
	}
	h, err := s.head()
	if err != nil {
		return Report{}, err
	}
	rep := Report{File: filepath.Base(in.Path), Format: f.Format, DatedBy: f.DatedBy, Skipped: f.Skipped}
	for i := range f.Editions {
		c, err := s.take(h, &f.Editions[i], in)
		if err != nil {
			return Report{}, err
		}
		rep.Lists = append(rep.Lists, c)
	}
	if rep.Set, err = s.build(h); err != nil {
		return Report{}, err
	}
	return rep, s.journal(in, rep)
}

// Read reads a file without keeping it.
func Read(in Import) (*list.File, error) {
	dir, name := filepath.Split(filepath.Clean(in.Path))
	info, err := os.Stat(in.Path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		if name, err = primary(in.Path); err != nil {
			return nil, err
		}
		dir = in.Path
	}
	opt := list.Options{Format: in.Format, Lenient: in.Lenient, Published: in.Published}
	if opt.Published == "" && info.IsDir() {
		if d := list.DateIn(filepath.Base(in.Path)); d != "" {
			opt.Published = d
		}
	}
	if dir == "" {
		dir = "."
	}
	return list.Import(os.DirFS(dir), name, opt)
}

// primary finds the file of a folder that the others belong to.
func primary(dir string) (string, error) {
	for _, n := range []string{"sdn.csv", "cons_prim.csv"} {
		if _, err := os.Stat(filepath.Join(dir, n)); err == nil {
			return n, nil
		}
	}
	return "", fmt.Errorf("%s: %w: no sdn.csv or cons_prim.csv in it: the other files of a set have no names of their own", filepath.Base(dir), list.ErrRefused)
}

// take puts one edition into the head, after the question whether it shrinks.
func (s *Store) take(h *head, ed *snapshot.Edition, in Import) (Changed, error) {
	c := Changed{List: ed.List, Feed: ed.Feed, Published: ed.Published, Rows: ed.Rows, Gaps: ed.Gaps}
	before := earlier(h.Editions, ed)
	if before != nil {
		old, err := s.load("editions", before.Digest)
		if err != nil {
			return c, err
		}
		d := compare(old.Entries, ed.Entries)
		c.Before, c.Added, c.Removed = before.Published, len(d.Added), len(d.Removed)
		limit := in.Shrink
		if limit == 0 {
			limit = DefaultShrink
		}
		if !in.Yes && (old.Editions[0].Rows-ed.Rows)*100 > old.Editions[0].Rows*limit {
			return c, fmt.Errorf("%w: %s has %d rows, the edition of %s had %d; --yes takes it so", ErrShrinks, ed.Key(), ed.Rows, before.Published, old.Editions[0].Rows)
		}
	}
	file, digest := snapshot.Encode(&snapshot.Set{Editions: []snapshot.Edition{*ed}, Entries: ed.Entries})
	if err := s.write("editions", digest, file); err != nil {
		return c, err
	}
	c.Digest = digest
	kept := *ed
	kept.Digest, kept.Entries = digest, nil
	at := slices.IndexFunc(h.Editions, func(o snapshot.Edition) bool { return o.Key() == ed.Key() && o.Published == ed.Published })
	if at >= 0 {
		c.Replaced = h.Editions[at].Digest != digest
		h.Editions[at] = kept
	} else {
		h.Editions = append(h.Editions, kept)
	}
	return c, nil
}

// earlier is the newest edition of the same series before ed.
func earlier(editions []snapshot.Edition, ed *snapshot.Edition) *snapshot.Edition {
	var best *snapshot.Edition
	for i := range editions {
		o := &editions[i]
		if o.Key() == ed.Key() && o.Published < ed.Published && (best == nil || o.Published > best.Published) {
			best = o
		}
	}
	return best
}

// build compiles the set of every edition in the head and writes both.
func (s *Store) build(h *head) (string, error) {
	editions := make([]snapshot.Edition, 0, len(h.Editions))
	for _, e := range h.Editions {
		set, err := s.load("editions", e.Digest)
		if err != nil {
			return "", err
		}
		ed := set.Editions[0]
		ed.Digest, ed.Entries = e.Digest, set.Entries
		editions = append(editions, ed)
	}
	file, digest := snapshot.Encode(snapshot.Build(editions))
	if err := s.write("sets", digest, file); err != nil {
		return "", err
	}
	h.Set = digest
	slices.SortFunc(h.Editions, func(a, b snapshot.Edition) int {
		return strings.Compare(a.Key()+" "+string(a.Published), b.Key()+" "+string(b.Published))
	})
	b, err := json.MarshalIndent(h, "", "  ")
	if err != nil {
		return "", err
	}
	return digest, s.drawer.Put("head.json", append(b, '\n'))
}

// Head is the digest of the newest set; "" when nothing was imported.
func (s *Store) Head() (string, error) {
	h, err := s.head()
	if err != nil {
		return "", err
	}
	return h.Set, nil
}

// Active is the digest of the set in force; "" when none is.
func (s *Store) Active() (string, error) {
	return s.drawer.Active()
}

// streamed is the file that says that a set was activated in an order stream, which then counts.
const streamed = "streamed"

// ErrStreamed says that the order stream has a set in force, so that none can be put in force beside it.
var ErrStreamed = errors.New("lists were activated while Tidegate ran, and the order stream says which are in force; start it and activate while it runs")

// Activate puts a set in force for the first start: the one named by its digest or the start of it, the newest when "".
// The set is loaded first. ErrStreamed where that would have no effect.
func (s *Store) Activate(name string) (digest string, err error) {
	unlock, err := s.drawer.Lock()
	if err != nil {
		return "", err
	}
	defer unlock()
	if err := s.AtStart(); err != nil {
		return "", err
	}
	if digest, _, err = s.prepare(name); err != nil {
		return "", err
	}
	return digest, s.drawer.Activate(digest)
}

// AtStart says whether Activate has any effect; ErrStreamed where it has none.
func (s *Store) AtStart() error {
	if _, err := os.Stat(filepath.Join(s.dir, streamed)); err == nil {
		return fmt.Errorf("%w (%s says so)", ErrStreamed, filepath.Join(s.dir, streamed))
	}
	return nil
}

// Prepare finds the set that Activate would put in force, and gives its file.
func (s *Store) Prepare(name string) (digest string, file []byte, err error) {
	unlock, err := s.drawer.Lock()
	if err != nil {
		return "", nil, err
	}
	defer unlock()
	return s.prepare(name)
}

func (s *Store) prepare(name string) (digest string, file []byte, err error) {
	if digest, err = s.resolve(name); err != nil {
		return "", nil, err
	}
	if _, err := s.load("sets", digest); err != nil {
		return "", nil, err
	}
	file, err = os.ReadFile(filepath.Join(s.dir, "sets", digest))
	return digest, file, err
}

// Activated notes that a set was put in force in the order stream.
func (s *Store) Activated(digest string) error {
	unlock, err := s.drawer.Lock()
	if err != nil {
		return err
	}
	defer unlock()
	return errors.Join(s.drawer.Activate(digest), s.drawer.Put(streamed, []byte(digest+"\n")))
}

// Set reads the compiled set of a digest.
func (s *Store) Set(digest string) (*snapshot.Set, error) { return s.load("sets", digest) }

// resolve finds the set that a digest or its start names.
func (s *Store) resolve(name string) (string, error) {
	if name == "" {
		d, err := s.Head()
		if err == nil && d == "" {
			err = errors.New("no list was imported yet")
		}
		return d, err
	}
	return s.drawer.Named(name)
}

func (s *Store) head() (*head, error) {
	h := &head{}
	if err := s.drawer.Head(h); err != nil {
		return nil, err
	}
	return h, nil
}

func (s *Store) load(kind, digest string) (*snapshot.Set, error) {
	if !drawer.Digest(digest) {
		return nil, fmt.Errorf("%q is no digest", digest)
	}
	b, err := os.ReadFile(filepath.Join(s.dir, kind, digest))
	if err != nil {
		return nil, err
	}
	set, got, err := snapshot.Decode(b)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s/%s: %w", kind, digest, err)
	case got != digest:
		return nil, fmt.Errorf("%s/%s: %w: it holds %s", kind, digest, snapshot.ErrDamaged, got)
	case kind == "editions" && len(set.Editions) != 1:
		return nil, fmt.Errorf("%s/%s: %w: not one edition", kind, digest, snapshot.ErrDamaged)
	}
	return set, nil
}

// write keeps a file under its digest. One that is there already is the same and stays.
func (s *Store) write(kind, digest string, file []byte) error {
	name := filepath.Join(kind, digest)
	if _, err := s.load(kind, digest); err == nil {
		return nil
	}
	return s.drawer.Put(name, file)
}

// journal notes where an import came from.
func (s *Store) journal(in Import, rep Report) error {
	return s.drawer.Note(struct {
		At      string `json:"at"`
		URL     string `json:"url,omitempty"`
		Lenient bool   `json:"lenient,omitempty"`
		Report
	}{s.clock().UTC().Format("2006-01-02T15:04:05Z"), in.URL, in.Lenient, rep})
}
