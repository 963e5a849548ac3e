package auditverify

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
)

// errNoBlobs says that a leaf's case lies in a blob store that was not given.
var errNoBlobs = errors.New("its case is kept in the blob store, and none was given")

// BlobPath is where the blob store keeps the bytes with a SHA-256 (lower-case hex).
func BlobPath(digest string) string {
	if len(digest) != 2*sha256.Size {
		return "invalid"
	}
	return digest[:2] + "/" + digest
}

// OpenLeaf reads a leaf: its header and its case, from the blob store where the header says so. It checks the digest
// of what comes from there. A gap has no case; an accept leaf's case is its one line.
func OpenLeaf(data []byte, blobs fs.FS) (event.Leaf, event.Case, error) {
	l, body, err := event.ParseLeaf(data)
	if err != nil {
		return l, event.Case{}, err
	}
	if l.SHA256 != "" {
		if body, err = openBlob(l, body, blobs); err != nil {
			return l, event.Case{}, err
		}
	}
	if l.Kind == event.LeafGap {
		return l, event.Case{}, nil
	}
	c, err := event.ParseCase(body)
	return l, c, err
}

func openBlob(l event.Leaf, body []byte, blobs fs.FS) ([]byte, error) {
	if len(body) > 0 {
		return nil, errors.New("leaf has both a case and the digest of one in the blob store")
	}
	if blobs == nil {
		return nil, errNoBlobs
	}
	b, err := fs.ReadFile(blobs, BlobPath(l.SHA256))
	if err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	if len(b) != l.Size || event.Digest(b) != l.SHA256 {
		return nil, fmt.Errorf("blob %s: its bytes are not the ones that were logged", l.SHA256)
	}
	return b, nil
}

// checkLeaf checks all that a leaf says of itself.
func checkLeaf(data []byte, blobs fs.FS) (event.Leaf, error) {
	l, _, err := CheckLeaf(data, blobs)
	return l, err
}

// CheckLeaf reads a leaf and checks all that it says of itself: header, kind, chain of digests, digest of the received bytes.
func CheckLeaf(data []byte, blobs fs.FS) (event.Leaf, event.Case, error) {
	l, c, err := OpenLeaf(data, blobs)
	if err != nil {
		return l, c, err
	}
	if l.Cases < 1 || l.Cases > event.MaxCases || l.Place < 0 || l.Place >= l.Cases || l.Sequence == 0 {
		return l, c, fmt.Errorf("leaf header: place %d of %d in block %d", l.Place, l.Cases, l.Sequence)
	}
	if !l.HasCase() {
		return l, c, checkControl(l, c)
	}
	if l.To != 0 {
		return l, c, errors.New("leaf header: only a gap has an end")
	}
	if want := c.LeafKind(); l.Kind != want {
		return l, c, fmt.Errorf("leaf header: kind %q, but its case is a %s", l.Kind, want)
	}
	return l, c, CheckCase(c)
}

// checkControl checks a leaf that is of no case.
func checkControl(l event.Leaf, c event.Case) error {
	switch l.Kind {
	case event.LeafGap:
		if l.To < l.Sequence {
			return fmt.Errorf("leaf header: gap from block %d to %d", l.Sequence, l.To)
		}
		return nil
	case event.LeafAccept:
		if c.Len() != 1 || !bytes.HasPrefix(c.Line(0), []byte(`{"line":"`+event.LineAccept+`","v":1,`)) {
			return errors.New("accept leaf does not hold its line")
		}
		return nil
	case event.LeafRestore:
		_, err := openRestore(l, c)
		return err
	default:
		return fmt.Errorf("leaf header: kind %q is not one this program reads", l.Kind)
	}
}

// openRestore reads what the first leaf of a log says of the log before.
func openRestore(l event.Leaf, c event.Case) (r event.Restore, err error) {
	if c.Len() != 1 || !bytes.HasPrefix(c.Line(0), []byte(`{"line":"`+event.LineRestore+`","v":1,`)) {
		return r, errors.New("restore leaf does not hold its line")
	}
	if err := json.Unmarshal(c.Line(0), &r); err != nil {
		return r, fmt.Errorf("restore leaf: %w", err)
	}
	if r.Sequence != l.Sequence || l.Place != 0 {
		return r, fmt.Errorf("restore leaf: its header names block %d, its line block %d", l.Sequence, r.Sequence)
	}
	return r, nil
}

// The lines of a case: of an order, of an input that was not accepted, of no order.
var (
	decided   = []string{event.LineOrder, event.LineFacts, event.LineJudgement}
	refused   = []string{event.LineRefusal}
	orderless = []string{event.LineOrder}
)

// CheckCase checks that a case has its lines in order, each with the digest of the line before it, and that the order
// is the received bytes wherever they stand in the case.
func CheckCase(c event.Case) error {
	names := decided
	switch {
	case c.Refused():
		names = refused
	case c.Orderless():
		names = orderless
	}
	if c.Len() != len(names) {
		return fmt.Errorf("case has %d lines, want %d", c.Len(), len(names))
	}
	for i, name := range names {
		if err := checkLine(c, i, name); err != nil {
			return err
		}
	}
	return checkReceived(c.Line(0))
}

func checkLine(c event.Case, i int, name string) error {
	line := c.Line(i)
	rest, ok := bytes.CutPrefix(line, []byte(`{"line":"`+name+`","v":1,`))
	if !ok {
		return fmt.Errorf("line %d of the case is not a %s line of version 1", i, name)
	}
	if i == 0 {
		return nil
	}
	sum := sha256.Sum256(c.Line(i - 1))
	want := hex.AppendEncode(nil, sum[:])
	if prev, ok := bytes.CutPrefix(rest, []byte(`"prev":"`)); !ok || !bytes.HasPrefix(prev, want) {
		return fmt.Errorf("%s line does not carry the digest of the line before it", name)
	}
	return nil
}

// receivedBegin begins the member that says what was received. Quotes inside a JSON string are escaped, so this text stands only
// where the member begins, and "received" comes before the order's own members.
var receivedBegin = []byte(`,"received":{"sha256":"`)

// checkReceived compares the digest of the received bytes with the bytes themselves.
func checkReceived(line []byte) error {
	_, rest, ok := bytes.Cut(line, receivedBegin)
	if !ok || len(rest) < 2*sha256.Size {
		return errors.New("case does not say what was received")
	}
	if digest := rest[:2*sha256.Size]; !bytes.HasPrefix(rest[2*sha256.Size:], []byte(`","size":`)) {
		return fmt.Errorf("digest of the received bytes %q is malformed", digest)
	}
	r, err := readReceived(rest)
	if err != nil {
		return fmt.Errorf("received: %w", err)
	}
	return compareReceived(r, line)
}

// readReceived reads the member, of which b is what follows `{"sha256":"`. Nearly always it has only digest and size.
func readReceived(b []byte) (r event.Received, err error) {
	const head = 2*sha256.Size + len(`","size":`)
	if end := bytes.IndexAny(b[head:], "},"); end > 0 && b[head+end] == '}' {
		if r.Size, err = strconv.Atoi(string(b[head : head+end])); err == nil && r.Size >= 0 {
			r.SHA256 = string(b[:2*sha256.Size])
			return r, nil
		}
	}
	err = json.NewDecoder(io.MultiReader(strings.NewReader(`{"sha256":"`), bytes.NewReader(b))).Decode(&r)
	return r, err
}

func compareReceived(r event.Received, line []byte) error {
	got, whole, err := bytesOf(r, line)
	if err != nil || !whole {
		return err
	}
	if len(got) != r.Size || event.Digest(got) != r.SHA256 {
		return errors.New("order is not the bytes that were received")
	}
	return nil
}

// bytesOf takes the received bytes out of a case's first line. Of a long input that was refused only the beginning is kept.
func bytesOf(r event.Received, line []byte) (got []byte, whole bool, err error) {
	switch {
	case bytes.HasPrefix(line, []byte(`{"line":"refusal"`)) || r.Encoding == event.Base64:
		if got, err = base64.StdEncoding.DecodeString(r.Bytes); err != nil {
			return nil, false, fmt.Errorf("received bytes: %w", err)
		}
		return got, len(got) == r.Size || r.Encoding == event.Base64, nil
	case r.Bytes != "":
		return []byte(r.Bytes), true, nil
	}
	// The order member is the last one and holds the bytes as they came.
	_, order, ok := bytes.Cut(line, []byte(`,"order":{`))
	if !ok || len(order) != r.Size {
		return nil, false, fmt.Errorf("order is not the %d bytes that were received", r.Size)
	}
	return line[len(line)-1-r.Size : len(line)-1], true, nil
}

// Received gives the bytes of a case as they were received, checked against their digest; whole is false where only the beginning of a
// refused input was kept, which nothing checks.
func Received(c event.Case) (b []byte, whole bool, err error) {
	_, rest, ok := bytes.Cut(c.Line(0), receivedBegin)
	if !ok || len(rest) < 2*sha256.Size {
		return nil, false, errors.New("case does not say what was received")
	}
	r, err := readReceived(rest)
	if err != nil {
		return nil, false, fmt.Errorf("received: %w", err)
	}
	if err := compareReceived(r, c.Line(0)); err != nil {
		return nil, false, err
	}
	return bytesOf(r, c.Line(0))
}
