package standalone

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/screening/replay"
	"github.com/tidegate/tidegate/shared/natstest"
)

// A replay that was begun on the stream and stopped is begun again from the log when the stream no longer holds its slice, and when
// nothing runs any more that holds the stream.
func TestAReplayWhoseStreamIsLostIsBegunAgainFromTheLog(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	if err := s.submitVaried(t.Context(), "past", 600); err != nil {
		t.Fatal(err)
	}
	s.n += 600
	s.records()
	q := codifiedQuestion(replay.Recorded)
	q.Slice.Sources = []string{"past"}
	undisturbed := asking(t, s.data, q)
	undisturbed.read = fromLog
	want, err := undisturbed.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a := asking(t, s.data, q)
	a.lanes, a.every = 1, time.Nanosecond
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	a.progress = func(replay.Progress) { stop() }
	if _, err := a.run(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("it was not stopped: %v", err)
	}
	own := filepath.Join(a.work, "not of the replay")
	if err := os.WriteFile(own, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	stream, err := natstest.JetStream(t, s.nc).Stream(t.Context(), subject.DecisionStream)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Purge(t.Context(), jetstream.WithPurgeKeep(1)); err != nil {
		t.Fatal(err)
	}
	var told []string
	a.told = func(said string) { told = append(told, said) }
	a.progress = nil
	only := *a
	only.read = fromStream
	if _, err := only.run(t.Context()); !errors.Is(err, errStreamLost) {
		t.Errorf("asked of the stream alone: %v", err)
	}
	got, err := a.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.Plan.Source != fromLog || !slices.ContainsFunc(told, func(s string) bool { return strings.Contains(s, "begun again, from the log") }) {
		t.Errorf("read from %s; told %q", got.Plan.Source, told)
	}
	got.Plan, want.Plan, got.Skipped, want.Skipped = replay.Plan{}, replay.Plan{}, 0, 0
	if asJSON(t, got) != asJSON(t, want) || got.Changed == 0 {
		t.Errorf("begun again:\n%s\nundisturbed:\n%s", asJSON(t, got), asJSON(t, want))
	}
	if _, err := os.Stat(own); err != nil {
		t.Errorf("what somebody else had there: %v", err)
	}
}

// Only a replay is dropped, whatever name is given; one that failed at once leaves nothing to go on with, and where there is no log
// nothing is made.
func TestDroppingAReplayRemovesNothingElse(t *testing.T) {
	t.Parallel()
	data := written(t, 300)
	s := &shop{t: t}
	if err := os.WriteFile(filepath.Join(data, "lock"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"--data", data}, {"--data", data, "--set", "diffusion=maybe"}, {"--data", data, "--masters", "deadbeef"}, {"--data", data, "typo"}} {
		if out, status := s.tidegate(append([]string{"replay"}, args...)...); (status == 0) != (len(args) == 2) {
			t.Fatalf("%q: %d %s", args, status, out)
		}
	}
	kept, err := replay.List(ReplayDir(data))
	if err != nil || len(kept) != 1 || kept[0].Report == nil {
		t.Fatalf("%+v %v", kept, err)
	}
	for _, name := range []string{"..", ".", "", "../replay/" + kept[0].ID, "lock"} {
		if out, status := s.tidegate("replay", "drop", "--data", data, name); status == 0 || !strings.Contains(out, "is no replay of") {
			t.Errorf("%q: %d %s", name, status, out)
		}
	}
	if _, err := os.Stat(AuditDir(data)); err != nil {
		t.Error(err)
	}
	if out, status := s.tidegate("replay", "drop", "--data", data, kept[0].ID); status != 0 {
		t.Errorf("%d %s", status, out)
	}
	if kept, err = replay.List(ReplayDir(data)); err != nil || len(kept) != 0 {
		t.Errorf("%+v %v", kept, err)
	}
	nowhere := filepath.Join(t.TempDir(), "typo")
	if out, status := s.tidegate("replay", "--data", nowhere); status == 0 || !strings.Contains(out, "there is no log in") {
		t.Errorf("%d %s", status, out)
	}
	if _, err := os.Stat(nowhere); err == nil {
		t.Error("a directory was made")
	}
}
