package standalone

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/services/enrichment"
	"github.com/tidegate/tidegate/shared/clock"
)

// Nightly is what runs by itself: once a day the log is verified whole, and some records, drawn by lot, are decided again from
// their recorded inputs. What came of it is a note in the log; what is not as it should be is an alarm besides.
type Nightly struct {
	Records uint64        // drawn each night; 0 turns it off
	At      time.Duration // of the day, UTC
}

// parseClock reads HH:MM.
func parseClock(s string) (time.Duration, error) {
	t, err := time.Parse("15:04", s)
	if err != nil {
		return 0, fmt.Errorf("--reproduce-at %q: want HH:MM", s)
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, nil
}

// next is how long it is until the next time of day.
func (n Nightly) next(now time.Time) time.Duration {
	wait := now.Truncate(24 * time.Hour).Add(n.At).Sub(now)
	if wait <= 0 {
		wait += 24 * time.Hour
	}
	return wait
}

// nightly works until ctx ends. What goes wrong is said and never stops the pipeline.
func (s *Standalone) nightly(ctx context.Context) error {
	if s.cfg.Nightly.Records == 0 {
		return nil
	}
	for clock.Sleep(ctx, s.cfg.Nightly.next(clock.System())) == nil {
		if _, err := s.reproduceByNight(ctx, clock.System()); err != nil && ctx.Err() == nil {
			s.cfg.Log.ErrorContext(ctx, "ALARM: the nightly reproduction failed", slog.Any("error", err))
		}
	}
	return nil
}

// reproduceByNight verifies the log whole, draws the night's records, decides them again and notes both results. The day is
// the number of the lot, so that anybody can draw it again: "audit reproduce --sample N --number YYYYMMDD" as long as the log has
// that checkpoint.
func (s *Standalone) reproduceByNight(ctx context.Context, now time.Time) (Reproduced, error) {
	known, err := s.inventory()
	if err != nil {
		return Reproduced{}, err
	}
	// One goroutine: whoever sends orders at night should not notice.
	rep, bad := audit.Verify(ctx, AuditDir(s.cfg.Data), s.cfg.GuardDir, auditverify.Options{Workers: 1})
	if ctx.Err() != nil {
		return Reproduced{}, ctx.Err()
	}
	if bad != nil {
		s.cfg.Log.ErrorContext(ctx, "ALARM: the log does not verify", slog.Any("error", bad))
	}
	year, month, day := now.UTC().Date()
	r, err := reproduceSample(ctx, AuditDir(s.cfg.Data), s.cfg.Nightly.Records, uint64(year*10000+int(month)*100+day), known) //nolint:gosec // a date
	if err != nil {
		return r, errors.Join(bad, err)
	}
	if r.Same != r.Records {
		s.cfg.Log.ErrorContext(ctx, "ALARM: records were not reproduced", slog.Int("records", r.Records), slog.Int("same", r.Same),
			slog.Int("differ", len(r.Differ)), slog.Any("missing", r.Missing))
	}
	n, err := r.note(fmt.Sprintf("Nightly: the log of %d leaves is %s; sample", rep.Size, rep.Verdict), "tidegate")
	if err != nil {
		return r, err
	}
	return r, s.note(ctx, n)
}

// inventory is what records were decided with, as far as it is at hand: shipped, given, imported.
func (s *Standalone) inventory() (*inventory, error) {
	known, err := newInventory(nil, nil)
	if err != nil {
		return nil, err
	}
	if p := s.cfg.Pack; p != nil {
		known.packs[p.Ref().Digest] = p
	}
	ref, err := enrichment.InForce(ListsDir(s.cfg.Data))
	if err != nil {
		return nil, err
	}
	if ref != nil {
		known.snapshots[ref.Digest()] = ref
	}
	return known, nil
}

// note is what the log keeps of a reproduction.
func (r Reproduced) note(what, by string) (event.Note, error) {
	report, err := json.Marshal(r)
	if err != nil {
		return event.Note{}, fmt.Errorf("note: %w", err)
	}
	return event.Note{
		What: "reproduce", By: by, SHA256: event.Digest(report),
		Text: fmt.Sprintf("%s: %d of %d decisions came out byte for byte.", what, r.Same, r.Records),
		Counts: []event.Tally{
			{Name: "records", Count: r.Records},
			{Name: "same", Count: r.Same},
			{Name: "differ", Count: len(r.Differ)},
			{Name: "missing", Count: r.Records - r.Same - len(r.Differ)},
		},
	}, nil
}

// note brings a note in through ingest, as the operator's door does.
func (s *Standalone) note(ctx context.Context, n event.Note) error {
	b, err := json.Marshal(audit.NoteAct(n))
	if err != nil {
		return fmt.Errorf("note: %w", err)
	}
	a, err := s.Ingest.Act(ctx, b, "tidegate")
	if err != nil {
		return fmt.Errorf("note: %w", err)
	}
	if a.Status != "accepted" {
		return fmt.Errorf("note: %w", errors.Join(faultsOf(a.Faults)...))
	}
	return nil
}

func faultsOf(faults []event.Fault) (out []error) {
	out = []error{errors.New("it was not taken")}
	for _, f := range faults {
		out = append(out, errors.New(f.Detail))
	}
	return out
}
