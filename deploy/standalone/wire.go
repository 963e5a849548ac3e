package standalone

import (
	"context"
	"fmt"
	"iter"

	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/enrichment"
	"github.com/tidegate/tidegate/services/ingest"
	"github.com/tidegate/tidegate/services/screening"
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
	if s.Ingest, err = ingest.New(nc, ingest.Config{
		Dir: ingestDir(s.cfg.Data), Listen: s.cfg.HTTP, Log: s.cfg.Log,
		History: func(ctx context.Context, from uint64) iter.Seq2[ingest.Past, error] { return past(ctx, logDir, from) },
		Receipt: func(ctx context.Context, event string) ([]byte, bool, error) {
			return audit.Receipt(ctx, logDir, event)
		},
		Cause:  func(ctx context.Context, event string) ([]byte, bool, error) { return cause(ctx, logDir, event) },
		Lookup: func(ctx context.Context, id string) ([]byte, bool, error) { return lookup(ctx, logDir, id) },
	}); err != nil {
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
	if s.Enrichment, err = enrichment.New(nc, enrichment.Config{Reference: reference, Required: s.cfg.Required, Log: s.cfg.Log}); err != nil {
		return err
	}
	if nc, err = s.connect("screening"); err != nil {
		return err
	}
	if s.Screening, err = screening.New(nc, screening.Config{Pack: s.cfg.Pack, Log: s.cfg.Log}); err != nil {
		return err
	}
	if nc, err = s.connect("audit"); err != nil {
		return err
	}
	cfg := s.cfg.Audit
	cfg.Dir, cfg.GuardDir, cfg.Log = logDir, s.cfg.GuardDir, s.cfg.Log
	cfg.KeepDecisionBytes = s.cfg.Limits.WithDefaults().DecisionBytes / 2 // the other half is for what is not logged yet
	s.Audit, err = audit.New(nc, cfg)
	return err
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

// lookup writes what the log holds of an order as JSON: its leaves, oldest first, each with the lines of its case. The
// lines are appended as they are: encoding them again would change their digests.
func lookup(ctx context.Context, logDir, id string) ([]byte, bool, error) {
	logged, point, err := audit.Find(ctx, logDir, id)
	if err != nil || len(logged) == 0 {
		return nil, false, err
	}
	b, err := codec.Append([]byte(`{"order_id":`), id)
	if err != nil {
		return nil, false, err
	}
	b = fmt.Appendf(b, `,"log_size":%d,"leaves":[`, point.Size)
	for i, l := range logged {
		b = fmt.Appendf(b, `%s{"leaf":%d,"lines":[`, comma(i), l.Index)
		for j := range l.Case.Len() {
			b = append(append(b, comma(j)...), l.Case.Line(j)...)
		}
		b = append(b, "]}"...)
	}
	return append(b, "]}"...), true, nil
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ","
}
