package xlsx_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/tidegate/tidegate/services/ingest/source/xlsx"
)

func book(t *testing.T, sheets map[string][][]any) []byte {
	t.Helper()
	f := excelize.NewFile()
	for name, rows := range sheets {
		if _, err := f.NewSheet(name); err != nil {
			t.Fatal(err)
		}
		for i, row := range rows {
			cell, err := excelize.CoordinatesToCellName(1, i+1)
			if err == nil {
				err = f.SetSheetRow(name, cell, &row)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestTheFirstFilledSheetBecomesCSV(t *testing.T) {
	t.Parallel()
	r, err := xlsx.CSV(bytes.NewReader(book(t, map[string][][]any{"Orders": {
		{"id", "name", "quantity"}, {"A-1", `Example, "Ltd"`, 8}, {}, {"A-2", "例え株式会社"},
	}})))
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	want := "id,name,quantity\nA-1,\"Example, \"\"Ltd\"\"\",8\nA-2,例え株式会社,\n"
	if err != nil || string(got) != want {
		t.Errorf("%q, %v", got, err)
	}
}

func TestWhatIsNoWorkbookIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := xlsx.CSV(strings.NewReader("id,name\n")); err == nil {
		t.Error("CSV is no workbook")
	}
	if _, err := xlsx.CSV(bytes.NewReader(book(t, nil))); !errors.Is(err, xlsx.ErrEmpty) {
		t.Errorf("an empty one: %v", err)
	}
	r, err := xlsx.CSV(bytes.NewReader(book(t, map[string][][]any{"Orders": {{"id"}, {"A-1", "beyond"}}})))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(r); err == nil || !strings.Contains(err.Error(), "header") {
		t.Errorf("a row longer than its header: %v", err)
	}
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(_ *testing.T, in []byte) {
		if r, err := xlsx.CSV(bytes.NewReader(in)); err == nil {
			_, _ = io.Copy(io.Discard, r)
		}
	})
}
