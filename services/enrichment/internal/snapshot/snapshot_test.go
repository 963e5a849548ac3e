package snapshot

import (
	"strings"
	"testing"
	"testing/fstest"
)

const (
	entryLine = `{"id":"el-cn-lantern","list":"EL","name":"Lantern Works","country":"CN","scope":"all","citation":"90 FR 1","certainty":"C","listed":[{"from":"2025-01-01"}]}`
	partLine  = `{"id":"lantern-1","name":"Lantern 1","vendor":"Lantern","designer_headquarters":"CN","patterns":["lantern 1"],"tpp":5000,"datacenter":"yes","source":"sheet","certainty":"R"}`
	groupLine = `{"group":"D:5","country":"CN","citation":"Supplement 1 to part 740","certainty":"C"}`
)

func files(entries, parts, groups string) fstest.MapFS {
	return fstest.MapFS{
		"parties/a.jsonl": {Data: []byte(entries)}, "catalog.jsonl": {Data: []byte(parts)}, "groups.jsonl": {Data: []byte(groups)},
	}
}

func TestLoadNamesEveryFault(t *testing.T) {
	t.Parallel()
	change := func(line, from, to string) string { return strings.Replace(line, from, to, 1) }
	for name, tc := range map[string]struct {
		entries, parts, groups string
		faults                 []string
	}{
		"nothing wrong":              {entryLine, partLine, groupLine, nil},
		"an unknown member":          {change(entryLine, `"id"`, `"color":"red","id"`), partLine, groupLine, []string{`a.jsonl:1: decode: json: unknown field "color"`}},
		"an id used twice":           {entryLine + "\n\n" + entryLine, partLine, groupLine, []string{`a.jsonl:3: id "el-cn-lantern" is already used at a.jsonl:1`}},
		"a date no calendar has":     {change(entryLine, "2025-01-01", "2025-02-30"), partLine, groupLine, []string{`"2025-02-30" is not a date`}},
		"an end before the start":    {change(entryLine, `"2025-01-01"`, `"2025-01-01","until":"2024-01-01"`), partLine, groupLine, []string{"ends 2024-01-01 before it begins"}},
		"no such list":               {change(entryLine, `"EL"`, `"XL"`), partLine, groupLine, []string{`list "XL" does not exist`}},
		"no such tag":                {change(entryLine, `"certainty":"C"`, `"certainty":"A"`), partLine, groupLine, []string{`certainty "A"`}},
		"no such country":            {change(entryLine, `"country":"CN"`, `"country":"China"`), partLine, groupLine, []string{`country "China"`}},
		"no such footnote":           {change(entryLine, `"scope"`, `"footnotes":[{"footnote":9,"from":"2025-01-01"}],"scope"`), partLine, groupLine, []string{"footnote 9"}},
		"no such group":              {entryLine, partLine, change(groupLine, "D:5", "Z:9"), []string{`group "Z:9"`}},
		"contents of nobody":         {entryLine, change(partLine, `"source"`, `"contains":[{"part":"lantern-9","count":8}],"source"`), groupLine, []string{`contains "lantern-9"`}},
		"an empty pattern":           {entryLine, change(partLine, `"lantern 1"`, `" "`), groupLine, []string{"empty pattern"}},
		"an address row without one": {change(entryLine, `"scope"`, `"address_only":true,"scope"`), partLine, groupLine, []string{"needs addresses"}},
		"no rows":                    {"", "", "", []string{"a.jsonl: no rows", "catalog.jsonl: no rows", "groups.jsonl: no rows"}},
		"several faults at once": {
			change(entryLine, `"EL"`, `"XL"`) + "\n{", change(partLine, `"yes"`, `"perhaps"`), groupLine,
			[]string{`list "XL"`, "a.jsonl:2: decode", `datacenter "perhaps"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := Load(files(tc.entries, tc.parts, tc.groups))
			if len(tc.faults) == 0 {
				if err != nil || len(s.Entries) != 1 || len(s.Digest()) != 64 {
					t.Fatalf("not loaded: %v", err)
				}
				return
			}
			if err == nil {
				t.Fatal("loaded")
			}
			for _, f := range tc.faults {
				if !strings.Contains(err.Error(), f) {
					t.Errorf("%v does not name %q", err, f)
				}
			}
		})
	}
}

func TestDigestChangesWithARow(t *testing.T) {
	t.Parallel()
	one, err := Load(files(entryLine, partLine, groupLine))
	if err != nil {
		t.Fatal(err)
	}
	two, err := Load(files(strings.Replace(entryLine, "2025-01-01", "2025-01-02", 1), partLine, groupLine))
	if err != nil {
		t.Fatal(err)
	}
	if one.Digest() == two.Digest() {
		t.Error("one digest for two sets")
	}
}

func TestMissingFilesAreFaults(t *testing.T) {
	t.Parallel()
	_, err := Load(fstest.MapFS{})
	for _, f := range []string{"parties: no *.jsonl files", "catalog.jsonl", "groups.jsonl"} {
		if err == nil || !strings.Contains(err.Error(), f) {
			t.Errorf("%v does not name %s", err, f)
		}
	}
}
