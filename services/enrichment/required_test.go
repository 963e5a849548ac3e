package enrichment_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment"
	"github.com/tidegate/tidegate/services/enrichment/lists"
	"github.com/tidegate/tidegate/shared/codec"
)

// active makes a directory of lists with an own list in force.
func active(t *testing.T) (dir, digest string) {
	t.Helper()
	dir = t.TempDir()
	file := filepath.Join(dir, "own-2026-01-01.csv")
	if err := os.WriteFile(file, []byte("list,name,country,citation\nEL,Moonlit Lantern Semiconductors,CN,letter of 2026-01-01\nOWN,Gray Pier Trading,DE,\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := lists.Open(dir)
	if _, err := s.Import(lists.Import{Path: file}); err != nil {
		t.Fatal(err)
	}
	digest, err := s.Activate("")
	if err != nil {
		t.Fatal(err)
	}
	return dir, digest
}

func enriched(t *testing.T, ref *enrichment.Reference, required []enrichment.Required, at event.Instant) event.Facts {
	t.Helper()
	line, err := codec.Append(nil, event.Cause{Line: event.LineOrder, V: 1, At: at, Order: &event.Order{
		Parties: []event.Party{{Role: event.Purchaser, Name: "Moonlit Lantern Semiconductors", Address: &event.Address{Country: "CN"}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	var f event.Facts
	if err := codec.Decode(enrichment.Enrich(ref, required, event.NewCase(line)).Line(1), &f); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestActiveListsAreMatchedAndNamed(t *testing.T) {
	t.Parallel()
	dir, _ := active(t)
	ref, err := enrichment.InForce(dir)
	if err != nil {
		t.Fatal(err)
	}
	curated, err := enrichment.Curated()
	if err != nil {
		t.Fatal(err)
	}
	f := enriched(t, ref, nil, "2026-01-31T10:00:00.000000Z")
	if m := f.Parties[0].Matches; len(m) != 1 || m[0].List != "EL" || m[0].Score != 1000 || m[0].Citation != "letter of 2026-01-01" {
		t.Errorf("matches %+v", m)
	}
	if f.Snapshot == curated.Digest() || f.Snapshot != ref.Digest() {
		t.Error("the digest does not name both sets")
	}
	if len(f.Lists) != 2 || f.Lists[0].List != "EL" || f.Lists[0].Version != "2026-01-01" || f.Lists[0].Rows != 1 || f.Lists[1].List != "OWN" {
		t.Errorf("lists %+v", f.Lists)
	}
	if f := enriched(t, curated, nil, ""); len(f.Lists) != 0 || len(f.Parties[0].Matches) != 0 {
		t.Errorf("the curated set says %+v", f)
	}
}

// TestWhatTheCuratedSetKnowsStays looks up a row of the curated set by its id, which needs the rows of both in order.
func TestWhatTheCuratedSetKnowsStays(t *testing.T) {
	t.Parallel()
	dir, _ := active(t)
	ref, err := enrichment.InForce(dir)
	if err != nil {
		t.Fatal(err)
	}
	curated, err := enrichment.Curated()
	if err != nil {
		t.Fatal(err)
	}
	o := &event.Order{Parties: []event.Party{{Role: event.EndUser, Name: "Huawei OpenLab Dubai", Address: &event.Address{Country: "AE"}}}}
	for i, p := range curated.Facts(o, "").Parties {
		if p.Parent.Country != "CN" {
			t.Fatalf("the curated set knows the parent no more: %+v", p.Parent)
		}
		if d := cmp.Diff(p.Parent, ref.Facts(o, "").Parties[i].Parent); d != "" {
			t.Error(d)
		}
	}
}

func TestRequiredListsFailClosed(t *testing.T) {
	t.Parallel()
	dir, _ := active(t)
	ref, err := enrichment.InForce(dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		required string
		at       event.Instant
		want     string
	}{
		"loaded":                       {"EL", "2030-01-01T00:00:00.000000Z", ""},
		"young enough on the last day": {"EL=30", "2026-01-31T23:00:00.000000Z", ""},
		"too old the day after":        {"EL=30", "2026-02-01T00:00:00.000000Z", "the required list EL is of 2026-01-01, 31 days before the order came; 30 are allowed"},
		"not loaded":                   {"SDN", "2026-01-02T00:00:00.000000Z", "the required list SDN is not loaded whole"},
		"one of two":                   {"EL SDN", "2026-01-02T00:00:00.000000Z", "the required list SDN is not loaded whole"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			required, err := enrichment.ParseRequired(strings.Fields(tc.required))
			if err != nil {
				t.Fatal(err)
			}
			if f := enriched(t, ref, required, tc.at); f.Failed != tc.want || len(f.Parties) != 1 {
				t.Errorf("failed %q, want %q; parties %d", f.Failed, tc.want, len(f.Parties))
			}
		})
	}
	for _, bad := range []string{"MOON", "EL=", "EL=0", "EL=x"} {
		if _, err := enrichment.ParseRequired([]string{bad}); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}

func TestAnActiveSetThatCannotBeLoadedStopsTheStart(t *testing.T) {
	t.Parallel()
	dir, digest := active(t)
	if err := os.WriteFile(filepath.Join(dir, "sets", digest), []byte("rot"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := enrichment.InForce(dir); err == nil {
		t.Error("started without the lists that are in force")
	}
	if ref, err := enrichment.InForce(t.TempDir()); err != nil || ref == nil {
		t.Errorf("without lists: %v", err)
	}
}
