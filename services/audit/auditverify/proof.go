package auditverify

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// proofHead begins a proof (C2SP tlog-proof).
const proofHead = "c2sp.org/tlog-proof@v1\n"

var errProof = errors.New("not a proof")

// Proof writes the proof that a leaf is under the checkpoint, with the checkpoint: all that somebody needs who has
// the leaf's bytes and the log's key. The text is the one of C2SP tlog-proof.
func (l *Log) Proof(index uint64) ([]byte, error) {
	if index >= l.point.Size {
		return nil, fmt.Errorf("leaf %d: the checkpoint covers %d leaves", index, l.point.Size)
	}
	proof, err := tlog.ProveRecord(int64(l.point.Size), int64(index), l.hashes())
	if err != nil {
		return nil, fmt.Errorf("%w: leaf %d: %w", ErrBad, index, err)
	}
	b := fmt.Appendf([]byte(proofHead), "index %d\n", index)
	for _, h := range proof {
		b = append(base64.StdEncoding.AppendEncode(b, h[:]), '\n')
	}
	return append(append(b, '\n'), l.point.Raw...), nil
}

// CheckProof checks a leaf's bytes against its proof and the log's verifier key, and gives the leaf's index and the
// checkpoint it is under. ErrBad (wrapped) says that it is not.
func CheckProof(proof, leaf []byte, key string) (index uint64, point Checkpoint, err error) {
	index, hashes, raw, err := parseProof(string(proof))
	if err != nil {
		return 0, point, fmt.Errorf("%w: %w", ErrBad, err)
	}
	if point, err = OpenCheckpoint([]byte(raw), key); err != nil {
		return index, point, fmt.Errorf("%w: %w", ErrBad, err)
	}
	if index >= point.Size {
		return index, point, fmt.Errorf("%w: leaf %d, but the checkpoint covers %d", ErrBad, index, point.Size)
	}
	if err := tlog.CheckRecord(hashes, int64(point.Size), point.Root, int64(index), tlog.RecordHash(leaf)); err != nil {
		return index, point, fmt.Errorf("%w: leaf %d: %w", ErrBad, index, err)
	}
	return index, point, nil
}

// parseProof splits a proof: leaf index, hashes, checkpoint. An extra line is passed over: nothing vouches for it.
func parseProof(text string) (index uint64, hashes tlog.RecordProof, checkpoint string, err error) {
	if len(text) > maxNote {
		return 0, nil, "", fmt.Errorf("%w: %d bytes", errProof, len(text))
	}
	rest, ok := strings.CutPrefix(text, proofHead)
	head, checkpoint, found := strings.Cut(rest, "\n\n")
	lines := strings.Split(head, "\n")
	if strings.HasPrefix(lines[0], "extra ") {
		lines = lines[1:]
	}
	if !ok || !found || len(lines) == 0 || len(lines) > 1+62 {
		return 0, nil, "", errProof
	}
	digits, ok := strings.CutPrefix(lines[0], "index ")
	index, err = strconv.ParseUint(digits, 10, 62)
	if !ok || err != nil || strconv.FormatUint(index, 10) != digits {
		return 0, nil, "", fmt.Errorf("%w: %q", errProof, lines[0])
	}
	for _, line := range lines[1:] {
		h, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil || len(h) != hashSize || len(line) != base64.StdEncoding.EncodedLen(hashSize) { // the decoder passes over carriage returns
			return 0, nil, "", fmt.Errorf("%w: hash %q", errProof, line)
		}
		hashes = append(hashes, tlog.Hash(h))
	}
	return index, hashes, checkpoint, nil
}
