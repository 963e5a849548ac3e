package standalone

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/tidegate/tidegate/deploy/standalone/samples"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/services/screening/replay"
	"github.com/tidegate/tidegate/services/screening/replay/page"
)

// DemoReplay is one replay of the demo's history.
type DemoReplay struct {
	Title  string `json:"title"`
	Page   string `json:"page"`   // the report to read, an HTML file
	SHA256 string `json:"sha256"` // digest of the report
	replay.Report
}

func (d DemoReplay) print(w io.Writer) {
	fmt.Fprintf(w, "Replay: %s\n", d.Title)
	if err := d.Print(w); err != nil {
		fmt.Fprintln(w, err)
	}
	fmt.Fprintf(w, "report page: %s\n\n", d.Page)
}

// replay judges the history twice more: under the AI Diffusion rule as codified, and on the two days between which the
// Affiliates Rule comes back. Each must change exactly the orders that the samples say. Of each a page and a list are kept in
// the folder of reports.
func (r *Result) replay(ctx context.Context, data, reports string, set []samples.Sample) error {
	codified, err := usPack(map[string]string{"diffusion": "codified"})
	if err != nil {
		return err
	}
	us, err := usPack(nil)
	if err != nil {
		return err
	}
	for _, d := range []struct {
		title string
		name  string
		opt   replay.Options
		want  func(samples.Expect) *samples.Answer
	}{
		{"AI Diffusion codified instead of announced", "diffusion", replay.Options{Pack: codified}, codifiedChange},
		{"all orders as of 2026-11-10, when the Affiliates Rule is in force again, against the day before", "affiliates", replay.Options{
			Pack: us, Base: us, AsOf: screening.AsOf{Fixed: "2026-11-10"}, BaseAsOf: screening.AsOf{Fixed: "2026-11-09"},
		}, func(e samples.Expect) *samples.Answer { return e.Affiliates }},
	} {
		rep, err := Replay(ctx, data, d.opt)
		if err != nil {
			return err
		}
		told := DemoReplay{Title: d.title, Report: rep}
		if err := told.keep(reports, d.name); err != nil {
			return err
		}
		r.Replays = append(r.Replays, told)
		r.Changed += rep.Changed
		r.expectChanges(d.title, rep, set, d.want)
	}
	return nil
}

// keep writes the replay's page and its list of changed orders.
func (d *DemoReplay) keep(dir, name string) (err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if d.SHA256, err = d.Digest(); err != nil {
		return err
	}
	d.Page = filepath.Join(dir, name+".html")
	return writeReport(d.Report, d.SHA256, d.Page, filepath.Join(dir, name+".csv"), page.Options{Title: "Replay: " + d.Title})
}

// codifiedChange is the answer under the codified rule where the outcome, not only the deciding rule, is another.
func codifiedChange(e samples.Expect) *samples.Answer {
	if e.Codified != nil && e.Codified.Outcome == e.Outcome {
		return nil
	}
	return e.Codified
}

// expectChanges notes every order that should have changed and did not, or the other way round.
func (r *Result) expectChanges(title string, rep replay.Report, set []samples.Sample, want func(samples.Expect) *samples.Answer) {
	got := map[string]replay.Change{}
	for c, err := range rep.Orders.All() {
		if err != nil {
			r.Misses = append(r.Misses, err.Error())
			break
		}
		got[c.Event] = c
	}
	for i, s := range set {
		answer, change := want(s.Expect), got[r.Cases[i].event]
		switch expected := answer != nil; {
		case expected && change.To != answer.Outcome:
			r.Misses = append(r.Misses, fmt.Sprintf("%s: %s: became %q, expected %q", title, s.Name, change.To, answer.Outcome))
		case !expected && change.Event != "":
			r.Misses = append(r.Misses, fmt.Sprintf("%s: %s: became %q because of %s, expected no change", title, s.Name, change.To, change.Rule))
		}
	}
}
