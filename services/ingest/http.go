package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/accept"
	"github.com/tidegate/tidegate/services/ingest/internal/cloudevent"
	"github.com/tidegate/tidegate/services/ingest/internal/feed"
	"github.com/tidegate/tidegate/services/ingest/internal/format"
	"github.com/tidegate/tidegate/shared/token"
)

// Limits of the HTTP door.
const (
	maxBody     = 1 << 40          // bytes of one request: orders stream, so that only nonsense is held off
	ahead       = 512              // orders of one request that are on their way at once
	idleRead    = 30 * time.Second // without a byte from the sender
	idleWrite   = 30 * time.Second // without the sender taking a byte
	defaultWait = 10 * time.Second
	maxWait     = 10 * time.Minute
	stopWithin  = 20 * time.Second // what was taken is answered by then
)

// serveHTTP serves until ctx ends and then answers what was taken.
func (s *Service) serveHTTP(ctx context.Context, l net.Listener) error {
	srv := &http.Server{
		Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
		ErrorLog:    slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
		defer cancel()
		err := srv.Shutdown(last)
		stopped <- errors.Join(err, srv.Close())
	}()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("ingest: %w", err)
	}
	if err := <-stopped; err != nil {
		return fmt.Errorf("ingest: stop the HTTP door: %w", err)
	}
	return nil
}

// routes is everything that the HTTP door offers.
func (s *Service) routes() []route {
	return []route{
		{"POST", "/v1/orders", token.Submit, s.postOrders},
		{"GET", "/v1/orders", token.Read, s.getOrders},
		{"GET", "/v1/orders/{id}", token.Read, s.getOrder},
		{"GET", "/v1/match", token.Read, s.getMatch},
		{"POST", "/v1/match", token.Read, s.postMatch},
		{"POST", "/v1/orders/{id}/shipped", token.Submit, s.postShipped},
		{"POST", "/v1/orders/{id}/cancelled", token.Submit, s.postCancelled},
		{"POST", "/v1/screen", token.Submit, s.postScreen},
		{"POST", "/v1/acts", token.Operate, s.postAct},
		{"POST", "/v1/webhooks/{name}", "", s.postWebhook}, // the signature says who it is
		{"GET", "/v1/decisions", token.Read, s.getDecisions},
		{"GET", "/v1/receipts", token.Read, s.getReceipts},
		{"GET", "/v1/refusals", token.Read, s.getRefusals},
		{"GET", "/v1/refusals/{event}", token.Audit, s.getRefusal},
		{"GET", "/healthz", "", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") }},
		{"GET", "/readyz", "", s.readyz},
		{"GET", "/metrics", token.Operate, s.meter.handler(newState(s)).ServeHTTP},
		{"GET", "/openapi.json", "", s.getOpenAPI},
	}
}

// isReady says whether orders are taken now.
func (s *Service) isReady() bool {
	select {
	case <-s.ready:
		return s.nc.IsConnected() && !s.write.down.Load()
	default:
		return false
	}
}

func (s *Service) readyz(w http.ResponseWriter, r *http.Request) {
	if s.isReady() {
		_, _ = io.WriteString(w, "ready\n")
		return
	}
	probNotReady.because("the order stream does not take orders now").write(w, r)
}

// wish is what a request asks for.
type wish struct {
	who     caller
	hint    format.Hint
	wait    awaited
	timeout time.Duration
	key     string // the header Idempotency-Key
	correct string // the refusal that this corrects
}

// readWish reads content type, headers and query; a problem says what is wrong with them.
func readWish(r *http.Request) (wish, *Problem) {
	v := wish{timeout: defaultWait, wait: awaited(r.URL.Query().Get("wait")), who: callerOf(r.Context()), key: r.Header.Get(headerIdempotency)}
	no := func(p Problem) (wish, *Problem) { return v, &p }
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // "" where there is none or it cannot be read
	if !format.Takes(media) {
		return no(probMedia.because("content type %q; send one of %s", media, format.Media))
	}
	v.hint = format.Hint{Media: media}
	if v.hint.Event, v.hint.Faults = cloudevent.Headers(r.Header.Get); v.hint.Event {
		v.hint.Source = r.Header.Get("Ce-Source")
	}
	if v.key != "" && (!usable(v.key) || len(v.key) > 128) {
		return no(probRequest.because("Idempotency-Key: want 1 to 128 printable ASCII characters without spaces and quotes"))
	}
	if v.correct = r.Header.Get(HeaderCorrects); v.correct != "" {
		if _, err := uuid.Parse(v.correct); err != nil || len(v.correct) != 36 {
			return no(probRequest.because("%s: want the event id of a refusal", HeaderCorrects))
		}
	}
	if v.wait != waitNothing && v.wait != waitDecision && v.wait != waitReceipt {
		return no(probRequest.because("wait=%s; wait for decision or receipt", v.wait))
	}
	if t := r.URL.Query().Get("timeout"); t != "" {
		var err error
		if v.timeout, err = time.ParseDuration(t); err != nil || v.timeout < 0 || v.timeout > maxWait {
			return no(probRequest.because("timeout=%s; want a time such as 10s, at most %s", t, maxWait))
		}
	}
	return v, nil
}

// postOrders takes one order, an array, or one a line. One order gets one answer with a status of its own; several get
// 200 and one line each, in their order, while the rest is still being read.
func (s *Service) postOrders(w http.ResponseWriter, r *http.Request) {
	v, p := readWish(r)
	if p != nil {
		p.write(w, r)
		return
	}
	rc := http.NewResponseController(w)
	_ = rc.EnableFullDuplex() // answers go out while orders come in; HTTP/2 does so anyway
	body, p := s.body(rc, r)
	if p != nil {
		p.write(w, r)
		return
	}
	if name := r.URL.Query().Get("map"); name != "" {
		if v.hint.Map = s.Doors().Maps[name]; v.hint.Map == nil {
			probRequest.because("map=%s; there is no mapping of this name", name).write(w, r)
			return
		}
	}
	in := format.New(body, v.hint)
	first, err := in.Next()
	if err != nil && !errors.Is(err, feed.ErrCut) && !errors.Is(err, io.EOF) {
		notRead(err).write(w, r)
		return
	}
	if in.Single() {
		s.answerOne(w, r, v, s.begin(r.Context(), v, first, ""))
		return
	}
	s.answerMany(w, r, rc, v, in, first, err)
}

// taken is an order of a request on its way.
type taken struct {
	sub    *submission
	expect *expectation
	until  time.Time // how long its sender waits for more than durability
	denied string    // why its sender may not send it
	err    error
}

// begin accepts a piece and hands it to the writer. Who waits for more listens before that. place tells the orders of one
// request apart under its one idempotency key.
func (s *Service) begin(ctx context.Context, v wish, in accept.Input, place string) taken {
	in.Actor, in.Tenant = v.who.Actor, token.Only(v.who.Tenants, "")
	in.Source = token.Only(v.who.Sources, in.Source)
	in.Corrects = v.correct
	if v.key != "" {
		in.Again = v.key + place
	}
	return s.beginEntry(ctx, v, s.accept(in))
}

// beginEntry is begin for what was accepted or refused already.
func (s *Service) beginEntry(ctx context.Context, v wish, e accept.Entry) taken {
	if !v.who.ActsFor(e.Tenant(), e.Source) {
		return taken{denied: fmt.Sprintf("token %s may not act for source %q of tenant %q", v.who.Name, e.Source, e.Tenant())}
	}
	t := taken{until: s.cfg.Clock().Add(v.timeout)}
	if v.wait != waitNothing {
		if t.expect, t.err = s.wait.expect(ctx, v.wait, e.Source, e.Event); t.err != nil {
			return t
		}
	}
	t.sub, t.err = s.submit(ctx, e)
	return t
}

// finish waits for what the sender wants to know. late says that the order is durable but the wait was in vain.
func (s *Service) finish(ctx context.Context, v wish, t taken) (a Answer, late bool) {
	if t.expect != nil {
		defer t.expect.forget()
	}
	switch {
	case t.denied != "":
		return Answer{Status: statusForbidden, Detail: t.denied}, false
	case t.err != nil:
		return Answer{Status: statusUnavailable, Detail: t.err.Error()}, false
	}
	got := <-t.sub.done
	a = answerOf(got)
	if got.err != nil || got.reused || t.expect == nil || (got.entry.Refused() && v.wait == waitDecision) {
		return a, false
	}
	ctx, cancel := context.WithTimeout(ctx, t.until.Sub(s.cfg.Clock()))
	defer cancel()
	line := s.await(ctx, t.expect, v.wait, got)
	if v.wait == waitReceipt {
		a.Record = line
	} else {
		a.Decision = line
	}
	return a, line == nil
}

func (s *Service) answerOne(w http.ResponseWriter, r *http.Request, v wish, t taken) {
	a, late := s.finish(r.Context(), v, t)
	s.sayOne(w, r, a, late)
}

// sayOne answers for one order or act, with a status of its own.
func (s *Service) sayOne(w http.ResponseWriter, r *http.Request, a Answer, late bool) {
	status := http.StatusCreated
	switch {
	case a.Status == statusUnavailable:
		probUnavailable.because("%s", a.Detail).write(w, r)
		return
	case a.Status == statusForbidden:
		probForbidden.because("%s", a.Detail).write(w, r)
		return
	case a.Status == statusReused:
		probReused.because("%s", a.Detail).write(w, r)
		return
	case a.Status == statusRefused:
		refusedProblem(a).write(w, r)
		return
	case late:
		status = http.StatusAccepted
		w.Header().Set("Retry-After", "1")
	case a.Duplicate:
		status = http.StatusOK
	}
	if a.OrderID != "" {
		w.Header().Set("Location", location(a))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(a.appendTo(nil)) // the order is durable whether the sender hears it or not
}

// location is where an order's decision and receipt are found.
func location(a Answer) string {
	return "/v1/orders/" + url.PathEscape(a.OrderID) + "?" + url.Values{"source": {a.Source}}.Encode()
}

// answerMany reads on while a second goroutine answers in order; the channel between them bounds what is on its way.
func (s *Service) answerMany(w http.ResponseWriter, r *http.Request, rc *http.ResponseController, v wish, in *format.Reader, p accept.Input, err error) {
	open := make(chan taken, ahead)
	done := make(chan struct{})
	stop := make(chan struct{}) // nothing was said yet and orders are not taken: say that instead
	go func() { defer close(done); s.answers(w, r, rc, v, open, stop) }()
	for n := 0; err == nil; n++ {
		select {
		case open <- s.begin(r.Context(), v, p, "#"+strconv.Itoa(n)):
			p, err = in.Next()
		case <-stop:
			err = io.EOF
		}
	}
	if !errors.Is(err, io.EOF) {
		open <- taken{err: err}
	}
	close(open)
	<-done
}

func (s *Service) answers(w http.ResponseWriter, r *http.Request, rc *http.ResponseController, v wish, open <-chan taken, stop chan<- struct{}) {
	var b []byte
	said := false
	for t := range open {
		a, _ := s.finish(r.Context(), v, t)
		if errors.Is(t.err, feed.ErrCut) || unreadable(t.err) {
			a = Answer{Status: statusRefused, Faults: []event.Fault{{Code: "syntax", Detail: t.err.Error()}}}
		}
		if !said && a.Status == statusUnavailable {
			probUnavailable.because("%s", a.Detail).write(w, r)
			close(stop)
			for t := range open { // durable or not, nothing is said about them
				_, _ = s.finish(r.Context(), wish{}, t)
			}
			return
		}
		if !said {
			w.Header().Set("Content-Type", "application/x-ndjson")
			w.WriteHeader(http.StatusOK)
			said = true
		}
		if b = a.appendTo(b); len(b) > 16<<10 || len(open) == 0 {
			_ = rc.SetWriteDeadline(s.cfg.Clock().Add(idleWrite))
			_, _ = w.Write(b) // a sender who is gone is noticed by the reading side
			_ = rc.Flush()
			b = b[:0]
		}
	}
	if !said {
		w.Header().Set("Content-Type", "application/x-ndjson")
		w.WriteHeader(http.StatusOK)
	}
}
