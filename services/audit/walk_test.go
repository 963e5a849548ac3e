package audit_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/shared/natstest"
)

// walked reads from a mark on: the cases, and every mark as it would be kept.
func walked(t *testing.T, dir string, points []audit.Point, from audit.WalkMark) (cases []string, marks [][]byte, err error) {
	t.Helper()
	for s, err := range audit.Walk(t.Context(), dir, points, from) {
		if err != nil {
			return cases, marks, err
		}
		for _, l := range s.Cases {
			cases = append(cases, string(l.Case.Append(nil)))
		}
		b, err := json.Marshal(s.Mark)
		if err != nil {
			t.Fatal(err)
		}
		marks = append(marks, b)
	}
	return cases, marks, nil
}

func TestAWalkGoesOnFromEveryMarkUnderItsPointWhileTheLogGrows(t *testing.T) {
	t.Parallel()
	nc, cfg := natstest.Server(t), config(t.TempDir())
	grow(t, nc, cfg, 1, 90)
	points, err := audit.Points(cfg.Dir)
	if err != nil || len(points) != 1 {
		t.Fatal(points, err)
	}
	all, marks, err := walked(t, cfg.Dir, points, audit.WalkMark{})
	if err != nil || len(all) == 0 || len(marks) < 2 {
		t.Fatalf("%d cases, %d marks, %v", len(all), len(marks), err)
	}
	grow(t, nc, cfg, 91, 20)
	for i, m := range marks {
		var from audit.WalkMark
		if err := json.Unmarshal(m, &from); err != nil {
			t.Fatal(err)
		}
		rest, _, err := walked(t, cfg.Dir, points, from)
		if err != nil {
			t.Fatalf("from mark %d: %v", i, err)
		}
		if diff := cmp.Diff(all[len(all)-len(rest):], rest, cmpopts.EquateEmpty()); diff != "" || len(rest) > len(all) || i == 0 && len(rest) == len(all) {
			t.Errorf("from mark %d %d cases of %d: (-all +rest)\n%s", i, len(rest), len(all), diff)
		}
	}
}

func TestAWalkOverOtherLeavesOrAnotherLogIsRefused(t *testing.T) {
	t.Parallel()
	nc, cfg := natstest.Server(t), config(t.TempDir())
	grow(t, nc, cfg, 1, 90)
	points, err := audit.Points(cfg.Dir)
	if err != nil {
		t.Fatal(err)
	}
	_, marks, err := walked(t, cfg.Dir, points, audit.WalkMark{})
	if err != nil {
		t.Fatal(err)
	}
	other := []audit.Point{points[0]}
	other[0].Root = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	if _, _, err := walked(t, cfg.Dir, other, audit.WalkMark{}); !errors.Is(err, auditverify.ErrBad) {
		t.Errorf("under another root: %v", err)
	}
	change := func(b []byte) []byte {
		return bytes.Replace(b, []byte(`"outcome":"release"`), []byte(`"outcome":"license"`), 1)
	}
	if err := edit(filepath.Join(cfg.Dir, "log", "tile", "entries", "001"), change); err != nil {
		t.Fatal(err)
	}
	for name, from := range map[string][]byte{"from the beginning": nil, "from a mark before it": marks[0]} {
		var at audit.WalkMark
		if from != nil {
			if err := json.Unmarshal(from, &at); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := walked(t, cfg.Dir, points, at); !errors.Is(err, auditverify.ErrBad) {
			t.Errorf("a doctored bundle, %s: %v", name, err)
		}
	}
}
