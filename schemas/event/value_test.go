package event_test

import (
	"encoding/json"
	"testing"

	"github.com/tidegate/tidegate/schemas/event"
)

func TestDecimalsAreKeptAsSent(t *testing.T) {
	t.Parallel()
	for in, ok := range map[string]bool{
		"4800": true, "5.92": true, "0.10": true, "-3": true, "123456789012345": true, "null": true,
		"1e3": false, "1234567890123456": false, `"5"`: false, "true": false,
	} {
		var d event.Decimal
		err := json.Unmarshal([]byte(in), &d)
		if (err == nil) != ok {
			t.Errorf("%s: %v", in, err)
		}
		if out, _ := json.Marshal(d); ok && string(out) != in {
			t.Errorf("%s became %s", in, out)
		}
	}
}

func TestSpanHoldsOnBothItsEnds(t *testing.T) {
	t.Parallel()
	affiliates := event.Span{From: "2025-09-29", Until: "2025-11-09"}
	for day, want := range map[event.Date]bool{"2025-09-28": false, "2025-09-29": true, "2025-11-09": true, "2025-11-10": false} {
		if got := affiliates.Holds(day); got != want {
			t.Errorf("%s: %v", day, got)
		}
	}
	if !(event.Span{}).Holds("1999-01-01") {
		t.Error("an empty span holds always")
	}
}

func TestDatesAreDaysOfTheCalendar(t *testing.T) {
	t.Parallel()
	for in, ok := range map[string]bool{"2024-02-29": true, "2025-02-29": false, "2025-2-1": false, "20250201": false, "3017-01-01": false, "": false} {
		if _, err := event.ParseDate(in); (err == nil) != ok {
			t.Errorf("%q: %v", in, err)
		}
	}
	if got := event.Date("2024-12-31").AddDays(1); got != "2025-01-01" {
		t.Error(got)
	}
}

func TestScoresHaveThreeDecimals(t *testing.T) {
	t.Parallel()
	for in, want := range map[event.Milli]string{0: "0.000", 1000: "1.000", 934: "0.934", 7: "0.007"} {
		b, err := json.Marshal(in)
		var back event.Milli
		if err != nil || string(b) != want || json.Unmarshal(b, &back) != nil || back != in {
			t.Errorf("%d: %s, %v, back %d", in, b, err, back)
		}
	}
}
