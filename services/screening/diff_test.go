package screening

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestADifferenceIsToldInWords(t *testing.T) {
	t.Parallel()
	const manifest = "id: own\nversion: %\ntitle: Own\nsemantics: 1\n"
	const rules = `rules:
- id: big
  title: A big order
  citation: company rule 1
  certainty: C
  source: company
  outcome: hold
  status:
  - {from: 2026-01-01, state: active}
  when: order.total_tpp >= 100.0
  explain: Big.
`
	load := func(version string, change ...string) *Pack {
		p, err := LoadPack(fstest.MapFS{
			"pack.yaml":    {Data: []byte(strings.Replace(manifest, "%", version, 1))},
			"rules/1.yaml": {Data: []byte(strings.NewReplacer(change...).Replace(rules))},
		})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	before := load("'1'")
	for _, tt := range []struct {
		name   string
		change []string
		want   []string
	}{
		{"nothing but the version", nil, []string{"changed", "version was: 1", "version is now: 2"}},
		{"an outcome", []string{"hold", "block"}, []string{"changed", "version was: 1", "version is now: 2", "changed big", "outcome is block instead of hold: stricter"}},
		{"a threshold", []string{"100.0", "50.0"}, []string{"changed", "version was: 1", "version is now: 2", "changed big", "condition was: order.total_tpp >= 100.0", "condition is now: order.total_tpp >= 50.0"}},
		{"a date", []string{"2026-01-01", "2026-02-01"}, []string{"changed", "version was: 1", "version is now: 2", "changed big", "dates was: active from 2026-01-01", "dates is now: active from 2026-02-01"}},
		{"another rule instead", []string{"id: big", "id: huge"}, []string{
			"changed", "version was: 1", "version is now: 2",
			"added huge", "A big order; outcome hold; active from 2026-01-01 [company rule 1]", "removed big", "A big order; outcome hold; active from 2026-01-01 [company rule 1]",
		}},
	} {
		var got []string
		for _, d := range Diff(before, load("'2'", tt.change...)) {
			got = append(append(got, strings.TrimSpace(d.What+" "+d.Rule)), d.Changes...)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s:\n%s\nwant:\n%s", tt.name, strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
		}
	}
	if d := Diff(before, before); len(d) > 0 {
		t.Errorf("a pack differs from itself: %+v", d)
	}
}
