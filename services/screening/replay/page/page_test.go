package page_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening/replay"
	"github.com/tidegate/tidegate/services/screening/replay/page"
)

// sample is a report of n invented changes over three years, several countries and rules.
func sample(n int) replay.Report {
	ways := [][2]event.Outcome{{event.Release, event.NeedsLic}, {event.Release, event.Hold}, {event.Hold, event.Release}, {event.Hold, event.Block}, {event.NeedsLic, event.Block}, {event.Release, event.NeedsLic}, {event.NeedsLic, event.Release}}
	rules := []string{"diffusion-worldwide", "affiliates-50", "possible-match", "sdn-block", "el-license", "letters-2025", "cn-case-by-case-2026"}
	countries := []event.Country{"CN", "AE", "SG", "MY", "IN", "DE", "VN", "TW", "JP", "KR", "TH", "SA", "QA", "KZ", "BR", ""}
	var b replay.Breakdown
	changes := make([]replay.Change, 0, n)
	for i := range n {
		way := ways[i%7*(i%5)%7]
		c := replay.Change{
			Source: []string{"shop", "erp", "cloud-west"}[i%3], OrderID: fmt.Sprintf("PO-%05d", 10000+i*37%90000), Revision: i % 4 / 3, Event: fmt.Sprintf("e-%d", i),
			Date: event.Date(fmt.Sprintf("%d-%02d-%02d", 2024+i%31/12, 1+i%31%12, 1+i%28)), Country: countries[i*i%16],
			From: way[0], To: way[1], Rule: rules[i%7*(i%3)%7],
			Why: "A license is required: 8 advanced computing items of class a to a destination outside the exempted countries, with a headquarters in Country Group D:5.",
		}
		if i%4 == 0 {
			c.Stand = replay.Open
		}
		b.Add(&c)
		changes = append(changes, c)
	}
	q := replay.Question{
		A: replay.Side{Recorded: true}, State: replay.Recorded,
		B: replay.Side{Pack: &event.PackRef{ID: "us", Version: "2026.11", Digest: strings.Repeat("5e1f", 16), Parameters: map[string]string{"diffusion": "codified"}}},
	}
	r := replay.Report{Asks: q.Words(), Question: q, Plan: replay.Plan{Why: "Only rules differ, so the recorded facts are judged again", Leaves: 1204882, Root: "3q2+7w=="}, Judged: 40 * n, Shifted: n / 9, Skipped: 17, Orders: replay.Listed(changes...)}
	b.Fill(&r)
	return r
}

func written(t *testing.T, r replay.Report, opt page.Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := page.Write(&b, r, opt); err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("TIDEGATE_PAGES"); dir != "" { // to be looked at
		if err := os.WriteFile(filepath.Join(dir, strings.ReplaceAll(t.Name(), "/", "-")+".html"), b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

func TestThePageNeedsNothingElse(t *testing.T) {
	t.Parallel()
	got := written(t, sample(40), page.Options{CSV: "changed.csv"})
	for _, bad := range []string{"<script", "http:", "https:", "<link", "<img", "@import", "url(", "javascript", "ZgotmplZ", "onload"} {
		if strings.Contains(got, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	for _, want := range []string{"What was the law that day, as pack us 2026.11 with diffusion codified tells it?", "All 40, the gravest first", "changed.csv", "By country of destination", "By month of the order", "recorded: as they were read then"} {
		if !strings.Contains(got, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

func TestOfVeryManyChangesThePageShowsTheGravestAndSaysWhereTheRestIs(t *testing.T) {
	t.Parallel()
	got := written(t, sample(30_000), page.Options{CSV: "changed.csv", Digest: strings.Repeat("ab", 32)})
	if n := strings.Count(got, `<td class="way">`); n != page.MostShown {
		t.Errorf("%d orders are shown", n)
	}
	if !strings.Contains(got, "29,500 more stand in <code>changed.csv</code>") || len(got) > 500_000 {
		t.Errorf("%d bytes", len(got))
	}
	first := regexp.MustCompile(`</s> <span class="(\w+)">`).FindStringSubmatch(got)
	if first == nil || first[1] != "block" {
		t.Errorf("the first is %v", first)
	}
}

func TestAQuietReplayHasAShortPage(t *testing.T) {
	t.Parallel()
	q := replay.Question{A: replay.Side{Recorded: true}, State: replay.Recorded}
	got := written(t, replay.Report{Asks: q.Words(), Question: q, Judged: 96, Skipped: 3}, page.Options{})
	if !strings.Contains(got, "Nothing changes: all 96 decisions have the same outcome.") || strings.Contains(got, "<svg") {
		t.Error(got)
	}
}

func TestWhatStandsInAnOrderIsTextOnly(t *testing.T) {
	t.Parallel()
	var b replay.Breakdown
	c := replay.Change{OrderID: `"><script>alert(1)</script>`, Source: "<b>", Rule: "<i>", Why: "</td><svg onload=x>", Country: "<", Date: "<<<<<<<<", From: event.Release, To: event.Block}
	b.Add(&c)
	r := replay.Report{Judged: 1, Orders: replay.Listed(c)}
	b.Fill(&r)
	got := written(t, r, page.Options{Title: "<u>", CSV: "<.csv", Digest: "<"})
	for _, bad := range []string{"<script", "<small><b>", `rule"><i>`, "<svg onload", "<u>", "<.csv", "<<"} {
		if strings.Contains(got, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
}

func TestAListThatCannotBeReadIsNoPage(t *testing.T) {
	t.Parallel()
	r := sample(2)
	r.Orders = replay.Streamed(func(yield func(replay.Change, error) bool) { yield(replay.Change{}, errors.New("the disk is gone")) })
	if err := page.Write(&bytes.Buffer{}, r, page.Options{}); err == nil {
		t.Error("no error")
	}
}
