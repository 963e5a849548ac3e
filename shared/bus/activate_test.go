package bus_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/natstest"
)

// listing is a stage whose output names the lists object in force, which it loads from the reference store.
func listing(js jetstream.JetStream) bus.Stage {
	s, text := enrich(), "nothing"
	s.Each = func(c event.Case) event.Case {
		if c.Passes() {
			return c
		}
		return c.With(fmt.Appendf(nil, `{"line":"facts","lists":%q}`, text))
	}
	s.Switch = func(ctx context.Context, f bus.InForce) error {
		if f.Lists == "" {
			text = "nothing"
			return nil
		}
		b, err := bus.GetObject(ctx, js, f.Lists)
		if err != nil {
			return err
		}
		text = string(b)
		return nil
	}
	return s
}

// control stores the block that activates a digest, and gives what is in force behind it.
func control(t *testing.T, js jetstream.JetStream, k uint64, f bus.InForce, digest string) bus.InForce {
	t.Helper()
	c := event.NewCase(fmt.Appendf(nil, `{"line":"order","v":1,"kind":"control","control":{"what":"lists","digest":%q,"by":"ann","why":"test"}}`, digest))
	if err := bus.PublishUnder(t.Context(), js, subject.OrderStream, subject.OrderSubject, k-1, f, event.AppendBlock(nil, []event.Case{c})); err != nil {
		t.Fatal(err)
	}
	return f.With(bus.Lists, digest)
}

func orderUnder(t *testing.T, js jetstream.JetStream, k uint64, f bus.InForce) {
	t.Helper()
	c := event.NewCase(fmt.Appendf(nil, `{"line":"order","v":1,"kind":"placed","n":%d}`, k))
	if err := bus.PublishUnder(t.Context(), js, subject.OrderStream, subject.OrderSubject, k-1, f, event.AppendBlock(nil, []event.Case{c})); err != nil {
		t.Fatal(err)
	}
}

func object(t *testing.T, js jetstream.JetStream, text string) string {
	t.Helper()
	digest, err := bus.PutObject(t.Context(), js, bus.Lists, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

func TestActivationsTakeEffectExactlyBehindTheirBlock(t *testing.T) {
	t.Parallel()
	js := natstest.JetStream(t, natstest.Server(t))
	a, b := object(t, js, "A"), object(t, js, "B")
	var f bus.InForce
	for k := uint64(1); k <= 12; k++ {
		switch k {
		case 4:
			f = control(t, js, k, f, a)
		case 8:
			f = control(t, js, k, f, b)
		case 9:
			f = control(t, js, k, f, a)
		default:
			orderUnder(t, js, k, f)
		}
	}
	stop := run(t, js, listing(js))
	whole := await(t, js, 1, 12)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	var says []string
	for _, data := range whole {
		cases, err := event.ParseBlock(data)
		if err != nil {
			t.Fatal(err)
		}
		says = append(says, string(cases[0].Last()))
	}
	for i, want := range []string{"nothing", "nothing", "nothing", "control", `"A"`, `"A"`, `"A"`, "control", "control", `"A"`, `"A"`, `"A"`} {
		if !strings.Contains(says[i], want) {
			t.Errorf("block %d: %s, want %s", i+1, says[i], want)
		}
	}
	// A tail cut anywhere, also across an activation and right at one, comes back the same.
	for keep := uint64(11); keep > 0; keep-- {
		if err := js.DeleteStream(t.Context(), subject.EnrichedStream); err != nil {
			t.Fatal(err)
		}
		if err := bus.Apply(t.Context(), js, bus.Limits{}); err != nil {
			t.Fatal(err)
		}
		var under bus.InForce
		for k := uint64(1); k <= keep; k++ {
			in := under
			switch k {
			case 4, 9:
				under = under.With(bus.Lists, a)
			case 8:
				under = under.With(bus.Lists, b)
			}
			if err := bus.PublishUnder(t.Context(), js, subject.EnrichedStream, subject.EnrichedSubject, k-1, in, whole[k-1]); err != nil {
				t.Fatal(err)
			}
		}
		stop := run(t, js, listing(js))
		again := await(t, js, 1, 12)
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(whole, again); diff != "" {
			t.Fatalf("cut behind block %d: %s", keep, diff)
		}
	}
}

func TestWhatIsInForceNowIsToldByTheNewestBlockHeld(t *testing.T) {
	t.Parallel()
	js := natstest.JetStream(t, natstest.Server(t))
	says := func(when string, want bus.InForce) {
		t.Helper()
		if f, err := bus.InForceNow(t.Context(), js); err != nil || f != want {
			t.Errorf("%s: %+v, %v, want %+v", when, f, err, want)
		}
	}
	says("before the first order", bus.InForce{})
	orderUnder(t, js, 1, bus.InForce{})
	says("where nothing was activated", bus.InForce{})
	f := control(t, js, 2, bus.InForce{}, strings.Repeat("ab", 32))
	says("behind an activation that no stage has seen", f)
	orderUnder(t, js, 3, f)
	says("behind an order under it", f)
	if err := bus.PublishUnder(t.Context(), js, subject.DecisionStream, subject.DecisionSubject, 0, f, event.AppendBlock(nil, []event.Case{event.NewCase([]byte(`{"line":"order"}`))})); err != nil {
		t.Fatal(err)
	}
	if err := bus.Purge(t.Context(), js, subject.OrderStream, 4); err != nil {
		t.Fatal(err)
	}
	says("where every order was logged and purged", f)
}

func TestAnActivationThatCannotBeLoadedStopsTheStage(t *testing.T) {
	t.Parallel()
	js := natstest.JetStream(t, natstest.Server(t))
	missing := strings.Repeat("ab", 32)
	orderUnder(t, js, 1, bus.InForce{})
	f := control(t, js, 2, bus.InForce{}, missing)
	orderUnder(t, js, 3, f)
	err := listing(js).Run(t.Context(), js)
	if !errors.Is(err, bus.ErrNoObject) || !strings.Contains(err.Error(), "block 2 of ORDER activates lists "+missing) {
		t.Fatal(err)
	}
	if at, err := bus.Look(t.Context(), js, subject.EnrichedStream); err != nil || at.Last != 1 {
		t.Errorf("the stage went on to block %d, %v", at.Last, err)
	}
}

func TestObjectsAreHeldToTheirDigest(t *testing.T) {
	t.Parallel()
	js := natstest.JetStream(t, natstest.Server(t))
	big := strings.Repeat("0123456789", 100_000)
	digest := object(t, js, big)
	if again := object(t, js, big); again != digest || digest != event.Digest([]byte(big)) {
		t.Errorf("%s and %s", digest, again)
	}
	if b, err := bus.GetObject(t.Context(), js, digest); err != nil || string(b) != big {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	store, err := js.ObjectStore(t.Context(), subject.ReferenceBucket)
	if err != nil {
		t.Fatal(err)
	}
	other := strings.Repeat("cd", 32)
	if _, err := store.PutBytes(t.Context(), other, []byte("exchanged")); err != nil {
		t.Fatal(err)
	}
	if _, err := bus.GetObject(t.Context(), js, other); !errors.Is(err, bus.ErrDamaged) {
		t.Errorf("exchanged bytes: %v", err)
	}
	for _, name := range []string{"", "../../etc/passwd", strings.Repeat("AB", 32), strings.Repeat("ef", 32)} {
		if _, err := bus.GetObject(t.Context(), js, name); !errors.Is(err, bus.ErrNoObject) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestEveryInstanceMustLoadBeforeAnActivation(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	js := natstest.JetStream(t, nc)
	digest := object(t, js, "A")
	if _, err := bus.CanLoad(t.Context(), nc, bus.Lists, digest); err == nil {
		t.Error("nobody is there, and it can be activated")
	}
	serve := func(service string, fault error) {
		stop, err := bus.ServeLoads(t.Context(), nc, bus.Loader{Service: service, What: []string{bus.Lists}, Load: func(ctx context.Context, _, digest string) error {
			_, err := bus.GetObject(ctx, js, digest)
			return errors.Join(err, fault)
		}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(stop)
	}
	serve("enrichment", nil)
	serve("enrichment", nil)
	if got, err := bus.CanLoad(t.Context(), nc, bus.Lists, digest); err != nil || len(got) != 2 {
		t.Errorf("%v %v", got, err)
	}
	if _, err := bus.CanLoad(t.Context(), nc, bus.Pack, digest); err == nil {
		t.Error("nobody works with packs")
	}
	serve("screening", errors.New("out of memory"))
	if _, _, err := bus.Activate(t.Context(), nc, event.Activation{What: bus.Lists, By: "ann", Why: "test"}, []byte("A")); err == nil || !strings.Contains(err.Error(), "out of memory") {
		t.Errorf("%v", err)
	}
	if at, err := bus.Look(t.Context(), js, subject.OrderStream); err != nil || at.Last != 0 {
		t.Errorf("%d blocks, %v", at.Last, err)
	}
}
