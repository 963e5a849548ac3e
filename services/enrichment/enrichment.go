// Package enrichment adds facts to orders: which listed parties the names and addresses resemble, where parties are
// headquartered, what the items are. Facts are a function of the order and the snapshot alone; it judges nothing.
//
// Block k of ORDER becomes block k of ENRICHED. Its only position is the end of ENRICHED, which can be made again
// from ORDER byte for byte.
package enrichment

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/codec"
)

// Config is what the service needs.
type Config struct {
	Reference  *Reference   // the snapshot; the curated one when nil
	Required   []Required   // lists without which orders are held
	MastersDir string       // where masters that are activated are kept and mapped; one below the system's temporary directory when empty
	Log        *slog.Logger // discarded when nil
}

// Service is the enrichment stage.
type Service struct {
	nc    *nats.Conn
	log   *slog.Logger
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
	if cfg.Reference == nil {
		curated, err := Curated()
		if err != nil {
			return nil, err
		}
		cfg.Reference = curated
	}
	cfg.Log.Info("reference in force", slog.String("snapshot", cfg.Reference.Digest()), slog.Int("lists", len(cfg.Reference.seen)), slog.String("masters", cfg.Reference.Masters()))
	for _, q := range cfg.Required {
		if why := cfg.Reference.lacks(Required{List: q.List}, ""); why != "" {
			cfg.Log.Warn("every order will be held", slog.String("reason", why))
		}
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, fmt.Errorf("enrichment: %w", err)
	}
	force := newForcing(js, cfg.Reference, cfg.MastersDir, cfg.Log)
	return &Service{nc: nc, log: cfg.Log, js: js, cfg: cfg, force: force, stage: bus.Stage{
		In: subject.OrderStream, Out: subject.EnrichedStream, OutSubject: subject.EnrichedSubject, Rebuildable: true,
		Each: func(c event.Case) event.Case { return Enrich(force.now.Load(), cfg.Required, c) },
		Shrink: func(c event.Case) event.Case {
			return failed(event.NewCase(c.Line(0)), force.now.Load(), "the facts of this order do not fit into a message")
		},
		Switch: force.to,
		Log:    cfg.Log,
	}}, nil
}

// Run enriches, and answers questions, until ctx ends, which is no error.
func (s *Service) Run(ctx context.Context) error {
	stop, err := bus.ServeLoads(ctx, s.nc, bus.Loader{Service: "enrichment", What: []string{bus.Lists, bus.Masters}, Load: s.force.try, InForce: s.force.says})
	if err != nil {
		return fmt.Errorf("enrichment: %w", err)
	}
	defer stop()
	silent, err := bus.Serve(ctx, s.nc, "enrichment", "facts about orders", bus.Stepwise("facts", subject.AskFacts,
		"facts about an order under the lists in force now, without it becoming one",
		func(c event.Case) event.Case { return Enrich(s.force.now.Load(), s.cfg.Required, c) }), (&again{js: s.js}).endpoint())
	if err != nil {
		return fmt.Errorf("enrichment: %w", err)
	}
	defer silent()
	closeDoor, err := s.answer()
	if err != nil {
		return fmt.Errorf("enrichment: %w", err)
	}
	return errors.Join(s.stage.Run(ctx, s.js), closeDoor())
}

// Reference is the set in force now.
func (s *Service) Reference() *Reference { return s.force.now.Load() }

// Enrich appends the facts line to a case. What passes (a refusal, what is of no order) is passed on. An order that cannot be enriched gets facts that
// say why, so that screening holds it and its neighbors go on. So does one that came while a required list was missing
// or too old; its facts are stated all the same.
func Enrich(ref *Reference, required []Required, c event.Case) (out event.Case) {
	if c.Passes() {
		return c
	}
	defer func() {
		if p := recover(); p != nil {
			out = failed(c, ref, fmt.Sprintf("enrichment could not read this order: %v", p))
		}
	}()
	cause := causes.Get().(*event.Cause) //nolint:forcetypeassert // the pool holds nothing else
	if err := codec.Decode(c.Line(0), cause); err != nil {
		return failed(c, ref, err.Error())
	}
	order := cause.Carried()
	if order == nil {
		return failed(c, ref, noOrder(cause.Kind))
	}
	f := ref.Facts(order, event.Digest(c.Line(0)))
	f.Failed = ref.Lacking(required, cause.At)
	out = with(c, f)
	cause.Reset() // after the facts are bytes: their strings are the order's
	causes.Put(cause)
	return out
}

// noOrder says why a cause without an order is held.
func noOrder(k event.Kind) string {
	if k == event.Shipped || k == event.Cancelled {
		return "an order was " + string(k) + " that nobody had placed here, and the notice carries no order"
	}
	return "the cause carries no order"
}

// causes are decoded orders to be used again.
var causes = sync.Pool{New: func() any { return new(event.Cause) }}

func failed(c event.Case, ref *Reference, why string) event.Case {
	return with(c, event.Facts{
		Line: event.LineFacts, V: 1, Prev: event.Digest(c.Line(0)), Snapshot: ref.Digest(), Lists: ref.seen, Matcher: MatcherVersion,
		Parties: []event.PartyFacts{}, Items: []event.ItemFacts{}, Places: []event.Place{}, Failed: why,
	})
}

func with(c event.Case, f event.Facts) event.Case {
	line, err := codec.Append(make([]byte, 0, 2048), f)
	if err != nil {
		panic(err) // plain data always encodes; Enrich turns this into facts that say why
	}
	return c.With(line)
}
