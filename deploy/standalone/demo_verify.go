package standalone

import (
	"context"
	"fmt"

	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/auditverify"
)

// verify checks the whole log with the auditor's own library, while the pipeline still runs.
func (r *Result) verify(ctx context.Context, data, guardDir string) error {
	rep, err := audit.Verify(ctx, AuditDir(data), guardDir, auditverify.Options{})
	if err != nil {
		return err
	}
	r.LogSize = rep.Size
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
