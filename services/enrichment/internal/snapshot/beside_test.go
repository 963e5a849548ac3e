package snapshot

import (
	"slices"
	"strings"
	"testing"
)

func TestRowsBesideEachOtherAreSortedAndEachOnce(t *testing.T) {
	t.Parallel()
	b := row("b", "2026-01-01")
	b.Aliases = []string{"other"}
	got := Beside([]Entry{row("a", ""), row("b", "2026-01-01"), row("z", "")}, []Entry{b, row("c", "")})
	if !slices.IsSortedFunc(got, func(x, y Entry) int { return strings.Compare(x.ID, y.ID) }) || len(got) != 4 || len(got[1].Aliases) != 1 {
		t.Errorf("%+v", got)
	}
}
