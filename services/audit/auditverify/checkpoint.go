package auditverify

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	hashSize = tlog.HashSize
	maxNote  = 1 << 20 // bytes of a proof or policy: far more than any has
)

// Checkpoint is a log's signed statement of its size and root (C2SP tlog-checkpoint).
type Checkpoint struct {
	Origin string    // the log's name, also its key's
	Size   uint64    // leaves
	Root   tlog.Hash // RFC 6962 root hash over them
	Raw    []byte    // the signed note as it was read
}

var errCheckpoint = errors.New("not a checkpoint")

// OpenCheckpoint checks the note's signature with a verifier key ("name+hash+base64", as in key.pub) and reads it.
func OpenCheckpoint(raw []byte, key string) (Checkpoint, error) {
	verifier, err := note.NewVerifier(strings.TrimSpace(key))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("log key: %w", err)
	}
	n, err := note.Open(raw, note.VerifierList(verifier))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint signature: %w", err)
	}
	c, err := parseCheckpoint(n.Text)
	if err != nil {
		return Checkpoint{}, err
	}
	if err := canonical(raw[len(n.Text):]); err != nil {
		return Checkpoint{}, err
	}
	if c.Origin != verifier.Name() {
		return Checkpoint{}, fmt.Errorf("%w of this log: it is of %q, the key of %q", errCheckpoint, c.Origin, verifier.Name())
	}
	c.Raw = raw
	return c, nil
}

// canonical refuses signature lines that decode to the same bytes as others: the note's own reader passes over the
// unused bits at the end of base64, and a changed bit must not go unseen.
func canonical(signatures []byte) error {
	for line := range strings.Lines(strings.TrimPrefix(string(signatures), "\n")) {
		sig := line[strings.LastIndexByte(line, ' ')+1:]
		if _, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSuffix(sig, "\n")); err != nil {
			return fmt.Errorf("%w: signature line: %w", errCheckpoint, err)
		}
	}
	return nil
}

// parseCheckpoint reads the signed text: origin, size, root, and lines that later versions may add.
func parseCheckpoint(text string) (Checkpoint, error) {
	lines := strings.SplitN(text, "\n", 4)
	if len(lines) < 4 || lines[0] == "" {
		return Checkpoint{}, fmt.Errorf("%w: want origin, size and root on a line each", errCheckpoint)
	}
	size, err := strconv.ParseUint(lines[1], 10, 62)
	if err != nil || strconv.FormatUint(size, 10) != lines[1] {
		return Checkpoint{}, fmt.Errorf("%w: size %q", errCheckpoint, lines[1])
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != hashSize {
		return Checkpoint{}, fmt.Errorf("%w: root %q", errCheckpoint, lines[2])
	}
	return Checkpoint{Origin: lines[0], Size: size, Root: tlog.Hash(root)}, nil
}
