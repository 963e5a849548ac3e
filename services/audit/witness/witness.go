// Package witness signs checkpoints of logs that it knows by their key, each only if it goes on from the one signed before
// (C2SP tlog-witness and tlog-cosignature). It is what a company's own audit department runs, on a machine that whoever keeps
// the log cannot reach: a log that was rolled back, forked or begun anew finds no witness.
package witness

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/shared/clock"
)

// Config says what a witness signs for.
type Config struct {
	Dir   string      // its key and the last checkpoint of each log; created when missing
	Name  string      // in its signatures, schemaless URL as C2SP asks: "witness.example.com/audit"
	Logs  []string    // verifier keys of the logs, "name+hash+base64"
	Clock clock.Clock // time put into signatures; the system's
}

// Witness is an http.Handler for add-checkpoint.
type Witness struct {
	cfg  Config
	key  ed25519.PrivateKey
	logs map[string]string // verifier keys by origin

	mu sync.Mutex // one checkpoint at a time: read, compare, keep, sign
}

const (
	algorithm  = 4        // of an Ed25519 cosignature
	maxRequest = 64 << 10 // bytes of a request
	maxProof   = 63       // hashes in one
	keyFile    = "witness.key"
	secret     = 0o600
)

// New reads the witness's key or makes it.
func New(cfg Config) (*Witness, error) {
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	w := &Witness{cfg: cfg, logs: map[string]string{}}
	for _, key := range cfg.Logs {
		name, _, ok := strings.Cut(strings.TrimSpace(key), "+")
		if !ok {
			return nil, fmt.Errorf("witness: %q is no verifier key of a log", key)
		}
		w.logs[name] = strings.TrimSpace(key)
	}
	if cfg.Name == "" || strings.ContainsAny(cfg.Name, " +\n") || len(w.logs) == 0 {
		return nil, errors.New("witness: want a name without space or plus, and a log's key")
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("witness: %w", err)
	}
	seed, err := os.ReadFile(filepath.Join(cfg.Dir, keyFile))
	if errors.Is(err, fs.ErrNotExist) {
		seed = make([]byte, ed25519.SeedSize)
		_, _ = rand.Read(seed)
		err = keep(filepath.Join(cfg.Dir, keyFile), seed)
	}
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("witness: key: %w", errors.Join(err, errors.New("want 32 bytes")))
	}
	w.key = ed25519.NewKeyFromSeed(seed)
	return w, nil
}

// Key is the witness's verifier key, as a policy names it.
func (w *Witness) Key() string {
	key, hash := w.public()
	return fmt.Sprintf("%s+%x+%s", w.cfg.Name, hash, base64.StdEncoding.EncodeToString(key))
}

// Policy is a policy under which this witness, reached at a URL, must have signed.
func (w *Witness) Policy(url string) []byte {
	return fmt.Appendf(nil, "witness w %s %s\nquorum w\n", w.Key(), url)
}

func (w *Witness) public() (key, hash []byte) {
	public, _ := w.key.Public().(ed25519.PublicKey)
	key = append([]byte{algorithm}, public...)
	sum := sha256.Sum256(append([]byte(w.cfg.Name+"\n"), key...))
	return key, sum[:4]
}

// refusal is an answer that is no signature.
type refusal struct {
	status int
	body   string
}

func (r refusal) Error() string { return r.body }

// ServeHTTP answers POST …/add-checkpoint.
func (w *Witness) ServeHTTP(rw http.ResponseWriter, req *http.Request) {
	if req.Method != http.MethodPost || !strings.HasSuffix(req.URL.Path, "/add-checkpoint") {
		http.NotFound(rw, req)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(rw, req.Body, maxRequest))
	if err != nil {
		http.Error(rw, "request is too long", http.StatusBadRequest)
		return
	}
	line, err := w.add(string(body))
	if r, ok := errors.AsType[refusal](err); ok {
		if r.status == http.StatusConflict {
			rw.Header().Set("Content-Type", "text/x.tlog.size")
		}
		rw.WriteHeader(r.status)
		_, _ = io.WriteString(rw, r.body+"\n")
		return
	}
	if err != nil {
		http.Error(rw, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = rw.Write(line)
}

// add signs a checkpoint if it goes on from the last one signed. That one is on disk before the signature is out.
func (w *Witness) add(body string) ([]byte, error) {
	old, proof, raw, err := parse(body)
	if err != nil {
		return nil, refusal{http.StatusBadRequest, err.Error()}
	}
	origin, _, _ := strings.Cut(raw, "\n")
	key, known := w.logs[origin]
	if !known {
		return nil, refusal{http.StatusNotFound, "log is not known"}
	}
	point, err := auditverify.OpenCheckpoint([]byte(raw), key)
	if err != nil {
		return nil, refusal{http.StatusForbidden, err.Error()}
	}
	if old > point.Size {
		return nil, refusal{http.StatusBadRequest, "old size is above the checkpoint's"}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	last, err := w.last(origin, key)
	if err != nil {
		return nil, err
	}
	if old != last.Size || point.Size == last.Size && last.Size > 0 && point.Root != last.Root {
		return nil, refusal{http.StatusConflict, strconv.FormatUint(last.Size, 10)}
	}
	if err := goesOn(last, point, proof); err != nil {
		return nil, refusal{http.StatusUnprocessableEntity, err.Error()}
	}
	if err := keep(w.file(origin), []byte(raw)); err != nil {
		return nil, err
	}
	return w.sign(raw), nil
}

// goesOn demands a proof that a checkpoint's tree contains another's.
func goesOn(last, point auditverify.Checkpoint, proof tlog.TreeProof) error {
	if last.Size == 0 || last.Size == point.Size {
		if len(proof) > 0 {
			return errors.New("proof must be empty")
		}
		return nil
	}
	return tlog.CheckTree(proof, int64(point.Size), point.Root, int64(last.Size), last.Root) //nolint:gosec // sizes are below 2^62
}

// parse takes a request apart: "old SIZE", hashes, an empty line, the checkpoint.
func parse(body string) (old uint64, proof tlog.TreeProof, checkpoint string, err error) {
	head, checkpoint, ok := strings.Cut(body, "\n\n")
	lines := strings.Split(head, "\n")
	size, begins := strings.CutPrefix(lines[0], "old ")
	old, err = strconv.ParseUint(size, 10, 62)
	if !ok || !begins || err != nil || strconv.FormatUint(old, 10) != size || len(lines) > 1+maxProof {
		return 0, nil, "", errors.New("not an add-checkpoint request")
	}
	for _, line := range lines[1:] {
		h, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil || len(h) != tlog.HashSize {
			return 0, nil, "", fmt.Errorf("proof: %q", line)
		}
		proof = append(proof, tlog.Hash(h))
	}
	return old, proof, checkpoint, nil
}

func (w *Witness) file(origin string) string {
	return filepath.Join(w.cfg.Dir, fmt.Sprintf("%x.checkpoint", sha256.Sum256([]byte(origin))))
}

// last is the last checkpoint signed of a log; of size 0 before the first.
func (w *Witness) last(origin, key string) (auditverify.Checkpoint, error) {
	raw, err := os.ReadFile(w.file(origin))
	if errors.Is(err, fs.ErrNotExist) {
		return auditverify.Checkpoint{}, nil
	}
	if err != nil {
		return auditverify.Checkpoint{}, fmt.Errorf("witness: %w", err)
	}
	return auditverify.OpenCheckpoint(raw, key)
}

// sign gives the signature line over a checkpoint's text and the present time.
func (w *Witness) sign(raw string) []byte {
	text := raw[:strings.Index(raw, "\n\n")+1]
	now := w.cfg.Clock().Unix()
	sig := ed25519.Sign(w.key, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", now, text))
	_, hash := w.public()
	line := append(binary.BigEndian.AppendUint64(hash, uint64(now)), sig...) //nolint:gosec // seconds since 1970
	return fmt.Appendf(nil, "— %s %s\n", w.cfg.Name, base64.StdEncoding.EncodeToString(line))
}

// keep replaces a file whole and durably.
func keep(name string, b []byte) error {
	f, err := os.OpenFile(name+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, secret)
	if err != nil {
		return fmt.Errorf("witness: %w", err)
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("witness: %w", err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		return fmt.Errorf("witness: %w", err)
	}
	d, err := os.Open(filepath.Dir(name))
	if err != nil {
		return fmt.Errorf("witness: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}
