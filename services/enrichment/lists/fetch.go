package lists

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/list"
	"github.com/tidegate/tidegate/shared/clock"
)

// Source is a list at its publisher's.
type Source struct {
	Name string
	URLs []string // the first is the file that is imported, the others belong to it
}

// Sources are the publishers' own addresses.
func Sources() []Source {
	const treasury = "https://www.treasury.gov/ofac/downloads/"
	return []Source{
		{"csl", []string{"https://data.trade.gov/downloadable_consolidated_screening_list/v1/consolidated.csv"}},
		{"sdn", []string{treasury + "sdn.csv", treasury + "alt.csv", treasury + "add.csv", treasury + "sdn_comments.csv"}},
		{"nonsdn", []string{treasury + "consolidated/cons_prim.csv", treasury + "consolidated/cons_alt.csv", treasury + "consolidated/cons_add.csv", treasury + "consolidated/cons_comments.csv"}},
		{"dpl", []string{"https://www.bis.doc.gov/dpl/dpl.txt"}},
		{"un", []string{"https://scsanctions.un.org/resources/xml/en/consolidated.xml"}},
	}
}

// Fetch is what to get.
type Fetch struct {
	Source Source
	SHA256 string       // what the first file must have, where known
	Client *http.Client // one with a deadline when nil
	Max    int64        // bytes of one file; list.MaxFile when 0
	Import Import       // Path and URL are set here
}

// tries is how often a file is asked for; a wait of growing length stands between.
const tries = 3

// ErrUnchanged says that the publisher has nothing newer than the last fetch.
var ErrUnchanged = errors.New("nothing newer than the last fetch")

// got is what is remembered of a fetched file.
type got struct {
	URL      string `json:"url"`
	ETag     string `json:"etag,omitempty"`
	Modified string `json:"last_modified,omitempty"`
	SHA256   string `json:"sha256"`
}

// Fetch gets a source and imports it. What it had before stays until the new files are whole and imported.
func (s *Store) Fetch(ctx context.Context, f Fetch) (Report, error) {
	if f.Client == nil {
		f.Client = &http.Client{Timeout: 10 * time.Minute}
	}
	if f.Max == 0 {
		f.Max = list.MaxFile
	}
	last := filepath.Join(s.dir, "fetched", f.Source.Name)
	next := last + ".new"
	if err := errors.Join(os.RemoveAll(next), os.MkdirAll(next, 0o755)); err != nil {
		return Report{}, err
	}
	defer func() { _ = os.RemoveAll(next) }() // nothing is there after a success
	changed := false
	for _, u := range f.Source.URLs {
		fresh, err := f.file(ctx, u, last, next)
		if err != nil {
			return Report{}, fmt.Errorf("fetch %s: %w", u, err)
		}
		changed = changed || fresh
	}
	if !changed {
		return Report{}, ErrUnchanged
	}
	first := path.Base(f.Source.URLs[0])
	m := remembered(next, first)
	if f.SHA256 != "" && m.SHA256 != f.SHA256 {
		return Report{}, fmt.Errorf("%s has SHA-256 %s, not the one asked for", first, m.SHA256)
	}
	rep, err := s.Import(f.prepared(filepath.Join(next, first), m))
	if err != nil {
		return rep, err
	}
	return rep, errors.Join(os.RemoveAll(last), os.Rename(next, last))
}

// prepared dates the import by the publisher's Last-Modified where the file itself is silent.
func (f Fetch) prepared(file string, m got) Import {
	in := f.Import
	in.Path, in.URL = file, f.Source.URLs[0]
	if in.Published == "" {
		probe, err := Read(Import{Path: file, Format: in.Format, Lenient: true})
		if err != nil || probe.DatedBy != "file" {
			if t, err := http.ParseTime(m.Modified); err == nil {
				in.Published = event.Date(t.UTC().Format("2006-01-02"))
			}
		}
	}
	return in
}

// file gets one file, with as many tries as it takes up to tries.
func (f *Fetch) file(ctx context.Context, url, last, next string) (fresh bool, err error) {
	var wait clock.Backoff
	for try := 1; ; try++ {
		var again bool
		fresh, again, err = f.attempt(ctx, url, last, next)
		if err == nil || !again || try == tries {
			return fresh, err
		}
		if err := wait.Wait(ctx); err != nil {
			return false, err
		}
	}
}

// attempt gets one file, or takes it over from the last fetch where the publisher says that it is the same.
func (f *Fetch) attempt(ctx context.Context, url, last, next string) (fresh, again bool, err error) {
	name := path.Base(url)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return false, false, err
	}
	before := remembered(last, name)
	if before.URL == url {
		if before.ETag != "" {
			req.Header.Set("If-None-Match", before.ETag)
		}
		if before.Modified != "" {
			req.Header.Set("If-Modified-Since", before.Modified)
		}
	}
	res, err := f.Client.Do(req)
	if err != nil {
		return false, true, err
	}
	defer res.Body.Close() //nolint:errcheck // only read
	switch {
	case res.StatusCode == http.StatusNotModified && before.URL == url:
		return false, false, errors.Join(os.Link(filepath.Join(last, name), filepath.Join(next, name)), remember(next, name, before))
	case res.StatusCode == http.StatusOK:
	default:
		return false, res.StatusCode >= 500 || res.StatusCode == http.StatusTooManyRequests, fmt.Errorf("the server answered %s", res.Status)
	}
	sum, err := download(filepath.Join(next, name), res.Body, f.Max)
	if err != nil {
		return false, !errors.Is(err, errLarge), err
	}
	m := got{URL: url, ETag: res.Header.Get("ETag"), Modified: res.Header.Get("Last-Modified"), SHA256: sum}
	return sum != before.SHA256, false, remember(next, name, m)
}

var errLarge = errors.New("the answer is larger than a list may be")

func download(name string, body io.Reader, most int64) (sum string, err error) {
	f, err := os.Create(name)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, h), io.LimitReader(body, most+1))
	if n > most {
		err = errLarge
	}
	return hex.EncodeToString(h.Sum(nil)), errors.Join(err, f.Close())
}

func remembered(dir, name string) (m got) {
	b, err := os.ReadFile(filepath.Join(dir, name+".meta"))
	if err != nil || json.Unmarshal(b, &m) != nil {
		return got{}
	}
	return m
}

func remember(dir, name string, m got) error {
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, name+".meta"), b, 0o644)
}
