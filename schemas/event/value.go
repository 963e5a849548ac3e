package event

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Date is a civil date as the law prints it, "2025-01-13". It has no time zone and is never shifted through one.
// The empty Date means not given. Dates compare as strings.
type Date string

// ParseDate reads a civil date in the form 2006-01-02 and refuses days that no calendar has.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1900 || t.Year() > 2999 {
		return "", fmt.Errorf("%q is not a date of the form 2025-01-13 between 1900 and 2999", s)
	}
	return Date(s), nil
}

// AddDays gives the date n days later (earlier when n is negative). The empty Date stays empty.
func (d Date) AddDays(n int) Date {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return d
	}
	return Date(t.AddDate(0, 0, n).Format(time.DateOnly))
}

// Span is a time in force: both ends inclusive, as the law prints them. An empty From reaches back for ever, an
// empty Until has no known end.
type Span struct {
	From  Date `json:"from,omitempty"`
	Until Date `json:"until,omitempty"`
}

// Holds says whether d lies in the span.
func (s Span) Holds(d Date) bool {
	return (s.From == "" || s.From <= d) && (s.Until == "" || d <= s.Until)
}

// Instant is a moment in UTC, RFC 3339 with microseconds: "2026-11-23T10:15:00.123456Z".
type Instant string

// InstantLayout is the one form in which an Instant is written.
const InstantLayout = "2006-01-02T15:04:05.000000Z"

// At writes t as an Instant.
func At(t time.Time) Instant { return Instant(t.UTC().Format(InstantLayout)) }

// Time reads the instant back; the zero time for a malformed one.
func (i Instant) Time() time.Time {
	t, err := time.Parse(time.RFC3339Nano, string(i))
	if err != nil {
		return time.Time{}
	}
	return t
}

// Date is the instant's civil date in UTC.
func (i Instant) Date() Date {
	if len(i) < len(time.DateOnly) {
		return ""
	}
	return Date(i[:len(time.DateOnly)])
}

// Decimal is a JSON number kept as the sender wrote it: plain digits with at most one point, at most 15 digits in all
// (so that its float64 compares exactly as the decimal does), no exponent. The empty Decimal means not given.
type Decimal string

var errDecimal = errors.New("want a plain number such as 4800 or 5.92, at most 15 digits, no exponent")

// Check says what is wrong with the number; nil for the empty one.
func (d Decimal) Check() error {
	digits, points := 0, 0
	for i := range len(d) {
		switch c := d[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c == '.' && i > 0 && i < len(d)-1:
			points++
		case c == '-' && i == 0 && len(d) > 1:
		default:
			return errDecimal
		}
	}
	if digits > 15 || points > 1 || (d != "" && digits == 0) {
		return errDecimal
	}
	return nil
}

// Float is the number for a comparison; 0 for the empty Decimal. Never print it into a decision.
func (d Decimal) Float() float64 {
	f, err := strconv.ParseFloat(string(d), 64)
	if err != nil {
		return 0
	}
	return f
}

// MarshalJSON writes the number as it was given; null when it was not.
func (d Decimal) MarshalJSON() ([]byte, error) {
	if d == "" {
		return []byte("null"), nil
	}
	return []byte(d), nil
}

// UnmarshalJSON keeps the digits as sent. Quoted numbers are refused.
func (d *Decimal) UnmarshalJSON(b []byte) error {
	if bytes.Equal(b, []byte("null")) {
		*d = ""
		return nil
	}
	*d = Decimal(b)
	return d.Check()
}

// Milli is a share or score in thousandths, written with three decimals: 934 is 0.934. Scores reach a decision's
// bytes in this one form only.
type Milli int

// String gives the score as it is printed everywhere.
func (m Milli) String() string { return fmt.Sprintf("%d.%03d", int(m)/1000, int(m)%1000) }

// MarshalJSON writes three decimals.
func (m Milli) MarshalJSON() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalJSON reads a number with up to three decimals.
func (m *Milli) UnmarshalJSON(b []byte) error {
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil {
		return fmt.Errorf("score %q: %w", b, err)
	}
	*m = Milli(f*1000 + 0.5)
	return nil
}
