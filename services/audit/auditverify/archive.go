package auditverify

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/tidegate/tidegate/schemas/event"
)

// LackingPath is where the archive notes that it could not get the pack or snapshot of a digest when it was named first.
func LackingPath(digest string) string { return "lacking/" + digest }

// name notes what a leaf names, each once.
func (b *bundle) name(i int, leaf []byte) {
	for _, digest := range event.Named(leaf) {
		if digest == nil || slices.ContainsFunc(b.named, func(n naming) bool { return n.digest == string(digest) }) {
			continue
		}
		b.named = append(b.named, naming{string(digest), b.n*Width + uint64(i)})
	}
}

// naming is a digest with the first leaf that names it.
type naming struct {
	digest string
	leaf   uint64
}

// archived checks that every pack and snapshot that records name is in the archive, whole. One that the archive never had is a note; one
// that is gone or other than it was is a fault.
func (v *verifier) archived() {
	if v.opts.Blobs == nil {
		return
	}
	for at := 0; at < len(v.named); at++ { // grows by what objects name
		n := v.named[at]
		whole, parts, err := readObject(v.opts.Blobs, n.digest)
		switch {
		case err == nil && !whole:
			v.fault(&n.leaf, fmt.Errorf("archive: the bytes of %s, which it names, are not the ones that were archived", n.digest))
			continue
		case err == nil:
		case v.lacking(n.digest):
			v.report.Lacks = append(v.report.Lacks, fmt.Sprintf("the archive never had %s, which leaf %d names first; its records cannot be reproduced without it", n.digest, n.leaf))
			continue
		case errors.Is(err, fs.ErrNotExist):
			v.fault(&n.leaf, fmt.Errorf("archive: %s, which it names, is not there", n.digest))
			continue
		default:
			v.fault(&n.leaf, fmt.Errorf("archive: %w", err))
			continue
		}
		v.report.Archived++
		for _, part := range parts {
			v.names(naming{part, n.leaf})
		}
	}
}

// readObject says whether an object is whole, and what it names. Masters may be large: they are not held in memory.
func readObject(blobs fs.FS, digest string) (whole bool, parts []string, err error) {
	f, err := blobs.Open(BlobPath(digest))
	if err != nil {
		return false, nil, err
	}
	defer func() { _ = f.Close() }() // only read
	sum, head := sha256.New(), make([]byte, 0, maxManifest)
	if _, err := io.Copy(io.MultiWriter(sum, (*bounded)(&head)), f); err != nil {
		return false, nil, err
	}
	if len(head) < maxManifest {
		parts = event.Parts(head)
	}
	return hex.EncodeToString(sum.Sum(nil)) == digest, parts, nil
}

// maxManifest is more than an object has that names others.
const maxManifest = 2048

// bounded keeps the beginning of what is written.
type bounded []byte

// Write keeps what there is room for.
func (b *bounded) Write(p []byte) (int, error) {
	*b = append(*b, p[:min(len(p), cap(*b)-len(*b))]...)
	return len(p), nil
}

func (v *verifier) lacking(digest string) bool {
	_, err := fs.Stat(v.opts.Blobs, LackingPath(digest))
	return err == nil
}

func (v *verifier) names(n naming) {
	if !slices.ContainsFunc(v.named, func(o naming) bool { return o.digest == n.digest }) {
		v.named = append(v.named, n)
	}
}
