package cli

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// position is how far a file of one order a line was answered. It is kept beside the file while it is being sent, so that
// sending it again goes on there; orders sent twice around a crash are known to the server.
type position struct {
	Head   string `json:"head"`   // SHA-256 of the file's first bytes: another file under this name begins anew
	Offset int64  `json:"offset"` // bytes whose orders are answered
	Tally  tally  `json:"tally"`
}

// headSize is how many bytes tell a file from another.
const headSize = 64 << 10

func positionFile(name string) string { return name + ".position" }

// headOf is the digest of a file's first bytes.
func headOf(f *os.File) (string, error) {
	b := make([]byte, headSize)
	n, err := f.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	sum := sha256.Sum256(b[:n])
	return hex.EncodeToString(sum[:]), nil
}

// resume finds where to go on with a file; the zero offset when there is nothing to go on from.
func resume(f *os.File, name string) (position, error) {
	head, err := headOf(f)
	if err != nil {
		return position{}, err
	}
	fresh := position{Head: head}
	b, err := os.ReadFile(positionFile(name))
	if errors.Is(err, os.ErrNotExist) {
		return fresh, nil
	}
	if err != nil {
		return fresh, err
	}
	st, err := f.Stat()
	if err != nil {
		return fresh, err
	}
	if p, whole := positionOf(b); whole && p.Head == head && p.Offset >= 0 && p.Offset <= st.Size() {
		return p, nil
	}
	return fresh, nil
}

// positionOf reads a kept position; one that is no whole position is none.
func positionOf(b []byte) (p position, whole bool) {
	err := json.Unmarshal(b, &p)
	return p, err == nil
}

// keep writes the position, whole or not at all.
func (p position) keep(name string) error {
	b, err := json.Marshal(p)
	if err != nil {
		return err
	}
	file := positionFile(name)
	if err := os.WriteFile(file+".new", append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("keep the position: %w", err)
	}
	return os.Rename(file+".new", file)
}

// marked passes lines on and remembers where each order on its way ends. Its queue is as long as the orders that are not
// answered yet, whatever the size of the file.
type marked struct {
	r *bufio.Reader

	mu      sync.Mutex
	at      int64   // offset of the next byte
	ends    []int64 // of lines with an order, not answered yet
	content bool    // the line being passed holds something
}

func (m *marked) Read(b []byte) (int, error) {
	n, err := m.r.Read(b)
	m.mu.Lock()
	defer m.mu.Unlock()
	for rest := b[:n]; len(rest) > 0; {
		i := bytes.IndexByte(rest, '\n')
		line := rest
		if i >= 0 {
			line = rest[:i]
		}
		m.content = m.content || len(bytes.TrimSpace(line)) > 0
		if i < 0 {
			m.at += int64(len(rest))
			break
		}
		if m.at += int64(i + 1); m.content {
			m.ends = append(m.ends, m.at)
		}
		m.content, rest = false, rest[i+1:]
	}
	if errors.Is(err, io.EOF) && m.content {
		m.ends, m.content = append(m.ends, m.at), false
	}
	return n, err
}

// answered is how far the file is answered after one answer more.
func (m *marked) answered() (offset int64, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.ends) == 0 {
		return 0, false
	}
	offset = m.ends[0]
	m.ends = m.ends[1:]
	return offset, true
}
