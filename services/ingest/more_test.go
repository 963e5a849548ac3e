package ingest_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"iter"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/ingest"
	"github.com/tidegate/tidegate/services/ingest/internal/sign"
	"github.com/tidegate/tidegate/shared/certificate"
	"github.com/tidegate/tidegate/shared/natstest"
	"github.com/tidegate/tidegate/shared/token"
)

const doorsYAML = `
webhooks:
  shop: {scheme: shopify, secret_files: [shop.secret, shop.next]}
  till: {scheme: stripe, secrets: [whsec_example], tolerance: 1m}
  mill: {scheme: standard, source: mill-1, tenant: north, secrets: [whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw]}
streams:
  erp: {stream: ERP, subject: "erp.orders.>"}
`

func doorsIn(t *testing.T, text string) (ingest.Doors, error) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"doors.yaml": text, "shop.secret": "shpss_example\n", "shop.next": "shpss_next_example\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return ingest.LoadDoors(filepath.Join(dir, "doors.yaml"))
}

func TestDoorsSayEveryFaultAndNoSecret(t *testing.T) {
	t.Parallel()
	_, err := doorsIn(t, "webhooks:\n  Shop: {scheme: rsa, secrets: [hush-hush]}\n  b: {scheme: standard, secrets: [hush*hush], tolerance: soon, secret_files: [none]}\nstreams:\n  s: {}\n")
	if err == nil || strings.Contains(err.Error(), "hush") {
		t.Fatal(err)
	}
	for _, want := range []string{`"Shop"`, `"rsa"`, "soon", "whsec_ and base64", "none", "which one"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %q", err, want)
		}
	}
	if _, err := doorsIn(t, "webhook: {}\n"); err == nil || !strings.Contains(err.Error(), "webhook") {
		t.Errorf("a member that is none: %v", err)
	}
}

func TestAWebhookThatIsTooLargeIsToldSo(t *testing.T) {
	t.Parallel()
	doors, err := doorsIn(t, doorsYAML)
	if err != nil {
		t.Fatal(err)
	}
	url, _ := door(t, natstest.Server(t), ingest.Config{Doors: doors})
	got := ask(t, "POST", strings.TrimSuffix(url, "orders")+"webhooks/shop", strings.Repeat("x", 8<<20))
	if got.status != http.StatusRequestEntityTooLarge {
		t.Errorf("%d", got.status)
	}
}

func TestWebhooks(t *testing.T) {
	t.Parallel()
	doors, err := doorsIn(t, doorsYAML)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	nc := natstest.Server(t)
	dir := t.TempDir()
	makeToken(t, dir, "somebody", nil, token.Submit) // webhooks need no token where others do
	url, _ := door(t, nc, ingest.Config{Dir: dir, Doors: doors, Clock: func() time.Time { return now }})
	hooks := strings.TrimSuffix(url, "orders") + "webhooks/"
	nameless := func(id string) string { return strings.Replace(order(id, "x"), `"source":"shop",`, "", 1) }
	post := func(name, body string, k sign.Key, id string, at time.Time) said {
		t.Helper()
		headers, err := k.Sign(id, []byte(body), at)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for n, v := range headers {
			all = append(all, n, v)
		}
		return ask(t, "POST", hooks+name, body, all...)
	}
	shop := sign.Key{Scheme: sign.Shopify, Secrets: []string{"shpss_example"}}
	next := sign.Key{Scheme: sign.Shopify, Secrets: []string{"shpss_next_example"}}
	till := sign.Key{Scheme: sign.Stripe, Secrets: []string{"whsec_example"}}
	mill := sign.Key{Scheme: sign.Standard, Secrets: []string{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}}
	for _, row := range []struct {
		name string
		said said
		want int
		text string
	}{
		{"Shopify", post("shop", nameless("A"), shop, "w-1", now), 201, `"source":"shop"`},
		{"Shopify sends it again", post("shop", nameless("A"), shop, "w-1", now), 200, `"duplicate":true`},
		{"Shopify with the next secret", post("shop", nameless("B"), next, "w-2", now), 201, `"accepted"`},
		{"a bad order is refused and not sent again", post("shop", `{"id":"C"}`, shop, "w-3", now), 200, `"refused"`},
		{"for another source", post("shop", strings.Replace(order("D", "x"), "shop", "mill", 1), shop, "w-4", now), 403, "forbidden"},
		{"one id, two bodies", post("shop", nameless("E"), shop, "w-1", now), 422, "idempotency-key-reused"},
		{"Stripe", post("till", nameless("A"), till, "", now), 201, `"source":"till"`},
		{"Stripe, an hour ago", post("till", nameless("F"), till, "", now.Add(-time.Hour)), 401, "signature"},
		{"Stripe, beyond its own tolerance", post("till", nameless("F"), till, "", now.Add(-2*time.Minute)), 401, "at most 1m0s"},
		{"Standard Webhooks", post("mill", nameless("A"), mill, "msg_1", now), 201, `"source":"mill-1"`},
		{"the wrong secret", post("shop", nameless("G"), sign.Key{Scheme: sign.Shopify, Secrets: []string{"shpss_wrong"}}, "w", now), 401, "none of the 1"},
		{"a webhook that is none", post("none", nameless("G"), shop, "w", now), 404, "no webhook"},
	} {
		if row.said.status != row.want || !strings.Contains(string(row.said.body), row.text) {
			t.Errorf("%s: %d %s", row.name, row.said.status, row.said.body)
		}
	}
	all := strings.Join(stored(t, nc), "\n")
	for _, want := range []string{`"actor":"webhook:shop","tenant":"default","source":"shop"`, `"tenant":"north","source":"mill-1"`, `"idempotency_key":"mill:msg_1"`} {
		if !strings.Contains(all, want) {
			t.Errorf("no %s stored", want)
		}
	}
	if strings.Count(all, "\n")+1 != 5 {
		t.Errorf("stored:\n%s", all)
	}
}

func TestWhatHappensToAnOrder(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	url, _ := door(t, nc, ingest.Config{})
	ask(t, "POST", url, order("A/1", "x"))
	at := url + "/A%2F1"
	for _, row := range []struct {
		name, path, body string
		headers          []string
		want             int
		text             string
	}{
		{"shipped", at + "/shipped?source=shop", `{"date":"2026-11-24","document":"DN-1"}`, nil, 201, `"order_id":"A/1"`},
		{"shipped, said again", at + "/shipped?source=shop", `{"date":"2026-11-24","document":"DN-1"}`, nil, 200, `"duplicate":true`},
		{"the same document, another day", at + "/shipped?source=shop", `{"date":"2026-11-25","document":"DN-1"}`, nil, 422, `"conflict"`},
		{"shipped on no day", at + "/shipped?source=shop", `{"date":"soon"}`, nil, 422, `"pointer":"/date"`},
		{"shipped, not JSON", at + "/shipped?source=shop", `x`, nil, 400, "bad-request"},
		{"cancelled", at + "/cancelled?source=shop", ``, []string{"Idempotency-Key", "c-1"}, 201, `"accepted"`},
		{"cancelled, said again", at + "/cancelled?source=shop", `{}`, []string{"Idempotency-Key", "c-1"}, 200, `"duplicate":true`},
		{"cancelled with more to say", at + "/cancelled?source=shop", `{"why":"no"}`, nil, 400, "send no body"},
		{"an act", strings.TrimSuffix(url, "orders") + "acts", `{"kind":"note","id":"n-1","note":{"what":"query","by":"ann","text":"Looked."}}`, nil, 201, `"accepted"`},
		{"an act with faults", strings.TrimSuffix(url, "orders") + "acts", `{"kind":"note","id":"n-2"}`, nil, 422, `problem:refused`},
	} {
		a := ask(t, "POST", row.path, row.body, row.headers...)
		if a.status != row.want || !strings.Contains(string(a.body), row.text) {
			t.Errorf("%s: %d %s", row.name, a.status, a.body)
		}
	}
	lines := strings.Join(stored(t, nc), "\n")
	for _, want := range []string{`"kind":"shipped"`, `"kind":"cancelled"`, `"kind":"note"`} {
		if !strings.Contains(lines, want) {
			t.Errorf("no %s stored", want)
		}
	}
	pending := ask(t, "GET", url+"/A%2F1?source=shop", "")
	if pending.status != http.StatusNotImplemented {
		t.Errorf("without a log: %d", pending.status)
	}
}

func TestAnOrderThatIsNotLoggedYet(t *testing.T) {
	t.Parallel()
	none := func(context.Context, string) ([]ingest.Logged, uint64, error) { return nil, 0, nil }
	url, _ := door(t, natstest.Server(t), ingest.Config{Lookup: none})
	ask(t, "POST", url, order("A", "x"))
	a := ask(t, "GET", url+"/A?source=shop", "")
	if a.status != http.StatusOK || !strings.Contains(string(a.body), `"pending":[{"state":"accepted","lines":[{"line":"order"`) {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := ask(t, "GET", url+"/A?source=mill", ""); a.status != http.StatusNotFound {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// tell publishes a decision as screening does.
func tell(t *testing.T, nc *nats.Conn, source, id, outcome string, block int) {
	t.Helper()
	_, err := natstest.JetStream(t, nc).PublishMsg(t.Context(), &nats.Msg{
		Subject: subject.PublicDecisionPrefix + subject.Token(source) + "." + outcome, Data: []byte(`{"line":"judgement","outcome":"` + outcome + `"}`),
		Header: nats.Header{
			subject.HeaderCEID: {"e-" + id}, subject.HeaderCESource: {subject.HeaderText(source)}, subject.HeaderCESubject: {subject.HeaderText(id)},
			subject.HeaderSequence: {strconv.Itoa(block)}, subject.HeaderPlace: {"0"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// decisions asks for a page and gives the order ids on it.
func decisions(t *testing.T, url string, headers ...string) (ids []string, next string) {
	t.Helper()
	a := ask(t, "GET", url, "", headers...)
	var p struct {
		Decisions []struct {
			OrderID  string          `json:"order_id"`
			Decision event.Judgement `json:"decision"`
		} `json:"decisions"`
		Next string `json:"next"`
	}
	if err := json.Unmarshal(a.body, &p); err != nil || a.status != http.StatusOK {
		t.Fatalf("%d %v %s", a.status, err, a.body)
	}
	for _, d := range p.Decisions {
		ids = append(ids, d.OrderID)
	}
	return ids, p.Next
}

func TestDecisionsArePaged(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	dir := t.TempDir()
	shopOnly := makeToken(t, dir, "shop", []string{"s p"}, token.Read)
	all := makeToken(t, dir, "all", nil, token.Read)
	url, _ := door(t, nc, ingest.Config{Dir: dir})
	base := strings.TrimSuffix(url, "orders") + "decisions"
	auth := []string{"Authorization", "Bearer " + all}
	if ids, next := decisions(t, base, auth...); len(ids) != 0 || next != "" {
		t.Errorf("nothing yet: %v %q", ids, next)
	}
	for i, one := range []struct{ source, id, outcome string }{
		{"s p", "A", "release"}, {"s_p", "B", "hold"}, {"mill", "C", "release"}, {"s p", "Ü 4", "block"}, {"mill", "E", "release"},
	} {
		tell(t, nc, one.source, one.id, one.outcome, i+1)
	}
	for _, row := range []struct {
		name, query string
		auth        []string
		want        []string
	}{
		{"all", "", auth, []string{"A", "B", "C", "Ü 4", "E"}},
		{"two sources that share a subject", "?source=s+p", auth, []string{"A", "Ü 4"}},
		{"an outcome", "?outcome=release", auth, []string{"A", "C", "E"}},
		{"outcome and source", "?outcome=release&source=mill", auth, []string{"C", "E"}},
		{"behind a cursor", "?after=3", auth, []string{"Ü 4", "E"}},
		{"waiting for more than there is", "?after=5&wait=20ms", auth, nil},
		{"a token for one source", "", []string{"Authorization", "Bearer " + shopOnly}, []string{"A", "Ü 4"}},
		{"a token for another source", "?source=mill", []string{"Authorization", "Bearer " + shopOnly}, nil},
	} {
		if ids, _ := decisions(t, base+row.query, row.auth...); !cmp.Equal(row.want, ids) {
			t.Errorf("%s: %v", row.name, ids)
		}
	}
	var walked []string
	for next, n := "", 0; n < 10; n++ {
		var ids []string
		if ids, next = decisions(t, base+"?limit=2&after="+next, auth...); len(ids) == 0 {
			break
		}
		walked = append(walked, ids...)
	}
	if diff := cmp.Diff([]string{"A", "B", "C", "Ü 4", "E"}, walked); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"?limit=0", "?limit=5000", "?after=x", "?wait=2h", "?outcome=a.b", "?outcome=released"} {
		if a := ask(t, "GET", base+bad, "", auth...); a.status != http.StatusBadRequest {
			t.Errorf("%s: %d", bad, a.status)
		}
	}
	if a := ask(t, "GET", url+"?after=7", "", auth...); a.status != http.StatusBadRequest {
		t.Errorf("a cursor that is none: %d", a.status)
	}
}

func TestAPollWaitsForTheNextDecision(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	url, _ := door(t, nc, ingest.Config{})
	got := make(chan []string, 1)
	go func() {
		ids, _ := decisions(t, strings.TrimSuffix(url, "orders")+"decisions?wait=30s")
		got <- ids
	}()
	js := natstest.JetStream(t, nc)
	for { // until the poll's consumer is there
		names := 0
		s, err := js.Stream(t.Context(), subject.PublicDecisionStream)
		if err != nil {
			t.Fatal(err)
		}
		for range s.ConsumerNames(t.Context()).Name() {
			names++
		}
		if names > 0 {
			break
		}
	}
	tell(t, nc, "shop", "A", "release", 1)
	if ids := <-got; !cmp.Equal([]string{"A"}, ids) {
		t.Error(ids)
	}
	consumers := func() (n int) {
		s, err := js.Stream(t.Context(), subject.PublicDecisionStream)
		if err != nil {
			t.Fatal(err)
		}
		return s.CachedInfo().State.Consumers
	}
	if n := consumers(); n > 0 {
		t.Errorf("%d consumers left", n)
	}
}

func TestOrdersArePagedFromTheLog(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	line := func(kind, source, id string) event.Case {
		return event.NewCase(fmt.Appendf(nil, `{"line":"order","v":1,"kind":%q,"event":"e","source":%q,"order_id":%q}`, kind, source, id))
	}
	history := []ingest.Past{
		{1, line("placed", "shop", "A")},
		{1, line("placed", "mill", "B")},
		{2, event.Case{}},
		{3, event.NewCase([]byte(`{"line":"refusal","v":1,"event":"r"}`))},
		{3, line("note", "", "")},
		{3, line("shipped", "shop", "A")},
		{4, line("placed", "shop", "C")},
	}
	read := func(_ context.Context, from uint64) iter.Seq2[ingest.Past, error] {
		return func(yield func(ingest.Past, error) bool) {
			for _, p := range history {
				if p.Sequence >= from && !yield(p, nil) {
					return
				}
			}
		}
	}
	url, _ := door(t, nc, ingest.Config{History: read})
	page := func(query string) (ids []string, next string) {
		a := ask(t, "GET", url+query, "")
		var p struct {
			Orders []struct {
				Kind    string
				OrderID string `json:"order_id"`
			}
			Next string
		}
		if err := json.Unmarshal(a.body, &p); err != nil || a.status != http.StatusOK {
			t.Fatalf("%d %v %s", a.status, err, a.body)
		}
		for _, o := range p.Orders {
			ids = append(ids, o.Kind+" "+o.OrderID)
		}
		return ids, p.Next
	}
	if ids, next := page(""); !cmp.Equal([]string{"placed A", "placed B", "shipped A", "placed C"}, ids) || next != "4.0" {
		t.Errorf("%v %s", ids, next)
	}
	if ids, _ := page("?source=shop"); !cmp.Equal([]string{"placed A", "shipped A", "placed C"}, ids) {
		t.Errorf("%v", ids)
	}
	var walked []string
	for next, n := "", 0; n < 10; n++ {
		var ids []string
		if ids, next = page("?limit=1&after=" + next); len(ids) == 0 {
			break
		}
		walked = append(walked, ids...)
	}
	if diff := cmp.Diff([]string{"placed A", "placed B", "shipped A", "placed C"}, walked); diff != "" {
		t.Error(diff)
	}
}

// certificate writes a certificate for 127.0.0.1 with a serial number.
func certFiles(t *testing.T, dir string, serial int64) certificate.Files {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "door"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	pkcs8, kerr := x509.MarshalPKCS8PrivateKey(key)
	if err := errors.Join(err, kerr); err != nil {
		t.Fatal(err)
	}
	files := certificate.Files{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
	for file, block := range map[string]*pem.Block{files.Cert: {Type: "CERTIFICATE", Bytes: der}, files.Key: {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		stamp := time.Now().Add(time.Duration(serial) * time.Minute)
		if err := os.Chtimes(file, stamp, stamp); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func TestTLSAndARenewedCertificate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files := certFiles(t, dir, 1)
	if _, err := os.Stat(files.Cert); err != nil {
		t.Fatal(err)
	}
	times := make(chan time.Time, 1)
	times <- time.Now()
	now := func() time.Time { n := <-times; times <- n; return n }
	url, _ := door(t, natstest.Server(t), ingest.Config{TLS: files, Clock: now})
	host := strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/v1/orders")
	serial := func() int64 {
		c, err := (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}).DialContext(t.Context(), "tcp", host)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		return c.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	if n := serial(); n != 1 {
		t.Errorf("serial %d", n)
	}
	certFiles(t, dir, 2)
	times <- (<-times).Add(time.Minute)
	if n := serial(); n != 2 {
		t.Errorf("renewed: serial %d", n)
	}
	if err := os.Remove(files.Key); err != nil {
		t.Fatal(err)
	}
	times <- (<-times).Add(time.Minute)
	if n := serial(); n != 2 {
		t.Errorf("without a key file: serial %d", n)
	}
}
