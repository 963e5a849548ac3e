package ledger

import (
	"math"
	"strconv"
	"strings"

	"github.com/tidegate/tidegate/schemas/event"
)

// Amount is a sum in thousandths: exact for what orders give, the same on every machine.
type Amount int64

const most = Amount(math.MaxInt64 / 4)

// exact reads a number; digits behind the third place count as one thousandth more. Too large a number is the largest.
func exact(d event.Decimal) Amount {
	whole, part, _ := strings.Cut(string(d), ".")
	negative := strings.HasPrefix(whole, "-")
	if d == "" || negative {
		return 0
	}
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || n > int64(most)/1000 {
		return most
	}
	out := Amount(n) * 1000
	for i, unit := 0, Amount(100); i < len(part); i++ {
		if unit == 0 {
			if part[i] != '0' {
				return out + 1
			}
			continue
		}
		out += Amount(part[i]-'0') * unit
		unit /= 10
	}
	return out
}

// decimal prints the sum with as many places as it needs and fifteen digits have room for.
func (a Amount) decimal() event.Decimal {
	a = min(a, 999_999_999_999_999_000)
	if a >= 1_000_000_000_000_000 {
		a = (a + 999) / 1000 * 1000
	}
	s := strconv.FormatInt(int64(a/1000), 10)
	if rest := a % 1000; rest > 0 {
		s += "." + strings.TrimRight(strconv.Itoa(1000 + int(rest))[1:], "0")
	}
	return event.Decimal(s)
}

func (a Amount) plus(o Amount) Amount { return min(a+o, most) }

// Plus adds a number.
func (a Amount) Plus(d event.Decimal) Amount { return a.plus(exact(d)) }

// Exceeds says whether the sum is more than a number.
func (a Amount) Exceeds(d event.Decimal) bool { return a > exact(d) }

// String prints the sum as its decimal.
func (a Amount) String() string { return string(a.decimal()) }
