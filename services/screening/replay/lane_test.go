package replay

import (
	"bytes"
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/natsembed"
	"github.com/tidegate/tidegate/shared/natstest"
)

func TestALaneThatEndsInTheMiddleOfABatchLeavesTheReportAsItIs(t *testing.T) {
	t.Parallel()
	pack := us(t, nil)
	cases := history(t, pack, 900)
	opt := Options{Packs: []*screening.Pack{pack}, Set: map[string]string{"diffusion": "codified"}}
	var want bytes.Buffer
	if err := run(t, cases, opt).WriteJSON(&want); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		end    func(nc *nats.Conn, cancel func()) // of the first instance
		others bool                               // another instance is there then
		within time.Duration                      // that a request may take
	}{
		"it is stopped, and another goes on":                  {func(_ *nats.Conn, cancel func()) { cancel() }, true, laneWithin},
		"it is stopped, and none is left":                     {func(_ *nats.Conn, cancel func()) { cancel() }, false, laneWithin},
		"its connection ends unsaid, and another goes on":     {func(nc *nats.Conn, _ func()) { nc.Close() }, true, time.Second},
		"its connection ends unsaid, and none is left":        {func(nc *nats.Conn, _ func()) { nc.Close() }, false, time.Second},
		"it hangs longer than is waited, and another goes on": {func(*nats.Conn, func()) { <-t.Context().Done() }, true, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, err := natsembed.Start(natsembed.Config{Dir: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(srv.Shutdown)
			connect := func(who string) *nats.Conn {
				nc, err := srv.Connect(who)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(nc.Close)
				return nc
			}
			asker, first, second := connect("asker"), connect("first"), connect("second")
			if err := bus.Apply(t.Context(), natstest.JetStream(t, asker), bus.Limits{}); err != nil {
				t.Fatal(err)
			}
			if _, err := bus.PutObject(t.Context(), natstest.JetStream(t, asker), bus.Pack, pack.Object()); err != nil {
				t.Fatal(err)
			}
			var ended atomic.Bool
			var went atomic.Int64
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var stop func()
			stop, err = Offer(ctx, first, func() (bool, time.Time) {
				if ended.CompareAndSwap(false, true) { // some cases of its first batch are judged
					if tt.others {
						if _, err := Offer(t.Context(), second, func() (bool, time.Time) { went.Add(1); return false, time.Time{} }); err != nil {
							t.Error(err)
						}
					}
					tt.end(first, func() { stop(); cancel() })
				}
				return false, time.Time{}
			})
			if err != nil {
				t.Fatal(err)
			}
			q := opt.Question()
			lanes := NewLanes(asker, NewJudge(q, opt.hand()))
			lanes.within = tt.within
			rep, err := (&Job{Question: q, Lanes: 3, Source: batches(seq(cases)), Judge: lanes.Judge}).Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			if err := rep.WriteJSON(&got); err != nil {
				t.Fatal(err)
			}
			if got.String() != want.String() {
				t.Errorf("with a lane that ended:\n%s\nwithout:\n%s", &got, &want)
			}
			if !ended.Load() || tt.others != (went.Load() > 0) {
				t.Errorf("the first ended: %v; the second was asked %d times", ended.Load(), went.Load())
			}
		})
	}
}
