package pack

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// ErrObject says that bytes are not a pack's files as Object writes them.
var ErrObject = errors.New("not the files of a rule pack")

// parametersFile holds, in an object to be activated, the parameters that are set. It is no file of the pack.
const parametersFile = ".parameters"

// maxObject bounds an object, in bytes.
const maxObject = 64 << 20

// Object is what the pack's digest is the SHA-256 of: its files in the order of their names, each as its name, a space, its length in
// bytes, a line break, and its bytes.
func (p *Pack) Object() []byte { return object(p.files) }

// Activation is the object by which the pack is put in force: its files, and where parameters are not at their defaults a first one with all of
// them, as JSON.
func (p *Pack) Activation() []byte {
	if !slices.ContainsFunc(p.Manifest.Parameters, func(d Parameter) bool { return p.Parameters[d.Name] != d.Default }) {
		return p.Object()
	}
	set, err := json.Marshal(p.Parameters)
	if err != nil {
		panic(err) // texts always encode, and maps in the order of their keys
	}
	return object(map[string][]byte{parametersFile: set}, p.files)
}

func object(sets ...map[string][]byte) []byte {
	var b bytes.Buffer
	for _, files := range sets {
		for _, name := range slices.Sorted(maps.Keys(files)) {
			fmt.Fprintf(&b, "%s %d\n", path.Clean(name), len(files[name]))
			b.Write(files[name])
		}
	}
	return b.Bytes()
}

// FromObject loads the pack of an object, with the parameters it sets.
func FromObject(b []byte) (*Pack, error) {
	fsys, params, err := open(b)
	if err != nil {
		return nil, err
	}
	p, err := Load(fsys)
	if err != nil {
		return nil, err
	}
	if params != nil {
		if p, err = p.With(params); err != nil {
			return nil, err
		}
	}
	if !bytes.Equal(p.Object(), b) && !bytes.Equal(p.Activation(), b) {
		return nil, fmt.Errorf("%w: it holds files that no pack has, or not in their order", ErrObject)
	}
	return p, nil
}

// open reads an object's files; they stand in a stored zip archive in memory, which is a file system.
func open(b []byte) (fs.FS, map[string]string, error) {
	if len(b) > maxObject {
		return nil, nil, fmt.Errorf("%w: %d bytes; at most %d", ErrObject, len(b), maxObject)
	}
	var params map[string]string
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	for len(b) > 0 {
		name, content, rest, err := cut(b)
		if err != nil {
			return nil, nil, err
		}
		if b = rest; name == parametersFile {
			if err := json.Unmarshal(content, &params); err != nil {
				return nil, nil, fmt.Errorf("%w: %s: %w", ErrObject, name, err)
			}
			continue
		}
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err == nil {
			_, err = f.Write(content)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%w: %s: %w", ErrObject, name, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrObject, err)
	}
	fsys, err := zip.NewReader(bytes.NewReader(archive.Bytes()), int64(archive.Len()))
	return fsys, params, err
}

// cut takes one file off an object.
func cut(b []byte) (name string, content, rest []byte, err error) {
	head, rest, ok := bytes.Cut(b, []byte{'\n'})
	at := bytes.LastIndexByte(head, ' ')
	if !ok || at < 1 || len(head) > 1024 {
		return "", nil, nil, fmt.Errorf("%w: no name and length", ErrObject)
	}
	name = string(head[:at])
	n, err := strconv.Atoi(string(head[at+1:]))
	if err != nil || n < 0 || n > len(rest) || !fs.ValidPath(name) || strings.Contains(name, "\\") {
		return "", nil, nil, fmt.Errorf("%w: name and length %q", ErrObject, head)
	}
	return name, rest[:n], rest[n:], nil
}
