package standalone_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/tidegate/tidegate/deploy/standalone"
)

// locked is a writer for a logger that several goroutines use.
type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// started runs the whole product for a test.
func started(t *testing.T, cfg standalone.Config) *standalone.Standalone {
	t.Helper()
	cfg.Data, cfg.GuardDir = filepath.Join(t.TempDir(), "data"), t.TempDir()
	s, err := standalone.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	select {
	case <-s.Ready():
	case err := <-done:
		done <- err
		t.Fatal(err)
	}
	return s
}

// conversation asks a running door and holds every answer against its own description.
type conversation struct {
	t    *testing.T
	s    *standalone.Standalone
	doc  *openapi3.T
	said map[string]bool // method and path that were asked
}

func (c *conversation) ask(method, path, at, body string, want int, headers ...string) []byte {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.s.HTTP()+at, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if resp.StatusCode != want {
		c.t.Errorf("%s %s: %d, want %d: %s", method, at, resp.StatusCode, want, b)
	}
	item := c.doc.Paths.Value(path)
	if item == nil || item.GetOperation(method) == nil {
		c.t.Fatalf("%s %s is not described", method, path)
	}
	c.said[method+" "+path] = true
	err = openapi3filter.ValidateResponse(c.t.Context(), (&openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: req, Route: &routers.Route{Spec: c.doc, Path: path, PathItem: item, Method: method, Operation: item.GetOperation(method)},
		},
		Status: resp.StatusCode, Header: resp.Header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}).SetBodyBytes(b))
	if err != nil {
		c.t.Errorf("%s %s: %v\n%s", method, at, err, b)
	}
	return b
}

const (
	huawei = `{"source":"shop","id":"A-1","order_date":"2026-11-20","ship_from":"US","ship_to":"SG","parties":[{"role":"purchaser","name":"Huawei Cloud Singapore","address":{"country":"SG"}}],"items":[{"description":"NVIDIA H100 80GB SXM5","quantity":8}]}`
	fan    = `{"source":"shop","id":"F-1","order_date":"2026-11-20","ship_to":"DE","parties":[{"role":"purchaser","name":"Holm Schraubenhandel GmbH","address":{"country":"DE"}}],"items":[{"description":"desk fan","eccn":"EAR99"}]}`
)

// TestTheDoorIsAsItsDescriptionSays asks every path there is, good and bad, of the whole product, and holds every answer
// against the OpenAPI document that the door itself serves.
func TestTheDoorIsAsItsDescriptionSays(t *testing.T) {
	log := &locked{}
	read := filepath.Join(t.TempDir(), "sources.yaml")
	if err := os.WriteFile(read, []byte("sources:\n  drop:\n    folder: {path: inbox}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := started(t, standalone.Config{Sources: read, Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	resp, err := http.Get(s.HTTP() + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	openapi3filter.RegisterBodyDecoder("application/x-ndjson", openapi3filter.PlainBodyDecoder)
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := &conversation{t: t, s: s, doc: doc, said: map[string]bool{}}

	c.ask("GET", "/openapi.json", "/openapi.json", "", 200)
	c.ask("GET", "/healthz", "/healthz", "", 200)
	c.ask("GET", "/readyz", "/readyz", "", 200)
	c.ask("POST", "/v1/orders", "/v1/orders?wait=decision", huawei, 201)
	c.ask("POST", "/v1/orders", "/v1/orders?wait=receipt", fan, 201)
	c.ask("POST", "/v1/orders", "/v1/orders?wait=receipt", fan, 200)
	c.ask("POST", "/v1/orders", "/v1/orders?wait=receipt&timeout=0s", strings.Replace(fan, "F-1", "F-2", 1), 202)
	c.ask("POST", "/v1/orders", "/v1/orders", fan+"\n"+huawei+"\n{}", 200, "Content-Type", "application/x-ndjson")
	refused := c.ask("POST", "/v1/orders", "/v1/orders?wait=receipt", `{"id":"B-1","parties":[{"role":"purchaser","name":"Holm Schraubenhandel GmbH"}]}`, 422)
	c.ask("POST", "/v1/orders", "/v1/orders?wait=moon", fan, 400)
	c.ask("POST", "/v1/orders", "/v1/orders", fan, 401, "Authorization", "Bearer x")
	c.ask("POST", "/v1/orders", "/v1/orders", fan, 415, "Content-Type", "image/png")
	c.ask("GET", "/v1/orders", "/v1/orders?limit=2", "", 200)
	c.ask("GET", "/v1/orders", "/v1/orders?after=x", "", 400)
	c.ask("GET", "/v1/orders/{id}", "/v1/orders/F-1", "", 200)
	c.ask("GET", "/v1/orders/{id}", "/v1/orders/F-2?source=shop", "", 200)
	c.ask("GET", "/v1/orders/{id}", "/v1/orders/none", "", 404)
	c.ask("POST", "/v1/orders/{id}/shipped", "/v1/orders/F-1/shipped?source=shop&wait=decision", `{"date":"2026-11-24","document":"DN-1"}`, 201)
	c.ask("POST", "/v1/orders/{id}/shipped", "/v1/orders/F-1/shipped?source=shop", `{"date":"2026-11-24","document":"DN-1"}`, 200)
	c.ask("POST", "/v1/orders/{id}/shipped", "/v1/orders/F-1/shipped?source=shop", `{"date":"x"}`, 422)
	c.ask("POST", "/v1/orders/{id}/cancelled", "/v1/orders/F-2/cancelled?source=shop", ``, 201)
	c.ask("POST", "/v1/screen", "/v1/screen", strings.Replace(huawei, "A-1", "Q-1", 1), 200)
	c.ask("POST", "/v1/screen", "/v1/screen", `{"id":"Q"}`, 422)
	c.ask("POST", "/v1/screen", "/v1/screen", fan+"\n"+huawei, 200, "Content-Type", "application/x-ndjson")
	c.ask("POST", "/v1/acts", "/v1/acts", `{"kind":"note","id":"n-1","note":{"what":"query","by":"ann","text":"Looked."}}`, 201)
	c.ask("POST", "/v1/acts", "/v1/acts", `{"kind":"note","id":"n-1","note":{"what":"query","by":"ann","text":"Looked."}}`, 200)
	c.ask("POST", "/v1/webhooks/{name}", "/v1/webhooks/none", `{}`, 404)
	c.ask("GET", "/v1/match", "/v1/match?name=Huawei+Cloud&country=SG", "", 200)
	c.ask("GET", "/v1/match", "/v1/match?nam=x", "", 400)
	c.ask("POST", "/v1/match", "/v1/match", `{"name":"Nobody At All"}`, 200)
	c.ask("GET", "/v1/decisions", "/v1/decisions?source=shop", "", 200)
	c.ask("GET", "/v1/decisions", "/v1/decisions?wait=20ms&after=99999", "", 200)
	c.ask("GET", "/v1/receipts", "/v1/receipts", "", 200)
	list := c.ask("GET", "/v1/refusals", "/v1/refusals?wait=10s", "", 200)
	var problem struct{ Event string }
	if err := json.Unmarshal(refused, &problem); err != nil || problem.Event == "" {
		t.Fatalf("%v %s", err, refused)
	}
	if !bytes.Contains(list, []byte(problem.Event)) || bytes.Contains(list, []byte(`"bytes"`)) {
		t.Errorf("refusals: %s", list)
	}
	c.ask("GET", "/v1/refusals/{event}", "/v1/refusals/"+problem.Event, "", 200)
	c.ask("GET", "/v1/refusals/{event}", "/v1/refusals/0e8c0b3a-8f0e-5d1c-9a53-9a4f3a1f1a11", "", 404)
	metrics := c.ask("GET", "/metrics", "/metrics", "", 200)

	var offered, described []string
	for _, r := range s.Ingest.Routes() {
		offered = append(offered, r.Method+" "+r.Path)
		item := doc.Paths.Value(r.Path)
		if item == nil || item.GetOperation(r.Method) == nil {
			t.Errorf("%s %s is not described", r.Method, r.Path)
			continue
		}
		op := item.GetOperation(r.Method)
		if open := op.Security != nil && len(*op.Security) == 0; open != (r.Scope == "") || (!open && !strings.Contains(op.Description, "Scope: "+r.Scope+".")) {
			t.Errorf("%s %s: scope %q is not described", r.Method, r.Path, r.Scope)
		}
	}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			described = append(described, method+" "+path)
			if !c.said[method+" "+path] {
				t.Errorf("%s %s was not asked", method, path)
			}
		}
	}
	slices.Sort(offered)
	slices.Sort(described)
	if !slices.Equal(offered, described) {
		t.Errorf("offered %v\ndescribed %v", offered, described)
	}
	theDashboardAsksForWhatThereIs(t, metrics)
	if text := log.String() + string(metrics); regexp.MustCompile(`(?i)holm|schrauben|huawei`).MatchString(text) {
		t.Error("a party is named in logs or metrics")
	}
	aClientInAnotherLanguageDrivesIt(t, s.HTTP(), text)
}

// theDashboardAsksForWhatThereIs looks for the metrics of every query of the Grafana dashboard among those served.
func theDashboardAsksForWhatThereIs(t *testing.T, metrics []byte) {
	t.Helper()
	b, err := os.ReadFile("../grafana/tidegate.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(b, &board); err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^(tidegate_\w+)`).FindAllSubmatch(metrics, -1) {
		there[string(m[1])] = true
	}
	asked := map[string]bool{}
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			for _, name := range regexp.MustCompile(`tidegate_\w+`).FindAllString(target.Expr, -1) {
				asked[strings.TrimSuffix(name, "_bucket")] = true
				if !there[name] {
					t.Errorf("panel %q asks for %s, which is not there", p.Title, name)
				}
			}
		}
	}
	for name := range there {
		base := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, "")
		if !asked[base] && !asked[name] {
			t.Errorf("no panel shows %s", name)
		}
	}
}

// aClientInAnotherLanguageDrivesIt generates a TypeScript client from the document and has it send and read orders, where
// node and the generator are installed (scripts/tools/client).
func aClientInAnotherLanguageDrivesIt(t *testing.T, door string, doc []byte) {
	t.Helper()
	tools, err := filepath.Abs("../../scripts/tools/client")
	if err != nil {
		t.Fatal(err)
	}
	node, err := exec.LookPath("node")
	if _, serr := os.Stat(filepath.Join(tools, "node_modules")); err != nil || serr != nil {
		t.Log("no node, or scripts/tools/client is not installed (npm ci there): the generated client was not tried")
		return
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "openapi.json"), doc, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, filepath.Join(tools, "drive.mjs"), dir, door)
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("ok: ")) {
		t.Errorf("the generated client: %v\n%s", err, out)
	}
	t.Logf("%s", out)
}
