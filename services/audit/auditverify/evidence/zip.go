package evidence

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"path"
	"strings"
)

// Limits of a pack. Nothing in it is compressed, so nothing grows when it is read.
const (
	MaxSize  = 256 << 20 // bytes of a pack
	maxFiles = 10_000
	maxName  = 200 // bytes
)

// errZip says that bytes are not a zip of the one form. It is wrapped with the place.
var errZip = errors.New("not a zip as evidence packs are written")

// File is one file of a pack. Its name is relative, with slashes.
type File struct {
	Name string
	Data []byte
}

// The parts of a zip (PKWARE APPNOTE 4.3) with every field that does not change: stored, no flags, the first day that zips
// know, a plain file that everybody may read.
const (
	localHead   = "PK\x03\x04\x14\x00\x00\x00\x00\x00\x00\x00\x21\x00"
	centralHead = "PK\x01\x02\x14\x03\x14\x00\x00\x00\x00\x00\x00\x00\x21\x00"
	endHead     = "PK\x05\x06\x00\x00\x00\x00"
	attributes  = 0o100644 << 16
	localSize   = 30
)

// Encode writes files as a zip: stored, by name, and nothing else, so that the same files give the same bytes and every bit of
// them means something. Files must come in the order of their names.
func Encode(files []File) ([]byte, error) {
	if err := check(files); err != nil {
		return nil, err
	}
	var out, central []byte
	for _, f := range files {
		sizes := fields(f)
		central = append(append(central, centralHead...), sizes...)
		central = binary.LittleEndian.AppendUint16(central, uint16(len(f.Name))) //nolint:gosec // bounded by maxName
		central = append(central, make([]byte, 8)...)                            // no extra field, no comment, disk 0, no internal attributes
		central = binary.LittleEndian.AppendUint32(central, attributes)
		central = binary.LittleEndian.AppendUint32(central, uint32(len(out))) //nolint:gosec // bounded by MaxSize
		central = append(central, f.Name...)
		out = append(append(out, localHead...), sizes...)
		out = binary.LittleEndian.AppendUint16(out, uint16(len(f.Name))) //nolint:gosec // bounded by maxName
		out = append(append(append(out, 0, 0), f.Name...), f.Data...)
	}
	at := uint32(len(out)) //nolint:gosec // bounded by MaxSize
	out = append(append(out, central...), endHead...)
	for range 2 { // files on this disk, files in all
		out = binary.LittleEndian.AppendUint16(out, uint16(len(files))) //nolint:gosec // bounded by maxFiles
	}
	out = binary.LittleEndian.AppendUint32(out, uint32(len(central))) //nolint:gosec // bounded by maxFiles and maxName
	out = binary.LittleEndian.AppendUint32(out, at)
	return append(out, 0, 0), nil
}

// fields are a file's checksum and its size, twice, as both headers have them.
func fields(f File) []byte {
	b := binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(f.Data))
	for range 2 { // stored and original
		b = binary.LittleEndian.AppendUint32(b, uint32(len(f.Data))) //nolint:gosec // bounded by MaxSize
	}
	return b
}

// Decode reads a zip that Encode wrote, and refuses any other: whatever Encode does not give back byte for byte. The files share
// b's bytes.
func Decode(b []byte) ([]File, error) {
	if len(b) > MaxSize {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", errZip, len(b), MaxSize)
	}
	var files []File
	for rest := b; bytes.HasPrefix(rest, []byte("PK\x03\x04")); {
		f, after, err := cut(rest)
		if err != nil {
			return nil, err
		}
		if files, rest = append(files, f), after; len(files) > maxFiles {
			return nil, fmt.Errorf("%w: more than %d files", errZip, maxFiles)
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%w: it does not begin with a file", errZip)
	}
	again, err := Encode(files)
	if err != nil {
		return nil, err
	}
	if at := differ(again, b); at >= 0 {
		return nil, fmt.Errorf("%w: byte %d is another than the files make it, or damaged", errZip, at)
	}
	return files, nil
}

// cut takes the first file off. What its header says besides name and size shows when it is written again.
func cut(b []byte) (f File, rest []byte, err error) {
	if len(b) < localSize {
		return f, nil, fmt.Errorf("%w: it is cut off", errZip)
	}
	size := uint64(binary.LittleEndian.Uint32(b[22:]))
	name := int(binary.LittleEndian.Uint16(b[26:]))
	if name > maxName || uint64(len(b)-localSize) < uint64(name)+size { //nolint:gosec // both are small
		return f, nil, fmt.Errorf("%w: a name or a file is longer than what is there", errZip)
	}
	at := localSize + name
	end := at + int(size) //nolint:gosec // no more than there is
	return File{string(b[localSize:at]), b[at:end:end]}, b[end:], nil
}

// differ is the first place at which two texts differ; -1 where they do not.
func differ(a, b []byte) int {
	if bytes.Equal(a, b) {
		return -1
	}
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// check refuses names that could be unpacked somewhere else or over each other, on any system, and files out of order.
func check(files []File) error {
	size, names := 0, make(map[string]bool, len(files))
	for i, f := range files {
		size += len(f.Data) + 2*len(f.Name) + 100
		lower := strings.ToLower(f.Name)
		switch {
		case !plain(f.Name):
			return fmt.Errorf("%w: the name %q", errZip, f.Name)
		case i > 0 && files[i-1].Name >= f.Name:
			return fmt.Errorf("%w: %q does not stand in its order, or twice", errZip, f.Name)
		case names[lower]:
			return fmt.Errorf("%w: %q is another file's name, too", errZip, f.Name)
		}
		names[lower] = true
	}
	for _, f := range files {
		for dir := path.Dir(strings.ToLower(f.Name)); dir != "."; dir = path.Dir(dir) {
			if names[dir] {
				return fmt.Errorf("%w: %q is the name of a file and of a folder", errZip, dir)
			}
		}
	}
	if len(files) > maxFiles || size > MaxSize {
		return fmt.Errorf("%w: %d files, %d bytes; at most %d and %d", errZip, len(files), size, maxFiles, MaxSize)
	}
	return nil
}

// plain says whether a name is letters, digits and "-._" between slashes, and stays below where it is unpacked.
func plain(name string) bool {
	if name == "." || len(name) > maxName || !fs.ValidPath(name) {
		return false
	}
	for _, c := range []byte(name) {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/", rune(c)) {
			return false
		}
	}
	return !strings.HasPrefix(name, "-")
}
