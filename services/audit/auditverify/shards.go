package auditverify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
)

// LogDirs lists the directories of the logs of an audit directory, oldest first: the first log lies in the directory itself, each
// declared restore began another one below shards. Each has its log/ and key.pub.
func LogDirs(dir string) ([]string, error) {
	dirs := []string{dir}
	entries, err := os.ReadDir(filepath.Join(dir, "shards"))
	if errors.Is(err, fs.ErrNotExist) {
		return dirs, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnusable, err)
	}
	found := map[int]bool{}
	for _, e := range entries {
		if n, err := strconv.Atoi(e.Name()); err == nil && e.IsDir() {
			found[n] = true
		}
	}
	for n := range found {
		if n < 2 || n > 1+len(found) {
			return nil, fmt.Errorf("%w: there is a log %d in %s, but not every one before it", ErrBad, n, dir)
		}
	}
	for n := 2; n < 2+len(found); n++ {
		dirs = append(dirs, LogDir(dir, n))
	}
	return dirs, nil
}

// LogDir is where the n-th log of an audit directory lies, counted from 1.
func LogDir(dir string, n int) string {
	if n == 1 {
		return dir
	}
	return filepath.Join(dir, "shards", strconv.Itoa(n))
}

// All verifies every log of an audit directory: each one, and that each goes on from the one before as its first leaf says.
// The report is the newest log's, with the others' in it; its verdict and the error are the worst. Options.Key may have
// several keys, one a line; without any, those in the directory serve, which proves no more than that it is consistent in
// itself. A kept checkpoint is checked against the log of its name.
func All(ctx context.Context, dir string, o Options) (Report, error) {
	dirs, err := LogDirs(dir)
	if err != nil {
		return Report{Verdict: verdict(err)}, err
	}
	if o.Blobs == nil {
		if _, err := os.Stat(filepath.Join(dir, "blobs")); err == nil {
			o.Blobs = os.DirFS(filepath.Join(dir, "blobs"))
		}
	}
	kept, given := o.Kept, o.Key
	var newest Report
	var next *event.Restore
	for i := range slices.Backward(dirs) {
		if next != nil && next.Leaves == 0 {
			newest.Lacks = append(newest.Lacks, fmt.Sprintf("the log %s was abandoned and is not looked at", next.Log))
			_, kept = ofLog(kept, next.Log)
			next, _ = Declared(dirs[i])
			continue
		}
		var keyErr error
		if o.Key, keyErr = keyOf(dirs[i], given); keyErr != nil {
			return Report{Verdict: verdict(keyErr)}, keyErr
		}
		o.Kept, kept = ofLog(kept, o.Key)
		o.next = next
		rep, rerr := one(ctx, dirs[i], i+1, o)
		next, o.Policy = rep.Restored, nil
		newest, err = join(newest, rep, err, rerr)
	}
	if err == nil && len(kept) > 0 {
		newest.Verdict, err = "unusable", fmt.Errorf("%w: %d kept checkpoints are of no log in %s", ErrUnusable, len(kept), dir)
	}
	return newest, err
}

// one verifies the n-th log. After the first it must say which one it goes on from; one that was declared and never began
// says so in the declaration alone.
func one(ctx context.Context, dir string, n int, o Options) (Report, error) {
	if n > 1 && len(o.Kept) == 0 {
		if _, err := os.Stat(filepath.Join(dir, "log", CheckpointFile)); errors.Is(err, fs.ErrNotExist) {
			said, err := Declared(dir)
			if err != nil {
				return Report{Verdict: verdict(err)}, err
			}
			return Report{Verdict: "good", Restored: said, Lacks: []string{fmt.Sprintf("log %d was declared and is not begun", n)}}, nil
		}
	}
	rep, err := Dir(ctx, filepath.Join(dir, "log"), o)
	if n > 1 && err == nil && rep.Size > 0 && rep.Restored == nil {
		err = fmt.Errorf("%w: log %d does not say which one it goes on from", ErrBad, n)
		rep.Verdict, rep.Faults = "bad", append(rep.Faults, Fault{Text: err.Error()})
	}
	if rep.Restored != nil {
		if said, derr := Declared(dir); !errors.Is(derr, fs.ErrNotExist) && (derr != nil || *said != *rep.Restored) {
			err = errors.Join(err, fmt.Errorf("%w: %s does not say what the first leaf says", ErrBad, filepath.Join(dir, DeclarationFile)))
			rep.Verdict, rep.Faults = "bad", append(rep.Faults, Fault{Text: err.Error()})
		}
	}
	return rep, err
}

// DeclarationFile is where a log's directory has the line of its first leaf, written before the log.
const DeclarationFile = "restore.json"

// Declared reads what a log's directory was declared to go on from. Once the log has begun, its first leaf says the same.
func Declared(dir string) (*event.Restore, error) {
	b, err := os.ReadFile(filepath.Join(dir, DeclarationFile))
	if err != nil {
		return nil, fmt.Errorf("%w: declaration of a restore: %w", ErrUnusable, err)
	}
	var r event.Restore
	if err := json.Unmarshal(b, &r); err != nil || r.Line != event.LineRestore || r.V != 1 {
		return nil, fmt.Errorf("%w: %s is no declaration of a restore", ErrBad, filepath.Join(dir, DeclarationFile))
	}
	return &r, nil
}

// join puts the report of an earlier log into the newest one's. The worst error of the two stays: bad before unusable.
func join(newest, rep Report, err, rerr error) (Report, error) {
	if newest.Verdict == "" {
		return rep, rerr
	}
	newest.Former = append([]Report{rep}, newest.Former...)
	if rerr != nil && !errors.Is(err, ErrBad) {
		newest.Verdict = rep.Verdict
		return newest, fmt.Errorf("log %s: %w", rep.Origin, rerr)
	}
	return newest, err
}

func verdict(err error) string {
	switch {
	case err == nil:
		return "good"
	case errors.Is(err, ErrUnusable):
		return "unusable"
	default:
		return "bad"
	}
}

// keyOf finds a log's key among those given by its name; with none given it is the one beside the log.
func keyOf(dir, given string) (string, error) {
	b, err := os.ReadFile(filepath.Join(dir, "key.pub"))
	if strings.TrimSpace(given) == "" {
		if err != nil {
			return "", fmt.Errorf("%w: log key: %w", ErrUnusable, err)
		}
		return strings.TrimSpace(string(b)), nil
	}
	lines := strings.Fields(given)
	name, _, _ := strings.Cut(string(b), "+")
	for _, key := range lines {
		if of, _, _ := strings.Cut(key, "+"); of == name {
			return key, nil
		}
	}
	if len(lines) == 1 {
		return lines[0], nil // it will say that it is not this log's
	}
	return "", fmt.Errorf("%w: no key was given for the log %s", ErrUnusable, name)
}

// ofLog splits kept checkpoints into those that name the key's log and the others.
func ofLog(kept [][]byte, key string) (its, others [][]byte) {
	name, _, _ := strings.Cut(strings.TrimSpace(key), "+")
	for _, raw := range kept {
		if of, _, _ := strings.Cut(string(raw), "\n"); of == name {
			its = append(its, raw)
		} else {
			others = append(others, raw)
		}
	}
	return its, others
}
