package replay

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/tidegate/tidegate/schemas/event"
)

// ID names a question: the same question has the same, whatever the history.
func (q Question) ID() string {
	b, err := json.Marshal(q)
	if err != nil {
		panic(err) // plain data
	}
	return event.Digest(b)[:16]
}

// asked is what question.json holds.
type asked struct {
	Question Question        `json:"question"`
	Plan     Plan            `json:"plan"`
	Source   json.RawMessage `json:"source"` // what the history is read under: the source's own affair
}

// Work is a work directory, locked by whoever works in it. The kernel gives it back when that process ends, however it ends.
type Work struct {
	Dir     string
	Plan    Plan
	Source  json.RawMessage
	Resumed bool // it was begun before and goes on
	lock    *os.File
}

// ErrBusy says that another process works in the directory.
var ErrBusy = errors.New("another process is at this replay")

// Prepare takes a work directory for a question. One that was begun and not finished goes on under its own plan; else plan is
// asked for one, and what a finished replay left goes.
func Prepare(dir string, q Question, plan func() (Plan, json.RawMessage, error)) (*Work, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	f, err := takeDir(dir, os.O_CREATE|os.O_RDWR)
	if err != nil {
		return nil, err
	}
	w := &Work{Dir: dir, lock: f}
	if err := w.begin(q, plan); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return w, nil
}

func (w *Work) begin(q Question, plan func() (Plan, json.RawMessage, error)) error {
	var was asked
	err := readFile(w.Dir, questionFile, &was)
	_, done := os.Stat(filepath.Join(w.Dir, reportFile))
	if err == nil && done != nil && was.Question.ID() == q.ID() {
		w.Plan, w.Source, w.Resumed = was.Plan, was.Source, true
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil && was.Question.ID() != q.ID() {
		return fmt.Errorf("replay: %s holds another question: %s", w.Dir, was.Question.Words())
	}
	if err := clean(w.Dir); err != nil {
		return err
	}
	if w.Plan, w.Source, err = plan(); err != nil {
		return err
	}
	return writeFile(w.Dir, questionFile, asked{q, w.Plan, w.Source})
}

// Close gives the directory back.
func (w *Work) Close() error { return w.lock.Close() }

// Kept is a replay that lies in a work directory.
type Kept struct {
	ID       string   `json:"id"`
	Question Question `json:"question"`
	Plan     Plan     `json:"plan"`
	Cases    uint64   `json:"cases"`            // read so far; 0 once it is done
	Report   *Report  `json:"report,omitempty"` // once it is done, without its orders
}

// List gives the replays below a directory, by id.
func List(dir string) ([]Kept, error) {
	found, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("replay: %w", err)
	}
	out := []Kept{}
	for _, d := range found {
		at := filepath.Join(dir, d.Name())
		var a asked
		if !d.IsDir() || readFile(at, questionFile, &a) != nil {
			continue
		}
		k := Kept{ID: d.Name(), Question: a.Question, Plan: a.Plan}
		if rep, err := Finished(at); err == nil {
			rep.Orders = Changes{}
			k.Report = &rep
		} else {
			var n noted
			_ = readFile(at, progressFile, &n) // none yet is none
			k.Cases = n.Cases
		}
		out = append(out, k)
	}
	return out, nil
}

// Tidy removes the oldest of the work directories below one whose replays are done, beyond some.
func Tidy(dir string, keep int) error {
	done, err := filepath.Glob(filepath.Join(dir, "*", reportFile))
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	written := func(name string) int64 {
		st, err := os.Stat(name)
		if err != nil {
			return 0
		}
		return st.ModTime().UnixNano()
	}
	slices.SortFunc(done, func(a, b string) int { return cmp.Compare(written(b), written(a)) })
	for _, name := range done[min(keep, len(done)):] {
		if err := Drop(filepath.Dir(name)); err != nil && !errors.Is(err, ErrBusy) {
			return err
		}
	}
	return nil
}

// Begun says whether something of a replay was noted in its work directory.
func Begun(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, progressFile))
	return !errors.Is(err, fs.ErrNotExist)
}

// Forget removes what a replay that is not done left in its work directory, and nothing else that may lie there: the directory may be
// somebody's own. One that holds another question, or that another process works in, stays.
func Forget(dir string, q Question) error {
	var was asked
	if readFile(dir, questionFile, &was) != nil || was.Question.ID() != q.ID() {
		return nil
	}
	f, err := takeDir(dir, os.O_RDWR)
	if err != nil {
		return nil // whoever works in it goes on
	}
	defer func() { _ = f.Close() }()
	if err := clean(dir); err != nil {
		return err
	}
	_ = errors.Join(os.Remove(f.Name()), os.Remove(dir)) // which stays where there is more in it
	return nil
}

// clean removes the files of a work directory. The note goes first: without it nothing else counts.
func clean(dir string) error {
	for _, name := range []string{progressFile, questionFile, reportFile, ordersFile, changesFile, standsFile} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("replay: %w", err)
		}
	}
	dropLedgers(dir, nil)
	return nil
}

// takeDir locks a work directory.
func takeDir(dir string, flag int) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), flag, 0o600)
	if err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", dir, ErrBusy), f.Close())
	}
	return f, nil
}

// Drop removes a work directory that nobody works in.
func Drop(dir string) error {
	f, err := takeDir(dir, os.O_RDWR)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	return nil
}
