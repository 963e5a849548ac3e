package standalone

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/services/screening/replay"
)

// ReportsDir is where the reports of replays of a data directory are kept until newer ones take their place: what --apply
// applies is exactly what was looked at. It can be deleted at any time.
func ReportsDir(data string) string { return filepath.Join(data, "reports") }

// mostReports is how many reports are kept.
const mostReports = 20

// ErrNoReport says that no report of the digest that was given is kept.
var ErrNoReport = errors.New("no replay of this data directory has a report with this digest")

// keepReport keeps a report under its digest.
func keepReport(data string, rep replay.Report, digest string) error {
	dir := ReportsDir(data)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("keep the replay's report: %w", err)
	}
	if err := writeFile(filepath.Join(dir, digest+".json"), rep.WriteJSON); err != nil {
		return err
	}
	return forgetReports(dir, digest)
}

// forgetReports removes the oldest reports beyond those that are kept.
func forgetReports(dir, newest string) error {
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(names) <= mostReports {
		return err
	}
	written := func(name string) int64 {
		st, err := os.Stat(name)
		if err != nil {
			return 0
		}
		return st.ModTime().UnixNano()
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(written(a), written(b)) })
	for _, name := range names[:len(names)-mostReports] {
		if !strings.Contains(name, newest) {
			_ = os.Remove(name)
			_ = os.Remove(strings.TrimSuffix(name, ".json") + ".applied")
		}
	}
	return nil
}

// keptReport reads the report that a digest, or the first eight or more digits of one, names. What does not have the digest it
// is kept under is refused.
func keptReport(data, digest string) (rep replay.Report, whole string, err error) {
	if len(digest) < 8 || strings.Trim(digest, "0123456789abcdef") != "" {
		return rep, "", fmt.Errorf("%q is no digest of a report: give its 64 digits, or the first eight or more", digest)
	}
	names, err := filepath.Glob(filepath.Join(ReportsDir(data), digest+"*.json"))
	if err != nil {
		return rep, "", err
	}
	switch len(names) {
	case 0:
		return rep, "", fmt.Errorf("%w: %s; run the replay again and look at its report", ErrNoReport, digest)
	case 1:
	default:
		return rep, "", fmt.Errorf("%s is the beginning of %d digests: give more of it", digest, len(names))
	}
	whole = strings.TrimSuffix(filepath.Base(names[0]), ".json")
	is, err := digestOfFile(names[0])
	if err != nil {
		return rep, whole, err
	}
	if is != whole {
		return rep, whole, fmt.Errorf("the report kept as %s was changed: its digest is %s; run the replay again", whole, is)
	}
	rep, err = replay.ReadJSON(func() (io.ReadCloser, error) {
		f, err := os.Open(names[0])
		return buffered{bufio.NewReaderSize(f, 1<<16), f}, err
	})
	return rep, whole, err
}

type buffered struct {
	*bufio.Reader
	io.Closer
}

func digestOfFile(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", fmt.Errorf("read the replay's report: %w", err)
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("read the replay's report: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// applier is who began to apply a report: whoever goes on with it brings in the same acts, to the letter.
type applier struct {
	By string `json:"by"`
}

// begunBy says in whose name a report is applied: by whom it was begun, else by whoever begins now.
func begunBy(data, digest, by string) (applier, error) {
	file := filepath.Join(ReportsDir(data), digest+".applied")
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		a := applier{By: by}
		return a, writeFile(file, func(w io.Writer) error { return json.NewEncoder(w).Encode(a) })
	}
	if err != nil {
		return applier{}, fmt.Errorf("who applied the replay: %w", err)
	}
	var a applier
	if err := json.Unmarshal(b, &a); err != nil {
		return a, fmt.Errorf("who applied the replay: %w", err)
	}
	return a, nil
}
