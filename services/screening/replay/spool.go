package replay

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
)

// Files of a work directory.
const (
	questionFile = "question.json" // what is asked, and the plan
	progressFile = "progress.json" // how far it is; what stands behind these places in the other files does not count
	changesFile  = "changes.ndjson"
	standsFile   = "stands.ndjson"
	reportFile   = "report.json" // once it is done: the report without its orders, which stand in changes.ndjson
)

// spool is a file that grows, or memory where there is no directory.
type spool struct {
	file *os.File
	w    *bufio.Writer
	mem  *bytes.Buffer
	size int64
}

// openSpool opens a file of a work directory and cuts it off behind size.
func openSpool(dir, name string, size int64) (*spool, error) {
	if dir == "" {
		s := &spool{mem: new(bytes.Buffer)}
		s.w = bufio.NewWriter(s.mem)
		return s, nil
	}
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	end, err := f.Seek(0, io.SeekEnd)
	if err == nil && end < size {
		err = fmt.Errorf("%s: %w", name, errTorn)
	}
	if err == nil {
		err = f.Truncate(size)
	}
	if err == nil {
		_, err = f.Seek(size, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("replay: %w", err), f.Close())
	}
	return &spool{file: f, w: bufio.NewWriterSize(f, 64<<10), size: size}, nil
}

// errTorn says that a work file is shorter than what was noted of it: the machine went down in between.
var errTorn = errors.New("the work file lost its end")

func (s *spool) add(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	n, err := s.w.Write(append(b, '\n'))
	s.size += int64(n)
	return err
}

// keep puts what was added on disk.
func (s *spool) keep() error {
	if err := s.w.Flush(); err != nil || s.file == nil {
		return err
	}
	return s.file.Sync()
}

func (s *spool) close() error {
	err := s.w.Flush()
	if s.file != nil {
		err = errors.Join(err, s.file.Close())
	}
	return err
}

// lines reads a work file's values of a type.
func lines[T any](open func() (io.ReadCloser, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		r, err := open()
		if errors.Is(err, os.ErrNotExist) {
			return
		}
		if err != nil {
			yield(none, fmt.Errorf("replay: %w", err))
			return
		}
		defer func() { _ = r.Close() }()
		d := json.NewDecoder(bufio.NewReaderSize(r, 64<<10))
		for {
			var v T
			err := d.Decode(&v)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				err = fmt.Errorf("replay: %w", err)
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}

func (s *spool) open(dir, name string) func() (io.ReadCloser, error) {
	if s.mem != nil {
		b := s.mem.Bytes()
		return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }
	}
	return func() (io.ReadCloser, error) { return os.Open(filepath.Join(dir, name)) }
}

// writeFile puts JSON in place of a file, whole or not at all.
func writeFile(dir, name string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	at := filepath.Join(dir, name)
	f, err := os.OpenFile(at+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	_, err = f.Write(append(b, '\n'))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	if err := os.Rename(at+".new", at); err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	return nil
}

func readFile(dir, name string, v any) error {
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("replay: %s: %w", name, err)
	}
	return nil
}
