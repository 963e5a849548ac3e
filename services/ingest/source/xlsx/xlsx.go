// Package xlsx turns a spreadsheet into CSV: its first sheet that holds anything, cells as they were typed. A module of its
// own, so that who reads no spreadsheets does not carry what reads them.
package xlsx

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Limits of a workbook: what it unpacks to, and what one sheet's XML does.
const (
	maxUnzipped = 1 << 30
	maxSheet    = 64 << 20 // above it the library works from a temporary file
	maxColumns  = 1024
)

// ErrEmpty says that no sheet holds anything.
var ErrEmpty = errors.New("no sheet of the workbook holds anything")

// CSV reads a workbook and gives its orders as CSV, while it is read. Dates are written as 2025-01-13; formulas give the value
// they were saved with. Closing the reader ends the work.
func CSV(r io.Reader) (io.ReadCloser, error) {
	book, err := excelize.OpenReader(r, excelize.Options{UnzipSizeLimit: maxUnzipped, UnzipXMLSizeLimit: maxSheet, RawCellValue: false, ShortDatePattern: "yyyy-mm-dd"})
	if err != nil {
		return nil, fmt.Errorf("spreadsheet: %w", err)
	}
	for _, name := range book.GetSheetList() {
		rows, err := book.Rows(name)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("spreadsheet: sheet %q: %w", name, err), book.Close())
		}
		if first, ok := nextFilled(rows); ok {
			out, in := io.Pipe()
			go func() {
				err := write(in, rows, first)
				in.CloseWithError(errors.Join(err, rows.Close(), book.Close()))
			}()
			return out, nil
		}
		_ = rows.Close()
	}
	return nil, errors.Join(fmt.Errorf("spreadsheet: %w", ErrEmpty), book.Close())
}

// nextFilled gives the next row that holds anything.
func nextFilled(rows *excelize.Rows) ([]string, bool) {
	for rows.Next() {
		cells, err := rows.Columns()
		if err == nil && strings.Join(cells, "") != "" {
			return cells, true
		}
	}
	return nil, false
}

// write copies the rows; the header says how many columns there are.
func write(w io.Writer, rows *excelize.Rows, header []string) error {
	if len(header) > maxColumns {
		return fmt.Errorf("spreadsheet: %d columns; at most %d", len(header), maxColumns)
	}
	out := csv.NewWriter(w)
	for cells, ok := header, true; ok; cells, ok = nextFilled(rows) {
		if len(cells) > len(header) && strings.Join(cells[len(header):], "") != "" {
			return fmt.Errorf("spreadsheet: a row has %d cells under a header of %d", len(cells), len(header))
		}
		row := make([]string, len(header))
		copy(row, cells)
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return errors.Join(out.Error(), rows.Error())
}
