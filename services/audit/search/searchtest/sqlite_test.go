package searchtest

import (
	"flag"
	"path/filepath"
	"testing"

	"github.com/tidegate/tidegate/services/audit/search"
)

// init makes the drawn cases the same in every run; -rapid.seed on the command line draws others.
func init() {
	if err := flag.Set("rapid.seed", "20261123"); err != nil {
		panic(err)
	}
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	Run(t, func(tb testing.TB) search.Index {
		tb.Helper()
		x, err := search.OpenSQLite(tb.Context(), filepath.Join(tb.TempDir(), "index"))
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { _ = x.Close() })
		return x
	})
}

func TestSQLiteInMemory(t *testing.T) {
	t.Parallel()
	Run(t, func(tb testing.TB) search.Index {
		tb.Helper()
		x, err := search.OpenSQLite(tb.Context(), search.Memory)
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { _ = x.Close() })
		return x
	})
}
