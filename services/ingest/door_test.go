package ingest_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tidegate/tidegate/services/ingest"
	"github.com/tidegate/tidegate/shared/natstest"
	"github.com/tidegate/tidegate/shared/token"
)

// said is what a door answered.
type said struct {
	status int
	header http.Header
	body   []byte
}

func (a said) problem(t *testing.T) (p ingest.Problem) {
	t.Helper()
	if err := json.Unmarshal(a.body, &p); err != nil || a.header.Get("Content-Type") != "application/problem+json" {
		t.Fatalf("%d %s: %v: %s", a.status, a.header.Get("Content-Type"), err, a.body)
	}
	if p.Status != a.status || p.Title == "" || p.RequestID != a.header.Get("X-Request-Id") || p.RequestID == "" {
		t.Errorf("%d %s", a.status, a.body)
	}
	return p
}

// ask sends a request with headers given as name, value, and so on.
func ask(t *testing.T, method, url, body string, headers ...string) said {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return said{resp.StatusCode, resp.Header, b}
}

func zipped(t *testing.T, b []byte) string {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestEverythingThatGoesWrongIsAProblem(t *testing.T) {
	t.Parallel()
	url, _ := door(t, natstest.Server(t), ingest.Config{})
	base := strings.TrimSuffix(url, "/v1/orders")
	good := order("A", "x")
	bomb := zipped(t, bytes.Repeat([]byte{' '}, 64<<20))
	for _, row := range []struct {
		name, method, url, body string
		headers                 []string
		status                  int
		kind                    string
	}{
		{"a path that is none", "GET", base + "/v2/orders", "", nil, 404, "no-such-path"},
		{"a method that is not for the path", "DELETE", url, "", nil, 405, "method-not-allowed"},
		{"a method that is not for the path of one order", "PUT", url + "/A-1", "{}", nil, 405, "method-not-allowed"},
		{"a media type", "POST", url, good, []string{"Content-Type", "image/png"}, 415, "media-type"},
		{"an encoding", "POST", url, good, []string{"Content-Encoding", "br"}, 415, "media-type"},
		{"not gzip", "POST", url, good, []string{"Content-Encoding", "gzip"}, 400, "orders-not-read"},
		{"a bomb", "POST", url, bomb, []string{"Content-Encoding", "gzip"}, 413, "too-large"},
		{"waiting for the moon", "POST", url + "?wait=moon", good, nil, 400, "bad-request"},
		{"waiting too long", "POST", url + "?wait=decision&timeout=1h", good, nil, 400, "bad-request"},
		{"an idempotency key with spaces", "POST", url, good, []string{"Idempotency-Key", "a b"}, 400, "bad-request"},
		{"an order with faults", "POST", url, `{"id":"B"}`, nil, 422, "refused"},
		{"another site's page", "POST", url, good, []string{"Sec-Fetch-Site", "cross-site"}, 403, "cross-origin"},
		{"a token nobody made", "POST", url, good, []string{"Authorization", "Bearer nonsense"}, 401, "token-missing"},
		{"no log to look in", "GET", url + "/A-1", "", nil, 501, "not-here"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			a := ask(t, row.method, row.url, row.body, row.headers...)
			p := a.problem(t)
			if a.status != row.status || p.Type != "urn:tidegate:problem:"+row.kind {
				t.Errorf("%d %s", a.status, a.body)
			}
			switch row.status {
			case 405:
				if a.header.Get("Allow") == "" {
					t.Error("no Allow header")
				}
			case 422:
				if len(p.Errors) != 2 || p.Errors[0].Pointer != "/parties" || p.Event == "" {
					t.Errorf("%+v", p)
				}
			}
		})
	}
}

func TestRequestIDs(t *testing.T) {
	t.Parallel()
	url, _ := door(t, natstest.Server(t), ingest.Config{})
	if id := ask(t, "POST", url, order("A", "x"), "X-Request-Id", "mine-1").header.Get("X-Request-Id"); id != "mine-1" {
		t.Errorf("the sender's own id came back as %q", id)
	}
	for _, bad := range []string{"", "two words", strings.Repeat("x", 200)} {
		if id := ask(t, "POST", url, order("A", "x"), "X-Request-Id", bad).header.Get("X-Request-Id"); id == bad || len(id) != 36 {
			t.Errorf("%q became %q", bad, id)
		}
	}
}

func TestGzip(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	url, _ := door(t, nc, ingest.Config{})
	one := ask(t, "POST", url, zipped(t, []byte(order("A", "x"))), "Content-Encoding", "gzip")
	if one.status != http.StatusCreated {
		t.Errorf("%d %s", one.status, one.body)
	}
	var lines strings.Builder
	for i := range 500 {
		lines.WriteString(order(strconv.Itoa(i), "x") + "\n")
	}
	packed := zipped(t, []byte(lines.String()))
	many := ask(t, "POST", url, packed, "Content-Encoding", "gzip", "Content-Type", "application/x-ndjson")
	if n := bytes.Count(many.body, []byte(`"status":"accepted"`)); many.status != http.StatusOK || n != 500 {
		t.Errorf("%d, %d accepted", many.status, n)
	}
	cut := ask(t, "POST", url, packed[:len(packed)-6], "Content-Encoding", "gzip", "Content-Type", "application/x-ndjson")
	if !bytes.Contains(cut.body, []byte(`cannot be unpacked`)) || !bytes.Contains(cut.body, []byte(`"duplicate":true`)) {
		t.Errorf("cut off: %d %.300s", cut.status, cut.body[max(0, len(cut.body)-300):])
	}
}

func TestAnIdempotencyKeyStandsForOneBody(t *testing.T) {
	t.Parallel()
	nc := natstest.Server(t)
	dir := t.TempDir()
	url, stop := door(t, nc, ingest.Config{Dir: dir})
	key := []string{"Idempotency-Key", "8e03978e-40d5-43dd-bc93-6894a57f9324"}
	first := ask(t, "POST", url, order("A", "x"), key...)
	again := ask(t, "POST", url, order("A", "x"), key...)
	if first.status != http.StatusCreated || again.status != http.StatusOK || !bytes.Contains(again.body, []byte(`"duplicate":true`)) {
		t.Errorf("%d %s, %d %s", first.status, first.body, again.status, again.body)
	}
	other := ask(t, "POST", url, order("B", "x"), key...)
	if p := other.problem(t); other.status != 422 || p.Type != "urn:tidegate:problem:idempotency-key-reused" {
		t.Errorf("another body: %d %s", other.status, other.body)
	}
	if a := ask(t, "POST", url, `{"source":"mill",`+order("B", "x")[17:], key...); a.status != http.StatusCreated {
		t.Errorf("the same key of another source: %d %s", a.status, a.body)
	}
	lines := ask(t, "POST", url, order("C", "x")+"\n"+order("D", "x"), "Idempotency-Key", "k-2", "Content-Type", "application/x-ndjson")
	mixed := ask(t, "POST", url, order("C", "x")+"\n"+order("E", "x"), "Idempotency-Key", "k-2", "Content-Type", "application/x-ndjson")
	if bytes.Count(lines.body, []byte(`"accepted"`)) != 2 || !bytes.Contains(mixed.body, []byte(`"status":"reused"`)) || !bytes.Contains(mixed.body, []byte(`"duplicate":true`)) {
		t.Errorf("several: %s %s", lines.body, mixed.body)
	}
	if n := len(stored(t, nc)); n != 4 {
		t.Errorf("%d stored, want A, B of mill, C and D", n)
	}
	// The index is made again from the stream: the keys that senders gave are in it.
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "keys.db")); err != nil {
		t.Fatal(err)
	}
	url, _ = door(t, nc, ingest.Config{Dir: dir})
	if a := ask(t, "POST", url, order("B", "x"), key...); a.status != 422 {
		t.Errorf("after the index was lost: %d %s", a.status, a.body)
	}
}

func TestAWaitThatPassesIsAcceptedWithAPlaceToLook(t *testing.T) {
	t.Parallel()
	url, _ := door(t, natstest.Server(t), ingest.Config{}) // nobody decides here
	a := ask(t, "POST", url+"?wait=decision&timeout=1ms", order("A 1/2", "x"))
	if a.status != http.StatusAccepted || a.header.Get("Location") != "/v1/orders/A%201%2F2?source=shop" || a.header.Get("Retry-After") == "" {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
}

func TestAFloodIsToldToWait(t *testing.T) {
	t.Parallel()
	url, _ := door(t, natstest.Server(t), ingest.Config{Requests: 1})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	body, feed := io.Pipe()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	go func() { _, _ = feed.Write([]byte(order("A", "x") + "\n")) }()
	slow, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = slow.Body.Close() }()
	if line, err := bufio.NewReader(slow.Body).ReadString('\n'); err != nil { // answered in part: the request is at work
		t.Fatal(line, err)
	}
	a := ask(t, "POST", url, order("B", "x"))
	if p := a.problem(t); a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") == "" || p.Type != "urn:tidegate:problem:too-many-requests" {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := ask(t, "GET", strings.TrimSuffix(url, "/v1/orders")+"/healthz", ""); a.status != http.StatusOK {
		t.Errorf("health during a flood: %d", a.status)
	}
	if err := feed.Close(); err != nil {
		t.Fatal(err)
	}
}

func makeToken(t *testing.T, dir, name string, sources []string, scopes ...token.Scope) string {
	t.Helper()
	secret, _, err := token.Create(dir, token.Record{Name: name, Scopes: scopes, Sources: sources}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// TestEveryRouteUnderEveryScope asks every route the door has with every scope, and without.
func TestEveryRouteUnderEveryScope(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	secrets := map[string]string{}
	for _, scope := range token.Scopes {
		secrets[string(scope)] = makeToken(t, dir, string(scope), nil, scope)
	}
	url, _ := door(t, natstest.Server(t), ingest.Config{Dir: dir})
	base := strings.TrimSuffix(url, "/v1/orders")
	s, err := ingest.New(natstest.Server(t), ingest.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	covers := func(has, needs string) bool { return has == needs || has == "audit" && needs == "read" }
	for _, r := range s.Routes() {
		path := base + strings.NewReplacer("{id}", "A-1", "{event}", "0e8c0b3a-8f0e-5d1c-9a53-9a4f3a1f1a11", "{name}", "none").Replace(r.Path) + "?timeout=1ms"
		if a := ask(t, r.Method, path, "{}"); (a.status == http.StatusUnauthorized) != (r.Scope != "") {
			t.Errorf("%s %s without token: %d", r.Method, r.Path, a.status)
		}
		for has, secret := range secrets {
			a := ask(t, r.Method, path, "{}", "Authorization", "Bearer "+secret)
			if passes := a.status != http.StatusForbidden && a.status != http.StatusUnauthorized; passes != (r.Scope == "" || covers(has, r.Scope)) && r.Path != "/v1/webhooks/{name}" {
				t.Errorf("%s %s (%s) with %s: %d %s", r.Method, r.Path, r.Scope, has, a.status, a.body)
			}
		}
	}
}

func TestATokenActsForItsSourcesOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	secret := makeToken(t, dir, "shop", []string{"shop"}, token.Submit)
	nc := natstest.Server(t)
	url, _ := door(t, nc, ingest.Config{Dir: dir})
	auth := []string{"Authorization", "Bearer " + secret, "Content-Type", "application/x-ndjson"}
	nameless := strings.Replace(order("C", "x"), `"source":"shop",`, "", 1)
	foreign := strings.Replace(order("B", "x"), `"shop"`, `"mill"`, 1)
	a := ask(t, "POST", url, order("A", "x")+"\n"+foreign+"\n"+nameless, auth...)
	var got []string
	for line := range strings.Lines(string(a.body)) {
		var one ingest.Answer
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatal(err)
		}
		got = append(got, one.Status+" "+one.Source)
	}
	if diff := cmp.Diff([]string{"accepted shop", "forbidden ", "accepted shop"}, got); diff != "" {
		t.Error(diff)
	}
	one := ask(t, "POST", url, foreign, auth[:2]...)
	if p := one.problem(t); one.status != http.StatusForbidden || !strings.Contains(p.Detail, `"mill"`) {
		t.Errorf("%d %s", one.status, one.body)
	}
	lines := stored(t, nc)
	if len(lines) != 2 || !strings.Contains(lines[0], `"actor":"token:shop"`) {
		t.Errorf("stored: %s", strings.Join(lines, "\n"))
	}
}

func TestARevokedTokenEndsWithinASecond(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	secret := makeToken(t, dir, "shop", nil, token.Submit)
	now := time.Now()
	s, err := ingest.New(natstest.Server(t), ingest.Config{Dir: dir, Clock: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	status := func(remote string, headers ...string) int {
		r := httptest.NewRequest(http.MethodPost, "/v1/orders?wait=never", nil)
		r.RemoteAddr = remote
		for i := 0; i+1 < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		return w.Code
	}
	auth := []string{"Authorization", "Bearer " + secret}
	if got := status("127.0.0.1:1", auth...); got != http.StatusBadRequest {
		t.Errorf("a good token: %d", got)
	}
	if err := token.Revoke(dir, "shop", now); err != nil {
		t.Fatal(err)
	}
	now = now.Add(2 * time.Second)
	if got := status("127.0.0.1:1", auth...); got != http.StatusUnauthorized {
		t.Errorf("a revoked token: %d", got)
	}
	if got := status("127.0.0.1:1"); got != http.StatusUnauthorized {
		t.Errorf("the last token is revoked, nobody gets in without: %d", got)
	}
	if got := status("127.0.0.1:1", "Authorization", "Bearer "+s.LocalToken()); got != http.StatusBadRequest {
		t.Errorf("the process's own token: %d", got)
	}
}

func TestWithoutTokensTheDoorIsOpenToItsOwnMachineOnly(t *testing.T) {
	t.Parallel()
	s, err := ingest.New(natstest.Server(t), ingest.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	for remote, want := range map[string]int{"127.0.0.1:9": 400, "[::1]:9": 400, "10.0.0.7:9": 401, "192.0.2.1:9": 401, "": 401} {
		r := httptest.NewRequest(http.MethodPost, "/v1/orders?wait=never", nil)
		r.RemoteAddr = remote
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%q: %d, want %d", remote, w.Code, want)
		}
	}
}
