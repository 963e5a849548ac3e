package masters

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tidegate/tidegate/services/enrichment/internal/master"
)

// ErrRefused is a file that is not loaded.
var ErrRefused = master.ErrRefused

// ErrShrinks is a file that has fewer rows than it may unasked.
var ErrShrinks = errors.New("the master shrinks")

// Import is what to read and how.
type Import struct {
	Path    string // a file, or an http or https URL
	Format  string // found out from the content when empty
	Series  string // what it replaces, where a company has several files of one kind
	Version string // day of publication, where the file does not say it
	Lenient bool   // leave rows at fault out, and report each
	Yes     bool   // take a file with any number of rows
	Shrink  int    // percent; DefaultShrink when 0
	Columns map[string]string
	Client  *http.Client // for a URL; one with a deadline when nil
}

// Report is what an import did.
type Report struct {
	master.Edition
	Before  int            `json:"rows_before,omitempty"`
	Added   int            `json:"added"`
	Removed int            `json:"removed"`
	Changed int            `json:"changed"`
	Faults  []master.Fault `json:"faults,omitempty"` // the first of them
	Written string         `json:"faults_written,omitempty"`
	Set     string         `json:"set"`
}

const saidFaults = 20

// Import reads a file into the store and compiles the new set. It puts nothing in force. After an error the store is as it
// was, but for the list of the rows at fault.
func (s *Store) Import(ctx context.Context, in Import) (Report, error) {
	unlock, err := s.drawer.Lock()
	if err != nil {
		return Report{}, err
	}
	defer unlock()
	f, err := s.read(ctx, in)
	if err != nil {
		return Report{}, s.refused(in, err)
	}
	h, err := s.head()
	if err != nil {
		return Report{}, err
	}
	rep := Report{Edition: f.Edition, Faults: f.Skipped[:min(len(f.Skipped), saidFaults)]}
	if rep.Written, err = s.writeFaults(in, f.Skipped); err != nil {
		return Report{}, err
	}
	if err := s.take(&h, f, in, &rep); err != nil {
		return Report{}, err
	}
	return rep, s.journal(in, rep)
}

func (s *Store) read(ctx context.Context, in Import) (*master.File, error) {
	r, name, err := open(ctx, in)
	if err != nil {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // only read
	return master.Read(name, r, master.Options{Format: in.Format, Series: in.Series, Version: in.Version, Lenient: in.Lenient, Columns: in.Columns})
}

func open(ctx context.Context, in Import) (io.ReadCloser, string, error) {
	if !strings.HasPrefix(in.Path, "http://") && !strings.HasPrefix(in.Path, "https://") {
		f, err := os.Open(in.Path)
		return f, filepath.Base(in.Path), err
	}
	client := in.Client
	if client == nil {
		client = &http.Client{Timeout: 30 * time.Minute}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, in.Path, http.NoBody)
	if err != nil {
		return nil, "", err
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, "", err
	}
	if res.StatusCode != http.StatusOK {
		return nil, "", errors.Join(fmt.Errorf("fetch %s: the server answered %s", in.Path, res.Status), res.Body.Close())
	}
	return res.Body, path.Base(req.URL.Path), nil
}

// refused writes every row at fault to a file, for a refusal names only the first.
func (s *Store) refused(in Import, err error) error {
	var r *master.RefusalError
	if !errors.As(err, &r) {
		return err
	}
	name, werr := s.writeFaults(in, r.Faults)
	if werr != nil {
		return errors.Join(err, werr)
	}
	return fmt.Errorf("%w\nevery fault: %s", err, name)
}

func (s *Store) writeFaults(in Import, faults []master.Fault) (string, error) {
	if len(faults) == 0 {
		return "", nil
	}
	var b strings.Builder
	for _, f := range faults {
		b.WriteString(f.String())
		b.WriteByte('\n')
	}
	name := filepath.Join("faults", path.Base(in.Path)+"-"+s.clock().UTC().Format("20060102T150405")+".txt")
	return filepath.Join(s.dir, name), s.drawer.Put(name, []byte(b.String()))
}

// take compiles the edition and, with those of the other series, the new set.
func (s *Store) take(h *head, f *master.File, in Import, rep *Report) error {
	digest, err := s.compile("editions", []master.Edition{f.Edition}, &f.Rows)
	if err != nil {
		return err
	}
	now, err := s.load("editions", digest)
	if err != nil {
		return err
	}
	rep.Digest = digest
	if err := s.compare(h, now, in, rep); err != nil {
		return err
	}
	edition := f.Edition
	edition.Digest = digest
	h.Editions = sorted(append(slices.DeleteFunc(h.Editions, func(e master.Edition) bool { return e.Series == edition.Series }), edition))
	sets := make([]*master.Set, 0, len(h.Editions))
	for _, e := range h.Editions {
		set, err := s.load("editions", e.Digest)
		if err != nil {
			return err
		}
		sets = append(sets, set)
	}
	rows, err := master.Combine(sets)
	if err != nil {
		return err
	}
	if h.Set, err = s.compile("sets", h.Editions, rows); err != nil {
		return err
	}
	rep.Set = h.Set
	b, err := json.MarshalIndent(h, "", "  ")
	if err != nil {
		return err
	}
	return s.drawer.Put("head.json", append(b, '\n'))
}

// compare says what changes against the edition that is replaced, and refuses one that lost too many rows.
func (s *Store) compare(h *head, now *master.Set, in Import, rep *Report) error {
	at := slices.IndexFunc(h.Editions, func(e master.Edition) bool { return e.Series == rep.Series })
	if at < 0 {
		rep.Added = rep.Rows
		return nil
	}
	old, err := s.load("editions", h.Editions[at].Digest)
	if err != nil {
		return err
	}
	rep.Before = old.Len()
	d := master.Compare(old, now, 0)
	rep.Added, rep.Removed, rep.Changed = d.Added.Count, d.Removed.Count, d.Changed.Count
	limit := in.Shrink
	if limit == 0 {
		limit = DefaultShrink
	}
	if !in.Yes && (old.Len()-now.Len())*100 > old.Len()*limit {
		return fmt.Errorf("%w: %s has %d rows, %s had %d; --yes takes it so", ErrShrinks, rep.File, now.Len(), h.Editions[at].File, old.Len())
	}
	return nil
}

// Drop takes a series out of the newest set.
func (s *Store) Drop(series string) (set string, err error) {
	unlock, err := s.drawer.Lock()
	if err != nil {
		return "", err
	}
	defer unlock()
	h, err := s.head()
	if err != nil {
		return "", err
	}
	at := slices.IndexFunc(h.Editions, func(e master.Edition) bool { return e.Series == series })
	if at < 0 {
		return "", fmt.Errorf("there is no series %q", series)
	}
	h.Editions = slices.Delete(h.Editions, at, at+1)
	sets := make([]*master.Set, 0, len(h.Editions))
	for _, e := range h.Editions {
		one, err := s.load("editions", e.Digest)
		if err != nil {
			return "", err
		}
		sets = append(sets, one)
	}
	rows, err := master.Combine(sets)
	if err != nil {
		return "", err
	}
	if h.Set, err = s.compile("sets", h.Editions, rows); err != nil {
		return "", err
	}
	b, err := json.MarshalIndent(h, "", "  ")
	if err != nil {
		return "", err
	}
	return h.Set, s.drawer.Put("head.json", append(b, '\n'))
}

// Diff compares two sets, each named as Resolve reads it, and names up to most rows of each kind.
func (s *Store) Diff(from, to string, most int) (master.Diff, error) {
	a, err := s.Resolve(from)
	if err != nil {
		return master.Diff{}, err
	}
	b, err := s.Resolve(to)
	if err != nil {
		return master.Diff{}, err
	}
	if a == "" || b == "" {
		return master.Diff{}, errors.New("no set is active yet")
	}
	old, err := s.load("sets", a)
	if err != nil {
		return master.Diff{}, err
	}
	next, err := s.load("sets", b)
	if err != nil {
		return master.Diff{}, err
	}
	return master.Compare(old, next, most), nil
}

// journal notes what an import was.
func (s *Store) journal(in Import, rep Report) error {
	rep.Faults = nil
	return s.drawer.Note(struct {
		At      string `json:"at"`
		From    string `json:"from"`
		Lenient bool   `json:"lenient,omitempty"`
		Report
	}{s.clock().UTC().Format("2006-01-02T15:04:05Z"), in.Path, in.Lenient, rep})
}
