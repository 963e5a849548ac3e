package accept_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/accept"
)

// TestActs reads testdata/act as TestOrders reads testdata/order.
func TestActs(t *testing.T) {
	t.Parallel()
	each(t, "testdata/act/reject-*.json", func(t *testing.T, file string, b []byte) {
		t.Helper()
		checkFaults(t, file, b, accept.Act(input(b)))
	})
}

// TestTheContractsActs holds the operator's door to the schema's examples.
func TestTheContractsActs(t *testing.T) {
	t.Parallel()
	each(t, "../../../../schemas/event/testdata/act/*.json", func(t *testing.T, file string, b []byte) {
		t.Helper()
		asNamed(t, file, accept.Act(input(b)))
	})
}

const anOrder = `{"id":"A/1","source":"shop","parties":[{"role":"purchaser","name":"a \"b\""}],"items":[{"sku":"1"}]}`

func TestAnActCarriesItsOrder(t *testing.T) {
	t.Parallel()
	in := []byte(`{ "kind":"disposition","id":"d/1","actor":"ann","source":"shop","order_id":"A/1","disposition":{"by":"ann","role":"officer",
		"outcome":"release","reason":"another \"order\":{","findings":[{"rule":"possible-match","party":0}]}}`)
	e := accept.Act(input(in))
	order, ok := e.About()
	if !ok || order != "default/shop/A%2F1" || e.Line != nil {
		t.Fatalf("about %q, %v, line %s", order, ok, e.Line)
	}
	placed := accept.Accept(input([]byte(anOrder)))
	if number, is := placed.IsOf(order); !is || number != 0 {
		t.Fatalf("the order is revision %d of it, %v", number, is)
	}
	body, _ := accept.OrderOf(placed.Line)
	e = e.With(accept.Revision{Number: 0, Event: placed.Event, Order: body})
	checkLine(t, e.Line)
	checkRecall(t, e)
	var c event.Cause
	strict(t, e.Line, &c)
	switch {
	case c.Kind != event.Disposition, c.Of != placed.Event, c.Key != "default/shop/A%2F1/disposition/d%2F1", c.Actor != "ann", c.OrderID != "A/1", c.Format != accept.ActFormat,
		c.Disposition == nil || c.Disposition.Findings[0].Rule != "possible-match", c.Received.Bytes != string(in):
		t.Errorf("%s", e.Line)
	case !bytes.HasSuffix(e.Line, []byte(`,"order":`+anOrder+`}`)):
		t.Errorf("the order's bytes are others: %s", e.Line)
	}
}

func TestActsOfNoOrder(t *testing.T) {
	t.Parallel()
	in := []byte(`{"kind":"note","id":"n 1","note":{"what":"query","by":"ann","text":"looked"}}`)
	e := accept.Act(input(in))
	if _, ok := e.About(); ok || e.Refused() {
		t.Fatal(text(e.Faults))
	}
	checkLine(t, e.Line)
	checkRecall(t, e)
	if !event.NewCase(e.Line).Orderless() || !bytes.Contains(e.Line, []byte(`"key":"default//note/n%201"`)) {
		t.Errorf("%s", e.Line)
	}
	other := accept.Act(input(bytes.Replace(in, []byte("looked"), []byte("asked"), 1)))
	if other.Key != e.Key || other.Content == e.Content {
		t.Error("other content under the same id is not told apart")
	}
	checkRefusal(t, in, e.Conflict(7))
}

func TestOrderDocumentsThatSayWhatHappened(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, in, key, particulars string }{
		{
			"shipped with a notice's number", `{"id":"A","event":"shipped","shipment":{"date":"2026-11-25","document":"DN 1"}}`,
			`"key":"default/default/A/shipped/DN%201"`, `,"shipment":{"date":"2026-11-25","document":"DN 1"}`,
		},
		{
			"shipped on the expected day", `{"id":"A","event":"shipped","expected_ship_date":"2026-11-25"}`,
			`"key":"default/default/A/shipped/sha256-`, `,"shipment":{"date":"2026-11-25"}`,
		},
		{"cancelled", `{"id":"A","event":"cancelled"}`, `"key":"default/default/A/cancelled/sha256-`, `"kind":"cancelled"`},
	} {
		e := accept.Accept(input([]byte(row.in)))
		if order, ok := e.About(); !ok || order != "default/default/A" {
			t.Errorf("%s: about %s, %v %s", row.name, order, ok, text(e.Faults))
			continue
		}
		alone := e.Orphan()
		checkLine(t, alone.Line)
		checkRecall(t, alone)
		if !strings.Contains(string(alone.Line), row.key) || !strings.Contains(string(alone.Line), row.particulars) || strings.Contains(string(alone.Line), `"of"`) {
			t.Errorf("%s: %s", row.name, alone.Line)
		}
	}
	whole := strings.Replace(anOrder, `"source"`, `"event":"shipped","shipment":{"date":"2026-11-25"},"source"`, 1)
	e := accept.Accept(input([]byte(whole))).Orphan()
	if !bytes.HasSuffix(e.Line, []byte(`,"order":`+whole+`}`)) {
		t.Errorf("what an order nobody knows carries is lost: %s", e.Line)
	}
}

func TestWhatIsRefusedOfAnOrderNobodyKnows(t *testing.T) {
	t.Parallel()
	in := []byte(`{"kind":"rejudge","id":"r","order_id":"A","rejudging":{"why":"person"}}`)
	e := accept.Act(input(in)).Orphan()
	checkRefusal(t, in, e)
	if diff := cmp.Diff("/order_id unknown_order: there is no order \"A\" of source \"default\", so that nothing can be said about it\n", text(e.Faults)); diff != "" {
		t.Error(diff)
	}
}
