// Package audit writes the history: it reads decision blocks, makes one leaf of every case, and publishes a receipt for
// each once its leaf is under a published checkpoint that was proven to be ours. The log is the truth; the streams
// before it are given room as soon as it has what they hold.
package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/semaphore"

	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/services/audit/internal/guard"
	"github.com/tidegate/tidegate/services/audit/internal/tlog"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/clock"
)

// ErrRefused says that audit will not run on this log: something is not as it was left. The message says what, and
// the way out. It is what a rolled-back, exchanged or damaged log ends in.
var ErrRefused = errors.New("audit refuses to run")

// Config is what audit needs. The zero value of a field takes its default, but Dir must be given.
type Config struct {
	Dir      string // audit directory: log/, blobs/, key, key.pub, index.db
	GuardDir string // where the guard keeps the last verified tree, outside Dir; what the function GuardDir gives
	Origin   string // the log's name in its checkpoints, used when the key is made; "tidegate/audit"

	BatchAge           time.Duration // how long a batch of leaves waits to be filled; 200ms
	CheckpointInterval time.Duration // between two publications of the log at most; 200ms
	MaxUnderWay        int64         // bytes of leaves read and not yet receipted; 64 MiB

	Witnesses     []byte        // policy of the witnesses that sign checkpoints (C2SP tlog-witness): "witness NAME VKEY URL", "group NAME N NAME…", "quorum NAME"; none
	WitnessOpen   bool          // publish, with an alarm, also what the policy's quorum has not signed; else nothing is published without it
	CheckpointDir string        // checkpoints are copied there, each once and never changed: write-once storage will do; none when empty
	TimestampURL  string        // RFC 3161 authority that timestamps what is copied there; none when empty
	ExportEvery   time.Duration // between two copies at least; 1m

	Lag time.Duration // leaves that wait longer for a checkpoint are an alarm; 15s

	KeepDecisionBytes int64         // logged decision blocks kept in their stream, for replay; 8 GiB
	KeepDecisionAge   time.Duration // oldest decision block kept; 0 keeps by bytes only
	PurgeInterval     time.Duration // how often it is looked whether logged blocks must make room; 1s

	Log   *slog.Logger // where it says what happens; slog.Default()
	Clock clock.Clock  // time put into leaves; the system's
}

// WithDefaults fills in what is zero.
func (c Config) WithDefaults() Config {
	span := func(v *time.Duration, d time.Duration) {
		if *v == 0 {
			*v = d
		}
	}
	size := func(v *int64, d int64) {
		if *v == 0 {
			*v = d
		}
	}
	if c.Origin == "" {
		c.Origin = "tidegate/audit"
	}
	span(&c.BatchAge, 200*time.Millisecond)
	span(&c.CheckpointInterval, 200*time.Millisecond)
	span(&c.PurgeInterval, time.Second)
	span(&c.Lag, 15*time.Second)
	span(&c.ExportEvery, time.Minute)
	size(&c.MaxUnderWay, 64<<20)
	size(&c.KeepDecisionBytes, 8<<30)
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Clock == nil {
		c.Clock = clock.System
	}
	return c
}

// minCheckpointInterval is the log library's own limit.
const minCheckpointInterval = 100 * time.Millisecond

// Validate names every fault at once.
func (c Config) Validate() error {
	var faults []error
	need := func(ok bool, says string) {
		if !ok {
			faults = append(faults, errors.New(says))
		}
	}
	need(c.Dir != "", "dir: where the log lies must be given")
	need(c.BatchAge > 0, "batch age: want more than 0")
	need(c.CheckpointInterval >= minCheckpointInterval, "checkpoint interval: want 100ms or more")
	need(c.MaxUnderWay >= 16<<20, "max under way: want 16 MiB or more, so that the largest block fits twice")
	need(c.KeepDecisionBytes >= 0, "keep decision bytes: want 0 or more")
	need(c.KeepDecisionAge >= 0, "keep decision age: want 0 or more")
	need(c.PurgeInterval > 0, "purge interval: want more than 0")
	need(c.Lag > 0, "lag: want more than 0")
	need(c.ExportEvery > 0, "export every: want more than 0")
	need(c.TimestampURL == "" || c.CheckpointDir != "", "timestamp url: timestamps are kept beside checkpoints, give a checkpoint directory")
	return errors.Join(faults...)
}

// Service is one audit writer. There is one per log.
type Service struct {
	cfg   Config
	nc    *nats.Conn
	js    jetstream.JetStream
	ready atomic.Bool
	shard shard // the log that grows, once Run has looked

	receipted atomic.Uint64 // last block of which every case has its receipt
	leaves    atomic.Uint64 // leaves that have their receipt
	roomed    atomic.Uint64 // first decision block that audit itself meant to keep
}

// New checks the configuration. The log is opened by Run.
func New(nc *nats.Conn, cfg Config) (*Service, error) {
	cfg = cfg.WithDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	return &Service{cfg: cfg, nc: nc, js: js}, nil
}

// Ready says whether the log was found in order and decisions are being read.
func (s *Service) Ready() bool { return s.ready.Load() }

// Leaves is how many leaves have their receipt.
func (s *Service) Leaves() uint64 { return s.leaves.Load() }

// run is what the goroutines of one run share.
type run struct {
	*Service
	log     *tlog.Log
	start   standing
	guard   *guard.Guard
	newest  atomic.Pointer[auditverify.Checkpoint] // last one verified in this run
	archive *archive
	room    *semaphore.Weighted // bytes of leaves that may still be taken under way
}

// Run works until ctx ends, which is no error. Any other end is one: ErrRefused (wrapped) for a log that is not as it
// was left. Whatever it stops at, the next run goes on from the log's own last leaf and the receipts' own last one.
func (s *Service) Run(ctx context.Context) error {
	unlock, err := lock(s.cfg.Dir)
	if err != nil {
		return err
	}
	defer unlock()
	if s.shard, err = current(s.cfg.Dir); err != nil {
		return refuse("%w", err)
	}
	if err := CheckStreams(ctx, s.js, s.cfg.Dir); err != nil { // before keys or a log are made
		return err
	}
	start, g, err := s.stand(ctx)
	if err != nil {
		return err
	}
	// The log ends after the goroutines that wait for it, not with ctx: its appender forgets leaves under way otherwise.
	log, err := tlog.Open(context.WithoutCancel(ctx), tlog.Settings{
		Dir: s.logDir(), Signer: start.keys.signer, BatchAge: s.cfg.BatchAge, CheckpointInterval: s.cfg.CheckpointInterval,
		Witnesses: s.cfg.Witnesses, WitnessOpen: s.cfg.WitnessOpen,
	})
	if err != nil {
		return err
	}
	defer log.Close()
	if len(s.cfg.Witnesses) > 0 {
		if err := keepPolicy(s.shard.dir, s.cfg.Witnesses); err != nil {
			return err
		}
	}
	r := &run{Service: s, log: log, start: start, guard: g, room: semaphore.NewWeighted(s.cfg.MaxUnderWay), archive: newArchive(s.cfg.Dir, s.js, s.cfg.Log)}
	defer s.ready.Store(false)
	s.cfg.Log.InfoContext(ctx, "audit runs", slog.Uint64("leaves", start.size), slog.Uint64("published", start.point.Size),
		slog.Uint64("sequence", start.position.Next.Sequence))
	if err := r.all(ctx); err != nil && !bus.Stopped(err) {
		return err
	}
	return nil
}

// all runs the steps, each a goroutine: read, append, wait for durable, publish and guard, receipt, index, make room. The
// first that fails ends the others; its error is the run's.
func (r *run) all(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	ready := make(chan prepared, tlog.Window)
	adding := make(chan adding, tlog.Window)
	durable := make(chan entry, 4*tlog.Window)
	released := make(chan release, 64)
	indexed := make(chan release, 64)
	var steps sync.WaitGroup
	step := func(work func() error) {
		steps.Go(func() {
			if err := work(); err != nil {
				stop(err)
			}
		})
	}
	step(func() error { defer close(ready); return r.read(ctx, ready) })
	step(func() error { defer close(adding); return r.add(ctx, ready, adding) })
	step(func() error { defer close(durable); return r.settle(ctx, stop, adding, durable) })
	step(func() error { defer close(released); return r.watch(ctx, durable, released) })
	step(func() error { defer close(indexed); return r.receipts(ctx, released, indexed) })
	step(func() error { return r.index(ctx, indexed) })
	step(func() error { return r.makeRoom(ctx) })
	step(func() error { return r.export(ctx) })
	steps.Wait()
	return context.Cause(ctx)
}
