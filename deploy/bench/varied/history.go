package varied

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"golang.org/x/sync/errgroup"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/services/enrichment"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/shared/codec"
)

// perHistoryBlock is how many cases the blocks of a written history have.
const perHistoryBlock = 64

// WriteHistory writes the audit log of n varied decisions into a directory as audit would have it, without the pipeline: every order enriched and
// judged by the same functions. It gives the mean size of a leaf.
func WriteHistory(ctx context.Context, auditDir string, n int) (leafBytes int, err error) {
	ref, err := enrichment.Curated()
	if err != nil {
		return 0, err
	}
	pack, err := screening.USPack()
	if err != nil {
		return 0, err
	}
	w, err := newLogWriter(auditDir)
	if err != nil {
		return 0, err
	}
	v := NewVaried(42)
	for done := 0; done < n && ctx.Err() == nil; {
		part := make([][]byte, 0, 16*auditverify.Width)
		for ; done+len(part) < n && len(part) < cap(part); v.n = done + len(part) {
			part = append(part, v.Next(done+len(part)))
		}
		if err := judgeAll(ref, pack, part, done); err != nil {
			return 0, err
		}
		for i, leaf := range part {
			if err := w.add(leaf); err != nil {
				return 0, err
			}
			part[i] = nil
		}
		done += len(part)
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	return int(w.bytes) / max(n, 1), w.close()
}

// judgeAll turns orders into leaves, in place.
func judgeAll(ref *enrichment.Reference, pack *screening.Pack, part [][]byte, first int) error {
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	const some = 64
	for from := 0; from < len(part); from += some {
		g.Go(func() error {
			for i := from; i < min(from+some, len(part)); i++ {
				leaf, err := judged(ref, pack, part[i], first+i)
				if err != nil {
					return err
				}
				part[i] = leaf
			}
			return nil
		})
	}
	return g.Wait()
}

func judged(ref *enrichment.Reference, pack *screening.Pack, order []byte, n int) ([]byte, error) {
	var o event.Order
	if err := codec.Decode(order, &o); err != nil {
		return nil, err
	}
	id := fmt.Sprintf("V-%d", n)
	at := event.Instant(string(o.OrderDate) + "T10:15:00.123456Z")
	line, err := codec.Append(make([]byte, 0, 2*len(order)), event.Cause{
		Line: event.LineOrder, V: 1, Kind: event.Placed, Event: fmt.Sprintf("00000000-0000-5000-8000-%012d", n), Key: "default/erp/" + id + "/1", Actor: "bench",
		Tenant: "default", Source: "erp", OrderID: id, Revision: 1, Format: "tidegate-json", At: at, Received: event.Received{SHA256: event.Digest(order), Size: len(order)}, Order: &o,
	})
	if err != nil {
		return nil, err
	}
	c := screening.Judge(pack, enrichment.Enrich(ref, nil, event.NewCase(line)))
	head := event.Leaf{
		Line: "leaf", V: event.LeafVersion, Kind: event.LeafDecision, Stream: subject.DecisionStream, Sequence: uint64(n/perHistoryBlock) + 1,
		Place: n % perHistoryBlock, Cases: perHistoryBlock, At: at,
	}
	return event.AppendLeaf(nil, head, c.Append(nil))
}

// logWriter writes a log of C2SP tiles, whole tiles first.
type logWriter struct {
	dir    string // of the log
	signer note.Signer
	bundle []byte
	n      uint64
	bytes  int64
	levels [][]byte // hashes of the tile that grows, by level of tiles
	done   []uint64 // full tiles, by level
	tree   []tlog.Hash
}

func newLogWriter(auditDir string) (*logWriter, error) {
	key, pub, err := note.GenerateKey(rand.Reader, "tidegate/bench")
	if err != nil {
		return nil, err
	}
	signer, err := note.NewSigner(key)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(auditDir, "log")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return &logWriter{dir: dir, signer: signer}, os.WriteFile(filepath.Join(auditDir, "key.pub"), []byte(pub+"\n"), 0o600)
}

func (w *logWriter) add(leaf []byte) error {
	w.bundle = binary.BigEndian.AppendUint16(w.bundle, uint16(len(leaf))) //nolint:gosec // a leaf is smaller than 60 KB
	w.bundle = append(w.bundle, leaf...)
	w.bytes += int64(len(leaf))
	hash := tlog.RecordHash(leaf)
	w.tree = append(w.tree, hash)
	if w.n++; w.n%auditverify.Width == 0 {
		if err := w.write(auditverify.BundlePath(w.n/auditverify.Width-1, 0), w.bundle); err != nil {
			return err
		}
		w.bundle = w.bundle[:0]
	}
	return w.hash(0, hash)
}

// hash adds a hash to a level; a full tile becomes one hash of the level above.
func (w *logWriter) hash(level int, h tlog.Hash) error {
	if level == len(w.levels) {
		w.levels, w.done = append(w.levels, nil), append(w.done, 0)
	}
	if w.levels[level] = append(w.levels[level], h[:]...); len(w.levels[level]) < auditverify.Width*tlog.HashSize {
		return nil
	}
	full := w.levels[level]
	if err := w.write(auditverify.TilePath(level, w.done[level], 0), full); err != nil {
		return err
	}
	w.done[level]++
	root := rootOf(full)
	w.levels[level] = full[:0]
	return w.hash(level+1, root)
}

// rootOf is the root over the hashes of a tile, whose number is a power of two, or any number where it is the last.
func rootOf(hashes []byte) tlog.Hash {
	n := len(hashes) / tlog.HashSize
	if n == 1 {
		return tlog.Hash(hashes)
	}
	k := 1
	for k*2 < n {
		k *= 2
	}
	return tlog.NodeHash(rootOf(hashes[:k*tlog.HashSize]), rootOf(hashes[k*tlog.HashSize:]))
}

func (w *logWriter) write(name string, b []byte) error {
	file := filepath.Join(w.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	return os.WriteFile(file, b, 0o600)
}

// close writes what is not full, and the checkpoint.
func (w *logWriter) close() error {
	if len(w.bundle) > 0 {
		if err := w.write(auditverify.BundlePath(w.n/auditverify.Width, int(w.n%auditverify.Width)), w.bundle); err != nil { //nolint:gosec // less than 256
			return err
		}
	}
	for level, hashes := range w.levels {
		if len(hashes) == 0 {
			continue
		}
		if err := w.write(auditverify.TilePath(level, w.done[level], len(hashes)/tlog.HashSize), hashes); err != nil {
			return err
		}
	}
	root := treeRoot(w.tree)
	signed, err := note.Sign(&note.Note{Text: fmt.Sprintf("%s\n%d\n%s\n", w.signer.Name(), w.n, base64.StdEncoding.EncodeToString(root[:]))}, w.signer)
	if err != nil {
		return err
	}
	return w.write(auditverify.CheckpointFile, signed)
}

// treeRoot is the root of RFC 6962 over leaves.
func treeRoot(leaves []tlog.Hash) tlog.Hash {
	if len(leaves) == 1 {
		return leaves[0]
	}
	k := 1
	for k*2 < len(leaves) {
		k *= 2
	}
	return tlog.NodeHash(treeRoot(leaves[:k]), treeRoot(leaves[k:]))
}
