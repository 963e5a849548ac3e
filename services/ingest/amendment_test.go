package ingest_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/ingest"
	"github.com/tidegate/tidegate/services/ingest/source"
	"github.com/tidegate/tidegate/shared/natstest"
)

func interchange(sets ...string) string {
	var b strings.Builder
	b.WriteString("ISA*00*          *00*          *ZZ*FANMAKER       *ZZ*CHIPSELLER     *261120*0915*U*00401*000000001*0*P*>~GS*PO*FANMAKER*CHIPSELLER*20261120*0915*1*X*004010~")
	for i, s := range sets {
		fmt.Fprintf(&b, "ST*%s*%04d~%sSE*%d*%04d~", s[:3], i, s[4:], strings.Count(s, "~")+2, i)
	}
	fmt.Fprintf(&b, "GE*%d*1~IEA*1*000000001~", len(sets))
	return b.String()
}

const placedOrder = "850*BEG*00*SA*PO-1**20261120~N1*BY*EXAMPLE FANS GMBH~PO1*1*5*EA*2*PE*VN*S-1~PO1*2*7*EA*3*PE*VN*S-2~"

// change is the nth change of PO-1, of its line 1.
func change(n, quantity int) string {
	return fmt.Sprintf("860*BCH*04*SA*PO-1**%d*20261120~POC*1*QI*%d**EA*2*PE*VN*S-1~", n, quantity)
}

func causeOf(t *testing.T, nc *nats.Conn, a ingest.Answer) event.Cause {
	t.Helper()
	if a.Status != "accepted" {
		t.Fatalf("%+v", a)
	}
	c, _ := caused(t, nc, a.Event)
	return c
}

// TestAPartialChangeIsPutTogetherWithTheNewestRevision through every door.
func TestAPartialChangeIsPutTogetherWithTheNewestRevision(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	dir := t.TempDir()
	url, stop := door(t, nc, ingest.Config{Dir: dir})
	if status, a := post(t, url, "application/edi-x12", interchange(change(1, 6))); status != 422 || !strings.Contains(fmt.Sprint(a[0].Faults), "no revision of order") {
		t.Fatalf("before its order: %d %+v", status, a)
	}
	status, a := post(t, url, "application/edi-x12", interchange(placedOrder, change(1, 6), change(2, 8), change(4, 9)))
	if status != 200 || len(a) != 4 {
		t.Fatalf("%d %+v", status, a)
	}
	first, second := causeOf(t, nc, a[1]), causeOf(t, nc, a[2])
	if first.Of != a[0].Event || first.Kind != event.Revised || first.Revision != 1 || first.Format != "x12-860" || len(first.Order.Items) != 2 || first.Order.Items[0].Quantity != "6" || first.Order.Items[0].Value != "12" {
		t.Errorf("%+v", first)
	}
	if second.Of != a[1].Event || second.Order.Items[0].Quantity != "8" || second.Order.Items[1].SKU != "S-2" || second.Change == nil || fmt.Sprint(second.Change.Changed) != "[1]" ||
		!strings.Contains(second.Received.Bytes, "BCH*04*SA*PO-1**2*") {
		t.Errorf("%+v %+v", second, second.Change)
	}
	if a[3].Status != "refused" || !strings.Contains(a[3].Faults[0].Detail, "this is change 4") {
		t.Errorf("with a change missing: %+v", a[3])
	}
	if status, again := post(t, url, "application/edi-x12", interchange(change(1, 6))); status != 200 || !again[0].Duplicate || again[0].Event != a[1].Event {
		t.Errorf("the first again: %d %+v", status, again)
	}
	if status, other := post(t, url, "application/edi-x12", interchange(change(1, 7))); status != 409 && status != 422 {
		t.Errorf("another change under its number: %d %+v", status, other)
	}
	unknown := strings.Replace(change(3, 1), "POC*1*", "POC*9*", 1)
	if status, a := post(t, url, "application/edi-x12", interchange(unknown)); status != 422 || !strings.Contains(a[0].Faults[0].Detail, "no line 9") || a[0].Faults[0].Offset == 0 {
		t.Errorf("a line nobody knows: %d %+v", status, a)
	}

	m, err := nc.Request(subject.IngestSubject, []byte(interchange(change(3, 10))), nats.DefaultTimeout)
	if err != nil || !strings.Contains(string(m.Data), `"accepted"`) {
		t.Errorf("%s %v", m.Data, err)
	}

	// An index made anew knows the changes for what they are.
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "keys.db")); err != nil {
		t.Fatal(err)
	}
	s, _ := service(t, nc, ingest.Config{Dir: dir})
	taken, err := s.Reading().Take(t.Context(), source.Document{Bytes: []byte(interchange(change(3, 10), change(4, 11)))})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := taken.Wait(t.Context()); err != nil || got.Accepted != 2 || got.Refused != 0 {
		t.Errorf("%+v %v", got, err)
	}
	answers, err := s.SubmitAll(t.Context(), []byte(interchange(change(5, 12))), "test")
	if err != nil || len(answers) != 1 {
		t.Fatal(err)
	}
	if last := causeOf(t, nc, answers[0]); last.Order.Items[0].Quantity != "12" || last.Revision != 5 {
		t.Errorf("%+v", last)
	}
}

// TestManyActsOnLargeOrders holds that what acts and changes repeat of their orders never makes a block too large: orders and what
// happens to them come in one request.
func TestManyActsOnLargeOrders(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	s, _ := service(t, nc, ingest.Config{})
	pad := strings.Repeat("X", 500)
	var large strings.Builder
	large.WriteString("850*BEG*00*SA*PO-1**20261120~N1*BY*EXAMPLE FANS GMBH~")
	for i := range 180 {
		fmt.Fprintf(&large, "PO1*%d*5*EA*2*PE*VN*S-%d~PID*F****%s~", i+1, i+1, pad)
	}
	sets := []string{large.String()}
	const n = 60
	for i := range n {
		sets = append(sets, change(i+1, i+1))
	}
	taken, err := s.Reading().TakeAll(context.Background(), strings.NewReader(interchange(sets...)), source.Document{})
	if err != nil || taken.Accepted != n+1 {
		t.Fatalf("%+v %v", taken, err)
	}
}

// TestALargeInterchangePasses through HTTP, and as the folder and submit hand it over; what is too large in it takes nothing from those beside it.
func TestALargeInterchangePasses(t *testing.T) {
	t.Parallel()
	const n = 1500
	nc := natstest.Server(t)
	dir := t.TempDir()
	url, stop := door(t, nc, ingest.Config{Dir: dir})
	var sets []string
	for i := range n {
		sets = append(sets, fmt.Sprintf("850*BEG*00*SA*L-%d**20261120~N1*BY*EXAMPLE FANS GMBH~PO1*1*5*EA*2*PE*VN*S-1~PID*F****%s~", i, strings.Repeat("FAN ", 100)))
	}
	sets[n/2] = "850*BEG*00*SA*TOO-LARGE**20261120~N1*BY*EXAMPLE FANS GMBH~" + strings.Repeat("PO1*1*5*EA*2*PE*VN*S-1~PID*F****"+strings.Repeat("X", 70)+"~", 6000)
	doc := interchange(sets...)
	if len(doc) < 1<<20 {
		t.Fatal("not large")
	}
	status, a := post(t, url, "application/edi-x12", doc)
	refused := 0
	for _, one := range a {
		if one.Status != "accepted" {
			refused++
		}
	}
	if status != 200 || len(a) != n || refused != 1 || a[n/2].Status != "refused" || !strings.Contains(a[n/2].Faults[0].Detail, "send a large order as several") {
		t.Errorf("%d, %d answers, %d refused, %+v", status, len(a), refused, a[n/2])
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	s, _ := service(t, nc, ingest.Config{Dir: dir})
	got, err := s.Reading().TakeAll(t.Context(), strings.NewReader(doc), source.Document{})
	if err != nil || got.Accepted != n-1 || got.Refused != 1 {
		t.Errorf("%+v %v", got, err)
	}
}
