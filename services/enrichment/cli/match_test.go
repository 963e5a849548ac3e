package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/urfave/cli/v3"
)

// run runs a command line and gives what it printed and its exit status.
func answered(t *testing.T, stdin string, args ...string) (out string, status int) {
	t.Helper()
	var b bytes.Buffer
	root := &cli.Command{
		Name: "tidegate", Commands: Commands(nil, Offer{}, nil), Writer: &b, ErrWriter: &b, Reader: strings.NewReader(stdin),
		ExitErrHandler: func(context.Context, *cli.Command, error) {},
	}
	err := root.Run(t.Context(), append([]string{"tidegate", "match"}, args...))
	var exit cli.ExitCoder
	switch {
	case errors.As(err, &exit):
		return b.String() + exit.Error(), exit.ExitCode()
	case err != nil:
		t.Fatal(err)
	}
	return b.String(), 0
}

func TestMatchTellsWhoAndWhy(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		args []string
		want []string
	}{
		{"a listed name", []string{"Huawei Technologies Co., Ltd."}, []string{"1.000  EL el-cn-huawei-technologies", "the same string", "compared; snapshot"}},
		{"pinyin of a Chinese name", []string{"--country", "cn", "Huawei Jishu Youxian Gongsi"}, []string{"el-cn-huawei-technologies", `"jishu" is the same word as`, "the countries agree"}},
		{"a name of nobody", []string{"Brightwater Instruments"}, []string{"0 stated from 0.650 up"}},
		{"an address", []string{"Harbour Nine Trading", "--country", "HK", "--address", "Room 19C, Lockhart Centre, 301-307 Lockhart Road"}, []string{"el-address-03", "the same building and the same room or floor"}},
		{"a person", []string{"--type", "person", "Karl Lee"}, []string{"sdn-cn-li-fangwei", `alias of "Li Fangwei"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out, status := answered(t, "", tt.args...)
			for _, w := range tt.want {
				if status != 0 || !strings.Contains(out, w) {
					t.Errorf("status %d, no %q in\n%s", status, w, out)
				}
			}
		})
	}
}

func TestMatchAsOfLeavesOutWhatIsNotInForce(t *testing.T) {
	t.Parallel()
	before, _ := answered(t, "", "--as-of", "2019-05-01", "Huawei Technologies Co., Ltd.")
	after, _ := answered(t, "", "--as-of", "2019-06-01", "Huawei Technologies Co., Ltd.")
	if strings.Contains(before, "el-cn-huawei-technologies ") || !strings.Contains(after, "el-cn-huawei-technologies ") {
		t.Errorf("before:\n%safter:\n%s", before, after)
	}
}

const labeled = `source,query,candidate,label,type
mine,Kestrel Compute GmbH,Kestrel Compute,1,company
mine,Jonas Emil Brightwater,Jonas Brightwater,1,person
mine,Lantern Factory No. 2,Lantern Factory No. 12,0,company
yours,Ostrava Robotika,Robotika Ostrava,1,company
yours,Juniper Vale,Suncrest Data,0,company
`

func TestEvalCounts(t *testing.T) {
	t.Parallel()
	scores := filepath.Join(t.TempDir(), "scores.csv")
	out, status := answered(t, labeled, "eval", "--json", "--scores", scores, "-")
	var r report
	if err := json.Unmarshal([]byte(out), &r); err != nil || status != 0 {
		t.Fatalf("status %d, %v: %s", status, err, out)
	}
	if r.Pooled.Pairs != 5 || r.Pooled.BestF1 != 1000 || r.Pooled.F1 != 1000 || r.Sources["yours"].Pairs != 2 || r.Sources["mine"].Threshold != 800 {
		t.Errorf("%+v", r)
	}
	text, err := os.ReadFile(scores)
	if err != nil || strings.Count(string(text), "\n") != 6 || !strings.HasPrefix(string(text), "query,candidate,label,type,source,score\n") {
		t.Errorf("%v: %s", err, text)
	}
}

func TestEvalMeasures(t *testing.T) {
	t.Parallel()
	r := measure([]pair{{same: true, score: 900}, {same: true, score: 700}, {score: 850}, {score: 100}}, 800)
	want := result{Pairs: 4, Threshold: 800, Precision: 500, Recall: 500, F1: 500, BestF1: 800, BestThreshold: 700}
	if r != want {
		t.Errorf("%+v, want %+v", r, want)
	}
}

func TestBenchPrintsEveryFigure(t *testing.T) {
	t.Parallel()
	out, status := answered(t, "Huawei\n\nBrightwater Instruments\n", "bench", "--names", "-", "--json")
	var figures map[string]float64
	if err := json.Unmarshal([]byte(out), &figures); err != nil || status != 0 {
		t.Fatalf("status %d, %v: %s", status, err, out)
	}
	for _, k := range []string{"load_s", "rss_mb", "entities", "cpu_us_per_name", "p50_us", "p99_us", "names_per_s"} {
		if _, ok := figures[k]; !ok {
			t.Errorf("no %s in %s", k, out)
		}
	}
	if figures["names"] != 2 || figures["stated"] != 1 {
		t.Error(out)
	}
}

func TestWhatCannotBeReadIsSaid(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, stdin string
		args        []string
		want        string
	}{
		{"no name", "", nil, "wants one name"},
		{"a type that does not exist", "", []string{"--type", "ship", "x"}, `type "ship"`},
		{"a date that is none", "", []string{"--as-of", "2026-13-01", "x"}, "2026-13-01"},
		{"a missing column", "query,label\n", []string{"eval", "-"}, `no column "candidate"`},
		{"a label that is none", "query,candidate,label,type,source\na,b,maybe,company,s\n", []string{"eval", "-"}, "line 2: label"},
		{"no pairs", "query,candidate,label,type,source\n", []string{"eval", "-"}, "nothing in it"},
		{"no names", "\n", []string{"bench", "--names", "-"}, "nothing in it"},
		{"a set that is not there", "", []string{"--reference", "testdata/none", "x"}, "load"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if out, status := answered(t, tt.stdin, tt.args...); status != 2 || !strings.Contains(out, tt.want) {
				t.Errorf("status %d, no %q in %s", status, tt.want, out)
			}
		})
	}
}
