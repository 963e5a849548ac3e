// Package screening judges enriched orders under a rule pack. Decide is a pure function of the order, the facts and
// the pack; this file is the shell that reads blocks of ENRICHED and writes blocks of DECISION.
//
// Block k of ENRICHED becomes block k of DECISION. Its only position is the end of DECISION, which is on disk before
// anybody sees it. What decisions add up to (totals, licenses, dispositions) is a ledger that follows from them: see state.go.
package screening

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/clock"
	"github.com/tidegate/tidegate/shared/codec"
)

// Config is what the service needs.
type Config struct {
	Pack      *Pack        // the rules; the US pack with its default parameters when nil
	Dir       string       // where snapshots of the ledger are kept; without it every start reads all decisions again
	NoPublish bool         // do not copy decisions to the public stream
	Log       *slog.Logger // discarded when nil

	// Beside is started with the service and stopped with it: what an instance does beside live orders, yielding to them. It hears whether a
	// block of theirs is being judged, and when the last was. Nothing when nil.
	Beside func(ctx context.Context, nc *nats.Conn, live func() (working bool, last time.Time)) (stop func(), err error)

	// History reads the decided cases of blocks from a sequence on, in order, where DECISION no longer holds them: the audit
	// log. Without it a lost ledger cannot be made again beyond the stream.
	History func(ctx context.Context, from uint64) iter.Seq2[Past, error]
}

// Service is the screening stage and the public copy of its decisions.
type Service struct {
	nc    *nats.Conn
	js    jetstream.JetStream
	cfg   Config
	state *state
	force *forcing
	stage bus.Stage
	live  live
	fresh chan fresh // decisions just stored, the newest always among them
}

// live is when live orders were judged.
type live struct {
	working atomic.Int32
	last    atomic.Int64 // nanoseconds
}

func (l *live) now() (working bool, last time.Time) {
	return l.working.Load() > 0, time.Unix(0, l.last.Load())
}

func (l *live) done() {
	l.last.Store(clock.System().UnixNano())
	l.working.Add(-1)
}

// New checks the configuration and prepares the stage; nothing is read or written before Run.
func New(nc *nats.Conn, cfg Config) (*Service, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Pack == nil {
		us, err := USPack()
		if err != nil {
			return nil, err
		}
		cfg.Pack = us
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, fmt.Errorf("screening: %w", err)
	}
	kept := &state{dir: cfg.Dir, history: cfg.History, js: js, log: cfg.Log}
	force := newForcing(js, cfg.Pack, cfg.Log)
	s := &Service{nc: nc, js: js, cfg: cfg, state: kept, force: force, fresh: make(chan fresh, freshKept)}
	s.stage = bus.Stage{
		In: subject.EnrichedStream, Out: subject.DecisionStream, OutSubject: subject.DecisionSubject,
		Begin: kept.begin,
		Block: func(seq uint64, cases []event.Case, each func(int, func(int))) []event.Case {
			s.live.working.Add(1)
			defer s.live.done()
			return kept.block(force.now.Load(), seq, cases, each)
		},
		Shrink: func(c event.Case) event.Case {
			return held(firstTwo(c), force.now.Load(), NoRoom)
		},
		Switch: force.to,
		Log:    cfg.Log,
	}
	if !cfg.NoPublish {
		s.stage.Stored = s.stored
	}
	return s, nil
}

// Run judges until ctx ends, which is no error.
func (s *Service) Run(ctx context.Context) error {
	stop, err := bus.ServeLoads(ctx, s.nc, bus.Loader{Service: "screening", What: []string{bus.Pack}, Load: s.force.try, InForce: s.force.says})
	if err != nil {
		return fmt.Errorf("screening: %w", err)
	}
	defer stop()
	silent, err := bus.Serve(ctx, s.nc, "screening", "judgement of orders", bus.Stepwise("judge", subject.AskJudgement,
		"judgement of an order with facts under the rules in force now and with what was decided before, without it becoming one",
		func(c event.Case) event.Case { return s.state.inquire(s.force.now.Load(), c) }))
	if err != nil {
		return fmt.Errorf("screening: %w", err)
	}
	defer silent()
	if s.cfg.Beside != nil {
		stop, err := s.cfg.Beside(ctx, s.nc, s.live.now)
		if err != nil {
			return fmt.Errorf("screening: %w", err)
		}
		defer stop()
	}
	g, below := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer s.state.save()
		return s.stage.Run(below, s.js)
	})
	if !s.cfg.NoPublish {
		g.Go(func() error { return s.publishDecisions(below) })
	}
	if err := g.Wait(); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// Judge appends the judgement line to a case under the dates the order gives, as if nothing had been decided before. What
// passes (a refusal, what is of no order) is passed on. An order that cannot be judged is held, with the reason.
func Judge(p *Pack, c event.Case) event.Case { return JudgeWith(p, c, nil) }

// JudgeWith is Judge with what a ledger held: a judgement made again with its own read member is the same, byte for byte.
func JudgeWith(p *Pack, c event.Case, read *event.Read) event.Case {
	w := prepare(p, c, nil)
	if w.decoded == nil {
		return w.out
	}
	defer w.release()
	if !read.Empty() {
		func() {
			defer w.recover(p)
			w.judge(p, read)
		}()
	}
	return w.out
}

// input is a decoded case to be used again.
type input struct {
	cause event.Cause
	facts event.Facts
}

var inputs = sync.Pool{New: func() any { return new(input) }}

func firstTwo(c event.Case) event.Case { return event.NewCase(c.Line(0)).With(c.Line(1)) }

func held(c event.Case, p *Pack, why string) event.Case {
	return with(c, heldJudgement(p, event.Digest(c.Line(1)), why))
}

func heldJudgement(p *Pack, prev, why string) event.Judgement {
	return event.Judgement{
		Line: event.LineJudgement, V: 1, Prev: prev, Outcome: event.Hold, Rule: FactsFailed,
		Dates: []event.DateSay{}, Findings: []event.Finding{}, Pack: p.Ref(), Failed: why,
	}
}

// NoRoom is why an order is held whose findings, beside those of its neighbors in a block, do not fit into a message: what
// one case alone cannot tell.
const NoRoom = "the findings of this order do not fit into a message"

func with(c event.Case, j event.Judgement) event.Case {
	line, err := codec.Append(make([]byte, 0, 2048), j)
	if err != nil {
		panic(err) // plain data always encodes; Judge turns this into a hold
	}
	return c.With(line)
}
