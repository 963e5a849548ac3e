package standalone_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/urfave/cli/v3"
	"github.com/xuri/excelize/v2"

	"github.com/tidegate/tidegate/deploy/standalone"
	ingestcli "github.com/tidegate/tidegate/services/ingest/cli"
)

func TestASpreadsheetIsTriedLikeAnyFile(t *testing.T) {
	t.Parallel()
	book := excelize.NewFile()
	for i, row := range [][]any{{"id", "purchaser_name", "purchaser_country", "description", "eccn", "quantity"}, {"X-1", "Holm & Vester GmbH", "DE", "desk fan", "EAR99", 3}} {
		cell, err := excelize.CoordinatesToCellName(1, i+1)
		if err == nil {
			err = book.SetSheetRow("Sheet1", cell, &row)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(t.TempDir(), "orders.xlsx")
	if err := book.SaveAs(file); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := &cli.Command{Name: "tidegate", Commands: ingestcli.Commands(standalone.Spreadsheets()), Writer: &out, ErrWriter: &out}
	if err := cmd.Run(t.Context(), []string{"tidegate", "ingest", "try", file}); err != nil || !strings.Contains(out.String(), `"id": "X-1"`) || !strings.Contains(out.String(), "1 would be accepted") {
		t.Errorf("%v\n%s", err, out.String())
	}
}
