package list

import (
	"bytes"
	"errors"
	"testing"

	"github.com/tidegate/tidegate/services/enrichment/internal/snapshot"
)

// fuzz reads bytes in a format, strictly and leniently: it may refuse, and what it takes must be sound, the same again,
// and no less when lenient.
func fuzz(f *testing.F, format, name string, seeds ...string) {
	f.Helper()
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		fsys := set(name, string(b), "alt.csv", altFile, "add.csv", addFile)
		strict, err := Import(fsys, name, Options{Format: format, Published: "2026-01-02"})
		if err != nil && !errors.Is(err, ErrRefused) {
			t.Fatalf("not a refusal: %v", err)
		}
		lenient, lerr := Import(fsys, name, Options{Format: format, Published: "2026-01-02", Lenient: true})
		if err == nil && (lerr != nil || len(lenient.Skipped) != 0) {
			t.Fatalf("taken strictly, leniently %v", lerr)
		}
		for _, file := range []*File{strict, lenient} {
			if file == nil {
				continue
			}
			one, _ := snapshot.Encode(snapshot.Build(file.Editions))
			set, _, err := snapshot.Decode(one)
			if err != nil {
				t.Fatalf("not compiled: %v", err)
			}
			two, _ := snapshot.Encode(set)
			if !bytes.Equal(one, two) {
				t.Fatal("compiled twice, two files")
			}
		}
	})
}

func FuzzScreeningListTable(f *testing.F) { fuzz(f, "csl-csv", "f", cslHeader+lantern()) }
func FuzzScreeningListJSON(f *testing.F) {
	fuzz(f, "csl-json", "f", `{"results": [{"source": "(SDN)", "name": "A", "entity_number": 7}]}`)
}
func FuzzTreasury(f *testing.F) { fuzz(f, "ofac-csv", "sdn.csv", sdnFile) }
func FuzzDeniedPersons(f *testing.F) {
	fuzz(f, "dpl-txt", "f", deniedHeader+"A\tB\tC\t\tDE\t\t1/2/2003\t\tY\t\t\t1 FR 2\n")
}

func FuzzRegister(f *testing.F) {
	fuzz(f, "register-json", "f", `{"list_id": "bis-meu", "count": 1, "entities": [{"name": "A", "country": "China"}]}`)
}

func FuzzUnitedNations(f *testing.F) {
	fuzz(f, "un-xml", "f", `<CONSOLIDATED_LIST><INDIVIDUALS><INDIVIDUAL><DATAID>1</DATAID><FIRST_NAME>A</FIRST_NAME></INDIVIDUAL></INDIVIDUALS></CONSOLIDATED_LIST>`)
}

func FuzzJapan(f *testing.F) {
	fuzz(f, "meti-json", "f", `[{"list_id": "jp-end-user-list", "entity_name": "A"}]`)
}
func FuzzOwnTable(f *testing.F) { fuzz(f, "own-csv", "f", "name,list\nA,EL\n") }
func FuzzFollowTheMoney(f *testing.F) {
	fuzz(f, "ftm-json", "f", `{"id": "a", "schema": "Person", "properties": {"name": ["A"]}}`)
}

func FuzzEurope(f *testing.F) { fuzz(f, "eu-xml", "f", euFile) }

func FuzzUnitedKingdom(f *testing.F) { fuzz(f, "uk-xml", "f", ukFile) }
