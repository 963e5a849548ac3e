package orders

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"hash"
	"io"
)

// lines writes JSON, a value a line, and adds up the digest of all.
type lines struct {
	*bufio.Writer

	sum hash.Hash
	enc *json.Encoder
}

func newLines(w io.Writer) *lines {
	sum := sha256.New()
	b := bufio.NewWriterSize(io.MultiWriter(w, sum), 1<<16)
	return &lines{b, sum, json.NewEncoder(b)}
}

func (l *lines) write(v any) error { return l.enc.Encode(v) }

// digest is the SHA-256 of what was flushed, in lower-case hex.
func (l *lines) digest() string { return hex.EncodeToString(l.sum.Sum(nil)) }
