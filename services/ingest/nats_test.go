package ingest_test

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nats.go/micro"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/ingest"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/clock"
	"github.com/tidegate/tidegate/shared/natstest"
)

func TestPublishingAnOrderAsToJetStream(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	service(t, nc, ingest.Config{})
	js := natstest.JetStream(t, nc)
	ack, err := js.Publish(t.Context(), subject.IngestSubject, []byte(order("A", "x")), jetstream.WithMsgID("m-1"))
	if err != nil || ack.Stream != subject.OrderStream || ack.Sequence != 1 || ack.Duplicate {
		t.Fatalf("%+v %v", ack, err)
	}
	if ack, err = js.Publish(t.Context(), subject.IngestSubject, []byte(order("A", "x")), jetstream.WithMsgID("m-1")); err != nil || !ack.Duplicate {
		t.Errorf("the same again: %+v %v", ack, err)
	}
	var refused *jetstream.APIError
	if _, err = js.Publish(t.Context(), subject.IngestSubject, []byte(`{"id":"B"}`)); !errors.As(err, &refused) || refused.Code != 422 || !strings.Contains(refused.Description, "/parties") {
		t.Errorf("refused: %v", err)
	}
	if _, err = js.Publish(t.Context(), subject.IngestSubject, []byte(order("C", "x")), jetstream.WithMsgID("m-1")); !errors.As(err, &refused) {
		t.Errorf("the id of another: %v", err)
	}
}

func TestCloudEventsOverNATS(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	service(t, nc, ingest.Config{})
	for name, m := range map[string]*nats.Msg{
		"binary": {Data: []byte(strings.Replace(order("A", "x"), `"source":"shop",`, "", 1)), Header: nats.Header{
			subject.HeaderCESpec: {"1.0"}, subject.HeaderCEID: {"e-1"}, subject.HeaderCESource: {"till"}, subject.HeaderCEType: {"order"}, "content-type": {"application/json"},
		}},
		"structured": {Data: []byte(`{"specversion":"1.0","id":"e-2","source":"till","type":"order","datacontenttype":"application/json","data":` +
			strings.Replace(order("B", "x"), `"source":"shop",`, "", 1) + `}`), Header: nats.Header{"content-type": {"application/cloudevents+json"}}},
	} {
		m.Subject = subject.IngestSubject
		got, err := nc.RequestMsgWithContext(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		var a ingest.Answer
		if err := json.Unmarshal(got.Data, &a); err != nil || a.Status != "accepted" || a.Source != "till" {
			t.Errorf("%s: %s", name, got.Data)
		}
	}
}

func TestWhatIsNoOrderOverNATSIsAnswered(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	service(t, nc, ingest.Config{})
	event := nats.Header{subject.HeaderCESpec: {"1.0"}, subject.HeaderCEID: {"e-1"}, subject.HeaderCESource: {"till"}, subject.HeaderCEType: {"order"}}
	but := func(name string, values ...string) nats.Header {
		h := maps.Clone(event)
		if h[name] = values; len(values) == 0 {
			delete(h, name)
		}
		return h
	}
	for _, row := range []struct {
		name, subject, body string
		header              nats.Header
		want                string
	}{
		{"an array of nothing", subject.IngestSubject, "[]", nil, "no order in it"},
		{"an array of nothing, asked", subject.AskSubmit, "[]", nil, "no order in it"},
		{"an event without id", subject.IngestSubject, order("A", "x"), but(subject.HeaderCEID), "ce-id is missing"},
		{"an event without source", subject.IngestSubject, order("A", "x"), but(subject.HeaderCESource), "ce-source is missing"},
		{"an event without type", subject.IngestSubject, order("A", "x"), but(subject.HeaderCEType), "ce-type is missing"},
		{"an event without version", subject.IngestSubject, order("A", "x"), but(subject.HeaderCESpec), "ce-specversion is missing"},
		{"an event of a version to come", subject.IngestSubject, order("A", "x"), but(subject.HeaderCESpec, "2.0"), "read is 1.0"},
	} {
		got, err := nc.RequestMsgWithContext(t.Context(), &nats.Msg{Subject: row.subject, Header: row.header, Data: []byte(row.body)})
		if err != nil {
			t.Fatal(row.name, err)
		}
		var a ingest.Answer
		if err := json.Unmarshal(got.Data, &a); err != nil || a.Status != "refused" || !strings.Contains(string(got.Data), row.want) {
			t.Errorf("%s: %s", row.name, got.Data)
		}
	}
}

func TestServicesAreFoundAndAsked(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	service(t, nc, ingest.Config{})
	m, err := nc.RequestWithContext(t.Context(), "$SRV.INFO.tidegate-ingest", nil)
	if err != nil {
		t.Fatal(err)
	}
	var info micro.Info
	if err := json.Unmarshal(m.Data, &info); err != nil {
		t.Fatal(err)
	}
	var subjects []string
	for _, e := range info.Endpoints {
		subjects = append(subjects, e.Subject)
	}
	slices.Sort(subjects)
	if diff := cmp.Diff([]string{subject.AskScreen, subject.AskSubmit}, subjects); diff != "" {
		t.Error(diff)
	}
	got, err := nc.RequestWithContext(t.Context(), subject.AskSubmit, []byte("["+order("A", "x")+","+order("B", "x")+"]"))
	if err != nil || strings.Count(string(got.Data), `"status":"accepted"`) != 2 {
		t.Errorf("%v %s", err, got.Data)
	}
}

// steps answers as enrichment and screening do, with empty lines.
func steps(t *testing.T, nc *nats.Conn) {
	t.Helper()
	stop, err := bus.Serve(t.Context(), nc, "steps", "test",
		bus.Stepwise("facts", subject.AskFacts, "", func(c event.Case) event.Case { return c.With([]byte(`{"line":"facts"}`)) }),
		bus.Stepwise("judge", subject.AskJudgement, "", func(c event.Case) event.Case {
			return c.With([]byte(`{"line":"judgement","outcome":"license","rule":"el-license"}`))
		}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
}

func TestAnInquiryBecomesNoOrder(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	url, _ := door(t, nc, ingest.Config{})
	at := strings.TrimSuffix(url, "orders") + "screen"
	if a := ask(t, "POST", at, order("A", "Nobody GmbH")); a.status != http.StatusServiceUnavailable {
		t.Errorf("nobody to ask: %d %s", a.status, a.body)
	}
	steps(t, nc)
	a := ask(t, "POST", at, order("A", "Nobody GmbH"))
	var q ingest.Inquiry
	if err := json.Unmarshal(a.body, &q); err != nil || a.status != http.StatusOK || !q.Inquiry || q.Outcome != "license" || q.Rule != "el-license" || q.Note == "" {
		t.Fatalf("%d %v %s", a.status, err, a.body)
	}
	lines := stored(t, nc)
	if len(lines) != 1 || !strings.Contains(lines[0], `"kind":"note"`) || !strings.Contains(lines[0], `"what":"inquiry"`) ||
		!strings.Contains(lines[0], event.Digest(q.Decision)) || strings.Contains(lines[0], "Nobody") {
		t.Errorf("stored: %s", lines)
	}
	if a := ask(t, "POST", url, order("A", "Nobody GmbH")); a.status != http.StatusCreated {
		t.Errorf("the order itself, later: %d %s", a.status, a.body)
	}
	if a := ask(t, "POST", at, `{"id":"B"}`); a.status != 422 || !strings.Contains(string(a.body), "/parties") {
		t.Errorf("a bad order: %d %s", a.status, a.body)
	}
	many := ask(t, "POST", at, order("C", "x")+"\n"+`{"id":"D"}`, "Content-Type", "application/x-ndjson")
	if many.status != http.StatusOK || strings.Count(string(many.body), `"inquiry":true`) != 2 {
		t.Errorf("several: %d %s", many.status, many.body)
	}
	byNATS, err := nc.RequestWithContext(t.Context(), subject.AskScreen, []byte(order("E", "x")))
	if err != nil || !strings.Contains(string(byNATS.Data), `"inquiry":true`) {
		t.Errorf("over NATS: %v", err)
	}
}

// customer makes a stream as a customer has one, with orders in it.
func customer(t *testing.T, nc *nats.Conn, orders ...string) jetstream.Stream {
	t.Helper()
	js := natstest.JetStream(t, nc)
	s, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "ERP", Subjects: []string{"erp.>"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range orders {
		if _, err := js.Publish(t.Context(), "erp.orders", []byte(o)); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// acknowledged waits until the consumer tidegate-erp has nothing left.
func acknowledged(t *testing.T, s jetstream.Stream) {
	t.Helper()
	for {
		c, err := s.Consumer(t.Context(), "tidegate-erp")
		if err == nil {
			info, err := c.Info(t.Context())
			if err == nil && info.NumPending == 0 && info.NumAckPending == 0 && info.AckFloor.Stream > 0 {
				return
			}
		}
		if clock.Sleep(t.Context(), 2*time.Millisecond) != nil {
			t.Fatal("the test ended")
		}
	}
}

func TestACustomersStreamIsReadAndGoneOnWith(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	nameless := func(id string) string { return strings.Replace(order(id, "x"), `"source":"shop",`, "", 1) }
	s := customer(t, nc, nameless("A"), "poison \x00", "["+nameless("B")+","+nameless("C")+"]", nameless("A"))
	doors := ingest.Doors{Streams: map[string]ingest.Stream{"erp": {Name: "ERP", Subject: "erp.orders", Durable: "tidegate-erp", Source: "erp", Actor: "stream:erp"}}}
	dir := t.TempDir()
	_, stop := service(t, nc, ingest.Config{Dir: dir, Doors: doors})
	acknowledged(t, s)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	lines := stored(t, nc)
	kinds := ""
	for _, l := range lines {
		switch {
		case strings.HasPrefix(l, `{"line":"refusal"`):
			kinds += "r"
		case strings.Contains(l, `"actor":"stream:erp"`) && strings.Contains(l, `"source":"erp"`):
			kinds += "o"
		default:
			kinds += "?"
		}
	}
	if kinds != "oroo" {
		t.Fatalf("%s:\n%s", kinds, strings.Join(lines, "\n"))
	}
	// What comes while nobody reads is read at the next start, and nothing twice.
	if _, err := natstest.JetStream(t, nc).Publish(t.Context(), "erp.orders", []byte(nameless("D"))); err != nil {
		t.Fatal(err)
	}
	_, stop = service(t, nc, ingest.Config{Dir: dir, Doors: doors})
	acknowledged(t, s)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if lines := stored(t, nc); len(lines) != 5 || !strings.Contains(lines[4], `"order_id":"D"`) {
		t.Errorf("%d stored", len(lines))
	}
}

func TestACustomersMessageIDsMayComeAgain(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	js := natstest.JetStream(t, nc)
	s, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "ERP", Subjects: []string{"erp.>"}, Duplicates: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []string{order("A", "x"), order("B", "x")} {
		for { // until the stream's window for duplicates has passed
			ack, err := js.Publish(t.Context(), "erp.orders", []byte(o), jetstream.WithMsgID("4711"))
			if err != nil {
				t.Fatal(err)
			}
			if !ack.Duplicate {
				break
			}
			if clock.Sleep(t.Context(), 10*time.Millisecond) != nil {
				t.Fatal("the test ended")
			}
		}
	}
	doors := ingest.Doors{Streams: map[string]ingest.Stream{"erp": {Name: "ERP", Durable: "tidegate-erp", Source: "erp"}}}
	service(t, nc, ingest.Config{Doors: doors})
	acknowledged(t, s)
	if lines := stored(t, nc); len(lines) != 2 || !strings.Contains(lines[1], `"order_id":"B"`) {
		t.Errorf("an order is lost: %d stored", len(lines))
	}
}

func TestACustomersStreamIsReadByItsMapping(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	file := filepath.Join("examples", "erp.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	mapping, err := ingest.ReadMap(file, text)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile(filepath.Join("examples", "erp.json"))
	if err != nil {
		t.Fatal(err)
	}
	s := customer(t, nc, string(doc))
	doors := ingest.Doors{Streams: map[string]ingest.Stream{"erp": {Name: "ERP", Durable: "tidegate-erp", Source: "erp", Map: mapping}}}
	service(t, nc, ingest.Config{Doors: doors})
	acknowledged(t, s)
	lines := stored(t, nc)
	if len(lines) == 0 || !strings.Contains(lines[0], `"order_id":"SO-100"`) || !strings.Contains(lines[0], `"format":"map:erp"`) {
		t.Errorf("%q", lines)
	}
}

func TestAStreamsFaultsAreSaidAtTheStart(t *testing.T) {
	t.Parallel()
	doors := ingest.Doors{Streams: map[string]ingest.Stream{"erp": {Map: &ingest.Map{Name: "other"}}}}
	err := ingest.Config{Dir: "x", Doors: doors}.Validate()
	if err == nil || err.Error() != "stream erp: stream: which one?\nmap \"other\" was never read: its messages could not be" {
		t.Error(err)
	}
}

func TestACustomersMessagesWaitWhileOrdersAreNotTaken(t *testing.T) {
	t.Parallel()
	nc := natstest.ServerIn(t, t.TempDir(), bus.Limits{OrderBytes: 4 << 10})
	var orders []string
	for i := range 40 {
		orders = append(orders, order(strconv.Itoa(i), strings.Repeat("x", 100)))
	}
	s := customer(t, nc, orders...)
	doors := ingest.Doors{Streams: map[string]ingest.Stream{"erp": {Name: "ERP", Durable: "tidegate-erp", Source: "erp"}}}
	service(t, nc, ingest.Config{Doors: doors, Patience: 50 * time.Millisecond})
	js := natstest.JetStream(t, nc)
	for len(stored(t, nc)) == 0 { // some fit, the rest comes again and again
		if clock.Sleep(t.Context(), 2*time.Millisecond) != nil {
			t.Fatal("the test ended")
		}
	}
	if _, err := js.UpdateStream(t.Context(), bus.Streams(bus.Limits{})[0]); err != nil { // room
		t.Fatal(err)
	}
	acknowledged(t, s)
	seen := map[string]bool{}
	for _, l := range stored(t, nc) {
		var c event.Cause
		if err := json.Unmarshal([]byte(l), &c); err != nil || seen[c.OrderID] {
			t.Errorf("%v %s", err, l)
		}
		seen[c.OrderID] = true
	}
	if len(seen) != 40 {
		t.Errorf("%d of 40 orders", len(seen))
	}
}
