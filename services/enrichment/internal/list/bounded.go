package list

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// meter lets a reader run only so far: past the row's share or the file's it is an error, not memory.
type meter struct {
	r     io.Reader
	n     int64
	allow int64 // of n, until the next row
	most  int64 // bytes of the file
}

func newMeter(r io.Reader) *meter { return &meter{r: r, allow: 8 * MaxRow, most: MaxFile} }

var errLong = fmt.Errorf("a row is longer than %d bytes", MaxRow)

// Read reads.
func (m *meter) Read(p []byte) (int, error) {
	if m.n >= m.most {
		return 0, fmt.Errorf("the file is larger than %d bytes", m.most)
	}
	if m.n >= m.allow {
		return 0, errLong
	}
	p = p[:min(int64(len(p)), m.allow-m.n, m.most-m.n)]
	n, err := m.r.Read(p)
	m.n += int64(n)
	return n, err
}

// row starts a row at an offset of what was consumed; a decoder reads ahead, so the share is ampler than a row.
func (m *meter) row(consumed int64) { m.allow = consumed + 8*MaxRow }

// readHead gives the first bytes of a file for finding out its format.
func readHead(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	b, err := io.ReadAll(io.LimitReader(f, 4096))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), nil
}

// open gives a file's bytes, metered, without a byte order mark.
func (r *reading) open(name string) (*meter, func(), error) {
	f, err := r.fsys.Open(name)
	if err != nil {
		return nil, nil, err
	}
	m := newMeter(f)
	start := make([]byte, 3)
	n, err := io.ReadFull(f, start)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		_ = f.Close() // only read
		return nil, nil, err
	}
	if n < 3 || !bytes.Equal(start, []byte("\xef\xbb\xbf")) {
		m.r = io.MultiReader(bytes.NewReader(start[:n]), f)
	}
	return m, func() { _ = f.Close() }, nil
}

// unknown says what a file is that no importer reads.
func unknown(head []byte) string {
	t := bytes.TrimSpace(head)
	switch {
	case len(t) == 0:
		return "the file is empty"
	case bytes.HasPrefix(t, []byte("PK\x03\x04")), bytes.HasPrefix(t, []byte("\x1f\x8b")), bytes.HasPrefix(t, []byte("BZh")):
		return "the file is compressed; unpack it first"
	case t[0] == '{' && (bytes.Contains(t, []byte("fieldKey")) || bytes.Contains(t, []byte("GENERATED FILE"))):
		return "a repackaging of a list by somebody else, not a list as published"
	case bytes.HasPrefix(t, []byte("<RULE")), bytes.Contains(t, []byte("<RULE>")), bytes.Contains(t, []byte("<AGENCY")):
		return "a Federal Register document, not a list"
	}
	return "no list format known here; name it with --format, or bring the list into the own format (lists status names the formats)"
}

// elements calls each for every element of the JSON array that the decoder stands before.
func elements[T any](m *meter, dec *json.Decoder, each func(n int, row *T, err error) error) error {
	if t, err := dec.Token(); err != nil || t != json.Delim('[') {
		return fmt.Errorf("not an array of rows: %w", errors.Join(err))
	}
	for n := 1; dec.More(); n++ {
		m.row(dec.InputOffset())
		start := dec.InputOffset()
		var row T
		err := dec.Decode(&row)
		var kind *json.UnmarshalTypeError
		switch {
		case errors.As(err, &kind): // the value was read; only this row is at fault
		case err != nil:
			return fmt.Errorf("row %d: %w", n, err)
		case dec.InputOffset()-start > MaxRow:
			err = errLong
		}
		if err := each(n, &row, err); err != nil {
			return err
		}
	}
	_, err := dec.Token()
	return err
}

// members walks a JSON object: each is called before the value of every member and must consume it.
func members(m *meter, dec *json.Decoder, each func(name string) error) error {
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("not an object: %w", errors.Join(err))
	}
	seen := map[string]bool{}
	for dec.More() {
		m.row(dec.InputOffset())
		t, err := dec.Token()
		if err != nil {
			return err
		}
		name, _ := t.(string)
		if seen[name] {
			return fmt.Errorf("member %q stands twice", name)
		}
		seen[name] = true
		if err := each(name); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil {
		return err
	}
	return atEnd(dec)
}

// atEnd refuses bytes behind the value.
func atEnd(dec *json.Decoder) error {
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("bytes after the end")
	}
	return nil
}
