package bus_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"

	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/natstest"
)

func publish(t *testing.T, out *bus.Outlet, mark bus.Mark) error {
	t.Helper()
	msg := &nats.Msg{Subject: subject.PublicRecordPrefix + "shop.release", Header: nats.Header{}, Data: fmt.Appendf(nil, "%d.%d", mark.Sequence, mark.Place)}
	mark.Set(msg.Header)
	return out.Publish(t.Context(), msg)
}

func TestOutletGoesOnBehindItsLastMessage(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	out, mark, err := bus.OpenOutlet(t.Context(), nc, subject.PublicRecordStream)
	if err != nil || mark != (bus.Mark{}) {
		t.Fatal(mark, err)
	}
	for i := range 5 {
		if err := publish(t, out, bus.Mark{Sequence: 7, Place: i}); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, mark, err = bus.OpenOutlet(t.Context(), nc, subject.PublicRecordStream)
	if diff := cmp.Diff(bus.Mark{Sequence: 7, Place: 4}, mark); err != nil || diff != "" {
		t.Fatal(err, diff)
	}
}

func TestOutletStopsWhenAnotherWriterWasFirst(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	first, _, err := bus.OpenOutlet(t.Context(), nc, subject.PublicRecordStream)
	if err != nil {
		t.Fatal(err)
	}
	second, _, err := bus.OpenOutlet(t.Context(), nc, subject.PublicRecordStream)
	if err != nil {
		t.Fatal(err)
	}
	if err := publish(t, first, bus.Mark{Sequence: 1}); err != nil {
		t.Fatal(err)
	}
	if err := first.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := publish(t, second, bus.Mark{Sequence: 1}); err != nil {
		t.Fatal(err)
	}
	<-second.Broken()
	if second.Flush(t.Context()) == nil {
		t.Error("the second writer was not told")
	}
}
