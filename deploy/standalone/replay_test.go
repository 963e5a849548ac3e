package standalone

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tidegate/tidegate/deploy/bench/varied"
	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/services/enrichment"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/services/screening/replay"
)

// written is a data directory with a history of varied decisions.
func written(t *testing.T, n int) string {
	t.Helper()
	data := t.TempDir()
	if _, err := varied.WriteHistory(t.Context(), AuditDir(data), n); err != nil {
		t.Fatal(err)
	}
	return data
}

// asking is a question about a data directory, answered in a directory of its own.
func asking(t *testing.T, data string, q replay.Question) *replayAsk {
	t.Helper()
	known, err := knownOf(data)
	if err != nil {
		t.Fatal(err)
	}
	return &replayAsk{data: data, question: q, known: known, work: t.TempDir()}
}

func own() replay.Question {
	return replay.Question{A: replay.Side{Recorded: true}, State: replay.Recorded}
}

func TestAnySliceUnderItsOwnPackAndSnapshotChangesNothing(t *testing.T) {
	t.Parallel()
	data := written(t, 1500)
	known, err := knownOf(data)
	if err != nil {
		t.Fatal(err)
	}
	ref, err := enrichment.Curated()
	if err != nil {
		t.Fatal(err)
	}
	day := rapid.SampledFrom([]event.Date{"", "2024-02-01", "2024-11-30", "2025-05-15", "2026-03-01", "2026-11-10"})
	rapid.Check(t, func(rt *rapid.T) {
		q := own()
		some := func(name string, values ...string) []string {
			return rapid.SliceOfN(rapid.SampledFrom(values), 0, 2).Draw(rt, name)
		}
		q.Slice = replay.Slice{
			From: day.Draw(rt, "from"), Until: day.Draw(rt, "until"), Sources: some("sources", "erp", "shop"), Rules: some("rules", "ac-destination", "possible-match", "el-license"),
			Party: rapid.SampledFrom([]string{"", "HUAWEI technologies", "Sugon", "Bordale"}).Draw(rt, "party"), Item: rapid.SampledFrom([]string{"", "H100", "EAR99", "a", "desk fan"}).Draw(rt, "item"),
		}
		for _, c := range some("countries", "CN", "DE", "SG") {
			q.Slice.Countries = append(q.Slice.Countries, event.Country(c))
		}
		for _, o := range some("outcomes", "release", "hold", "license", "block") {
			q.Slice.Outcomes = append(q.Slice.Outcomes, event.Outcome(o))
		}
		if rapid.Bool().Draw(rt, "the old side, too") {
			q.A = replay.Side{}
		}
		if rapid.Bool().Draw(rt, "under its snapshot") {
			q.B.Reference = &replay.Reference{Snapshot: ref.Digest(), Matcher: enrichment.MatcherVersion}
		}
		work, err := os.MkdirTemp(data, "work") //nolint:usetesting // one for each draw
		if err != nil {
			rt.Fatal(err)
		}
		a := &replayAsk{data: data, question: q, known: known, work: work}
		rep, err := a.run(t.Context())
		if err != nil || rep.Changed+rep.Shifted+rep.Differs+rep.Enriched != 0 || rep.Judged+rep.Skipped != 1500 || len(rep.Lacking) > 0 {
			rt.Fatalf("%v: changed %d, shifted %d, differ %d, enriched %d, judged %d, skipped %d, lacking %v", err, rep.Changed, rep.Shifted, rep.Differs, rep.Enriched, rep.Judged, rep.Skipped, rep.Lacking)
		}
	})
}

func TestADoctoredBundleIsRefused(t *testing.T) {
	t.Parallel()
	data := written(t, 700)
	bundle := filepath.Join(AuditDir(data), "log", "tile", "entries", "001")
	b, err := os.ReadFile(bundle)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(bundle, bytes.Replace(b, []byte(`"outcome":"release"`), []byte(`"outcome":"license"`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	a := asking(t, data, own())
	if _, err := a.run(t.Context()); !errors.Is(err, auditverify.ErrBad) {
		t.Fatalf("a doctored bundle: %v", err)
	}
	if _, err := replay.Finished(a.work); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it left a report: %v", err)
	}
}

// codifiedQuestion asks what another parameter would have changed.
func codifiedQuestion(state replay.State) replay.Question {
	return replay.Question{A: replay.Side{Recorded: true}, B: replay.Side{Set: map[string]string{"diffusion": "codified"}}, State: state}
}

func TestAReplayThatIsStoppedGoesOn(t *testing.T) {
	t.Parallel()
	data := written(t, 4000)
	want := report(t, asking(t, data, codifiedQuestion(replay.Recorded)))
	a := asking(t, data, codifiedQuestion(replay.Recorded))
	a.lanes, a.every = 1, time.Nanosecond
	for stops := 0; ; stops++ {
		ctx, stop := context.WithCancel(t.Context())
		first := uint64(0)
		a.progress = func(p replay.Progress) {
			if first == 0 {
				first = p.Done
			}
			if p.Done >= first+1000 {
				stop()
			}
		}
		rep, err := a.run(ctx)
		stop()
		if err == nil {
			if stops == 0 {
				t.Error("it was never stopped")
			}
			if got := asJSON(t, rep); got != want {
				t.Errorf("stopped %d times:\n%s\nundisturbed:\n%s", stops, got, want)
			}
			return
		}
		if !errors.Is(err, context.Canceled) || stops > 10 {
			t.Fatalf("stopped %d times: %v", stops, err)
		}
	}
}

// What the machine lost when it went down, a work file's end or a ledger, is found again from the beginning.
func TestAReplayThatLostAFileBeginsAgain(t *testing.T) {
	t.Parallel()
	data := written(t, 2000)
	for _, state := range []replay.State{replay.Recorded, replay.Recomputed} {
		want := report(t, asking(t, data, codifiedQuestion(state)))
		for _, lost := range []string{"changes.ndjson", "ledger-a-*", "ledger-b-*"} {
			a := asking(t, data, codifiedQuestion(state))
			a.lanes, a.every = 1, time.Nanosecond
			ctx, stop := context.WithCancel(t.Context())
			a.progress = func(p replay.Progress) {
				if p.Done > 1000 {
					stop()
				}
			}
			if _, err := a.run(ctx); !errors.Is(err, context.Canceled) {
				t.Fatalf("it was not stopped: %v", err)
			}
			stop()
			a.progress = nil
			names, err := filepath.Glob(filepath.Join(a.work, lost))
			if err != nil || len(names) == 0 && (state == replay.Recomputed || lost == "changes.ndjson") {
				t.Fatalf("%s: %q %v", lost, names, err)
			}
			for _, name := range names {
				if err := os.Truncate(name, 0); err != nil {
					t.Fatal(err)
				}
			}
			if got := report(t, a); got != want {
				t.Errorf("%s without %s:\n%s\nundisturbed:\n%s", state, lost, got, want)
			}
		}
	}
}

func report(t *testing.T, a *replayAsk) string {
	t.Helper()
	rep, err := a.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if rep.Changed == 0 {
		t.Fatal("nothing changed")
	}
	return asJSON(t, rep)
}

func asJSON(t *testing.T, rep replay.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := rep.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// replayChild names, in a child's environment, the data directory, the work directory and the state.
const replayChild = "TIDEGATE_REPLAY_CHILD"

// TestReplayChild is no test: it is the process that is killed.
func TestReplayChild(t *testing.T) {
	said := strings.Split(os.Getenv(replayChild), "|")
	if len(said) != 3 {
		t.Skip("a child of another test")
	}
	a := asking(t, said[0], codifiedQuestion(replay.State(said[2])))
	a.work, a.every = said[1], time.Millisecond
	if _, err := a.run(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// A replay that is killed at random again and again ends with the report of one that nobody disturbed. TIDEGATE_SOAK makes it 20 kills.
func TestAReplayKilledAtRandomEndsWithTheSameReport(t *testing.T) {
	t.Parallel()
	kills, n := 4, 4000
	if os.Getenv("TIDEGATE_SOAK") != "" {
		kills, n = 20, 40_000
	}
	data := written(t, n)
	for _, state := range []replay.State{replay.Recorded, replay.Recomputed} {
		want := report(t, asking(t, data, codifiedQuestion(state)))
		work, killed, tries := t.TempDir(), 0, 0
		var took time.Duration // of a child that ends
		for killed < kills && tries < 10*kills {
			tries++
			died, d := runChild(t, data, work, state, took)
			if !died {
				took = d
				if err := os.RemoveAll(work); err != nil { // begun anew, to be killed on
					t.Fatal(err)
				}
				continue
			}
			killed++
		}
		for died := true; died; {
			died, _ = runChild(t, data, work, state, 0)
		}
		rep, err := replay.Finished(work)
		if err != nil || killed < kills {
			t.Fatalf("%s: killed %d times: %v", state, killed, err)
		}
		if got := asJSON(t, rep); got != want {
			t.Errorf("%s, killed %d times:\n%s\nundisturbed:\n%s", state, killed, got, want)
		}
	}
}

// runChild runs a child and kills it somewhere within a time; never where that is 0.
func runChild(t *testing.T, data, work string, state replay.State, within time.Duration) (killed bool, took time.Duration) {
	t.Helper()
	start := time.Now()
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestReplayChild$", "-test.count=1")
	c.Env = append(os.Environ(), replayChild+"="+data+"|"+work+"|"+string(state))
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if within > 0 {
		timer := time.AfterFunc(time.Duration(rand.Int64N(int64(within))), func() { _ = c.Process.Kill() })
		defer timer.Stop()
	}
	err := c.Wait()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return false, time.Since(start)
	case errors.As(err, &exit) && exit.ExitCode() == -1:
		return true, time.Since(start)
	}
	t.Fatalf("child: %v\n%s", err, out.Bytes())
	return false, 0
}

func TestTheSameQuestionAgainIsAnsweredAnew(t *testing.T) {
	t.Parallel()
	data := written(t, 300)
	a := asking(t, data, own())
	for i := range 2 {
		rep, err := a.run(t.Context())
		if err != nil || rep.Judged != 300 {
			t.Fatalf("run %d: %v, %d judged", i, err, rep.Judged)
		}
	}
	kept, err := replay.List(filepath.Dir(a.work))
	if err != nil || len(kept) != 1 || kept[0].Report == nil || kept[0].Report.Judged != 300 {
		t.Errorf("listed: %+v, %v", kept, err)
	}
	a.question.Slice.From = "2026-01-01"
	if _, err := a.run(t.Context()); err == nil {
		t.Error("another question was answered in the same work directory")
	}
	if err := replay.Tidy(filepath.Dir(a.work), 1); err != nil {
		t.Error(err)
	}
	if _, err := replay.Finished(a.work); err != nil {
		t.Errorf("the only one that is done went: %v", err)
	}
	if err := replay.Tidy(filepath.Dir(a.work), 0); err != nil {
		t.Error(err)
	}
	if _, err := replay.Finished(a.work); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}

func TestASideJudgedUnderAFixedDateOfEachOrder(t *testing.T) {
	t.Parallel()
	data := written(t, 600)
	for _, by := range []screening.AsOfBy{screening.ByOrderDate, screening.ByShipDate} {
		q := replay.Question{A: replay.Side{AsOf: screening.AsOf{By: by}}, B: replay.Side{AsOf: screening.AsOf{By: by}}, State: replay.Recorded}
		rep, err := asking(t, data, q).run(t.Context())
		if err != nil || rep.Changed+rep.Shifted != 0 || rep.Judged != 600 {
			t.Errorf("%s on both sides: %v, %d changed, "+strconv.Itoa(rep.Shifted)+" shifted of %d", by, err, rep.Changed, rep.Judged)
		}
	}
}
