package master

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/tidegate/tidegate/schemas/event"
)

// MaxRecord is the size in bytes of one record of a JSON file at most.
const MaxRecord = 4 << 20

// bounded lets a decoder read only so far ahead: a record without an end is an error, not memory.
type bounded struct {
	r     io.Reader
	allow int
}

var errLong = fmt.Errorf("a record is longer than %d bytes", MaxRecord)

// Read reads.
func (b *bounded) Read(p []byte) (int, error) {
	if b.allow <= 0 {
		return 0, errLong
	}
	n, err := b.r.Read(p[:min(len(p), b.allow)])
	b.allow -= n
	return n, err
}

// records gives the records of a JSON file one by one, numbered from 1: those of an array, those of the array under one of
// these members of an object, or one value after the other.
func (q *reading) records(under []string, each func(row int, raw []byte)) error {
	in := &bounded{q.in, 2 * MaxRecord}
	d := json.NewDecoder(in)
	array, err := q.enter(d, under)
	if err != nil {
		return err
	}
	for row := 1; d.More(); row++ {
		in.allow = 2 * MaxRecord
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			if errors.Is(err, io.EOF) && !array {
				return nil
			}
			q.fault(row, "%v; nothing after it was read", err)
			return nil
		}
		each(row, raw)
	}
	if array {
		if t, err := d.Token(); err != nil || t != json.Delim(']') {
			q.fault(0, "the file ends before its array does")
		}
	}
	return nil
}

// enter goes into the array that holds the records; false where they stand one after the other.
func (q *reading) enter(d *json.Decoder, under []string) (array bool, err error) {
	first := bytes.TrimLeft(q.head, " \t\r\n")
	if len(first) > 0 && first[0] == '[' {
		_, err := d.Token()
		return true, err
	}
	if len(under) == 0 {
		return false, nil
	}
	if _, err := d.Token(); err != nil {
		return false, err
	}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return false, err
		}
		for _, name := range under {
			if t == name {
				return q.inside(d)
			}
		}
		var skip json.RawMessage
		if err := d.Decode(&skip); err != nil {
			return false, err
		}
	}
	return false, fmt.Errorf("none of the members %q", under)
}

// inside opens the array of the member that was just read; a single record stands without one.
func (q *reading) inside(d *json.Decoder) (bool, error) {
	t, err := d.Token()
	switch {
	case err != nil:
		return false, err
	case t == json.Delim('['):
		return true, nil
	}
	return false, errSingle
}

var errSingle = errors.New("a single record")

// strict reads a record and refuses members that are not known.
func strict(raw []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	return nil
}

func begins(head []byte) bool {
	h := bytes.TrimLeft(head, " \t\r\n")
	return len(h) > 0 && (h[0] == '[' || h[0] == '{')
}

func mentions(head []byte, any ...string) bool {
	for _, s := range any {
		if bytes.Contains(head, []byte(`"`+s+`"`)) {
			return true
		}
	}
	return false
}

func isPartnersJSON(head []byte) bool {
	return begins(head) && mentions(head, "customer_number", "gln", "lei") && !mentions(head, "sku")
}

func isItemsJSON(head []byte) bool { return begins(head) && mentions(head, "sku", "part_number") }

func readPartnersJSON(q *reading) error {
	return q.records(nil, func(row int, raw []byte) {
		var p Partner
		if err := strict(raw, &p); err != nil {
			q.fault(row, "%v", err)
			return
		}
		q.partner(row, &p)
	})
}

func readItemsJSON(q *reading) error {
	return q.records(nil, func(row int, raw []byte) {
		var it event.Item
		if err := strict(raw, &it); err != nil {
			q.fault(row, "%v", err)
			return
		}
		q.item(row, &it)
	})
}
