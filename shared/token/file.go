package token

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/shared/clock"
)

// FileName is the file of tokens in the directory of a door.
const FileName = "tokens.json"

// fileOf is what the file holds.
type fileOf struct {
	Tokens []Record `json:"tokens"`
}

// Load reads the tokens of a door's directory; none where there is no file.
func Load(dir string) ([]Record, error) {
	b, err := os.ReadFile(filepath.Join(dir, FileName))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("tokens: %w", err)
	}
	var f fileOf
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, fmt.Errorf("tokens %s: %w", filepath.Join(dir, FileName), err)
	}
	return f.Tokens, nil
}

// Create makes a token and keeps its digest in a door's directory, where a running door finds it within a second.
// The secret is told this once.
func Create(dir string, r Record, now time.Time) (secret string, _ Record, err error) {
	r.Created = event.At(now)
	if secret, r, err = New(rand.Reader, r); err != nil {
		return "", r, fmt.Errorf("token: %w", err)
	}
	return secret, r, edit(dir, func(all []Record) ([]Record, error) {
		if slices.ContainsFunc(all, func(one Record) bool { return one.Name == r.Name && one.Revoked == "" }) {
			return nil, fmt.Errorf("a token named %q is there already; names say in the log who brought an order", r.Name)
		}
		return append(all, r), nil
	})
}

// Revoke ends a token, by id or name. Its record stays.
func Revoke(dir, which string, now time.Time) error {
	return edit(dir, func(all []Record) ([]Record, error) {
		for i, one := range all {
			if (one.ID == which || one.Name == which) && one.Revoked == "" {
				all[i].Revoked = event.At(now)
				return all, nil
			}
		}
		return nil, fmt.Errorf("no token %q that counts", which)
	})
}

// edit changes the file under a lock, whole or not at all.
func edit(dir string, change func([]Record) ([]Record, error)) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("tokens: %w", err)
	}
	held, err := os.OpenFile(filepath.Join(dir, FileName+".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("tokens: %w", err)
	}
	defer func() { _ = held.Close() }() // gives the lock back
	if err := syscall.Flock(int(held.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("tokens: %w", err)
	}
	all, err := Load(dir)
	if err != nil {
		return err
	}
	if all, err = change(all); err != nil {
		return err
	}
	b, err := json.MarshalIndent(fileOf{all}, "", "  ")
	if err != nil {
		return fmt.Errorf("tokens: %w", err)
	}
	file := filepath.Join(dir, FileName)
	if err := os.WriteFile(file+".new", append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("tokens: %w", err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		return fmt.Errorf("tokens: %w", err)
	}
	return nil
}

// ringAge is how long a door goes on with what it read.
const ringAge = time.Second

// Ring is the tokens of a running door, read again when the file changed.
type Ring struct {
	dir   string
	clock clock.Clock

	mu      sync.Mutex
	looked  time.Time
	changed time.Time
	size    int64
	all     []Record
	err     error
}

// NewRing reads the tokens of a directory as they are needed.
func NewRing(dir string, now clock.Clock) *Ring { return &Ring{dir: dir, clock: now} }

// Find gives the record of a token that counts, also of one that was made a moment ago. An error says that what counts is not
// known.
func (k *Ring) Find(secret string) (r Record, ok bool, err error) {
	formed := Check(secret) == nil
	for _, fresh := range []bool{false, true} {
		all, err := k.List(fresh)
		if err != nil {
			return r, false, err
		}
		if r, ok = Find(all, secret); ok || !formed {
			return r, ok, nil
		}
	}
	return r, false, nil
}

// List gives every token, the revoked ones too: a door whose last token was revoked is not open again. Fresh looks at the
// file whatever the age of what was read.
func (k *Ring) List(fresh bool) ([]Record, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.clock()
	if !fresh && now.Sub(k.looked) < ringAge && !k.looked.IsZero() {
		return slices.Clip(k.all), k.err
	}
	k.looked = now
	st, err := os.Stat(filepath.Join(k.dir, FileName))
	switch {
	case errors.Is(err, os.ErrNotExist):
		k.all, k.err, k.changed, k.size = nil, nil, time.Time{}, 0
	case err != nil:
		k.err = err // what counts is not known: nobody passes
	case !st.ModTime().Equal(k.changed) || st.Size() != k.size || k.err != nil:
		if k.all, k.err = Load(k.dir); k.err == nil {
			k.changed, k.size = st.ModTime(), st.Size()
		}
	}
	return slices.Clip(k.all), k.err
}
