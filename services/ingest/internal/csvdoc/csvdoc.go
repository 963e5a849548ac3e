// Package csvdoc reads orders from CSV (RFC 4180; comma, semicolon, tab or bar between fields) with a header line that
// says what each column is. Consecutive rows with the same order number are the items of one order.
package csvdoc

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/tidegate/tidegate/services/ingest/internal/document"
)

// Format names orders read from CSV.
const Format = "csv"

// Row is one record.
type Row struct {
	Fields []string
	Raw    []byte
	Offset int   // of Raw in the input
	Line   int   // the first is 1
	Err    error // Fields are those before the one that is at fault
}

// Broken says whether the record could not be read; Err says why.
func (r Row) Broken() bool { return r.Err != nil }

// Rows reads records in memory bounded by the size of one.
type Rows struct {
	r      *bufio.Reader
	comma  byte
	offset int
	line   int
	fields int // of the header
}

// errLong says that a record is larger than a document may be.
var errLong = fmt.Errorf("a row of more than %d bytes; a quote that is not closed?", document.MaxSize)

// NewRows reads the header line first and finds out what stands between fields; sep= lines, as Excel writes them, say it.
func NewRows(r *bufio.Reader) (*Rows, Row, error) {
	rows := &Rows{r: r, line: 1}
	if b, _ := r.Peek(3); bytes.Equal(b, []byte("\xef\xbb\xbf")) {
		_, _ = r.Discard(3) // peeked before
		rows.offset = 3
	}
	rows.comma = ','
	for {
		raw, err := rows.raw()
		if err != nil {
			return nil, Row{}, err
		}
		text := strings.TrimSpace(string(raw))
		if text == "" {
			continue
		}
		if rest, ok := strings.CutPrefix(strings.ToLower(text), "sep="); ok && len(rest) == 1 {
			rows.comma = rest[0]
			continue
		}
		if rows.comma == ',' {
			rows.comma = Comma(text)
		}
		head := Row{Raw: raw, Offset: rows.offset - len(raw), Line: rows.line - bytes.Count(raw, []byte{'\n'})}
		if head.Fields, head.Err = split(raw, rows.comma, 0); head.Err == nil && bytes.IndexByte(bytes.ReplaceAll(raw, []byte("\r\n"), nil), '\r') >= 0 {
			head.Err = errors.New("a carriage return that no line feed follows: lines end in CR LF or in LF; save the file with either")
		}
		rows.fields = len(head.Fields)
		return rows, head, nil
	}
}

// Comma is what stands between the fields of a header line: whatever of the four there is most of.
func Comma(line string) byte {
	best, most := byte(','), 0
	for _, c := range []byte(",;\t|") {
		if n := strings.Count(line, string(c)); n > most {
			best, most = c, n
		}
	}
	return best
}

// Next gives the next record that is not empty; io.EOF behind the last one.
func (s *Rows) Next() (Row, error) {
	for {
		line, at := s.line, s.offset
		raw, err := s.raw()
		if errors.Is(err, errLong) {
			return Row{Raw: raw, Offset: at, Line: line, Err: err}, nil
		}
		if err != nil {
			return Row{}, err
		}
		if blank(raw) {
			continue
		}
		row := Row{Raw: raw, Offset: at, Line: line}
		row.Fields, row.Err = split(raw, s.comma, s.fields)
		return row, nil
	}
}

// blank says whether a record has nothing in it.
func blank(raw []byte) bool {
	for _, c := range raw {
		switch c {
		case ' ', '\t', '\r', '\n', ',', ';', '|':
		default:
			return false
		}
	}
	return true
}

// raw reads up to a line break outside of quotes.
func (s *Rows) raw() ([]byte, error) {
	var out []byte
	quoted, long := false, false
	for {
		part, err := s.r.ReadSlice('\n')
		s.offset += len(part)
		if out == nil {
			out = make([]byte, 0, len(part))
		}
		if len(out)+len(part) > document.MaxSize {
			long = true
			out = append(out, part[:max(0, document.MaxSize-len(out))]...)
		} else {
			out = append(out, part...)
		}
		if bytes.Count(part, []byte{'"'})%2 == 1 {
			quoted = !quoted
		}
		ended := len(part) > 0 && part[len(part)-1] == '\n'
		if ended {
			s.line++
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case err != nil && len(out) == 0:
			return nil, err
		case err != nil && !errors.Is(err, io.EOF):
			return nil, fmt.Errorf("read rows: %w", err)
		case err != nil || ended && (!quoted || long):
			if long {
				return out, errLong
			}
			return out, nil
		}
	}
}

// split takes a record apart, of so many fields as is expected. Quotes stand around a whole field or nowhere. With an error the fields are
// those before the first that is at fault.
func split(raw []byte, comma byte, expected int) ([]string, error) {
	for len(raw) > 0 && (raw[len(raw)-1] == '\r' || raw[len(raw)-1] == '\n') {
		raw = raw[:len(raw)-1]
	}
	s, out := string(raw), make([]string, 0, expected)
	whole := readable(s) == nil
	for {
		field, rest, more, err := next(s, comma)
		if err == nil && !whole {
			err = readable(field)
		}
		if err != nil {
			return out, err
		}
		if out = append(out, field); !more {
			return out, nil
		}
		s = rest
	}
}

// readable says why a text cannot be read.
func readable(s string) error {
	switch {
	case strings.IndexByte(s, 0) >= 0:
		return errors.New("a zero byte, as in a file saved as UTF-16: save it as UTF-8")
	case !utf8.ValidString(s):
		return errors.New("bytes that are not UTF-8, as in a file saved as ISO-8859-1 or Windows-1252: save it as UTF-8 (iconv -f WINDOWS-1252 -t UTF-8)")
	}
	return nil
}

func next(s string, comma byte) (field, rest string, more bool, err error) {
	trimmed := strings.TrimLeft(s, " ")
	if !strings.HasPrefix(trimmed, `"`) {
		if at := strings.IndexByte(s, comma); at >= 0 {
			field, rest, more = s[:at], s[at+1:], true
		} else {
			field = s
		}
		if strings.IndexByte(field, '"') >= 0 && comma != '\t' {
			return "", "", false, fmt.Errorf("a quote inside the field %s; put the field in quotes and double it", document.Quote(field))
		}
		return field, rest, more, nil
	}
	s = trimmed[1:]
	if end := strings.IndexByte(s, '"'); end >= 0 && (end+1 == len(s) || s[end+1] == comma) { // the usual case copies nothing
		if end+1 == len(s) {
			return s[:end], "", false, nil
		}
		return s[:end], s[end+2:], true, nil
	}
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '"')
		if i < 0 {
			return "", "", false, errors.New("a quote that is not closed")
		}
		b.WriteString(s[:i])
		if s = s[i+1:]; strings.HasPrefix(s, `"`) {
			b.WriteByte('"')
			s = s[1:]
			continue
		}
		s = strings.TrimLeft(s, " ")
		switch {
		case s == "":
			return b.String(), "", false, nil
		case s[0] == comma:
			return b.String(), s[1:], true, nil
		default:
			return "", "", false, fmt.Errorf("%s behind a field in quotes", document.Quote(s))
		}
	}
}
