package auditverify

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"

	"golang.org/x/mod/sumdb/tlog"
)

// desk is what one goroutine checks bundles with: room and hash that each bundle uses again. Hashing three gigabytes a
// second leaves no time for new memory.
type desk struct {
	log fs.FS
	buf []byte
	sum hash.Hash
}

func newDesk(log fs.FS) *desk { return &desk{log: log, buf: make([]byte, 1<<20), sum: sha256.New()} }

// read gives a file's bytes, which the next read overwrites.
func (d *desk) read(name string) ([]byte, error) {
	f, err := d.log.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	for n := 0; ; {
		if n == len(d.buf) {
			d.buf = append(d.buf, make([]byte, len(d.buf))...)
		}
		m, err := f.Read(d.buf[n:])
		n += m
		if errors.Is(err, io.EOF) {
			return d.buf[:n], nil
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
	}
}

// leafHash is the RFC 6962 hash of a leaf.
func (d *desk) leafHash(leaf []byte) (h tlog.Hash) {
	d.sum.Reset()
	_, _ = d.sum.Write([]byte{0})
	_, _ = d.sum.Write(leaf)
	d.sum.Sum(h[:0])
	return h
}
