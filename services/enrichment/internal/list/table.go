package list

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// table reads delimited rows (RFC 4180, any line end) within bounds; encoding/csv holds a row of any length.
type table struct {
	r      *bufio.Reader
	m      *meter
	comma  byte
	line   int // of the row read last, from 1
	next   int
	buffer []byte
	ends   []int
}

// Table reads delimited rows of other files than lists, in the same way and with the same bounds of a row.
type Table struct{ t *table }

// NewTable reads rows with this delimiter from at most so many bytes.
func NewTable(r io.Reader, comma byte, most int64) *Table {
	m := newMeter(r)
	m.most = most
	return &Table{newTable(m, comma)}
}

// Row gives the next row's fields and the line it begins on, from 1; io.EOF at the end. After any other error nothing more
// can be read.
func (t *Table) Row() (fields []string, line int, err error) {
	fields, err = t.t.row()
	return fields, t.t.line, err
}

var errQuote = errors.New("a quotation mark is not closed")

func newTable(m *meter, comma byte) *table {
	return &table{r: bufio.NewReaderSize(m, 64<<10), m: m, comma: comma, next: 1}
}

// row gives the next row's fields, valid until the next call; io.EOF at the end. Lines with nothing on them are
// skipped. An error of the row itself is errQuote or errLong, after which nothing can be read.
func (t *table) row() ([]string, error) {
	for {
		fields, err := t.read()
		if err != nil || len(fields) > 1 || fields[0] != "" {
			return fields, err
		}
	}
}

func (t *table) read() ([]string, error) {
	t.buffer, t.ends = t.buffer[:0], t.ends[:0]
	t.line = t.next
	t.m.row(t.m.n)
	quoted, any := false, false
	for {
		c, err := t.r.ReadByte()
		if errors.Is(err, io.EOF) {
			switch {
			case quoted:
				return nil, fmt.Errorf("row %d: %w", t.line, errQuote)
			case !any:
				return nil, io.EOF
			}
			return t.fields(), nil
		}
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", t.line, err)
		}
		any = true
		if len(t.buffer) > MaxRow || len(t.ends) > 1000 {
			return nil, fmt.Errorf("row %d: %w", t.line, errLong)
		}
		switch {
		case c == '"' && quoted:
			if b, err := t.r.Peek(1); err == nil && b[0] == '"' {
				_, _ = t.r.Discard(1) // it was peeked
				t.buffer = append(t.buffer, '"')
				continue
			}
			quoted = false
		case c == '"' && len(t.buffer) == t.start():
			quoted = true
		case c == '\n':
			t.next++
			if !quoted {
				return t.fields(), nil
			}
			t.buffer = append(t.buffer, c)
		case c == '\r' && !quoted:
		case c == t.comma && !quoted:
			t.ends = append(t.ends, len(t.buffer))
		default:
			t.buffer = append(t.buffer, c)
		}
	}
}

func (t *table) start() int {
	if len(t.ends) == 0 {
		return 0
	}
	return t.ends[len(t.ends)-1]
}

func (t *table) fields() []string {
	all := string(t.buffer)
	out := make([]string, 0, len(t.ends)+1)
	from := 0
	for _, to := range t.ends {
		out = append(out, all[from:to])
		from = to
	}
	return append(out, all[from:])
}

// end says whether a row is the lone 0x1A that OFAC ends its files with.
func end(fields []string) bool {
	if fields[0] != "\x1a" {
		return false
	}
	for _, f := range fields[1:] {
		if f != "" {
			return false
		}
	}
	return true
}
