package search_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit/search"
)

// population is many orders of three months and outcomes, of which every fifth has no value and some are in euros.
func population(t *testing.T) []event.Case {
	t.Helper()
	var out []event.Case
	for i := range 90 {
		outcome := []event.Outcome{event.Release, event.Release, event.Hold, event.Release, event.Block}[i%5]
		var items []event.Item
		switch {
		case i%5 == 1:
			items = []event.Item{{Description: "lamp"}}
		case i%9 == 2:
			items = []event.Item{{Description: "lamp", Value: "10", Currency: "EUR"}}
		default:
			items = []event.Item{{Description: "lamp", Value: event.Decimal(fmt.Sprintf("%d.25", 1+i*i*i)), Currency: "USD"}, {Description: "bulb", Value: "0.5", Currency: "USD"}}
		}
		out = append(out, decidedWith(t, fmt.Sprintf("S-%d", i), items, event.Date(fmt.Sprintf("2026-%02d-15", 1+i%3)), outcome))
	}
	return out
}

// TestASampleIsDrawnAgainByOtherTools recomputes samples in Python from the log's records alone.
func TestASampleIsDrawnAgainByOtherTools(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not here")
	}
	data, _ := logged(t, population(t)...)
	a := open(t, data)
	var all bytes.Buffer
	if _, err := a.Export(t.Context(), search.Query{Kind: event.LeafDecision}, search.NewJSONL(&all), nil); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "population.jsonl")
	if err := os.WriteFile(file, all.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]search.Draw{
		"random":           {N: 12, Number: 4711},
		"another number":   {N: 12, Number: 4712},
		"more than are":    {N: 500, Number: 1},
		"by outcome":       {N: 10, Number: 7, Strata: []string{"outcome"}},
		"by two":           {N: 40, Number: 7, Strata: []string{"month", "outcome"}},
		"all of some":      {N: 85, Number: 7, Strata: []string{"outcome"}},
		"by value, few":    {N: 9, Number: 99, ByValue: true, Currency: "USD"},
		"by value, many":   {N: 60, Number: 100, ByValue: true, Currency: "USD"},
		"by value, euros":  {N: 5, Number: 3, ByValue: true, Currency: "EUR"},
		"by no such value": {N: 5, Number: 3, ByValue: true, Currency: "JPY"},
	} {
		s, err := search.Take(t.Context(), filepath.Join(data, "audit"), d, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got []uint64
		for _, r := range s.Records {
			got = append(got, r.Index)
		}
		out, err := exec.CommandContext(t.Context(), python, "testdata/draw_again.py", file, strconv.Itoa(d.N), strconv.FormatUint(d.Number, 10), cmpOr(strings.Join(d.Strata, ","), d.ByValue), d.Currency).Output()
		if err != nil {
			if exit, ok := errors.AsType[*exec.ExitError](err); ok {
				t.Fatalf("%s: %s", name, exit.Stderr)
			}
			t.Fatal(err)
		}
		var want []uint64
		if err := json.Unmarshal(out, &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" || !slices.IsSorted(got) || len(got) == 0 {
			t.Errorf("%s: %s\n%+v", name, diff, s.Drawn)
		}
	}
}

func cmpOr(strata string, byValue bool) string {
	switch {
	case byValue:
		return "value"
	case strata == "":
		return "random"
	default:
		return strata
	}
}

func TestWhatIsDrawnSaysHow(t *testing.T) {
	t.Parallel()
	data, more := logged(t, population(t)...)
	take := func(d search.Draw) search.Sample {
		t.Helper()
		s, err := search.Take(t.Context(), filepath.Join(data, "audit"), d, nil)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := take(search.Draw{N: 10, Number: 1, ByValue: true, Currency: "USD"})
	if s.Unvalued == nil || s.Unvalued.Size == 0 || s.Unvalued.Drawn != (10*s.Unvalued.Size+s.Population-1)/s.Population || s.Currency != "USD" || s.Total == "" || s.Population != 90 {
		t.Errorf("%+v", s.Drawn)
	}
	points := 0
	for _, p := range s.Points {
		points += p
	}
	if points != 10 {
		t.Errorf("%d points: %v", points, s.Points)
	}
	s = take(search.Draw{N: 10, Number: 1, Strata: []string{"outcome"}})
	drawn := 0
	for _, x := range s.Strata {
		drawn += x.Drawn
		if x.Drawn < 1 {
			t.Errorf("%+v", x)
		}
	}
	if drawn != 10 || len(s.Records) != 10 || len(s.Strata) != 3 {
		t.Errorf("%+v", s.Strata)
	}
	before := take(search.Draw{N: 10, Number: 1})
	more(decided(t, "S-late", "Harbor Lantern", "", "2026-04-05", event.Hold))
	if after := take(search.Draw{N: 10, Number: 1}); after.Seed == before.Seed {
		t.Error("the seed does not follow from the root")
	}
	for name, d := range map[string]search.Draw{
		"none":                 {},
		"no such stratum":      {N: 5, Strata: []string{"color"}},
		"fewer than strata":    {N: 2, Strata: []string{"outcome"}},
		"value and strata":     {N: 5, ByValue: true, Strata: []string{"outcome"}},
		"value of which money": {N: 5, ByValue: true},
	} {
		if _, err := search.Take(t.Context(), filepath.Join(data, "audit"), d, nil); err == nil {
			t.Errorf("%s: drawn", name)
		}
	}
}
