package standalone

import (
	"path/filepath"
	"testing"
)

func TestADiskThatDoesNotSayIsNotHeldAgainstAnybody(t *testing.T) {
	t.Parallel()
	if err := space(filepath.Join(t.TempDir(), "missing"), reserve); err != nil {
		t.Error(err)
	}
}
