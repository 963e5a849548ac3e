package standalone

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/tidegate/tidegate/deploy/orders"
	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
)

const despatch = `<?xml version="1.0"?><DespatchAdvice xmlns="urn:oasis:names:specification:ubl:schema:xsd:DespatchAdvice-2" xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
	xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"><cbc:ID>DA-1</cbc:ID><cbc:IssueDate>2026-11-20</cbc:IssueDate><cac:OrderReference><cbc:ID>ORDER</cbc:ID></cac:OrderReference>
	<cac:Shipment><cbc:ID>1</cbc:ID><cac:Delivery><cac:Despatch><cbc:ActualDespatchDate>2026-11-20</cbc:ActualDespatchDate></cac:Despatch></cac:Delivery></cac:Shipment>
	<cac:DespatchLine><cbc:ID>1</cbc:ID><cbc:DeliveredQuantity unitCode="EA">1</cbc:DeliveredQuantity><cac:OrderLineReference><cbc:LineID>1</cbc:LineID></cac:OrderLineReference>
	<cac:Item><cbc:Name>desk fan</cbc:Name></cac:Item></cac:DespatchLine></DespatchAdvice>`

// TestEveryDoorClosesOrders places an order for each door and format and says through it that the order shipped or was cancelled.
func TestEveryDoorClosesOrders(t *testing.T) {
	t.Parallel()
	d := newDesk(t, t.TempDir(), "2026-11-20")
	nc, err := d.connect("doors")
	if err != nil {
		t.Fatal(err)
	}
	document := func(d *desk, body string) error {
		all, err := d.Ingest.SubmitAll(d.t.Context(), []byte(body), "test")
		if err == nil && (len(all) != 1 || all[0].Status != "accepted") {
			err = fmt.Errorf("%+v", all)
		}
		return err
	}
	ask := func(to string) func(*desk, string) error {
		return func(d *desk, body string) error {
			_, err := nc.RequestWithContext(d.t.Context(), to, []byte(body))
			return err
		}
	}
	for name, tt := range map[string]struct {
		say  func(d *desk, body string) error
		body string
		want orders.State
	}{
		"document":   {document, `{"source":"s","id":"ORDER","event":"shipped","shipment":{"date":"2026-11-20"}}`, orders.Shipped},
		"part":       {document, `{"source":"s","id":"ORDER","event":"shipped","shipment":{"date":"2026-11-20","partial":true}}`, orders.Open},
		"cancelled":  {document, `{"source":"s","id":"ORDER","event":"cancelled"}`, orders.Cancelled},
		"csv":        {document, "order id,source,event,ship date\nORDER,s,shipped,2026-11-20\n", orders.Shipped},
		"csv-cancel": {document, "order id,source,event\nORDER,s,cancelled\n", orders.Cancelled},
		"cloudevent": {document, `{"specversion":"1.0","id":"1","source":"/s","type":"order","datacontenttype":"application/json","data":{"source":"s","id":"ORDER","event":"shipped","shipment":{"date":"2026-11-20"}}}`, orders.Shipped},
		"nats":       {ask(subject.IngestSubject), `{"source":"s","id":"ORDER","event":"shipped","shipment":{"date":"2026-11-20"}}`, orders.Shipped},
		"nats-act":   {ask(subject.ActSubject), `{"kind":"cancelled","id":"c","source":"s","order_id":"ORDER"}`, orders.Cancelled},
		"http":       {func(d *desk, body string) error { return d.post("/v1/orders/ORDER/shipped?source=s", body, "http") }, `{"date":"2026-11-20"}`, orders.Shipped},
		"http-cancel": {func(d *desk, body string) error {
			return d.post("/v1/orders/ORDER/cancelled?source=s", body, "http-cancel")
		}, ``, orders.Cancelled},
		"ubl": {document, despatch, orders.Shipped},
	} {
		source := "s"
		if name == "ubl" {
			source = "default"
		}
		d.submit(`{"source":"` + source + `","id":"` + name + `","order_date":"2026-11-20","ship_to":"DE","parties":[{"role":"purchaser","name":"Holm GmbH","address":{"country":"DE"}}],"items":[{"description":"desk fan","eccn":"EAR99"}]}`)
		if err := tt.say(d, strings.ReplaceAll(tt.body, "ORDER", name)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		d.next()
		if m, _ := d.next(); m.Header.Get(subject.HeaderKind) != string(event.Shipped) && m.Header.Get(subject.HeaderKind) != string(event.Cancelled) || m.Header.Get(subject.HeaderCESubject) != name {
			t.Fatalf("%s: what came is %v", name, m.Header)
		}
		defer func() {
			o, found, err := d.orders.Book().Find("default", source, name)
			if err != nil || !found || o.State != tt.want {
				t.Errorf("%s: %+v %v", name, o, err)
			}
		}()
	}
	for covered := uint64(0); covered < 22; covered, _ = d.orders.Book().Covered() { // a block for each order and each notice
		if t.Context().Err() != nil {
			t.Fatal("the index does not come up")
		}
	}
}

func (d *desk) post(path, body, id string) error {
	r, err := http.NewRequestWithContext(d.t.Context(), http.MethodPost, d.HTTP()+strings.ReplaceAll(path, "ORDER", id), strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		err = errors.New(resp.Status)
	}
	return errors.Join(err, resp.Body.Close())
}
