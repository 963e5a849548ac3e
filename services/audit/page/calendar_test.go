package page

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit/search"
)

func TestADayWithAGapSaysSoInWordsToo(t *testing.T) {
	t.Parallel()
	day := search.CompleteDay{Day: "2026-11-12", Orders: 40, Decisions: 39, Leaves: 40, Lost: 3, Words: "1 orders have no decision; 3 blocks were lost before they were logged, which the log says itself"}
	good := search.CompleteDay{Day: "2026-11-11", Orders: 7, Decisions: 7, Leaves: 7, Complete: true}
	c := calendar{Month: "2026-11", Before: "2026-10", Name: "November 2026", Report: search.Completeness{Days: []search.CompleteDay{good, day}, Words: []string{"NOT complete."}}}
	first := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	c.fill(first, first.AddDate(0, 1, -1), "2026-11-23", event.Span{From: "2026-11-01", Until: "2026-11-25"})
	var b bytes.Buffer
	if err := pages["calendar"].Execute(&b, frame{Title: "x", Name: "calendar", Data: c}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`<td class="gap">`, "Not complete", "November 2026 is not complete", day.Words, `<td class="full">`, "beyond your token"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not there", want)
		}
	}
	if n := strings.Count(b.String(), "<time"); n != 30 {
		t.Errorf("%d days", n)
	}
	if dir := os.Getenv("TIDEGATE_SHOTS"); dir != "" { // to be looked at
		if err := os.WriteFile(filepath.Join(dir, "gap.html"), bytes.ReplaceAll(b.Bytes(), []byte("/static/"), []byte("static/")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAMonthBeginsOnItsWeekday(t *testing.T) {
	t.Parallel()
	for month, want := range map[string]int{"2026-11": 6, "2026-06": 0, "2026-02": 6} { // Monday is 0
		first, err := time.Parse("2006-01", month)
		if err != nil {
			t.Fatal(err)
		}
		c := calendar{}
		c.fill(first, first.AddDate(0, 1, -1), "", event.Span{})
		if c.Weeks[0][want].N != 1 || want > 0 && c.Weeks[0][want-1].N != 0 {
			t.Errorf("%s: %+v", month, c.Weeks[0])
		}
	}
}
