// Package drawer keeps the files of a store of lists or masters on a disk: each whole or not at all, changed by one import at a
// time, with a journal of where everything came from.
package drawer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
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
