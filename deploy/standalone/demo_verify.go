package standalone

import (
	"context"

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
