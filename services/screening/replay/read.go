package replay

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
)

// ReadJSON reads a report as WriteJSON wrote it. Its orders stay where they are: each time they are asked for, open is asked
// for the bytes again.
func ReadJSON(open func() (io.ReadCloser, error)) (Report, error) {
	f, err := open()
	if err != nil {
		return Report{}, fmt.Errorf("read a replay's report: %w", err)
	}
	defer func() { _ = f.Close() }()
	d := json.NewDecoder(f)
	head := map[string]json.RawMessage{}
	if err := toOrders(d, head); err != nil {
		return Report{}, fmt.Errorf("read a replay's report: %w", err)
	}
	b, err := json.Marshal(head)
	if err != nil {
		return Report{}, fmt.Errorf("read a replay's report: %w", err)
	}
	var r Report
	if err := json.Unmarshal(b, &r); err != nil {
		return Report{}, fmt.Errorf("read a replay's report: %w", err)
	}
	r.Orders = Streamed(ordersIn(open))
	return r, nil
}

var errNoReport = errors.New("this is not a replay's report")

// toOrders reads up to the array of orders, the last member. What stands before it is put into head, where one is given.
func toOrders(d *json.Decoder, head map[string]json.RawMessage) error {
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.Join(errNoReport, err)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		if name == "orders" {
			if t, err := d.Token(); err != nil || t != json.Delim('[') {
				return errors.Join(errNoReport, err)
			}
			return nil
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		if key, ok := name.(string); ok && head != nil {
			head[key] = value
		}
	}
	return errNoReport
}

func ordersIn(open func() (io.ReadCloser, error)) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		f, err := open()
		if err != nil {
			yield(Change{}, fmt.Errorf("read a replay's report: %w", err))
			return
		}
		defer func() { _ = f.Close() }()
		d := json.NewDecoder(f)
		if err := toOrders(d, nil); err != nil {
			yield(Change{}, fmt.Errorf("read a replay's report: %w", err))
			return
		}
		for d.More() {
			var c Change
			if err := d.Decode(&c); err != nil {
				yield(c, fmt.Errorf("read a replay's report: %w", err))
				return
			}
			if !yield(c, nil) {
				return
			}
		}
		if _, err := d.Token(); err != nil {
			yield(Change{}, fmt.Errorf("read a replay's report: %w", err))
		}
	}
}
