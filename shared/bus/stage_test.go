package bus_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/natstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// enrich is a stage that adds a line to every case that is not refused.
func enrich() bus.Stage {
	return bus.Stage{
		In: subject.OrderStream, Out: subject.EnrichedStream, OutSubject: subject.EnrichedSubject, Rebuildable: true,
		Each: func(c event.Case) event.Case {
			if c.Refused() {
				return c
			}
			return c.With(fmt.Appendf(nil, `{"line":"facts","prev":%q}`, event.Digest(c.Last())))
		},
		Shrink: func(c event.Case) event.Case { return c },
		Log:    slog.New(slog.DiscardHandler),
	}
}

func order(t *testing.T, js jetstream.JetStream, k uint64) {
	t.Helper()
	cases := []event.Case{
		event.NewCase(fmt.Appendf(nil, `{"line":"order","n":%d,"text":"R&D <%d>"}`, k, k)),
		event.NewCase(fmt.Appendf(nil, `{"line":"refusal","n":%d}`, k)),
	}
	if err := bus.Publish(t.Context(), js, subject.OrderStream, subject.OrderSubject, k-1, event.AppendBlock(nil, cases)); err != nil {
		t.Fatal(err)
	}
}

// run starts the stage and gives a function that stops it and returns its error.
func run(t *testing.T, js jetstream.JetStream, s bus.Stage) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, js) }()
	return func() error { cancel(); return <-done }
}

// await reads blocks from..to of ENRICHED, waiting for them.
func await(t *testing.T, js jetstream.JetStream, from, to uint64) [][]byte {
	t.Helper()
	r, err := bus.OpenReader(t.Context(), js, subject.EnrichedStream, from)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var got [][]byte
	for range to - from + 1 {
		b, err := r.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, b.Data)
	}
	return got
}

func TestStageWritesBlockKForBlockKAcrossRestarts(t *testing.T) {
	t.Parallel()
	js := natstest.JetStream(t, natstest.Server(t))
	stop := run(t, js, enrich())
	for k := uint64(1); k <= 3; k++ {
		order(t, js, k)
	}
	await(t, js, 1, 3)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	order(t, js, 4)
	stop = run(t, js, enrich())
	order(t, js, 5)
	for i, data := range await(t, js, 1, 5) {
		in, err := bus.Get(t.Context(), js, subject.OrderStream, uint64(i+1))
		if err != nil {
			t.Fatal(err)
		}
		before, _ := event.ParseBlock(in)
		after, err := event.ParseBlock(data)
		if err != nil || len(after) != 2 {
			t.Fatalf("block %d: %v, %d cases", i+1, err, len(after))
		}
		if diff := cmp.Diff(string(before[0].Line(0)), string(after[0].Line(0))); diff != "" {
			t.Errorf("block %d: the order line changed: %s", i+1, diff)
		}
		if after[1].Len() != 1 {
			t.Errorf("block %d: the refusal was not passed through", i+1)
		}
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

func TestStreamThatLostItsTailIsMadeAgainUnderTheSameNumbers(t *testing.T) {
	t.Parallel()
	js := natstest.JetStream(t, natstest.Server(t))
	for k := uint64(1); k <= 6; k++ {
		order(t, js, k)
	}
	stop := run(t, js, enrich())
	want := await(t, js, 1, 6)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if err := js.DeleteStream(t.Context(), subject.EnrichedStream); err != nil {
		t.Fatal(err)
	}
	if err := bus.Apply(t.Context(), js, bus.Limits{}); err != nil {
		t.Fatal(err)
	}
	if err := bus.Purge(t.Context(), js, subject.OrderStream, 4); err != nil { // 1 to 3 are logged
		t.Fatal(err)
	}
	stop = run(t, js, enrich())
	if diff := cmp.Diff(want[3:], await(t, js, 4, 6)); diff != "" {
		t.Error(diff)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

func TestSecondWriterStops(t *testing.T) {
	t.Parallel()
	js := natstest.JetStream(t, natstest.Server(t))
	other := enrich()
	other.Each = func(c event.Case) event.Case { return c.With([]byte(`{"line":"facts","other":true}`)) }
	stop := run(t, js, enrich())
	order(t, js, 1)
	await(t, js, 1, 1)
	s := enrich()
	s.Each = func(c event.Case) event.Case { // stores the block under the stage's feet
		if _, err := bus.Get(t.Context(), js, subject.EnrichedStream, 2); err != nil {
			_ = bus.Publish(t.Context(), js, subject.EnrichedStream, subject.EnrichedSubject, 1, event.AppendBlock(nil, []event.Case{other.Each(c)}))
		}
		return enrich().Each(c)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Run(t.Context(), js) }()
	order(t, js, 2)
	if err := <-done; !errors.Is(err, bus.ErrSecondWriter) {
		t.Fatalf("got %v, want ErrSecondWriter", err)
	}
}

func TestFullStreamIsWaitedFor(t *testing.T) {
	t.Parallel()
	js := natstest.JetStream(t, natstest.ServerIn(t, t.TempDir(), bus.Limits{EnrichedBytes: 4 << 10}))
	stop := run(t, js, enrich())
	for k := uint64(1); k <= 40; k++ {
		order(t, js, k)
	}
	for k := uint64(1); k <= 40; k += 4 { // what audit does after it has logged
		await(t, js, k, k+3)
		if err := bus.Purge(t.Context(), js, subject.EnrichedStream, k+4); err != nil {
			t.Fatal(err)
		}
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	b, err := bus.Look(t.Context(), js, subject.EnrichedStream)
	if diff := cmp.Diff(bus.Bounds{First: 41, Last: 40}, b); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestFullStreamSaysSo(t *testing.T) {
	t.Parallel()
	js := natstest.JetStream(t, natstest.ServerIn(t, t.TempDir(), bus.Limits{OrderBytes: 2 << 10}))
	data := event.AppendBlock(nil, []event.Case{event.NewCase(fmt.Appendf(nil, `{"line":"order","pad":"%1000d"}`, 1))})
	var err error
	for k := range uint64(10) {
		if err = bus.Publish(t.Context(), js, subject.OrderStream, subject.OrderSubject, k, data); err != nil {
			break
		}
	}
	if !errors.Is(err, bus.ErrFull) {
		t.Fatalf("got %v, want ErrFull", err)
	}
	if err = bus.Publish(t.Context(), js, subject.OrderStream, subject.OrderSubject, 77, data); !errors.Is(err, bus.ErrWrongSequence) {
		t.Fatalf("got %v, want ErrWrongSequence", err)
	}
}

func TestPlanShowsWhatApplyMakes(t *testing.T) {
	t.Parallel()
	js := natstest.JetStream(t, natstest.Server(t))
	changed := bus.Limits{OrderBytes: 123 << 20}
	if err := bus.Verify(t.Context(), js, bus.Limits{}); err != nil {
		t.Fatal(err)
	}
	if err := bus.Verify(t.Context(), js, changed); !errors.Is(err, bus.ErrTopology) {
		t.Fatalf("got %v, want ErrTopology", err)
	}
	if err := bus.Apply(t.Context(), js, changed); err != nil {
		t.Fatal(err)
	}
	if changes, err := bus.Plan(t.Context(), js, changed); err != nil || len(changes) > 0 {
		t.Fatal(changes, err)
	}
}

func TestStageGoesOnWhenItsOutputLosesItsTailWhileItRuns(t *testing.T) {
	t.Parallel()
	js := natstest.JetStream(t, natstest.Server(t))
	stop := run(t, js, enrich())
	for k := uint64(1); k <= 3; k++ {
		order(t, js, k)
	}
	want := await(t, js, 1, 3)
	if err := js.DeleteStream(t.Context(), subject.EnrichedStream); err != nil { // as a server that died with all of it unwritten
		t.Fatal(err)
	}
	if err := bus.Apply(t.Context(), js, bus.Limits{}); err != nil {
		t.Fatal(err)
	}
	order(t, js, 4)
	if diff := cmp.Diff(want, await(t, js, 1, 4)[:3]); diff != "" {
		t.Error(diff)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

// The end of a context closes what a reader reads from, too: whichever is seen first, the context is what ended it.
func TestAReaderSaysThatItsContextEnded(t *testing.T) {
	t.Parallel()
	js := natstest.JetStream(t, natstest.Server(t))
	ctx, cancel := context.WithCancel(t.Context())
	r, err := bus.OpenReader(ctx, js, subject.EnrichedStream, 1)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	r.Close()
	if _, err := r.Next(ctx); !errors.Is(err, context.Canceled) || !bus.Stopped(err) {
		t.Errorf("%v", err)
	}
	if _, err := r.Next(t.Context()); !errors.Is(err, jetstream.ErrMsgIteratorClosed) {
		t.Errorf("closed by its owner: %v", err)
	}
}
