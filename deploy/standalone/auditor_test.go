package standalone_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/tidegate/tidegate/deploy/standalone"
	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/page"
	"github.com/tidegate/tidegate/services/ingest"
	"github.com/tidegate/tidegate/shared/token"
)

// product is the whole of it with the auditor's page, stopped by stop.
type product struct {
	*standalone.Standalone
	t    *testing.T
	data string
	stop func()
}

func withPage(t *testing.T, data, guard string) *product {
	t.Helper()
	s, err := standalone.New(t.Context(), standalone.Config{Data: data, GuardDir: guard, NATSPort: -1, Page: page.Config{Listen: ":0", Index: 20 * time.Millisecond, Every: time.Hour}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	p := &product{Standalone: s, t: t, data: data}
	p.stop = func() {
		http.DefaultClient.CloseIdleConnections()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		done <- nil
	}
	t.Cleanup(p.stop)
	select {
	case <-s.Ready():
	case err := <-done:
		done <- err
		t.Fatal(err)
	}
	for tick := time.NewTicker(5 * time.Millisecond); !s.Audit.Ready(); {
		<-tick.C
	}
	return p
}

func (p *product) ask(method, url, secret, body string) (int, string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+secret)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func (p *product) token(r token.Record) string {
	p.t.Helper()
	secret, _, err := token.Create(filepath.Join(p.data, "ingest"), r, time.Now())
	if err != nil {
		p.t.Fatal(err)
	}
	return secret
}

// orders is how many blocks there are: whatever is changed is one more.
func (p *product) orders() uint64 {
	p.t.Helper()
	nc, err := p.Connect("test")
	if err != nil {
		p.t.Fatal(err)
	}
	defer nc.Close()
	js, err := nc.JetStream()
	if err != nil {
		p.t.Fatal(err)
	}
	info, err := js.StreamInfo(subject.OrderStream)
	if err != nil {
		p.t.Fatal(err)
	}
	return info.State.LastSeq
}

func orderOf(source, id, party string) string {
	b, err := json.Marshal(event.Order{
		Source: source, ID: id, OrderDate: "2026-08-15", ShipFrom: "US", ShipTo: "DE", Parties: []event.Party{{Role: event.Purchaser, Name: party, Address: &event.Address{Country: "DE"}}},
		Items: []event.Item{{Description: "desk fan", ECCN: "EAR99", Quantity: "8"}},
	})
	if err != nil {
		panic(err)
	}
	return string(b)
}

// tried says how each route of the HTTP door is tried. A route that is not here fails the test.
var tried = map[string][]string{
	"POST /v1/orders":                {"/v1/orders"},
	"GET /v1/orders":                 {"/v1/orders", "/v1/orders?source=erp"},
	"GET /v1/orders/{id}":            {"/v1/orders/E-1", "/v1/orders/E-1?source=erp", "/v1/orders/S-1"},
	"GET /v1/match":                  {"/v1/match?name=Hidden"},
	"POST /v1/match":                 {"/v1/match"},
	"POST /v1/orders/{id}/shipped":   {"/v1/orders/S-1/shipped"},
	"POST /v1/orders/{id}/cancelled": {"/v1/orders/S-1/cancelled"},
	"POST /v1/screen":                {"/v1/screen"},
	"POST /v1/acts":                  {"/v1/acts"},
	"POST /v1/webhooks/{name}":       {"/v1/webhooks/shop"},
	"GET /v1/decisions":              {"/v1/decisions", "/v1/decisions?source=erp"},
	"GET /v1/receipts":               {"/v1/receipts", "/v1/receipts?source=erp"},
	"GET /v1/refusals":               {"/v1/refusals", "/v1/refusals?source=erp"},
	"GET /v1/refusals/{event}":       {"/v1/refusals/none"},
	"GET /healthz":                   {"/healthz"},
	"GET /readyz":                    {"/readyz"},
	"GET /metrics":                   {"/metrics"},
	"GET /openapi.json":              {"/openapi.json"},
}

// An auditor's token changes nothing and sees nothing beyond itself, through any route of the HTTP door.
func TestAnAuditorsTokenAtEveryRouteOfTheHTTPDoor(t *testing.T) {
	t.Parallel()
	p := withPage(t, filepath.Join(t.TempDir(), "data"), t.TempDir())
	sender := p.token(token.Record{Name: "sender", Scopes: []token.Scope{token.Submit, token.Read}})
	whole := p.token(token.Record{Name: "whole", Scopes: []token.Scope{token.Audit}})
	shop := p.token(token.Record{Name: "shop-auditor", Scopes: []token.Scope{token.Audit}, Sources: []string{"shop"}})
	quarter := p.token(token.Record{Name: "quarter", Scopes: []token.Scope{token.Audit}, From: "2026-07-01", Until: "2026-09-30"})
	var refusal string
	for _, o := range []string{orderOf("shop", "S-1", "Holm GmbH"), orderOf("erp", "E-1", "Hidden GmbH"), `{"source":"erp","id":"Hidden-R"}`} {
		_, said := p.ask("POST", p.HTTP()+"/v1/orders?wait=receipt", sender, o)
		var a struct{ Event string }
		if err := json.Unmarshal([]byte(said), &a); err != nil {
			t.Fatal(err, said)
		}
		refusal = a.Event
	}
	before := p.orders()
	for _, r := range p.Ingest.Routes() {
		name := r.Method + " " + r.Path
		paths := tried[name]
		if paths == nil {
			t.Errorf("%s: no request tries this route: add one to the table", name)
		}
		if r.Path == "/v1/refusals/{event}" {
			paths = append(slices.Clone(paths), "/v1/refusals/"+refusal)
		}
		for _, path := range paths {
			p.tryRoute(r, path, map[string]string{"whole": whole, "shop": shop, "quarter": quarter})
		}
	}
	if after := p.orders(); after != before {
		t.Errorf("an auditor changed something: %d blocks, then %d", before, after)
	}
}

func (p *product) tryRoute(r ingest.Route, path string, secrets map[string]string) {
	p.t.Helper()
	for who, secret := range secrets {
		status, said := p.ask(r.Method, p.HTTP()+path, secret, orderOf("shop", "NEW-"+who, "Holm GmbH"))
		may := r.Scope == "" || who != "quarter" && (r.Scope == "read" || r.Scope == "audit")
		if refused := status == http.StatusForbidden; refused == may && r.Scope != "" {
			p.t.Errorf("%s %s (%s) by %s: %d %s", r.Method, path, r.Scope, who, status, said)
		}
		shown := strings.ReplaceAll(strings.ReplaceAll(said, "no refusal", ""), path, "")
		if who != "whole" && strings.Contains(shown, "Hidden") && r.Path != "/v1/match" {
			p.t.Errorf("%s %s shows %s what it may not see: %s", r.Method, path, who, said)
		}
	}
}

// An auditor's token opens nothing on the NATS server: none of its channels is reached.
func TestAnAuditorsTokenOpensNoChannelOfNATS(t *testing.T) {
	t.Parallel()
	p := withPage(t, filepath.Join(t.TempDir(), "data"), t.TempDir())
	secret := p.token(token.Record{Name: "kim", Scopes: []token.Scope{token.Audit}})
	b, err := os.ReadFile(filepath.Join(p.data, "running.json"))
	if err != nil {
		t.Fatal(err)
	}
	var running struct{ NATS string }
	if err := json.Unmarshal(b, &running); err != nil || running.NATS == "" {
		t.Fatal(err, string(b))
	}
	channels := asyncAPI(t).Channels
	if len(channels) == 0 {
		t.Fatal("the contract has no channel: the test is blind")
	}
	for name, c := range channels {
		for how, option := range map[string]nats.Option{
			"as a token": nats.Token(secret), "as a password": nats.UserInfo("kim", secret), "as a user": nats.UserInfo(secret, ""), "as nothing": nats.Name("nobody"),
		} {
			nc, err := nats.Connect(running.NATS, option, nats.MaxReconnects(0), nats.Timeout(5*time.Second))
			if err == nil {
				_, err = nc.Request(c.Address, []byte(`{}`), time.Second)
				t.Errorf("%s %s: connected: %v", name, how, err)
				nc.Close()
			}
		}
	}
}

// What was asked through the page is in the log, also what was asked a moment before the end.
func TestWhatAuditorsAskIsALeaf(t *testing.T) {
	t.Parallel()
	data, guard := filepath.Join(t.TempDir(), "data"), t.TempDir()
	p := withPage(t, data, guard)
	sender := p.token(token.Record{Name: "sender", Scopes: []token.Scope{token.Submit}})
	kim := p.token(token.Record{Name: "kim", Scopes: []token.Scope{token.Audit}})
	if status, said := p.ask("POST", p.HTTP()+"/v1/orders?wait=receipt", sender, orderOf("shop", "S-1", "Holm GmbH")); status != http.StatusCreated {
		t.Fatal(status, said)
	}
	before := p.orders()
	for status := 0; status != http.StatusOK; {
		status, _ = p.ask("GET", p.Auditor()+"/order?id=S-1", kim, "")
	}
	for range 50 {
		if status, said := p.ask("GET", p.Auditor()+"/?"+url.Values{"party": {"holm"}}.Encode(), kim, ""); status != http.StatusOK || !strings.Contains(said, "Holm GmbH") {
			t.Fatal(status, said)
		}
	}
	if status, _ := p.ask("GET", p.Auditor()+"/evidence?id=S-1&source=shop", kim, ""); status != http.StatusOK {
		t.Error("no evidence", status)
	}
	if status, _ := p.ask("GET", p.Auditor()+"/?party=holm", sender, ""); status != http.StatusForbidden {
		t.Error("a sender sees the auditor's page", status)
	}
	if p.orders() != before {
		t.Error("each question is a block of its own")
	}
	p.stop()
	again := withPage(t, data, guard) // what was durable at the end is logged now
	var said []string
	for deadline := time.Now().Add(time.Minute); len(said) < 2 && time.Now().Before(deadline); {
		said = said[:0]
		for l, err := range audit.ReadCases(t.Context(), filepath.Join(data, "audit"), 1) {
			if err != nil {
				t.Fatal(err)
			}
			if l.Leaf.Kind == event.LeafNote {
				said = append(said, string(l.Case.Line(0)))
			}
		}
	}
	if len(said) != 2 || !strings.Contains(said[0], `"evidence"`) || !strings.Contains(said[1], `{"name":"searches","count":50}`) || !strings.Contains(said[1], "token:kim") {
		t.Errorf("%d notes: %s", len(said), strings.Join(said, "\n"))
	}
	again.stop()
}
