// Package drawer keeps the files of a store of lists or masters on a disk: each whole or not at all, changed by one import at a
// time, with a journal of where everything came from.
package drawer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
)

// Drawer is a directory; it is made when something is put into it.
type Drawer string

// Put writes a file under another name, syncs it and renames it: a crash leaves the old or the new one.
func (d Drawer) Put(name string, b []byte) error {
	_, err := d.PutAs(filepath.Dir(name), func(w io.Writer) (string, error) {
		_, err := w.Write(b)
		return filepath.Base(name), err
	})
	return err
}

// PutAs is Put into a folder of the drawer, of a file whose name is known when it is written, and gives that.
func (d Drawer) PutAs(folder string, write func(io.Writer) (name string, err error)) (name string, err error) {
	dir := filepath.Join(string(d), folder)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return "", err
	}
	name, err = write(f)
	if err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return name, nil
}

// Lock keeps two imports apart; the lock goes with the process.
func (d Drawer) Lock() (unlock func(), err error) {
	if err := os.MkdirAll(string(d), 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(string(d), "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil { //nolint:gosec // a descriptor is small
		return nil, errors.Join(fmt.Errorf("%s is in use by another import", string(d)), f.Close())
	}
	return func() { _ = f.Close() }, nil
}

// Note appends what an import was to the journal, as one line of JSON.
func (d Drawer) Note(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(string(d), "journal.jsonl"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	return errors.Join(err, f.Close())
}

// Head reads what is newest, as head.json says it; nothing where that is not there.
func (d Drawer) Head(v any) error {
	b, err := os.ReadFile(filepath.Join(string(d), "head.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("head.json: %w", err)
	}
	return nil
}

var fullDigest = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Digest says whether a text is a whole digest.
func Digest(s string) bool { return fullDigest.MatchString(s) }

// Active is the digest of the set in force; "" when none is.
func (d Drawer) Active() (string, error) {
	file := filepath.Join(string(d), "active")
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	digest := strings.TrimSpace(string(b))
	if !Digest(digest) {
		return "", fmt.Errorf("%s does not hold a digest", file)
	}
	return digest, nil
}

// Activate notes which set is in force.
func (d Drawer) Activate(digest string) error { return d.Put("active", []byte(digest+"\n")) }

// Named finds the set that a digest or the start of one names.
func (d Drawer) Named(start string) (digest string, err error) {
	all, err := os.ReadDir(filepath.Join(string(d), "sets"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	var found []string
	for _, e := range all {
		if len(start) >= 6 && strings.HasPrefix(e.Name(), start) {
			found = append(found, e.Name())
		}
	}
	if len(found) != 1 {
		return "", fmt.Errorf("%d sets begin with %q; give more of the digest, six characters at least", len(found), start)
	}
	return found[0], nil
}
