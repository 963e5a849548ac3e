package page_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/page"
	"github.com/tidegate/tidegate/shared/bus"
	"github.com/tidegate/tidegate/shared/codec"
	"github.com/tidegate/tidegate/shared/natstest"
	"github.com/tidegate/tidegate/shared/token"
)

func encode(tb testing.TB, v any) []byte {
	tb.Helper()
	b, err := codec.Append(nil, v)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// placed is an order to be logged.
type placed struct {
	id, source, party string
	date              event.Date
	outcome           event.Outcome
}

// decided is a case of an order of a party that resembles a listed one.
func decided(tb testing.TB, p placed) event.Case {
	tb.Helper()
	order := encode(tb, event.Order{
		Source: p.source, ID: p.id, OrderDate: p.date, ShipFrom: "US", ShipTo: "SG", EndUse: &event.EndUse{Text: "for " + p.party},
		Parties: []event.Party{{Role: event.Purchaser, Name: p.party, Address: &event.Address{Lines: []string{"1 Harbor Road"}, City: "Singapore", Country: "SG"}}},
		Items:   []event.Item{{Description: "accelerator card", PartNumber: "AC-100", Quantity: "8"}},
	})
	head := encode(tb, event.Cause{
		Line: event.LineOrder, V: 1, Kind: event.Placed, Event: "ev-" + p.source + "-" + p.id, Key: "default/" + url.PathEscape(p.source) + "/" + url.PathEscape(p.id) + "/0", Actor: "token:" + p.source,
		Tenant: "default", Source: p.source, OrderID: p.id, Format: "tidegate-json", At: "2026-11-23T10:15:00.123456Z",
		Received: event.Received{SHA256: event.Digest(order), Size: len(order)},
	})
	c := event.NewCase(append(append(append(head[:len(head)-1:len(head)-1], `,"order":`...), order...), '}'))
	score := event.Milli(870)
	c = c.With(encode(tb, event.Facts{
		Line: event.LineFacts, V: 1, Prev: event.Digest(c.Last()), Snapshot: strings.Repeat("5", 64), Matcher: "1",
		Lists: []event.ListSeen{{List: "EL", Feed: "csl", Version: "2026-11-01", Rows: 3000}},
		Parties: []event.PartyFacts{{Country: "SG", Headquarters: event.Known{Country: "CN", How: "listed_entry"}, Matches: []event.Match{{
			List: "EL", Entry: "EL-7", Name: "Lantern Semiconductor", Country: "CN", Queried: p.party, Matched: "Lantern Semi", Field: "name", Method: "alike", Score: score,
			Citation: "Supplement No. 4 to Part 744", Certainty: "C", Listed: []event.Span{{From: "2020-12-22"}},
		}}}},
		Items:  []event.ItemFacts{{Class: "a", How: "catalog", ECCN: "3A090.a", Catalog: "ac-100", DC: "yes", Subject: "yes"}},
		Places: []event.Place{},
	}))
	j := event.Judgement{
		Line: event.LineJudgement, V: 1, Prev: event.Digest(c.Last()), Outcome: p.outcome, Findings: []event.Finding{},
		Dates: []event.DateSay{{AsOf: "order_date", Date: p.date, Outcome: p.outcome}}, Pack: event.PackRef{ID: "us", Version: "2026.11", Digest: strings.Repeat("a", 64), Semantics: 1},
	}
	if p.outcome != event.Release {
		zero := 0
		j.Rule = "possible-match"
		j.Findings = append(j.Findings, event.Finding{
			Rule: "possible-match", Outcome: p.outcome, State: "fires", Party: &zero, Dates: []string{"order_date"}, Text: "“" + p.party + "” resembles “Lantern Semi” on the Entity List.",
			Citation: "15 CFR 744.11", Certainty: "C", Entry: "EL-7", Score: &score,
		})
	}
	return c.With(encode(tb, j))
}

// refused is a case of an input that was not accepted.
func refused(tb testing.TB, id, source, detail string) event.Case {
	tb.Helper()
	return event.NewCase(encode(tb, event.Refusal{
		Line: event.LineRefusal, V: 1, Event: "ev-" + id, Key: "default/" + source + "/" + id + "/0", Actor: "token:" + source, Source: source, OrderID: id, Format: "tidegate-json",
		At: "2026-11-23T10:16:00.000000Z", Faults: []event.Fault{{Pointer: "/items", Code: "required", Detail: detail}},
		Received: event.Received{SHA256: event.Digest([]byte("x")), Size: 1, Bytes: "eA=="},
	}))
}

// noted is a case of no order.
func noted(tb testing.TB, text string) event.Case {
	tb.Helper()
	n := &event.Note{What: "query", By: "token:other", Text: text}
	act := encode(tb, event.Act{Kind: event.Remark, ID: "n", Particulars: event.Particulars{Note: n}})
	return event.NewCase(encode(tb, event.Cause{
		Line: event.LineOrder, V: 1, Kind: event.Remark, Event: "ev-note", Key: "default//note/n", Actor: "operator", Tenant: "default", Format: "tidegate-act",
		At: "2026-11-23T10:17:00.000000Z", Received: event.Received{SHA256: event.Digest(act), Size: len(act), Bytes: string(act)}, Particulars: event.Particulars{Note: n},
	}))
}

// history is an audit directory that grows.
type history struct {
	data           string
	grow           func(...event.Case)
	blocks, leaves uint64
}

func logged(tb testing.TB, cases ...event.Case) *history {
	tb.Helper()
	return loggedWith(tb, func(*audit.Config) {}, cases...)
}

// loggedWith is logged by a service that is configured otherwise.
func loggedWith(tb testing.TB, change func(*audit.Config), cases ...event.Case) *history {
	tb.Helper()
	nc := natstest.Server(tb)
	js := natstest.JetStream(tb, nc)
	h := &history{data: tb.TempDir()}
	cfg := audit.Config{
		Dir: filepath.Join(h.data, "audit"), GuardDir: filepath.Join(h.data, "guard"), Log: slog.New(slog.DiscardHandler),
		BatchAge: 5 * time.Millisecond, CheckpointInterval: 100 * time.Millisecond,
	}
	change(&cfg)
	h.grow = func(cases ...event.Case) {
		tb.Helper()
		if err := bus.Publish(tb.Context(), js, subject.DecisionStream, subject.DecisionSubject, h.blocks, event.AppendBlock(nil, cases)); err != nil {
			tb.Fatal(err)
		}
		h.blocks, h.leaves = h.blocks+1, h.leaves+uint64(len(cases))
		s, err := audit.New(nc, cfg)
		if err != nil {
			tb.Fatal(err)
		}
		ctx, stop := context.WithCancel(tb.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.Run(ctx) }()
		for tick := time.NewTicker(5 * time.Millisecond); s.Leaves() < h.leaves; {
			select {
			case <-tick.C:
			case err := <-ended:
				tb.Fatal(err)
			}
		}
		stop()
		if err := <-ended; err != nil {
			tb.Fatal(err)
		}
	}
	h.grow(cases...)
	return h
}

// notes keeps what the page brings in.
type notes struct {
	mu  sync.Mutex
	all []event.Note
	err error
}

func (n *notes) take(_ context.Context, one event.Note) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.err != nil {
		return n.err
	}
	n.all = append(n.all, one)
	return nil
}

func (n *notes) list() []event.Note {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]event.Note{}, n.all...)
}

// served is a page that runs.
type served struct {
	*page.Service
	tb    testing.TB
	dir   string // of tokens
	notes *notes
	stop  func()
}

// serve runs the page over a data directory until the test ends or stop is called, and waits until its index has what is logged.
func serve(tb testing.TB, data string, change func(*page.Config)) *served {
	tb.Helper()
	s := &served{tb: tb, dir: filepath.Join(data, "ingest"), notes: &notes{}}
	cfg := page.Config{
		Dir: filepath.Join(data, "audit"), Tokens: s.dir, Listen: ":0", Log: slog.New(slog.DiscardHandler), Note: s.notes.take, Every: time.Hour, Index: 10 * time.Millisecond,
	}
	if change != nil {
		change(&cfg)
	}
	var err error
	if s.Service, err = page.New(tb.Context(), cfg); err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	var once sync.Once
	s.stop = func() {
		once.Do(func() {
			cancel()
			if err := <-ended; err != nil {
				tb.Error(err)
			}
		})
	}
	tb.Cleanup(s.stop)
	return s
}

// token makes a token.
func (s *served) token(r token.Record) string {
	s.tb.Helper()
	if r.Scopes == nil {
		r.Scopes = []token.Scope{token.Audit}
	}
	secret, _, err := token.Create(s.dir, r, time.Now())
	if err != nil {
		s.tb.Fatal(err)
	}
	return secret
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// client follows no redirect, so that each answer is seen.
var client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Timeout: 30 * time.Second}

// ask sends a request with a token, "" for none.
func (s *served) ask(method, path, secret string, form url.Values, header ...string) answer {
	s.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, s.URL()+path, body)
	if err != nil {
		s.tb.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if secret != "" {
		req.Header.Set("Authorization", "Bearer "+secret)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := client.Do(req)
	if err != nil {
		s.tb.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	a := answer{status: resp.StatusCode, header: resp.Header}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") { // it does not end by itself
		b := make([]byte, 64<<10)
		n, _ := resp.Body.Read(b)
		a.body = string(b[:n])
		return a
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.tb.Fatal(err)
	}
	a.body = string(b)
	return a
}

// until waits for a condition, at most a minute.
func until(tb testing.TB, what string, ok func() bool) {
	tb.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			tb.Fatalf("waited in vain for %s", what)
		}
	}
}

// indexed waits until an order is found.
func (s *served) indexed(secret, id string) {
	s.tb.Helper()
	until(s.tb, "the index", func() bool {
		return s.ask("GET", "/order?id="+url.QueryEscape(id), secret, nil).status == http.StatusOK
	})
}
