// Package codec encodes and decodes the lines of a case on segmentio/encoding, and guards foreign bytes before they
// are decoded.
package codec

import (
	"fmt"

	"github.com/segmentio/encoding/json"
)

// Append writes v as compact JSON behind b: no HTML escaping, map keys sorted, no line break. The same value always
// gives the same bytes.
func Append(b []byte, v any) ([]byte, error) {
	b, err := json.Append(b, v, json.SortMapKeys)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	return b, nil
}

// Decode reads one of our own lines into v. Foreign bytes go through Check first.
func Decode(b []byte, v any) error {
	rest, err := json.Parse(b, v, json.ZeroCopy)
	if err != nil {
		return fmt.Errorf("decode %T: %w", v, err)
	}
	if len(rest) > 0 {
		return fmt.Errorf("decode %T: %d bytes behind the value", v, len(rest))
	}
	return nil
}
