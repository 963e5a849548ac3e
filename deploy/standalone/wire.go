package standalone

import (
	"context"
	"iter"

	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/enrichment"
	"github.com/tidegate/tidegate/services/ingest"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/services/screening/replay"
	"github.com/tidegate/tidegate/shared/codec"
)

// wire makes the four services, each on a connection of its own. What ingest asks of the history, the log on the same
// disk answers.
func (s *Standalone) wire() error {
	logDir := AuditDir(s.cfg.Data)
	nc, err := s.connect("ingest")
	if err != nil {
		return err
	}
	if s.Ingest, err = ingest.New(nc, s.ingestConfig(logDir)); err != nil {
		return err
	}
	if nc, err = s.connect("enrichment"); err != nil {
		return err
	}
	reference, err := enrichment.InForce(ListsDir(s.cfg.Data))
	if err != nil {
		return err
	}
	if reference, err = reference.WithMastersOf(MastersDir(s.cfg.Data)); err != nil {
		return err
	}
	if s.Enrichment, err = enrichment.New(nc, enrichment.Config{Reference: reference, MastersDir: MastersDir(s.cfg.Data), Required: s.cfg.Required, Log: s.cfg.Log}); err != nil {
		return err
	}
	if nc, err = s.connect("screening"); err != nil {
		return err
	}
	if s.Screening, err = screening.New(nc, screening.Config{
		Pack: s.cfg.Pack, Dir: screeningDir(s.cfg.Data), Log: s.cfg.Log, Beside: replay.Offer,
		History: func(ctx context.Context, from uint64) iter.Seq2[screening.Past, error] {
			return decided(ctx, logDir, from)
		},
	}); err != nil {
		return err
	}
	if nc, err = s.connect("audit"); err != nil {
		return err
	}
	cfg := s.cfg.Audit
	cfg.Dir, cfg.GuardDir, cfg.Log = logDir, s.cfg.GuardDir, s.cfg.Log
	cfg.KeepDecisionBytes = s.cfg.Limits.WithDefaults().DecisionBytes / 2 // the other half is for what is not logged yet
	if s.Audit, err = audit.New(nc, cfg); err != nil {
		return err
	}
	return s.wireOrders()
}

func (s *Standalone) ingestConfig(logDir string) ingest.Config {
	cfg := s.cfg.Ingest
	cfg.Dir, cfg.Listen, cfg.Log = ingestDir(s.cfg.Data), s.cfg.HTTP, s.cfg.Log
	guard := s.cfg.GuardDir
	if guard == "" {
		guard, _ = audit.GuardDir(logDir) // without one the log does not open
	}
	cfg.Space = func() error { return room(s.cfg.Data, guard) }
	cfg.History = func(ctx context.Context, from uint64) iter.Seq2[ingest.Past, error] { return past(ctx, logDir, from) }
	cfg.Receipt = func(ctx context.Context, event string) ([]byte, bool, error) {
		return audit.Receipt(ctx, logDir, event)
	}
	cfg.Cause = func(ctx context.Context, event string) ([]byte, bool, error) { return cause(ctx, logDir, event) }
	cfg.Lookup = func(ctx context.Context, id string) ([]ingest.Logged, uint64, error) { return lookup(ctx, logDir, id) }
	return cfg
}

// past reads the log's cases for ingest's index of keys.
func past(ctx context.Context, logDir string, from uint64) iter.Seq2[ingest.Past, error] {
	return func(yield func(ingest.Past, error) bool) {
		for l, err := range audit.ReadBlocks(ctx, logDir, from) {
			for block := max(from, l.Leaf.Sequence); block <= max(l.Leaf.Sequence, l.Leaf.To) || err != nil; block++ { // a gap is many
				if !yield(ingest.Past{Sequence: block, Case: l.Case}, err) || err != nil {
					return
				}
			}
		}
	}
}

// cause reads the first line of an event's case from the log.
func cause(ctx context.Context, logDir, id string) ([]byte, bool, error) {
	logged, _, err := audit.Find(ctx, logDir, id)
	if err != nil {
		return nil, false, err
	}
	for _, l := range logged {
		var c struct {
			Event string `json:"event"`
		}
		if err := codec.Decode(l.Case.Line(0), &c); err != nil {
			return nil, false, err
		}
		if c.Event == id {
			return l.Case.Line(0), true, nil
		}
	}
	return nil, false, nil
}

// decided reads the log's cases for screening's ledger.
func decided(ctx context.Context, logDir string, from uint64) iter.Seq2[screening.Past, error] {
	return func(yield func(screening.Past, error) bool) {
		for l, err := range audit.ReadBlocks(ctx, logDir, from) {
			if !yield(screening.Past{Sequence: l.Leaf.Sequence, Case: l.Case}, err) || err != nil {
				return
			}
		}
	}
}

// lookup reads what the log holds of an order or event, oldest first, each case with its receipt.
func lookup(ctx context.Context, logDir, id string) (found []ingest.Logged, size uint64, err error) {
	logged, point, err := audit.Find(ctx, logDir, id)
	if err != nil {
		return nil, 0, err
	}
	for _, l := range logged {
		receipt, err := l.Receipt()
		if err != nil {
			return nil, 0, err
		}
		found = append(found, ingest.Logged{Leaf: l.Index, Case: l.Case, Receipt: receipt})
	}
	return found, point.Size, nil
}
