package audit

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/digitorus/timestamp"

	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/services/audit/internal/exhibit"
)

// Timestamped checkpoints stay beside the log, too, so that a copy of it has them: below timestamps, in folders of 65,536 leaves each, so
// that none grows without end.
const (
	stampName   = "timestamps"
	stampFolder = 16 // bits of a size that one folder spans
	policyName  = "witness-policy"
)

// stampPath is where a checkpoint's timestamp is kept beside the log; the endings are .checkpoint and .tsr.
func stampPath(dir string, size uint64) string {
	return filepath.Join(dir, stampName, strconv.FormatUint(size>>stampFolder, 10), fmt.Sprintf("%020d", size))
}

// stamped is a timestamped checkpoint on disk.
type stamped struct {
	size uint64
	stem string
}

// timestamps lists a log's timestamped checkpoints, those beside it and those in the directory to which checkpoints are exported,
// smallest first.
func timestamps(s shard, exported string) ([]stamped, error) {
	folders, err := filepath.Glob(filepath.Join(s.dir, stampName, "*"))
	if err != nil {
		return nil, err
	}
	switch {
	case exported != "" && s.n > 1:
		folders = append(folders, filepath.Join(exported, fmt.Sprintf("log-%d", s.n)))
	case exported != "":
		folders = append(folders, exported)
	}
	var out []stamped
	for _, folder := range folders {
		entries, err := os.ReadDir(folder)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("timestamps: %w", err)
		}
		for _, e := range entries {
			name, ok := strings.CutSuffix(e.Name(), ".tsr")
			size, err := strconv.ParseUint(name, 10, 62)
			if ok && err == nil {
				out = append(out, stamped{size, filepath.Join(folder, name)})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b stamped) int { return int(a.size) - int(b.size) }) //nolint:gosec // below 2^62
	return slices.CompactFunc(out, func(a, b stamped) bool { return a.size == b.size }), nil
}

// read reads a timestamped checkpoint. That the checkpoint is the log's is still to be proven; whether the authority is to be
// trusted is judged by who verifies the token.
func (s stamped) read() (out exhibit.Stamp, err error) {
	raw, rerr := os.ReadFile(s.stem + ".checkpoint")
	token, terr := os.ReadFile(s.stem + ".tsr")
	if err := errors.Join(rerr, terr); err != nil {
		return out, fmt.Errorf("timestamped checkpoint: %w", err)
	}
	t, err := timestamp.ParseResponse(token)
	if err != nil {
		return out, fmt.Errorf("%w: %s.tsr: %w", auditverify.ErrBad, s.stem, err)
	}
	h := crypto.SHA256.New()
	_, _ = h.Write(raw)
	if !bytes.Equal(h.Sum(nil), t.HashedMessage) {
		return out, fmt.Errorf("%w: %s.tsr is not of the checkpoint beside it", auditverify.ErrBad, s.stem)
	}
	ask := timestamp.Request{HashAlgorithm: crypto.SHA256, HashedMessage: t.HashedMessage, Certificates: true, Nonce: t.Nonce}
	query, err := ask.Marshal()
	if err != nil {
		return out, fmt.Errorf("%s.tsr: %w", s.stem, err)
	}
	out = exhibit.Stamp{Point: auditverify.Checkpoint{Raw: raw, Size: s.size}, Token: token, Query: query, At: t.Time.UTC().Format(time.RFC3339)}
	for _, c := range t.Certificates {
		out.Certificates = append(out.Certificates, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
		if slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageTimeStamping) {
			out.Authority = c.Subject.String()
		}
	}
	return out, nil
}

// keepPolicy writes the witnesses' policy beside the log, so that a copy of it says who signs.
func keepPolicy(dir string, policy []byte) error {
	name := filepath.Join(dir, policyName)
	if old, err := os.ReadFile(name); err == nil && bytes.Equal(old, policy) {
		return nil
	}
	return writeFile(name, policy, 0o644)
}
