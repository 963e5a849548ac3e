package standalone

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/enrichment"
	"github.com/tidegate/tidegate/services/enrichment/lists"
	"github.com/tidegate/tidegate/services/ingest"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/natsembed"
	"github.com/tidegate/tidegate/shared/natstest"
)

// running runs a service until the returned function is called, which gives its error.
func running(t *testing.T, run func(context.Context) error) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() { _ = stop() })
	return stop
}

// stages are enrichment and screening on a connection, stopped and started again at will.
type stages struct {
	t     *testing.T
	nc    *nats.Conn
	stops []func() error
}

func (s *stages) start() {
	s.t.Helper()
	e, err := enrichment.New(s.nc, enrichment.Config{})
	if err != nil {
		s.t.Fatal(err)
	}
	j, err := screening.New(s.nc, screening.Config{NoPublish: true})
	if err != nil {
		s.t.Fatal(err)
	}
	s.stops = []func() error{running(s.t, e.Run), running(s.t, j.Run)}
}

func (s *stages) stop() {
	s.t.Helper()
	for _, stop := range s.stops {
		if err := stop(); err != nil {
			s.t.Error(err)
		}
	}
}

// objectOf compiles a list of one's own.
func objectOf(t *testing.T, names ...string) []byte {
	t.Helper()
	dir := t.TempDir()
	var b strings.Builder
	b.WriteString("id,list,name,country,citation,listed_from\n")
	for i, n := range names {
		fmt.Fprintf(&b, "%d,DPL,%s,DE,an order,2026-01-01\n", i+1, n)
	}
	file := filepath.Join(dir, "own-2026-11-01.csv")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	store := lists.Open(filepath.Join(dir, "lists"))
	if _, err := store.Import(lists.Import{Path: file}); err != nil {
		t.Fatal(err)
	}
	_, set, err := store.Prepare("")
	if err != nil {
		t.Fatal(err)
	}
	return enrichment.ListsObject(set)
}

// wholeStream reads every block of a stream, with what it says is in force.
func wholeStream(t *testing.T, js jetstream.JetStream, stream string, n uint64) []bus.Block {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	r, err := bus.OpenReader(ctx, js, stream, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var out []bus.Block
	for range n {
		b, err := r.Next(ctx)
		if err != nil {
			t.Fatalf("%s: %v", stream, err)
		}
		out = append(out, b)
	}
	return out
}

// cut leaves the first blocks of a stream and takes the rest away.
func cut(t *testing.T, js jetstream.JetStream, stream, subj string, blocks []bus.Block) {
	t.Helper()
	if err := js.DeleteStream(t.Context(), stream); err != nil {
		t.Fatal(err)
	}
	if err := bus.Apply(t.Context(), js, bus.Limits{}); err != nil {
		t.Fatal(err)
	}
	for i, b := range blocks {
		if err := bus.PublishUnder(t.Context(), js, stream, subj, uint64(i), b.InForce, b.Data); err != nil {
			t.Fatal(err)
		}
	}
}

// unsynced is a private server that does not sync: what is cut off here is cut off on purpose.
func unsynced(t *testing.T) *nats.Conn {
	t.Helper()
	srv, err := natsembed.Start(natsembed.Config{Dir: t.TempDir(), NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Shutdown)
	nc, err := srv.Connect(t.Name())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	if err := bus.Apply(t.Context(), natstest.JetStream(t, nc), bus.Limits{}); err != nil {
		t.Fatal(err)
	}
	return nc
}

func TestActivationsUnderLoad(t *testing.T) {
	t.Parallel()
	nc := unsynced(t)
	js := natstest.JetStream(t, nc)
	door, err := ingest.New(nc, ingest.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	running(t, door.Run)
	<-door.Ready()
	s := &stages{t: t, nc: nc}
	s.start()

	// Orders of two parties, one of whom a list names and then another: from which block on must be the same for ever.
	var sent sync.WaitGroup
	over := make(chan struct{})
	for w := range 2 {
		sent.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-over:
					return
				default:
				}
				name := []string{"Northwind Example Trading", "Kestrel Example Logistics"}[i%2]
				order := fmt.Sprintf(`{"source":"load","id":"%d-%d","order_date":"2026-11-20","ship_to":"DE","parties":[{"role":"purchaser","name":%q,"address":{"country":"DE"}}],`+
					`"items":[{"description":"NVIDIA H100 80GB SXM5","quantity":1}]}`, w, i, name)
				if a, err := door.Submit(t.Context(), []byte(order), "test"); err != nil || a.Status != "accepted" {
					t.Errorf("%+v %v", a, err)
					return
				}
			}
		})
	}
	codified, err := usPack(map[string]string{"diffusion": "codified"})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(5, 6)) //nolint:gosec // need not be secret
	activate := func(what string, object []byte) bus.Taken {
		t.Helper()
		taken, _, err := bus.Activate(t.Context(), nc, event.Activation{What: what, By: "ann", Why: "test"}, object)
		if err != nil {
			t.Fatal(err)
		}
		for range rng.IntN(3) { // stages die around it
			s.stop()
			s.start()
		}
		return taken
	}
	first := activate(bus.Lists, objectOf(t, "Northwind Example Trading"))
	second := activate(bus.Lists, objectOf(t, "Kestrel Example Logistics"))
	third := activate(bus.Pack, codified.Activation())
	close(over)
	sent.Wait()
	last, err := bus.Look(t.Context(), js, subject.OrderStream)
	if err != nil {
		t.Fatal(err)
	}
	enriched, decided := wholeStream(t, js, subject.EnrichedStream, last.Last), wholeStream(t, js, subject.DecisionStream, last.Last)
	s.stop()

	for _, b := range decided {
		for _, c := range mustParse(t, b.Data) {
			if c.Passes() {
				continue
			}
			listed := bytes.Contains(c.Line(2), []byte(`"dpl-block"`))
			north := bytes.Contains(c.Line(0), []byte("Northwind"))
			if want := north && b.Sequence > first.Sequence && b.Sequence < second.Sequence || !north && b.Sequence > second.Sequence; listed != want {
				t.Fatalf("block %d, activations at %d and %d: listed %v, want %v: %s", b.Sequence, first.Sequence, second.Sequence, listed, want, c.Line(0))
			}
			if is := bytes.Contains(c.Line(2), []byte(`"diffusion":"codified"`)); is != (b.Sequence > third.Sequence) {
				t.Fatalf("block %d, pack activated at %d: codified %v", b.Sequence, third.Sequence, is)
			}
		}
	}
	// Tails lost across the activations come back byte for byte.
	for _, keep := range []uint64{first.Sequence - 1, second.Sequence, third.Sequence} {
		cut(t, js, subject.EnrichedStream, subject.EnrichedSubject, enriched[:keep])
		cut(t, js, subject.DecisionStream, subject.DecisionSubject, decided[:keep])
		s.start()
		for name, want := range map[string][]bus.Block{subject.EnrichedStream: enriched, subject.DecisionStream: decided} {
			for i, b := range wholeStream(t, js, name, last.Last) {
				if !bytes.Equal(b.Data, want[i].Data) || b.InForce != want[i].InForce {
					t.Fatalf("cut behind %d: block %d of %s is other than it was", keep, b.Sequence, name)
				}
			}
		}
		s.stop()
	}
	t.Logf("%d blocks, activations at %d, %d and %d", last.Last, first.Sequence, second.Sequence, third.Sequence)
}

func mustParse(t *testing.T, data []byte) []event.Case {
	t.Helper()
	cases, err := event.ParseBlock(data)
	if err != nil {
		t.Fatal(err)
	}
	return cases
}
