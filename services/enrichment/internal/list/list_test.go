package list

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

// set makes a file system of name, content pairs.
func set(pairs ...string) fstest.MapFS {
	m := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return m
}

// entries reads a file and gives the rows of all its lists.
func entries(t *testing.T, fsys fstest.MapFS, name string, opt Options) []snapshot.Entry {
	t.Helper()
	f, err := Import(fsys, name, opt)
	if err != nil {
		t.Fatal(err)
	}
	var out []snapshot.Entry
	for _, ed := range f.Editions {
		out = append(out, ed.Entries...)
	}
	return out
}

func refused(t *testing.T, fsys fstest.MapFS, name string, opt Options, want string) {
	t.Helper()
	_, err := Import(fsys, name, opt)
	if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), want) {
		t.Errorf("refused with %v, want %q", err, want)
	}
}

// cslLine is a row in the order of cslColumns, from column and value pairs.
func cslLine(pairs ...string) string {
	f := make([]string, len(cslColumns))
	for i := 0; i < len(pairs); i += 2 {
		f[slices.Index(cslColumns, pairs[i])] = `"` + pairs[i+1] + `"`
	}
	return strings.Join(f, ",") + "\n"
}

var cslHeader = strings.Join(cslColumns, ",") + "\n"

const entityList = "Entity List (EL) - Bureau of Industry and Security"

func lantern() string {
	return cslLine("source", entityList, "name", "Lantern Works", "alt_names", "LW; and Lantern Factory", "addresses", "12 Mill Road, Shenzhen, CN; 3 Pier, Hong Kong, HK",
		"federal_register_notice", "87 FR 1234", "start_date", "2022-02-08", "license_requirement", "For all items subject to the EAR (See §§ 734.9(e) 1 and 744.11 of the EAR)", "license_policy", "Presumption of denial")
}

func TestScreeningListAsTable(t *testing.T) {
	t.Parallel()
	// The header stands twice in some files.
	got := entries(t, set("csl-2026-01-02.csv", cslHeader+cslHeader+lantern()), "csl-2026-01-02.csv", Options{})
	want := []snapshot.Entry{{
		ID: stableID("EL", "Lantern Works", "CN", "87 FR 1234"), List: "EL", Name: "Lantern Works", Aliases: []string{"LW", "Lantern Factory"}, Country: "CN", Countries: []event.Country{"HK"},
		Addresses: []string{"12 Mill Road, Shenzhen, CN", "3 Pier, Hong Kong, HK"}, Footnotes: []event.Footnote{{Number: 1, Span: event.Span{From: "2022-02-08"}}}, Policy: "PoD", Scope: "all", Citation: "87 FR 1234", Certainty: "C",
		Listed: []event.Span{{From: "2022-02-08"}}, PolicyText: "Presumption of denial", Requirement: "For all items subject to the EAR (See §§ 734.9(e) 1 and 744.11 of the EAR)",
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestDamagedFilesAreRefusedOrLoadedWithWhatWasSkipped(t *testing.T) {
	t.Parallel()
	cut := `"x","` + entityList + `","","","","Lantern`
	for name, tc := range map[string]struct{ file, want string }{
		"a cut tail":          {cslHeader + lantern() + cut, "row 3: a quotation mark is not closed"},
		"a row too short":     {cslHeader + lantern() + "a,b,c\n", "row 3: 3 columns, want 29"},
		"no name":             {cslHeader + lantern() + cslLine("source", entityList), "row 3: name is missing"},
		"a list nobody knows": {cslHeader + lantern() + cslLine("source", "Moon List (ML)", "name", "A"), `row 3: source "Moon List (ML)" is no list`},
		"an impossible date":  {cslHeader + lantern() + cslLine("source", entityList, "name", "A", "start_date", "2022-02-30"), `row 3: start_date "2022-02-30" is no date`},
		"the year 3017":       {cslHeader + lantern() + cslLine("source", entityList, "name", "A", "start_date", "3017-02-03"), `row 3: start_date "3017-02-03" is no date`},
		"ends before it begins": {
			cslHeader + lantern() + cslLine("source", entityList, "name", "A", "start_date", "2022-02-03", "end_date", "2021-02-03"), "ends 2021-02-03 before it begins",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fsys := set("csl.csv", tc.file)
			refused(t, fsys, "csl.csv", Options{Published: "2026-01-02"}, tc.want)
			f, err := Import(fsys, "csl.csv", Options{Published: "2026-01-02", Lenient: true})
			if err != nil || len(f.Skipped) != 1 || len(f.Editions) != 1 || f.Editions[0].Rows != 1 {
				t.Fatalf("lenient: %+v, %v", f, err)
			}
			ed := f.Editions[0]
			if !ed.Partial || !slices.Contains(ed.Gaps, "1 rows of the file skipped") {
				t.Errorf("the edition does not say that it is partial: %+v", ed)
			}
		})
	}
}

func TestFilesThatAreNoListAreRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ file, want string }{
		"nothing":               {"", "the file is empty"},
		"a zip":                 {"PK\x03\x04rest", "compressed"},
		"gzip":                  {"\x1f\x8b\x08rest", "compressed"},
		"a Federal Register":    {"<RULE><PREAMB><AGENCY>A</AGENCY></PREAMB></RULE>", "Federal Register document"},
		"a repackaging":         {`{"fieldKey": {"n": "name"}}`, "repackaging"},
		"prose":                 {"Dear all,", "no list format"},
		"a forced-labor list":   {`{"list_id": "dhs-uflpa", "entities": []}`, `list_id "dhs-uflpa" is no export`},
		"a header alone":        {cslHeader, "no rows"},
		"undated":               {cslHeader + lantern(), "give --published"},
		"a count that is off":   {`{"list_id": "bis-meu", "count": 2, "entities": [{"name": "A"}]}`, "says 2 rows and has 1"},
		"a member twice":        {`{"list_id": "bis-meu", "list_id": "bis-meu", "entities": []}`, `"list_id" stands twice`},
		"bytes after the end":   {`{"list_id": "bis-meu", "entities": []} {}`, "bytes after the end"},
		"a document type":       {`<!DOCTYPE x [<!ENTITY a "b">]><CONSOLIDATED_LIST/>`, "document type"},
		"an XML cut off":        {`<CONSOLIDATED_LIST><INDIVIDUALS><INDIVIDUAL>`, "row 1"},
		"an own column unknown": {"name,color\nA,red\n", "no list format"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, set("file", tc.file), "file", Options{}, tc.want)
		})
	}
}

// endless is a file without an end, of one byte.
type endless struct {
	start string
	b     byte
	read  int64
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.start)
	e.start = e.start[n:]
	for i := n; i < len(p); i++ {
		p[i] = e.b
	}
	e.read += int64(len(p))
	return len(p), nil
}

func TestARowWithoutAnEndIsAnErrorAndBoundedMemory(t *testing.T) {
	t.Parallel()
	table := &endless{start: `1,"`, b: 'a'}
	if _, err := newTable(newMeter(table), ',').row(); !errors.Is(err, errLong) || table.read > 16*MaxRow {
		t.Errorf("table: %v after %d bytes", err, table.read)
	}
	object := &endless{start: `[{"entity_name": "`, b: 'a'}
	m := newMeter(object)
	err := elements(m, json.NewDecoder(m), func(int, *metiRow, error) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "longer than") || object.read > 32*MaxRow {
		t.Errorf("json: %v after %d bytes", err, object.read)
	}
	text := &endless{start: `<CONSOLIDATED_LIST><INDIVIDUALS><INDIVIDUAL><FIRST_NAME>`, b: 'a'}
	g := newGuard(newMeter(text))
	for err = nil; err == nil; {
		_, err = g.Token()
	}
	if !strings.Contains(err.Error(), "longer than") || text.read > 16*MaxRow {
		t.Errorf("xml: %v after %d bytes", err, text.read)
	}
}

func TestXMLIsBoundedInDepthAndAttributes(t *testing.T) {
	t.Parallel()
	deep := "<CONSOLIDATED_LIST>" + strings.Repeat("<a>", 100)
	refused(t, set("un.xml", deep), "un.xml", Options{}, "deeper than 64")
	var wide strings.Builder
	wide.WriteString("<CONSOLIDATED_LIST")
	for i := range 100 {
		wide.WriteString(" a" + pad(i, 3) + `="b"`)
	}
	refused(t, set("un.xml", wide.String()+"/>"), "un.xml", Options{}, "more than 64 attributes")
	refused(t, set("un.xml", `<CONSOLIDATED_LIST a="1" a="2"/>`), "un.xml", Options{}, "stands twice")
	refused(t, set("un.xml", `<CONSOLIDATED_LIST/>tail`), "un.xml", Options{}, "bytes after the end")
}

func TestTwoDigitYearsAreNeverAfterThePublication(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]event.Date{
		"76 FR 71869, 11/21/11": "2011-11-21", "62 FR 4910, 2/3/97": "1997-02-03", "63 FR 1, 6/30/99 and 64 FR 2, 1/2/00": "1999-06-30",
		"91 FR 35189 (June 10, 2026)": "2026-06-10", "no date": "", "87 FR 1, 2/30/22": "",
	} {
		if got := firstDate(text, "2026-07-09"); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestFootnotesAreReadFromTheRequirement(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]int{
		"See §§ 734.9(e)(1) and 744.11":             {1},
		"see §§ 734.9(e) 1 and 744.11 of the EAR 2": {1},
		"See §§ 734.9(g),3 746.8(a)(3)":             {3},
		"See §§ 734.9(e)(2) and 744.11":             {4},
		"See §§ 734.9(e) and 744.11":                {4},
		"See §§ 734.9(e)(3) and 744.11":             {5},
		"See § 744.11 of the EAR":                   nil,
	} {
		var got []int
		for _, f := range footnotes(text) {
			got = append(got, f.Number)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q: %s", text, d)
		}
	}
}

func TestCountriesAsListsWriteThem(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]event.Country{
		"China": "CN", "CN": "CN", "People's Republic of China": "CN", "Burma": "MM", "Turkey": "TR", "Türkiye": "TR", "Hong Kong": "HK", "Islamic Republic of Iran": "IR", "Korea, North": "KP",
		"Crimea Region of Ukraine": "UA", "UK": "GB", "Moon": "", "": "", "XX": "", "cn": "",
	} {
		if got := countryOf(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

// TestRealFiles holds the importers to the files as published: each is loaded with a known number of rows or refused
// with a known reason.
func TestRealFiles(t *testing.T) {
	t.Parallel()
	data := os.Getenv("TIDEGATE_TESTDATA")
	if data == "" {
		t.Skip("TIDEGATE_TESTDATA is not set: the real lists are not here")
	}
	dir := filepath.Join(data, "lists")
	files := map[string]struct {
		rows int
		want string
		opt  Options
	}{
		"csl-2026-07-31.derived.csv":                        {rows: 25870},
		"csl-2026-07-31.compact.json":                       {want: "repackaging"},
		"csl-2023-11-30.partial.csv":                        {want: "row 4233: a quotation mark is not closed"},
		"bis-entity-list-2026-07-09.json":                   {rows: 3406},
		"bis-military-end-user-2026-07-09.json":             {rows: 70},
		"bis-denied-persons-2026-04-14.json":                {rows: 468},
		"bis-dpl-2019-06.txt":                               {want: "give --published"},
		"bis-dpl-2022-09-07.txt":                            {rows: 461},
		"bis-dpl-2023-11-30.txt":                            {rows: 547},
		"dod-1260h-2026-06-10.json":                         {rows: 80},
		"dod-1286-fy2024.json":                              {want: `"dow-1286" is no export`},
		"ofac-ns-cmic-2026-07-09.json":                      {rows: 68},
		"ofac-eo14032-annex-2021-06-07.json":                {want: "is no export"},
		"dhs-uflpa-2026-07-09.json":                         {want: "is no export"},
		"cbp-wro-2026-06-23.json":                           {want: "is no export"},
		"fcc-covered-2026-07-09.json":                       {want: "is no export"},
		"state-nonproliferation-2025-05.json":               {rows: 147},
		"state-debarred-admin-2023-06-01.json":              {rows: 8},
		"state-debarred-statutory-2025-08-25.json":          {rows: 779},
		"nsf-lists-metadata-2026-07-09.json":                {want: "no list format"},
		"un-consolidated-2026-02-27.xml":                    {rows: 1003},
		"jp-meti-end-user-list-2025-09-29.json":             {want: "row 421: entity_name is missing"},
		"cn-mofcom-lists-2026-07-19.json":                   {want: `"cn-attention-list" is not the Foreign End User List`},
		"federal-register-2023-03929-entity-list-rule.xml":  {want: "Federal Register document"},
		"ofac-sdn-2019-01-15/sdn.csv":                       {rows: 7379},
		"ofac-sdn-2021-07-07/sdn.csv":                       {rows: 8976},
		"ofac-sdn-2023-01-21/sdn.csv":                       {want: "alt.csv is missing"},
		"ofac-sdn-2024-01-08.alt-add-only/alt.csv":          {want: "belong to those of sdn.csv"},
		"ofac-sdn-2025-12-24.alt-add-only/add.csv":          {want: "belong to those of sdn.csv"},
		"ofac-consolidated-nonsdn-2025-12-19/cons_prim.csv": {rows: 442},
		"ear-reference/ccl.json":                            {want: "repackaging"},
	}
	everyFile(t, dir, func(name string) bool { _, ok := files[name]; return ok })
	for name, tc := range files {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := Import(os.DirFS(dir), name, tc.opt)
			if tc.want != "" {
				if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), tc.want) {
					t.Fatalf("%v, want %q", err, tc.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			rows := 0
			for _, ed := range f.Editions {
				rows += ed.Rows
			}
			if rows != tc.rows {
				t.Errorf("%d rows, want %d", rows, tc.rows)
			}
		})
	}
}

// everyFile holds that each file of the folder is in the table, belongs to a set that is, or is refused by itself: none is loaded unseen.
func everyFile(t *testing.T, dir string, known func(name string) bool) {
	t.Helper()
	fsys := os.DirFS(dir)
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || known(name) {
			return err
		}
		if f, err := Import(fsys, name, Options{}); err == nil {
			t.Errorf("%s is loaded as %s, which no test looks at", name, f.Format)
		} else if !errors.Is(err, ErrRefused) {
			t.Errorf("%s: not a refusal: %v", name, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
