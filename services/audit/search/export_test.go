package search_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit/search"
)

func TestJSONLHasEachCaseByteForByteAndATrailer(t *testing.T) {
	t.Parallel()
	want := append(cases(t), decided(t, "A-4", `R&D <Labs> "x"`, "", "2026-04-05", event.Hold))
	data, _ := logged(t, want...)
	a := open(t, data)
	var out bytes.Buffer
	trailer, err := a.Export(t.Context(), search.Query{}, search.NewJSONL(&out), nil)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 5 || trailer.Rows != 4 || len(trailer.Under) != 1 || trailer.Under[0].Size != 4 {
		t.Fatalf("%d lines, %+v", len(lines), trailer)
	}
	for i, line := range lines[:4] {
		for n := range want[3-i].Len() {
			if !strings.Contains(line, string(want[3-i].Line(n))) {
				t.Errorf("row %d does not have line %d as it was logged", i, n)
			}
		}
		if !json.Valid([]byte(line)) {
			t.Errorf("row %d is no JSON", i)
		}
	}
	var last search.Trailer
	if err := json.Unmarshal([]byte(lines[4]), &last); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(strings.Join(lines[:4], "")))
	if last.SHA256 != hex.EncodeToString(sum[:]) || last.Rows != 4 || last.Under[0].Root == "" {
		t.Errorf("%+v", last)
	}
}

func TestCSVHasNoFormulas(t *testing.T) {
	t.Parallel()
	data, _ := logged(t, decided(t, "＝1+1", "Holm", "", "2026-04-04", event.Hold), decided(t, "=1+1", "@SUM(A1)\n| \"Holm\"", "-HiSilicon", "2026-04-05", event.Hold))
	a := open(t, data)
	var out bytes.Buffer
	if _, err := a.Export(t.Context(), search.Query{}, search.NewCSV(&out), nil); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil || len(rows) != 3 || !strings.HasPrefix(rows[2][6], "'＝") {
		t.Fatalf("%v: %q", err, rows)
	}
	got := map[string]string{}
	for i, name := range rows[0] {
		got[name] = rows[1][i]
	}
	if diff := cmp.Diff("'=1+1", got["order_id"]); diff != "" {
		t.Error(diff)
	}
	if names := got["names"]; !strings.HasPrefix(names, "'-HiSilicon | @SUM(A1)") {
		t.Errorf("%q", names)
	}
}

// counting counts rows and fails at one.
type counting struct {
	rows, failAt int
	closed       bool
}

func (c *counting) Write(search.Exported) error {
	if c.rows++; c.rows == c.failAt {
		return errFull
	}
	return nil
}

func (c *counting) Close(search.Trailer) error { c.closed = true; return nil }

var errFull = errors.New("full")

func TestAnExportGoesOverPagesAndHasNoTrailerWhenItFails(t *testing.T) {
	t.Parallel()
	var many []event.Case
	for i := range 200 {
		many = append(many, decided(t, fmt.Sprintf("A-%d", i), "Holm", "", "2026-01-05", event.Hold))
	}
	data, _ := logged(t, many...)
	a := open(t, data)
	whole := &counting{}
	if got, err := a.Export(t.Context(), search.Query{Party: "holm", Limit: 3}, whole, nil); err != nil || whole.rows != 200 || got.Rows != 200 || !whole.closed {
		t.Errorf("%v: %+v, %+v", err, whole, got)
	}
	broken := &counting{failAt: 7}
	if _, err := a.Export(t.Context(), search.Query{}, broken, nil); !errors.Is(err, errFull) || broken.closed {
		t.Errorf("%v: %+v", err, broken)
	}
}

func TestReadingVerbs(t *testing.T) {
	t.Parallel()
	data, _ := logged(t, cases(t)...)
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"list", "--limit", "1"}, 0, "--after 1-2 shows the next 1"},
		{[]string{"list", "--limit", "1", "--after", "1-1"}, 0, "A-1"},
		{[]string{"list", "--after", "x"}, 2, "cursor"},
		{[]string{"export", "--outcome", "hold"}, 0, `"rows":1`},
		{[]string{"export", "-o", file("all.csv")}, 0, "3 records, each proven under root"},
		{[]string{"export", "-o", file("all.csv")}, 2, "exist"},
		{[]string{"export", "--format", "parquet"}, 2, "want jsonl, csv or parquet"},
		{[]string{"export", "--format", "csv", "--party", "none"}, 0, "0 records"},
		{[]string{"sample", "--n", "2", "--number", "5"}, 0, "2 of 3 records drawn (random, 2 asked for)"},
		{[]string{"sample", "--n", "3", "--number", "5", "--by", "outcome", "--json"}, 0, `"method":"stratified"`},
		{[]string{"sample", "--n", "2", "--number", "5", "--by", "color"}, 2, "strata"},
		{[]string{"sample", "--n", "2", "--number", "5", "--out", file("drawn.jsonl")}, 0, "seed"},
		{[]string{"report", "completeness"}, 0, "Complete: every place"},
		{[]string{"report", "completeness", "--json"}, 0, `"proven": true`},
		{[]string{"report", "completeness", "--from", "x"}, 2, "from"},
		{[]string{"report", "freshness"}, 0, "the curated set only"},
		{[]string{"reindex", "--check"}, 0, "no more and no less"},
	} {
		out, code := run(t, data, tt.args)
		if code != tt.code || !strings.Contains(out, tt.want) {
			t.Errorf("%v: exit %d, want %d\n%s", tt.args, code, tt.code, out)
		}
	}
	for _, name := range []string{"all.csv.trailer.json", "drawn.jsonl.trailer.json"} {
		b, err := os.ReadFile(file(name))
		if err != nil || !bytes.Contains(b, []byte(`"sha256"`)) {
			t.Errorf("%s: %v: %s", name, err, b)
		}
	}
}
