// Package folder is a source that watches a folder: every file put there is read once it is complete, and moved to done or
// refused. A file is complete when its size and time have not changed for a while; who writes slowly gives it a name that
// begins with a point or ends in .tmp, .part or .filepart and renames it.
package folder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/tidegate/tidegate/services/ingest/source"
	"github.com/tidegate/tidegate/shared/clock"
)

// settings as people write them.
type settings struct {
	Path    string        `yaml:"path"`              // the folder
	Done    string        `yaml:"done,omitempty"`    // where files go whose orders were all accepted; done below path when empty
	Refused string        `yaml:"refused,omitempty"` // where files go of which an order was refused, with what was wrong beside them; refused below path
	Pattern string        `yaml:"pattern,omitempty"` // which files, as in *.xml; all when empty
	Settle  time.Duration `yaml:"settle,omitempty"`  // how long a file must not have changed; 2s
	Every   time.Duration `yaml:"every,omitempty"`   // how often to look although nothing was heard; 10s
}

type folder struct {
	settings
	name    string
	from    source.Origin
	convert map[string]source.Convert // by extension
}

// Kind opens folder sources; convert says how files with some extensions are turned into documents.
func Kind(convert map[string]source.Convert) source.Open {
	return func(s source.Settings) (source.Source, error) {
		f := &folder{name: s.Name, from: s.From, convert: convert}
		if err := s.Decode(&f.settings); err != nil {
			return nil, err
		}
		return f, f.complete(s)
	}
}

func (f *folder) complete(s source.Settings) error {
	if f.Path == "" {
		return fmt.Errorf("source %s: folder: path: which folder?", f.name)
	}
	if _, err := filepath.Match(f.Pattern, "x"); err != nil {
		return fmt.Errorf("source %s: folder: pattern: %w", f.name, err)
	}
	f.Path = s.Beside(f.Path)
	if f.Done = s.Beside(f.Done); f.Done == "" {
		f.Done = filepath.Join(f.Path, "done")
	}
	if f.Refused = s.Beside(f.Refused); f.Refused == "" {
		f.Refused = filepath.Join(f.Path, "refused")
	}
	if f.Settle <= 0 {
		f.Settle = 2 * time.Second
	}
	if f.Every <= 0 {
		f.Every = 10 * time.Second
	}
	return nil
}

// seen is how a file looked.
type seen struct {
	size int64
	time time.Time
	at   time.Time // when it first looked so
}

// Run reads files until ctx ends.
func (f *folder) Run(ctx context.Context, door source.Door, says *source.Standing) error {
	for _, dir := range []string{f.Path, f.Done, f.Refused} {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return fmt.Errorf("folder: %w", err)
		}
	}
	heard, err := f.listen()
	if err != nil {
		return err
	}
	defer func() { _ = heard.Close() }()
	known := map[string]seen{}
	for {
		ready, next, err := f.look(known, clock.System())
		if err != nil {
			return err
		}
		says.Behind(int64(len(known)))
		for _, name := range ready {
			if err := f.take(ctx, door, says, name, known[name]); err != nil {
				return err
			}
			delete(known, name)
		}
		if err := wait(ctx, heard, next); err != nil {
			return err
		}
	}
}

// listen asks the system to say when something changes. Network file systems say nothing: Every looks all the same.
func (f *folder) listen() (*fsnotify.Watcher, error) {
	w, err := fsnotify.NewWatcher()
	if err == nil {
		err = w.Add(f.Path)
	}
	if err != nil {
		return nil, fmt.Errorf("folder: watch %s: %w", f.Path, err)
	}
	return w, nil
}

// wait ends when something changed, after d, or with ctx.
func wait(ctx context.Context, heard *fsnotify.Watcher, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-heard.Events:
		return nil
	case err := <-heard.Errors:
		return fmt.Errorf("folder: %w", err)
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// look notes how every file looks now, and gives those that are complete, oldest first, and when to look again.
func (f *folder) look(known map[string]seen, now time.Time) (ready []string, next time.Duration, err error) {
	entries, err := os.ReadDir(f.Path)
	if err != nil {
		return nil, 0, fmt.Errorf("folder: %w", err)
	}
	next = f.Every
	there := map[string]bool{}
	for _, e := range entries {
		info, ok := f.wanted(e)
		if !ok {
			continue
		}
		name := e.Name()
		there[name] = true
		before, met := known[name]
		if !met || before.size != info.Size() || !before.time.Equal(info.ModTime()) {
			before = seen{info.Size(), info.ModTime(), now}
			known[name] = before
		}
		if quiet := now.Sub(before.at); quiet >= f.Settle {
			ready = append(ready, name)
		} else {
			next = min(next, f.Settle-quiet)
		}
	}
	for name := range known {
		if !there[name] {
			delete(known, name)
		}
	}
	slices.SortFunc(ready, func(a, b string) int {
		if c := known[a].time.Compare(known[b].time); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	return ready, next, nil
}

// wanted says whether an entry is a file to read.
func (f *folder) wanted(e fs.DirEntry) (fs.FileInfo, bool) {
	name := e.Name()
	if !e.Type().IsRegular() || strings.HasPrefix(name, ".") {
		return nil, false
	}
	for _, unfinished := range []string{".tmp", ".part", ".filepart", ".crdownload"} {
		if strings.HasSuffix(name, unfinished) {
			return nil, false
		}
	}
	if f.Pattern != "" {
		if ok, _ := filepath.Match(f.Pattern, name); !ok { // the pattern was checked when it was read
			return nil, false
		}
	}
	info, err := e.Info()
	return info, err == nil
}

// take reads one file and moves it. A crash in between leaves it where it is: it is read again, and its orders are known.
func (f *folder) take(ctx context.Context, door source.Door, says *source.Standing, name string, looked seen) error {
	path := filepath.Join(f.Path, name)
	got, err := f.read(ctx, door, path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // somebody took it back
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var broken *unreadableError
	switch {
	case errors.As(err, &broken):
		got.Refused++
		got.Faults = append(got.Faults, broken.Error())
	case err != nil:
		return fmt.Errorf("folder: %s: %w", name, err)
	}
	if changed(path, looked) {
		return nil // it was written while we read: it is looked at again, and what we took is known
	}
	says.Took(got, name)
	return f.move(name, got)
}

// changed says whether a file looks otherwise now, or is gone.
func changed(path string, looked seen) bool {
	info, err := os.Stat(path)
	return err != nil || info.Size() != looked.size || !info.ModTime().Equal(looked.time)
}

// unreadableError says that a file cannot be turned into a document.
type unreadableError struct{ err error }

func (b *unreadableError) Error() string { return b.err.Error() }

func (f *folder) read(ctx context.Context, door source.Door, path string) (source.Result, error) {
	file, err := os.Open(path)
	if err != nil {
		return source.Result{}, err
	}
	defer func() { _ = file.Close() }()
	var from io.Reader = file
	name := filepath.Base(path)
	if convert := f.convert[strings.ToLower(filepath.Ext(name))]; convert != nil {
		converted, err := convert(file)
		if err != nil {
			return source.Result{}, &unreadableError{err}
		}
		defer func() { _ = converted.Close() }()
		from = converted
		name = strings.TrimSuffix(name, filepath.Ext(name)) + ".csv"
	}
	return door.TakeAll(ctx, from, source.Document{Name: name, Source: f.from.Source, Tenant: f.from.Tenant, Actor: "folder:" + f.name})
}

// move puts a file where it belongs, under a name that is free there, and says beside it what was refused.
func (f *folder) move(name string, got source.Result) error {
	dir := f.Done
	if got.Refused > 0 || got.Accepted == 0 {
		dir = f.Refused
	}
	to := filepath.Join(dir, name)
	for n := 1; exists(to); n++ {
		ext := filepath.Ext(name)
		to = filepath.Join(dir, strings.TrimSuffix(name, ext)+"."+strconv.Itoa(n)+ext)
	}
	if dir == f.Refused {
		why := fmt.Sprintf("%d orders accepted, %d refused\n%s\n", got.Accepted, got.Refused, strings.Join(got.Faults, "\n"))
		if err := os.WriteFile(to+".why.txt", []byte(why), 0o600); err != nil {
			return fmt.Errorf("folder: %w", err)
		}
	}
	if err := os.Rename(filepath.Join(f.Path, name), to); err != nil {
		return fmt.Errorf("folder: %w", err)
	}
	return nil
}

func exists(file string) bool {
	_, err := os.Lstat(file)
	return err == nil
}

// Check looks at the folders.
func (f *folder) Check(context.Context) (advice []source.Advice) {
	info, err := os.Stat(f.Path)
	switch {
	case err != nil:
		advice = append(advice, source.Advice{Wrong: err.Error(), Mend: "create " + f.Path + ", or name the right folder under path"})
	case !info.IsDir():
		advice = append(advice, source.Advice{Wrong: f.Path + " is not a folder", Mend: "name the folder that the files are put into under path, and the files under pattern"})
	}
	for _, dir := range []string{f.Path, f.Done, f.Refused} {
		if wrong := unwritable(dir); wrong != nil && exists(f.Path) {
			advice = append(advice, source.Advice{Wrong: wrong.Error(), Mend: "give this process the right to write in " + dir + ": files are moved when they were read"})
		}
	}
	if filepath.Clean(f.Done) == filepath.Clean(f.Path) || filepath.Clean(f.Refused) == filepath.Clean(f.Path) {
		advice = append(advice, source.Advice{Wrong: "done or refused is the watched folder itself", Mend: "leave done and refused out, or name other folders: files would be read for ever"})
	}
	return advice
}

// unwritable tries to write where files will be moved to.
func unwritable(dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	file, err := os.CreateTemp(dir, ".tidegate-check-*")
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}
