package webhook

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/shared/natstest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// receiver is somebody else's endpoint: it checks every signature and keeps what it took.
type receiver struct {
	*httptest.Server
	keys [][]byte

	mu     sync.Mutex
	orders map[string][]int    // by order: the numbers taken, repeats left out
	ids    map[string]bool     // ids taken
	refuse func(id string) int // status to refuse with, 0 to take
	faults []string
	count  chan struct{} // one for each id taken first
}

func newReceiver(tb testing.TB, secrets ...string) *receiver {
	tb.Helper()
	keys, err := keysOf(secrets)
	if err != nil {
		tb.Fatal(err)
	}
	r := &receiver{keys: keys, orders: map[string][]int{}, ids: map[string]bool{}, count: make(chan struct{}, 100_000), refuse: func(string) int { return 0 }}
	r.Server = httptest.NewServer(r)
	tb.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	id, at := req.Header.Get(HeaderID), req.Header.Get(HeaderTimestamp)
	signed := false
	for _, key := range r.keys {
		for s := range strings.FieldsSeq(req.Header.Get(HeaderSignature)) {
			signed = signed || s == signature(key, id, at, body)
		}
	}
	if err != nil || !signed {
		r.faults = append(r.faults, fmt.Sprintf("%s: signed %v, %v", id, signed, err))
	}
	if status := r.refuse(id); status != 0 {
		w.WriteHeader(status)
		return
	}
	order, n := parseID(id)
	if !r.ids[id] {
		if taken := r.orders[order]; len(taken) > 0 && taken[len(taken)-1] >= n {
			r.faults = append(r.faults, fmt.Sprintf("%s came first after %d", id, taken[len(taken)-1]))
		}
		r.ids[id] = true
		r.orders[order] = append(r.orders[order], n)
		r.count <- struct{}{}
	}
}

// parseID reads an id of these tests: "<order>-<number>.record".
func parseID(id string) (order string, n int) {
	id, _, _ = strings.Cut(id, ".")
	order, number, _ := strings.Cut(id, "-")
	n, _ = strconv.Atoi(number)
	return order, n
}

func (r *receiver) await(tb testing.TB, n int) {
	tb.Helper()
	for range n {
		select {
		case <-r.count:
		case <-time.After(60 * time.Second):
			tb.Fatal("the endpoint took too little within a minute")
		}
	}
}

func (r *receiver) check(tb testing.TB) {
	tb.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range r.faults {
		tb.Error(f)
	}
}

func (r *receiver) set(refuse func(string) int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refuse = refuse
}

// publish puts receipts of n orders in turn onto the public stream.
func publish(tb testing.TB, js jetstream.JetStream, from, n, orders int) {
	tb.Helper()
	for i := from; i < from+n; i++ {
		order := "o" + strconv.Itoa(i%orders)
		msg := &nats.Msg{
			Subject: subject.PublicRecordPrefix + "shop.release", Data: fmt.Appendf(nil, `{"line":"record","leaf":%d}`, i),
			Header: nats.Header{
				subject.HeaderCEID: {order + "-" + strconv.Itoa(i)}, subject.HeaderCESubject: {order}, subject.HeaderCEType: {subject.TypeRecord},
				subject.HeaderCESource: {"tidegate/audit"}, subject.HeaderSequence: {strconv.Itoa(i + 1)}, subject.HeaderPlace: {"0"},
			},
		}
		if _, err := js.PublishMsg(tb.Context(), msg); err != nil {
			tb.Fatal(err)
		}
	}
}

func endpoint(r *receiver, secrets ...string) Endpoint {
	return Endpoint{Name: "erp", URL: r.URL, Secrets: secrets, AllowPrivate: true, First: time.Millisecond, Most: 20 * time.Millisecond, Timeout: 5 * time.Second}
}

// start runs a service until the returned function is called or the test ends.
func start(tb testing.TB, nc *nats.Conn, e Endpoint) (stop func()) {
	tb.Helper()
	s, err := New(tb.Context(), nc, []Endpoint{e}, nil)
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(tb.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-ended; err != nil {
				tb.Error(err)
			}
		})
	}
	tb.Cleanup(stop)
	return stop
}

func TestEveryReceiptArrivesSignedAndInOrder(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	js, secret := natstest.JetStream(t, nc), NewSecret()
	r := newReceiver(t, secret)
	publish(t, js, 0, 10, 5) // before the endpoint was there: not for it
	start(t, nc, endpoint(r, secret))
	publish(t, js, 10, 300, 7)
	r.await(t, 300)
	r.check(t)
}

// An endpoint for alarms alone hears of each, whatever outcomes it names, and of no decision.
func TestAnAlarmReachesWhoAsksForAlarms(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	js, secret := natstest.JetStream(t, nc), NewSecret()
	r := newReceiver(t, secret)
	e := endpoint(r, secret)
	e.Events, e.Outcomes = []string{eventAlarm}, []string{"hold"}
	start(t, nc, e)
	for i, to := range []struct{ subject, kind string }{
		{subject.PublicDecisionPrefix + "shop.hold", subject.TypeDecision}, {subject.PublicAlarmPrefix + "shop.shipped-unreleased", subject.TypeAlarm},
	} {
		msg := &nats.Msg{Subject: to.subject, Data: []byte(`{"line":"judgement"}`), Header: nats.Header{
			subject.HeaderCEID: {"o1-" + strconv.Itoa(i)}, subject.HeaderCESubject: {"o1"}, subject.HeaderCEType: {to.kind}, subject.HeaderAlarm: {"shipped-unreleased"},
			subject.HeaderCESource: {"tidegate/screening"}, subject.HeaderSequence: {"1"}, subject.HeaderPlace: {"0"},
		}}
		if _, err := js.PublishMsg(t.Context(), msg); err != nil {
			t.Fatal(err)
		}
	}
	r.await(t, 1)
	r.check(t)
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.ids) != 1 || !r.ids["o1-1.alarm"] {
		t.Errorf("took %v", r.ids)
	}
}

func TestAnEndpointThatFailsAtRandomGetsEverythingInOrder(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	js, secret := natstest.JetStream(t, nc), NewSecret()
	r := newReceiver(t, secret)
	chance := rand.New(rand.NewPCG(1, 2))
	r.set(func(string) int { return []int{0, 0, 500, 429, 0}[chance.IntN(5)] })
	e := endpoint(r, secret)
	e.Tries = 1000
	start(t, nc, e)
	publish(t, js, 0, 200, 9)
	r.await(t, 200)
	r.check(t)
}

func TestAfterEveryStopItGoesOnWhereItStood(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	js, secret := natstest.JetStream(t, nc), NewSecret()
	r := newReceiver(t, secret)
	e := endpoint(r, secret)
	chance := rand.New(rand.NewPCG(3, 4))
	e.Tries = 1000
	r.set(func(string) int { return []int{0, 0, 503}[chance.IntN(3)] })
	start(t, nc, e)()
	for i := range 10 {
		stop := start(t, nc, e)
		publish(t, js, 20*i, 20, 3)
		r.await(t, i+1) // stop while the rest is under way
		stop()
	}
	start(t, nc, e)
	r.await(t, 200-55)
	r.check(t)
}

func TestWhatIsRefusedForGoodIsADeadLetterAndHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	js, secret := natstest.JetStream(t, nc), NewSecret()
	r := newReceiver(t, secret)
	r.set(func(id string) int {
		if id == "o1-1.record" {
			return http.StatusUnprocessableEntity
		}
		return 0
	})
	e := endpoint(r, secret)
	e.Tries = 3
	stop := start(t, nc, e)
	publish(t, js, 0, 40, 4)
	r.await(t, 39)
	stop()
	r.check(t)
	var dead []Dead
	for d, err := range DeadLetters(t.Context(), js, "") {
		if err != nil {
			t.Fatal(err)
		}
		dead = append(dead, d)
	}
	if len(dead) != 1 || dead[0].ID != "o1-1.record" || dead[0].Tries != 3 || dead[0].Order != "o1" || !strings.Contains(dead[0].Why, "422") {
		t.Fatalf("dead letters: %+v", dead)
	}
	if err := Replay(t.Context(), js, e, dead[0]); err == nil {
		t.Error("a replay that is refused again is an error")
	}
	r.set(func(string) int { return 0 })
	r.mu.Lock()
	clear(r.orders) // what was given up comes out of order
	r.mu.Unlock()
	if err := Replay(t.Context(), js, e, dead[0]); err != nil {
		t.Fatal(err)
	}
	r.await(t, 1)
	for d, err := range DeadLetters(t.Context(), js, "erp") {
		t.Errorf("still a dead letter: %+v, %v", d, err)
	}
	all, err := Standings(t.Context(), js)
	if err != nil || len(all) != 1 || all[0].Delivered+all[0].Lag != 39 || all[0].Dead != 1 || all[0].Lag > 1 { // the last answer may have been cut off
		t.Errorf("%+v, %v", all, err)
	}
}

func TestAnEndpointThatIsDownLosesNothing(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	js, secret := natstest.JetStream(t, nc), NewSecret()
	r := newReceiver(t, secret)
	var asked int
	r.set(func(string) int { asked++; return []int{http.StatusBadGateway, 0}[min(asked/60, 1)] })
	e := endpoint(r, secret)
	e.Tries = 2 // less than the attempts it will take: an endpoint that is down is not the messages' fault
	start(t, nc, e)
	publish(t, js, 0, 30, 30)
	r.await(t, 30)
	r.check(t)
}

func TestASecretIsRotatedWithoutLoss(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	js, before, after := natstest.JetStream(t, nc), NewSecret(), NewSecret()
	r := newReceiver(t, before) // knows only one of them at a time
	stop := start(t, nc, endpoint(r, before))
	publish(t, js, 0, 10, 2)
	r.await(t, 10)
	stop()
	stop = start(t, nc, endpoint(r, after, before))
	publish(t, js, 10, 10, 2)
	r.await(t, 10)
	keys, err := keysOf([]string{after})
	if err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	r.keys = keys
	r.mu.Unlock()
	publish(t, js, 20, 10, 2)
	r.await(t, 10)
	stop()
	start(t, nc, endpoint(r, after))
	publish(t, js, 30, 10, 2)
	r.await(t, 10)
	r.check(t)
}

func TestAStreamMadeAgainIsReadOnFromTheSameOrder(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	js, secret := natstest.JetStream(t, nc), NewSecret()
	r := newReceiver(t, secret)
	stop := start(t, nc, endpoint(r, secret))
	publish(t, js, 0, 20, 3)
	r.await(t, 20)
	stop()
	s, err := js.Stream(t.Context(), subject.PublicRecordStream)
	if err != nil {
		t.Fatal(err)
	}
	conf := s.CachedInfo().Config
	if err := js.DeleteStream(t.Context(), conf.Name); err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(t.Context(), conf); err != nil {
		t.Fatal(err)
	}
	publish(t, js, 10, 20, 3) // numbers 10 to 29 from the first message on
	start(t, nc, endpoint(r, secret))
	r.await(t, 10)
	r.check(t)
}

func TestTheSecondProcessIsRefused(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	js, secret := natstest.JetStream(t, nc), NewSecret()
	r := newReceiver(t, secret)
	s, err := New(t.Context(), nc, []Endpoint{endpoint(r, secret)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	first, err := openBook(t.Context(), js, s.endpoints[0], s.now)
	if err != nil {
		t.Fatal(err)
	}
	stop := start(t, nc, endpoint(r, secret)) // opens its own book after the first
	publish(t, js, 0, 3, 1)
	r.await(t, 3)
	stop()
	first.failed("something")
	if err := first.save(t.Context()); err == nil || !strings.Contains(err.Error(), ErrOther.Error()) {
		t.Errorf("the one whose place was written over: %v", err)
	}
}

func TestNothingInsideIsReachedUnlessAllowed(t *testing.T) {
	t.Parallel()
	secret := NewSecret()
	r := newReceiver(t, secret)
	e := endpoint(r, secret)
	if status, err := Try(t.Context(), e); err != nil || status != http.StatusOK {
		t.Errorf("allowed: %d, %v", status, err)
	}
	e.AllowPrivate = false
	if _, err := Try(t.Context(), e); err == nil || !strings.Contains(err.Error(), ErrPrivate.Error()) {
		t.Errorf("not allowed: %v", err)
	}
	for addr, want := range map[string]bool{
		"127.0.0.1": true, "10.1.2.3": true, "172.16.0.1": true, "192.168.1.1": true, "169.254.169.254": true, "100.64.1.1": true, "0.0.0.0": true,
		"::1": true, "fe80::1": true, "fd00::1": true, "::ffff:127.0.0.1": true, "64:ff9b::7f00:1": true, "224.0.0.1": true, "2002:7f00:1::": true,
		"1.1.1.1": false, "93.184.215.14": false, "2606:4700::1111": false,
	} {
		if got := private(netip.MustParseAddr(addr).Unmap()); got != want {
			t.Errorf("%s: %v", addr, got)
		}
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	secret := NewSecret()
	inner := newReceiver(t, secret)
	outer := httptest.NewServer(http.RedirectHandler(inner.URL, http.StatusTemporaryRedirect))
	t.Cleanup(outer.Close)
	e := endpoint(inner, secret)
	e.URL = outer.URL
	if status, err := Try(t.Context(), e); err == nil || status != http.StatusTemporaryRedirect {
		t.Errorf("%d, %v", status, err)
	}
}

// TestSignatureIsThatOfTheSpecification uses the example of Standard Webhooks.
func TestSignatureIsThatOfTheSpecification(t *testing.T) {
	t.Parallel()
	key, err := parseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	got := signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`))
	if got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Error(got)
	}
}

func TestFaultsOfAConfigurationAreAllSaid(t *testing.T) {
	t.Parallel()
	err := Check([]Endpoint{
		{Name: "a b", URL: "http://10.0.0.1", Events: []string{"all"}, Outcomes: []string{"maybe"}, Parallel: 1000, Timeout: -1},
		{Name: "x", URL: "https://u:p@erp.example", Secrets: []string{"secret"}},
		{Name: "x", URL: "https://erp.example", Secrets: []string{NewSecret()}},
	})
	for _, want := range []string{"name: want", "url: want https", "secrets: none", "events:", "outcomes:", "parallel:", "timeout:", "no user and password", "secrets[0]", "taken by one before"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
}

func BenchmarkDeliver(b *testing.B) {
	nc := natstest.Server(b)
	js, secret := natstest.JetStream(b, nc), NewSecret()
	r := newReceiver(b, secret)
	s, err := New(b.Context(), nc, []Endpoint{endpoint(r, secret)}, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	publish(b, js, 0, b.N, 500)
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	b.ResetTimer()
	go func() { ended <- s.Run(ctx) }()
	r.await(b, b.N)
	b.StopTimer()
	cancel()
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "webhooks/s")
}
