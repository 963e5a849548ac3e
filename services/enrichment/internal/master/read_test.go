package master

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidegate/tidegate/schemas/event"
)

// compiled reads files and makes one set of them.
func compiled(t *testing.T, files ...string) *Set {
	t.Helper()
	var sets []*Set
	var editions []Edition
	for i, text := range files {
		f, err := Read("file"+string(rune('a'+i))+".txt", strings.NewReader(text), Options{})
		if err != nil {
			t.Fatal(err)
		}
		editions = append(editions, f.Edition)
		sets = append(sets, write(t, []Edition{f.Edition}, &f.Rows))
	}
	rows, err := Combine(sets)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, editions, rows)
}

func write(t *testing.T, editions []Edition, rows *Rows) *Set {
	t.Helper()
	var b bytes.Buffer
	digest, err := Write(&b, editions, rows)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(b.Bytes(), digest)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const (
	leiA = "529900T8BM49AURSDO55"
	leiB = "5493001KJTIIGC8Y1R12"
	gln  = "4012345000009"
)

func TestBadRowsAreNamedWithFileAndRow(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"a SKU twice", "sku,eccn\nA-1,EAR99\nB-1,EAR99\na-1,5A992.c\n", "f.csv:4: sku A-1 stands already in row 2"},
		{"a part number twice", "part_number\nP1\np 1\n", "f.csv:3: part_number P1 stands already in row 2"},
		{"a customer twice", "customer_number,name\nC1,Harbor\nc1,Vale\n", "f.csv:3: customer_number C1 stands already in row 2"},
		{"a partner that is its own parent", "customer_number,name,parent_name\nC1,Harbor GmbH,HARBOR GMBH\n", "f.csv:2: Harbor GmbH is its own parent"},
		{"a partner with a parent and without one", "customer_number,name,parent_name,no_parent\nC1,Harbor,Vale,yes\n", "no_parent, but Vale"},
		{"a partner that is its own owner", "customer_number,name,owners\nC1,Harbor,Harbor|60\n", "is its own owner"},
		{"owners of more than all", "customer_number,name,owners\nC1,Harbor,Vale|60;Moor|41\n", "the owners hold 101 percent together"},
		{"an owner of more than all", "customer_number,name,owners\nC1,Harbor,Vale|160\n", "160 percent is not between 0 and 100"},
		{"a negative stake", "customer_number,name,owners\nC1,Harbor,Vale|-5\n", "-5 percent is not between 0 and 100"},
		{"no such country", "customer_number,country\nC1,Atlantis\n", `f.csv:2: country: "Atlantis" is no country`},
		{"no such day", "customer_number,incorporated\nC1,2025-02-30\n", "is not a date"},
		{"a wrong LEI", "lei,name\n529900T8BM49AURSDO56,X\n", "the check digits are wrong"},
		{"a wrong GLN", "gln,name\n4012345000008,X\n", "the check digit is wrong"},
		{"no key", "customer_number,name\n,Harbor\n", "neither customer_number nor gln nor lei"},
		{"no ECCN", "sku,eccn\nA,tbd\n", `eccn: "tbd" is no ECCN`},
		{"neither yes nor no", "sku,us_origin\nA,perhaps\n", `"perhaps" is neither yes nor no`},
		{"a negative number", "sku,tpp\nA,-3\n", "tpp: -3 is negative"},
		{"a number with a comma", "sku;tpp\nA;4,5\n", "tpp:"},
		{"a row too short", "sku,eccn\nA\n", "f.csv:2: 1 columns where the header has 2"},
		{"a quotation mark that is not closed", "sku,eccn\nA,\"EAR99\n", "a quotation mark is not closed"},
		{"quantity in a master", `[{"sku":"A","quantity":3}]`, "quantity and value are for orders"},
		{"a member nobody knows", `[{"sku":"A","color":"red"}]`, `unknown field "color"`},
		{"a role in a master", `[{"customer_number":"A","role":"purchaser"}]`, "a master has no roles"},
		{"an array that does not end", `[{"sku":"A"}`, "the file ends before its array does"},
		{"a stake over 100", "owned,owner,percent\nHarbor,Vale,100.5\n", "f.csv:2: 100.5 percent is not between 0 and 100"},
		{"a stake below nothing", "owned,owner,percent\nHarbor,Vale,-1\n", "-1 percent"},
		{"stakes of more than all", "owned,owner,percent\nHarbor,Vale,60\nHarbor,Moor,50\n", "110 percent of Harbor are held together"},
		{"a stake stated twice", "owned,owner,percent\nHarbor,Vale,60\nHarbor,Vale,20\n", "stands already in row 2 with another share"},
		{"an own owner", "owned,owner,percent\nHarbor,Harbor,60\n", "is its own owner"},
		{"at least more than at most", "owned,owner,at_least,at_most\nHarbor,Vale,60,50\n", "at least 60 and at most 50"},
		{"a stake that ends before it begins", "owned,owner,from,until\nHarbor,Vale,2025-01-01,2024-01-01\n", "before it was held"},
		{"a firm that is its own parent", "LEI,Relationship.StartNode.NodeID,Relationship.EndNode.NodeID,Relationship.RelationshipType\n,529900T8BM49AURSDO55,529900T8BM49AURSDO55,IS_DIRECTLY_CONSOLIDATED_BY\n", "is its own parent"},
		{"a statement without its record", `[{"statementId":"a","recordType":"entity","recordDetails":{}}]`, "without statementId or recordId"},
		{"a column twice", "sku,eccn,ECCN\nA,EAR99,EAR99\n", "column eccn stands twice"},
		{"nothing known", "color,size\nred,3\n", "its form is not known"},
		{"no rows", "sku,eccn\n", "no row of it can be used"},
		{"UTF-16", "s\x00k\x00u\x00", "it is not UTF-8 text"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f, err := Read("f.csv", strings.NewReader(tt.text), Options{})
			if err == nil {
				t.Fatalf("taken: %d rows", f.Rows.Len())
			}
			if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestLenientLeavesOutAndTells(t *testing.T) {
	t.Parallel()
	f, err := Read("f.csv", strings.NewReader("sku,eccn\nA,EAR99\nA,EAR99\nB,tbd\nC,5A992.c\n"), Options{Lenient: true})
	if err != nil {
		t.Fatal(err)
	}
	if f.Rows.Len() != 2 || len(f.Skipped) != 2 || f.Edition.Skipped != 2 {
		t.Errorf("%d rows, skipped %v", f.Rows.Len(), f.Skipped)
	}
}

func TestContradictorySharesAreTakenAsUnknown(t *testing.T) {
	t.Parallel()
	f, err := Read("f.csv", strings.NewReader("owned,owner,percent\nHarbor,Vale,60\nHarbor,Moor,50\n"), Options{Lenient: true})
	if err != nil || len(f.Skipped) != 1 {
		t.Fatal(err, f)
	}
	firm, _ := write(t, []Edition{f.Edition}, &f.Rows).Firm("name:/harbor")
	if len(firm.Held) != 2 || firm.Held[0].Most != "" || firm.Held[1].Most != "" {
		t.Errorf("%+v", firm)
	}
}

func TestAMillionBadRowsAreAllReported(t *testing.T) {
	t.Parallel()
	const rows = 50_000 // a twentieth of it does for every push
	var b strings.Builder
	b.WriteString("sku,eccn\n")
	for range rows {
		b.WriteString("A,none of your business\n")
	}
	_, err := Read("f.csv", strings.NewReader(b.String()), Options{})
	var r *RefusalError
	if !errors.As(err, &r) || len(r.Faults) != rows || len(err.Error()) > 4096 || r.Faults[rows-1].Row != rows+1 {
		t.Fatalf("%.300v", err)
	}
}

func TestCirclesAreTold(t *testing.T) {
	t.Parallel()
	f, err := Read("f.csv", strings.NewReader("owned,owner,percent\nHarbor,Vale,60\nVale,Moor,50\nMoor,Harbor,40\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Edition.Notes) != 1 || !strings.Contains(f.Edition.Notes[0], "1 circles of firms that own each other") {
		t.Error(f.Edition.Notes)
	}
}

func TestExportsOfManyKinds(t *testing.T) {
	t.Parallel()
	want := Partner{Party: event.Party{Customer: "C-1", Name: "Harbor GmbH", Address: &event.Address{Lines: []string{"Kai 1"}, City: "Bremen", Country: "DE"}, Headquarters: "DE"}}
	for name, tt := range map[string]struct {
		text string
		opt  Options
	}{
		"plain":                      {"customer_number,name,address,city,country,headquarters\nC-1,Harbor GmbH,Kai 1,Bremen,DE,DE\n", Options{}},
		"with a byte order mark":     {"\xef\xbb\xbfcustomer_number,name,address,city,country,headquarters\r\nC-1,Harbor GmbH,Kai 1,Bremen,DE,DE\r\n", Options{}},
		"semicolons, other words":    {"Customer No.;Company Name;Street;City;Country Code;HQ Country;Credit Limit\nC-1;Harbor GmbH;Kai 1;Bremen;DEU;Germany;500\n", Options{}},
		"tabs":                       {"Customer\tName\tAddress\tCity\tCountry\tHQ\nC-1\tHarbor GmbH\tKai 1\tBremen\t276\tgermany\n", Options{}},
		"columns renamed":            {"KUNNR,NAME1,STRAS,ORT01,LAND1,HQ\nC-1,Harbor GmbH,Kai 1,Bremen,DE,DE\n", Options{Columns: map[string]string{"customer_number": "KUNNR", "name": "NAME1", "address": "STRAS", "city": "ORT01", "country": "LAND1"}}},
		"JSON":                       {`[{"customer_number":"C-1","name":"Harbor GmbH","address":{"lines":["Kai 1"],"city":"Bremen","country":"DE"},"headquarters":"DE"}]`, Options{}},
		"JSON, one a line":           {`{"customer_number":"C-1","name":"Harbor GmbH","address":{"lines":["Kai 1"],"city":"Bremen","country":"DE"},"headquarters":"DE"}` + "\n", Options{}},
		"quoted fields and newlines": {"customer_number,name,address,city,country,headquarters\n\"C-1\",\"Harbor GmbH\",\"Kai 1\",\"Bremen\",DE,DE\n", Options{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := Read("f", strings.NewReader(tt.text), tt.opt)
			if err != nil {
				t.Fatal(err)
			}
			got, k, ok := write(t, []Edition{f.Edition}, &f.Rows).Partner(&event.Party{Customer: "c-1 "})
			if !ok || k != "partner master: customer c-1 " {
				t.Fatal(k, ok)
			}
			if d := cmp.Diff(&want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestASetIsTheSameInWhateverOrder(t *testing.T) {
	t.Parallel()
	a := compiled(t, "sku,eccn,part_number\nA,EAR99,P\nB,EAR99,P\nC,5A992.c,Q\n")
	b := compiled(t, "sku,eccn,part_number\nC,5A992.c,Q\nB,EAR99,P\nA,EAR99,P\n")
	if a.Len() != 3 || b.Len() != 3 || !bytes.Equal(a.rows, b.rows) || !bytes.Equal(a.index, b.index) {
		t.Error("two orders of the rows, two sets")
	}
	if _, _, ok := a.Item(&event.Item{PartNumber: "P"}); ok {
		t.Error("a part number of two SKUs found one of them")
	}
	if it, k, ok := a.Item(&event.Item{PartNumber: "q"}); !ok || it.ECCN != "5A992.c" || k != "item master: part number q" {
		t.Error(it, k, ok)
	}
}

func TestTwoFilesOfOneKind(t *testing.T) {
	t.Parallel()
	one, _ := Read("one.csv", strings.NewReader("customer_number,name\nC1,Harbor\n"), Options{Series: "erp"})
	two, _ := Read("two.csv", strings.NewReader("customer_number,name\nC1,Vale\n"), Options{Series: "crm"})
	_, err := Combine([]*Set{write(t, []Edition{one.Edition}, &one.Rows), write(t, []Edition{two.Edition}, &two.Rows)})
	if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "c/C1 stands in one.csv and in two.csv") {
		t.Error(err)
	}
}

func TestADamagedSetIsRefused(t *testing.T) {
	t.Parallel()
	f, _ := Read("f", strings.NewReader("sku,eccn\nA,EAR99\n"), Options{})
	var b bytes.Buffer
	digest, err := Write(&b, []Edition{f.Edition}, &f.Rows)
	if err != nil {
		t.Fatal(err)
	}
	for at := range b.Len() {
		bad := bytes.Clone(b.Bytes())
		bad[at] ^= 1
		if _, err := Open(bad, digest); !errors.Is(err, ErrDamaged) {
			t.Fatalf("byte %d changed: %v", at, err)
		}
	}
}

func TestRegistersAsPublished(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("TIDEGATE_TESTDATA")
	if dir == "" {
		t.Skip("TIDEGATE_TESTDATA is not set: the registers' own samples are not read")
	}
	files, err := filepath.Glob(filepath.Join(dir, "ownership", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	deeper, _ := filepath.Glob(filepath.Join(dir, "ownership", "*", "*", "*"))
	read := map[string]int{}
	for _, name := range append(files, deeper...) {
		if ext := filepath.Ext(name); ext != ".json" && ext != ".xml" || strings.Contains(name, "schema") {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := Read(filepath.Base(name), bytes.NewReader(b), Options{})
		empty := bytes.Contains(b, []byte(`"data":[]`)) || len(b) == 0 || bytes.Contains(b, []byte("managing")) || bytes.Contains(b, []byte(`"errors"`))
		if err != nil && !empty {
			t.Errorf("%s: %.300v", filepath.Base(name), err)
			continue
		}
		if err == nil {
			read[f.Edition.Series] += f.Rows.Len()
		}
	}
	t.Log(read)
	if len(read) < 4 {
		t.Errorf("read %v", read)
	}
}
