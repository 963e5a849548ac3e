package bus_test

import (
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/natstest"
)

func TestWhatIsToldIsHeardInOrderHoweverMany(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	var want []bus.Told
	for i := range 3000 {
		want = append(want, bus.Told{Event: strconv.Itoa(i), Outcome: "hold", Rule: "possible-match"})
	}
	heard := make(chan bus.Told, len(want))
	sub, err := bus.Hear(nc, subject.ToldDecision, func(told bus.Told) { heard <- told })
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sub.Unsubscribe() }()
	if err := bus.Tell(nc, subject.ToldDecision, want); err != nil {
		t.Fatal(err)
	}
	var got []bus.Told
	for range want {
		got = append(got, <-heard)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
