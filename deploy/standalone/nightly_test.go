package standalone

import (
	"context"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit"
)

func TestTheNightComesOnceADay(t *testing.T) {
	t.Parallel()
	at, err := parseClock("02:30")
	if err != nil {
		t.Fatal(err)
	}
	n := Nightly{Records: 1, At: at}
	for now, want := range map[string]time.Duration{
		"2026-11-23T02:29:00Z": time.Minute, "2026-11-23T02:30:00Z": 24 * time.Hour, "2026-11-23T03:00:00Z": 23*time.Hour + 30*time.Minute,
	} {
		at, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		if got := n.next(at); got != want {
			t.Errorf("at %s: in %s, want %s", now, got, want)
		}
	}
	if _, err := parseClock("25:00"); err == nil {
		t.Error("25:00 is taken for a time")
	}
}

func TestTheNightsReproductionIsALeaf(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := New(t.Context(), Config{
		Data: filepath.Join(dir, "data"), GuardDir: filepath.Join(dir, "guard"), Nightly: Nightly{Records: 3}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	<-s.Ready()
	for _, id := range []string{"N-1", "N-2", "N-3", "N-4"} {
		order := `{"source":"shop","id":"` + id + `","order_date":"2026-11-20","ship_to":"DE","parties":[{"role":"purchaser","name":"Holm GmbH","address":{"country":"DE"}}],"items":[{"description":"desk fan","eccn":"EAR99"}]}`
		if a, err := s.Ingest.Submit(t.Context(), []byte(order), "test"); err != nil || a.Status != "accepted" {
			t.Fatalf("%+v %v", a, err)
		}
	}
	js, err := s.jetStream("test")
	if err != nil {
		t.Fatal(err)
	}
	if err := awaitReceipts(t.Context(), js, 4); err != nil {
		t.Fatal(err)
	}
	for range 2 { // each night has its own
		if r, err := s.reproduceByNight(t.Context(), time.Date(2026, 11, 24, 2, 30, 0, 0, time.UTC)); err != nil || r.Same != 3 {
			t.Fatalf("%v: %+v", err, r)
		}
	}
	if err := awaitReceipts(t.Context(), js, 6); err != nil {
		t.Fatal(err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	notes := 0
	for l, err := range audit.ReadCases(t.Context(), AuditDir(s.cfg.Data), 1) {
		if err != nil {
			t.Fatal(err)
		}
		var c event.Cause
		if l.Leaf.Kind != event.LeafNote {
			continue
		}
		if err := json.Unmarshal(l.Case.Line(0), &c); err != nil || c.Note.What != "reproduce" || !strings.Contains(c.Note.Text, "leaves is good; sample: 3 of 3") || c.Note.Counts[1] != (event.Tally{Name: "same", Count: 3}) {
			t.Errorf("%v: %+v", err, c.Note)
		}
		notes++
	}
	if notes != 2 {
		t.Errorf("%d notes", notes)
	}
}
