package document_test

import (
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/document"
)

func TestTimes(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ quantity, price, base, want event.Decimal }{
		{"25", "36", "", "900"},
		{"48", "14.58", "", "699.84"},
		{"12", "63.11", "1", "757.32"},
		{"0", "5.5", "", "0"},
		{"3", "10", "100", "0.3"},
		{"1", "1", "3", "0.333333"},
		{"", "1", "", ""},
		{"1", "", "", ""},
		{"1", "1", "0", ""},
		{"-2", "1.5", "", "-3"},
		{"0.05", "0.5", "", "0.025"},
		{"999999999999999", "1", "", "999999999999999"},
		{"999999999999999", "10", "", ""},
	} {
		if got := document.Times(row.quantity, row.price, row.base); got != row.want {
			t.Errorf("%s times %s per %s is %q, want %q", row.quantity, row.price, row.base, got, row.want)
		}
	}
}

func TestDecimal(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		in   string
		mark byte
		want event.Decimal
		ok   bool
	}{
		{"5", '.', "5", true},
		{"+5.10", '.', "5.10", true},
		{".5", '.', "0.5", true},
		{"5.", '.', "5", true},
		{"007", '.', "7", true},
		{"0", '.', "0", true},
		{"1234,5", ',', "1234.5", true},
		{"1.234,5", ',', "", false},
		{"1,234.5", '.', "", false},
		{"1e3", '.', "", false},
		{"", '.', "", false},
		{"12.00000000000000000", '.', "12", true},
		{"1234567890123456", '.', "", false},
		{"-3", '.', "-3", true},
		{"0x10", '.', "", false},
		{"５", '.', "", false},
	} {
		if got, ok := document.Decimal(row.in, row.mark); got != row.want || ok != row.ok {
			t.Errorf("%q is %q %v, want %q %v", row.in, got, ok, row.want, row.ok)
		}
	}
}

func TestDay(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]event.Date{
		"2026-11-20": "2026-11-20", "20261120": "2026-11-20", "261120": "2026-11-20", "991231": "1999-12-31", "2026-11-20T23:59:59-05:00": "2026-11-20",
		"2026-11-20Z": "2026-11-20", "202611200915": "2026-11-20", "20261120T091500": "2026-11-20", "200": "", "2026-02-30": "", "11/20/2026": "", "20261320": "",
	} {
		if got, ok := document.Day(in); got != want && (ok || want != "") {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

func TestMinorUnits(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		units, currency string
		want            event.Decimal
	}{{"1000", "usd", "10.00"}, {"5", "USD", "0.05"}, {"1000", "jpy", "1000"}, {"12345", "kwd", "12.345"}, {"-5", "eur", "-0.05"}} {
		if got := document.Minor(row.units, row.currency); got != row.want {
			t.Errorf("%s %s is %q, want %q", row.units, row.currency, got, row.want)
		}
	}
}
