package screening

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/shared/natstest"
)

// left is a block of two orders that left: the first without a release, the second as it should.
func left() []byte {
	one := func(order, findings string) event.Case {
		return event.NewCase([]byte(`{"line":"order","v":1,"kind":"shipped","event":"e-` + order + `","source":"a shop","order_id":"` + order + `","shipment":{"date":"2026-11-12"}}`)).
			With([]byte(`{"line":"facts"}`)).With([]byte(`{"line":"judgement","outcome":"hold","rule":"shipped-unreleased","findings":[` + findings + `]}`))
	}
	return event.AppendBlock(nil, []event.Case{
		one("held", `{"rule":"shipped-unreleased","outcome":"hold","state":"fires","text":"It left."}`),
		one("answered", `{"rule":"shipped-unreleased","outcome":"hold","state":"fires","text":"It left.","answered_by":{"kind":"disposition"}}`),
	})
}

func TestAnOrderThatLeftWithoutAReleaseIsAnAlarmOnce(t *testing.T) {
	t.Parallel()
	want := []string{
		"tidegate.v1.decision.a_shop.hold e-held held", "tidegate.v1.alarm.a_shop.shipped-unreleased e-held.alarm held",
		"tidegate.v1.decision.a_shop.hold e-answered answered",
	}
	for name, stored := range map[string]int{"nothing was published": 0, "a crash came before the alarm": 1, "a crash came behind the alarm": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := New(natstest.Server(t), Config{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.js.Publish(t.Context(), subject.DecisionSubject, left()); err != nil {
				t.Fatal(err)
			}
			stop := publishing(t, s)
			whole := published(t, s, len(want))
			stop()
			stream, err := s.js.Stream(t.Context(), subject.PublicDecisionStream)
			if err != nil {
				t.Fatal(err)
			}
			// What was not synced is lost: the stream begins again behind what is stored.
			if err := s.js.DeleteStream(t.Context(), subject.PublicDecisionStream); err != nil {
				t.Fatal(err)
			}
			if _, err := s.js.CreateStream(t.Context(), stream.CachedInfo().Config); err != nil {
				t.Fatal(err)
			}
			for _, m := range whole[:stored] {
				m.Header.Del(nats.ExpectedLastSeqHdr)
				if _, err := s.js.PublishMsg(t.Context(), m); err != nil {
					t.Fatal(err)
				}
			}
			stop = publishing(t, s)
			defer stop()
			var got []string
			for _, m := range published(t, s, len(want)) {
				got = append(got, m.Subject+" "+m.Header.Get(subject.HeaderCEID)+" "+m.Header.Get(subject.HeaderCESubject))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// published waits for so many public messages, and takes a look whether there are more.
func published(t *testing.T, s *Service, n int) (out []*nats.Msg) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	stream, err := s.js.Stream(ctx, subject.PublicDecisionStream)
	if err != nil {
		t.Fatal(err)
	}
	for {
		info, err := stream.Info(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if info.State.Msgs >= uint64(n) {
			break
		}
	}
	for seq := uint64(1); ; seq++ {
		m, err := stream.GetMsg(ctx, seq)
		if err != nil {
			return out
		}
		out = append(out, &nats.Msg{Subject: m.Subject, Header: m.Header, Data: m.Data})
	}
}
