package audit

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/mod/sumdb/note"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit/auditverify"
)

// Where things lie below the audit directory.
const (
	logName    = "log"
	blobName   = "blobs"
	keyName    = "key"
	pubName    = "key.pub"
	guardName  = "guard.json"
	lockName   = "lock"
	stateName  = ".state/treeState" // the log library's own state, below the log
	dirPerm    = 0o755
	secretPerm = 0o600
)

func (s *Service) logDir() string { return s.shard.log() }

// lock keeps a second writer off. The file stays; the lock goes with the process.
func lock(dir string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, dirPerm); err != nil {
		return nil, fmt.Errorf("audit directory: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("audit directory: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("audit directory: lock: %w", err)
		}
		return nil, fmt.Errorf("%w: another audit service writes to %s", ErrRefused, dir)
	}
	return func() { _ = f.Close() }, nil
}

// keys are the log's signing key and the public one that verifies it.
type keys struct {
	signer note.Signer
	public string
}

// loadKeys reads the keys; where there is no log yet it makes them if there are none.
func loadKeys(dir, origin string, found bool) (keys, error) {
	secret, err := os.ReadFile(filepath.Join(dir, keyName))
	if errors.Is(err, fs.ErrNotExist) && !found {
		return makeKeys(dir, origin)
	}
	if err != nil {
		return keys{}, refuse("log key: %w", err)
	}
	public, err := os.ReadFile(filepath.Join(dir, pubName))
	if err != nil {
		return keys{}, refuse("log key: %w", err)
	}
	signer, err := note.NewSigner(strings.TrimSpace(string(secret)))
	if err != nil {
		return keys{}, refuse("log key: %w", err)
	}
	verifier, err := note.NewVerifier(strings.TrimSpace(string(public)))
	if err != nil || verifier.KeyHash() != signer.KeyHash() {
		return keys{}, refuse("log key: %s is not the public key of %s", pubName, keyName)
	}
	return keys{signer, strings.TrimSpace(string(public))}, nil
}

// makeKeys writes the public key first: with the secret one there, both are.
func makeKeys(dir, origin string) (keys, error) {
	secret, public, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return keys{}, fmt.Errorf("make log key: %w", err)
	}
	if err := writeFile(filepath.Join(dir, pubName), []byte(public+"\n"), 0o644); err != nil {
		return keys{}, err
	}
	if err := writeFile(filepath.Join(dir, keyName), []byte(secret+"\n"), secretPerm); err != nil {
		return keys{}, err
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		return keys{}, fmt.Errorf("make log key: %w", err)
	}
	return keys{signer, public}, nil
}

// writeFile replaces a file whole and durably: after a crash it is the old one or the new one.
func writeFile(name string, b []byte, perm os.FileMode) error {
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, dirPerm); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	f, err := os.OpenFile(name+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, perm)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return nil
}

// storeBlob keeps bytes under their digest. A blob is there before the leaf that names it.
func storeBlob(dir string, b []byte) (digest string, err error) {
	digest = event.Digest(b)
	name := filepath.Join(dir, blobName, filepath.FromSlash(auditverify.BlobPath(digest)))
	if old, err := os.ReadFile(name); err == nil && event.Digest(old) == digest {
		return digest, nil
	}
	if err := writeFile(name, b, 0o444); err != nil {
		return "", err
	}
	return digest, syncDir(filepath.Join(dir, blobName))
}

// treeState is the log library's own note of how far it has integrated.
type treeState struct {
	Size uint64 `json:"size"`
	Root []byte `json:"root"`
}

func loadTreeState(logDir string) (treeState, error) {
	b, err := os.ReadFile(filepath.Join(logDir, stateName))
	if err != nil {
		return treeState{}, fmt.Errorf("log state: %w", err)
	}
	var st treeState
	if err := json.Unmarshal(b, &st); err != nil {
		return treeState{}, fmt.Errorf("log state: %w", err)
	}
	return st, nil
}

// MakeKey gives the verifier key of an audit directory's log, making the log's keys where there are none yet: witnesses and
// auditors may need it before the first start. An origin of "" is the usual one.
func MakeKey(dir, origin string) (public string, err error) {
	if origin == "" {
		origin = Config{}.WithDefaults().Origin
	}
	if key, err := PublicKey(dir); err == nil {
		return strings.TrimSpace(key), nil
	}
	k, err := loadKeys(dir, origin, false)
	return k.public, err
}
