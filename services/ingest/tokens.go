package ingest

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
	"github.com/tidegate/tidegate/services/ingest/internal/token"
	"github.com/tidegate/tidegate/shared/clock"
)

// TokensName is the file of tokens in the directory of a door.
const TokensName = "tokens.json"

// Token is what is kept of a token.
type Token = token.Record

// tokenFile is what the file holds.
type tokenFile struct {
	Tokens []Token `json:"tokens"`
}

// ReadTokens reads the tokens of a door's directory; none where there is no file.
func ReadTokens(dir string) ([]Token, error) {
	b, err := os.ReadFile(filepath.Join(dir, TokensName))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("tokens: %w", err)
	}
	var f tokenFile
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, fmt.Errorf("tokens %s: %w", filepath.Join(dir, TokensName), err)
	}
	return f.Tokens, nil
}

// CreateToken makes a token and keeps its digest in a door's directory, where a running door finds it within a second.
// The secret is told this once.
func CreateToken(dir string, r Token, now time.Time) (secret string, _ Token, err error) {
	r.Created = event.At(now)
	if secret, r, err = token.New(rand.Reader, r); err != nil {
		return "", r, fmt.Errorf("token: %w", err)
	}
	return secret, r, editTokens(dir, func(all []Token) ([]Token, error) {
		if slices.ContainsFunc(all, func(one Token) bool { return one.Name == r.Name && one.Revoked == "" }) {
			return nil, fmt.Errorf("a token named %q is there already; names say in the log who brought an order", r.Name)
		}
		return append(all, r), nil
	})
}

// RevokeToken ends a token, by id or name. Its record stays.
func RevokeToken(dir, which string, now time.Time) error {
	return editTokens(dir, func(all []Token) ([]Token, error) {
		for i, one := range all {
			if (one.ID == which || one.Name == which) && one.Revoked == "" {
				all[i].Revoked = event.At(now)
				return all, nil
			}
		}
		return nil, fmt.Errorf("no token %q that counts", which)
	})
}

// editTokens changes the file under a lock, whole or not at all.
func editTokens(dir string, edit func([]Token) ([]Token, error)) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("tokens: %w", err)
	}
	held, err := os.OpenFile(filepath.Join(dir, TokensName+".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("tokens: %w", err)
	}
	defer func() { _ = held.Close() }() // gives the lock back
	if err := syscall.Flock(int(held.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("tokens: %w", err)
	}
	all, err := ReadTokens(dir)
	if err != nil {
		return err
	}
	if all, err = edit(all); err != nil {
		return err
	}
	b, err := json.MarshalIndent(tokenFile{all}, "", "  ")
	if err != nil {
		return fmt.Errorf("tokens: %w", err)
	}
	file := filepath.Join(dir, TokensName)
	if err := os.WriteFile(file+".new", append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("tokens: %w", err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		return fmt.Errorf("tokens: %w", err)
	}
	return nil
}

// tokensAge is how long a door goes on with what it read.
const tokensAge = time.Second

// keyring is the tokens of a running door, read again when the file changed.
type keyring struct {
	dir   string
	clock clock.Clock

	mu      sync.Mutex
	looked  time.Time
	changed time.Time
	size    int64
	all     []Token
	err     error
}

// list gives every token, the revoked ones too: a door whose last token was revoked is not open again. Fresh looks at the
// file whatever the age of what was read.
func (k *keyring) list(fresh bool) ([]Token, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.clock()
	if !fresh && now.Sub(k.looked) < tokensAge && !k.looked.IsZero() {
		return slices.Clip(k.all), k.err
	}
	k.looked = now
	st, err := os.Stat(filepath.Join(k.dir, TokensName))
	switch {
	case errors.Is(err, os.ErrNotExist):
		k.all, k.err, k.changed, k.size = nil, nil, time.Time{}, 0
	case err != nil:
		k.err = err // what counts is not known: nobody passes
	case !st.ModTime().Equal(k.changed) || st.Size() != k.size || k.err != nil:
		if k.all, k.err = ReadTokens(k.dir); k.err == nil {
			k.changed, k.size = st.ModTime(), st.Size()
		}
	}
	return slices.Clip(k.all), k.err
}
