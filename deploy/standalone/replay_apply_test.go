package standalone

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/services/screening/replay"
	"github.com/tidegate/tidegate/shared/bus"
)

// shop is the whole product with an operator, for tests of what is done with its history.
type shop struct {
	t    *testing.T
	s    *Standalone
	data string
	nc   *nats.Conn // the operator's
	n    int        // records that must be there
}

func openShop(t *testing.T) *shop {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	s, err := New(t.Context(), Config{Data: data, GuardDir: t.TempDir(), NATSPort: -1})
	if err != nil {
		t.Fatal(err)
	}
	stop := running(t, s.Run)
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	select {
	case <-s.Ready():
	case <-t.Context().Done():
		t.Fatal("not ready")
	}
	nc, err := s.connect("test-operator")
	if err != nil {
		t.Fatal(err)
	}
	return &shop{t: t, s: s, data: data, nc: nc}
}

// order submits an order of an H100 for Germany.
func (s *shop) order(id string) {
	s.t.Helper()
	a, err := submitOne(s.t.Context(), s.s.HTTP()+"/v1/orders", "application/json", fmt.Appendf(nil, `{"id":%q,"source":"shop","order_date":"2026-11-20","ship_from":"US","ship_to":"DE",
		"parties":[{"role":"purchaser","name":"Holm GmbH","address":{"country":"DE"},"headquarters":"DE","no_parent":true},
		{"role":"end_user","name":"Holm GmbH","address":{"country":"DE"},"headquarters":"DE","no_parent":true}],
		"items":[{"description":"NVIDIA H100 80GB SXM5","quantity":1}]}`, id))
	if err != nil || a.Status != "accepted" {
		s.t.Fatalf("%+v %v", a, err)
	}
	s.n++
}

func (s *shop) act(a event.Act) {
	s.t.Helper()
	if _, err := bus.Act(s.t.Context(), s.nc, a); err != nil {
		s.t.Fatal(err)
	}
	s.n++
}

// activate puts the shipped pack with a parameter in force.
func (s *shop) activate(set map[string]string) *screening.Pack {
	s.t.Helper()
	p, err := usPack(set)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, _, err := bus.Activate(s.t.Context(), s.nc, event.Activation{What: bus.Pack, Version: "test", By: "ann", Why: "test"}, p.Activation()); err != nil {
		s.t.Fatal(err)
	}
	s.n++
	return p
}

// records waits until everything is logged and gives it.
func (s *shop) records() map[string]audit.Logged {
	s.t.Helper()
	all, err := awaitRecords(s.t.Context(), s.s, s.n)
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

// opened replays under a pack; every order counts as open in the report, as it did when none had left.
func (s *shop) opened(p *screening.Pack) (replay.Report, string) {
	s.t.Helper()
	rep, err := Replay(s.t.Context(), s.data, replay.Options{Pack: p})
	if err != nil {
		s.t.Fatal(err)
	}
	var b replay.Breakdown
	var list []replay.Change
	for c, err := range rep.Orders.All() {
		if err != nil {
			s.t.Fatal(err)
		}
		c.Stand = replay.Open
		b.Add(&c)
		list = append(list, c)
	}
	rep.Orders = replay.Listed(list...)
	b.Fill(&rep)
	digest, err := rep.Digest()
	if err == nil {
		err = keepReport(s.data, rep, digest)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return rep, digest
}

func TestApplyingAReplayJudgesItsOpenOrdersAgainOnce(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	for i := range 8 {
		s.order(fmt.Sprintf("H-%d", i))
	}
	s.records()
	codified, err := usPack(map[string]string{"diffusion": "codified"})
	if err != nil {
		t.Fatal(err)
	}
	rep, digest := s.opened(codified)
	if rep.Changed != 8 || rep.Open != 8 {
		t.Fatalf("%s", rep.Answer())
	}
	if _, err := applyReplay(t.Context(), s.data, digest, "ann", nil); !errors.Is(err, ErrNotInForce) || !strings.Contains(err.Error(), "in force is pack us") {
		t.Errorf("before the pack is in force: %v", err)
	}
	s.activate(map[string]string{"diffusion": "codified"})
	s.act(event.Act{Kind: event.Shipped, ID: "left", Source: "shop", OrderID: "H-6", Particulars: event.Particulars{Shipment: &event.Shipment{Date: "2026-11-21"}}})
	s.act(event.Act{Kind: event.Cancelled, ID: "not", Source: "shop", OrderID: "H-7"})
	s.records()
	s.indexed(2)

	ctx, stop := context.WithCancel(t.Context())
	first, err := applyReplay(ctx, s.data, digest[:10], "ann", func(n int) {
		if n == 3 {
			stop() // as a crash would
		}
	})
	if err == nil {
		t.Errorf("a run that was stopped ended well: %+v", first)
	}
	second, err := applyReplay(t.Context(), s.data, digest, "ben", nil)
	if err != nil || second.Open != 8 || second.Since != 2 || second.Judged+second.Already != 6 {
		t.Errorf("%+v %v", second, err)
	}
	third, err := applyReplay(t.Context(), s.data, digest, "cid", nil)
	if err != nil || third.Judged != 0 || third.Already != 6 {
		t.Errorf("%+v %v", third, err)
	}
	s.n += 6 + 3 + 2 // rejudge events, three beginnings, two ends
	s.wasApplied(digest)
}

// indexed waits until so many orders have left or were cancelled in the index of open orders.
func (s *shop) indexed(closed int) {
	s.t.Helper()
	for s.t.Context().Err() == nil {
		n := 0
		for _, err := range OpenOrders(s.t.Context(), s.data) {
			if err != nil {
				s.t.Fatal(err)
			}
			n++
		}
		if n == 8-closed {
			return
		}
	}
}

func (s *shop) wasApplied(digest string) {
	s.t.Helper()
	notes, again := map[string]int{}, map[string]int{}
	for _, l := range s.records() {
		var c event.Cause
		if err := json.Unmarshal(l.Case.Line(0), &c); err != nil {
			s.t.Fatal(err)
		}
		switch {
		case c.Note != nil && c.Note.SHA256 == digest:
			notes[c.Note.What]++
		case c.Kind == event.Rejudge:
			var j event.Judgement
			if err := json.Unmarshal(l.Case.Line(2), &j); err != nil {
				s.t.Fatal(err)
			}
			if j.Outcome != event.NeedsLic || c.Rejudging.Replay != digest || c.Actor != "ann" {
				s.t.Errorf("%s by %s: %s %+v", c.OrderID, c.Actor, j.Outcome, c.Rejudging)
			}
			again[c.OrderID]++
		}
	}
	if len(again) != 6 || notes["apply"] != 3 || notes["applied"] != 2 {
		s.t.Errorf("notes %v, judged again %v", notes, again)
	}
	for id, n := range again {
		if n != 1 {
			s.t.Errorf("%s was judged again %d times", id, n)
		}
	}
}

func TestAReportIsAppliedOnlyAsItWasLookedAt(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	s := &shop{t: t}
	if out, status := s.tidegate("replay", "--data", data, "--apply", strings.Repeat("a", 64), "--country", "DE"); status != 2 || !strings.Contains(out, "--country does not go with --apply") {
		t.Errorf("a slice of a report: %d %s", status, out)
	}
	rep := replay.Report{Orders: replay.Listed(replay.Change{OrderID: "A", Stand: replay.Open})}
	digest, err := rep.Digest()
	if err == nil {
		err = keepReport(data, rep, digest)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, whole, err := keptReport(data, digest[:8]); err != nil || whole != digest {
		t.Errorf("%s %v", whole, err)
	}
	for name, tt := range map[string]struct{ digest, says string }{
		"a digest of nothing": {strings.Repeat("0", 64), "no replay of this data directory"},
		"too short":           {digest[:7], "the first eight or more"},
		"no digest":           {"../../../etc/passwd", "is no digest"},
	} {
		if _, _, err := keptReport(data, tt.digest); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	file := filepath.Join(ReportsDir(data), digest+".json")
	b, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, []byte(strings.Replace(string(b), `"A"`, `"B"`, 1)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := keptReport(data, digest); err == nil || !strings.Contains(err.Error(), "was changed") {
		t.Errorf("a changed report: %v", err)
	}
}

func TestKnownAtIsWhatActivationsHadPutInForce(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	if _, err := knownAt(t.Context(), AuditDir(s.data), "2026-01-01"); !errors.Is(err, ErrBeforeAll) {
		t.Errorf("of an empty log: %v", err)
	}
	place := func(id string) (block uint64, at event.Instant) {
		t.Helper()
		s.order(id)
		for _, l := range s.records() {
			var c event.Cause
			if err := json.Unmarshal(l.Case.Line(0), &c); err != nil {
				t.Fatal(err)
			}
			if c.OrderID == id {
				block, at = l.Leaf.Sequence, c.At
			}
		}
		return block, at
	}
	first, firstAt := place("A")
	codified := s.activate(map[string]string{"diffusion": "codified"})
	s.records()
	between := strconv.FormatUint(first+1, 10) // the block of the activation
	second, secondAt := place("B")
	announced := s.activate(nil)
	s.records()
	for _, tt := range []struct {
		name, when string
		pack       *screening.Pack
	}{
		{"at the first order", strconv.FormatUint(first, 10), announced},
		{"at its moment", string(firstAt), announced},
		{"behind the activation, with no order since", between, codified},
		{"at the second order", strconv.FormatUint(second, 10), codified},
		{"at its moment too", string(secondAt), codified},
		{"now: activated, and nothing decided since", "2099-01-01", announced},
	} {
		side, err := knownAt(t.Context(), AuditDir(s.data), tt.when)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if want := tt.pack.Ref().Parameters["diffusion"]; side.Pack.Parameters["diffusion"] != want || side.Reference.Snapshot == "" || side.KnownAt == "" {
			t.Errorf("%s: %+v, want %s", tt.name, side.Pack, want)
		}
	}
	out, status := s.tidegate("replay", "--data", s.data, "--known-at", strconv.FormatUint(first, 10))
	if status != 0 || !strings.Contains(out, "What would we have decided with what we knew at ") || !strings.Contains(out, "1 of 2 decisions would come out otherwise: all of them milder") {
		t.Errorf("B with what was known at A: %d %s", status, out)
	}
	for when, says := range map[string]string{"soon": "want a date", "2020-01-01": "nothing had been decided", "99999": "does not reach"} {
		if _, err := knownAt(t.Context(), AuditDir(s.data), when); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", when, err)
		}
	}
}

func TestWhatIsNotInForceIsNotApplied(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.order("A")
	s.records()
	lists := func(r replay.Reference) replay.Side { return replay.Side{Reference: &r} }
	for name, tt := range map[string]struct {
		side replay.Side
		may  bool
	}{
		"each decision's own":    {replay.Side{}, true},
		"no masters":             {lists(replay.Reference{Masters: replay.NoMasters}), true},
		"other masters":          {lists(replay.Reference{Masters: strings.Repeat("a", 64)}), false},
		"other lists":            {lists(replay.Reference{Snapshot: strings.Repeat("a", 64)}), false},
		"the parameter in force": {replay.Side{Set: map[string]string{"diffusion": "announced"}}, true},
		"another parameter":      {replay.Side{Set: map[string]string{"diffusion": "codified"}}, false},
		"a fixed date":           {replay.Side{AsOf: screening.AsOf{Fixed: "2026-11-10"}}, false},
		"what was known then":    {replay.Side{KnownAt: "2026-11-10T00:00:00.000000Z"}, false},
	} {
		if err := applicable(t.Context(), s.nc, s.data, replay.Question{B: tt.side}); tt.may != (err == nil) || err != nil && !errors.Is(err, ErrNotInForce) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
