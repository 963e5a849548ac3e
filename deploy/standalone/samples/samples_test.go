package samples

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest"
)

// deciding lists the rules that must decide at least one sample. cn-case-by-case-2026 is not among them: it changes the
// review policy of ac-destination, which stands before it. Neither is diffusion-worldwide, which only decides where
// the parameter is set, nor facts-failed.
var deciding = strings.Fields(`sdn-block sdn-50-percent dpl-block el-license el-address meu-license uvl-statement possible-match
	shared-address dod-1260h-red-flag ns-cmic-note affiliates-50 affiliates-red-flag-29
	ac-letters-2022 ac-2022 ac-destination ac-headquarters ac-uae letters-2025 hbm-2024 diffusion-announced
	ascend-gp10 foundry-presumption ai-training-end-use military-end-use
	rf-new-customer rf-no-web-presence rf-forwarder-final rf-third-country-payer rf-late-change rf-datacenter-power
	rf-end-use-withheld rf-residential-address rf-reseller-no-end-user rf-cash-payment rf-business-mismatch embargo sme-items
	fdp-footnote-1-2020 mieu-license supercomputer-end-use semiconductor-end-use other-controls letters-2025-like russia-belarus-ear99
	russia-belarus rf-odd-route rf-iaas-user rf-domestic-d5m rf-large-design gp10-stated-outside rf-split-order`)

func loaded(t *testing.T) []Sample {
	t.Helper()
	all, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func decode(tb testing.TB, s Sample) event.Order {
	tb.Helper()
	var normal []byte
	for tried, err := range ingest.Try(bytes.NewReader(s.Input), ingest.Hint{Name: s.File}, "2026-11-23T10:15:00.000000Z") {
		if err != nil || tried.Order == nil || normal != nil {
			tb.Fatalf("%s: want one order, have %+v %v", s.Name, tried, err)
		}
		normal = tried.Order
	}
	d := json.NewDecoder(bytes.NewReader(normal))
	d.DisallowUnknownFields()
	var o event.Order
	if err := d.Decode(&o); err != nil {
		tb.Fatalf("%s: %v", s.Name, err)
	}
	return o
}

func TestThereAreEnoughOfEachKind(t *testing.T) {
	t.Parallel()
	n := map[Kind]int{}
	for _, s := range loaded(t) {
		n[s.Kind]++
	}
	for kind, least := range map[Kind]int{Case: 60, Ordinary: 30, Refusal: 3} {
		if n[kind] < least {
			t.Errorf("%d samples of kind %s, want at least %d", n[kind], kind, least)
		}
	}
}

func TestEveryFileBelongsToASample(t *testing.T) {
	t.Parallel()
	files, err := orders.ReadDir("orders")
	if err != nil {
		t.Fatal(err)
	}
	if want := 2 * len(loaded(t)); len(files) != want {
		t.Errorf("%d files, want %d: an order and its answer each", len(files), want)
	}
}

func TestEveryOrderSpeaksTheContract(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, s := range loaded(t) {
		if s.Kind == Refusal {
			continue
		}
		o := decode(t, s)
		if o.ID == "" || o.OrderDate == "" || len(o.Parties) == 0 || len(o.Items) == 0 {
			t.Errorf("%s: no id, order date, parties or items", s.Name)
		}
		key, _ := json.Marshal([]any{o.Source, o.ID, o.Revision})
		if other, ok := seen[string(key)]; ok {
			t.Errorf("%s has the source, id and revision of %s", s.Name, other)
		}
		seen[string(key)] = s.Name
	}
}

func TestOrdinaryTradeIsReleased(t *testing.T) {
	t.Parallel()
	for _, s := range loaded(t) {
		if s.Kind == Ordinary && s.Expect.Outcome != event.Release {
			t.Errorf("%s: outcome %s", s.Name, s.Expect.Outcome)
		}
	}
}

func TestEveryRuleDecidesASample(t *testing.T) {
	t.Parallel()
	all := loaded(t)
	for _, rule := range deciding {
		if !slices.ContainsFunc(all, func(s Sample) bool { return s.Expect.Rule == rule }) {
			t.Errorf("no sample is decided by %s", rule)
		}
	}
	for _, s := range all {
		if s.Expect.Rule != "" && !slices.Contains(deciding, s.Expect.Rule) {
			t.Errorf("%s: there is no rule %s", s.Name, s.Expect.Rule)
		}
	}
}

func TestDatesReachFrom2019To2026(t *testing.T) {
	t.Parallel()
	years := map[string]int{}
	for _, s := range loaded(t) {
		if s.Kind != Refusal {
			years[string(decode(t, s).OrderDate[:4])]++
		}
	}
	for _, year := range []string{"2019", "2020", "2021", "2022", "2023", "2024", "2025", "2026"} {
		if years[year] == 0 {
			t.Errorf("no sample of %s", year)
		}
	}
	if len(years) != 8 {
		t.Errorf("samples of other years too: %v", years)
	}
}

func TestBothParametersChangeEnoughSamples(t *testing.T) {
	t.Parallel()
	var codified, affiliates int
	for _, s := range loaded(t) {
		if s.Expect.Codified != nil {
			codified++
		}
		if s.Expect.Affiliates != nil {
			affiliates++
		}
	}
	if codified < 5 || affiliates < 5 {
		t.Errorf("AI Diffusion changes %d samples and the Affiliates Rule %d, want 5 at least", codified, affiliates)
	}
}
