package standalone

import (
	"context"
	"fmt"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/shared/bus"
)

// verify checks the whole log with the auditor's own library, while the pipeline still runs.
func (r *Result) verify(ctx context.Context, s *Standalone) error {
	o := auditverify.Options{}
	if policy := s.cfg.Audit.Witnesses; len(policy) > 0 {
		var err error
		if o.Policy, err = auditverify.ParsePolicy(policy); err != nil {
			return err
		}
	}
	rep, err := audit.Verify(ctx, AuditDir(s.cfg.Data), s.cfg.GuardDir, o)
	if err != nil {
		return err
	}
	r.LogSize, r.Notes, r.Log = rep.Size, rep.Notes, rep.String()
	for _, w := range rep.Witnesses {
		r.Witness = append(r.Witness, w.Witness)
	}
	return nil
}

// reproduce decides every recorded order again from its recorded inputs.
func (r *Result) reproduce(ctx context.Context, data string) error {
	known, err := newInventory(nil, nil)
	if err != nil {
		return err
	}
	if r.Again, err = reproduceAll(ctx, AuditDir(data), known); err != nil {
		return err
	}
	if r.Again.Same != r.Again.Records {
		r.Misses = append(r.Misses, fmt.Sprintf("only %d of %d decisions were reproduced", r.Again.Same, r.Again.Records))
	}
	return nil
}

// noted brings in what was done with the history and waits until the log has it, too.
func (r *Result) noted(ctx context.Context, s *Standalone) error {
	js, err := s.jetStream("notes")
	if err != nil {
		return err
	}
	logged, err := bus.Look(ctx, js, subject.PublicRecordStream)
	if err != nil {
		return err
	}
	notes := make([]event.Note, 0, len(r.Replays)+1)
	for _, d := range r.Replays {
		notes = append(notes, replayNote(d.Report, d.SHA256, "demo"))
	}
	n, err := r.Again.note("every record of the demo", "demo")
	if err != nil {
		return err
	}
	for _, n := range append(notes, n) {
		if err := s.note(ctx, n); err != nil {
			return err
		}
	}
	return awaitReceipts(ctx, js, int(logged.Last)+len(notes)+1) //nolint:gosec // a demo's log is small
}
