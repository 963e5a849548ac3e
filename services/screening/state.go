package screening

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/screening/internal/ledger"
	"github.com/tidegate/tidegate/shared/bus"
)

// Past is a decided case with the sequence of its block; an empty case for a block that the log says was lost.
type Past struct {
	Sequence uint64
	Case     event.Case
}

// saveEvery is how many blocks pass between two snapshots of the ledger: at most so many are read again at a start.
const saveEvery = 512

// snapshots kept: the newest may stand behind a tail of DECISION that was lost.
const snapshotsKept = 3

// errLedger says that the ledger cannot be made complete.
var errLedger = errors.New("the ledger of totals, licenses and dispositions cannot be made complete")

// state is the ledger with the place it stands at: behind block at of DECISION. The stage's goroutine owns it.
//
// A crash loses nothing: snapshots are only a shorter way than reading every decision again, and one that is torn, of
// another history or from a tail that was lost is passed over.
type state struct {
	dir     string // of the snapshots; none are kept when empty
	history func(ctx context.Context, from uint64) iter.Seq2[Past, error]
	js      jetstream.JetStream
	log     *slog.Logger

	mu     sync.Mutex // held while a block is judged, and while an inquiry reads
	ledger *Ledger
	at     uint64
	saved  uint64
	last   string // digest of the last line of block at; empty when it is not known
}

// begin makes the ledger stand behind block last.
func (s *state) begin(ctx context.Context, last uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ledger != nil && s.at == last {
		return nil
	}
	if err := s.load(ctx, last); err != nil {
		return err
	}
	held, err := bus.Look(ctx, s.js, subject.DecisionStream)
	if err != nil {
		return err
	}
	if s.at+1 < held.First && s.at < last {
		if err := s.past(ctx, min(held.First-1, last)); err != nil {
			return err
		}
	}
	from := s.at
	if err := s.follow(ctx, last); err != nil {
		return err
	}
	s.log.InfoContext(ctx, "ledger stands", slog.Uint64("position", s.at), slog.Uint64("blocks_read", s.at-from))
	return nil
}

// follow takes the blocks of DECISION up to last.
func (s *state) follow(ctx context.Context, last uint64) error {
	if s.at >= last {
		return nil
	}
	r, err := bus.OpenReader(ctx, s.js, subject.DecisionStream, s.at+1)
	if err != nil {
		return err
	}
	defer r.Close()
	for s.at < last {
		b, err := r.Next(ctx)
		if err != nil {
			return err
		}
		cases, err := event.ParseBlock(b.Data)
		if err != nil {
			return fmt.Errorf("block %d of %s: %w", b.Sequence, subject.DecisionStream, err)
		}
		for _, c := range cases {
			s.ledger.Take(c)
		}
		s.stand(b.Sequence, cases)
	}
	return nil
}

func (s *state) stand(at uint64, cases []event.Case) {
	s.at, s.last = at, event.Digest(cases[len(cases)-1].Last())
}

// past takes blocks up to last from the history.
func (s *state) past(ctx context.Context, last uint64) error {
	if s.history == nil {
		return fmt.Errorf("%w: decisions up to block %d are gone from the stream, and no history holds them: restore the ledger's snapshot (%s), or start where the audit log is",
			errLedger, last, s.dir)
	}
	for p, err := range s.history(ctx, s.at+1) {
		if err != nil {
			return fmt.Errorf("%w: %w", errLedger, err)
		}
		if p.Sequence > last {
			break
		}
		if p.Case.Len() > 0 {
			s.ledger.Take(p.Case)
		}
	}
	s.at, s.last = last, ""
	return nil
}

// block judges the cases of the block after the one the ledger stands at.
func (s *state) block(p *Pack, seq uint64, cases []event.Case, each func(n int, do func(i int))) []event.Case {
	s.mu.Lock()
	out := s.ledger.block(p, cases, each)
	s.mu.Unlock()
	s.stand(seq, out)
	if seq >= s.saved+saveEvery {
		s.save()
	}
	return out
}

// save writes a snapshot. That it fails is no loss but of time at the next start.
func (s *state) save() {
	if s.dir == "" || s.ledger == nil || s.last == "" || s.at == s.saved {
		return
	}
	s.saved = s.at
	if err := s.write(); err != nil {
		s.log.Warn("the ledger's snapshot could not be written, going on without it", slog.Any("error", err))
	}
}

func (s *state) write() error {
	b, err := s.ledger.l.Save()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	name := s.name(s.at)
	b = append([]byte(s.last+"\n"), b...)
	if err := writeSynced(name+".new", b); err != nil {
		return err
	}
	if err := os.Rename(name+".new", name); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	for _, old := range s.snapshots()[min(snapshotsKept, len(s.snapshots())):] {
		_ = os.Remove(s.name(old))
	}
	return nil
}

func writeSynced(name string, b []byte) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	return nil
}

func (s *state) name(at uint64) string {
	return filepath.Join(s.dir, fmt.Sprintf("ledger-%020d.json", at))
}

// snapshots lists the places that snapshots stand at, newest first.
func (s *state) snapshots() []uint64 {
	names, _ := filepath.Glob(filepath.Join(s.dir, "ledger-*.json")) // the pattern is well formed
	var out []uint64
	for _, name := range names {
		at, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimPrefix(filepath.Base(name), "ledger-"), ".json"), 10, 64)
		if err == nil {
			out = append(out, at)
		}
	}
	slices.Sort(out)
	slices.Reverse(out)
	return out
}

// load takes the newest snapshot that stands at or before block last and is of this history; an empty ledger else.
func (s *state) load(ctx context.Context, last uint64) error {
	s.ledger, s.at, s.saved, s.last = NewLedger(), 0, 0, ""
	if s.dir == "" {
		return nil
	}
	for _, at := range s.snapshots() {
		if at > last {
			continue
		}
		l, digest, err := readSnapshot(s.name(at))
		if err != nil {
			s.log.WarnContext(ctx, "a snapshot of the ledger cannot be read, trying an older one", slog.Any("error", err))
			continue
		}
		same, err := s.same(ctx, at, digest)
		if err != nil {
			return err
		}
		if same {
			s.ledger, s.at, s.saved, s.last = l, at, at, digest
			return nil
		}
		s.log.WarnContext(ctx, "a snapshot of the ledger is of other decisions, passing it over", slog.Uint64("position", at))
	}
	return nil
}

func readSnapshot(name string) (*Ledger, string, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, "", fmt.Errorf("ledger: %w", err)
	}
	digest, rest, _ := bytes.Cut(b, []byte{'\n'})
	l, err := loadLedger(rest)
	return l, string(digest), err
}

func loadLedger(b []byte) (*Ledger, error) {
	l, err := ledger.Load(b)
	if err != nil {
		return nil, err
	}
	return &Ledger{l}, nil
}

// same says whether block at of DECISION ends with the line that a snapshot remembers. A block that is gone from the
// stream cannot speak against it.
func (s *state) same(ctx context.Context, at uint64, digest string) (bool, error) {
	held, err := bus.Look(ctx, s.js, subject.DecisionStream)
	if err != nil || at < held.First || at > held.Last {
		return err == nil, err
	}
	b, err := bus.Get(ctx, s.js, subject.DecisionStream, at)
	if err != nil {
		return false, err
	}
	cases, err := event.ParseBlock(b)
	if err != nil {
		return false, fmt.Errorf("block %d of %s: %w", at, subject.DecisionStream, err)
	}
	return event.Digest(cases[len(cases)-1].Last()) == digest, nil
}

// OpenLedger reads the newest snapshot in a directory, whether a service works there or not, and says behind which block
// of decisions it stands; an empty ledger behind block 0 where there is none.
func OpenLedger(dir string) (*Ledger, uint64) {
	s := &state{dir: dir}
	for _, at := range s.snapshots() {
		if l, _, err := readSnapshot(s.name(at)); err == nil {
			return l, at
		}
	}
	return NewLedger(), 0
}
