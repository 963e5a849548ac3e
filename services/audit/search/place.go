package search

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/tidegate/tidegate/services/audit"
)

// File is where the index of an audit directory lies while a process works on it.
const File = "search.db"

// Open opens the archive of an audit directory with the index in a file. Where none is given nothing in the directory is made or changed: the
// index beside the log is read, if nothing works on the directory and it is whole; else one below the user's cache directory is kept,
// or one in memory, where that cannot be written.
func Open(ctx context.Context, dir, file string) (*Archive, error) {
	if file != "" {
		index, err := OpenSQLite(ctx, file)
		if err != nil {
			return nil, err
		}
		return New(dir, index), nil
	}
	if index := beside(ctx, dir); index != nil {
		return New(dir, index), nil
	}
	index, err := apart(ctx, dir)
	if err != nil {
		return nil, err
	}
	return New(dir, index), nil
}

// beside opens the index beside the log for reading, where it is all that is needed: as far as the log, and no writer left anything beside it.
func beside(ctx context.Context, dir string) *SQLite {
	file := filepath.Join(dir, File)
	if _, err := os.Stat(file); err != nil {
		return nil
	}
	if wal, err := os.Stat(file + "-wal"); err == nil && wal.Size() > 0 {
		return nil
	}
	r, err := audit.NewReader(dir)
	if err != nil {
		return nil
	}
	index, err := ReadSQLite(ctx, file)
	if err != nil {
		return nil
	}
	if c, err := index.Covered(ctx); err != nil || !whole(r, c) {
		_ = index.Close()
		return nil
	}
	return index
}

// asItLies opens the index beside the log however far it is, also one that a killed writer left, to be looked at: nothing in the directory is
// changed. It is nil where there is none. What is behind must be closed, too.
func asItLies(ctx context.Context, dir string) (*SQLite, func(), error) {
	file := filepath.Join(dir, File)
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		return nil, func() {}, nil
	}
	if wal, err := os.Stat(file + "-wal"); err != nil || wal.Size() == 0 {
		index, err := ReadSQLite(ctx, file)
		return index, func() {}, err
	}
	copied, err := os.MkdirTemp("", "tidegate-index-")
	if err != nil {
		return nil, func() {}, fmt.Errorf("search index: %w", err)
	}
	gone := func() { _ = os.RemoveAll(copied) }
	for _, end := range []string{"", "-wal"} {
		if err := copyFile(filepath.Join(copied, File+end), file+end); err != nil {
			return nil, gone, fmt.Errorf("search index: %w", err)
		}
	}
	index, err := OpenSQLite(ctx, filepath.Join(copied, File))
	return index, gone, err
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// whole says whether logs are covered up to their checkpoints.
func whole(r *audit.Reader, covered []Covered) bool {
	sizes := map[int]uint64{}
	for _, c := range covered {
		sizes[c.Log] = c.Size
	}
	for _, p := range r.Parts() {
		if sizes[p.Number] != p.Point.Size {
			return false
		}
	}
	return agrees(r, covered)
}

// apart opens an index of the directory below the user's cache directory, else in memory.
func apart(ctx context.Context, dir string) (*SQLite, error) {
	file, err := CacheFile(dir)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(file), 0o700)
	}
	if err == nil {
		var index *SQLite
		if index, err = OpenSQLite(ctx, file); err == nil {
			return index, nil
		}
	}
	index, also := OpenSQLite(ctx, Memory)
	if also != nil {
		return nil, errors.Join(err, also)
	}
	return index, nil
}

// CacheFile is where the index of a directory is kept that nothing may be written to.
func CacheFile(dir string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("search index: %w", err)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", fmt.Errorf("search index: %w", err)
	}
	key, err := audit.PublicKey(dir)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(dir + "\x00" + key))
	return filepath.Join(cache, "tidegate", "search-"+hex.EncodeToString(sum[:8])+".db"), nil
}
