package replay

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/shared/clock"
	"github.com/tidegate/tidegate/shared/codec"
)

// history is n recorded cases: servers of class a to several countries on dates around the Affiliates Rule, half of
// them for a party half owned by a listed one, and a refusal every seventh.
func history(tb testing.TB, p *screening.Pack, n int) []event.Case {
	tb.Helper()
	countries := []event.Country{"DE", "CN", "VN", "SG"}
	dates := []event.Date{"2025-10-01", "2026-01-20", "2026-11-09", "2026-11-10"}
	var out []event.Case
	for i := range n {
		if i%7 == 6 {
			out = append(out, event.NewCase([]byte(`{"line":"refusal","v":1}`)))
			continue
		}
		country := countries[i%4]
		o := &event.Order{
			OrderDate: dates[i/4%4], ShipTo: country, ShipFrom: "US",
			Parties: []event.Party{{Role: event.Purchaser, Name: fmt.Sprintf("Meridian %d", i), Headquarters: country}},
			Items:   []event.Item{{Description: "server"}},
		}
		f := &event.Facts{
			Line: event.LineFacts, V: 1, Places: places(),
			Parties: []event.PartyFacts{{Country: country, Headquarters: event.Known{Country: country}, Parent: event.Known{Country: country}}},
			Items:   []event.ItemFacts{{Class: []string{"a", "none"}[i%2], Class2022: "none", TPP: "15832", Bandwidth: "3350", DC: "yes"}},
		}
		if i%2 == 1 {
			f.Parties[0].Owners = []event.ListedHold{{Owner: "Listed Holding", Percent: "50", Match: event.Match{List: "EL", Entry: "el-1", Score: 1000, Field: "owner", Matched: "Listed Holding", Citation: "84 FR 22961"}}}
		}
		out = append(out, record(tb, p, fmt.Sprintf("order-%d", i), o, f))
	}
	return out
}

func places() []event.Place {
	g := func(names ...string) (out []event.Group) {
		for _, n := range names {
			out = append(out, event.Group{Group: n})
		}
		return out
	}
	return []event.Place{{Country: "CN", Groups: g("D:1", "D:4", "D:5")}, {Country: "DE", Groups: g("A:1", "A:5")}, {Country: "SG", Groups: g("A:6")}, {Country: "US", Groups: g("A:1")}, {Country: "VN", Groups: g("D:1")}}
}

func record(tb testing.TB, p *screening.Pack, id string, o *event.Order, f *event.Facts) event.Case {
	tb.Helper()
	line := func(v any) []byte {
		b, err := codec.Append(nil, v)
		if err != nil {
			tb.Fatal(err)
		}
		return b
	}
	c := event.NewCase(line(event.Cause{Line: event.LineOrder, V: 1, Kind: event.Placed, Source: "test", OrderID: id, Event: id, At: "2026-11-23T00:00:00.000000Z", Order: o}))
	f.Prev = event.Digest(c.Last())
	return screening.Judge(p, c.With(line(f)))
}

func seq(cases []event.Case) iter.Seq2[event.Case, error] {
	return func(yield func(event.Case, error) bool) {
		for _, c := range cases {
			if !yield(c, nil) {
				return
			}
		}
	}
}

func us(t *testing.T, params map[string]string) *screening.Pack {
	t.Helper()
	p, err := screening.USPack()
	if err != nil {
		t.Fatal(err)
	}
	if p, err = p.With(params); err != nil {
		t.Fatal(err)
	}
	return p
}

func run(t *testing.T, cases []event.Case, opt Options) Report {
	t.Helper()
	r, err := Run(context.Background(), seq(cases), opt)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func listed(t *testing.T, r Report) (out []Change) {
	t.Helper()
	for c, err := range r.Orders.All() {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, c)
	}
	return out
}

func TestUnderTheSamePackNothingChanges(t *testing.T) {
	t.Parallel()
	p := us(t, nil)
	cases := history(t, p, 600)
	r := run(t, cases, Options{Pack: p, Workers: 4})
	if r.Changed != 0 || r.Shifted != 0 || r.Judged+r.Skipped != 600 || r.Skipped != 85 {
		t.Errorf("changed %d, shifted %d, judged %d, skipped %d", r.Changed, r.Shifted, r.Judged, r.Skipped)
	}
	for i, c := range cases {
		if c.Refused() {
			continue
		}
		again := screening.Judge(p, event.NewCase(c.Line(0)).With(c.Line(1)))
		if !bytes.Equal(again.Last(), c.Last()) {
			t.Fatalf("case %d judged again:\n%s\n%s", i, c.Last(), again.Last())
		}
	}
}

func TestCodifyingDiffusionChangesReleasedOrdersAbroad(t *testing.T) {
	t.Parallel()
	announced, codified := us(t, nil), us(t, map[string]string{"diffusion": "codified"})
	cases := history(t, announced, 100)
	r := run(t, cases, Options{Pack: codified})
	changes := listed(t, r)
	if r.Changed == 0 || changes[0].Rule != "diffusion-worldwide" {
		t.Fatalf("changes: %+v", changes)
	}
	for _, o := range changes {
		if o.From != event.Release || o.To != event.NeedsLic {
			t.Errorf("%s went from %s to %s", o.OrderID, o.From, o.To)
		}
	}
	ab := run(t, cases, Options{Base: announced, Pack: codified, Workers: 1})
	if diff := cmp.Diff(changes, listed(t, ab)); diff != "" {
		t.Errorf("against the recorded judgements and against the base pack (-recorded +judged):\n%s", diff)
	}
}

func TestAFixedDateBeforeAndAfterTheAffiliatesRuleRevives(t *testing.T) {
	t.Parallel()
	p := us(t, nil)
	cases := history(t, p, 100)
	opt := Options{Base: p, Pack: p, BaseAsOf: screening.AsOf{Fixed: "2026-11-09"}, AsOf: screening.AsOf{Fixed: "2026-11-10"}}
	r := run(t, cases, opt)
	if r.Changed == 0 {
		t.Fatal("nothing changed")
	}
	for _, o := range listed(t, r) {
		if o.Rule != "affiliates-50" {
			t.Errorf("%s changed because of %s", o.OrderID, o.Rule)
		}
	}
}

func TestTheReportDoesNotDependOnTheNumberOfWorkers(t *testing.T) {
	t.Parallel()
	p := us(t, nil)
	cases := history(t, p, 1500)
	opt := Options{Pack: us(t, map[string]string{"diffusion": "codified"}), Slice: Slice{From: "2025-10-02"}}
	var reports [2][]byte
	for i, n := range []int{1, 8} {
		opt.Workers = n
		b, err := json.Marshal(run(t, cases, opt))
		if err != nil {
			t.Fatal(err)
		}
		reports[i] = b
	}
	if !bytes.Equal(reports[0], reports[1]) {
		t.Errorf("one worker:\n%s\neight:\n%s", reports[0], reports[1])
	}
}

func TestTheSliceIsInclusiveAtBothEnds(t *testing.T) {
	t.Parallel()
	p := us(t, nil)
	cases := history(t, p, 160)
	all := run(t, cases, Options{Pack: p})
	days := 0
	for _, d := range []event.Date{"2025-10-01", "2026-01-20", "2026-11-09", "2026-11-10"} {
		days += run(t, cases, Options{Pack: p, Slice: Slice{From: d, Until: d}}).Judged
	}
	if days != all.Judged {
		t.Errorf("the days together judge %d, all %d", days, all.Judged)
	}
}

func TestACaseThatCannotBeReadEndsTheRunAndIsNamed(t *testing.T) {
	t.Parallel()
	p := us(t, nil)
	cases := history(t, p, 3)
	cases = append(cases, event.NewCase([]byte(`{"line":`)).With([]byte(`{}`)).With([]byte(`{}`)))
	_, err := Run(context.Background(), seq(cases), Options{Pack: p})
	if err == nil || !bytes.Contains([]byte(err.Error()), []byte("block 4")) {
		t.Errorf("error: %v", err)
	}
}

func TestTheReportPrintsATable(t *testing.T) {
	t.Parallel()
	p := us(t, nil)
	r := run(t, history(t, p, 50), Options{Pack: us(t, map[string]string{"diffusion": "codified"}), Progress: func(Progress) {}, Clock: clock.System})
	var b bytes.Buffer
	if err := r.Print(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"diffusion-worldwide", "release > license", "judged"} {
		if !bytes.Contains(b.Bytes(), []byte(want)) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

func BenchmarkReplay(b *testing.B) {
	p, err := screening.USPack()
	if err != nil {
		b.Fatal(err)
	}
	cases := history(b, p, 2000)
	b.ResetTimer()
	for b.Loop() {
		if _, err := Run(context.Background(), seq(cases), Options{Pack: p}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(cases)*b.N)/b.Elapsed().Seconds(), "cases/s")
}

func TestAMilderOutcomeOfTheSameRuleIsToldAsWhatItIsNow(t *testing.T) {
	t.Parallel()
	was := event.Judgement{Outcome: event.NeedsLic, Rule: "hbm-2024", Findings: []event.Finding{{Rule: "hbm-2024", Outcome: event.NeedsLic, Text: "Memory."}}}
	for name, tt := range map[string]struct {
		now  event.Judgement
		want string
	}{
		"the rule fires no longer": {event.Judgement{Outcome: event.Release}, "no longer: Memory."},
		"the rule is open now": {
			event.Judgement{Outcome: event.Hold, Findings: []event.Finding{{Rule: "hbm-2024", Outcome: event.Hold, Text: "Open: memory."}}},
			"now hold instead of license: Open: memory.",
		},
	} {
		if rule, why := because(&was, &tt.now); rule != "hbm-2024" || why != tt.want {
			t.Errorf("%s: %s, %s", name, rule, why)
		}
	}
}
