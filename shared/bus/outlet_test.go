package bus_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/natstest"
)

func publish(t *testing.T, out *bus.Outlet, mark bus.Mark, more bool) error {
	t.Helper()
	msg := &nats.Msg{Subject: subject.PublicRecordPrefix + "shop.release", Header: nats.Header{}, Data: fmt.Appendf(nil, "%d.%d", mark.Sequence, mark.Place)}
	mark.Set(msg.Header)
	return out.Publish(t.Context(), msg, more)
}

func TestOutletGoesOnBehindItsLastMessage(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	out, mark, err := bus.OpenOutlet(t.Context(), nc, subject.PublicRecordStream)
	if err != nil || mark != (bus.Mark{}) {
		t.Fatal(mark, err)
	}
	for i := range 5 {
		if err := publish(t, out, bus.Mark{Sequence: 7, Place: i}, i < 4); err != nil {
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
	if err := publish(t, first, bus.Mark{Sequence: 1}, false); err != nil {
		t.Fatal(err)
	}
	if err := first.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := publish(t, second, bus.Mark{Sequence: 1}, false); err != nil {
		t.Fatal(err)
	}
	<-second.Broken()
	if second.Flush(t.Context()) == nil {
		t.Error("the second writer was not told")
	}
}

func TestOutletHearsOfASilentMessageThatWasNotStored(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(t.Context(), subject.PublicRecordStream)
	if err != nil {
		t.Fatal(err)
	}
	small := stream.CachedInfo().Config
	small.MaxMsgSize = 1000
	if _, err := js.UpdateStream(t.Context(), small); err != nil {
		t.Fatal(err)
	}
	out, _, err := bus.OpenOutlet(t.Context(), nc, subject.PublicRecordStream)
	if err != nil {
		t.Fatal(err)
	}
	large := &nats.Msg{Subject: subject.PublicRecordPrefix + "shop.release", Header: nats.Header{}, Data: make([]byte, 2000)}
	err = errors.Join(
		publish(t, out, bus.Mark{Sequence: 1}, true), out.Publish(t.Context(), large, true),
		publish(t, out, bus.Mark{Sequence: 1, Place: 2}, true), publish(t, out, bus.Mark{Sequence: 1, Place: 3}, false),
	)
	if err != nil {
		t.Fatal(err)
	}
	<-out.Broken()
	_, mark, err := bus.OpenOutlet(t.Context(), nc, subject.PublicRecordStream)
	if diff := cmp.Diff(bus.Mark{Sequence: 1}, mark); err != nil || diff != "" {
		t.Fatal(err, diff)
	}
}
