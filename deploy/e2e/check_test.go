package e2e_test

import (
	"encoding/json"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/auditverify"
	"github.com/tidegate/tidegate/shared/bus"
)

func listens(addr string) bool {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err == nil {
		_ = c.Close()
	}
	return err == nil
}

// checkEverything waits until every accepted order has its receipt, then walks all invariants: one decision, one leaf
// and one receipt per accepted order, in order, none missing, and a log that verifies.
func checkEverything(t *testing.T, url, creds, auditDir string, accepted map[string]answer) {
	t.Helper()
	if len(accepted) == 0 {
		t.Fatal("no order was accepted: nothing was tested")
	}
	nc, err := bus.Connect(t.Context(), bus.Server{URL: url, Creds: creds, Name: "check"})
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	receipts := receiptsOf(t, js, len(accepted))
	leaves := leavesOf(t, auditDir)
	for id, a := range accepted {
		r, ok := receipts[a.Event]
		if !ok {
			t.Errorf("order %s was accepted and has no receipt", id)
			continue
		}
		if l := leaves[a.Event]; l.Index != r.Leaf || l.Leaf.Sequence != a.Sequence || r.Sequence != a.Sequence {
			t.Errorf("order %s: accepted as %+v, receipt %+v, leaf %d of block %d", id, a, r, l.Index, l.Leaf.Sequence)
		}
	}
	checkShipped(t, accepted, leaves)
	if len(receipts) != len(accepted) || len(leaves) != len(accepted) {
		t.Errorf("%d orders accepted, %d leaves, %d receipts", len(accepted), len(leaves), len(receipts))
	}
}

// checkShipped holds every ship notice to the order it was sent after.
func checkShipped(t *testing.T, accepted map[string]answer, leaves map[string]audit.Logged) {
	t.Helper()
	for key, a := range accepted {
		id, is := strings.CutSuffix(key, " shipped")
		if !is {
			continue
		}
		var c event.Cause
		if err := json.Unmarshal(leaves[a.Event].Case.Line(0), &c); err != nil {
			t.Error(err)
		} else if c.Of != accepted[id].Event || c.Order == nil {
			t.Errorf("order %s shipped as of event %q, it was placed as %q", id, c.Of, accepted[id].Event)
		}
	}
}

// receiptsOf reads the public receipts until there are n, and checks that they come in leaf order without a gap.
func receiptsOf(t *testing.T, js jetstream.JetStream, n int) map[string]event.Record {
	t.Helper()
	eventually(t, "every order has its receipt", 60*time.Second, func() bool {
		b, err := bus.Look(t.Context(), js, subject.PublicRecordStream)
		return err == nil && b.Last >= uint64(n)
	})
	r, err := bus.OpenReader(t.Context(), js, subject.PublicRecordStream, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got := make(map[string]event.Record, n)
	for i := range n {
		m, err := r.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var rec event.Record
		if err := json.Unmarshal(m.Data, &rec); err != nil {
			t.Fatal(err)
		}
		if rec.Leaf != uint64(i) {
			t.Fatalf("receipt %d is for leaf %d", i, rec.Leaf)
		}
		if _, twice := got[rec.Event]; twice {
			t.Errorf("event %s has two receipts", rec.Event)
		}
		got[rec.Event] = rec
	}
	return got
}

// leavesOf reads the whole log and has it verified.
func leavesOf(t *testing.T, dir string) map[string]audit.Logged {
	t.Helper()
	got := map[string]audit.Logged{}
	for l, err := range audit.ReadCases(t.Context(), dir, 1) {
		if err != nil {
			t.Fatal(err)
		}
		var head struct{ Event string }
		if err := json.Unmarshal(l.Case.Line(0), &head); err != nil {
			t.Fatal(err)
		}
		if before, twice := got[head.Event]; twice {
			t.Errorf("event %s has leaves %d and %d", head.Event, before.Index, l.Index)
		}
		if l.Case.Len() != 3 {
			t.Errorf("leaf %d has %d lines", l.Index, l.Case.Len())
		}
		got[head.Event] = l
	}
	if _, err := audit.Verify(t.Context(), dir, "", auditverify.Options{}); err != nil {
		t.Errorf("the log does not verify: %v", err)
	}
	return got
}
