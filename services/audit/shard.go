package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/shared/codec"
)

// shard is one of an audit directory's logs. The first lies in the directory itself; each declared restore began another
// one. Only the newest grows. Together they are the history: of an older one counts what lies before the first block of
// the next.
type shard struct {
	n       int            // from 1
	dir     string         // holds log/, key, key.pub and index.db
	root    string         // the audit directory, whose blobs all share
	restore *event.Restore // what it goes on from; nil for the first
	leaves  uint64         // that count; of the newest all
	until   uint64         // first block that does not count; of the newest none
}

// shards lists the logs of an audit directory, oldest first.
func shards(dir string) ([]shard, error) {
	dirs, err := auditverify.LogDirs(dir)
	if err != nil {
		return nil, err
	}
	all := make([]shard, len(dirs))
	for i, d := range dirs {
		all[i] = shard{n: i + 1, dir: d, root: dir, leaves: math.MaxUint64, until: math.MaxUint64}
		if i == 0 {
			continue
		}
		if all[i].restore, err = restoreOf(d); err != nil {
			return nil, err
		}
		all[i-1].leaves, all[i-1].until = all[i].restore.Leaves, all[i].restore.Sequence
	}
	return all, nil
}

// restoreOf reads what a log goes on from: its first leaf, proven, and before there is one the declaration. Both must say
// the same.
func restoreOf(dir string) (*event.Restore, error) {
	said, err := auditverify.Declared(dir)
	if err != nil {
		return nil, err
	}
	log, err := openLog(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && log.Checkpoint().Size == 0 {
		return said, nil
	}
	if err != nil {
		return nil, err
	}
	leaf, err := log.Prove(0)
	if err != nil {
		return nil, err
	}
	line, err := codec.Append(nil, said)
	if err != nil {
		return nil, err
	}
	if _, c, err := auditverify.OpenLeaf(leaf, nil); err != nil || !bytes.Equal(c.Line(0), line) {
		return nil, fmt.Errorf("%w: %s does not say what the first leaf of its log says", auditverify.ErrBad, filepath.Join(dir, auditverify.DeclarationFile))
	}
	return said, nil
}

// current is the log that grows.
func current(dir string) (shard, error) {
	all, err := shards(dir)
	if err != nil {
		return shard{}, err
	}
	return all[len(all)-1], nil
}

func (s shard) log() string { return filepath.Join(s.dir, logName) }

func (s shard) blobs() fs.FS { return os.DirFS(filepath.Join(s.root, blobName)) }

// guardFile is the file of the guard's directory that is about the n-th log.
func guardFile(n int) string {
	if n == 1 {
		return guardName
	}
	return fmt.Sprintf("guard-%d.json", n)
}

// guardKey is the key of the guard's bucket that is about the n-th log.
func guardKey(n int) string {
	if n == 1 {
		return subject.GuardKey
	}
	return fmt.Sprintf("%s-%d", subject.GuardKey, n)
}

// name is the log's name where receipts must say it: of every log but the first.
func (s shard) name() string {
	if s.n == 1 {
		return ""
	}
	key, err := PublicKey(s.dir)
	if err != nil {
		return ""
	}
	name, _, _ := strings.Cut(key, "+")
	return name
}

// last is the newest block that the logs before hold: where one begins without any leaf.
func (s shard) last() uint64 {
	if s.restore == nil {
		return 0
	}
	return s.restore.Sequence - 1
}

// counts says whether a leaf is part of the history.
func (s shard) counts(l event.Leaf) bool { return l.Sequence < s.until }

// newest demands that no log after this one was ever guarded: it would have been taken away.
func (s shard) newest(ctx context.Context, js jetstream.JetStream, guardDir string) error {
	if _, err := os.Stat(filepath.Join(guardDir, guardFile(s.n+1))); err == nil {
		return refuse("log %d in %s is gone; the guard in %s verified one", s.n+1, s.root, guardDir)
	}
	kv, err := js.KeyValue(ctx, subject.GuardBucket)
	if err != nil {
		return fmt.Errorf("guard bucket %s: %w", subject.GuardBucket, err)
	}
	_, err = kv.Get(ctx, guardKey(s.n+1))
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("guard bucket %s: %w", subject.GuardBucket, err)
	}
	return refuse("log %d in %s is gone; the server's bucket %s knows one", s.n+1, s.root, subject.GuardBucket)
}
