package auditverify

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
)

// Where things lie in a log directory (C2SP tlog-tiles).
const (
	CheckpointFile = "checkpoint"
	Width          = 256 // leaves in a full bundle, hashes in a full tile
)

// BundlePath is the file of entry bundle n; partial is the number of leaves in it, 0 for a full one.
func BundlePath(n uint64, partial int) string { return "tile/entries/" + number(n, partial) }

// TilePath is the file of hash tile n at a level; partial is the number of hashes in it, 0 for a full one.
func TilePath(level int, n uint64, partial int) string {
	return fmt.Sprintf("tile/%d/%s", level, number(n, partial))
}

// number writes n in groups of three digits, all but the last with an x: 1234067 is x001/x234/067.
func number(n uint64, partial int) string {
	s := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		s = fmt.Sprintf("x%03d/%s", n%1000, s)
	}
	if partial > 0 {
		s = fmt.Sprintf("%s.p/%d", s, partial)
	}
	return s
}

// partialAt is how many of a level's entries lie in tile n in a tree of that size: 0 when the tile is full.
func partialAt(level int, n, size uint64) int {
	entries := size >> (8 * level)
	if entries >= (n+1)*Width {
		return 0
	}
	return int(entries - n*Width)
}

// errBundle says that bytes are no entry bundle. It is wrapped with the place.
var errBundle = errors.New("not an entry bundle")

// ParseBundle splits an entry bundle into its leaves: each has its length before it in two bytes, big endian. The
// leaves share b's bytes. Anything left over at the end is refused.
func ParseBundle(b []byte) ([][]byte, error) {
	leaves := make([][]byte, 0, Width)
	for len(b) > 0 {
		if len(leaves) == Width {
			return nil, fmt.Errorf("%w: more than %d leaves", errBundle, Width)
		}
		if len(b) < 2 || len(b)-2 < int(binary.BigEndian.Uint16(b)) {
			return nil, fmt.Errorf("%w: leaf %d is cut off", errBundle, len(leaves))
		}
		end := 2 + int(binary.BigEndian.Uint16(b))
		leaves, b = append(leaves, b[2:end:end]), b[end:]
	}
	return leaves, nil
}

// ReadBundle reads the leaves of bundle n as a tree of that size has them. Where a partial bundle was already tidied
// away, the full one stands for it.
func ReadBundle(log fs.FS, n, size uint64) ([][]byte, error) {
	return readBundle(func(name string) ([]byte, error) { return fs.ReadFile(log, name) }, n, size)
}

func readBundle(read func(name string) ([]byte, error), n, size uint64) ([][]byte, error) {
	partial := partialAt(0, n, size)
	b, name, whole, err := readEither(read, partial, func(p int) string { return BundlePath(n, p) })
	if err != nil {
		return nil, err
	}
	leaves, err := ParseBundle(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	want := partial
	if whole {
		want = Width
	}
	if len(leaves) != want {
		return nil, fmt.Errorf("%s: %w: %d leaves, want %d", name, errBundle, len(leaves), want)
	}
	if partial > 0 {
		leaves = leaves[:partial]
	}
	return leaves, nil
}

// readTile reads the hashes of a tile as a tree of that size has them.
func readTile(log fs.FS, level int, n, size uint64) ([]byte, error) {
	partial := partialAt(level, n, size)
	read := func(name string) ([]byte, error) { return fs.ReadFile(log, name) }
	b, name, whole, err := readEither(read, partial, func(p int) string { return TilePath(level, n, p) })
	if err != nil {
		return nil, err
	}
	want := partial * hashSize
	if whole {
		want = Width * hashSize
	}
	if len(b) != want {
		return nil, fmt.Errorf("%s: %d bytes, want %d", name, len(b), want)
	}
	if partial > 0 {
		b = b[:partial*hashSize]
	}
	return b, nil
}

// readEither reads the partial file and, where there is none, the full one.
func readEither(read func(string) ([]byte, error), partial int, path func(int) string) (b []byte, name string, whole bool, err error) {
	name = path(partial)
	b, err = read(name)
	if errors.Is(err, fs.ErrNotExist) && partial > 0 {
		if full, ferr := read(path(0)); ferr == nil {
			return full, path(0), true, nil
		}
	}
	return b, name, partial == 0, err
}
