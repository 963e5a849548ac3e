// Package format recognizes what senders send by its content, and gives each order in it in the one normal form: our own
// JSON, CloudEvents, web shops' and carriers' JSON, CSV, UBL, X12 and EDIFACT. Many orders stream in memory that does not
// grow with their number; one that is at fault takes nothing from those beside it.
package format

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/accept"
	"github.com/tidegate/tidegate/services/ingest/internal/csvdoc"
	"github.com/tidegate/tidegate/services/ingest/internal/document"
	"github.com/tidegate/tidegate/services/ingest/internal/edifact"
	"github.com/tidegate/tidegate/services/ingest/internal/feed"
	"github.com/tidegate/tidegate/services/ingest/internal/mapping"
	"github.com/tidegate/tidegate/services/ingest/internal/x12"
)

// Hint is what is known of an input besides its bytes. Content decides wherever it can.
type Hint struct {
	Media  string        // media type without parameters, in small letters
	Name   string        // of a file
	Source string        // of an order that names none, as a CloudEvent's headers say it
	Event  bool          // the body of a CloudEvent in binary mode
	Faults []event.Fault // of its headers

	Map  *mapping.Map // reads what is no format of ours; nil without one
	Used mapping.Used // counts what its expressions give; nil where nobody asks
}

// Form is how an input is read.
type Form int

// The forms.
const (
	JSON Form = iota // an object, or an array of them
	Lines
	XML
	X12
	EDIFACT
	CSV
)

// Reader gives the orders of an input.
type Reader struct {
	hint   Hint
	form   Form
	feed   *feed.Feed // JSON, Lines, XML
	many   source     // X12, EDIFACT, CSV
	queue  []accept.Input
	err    error // how it ended
	single bool
	begun  bool
}

// source gives orders one after the other; io.EOF behind the last.
type source interface {
	Next() (*document.Found, error)
}

// New begins to read.
func New(r io.Reader, h Hint) *Reader {
	b := bufio.NewReaderSize(r, 32<<10)
	in := &Reader{hint: h, form: recognize(b, h)}
	switch {
	case h.Map != nil && h.Map.Format == mapping.CSV:
		in.mapped(b)
		return in
	case h.Map != nil && h.Map.Format == mapping.XML:
		in.form = XML
	case h.Map != nil && in.form != Lines:
		in.form = JSON
	}
	switch in.form {
	case CSV:
		rows, err := csvdoc.New(b)
		in.many, in.err = rows, err
		if err != nil {
			in.many = nil
		}
	case X12, EDIFACT:
		in.many = interchange(b, in.form)
	case Lines:
		in.feed = feed.New(b, feed.Lines, document.MaxSize)
	default:
		in.feed = feed.New(b, feed.JSON, document.MaxSize)
	}
	return in
}

// mapped reads rows by a mapping.
func (r *Reader) mapped(b *bufio.Reader) {
	rows, head, err := csvdoc.NewRows(b)
	if err != nil {
		r.err = err
		return
	}
	r.form, r.many = CSV, r.hint.Map.CSV(rows, head, r.hint.Used)
}

// Media are the media types of the doors; without one, or with one that says nothing, content alone decides.
const Media = "application/json, application/x-ndjson, application/cloudevents+json, application/xml, text/csv, application/edi-x12, application/edifact"

// Takes says whether a media type, without parameters and in small letters, could be of a format that is read.
func Takes(media string) bool {
	switch media {
	case "", "application/json", "text/json", "application/x-ndjson", "application/ndjson", "application/jsonl", "application/jsonlines", "application/xml", "text/xml",
		"text/csv", "application/csv", "text/tab-separated-values", "application/edi-x12", "application/edifact", "application/edi-consent", "text/plain",
		"application/octet-stream", "binary/octet-stream":
		return true
	}
	return strings.HasSuffix(media, "+json") || strings.HasSuffix(media, "+xml")
}

// All reads an input that is in memory.
func All(b []byte, h Hint) ([]accept.Input, error) {
	if start := bytes.TrimLeft(b, " \t\r\n"); len(start) > 0 && start[0] == '{' && recognizedLines(h) == JSON && h.Map == nil {
		return noted((&Reader{hint: h}).json(b), h.Faults), nil
	}
	r := New(bytes.NewReader(b), h)
	var out []accept.Input
	for {
		in, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		out = append(out, in)
	}
}

// Single says, after the first Next, whether the input is one order by itself.
func (r *Reader) Single() bool { return r.single }

// Next gives the next order or what stands against one; io.EOF behind the last. Other errors are of the reading.
func (r *Reader) Next() (accept.Input, error) {
	if !r.begun {
		r.begun = true
		return r.first()
	}
	return r.next()
}

// first looks one order ahead where that tells whether it is the only one.
func (r *Reader) first() (accept.Input, error) {
	in, err := r.next()
	if err != nil {
		return in, err
	}
	if r.feed != nil {
		r.single = r.feed.Single() && len(r.queue) == 0
		return in, nil
	}
	second, err := r.next()
	if err != nil {
		r.single, r.err = errors.Is(err, io.EOF), err
		return in, nil
	}
	r.queue = append([]accept.Input{second}, r.queue...)
	return in, nil
}

func (r *Reader) next() (accept.Input, error) {
	for len(r.queue) == 0 {
		if r.err != nil {
			return accept.Input{}, r.err
		}
		if err := r.fill(); err != nil {
			return accept.Input{}, err
		}
	}
	in := r.queue[0]
	r.queue = r.queue[1:]
	return in, nil
}

// noted puts what is wrong with the headers around them before the faults of inputs.
func noted(all []accept.Input, faults []event.Fault) []accept.Input {
	if len(faults) > 0 {
		for i := range all {
			all[i].Faults = slices.Concat(faults, all[i].Faults)
		}
	}
	return all
}

// fill reads on until there is something in the queue.
func (r *Reader) fill() error {
	if r.many != nil {
		f, err := r.many.Next()
		if err != nil {
			return err
		}
		r.queue = append(r.queue, noted([]accept.Input{r.input(f)}, r.hint.Faults)...)
		return nil
	}
	p, err := r.feed.Next()
	if err != nil {
		return err
	}
	if p.Size > len(p.Bytes) {
		in := accept.Input{Bytes: p.Bytes, Size: p.Size, SHA256: p.SHA256, Source: r.hint.Source}
		if r.form == XML {
			in.Format, in.Most = "xml", document.MaxSize
		}
		r.queue = append(r.queue, in)
		return nil
	}
	r.queue = append(r.queue, noted(r.piece(p.Bytes), r.hint.Faults)...)
	return nil
}

// input is what a reader found, as accept takes it.
func (r *Reader) input(f *document.Found) accept.Input {
	if f.Order.Event == event.Shipped && len(f.Order.Items) > 0 && !slices.ContainsFunc(f.Order.Items, left) {
		f.Fault(f.Offset, document.CodeRange, "every quantity is 0: nothing of the order was sent")
	}
	in := accept.Input{Bytes: f.Bytes, Format: f.Format, Faults: f.All(), Place: f.Place, Source: r.hint.Source}
	if in.Amends = f.Amends; in.Amends != nil {
		in.Amends.Order = f.Order
	}
	if len(in.Faults) == 0 || f.Raw != nil || f.Order.ID != "" || len(f.Order.Parties)+len(f.Order.Items) > 0 {
		in.Order = f.JSON()
	}
	if r.hint.Event {
		in.Format = "cloudevent+" + in.Format
	}
	return in
}

// left says whether something of an item was sent, or nobody says how much.
func left(it event.Item) bool { return it.Quantity == "" || it.Quantity.Float() != 0 }

func (r *Reader) inputs(found []*document.Found) []accept.Input {
	out := make([]accept.Input, len(found))
	for i, f := range found {
		out[i] = r.input(f)
	}
	return out
}

// recognize looks at the first bytes.
func recognize(b *bufio.Reader, h Hint) Form {
	if recognizedLines(h) == Lines {
		return Lines
	}
	start := begin(b)
	switch {
	case bytes.HasPrefix(start, []byte("<")):
		return XML
	case bytes.HasPrefix(start, []byte("\xff\xfe")), bytes.HasPrefix(start, []byte("\xfe\xff")):
		return wide(start)
	case bytes.HasPrefix(start, []byte("{")) && h.Media == "" && lines(b):
		return Lines
	case bytes.HasPrefix(start, []byte("{")), bytes.HasPrefix(start, []byte("[")):
		return JSON
	case len(start) > 3 && bytes.HasPrefix(start, []byte("ISA")) && !alnum(start[3]), segment(start, "ST"), segment(start, "GS"):
		return X12
	case bytes.HasPrefix(start, []byte("UNA")), segment(start, "UNB"), segment(start, "UNH"):
		return EDIFACT
	}
	name := strings.ToLower(h.Name)
	switch {
	case h.Media == "text/csv" || h.Media == "text/tab-separated-values" || strings.HasSuffix(name, ".csv") || strings.HasSuffix(name, ".tsv"):
		return CSV
	case strings.Contains(h.Media, "edifact"):
		return EDIFACT
	case strings.Contains(h.Media, "x12"):
		return X12
	case strings.HasSuffix(h.Media, "/xml") || strings.HasSuffix(h.Media, "+xml"):
		return XML
	case csvdoc.Looks(header(b)):
		return CSV
	}
	return JSON
}

// wide tells by its first letter whose reader says that UTF-16 is not read.
func wide(start []byte) Form {
	if len(start) >= 4 {
		switch start[2] | start[3] {
		case '<':
			return XML
		case '{', '[':
			return JSON
		}
	}
	return CSV
}

func recognizedLines(h Hint) Form {
	switch h.Media {
	case "application/x-ndjson", "application/ndjson", "application/jsonl", "application/jsonlines":
		return Lines
	}
	return JSON
}

// lines says whether the input's first line is a whole JSON object and another one begins behind it, as far as 32 KB tell.
func lines(b *bufio.Reader) bool {
	peek, err := b.Peek(32 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return false
	}
	line, rest, _ := bytes.Cut(bytes.TrimLeft(bytes.TrimPrefix(peek, []byte("\xef\xbb\xbf")), " \t\r\n"), []byte{'\n'})
	return bytes.HasPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte("{")) && json.Valid(line)
}

// begin gives what is there of the input without byte order mark and spaces: at least four bytes, where there are as many.
// It does not wait for more than it needs.
func begin(b *bufio.Reader) []byte {
	for n := 4; ; n++ {
		peek, err := b.Peek(n)
		start := bytes.TrimLeft(bytes.TrimPrefix(peek, []byte("\xef\xbb\xbf")), " \t\r\n")
		if len(start) >= 4 || err != nil || n > 32<<10 {
			return start
		}
		if len(start) > 0 && (start[0] == '{' || start[0] == '[' || start[0] == '<') {
			return start
		}
	}
}

// header gives the fields of the first line, as far as one comes within 32 KB.
func header(b *bufio.Reader) []string {
	for n := 64; ; n *= 2 {
		peek, err := b.Peek(min(n, 32<<10))
		line, _, whole := bytes.Cut(bytes.TrimLeft(bytes.TrimPrefix(peek, []byte("\xef\xbb\xbf")), " \t\r\n"), []byte{'\n'})
		if whole || err != nil || n >= 32<<10 {
			text := strings.TrimRight(string(line), "\r")
			fields := strings.Split(text, string(csvdoc.Comma(text)))
			for i := range fields {
				fields[i] = strings.Trim(fields[i], `" `)
			}
			return fields
		}
	}
}

func segment(b []byte, tag string) bool {
	return len(b) > len(tag) && string(b[:len(tag)]) == tag && !alnum(b[len(tag)]) && b[len(tag)] > ' ' && b[len(tag)] < 0x7f && b[len(tag)] != ','
}

func alnum(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == ' '
}

// interchange reads EDI.
func interchange(b *bufio.Reader, form Form) source {
	if form == X12 {
		return x12.New(b)
	}
	return edifact.New(b)
}
