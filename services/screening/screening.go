// Package screening judges enriched orders under a rule pack. Decide is a pure function of the order, the facts and
// the pack; this file is the shell that reads blocks of ENRICHED and writes blocks of DECISION.
//
// Block k of ENRICHED becomes block k of DECISION. Its only position is the end of DECISION, which is on disk before
// anybody sees it.
package screening

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/codec"
)

// Config is what the service needs.
type Config struct {
	Pack      *Pack        // the rules; the US pack with its default parameters when nil
	NoPublish bool         // do not copy decisions to the public stream
	Log       *slog.Logger // discarded when nil
}

// Service is the screening stage and the public copy of its decisions.
type Service struct {
	nc    *nats.Conn
	js    jetstream.JetStream
	cfg   Config
	force *forcing
	stage bus.Stage
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
	force := newForcing(js, cfg.Pack, cfg.Log)
	return &Service{nc: nc, js: js, cfg: cfg, force: force, stage: bus.Stage{
		In: subject.EnrichedStream, Out: subject.DecisionStream, OutSubject: subject.DecisionSubject,
		Each: func(c event.Case) event.Case { return Judge(force.now.Load(), c) },
		Shrink: func(c event.Case) event.Case {
			return held(firstTwo(c), force.now.Load(), "the findings of this order do not fit into a message")
		},
		Switch: force.to,
		Log:    cfg.Log,
	}}, nil
}

// Run judges until ctx ends, which is no error.
func (s *Service) Run(ctx context.Context) error {
	stop, err := bus.ServeLoads(ctx, s.nc, bus.Loader{Service: "screening", What: []string{bus.Pack}, Load: s.force.try, InForce: s.force.says})
	if err != nil {
		return fmt.Errorf("screening: %w", err)
	}
	defer stop()
	silent, err := bus.Serve(ctx, s.nc, "screening", "judgement of orders", bus.Stepwise("judge", subject.AskJudgement,
		"judgement of an order with facts under the rules in force now, without it becoming one",
		func(c event.Case) event.Case { return Judge(s.force.now.Load(), c) }))
	if err != nil {
		return fmt.Errorf("screening: %w", err)
	}
	defer silent()
	g, below := errgroup.WithContext(ctx)
	g.Go(func() error { return s.stage.Run(below, s.js) })
	if !s.cfg.NoPublish {
		g.Go(func() error { return s.publishDecisions(below) })
	}
	if err := g.Wait(); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// Judge appends the judgement line to a case under the dates the order gives. What passes (a refusal, what is of no order) is passed on. An order that
// cannot be judged is held, with the reason, and its neighbors go on.
func Judge(p *Pack, c event.Case) (out event.Case) {
	if c.Passes() {
		return c
	}
	defer func() {
		if r := recover(); r != nil {
			out = held(firstTwo(c), p, fmt.Sprintf("screening could not judge this order: %v", r))
		}
	}()
	d := inputs.Get().(*input) //nolint:forcetypeassert // the pool holds nothing else
	if err := codec.Decode(c.Line(0), &d.cause); err != nil {
		return held(c, p, err.Error())
	}
	if err := codec.Decode(c.Line(1), &d.facts); err != nil {
		return held(c, p, err.Error())
	}
	out = with(c, p.Decide(&d.cause, &d.facts, event.Digest(c.Line(1)), AsOf{}))
	d.cause.Reset() // after the judgement is bytes: its strings are the order's
	d.facts.Reset()
	inputs.Put(d)
	return out
}

// input is a decoded case to be used again.
type input struct {
	cause event.Cause
	facts event.Facts
}

var inputs = sync.Pool{New: func() any { return new(input) }}

func firstTwo(c event.Case) event.Case { return event.NewCase(c.Line(0)).With(c.Line(1)) }

func held(c event.Case, p *Pack, why string) event.Case {
	return with(c, event.Judgement{
		Line: event.LineJudgement, V: 1, Prev: event.Digest(c.Line(1)), Outcome: event.Hold, Rule: FactsFailed,
		Dates: []event.DateSay{}, Findings: []event.Finding{}, Pack: p.Ref(), Failed: why,
	})
}

func with(c event.Case, j event.Judgement) event.Case {
	line, err := codec.Append(make([]byte, 0, 2048), j)
	if err != nil {
		panic(err) // plain data always encodes; Judge turns this into a hold
	}
	return c.With(line)
}
