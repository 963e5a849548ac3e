package replay

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// WriteJSON writes the report as one JSON object, an order a line, without holding the orders. The digest of a report is
// the SHA-256 of exactly these bytes.
func (r Report) WriteJSON(w io.Writer) error {
	orders := r.Orders
	r.Orders = Changes{}
	var head bytes.Buffer
	e := json.NewEncoder(&head)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("replay as JSON: %w", err)
	}
	begin, found := bytes.CutSuffix(head.Bytes(), []byte("[]\n}\n")) // the orders are the last member
	if !found {
		panic("replay: the orders are not the last member of a report")
	}
	out := bufio.NewWriter(w)
	_, _ = out.Write(append(begin, '['))
	sep := "\n    "
	for c, err := range orders.All() {
		if err != nil {
			return fmt.Errorf("replay as JSON: %w", err)
		}
		line, err := compact(c)
		if err != nil {
			return fmt.Errorf("replay as JSON: %w", err)
		}
		_, _ = out.WriteString(sep)
		_, _ = out.Write(line)
		sep = ",\n    "
	}
	end := "]\n}\n"
	if r.Changed > 0 {
		end = "\n  ]\n}\n"
	}
	_, _ = out.WriteString(end)
	if err := out.Flush(); err != nil {
		return fmt.Errorf("replay as JSON: %w", err)
	}
	return nil
}

func compact(c Change) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(c); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Digest is the SHA-256 of the report as WriteJSON writes it, lower-case hex.
func (r Report) Digest() (string, error) {
	h := sha256.New()
	if err := r.WriteJSON(h); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// columns of the CSV file.
var columns = []string{
	"source", "order_id", "revision", "kind", "event", "received_at", "order_date", "country", "stand", "from", "to", "rule", "why",
	"found", "gone", "parties", "classes", "tenant", "sequence", "place",
}

// WriteCSV writes the changed orders, a row each, below a row of headings. Several values of a column are parted by "; ". A
// text that a spreadsheet would take for a formula is put behind an apostrophe.
func (r Report) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write(columns); err != nil {
		return fmt.Errorf("replay as CSV: %w", err)
	}
	for c, err := range r.Orders.All() {
		if err == nil {
			err = out.Write(c.row())
		}
		if err != nil {
			return fmt.Errorf("replay as CSV: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("replay as CSV: %w", err)
	}
	return nil
}

func (c *Change) row() []string {
	row := []string{
		c.Source, c.OrderID, strconv.Itoa(c.Revision), string(c.Kind), c.Event, string(c.Received), string(c.Date), string(c.Country), string(c.Stand),
		string(c.From), string(c.To), c.Rule, c.Why, strings.Join(c.Found, "; "), strings.Join(c.Gone, "; "), strings.Join(c.Parties, "; "),
		strings.Join(c.Classes, "; "), c.Tenant, strconv.FormatUint(c.Sequence, 10), strconv.Itoa(c.Place),
	}
	for i, s := range row {
		if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
			row[i] = "'" + s
		}
	}
	return row
}
