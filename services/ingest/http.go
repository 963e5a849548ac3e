package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"time"

	"github.com/tidegate/tidegate/schemas/event"
	"github.com/tidegate/tidegate/services/ingest/internal/accept"
	"github.com/tidegate/tidegate/services/ingest/internal/feed"
)

// Limits of the HTTP door.
const (
	maxBody     = 4 << 30          // bytes of one request, where it says its length
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

// Handler is the HTTP door without its listener. It answers while Run works.
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/orders", s.postOrders)
	mux.HandleFunc("GET /v1/orders/{id}", s.getOrder)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", s.readyz)
	return http.NewCrossOriginProtection().Handler(mux) // a page in somebody's browser places no orders
}

func (s *Service) readyz(w http.ResponseWriter, _ *http.Request) {
	select {
	case <-s.ready:
		if s.nc.IsConnected() && !s.write.down.Load() {
			_, _ = io.WriteString(w, "ready\n")
			return
		}
	default:
	}
	problem(w, http.StatusServiceUnavailable, "not ready", "the order stream does not take orders now")
}

// problem answers with problem details (RFC 9457).
func problem(w http.ResponseWriter, status int, title, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(struct { // the sender is gone when this fails
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
	}{title, status, detail})
}

// wish is what a request asks for.
type wish struct {
	form    feed.Form
	wait    awaited
	timeout time.Duration
	actor   string
}

// readWish reads content type and query; a status other than 0 says what is wrong with them.
func readWish(r *http.Request) (wish, int, string) {
	v := wish{timeout: defaultWait, wait: awaited(r.URL.Query().Get("wait")), actor: "http:unknown"}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		v.actor = "http:" + host
	}
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // "" where there is none or it cannot be read
	switch media {
	case "application/json", "":
	case "application/x-ndjson", "application/ndjson", "application/jsonl":
		v.form = feed.Lines
	default:
		return v, http.StatusUnsupportedMediaType, fmt.Sprintf("content type %q; send application/json or application/x-ndjson", media)
	}
	if enc := r.Header.Get("Content-Encoding"); enc != "" && enc != "identity" {
		return v, http.StatusUnsupportedMediaType, fmt.Sprintf("content encoding %q; send the orders as they are", enc)
	}
	if v.wait != waitNothing && v.wait != waitDecision && v.wait != waitReceipt {
		return v, http.StatusBadRequest, fmt.Sprintf("wait=%s; wait for decision or receipt", v.wait)
	}
	if t := r.URL.Query().Get("timeout"); t != "" {
		var err error
		if v.timeout, err = time.ParseDuration(t); err != nil || v.timeout < 0 || v.timeout > maxWait {
			return v, http.StatusBadRequest, fmt.Sprintf("timeout=%s; want a time such as 10s, at most %s", t, maxWait)
		}
	}
	if r.ContentLength > maxBody {
		return v, http.StatusRequestEntityTooLarge, fmt.Sprintf("%d bytes; at most %d in one request", r.ContentLength, maxBody)
	}
	return v, 0, ""
}

// postOrders takes one order, an array, or one a line. One order gets one answer with a status of its own; several get
// 200 and one line each, in their order, while the rest is still being read.
func (s *Service) postOrders(w http.ResponseWriter, r *http.Request) {
	v, status, detail := readWish(r)
	if status != 0 {
		problem(w, status, http.StatusText(status), detail)
		return
	}
	rc := http.NewResponseController(w)
	_ = rc.EnableFullDuplex() // answers go out while orders come in; HTTP/2 does so anyway
	in := feed.New(&patientReader{r: r.Body, rc: rc, now: s.cfg.Clock}, v.form, event.MaxOrderSize)
	first, err := in.Next()
	if err != nil && !errors.Is(err, feed.ErrCut) && !errors.Is(err, io.EOF) {
		problem(w, http.StatusBadRequest, "orders not read", err.Error())
		return
	}
	if in.Single() {
		s.answerOne(r.Context(), w, v, s.begin(r.Context(), v, first))
		return
	}
	s.answerMany(r.Context(), w, rc, v, in, first, err)
}

// patientReader gives the sender time for each read, not for the whole request.
type patientReader struct {
	r   io.Reader
	rc  *http.ResponseController
	now func() time.Time
}

func (p *patientReader) Read(b []byte) (int, error) {
	_ = p.rc.SetReadDeadline(p.now().Add(idleRead)) // not supported by test recorders
	return p.r.Read(b)
}

// taken is an order of a request on its way.
type taken struct {
	sub    *submission
	expect *expectation
	err    error
}

// begin accepts a piece and hands it to the writer. Who waits for more listens before that.
func (s *Service) begin(ctx context.Context, v wish, p feed.Piece) taken {
	e := s.accept(accept.Input{Bytes: p.Bytes, Size: p.Size, SHA256: p.SHA256, Actor: v.actor})
	var t taken
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
	if t.err != nil {
		return Answer{Status: statusUnavailable, Detail: t.err.Error()}, false
	}
	got := <-t.sub.done
	a = answerOf(got)
	if got.err != nil || t.expect == nil || (got.entry.Refused() && v.wait == waitDecision) {
		return a, false
	}
	ctx, cancel := context.WithTimeout(ctx, v.timeout)
	defer cancel()
	line := s.await(ctx, t.expect, v.wait, got)
	if v.wait == waitReceipt {
		a.Record = line
	} else {
		a.Decision = line
	}
	return a, line == nil
}

func (s *Service) answerOne(ctx context.Context, w http.ResponseWriter, v wish, t taken) {
	a, late := s.finish(ctx, v, t)
	status := http.StatusCreated
	switch {
	case a.Status == statusUnavailable:
		problem(w, http.StatusServiceUnavailable, "orders are not taken now", a.Detail)
		return
	case a.Status == statusRefused:
		status = http.StatusUnprocessableEntity
	case late:
		status = http.StatusAccepted
	case a.Duplicate:
		status = http.StatusOK
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(a.appendTo(nil)) // the order is durable whether the sender hears it or not
}

// answerMany reads on while a second goroutine answers in order; the channel between them bounds what is on its way.
func (s *Service) answerMany(ctx context.Context, w http.ResponseWriter, rc *http.ResponseController, v wish, in *feed.Feed, p feed.Piece, err error) {
	open := make(chan taken, ahead)
	done := make(chan struct{})
	stop := make(chan struct{}) // nothing was said yet and orders are not taken: say that instead
	go func() { defer close(done); s.answers(ctx, w, rc, v, open, stop) }()
	for err == nil {
		select {
		case open <- s.begin(ctx, v, p):
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

func (s *Service) answers(ctx context.Context, w http.ResponseWriter, rc *http.ResponseController, v wish, open <-chan taken, stop chan<- struct{}) {
	var b []byte
	said := false
	for t := range open {
		a, _ := s.finish(ctx, v, t)
		if errors.Is(t.err, feed.ErrCut) {
			a = Answer{Status: statusRefused, Faults: []event.Fault{{Code: "syntax", Detail: t.err.Error()}}}
		}
		if !said && a.Status == statusUnavailable {
			problem(w, http.StatusServiceUnavailable, "orders are not taken now", a.Detail)
			close(stop)
			for t := range open { // durable or not, nothing is said about them
				_, _ = s.finish(ctx, wish{}, t)
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

func (s *Service) getOrder(w http.ResponseWriter, r *http.Request) {
	if s.cfg.Lookup == nil {
		problem(w, http.StatusNotImplemented, "no look-up here", "this door was started without the audit log")
		return
	}
	answer, found, err := s.cfg.Lookup(r.Context(), r.PathValue("id"))
	switch {
	case err != nil:
		problem(w, http.StatusServiceUnavailable, "look-up failed", err.Error())
	case !found:
		problem(w, http.StatusNotFound, "no such order", "nothing is logged under "+r.PathValue("id"))
	default:
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answer)
	}
}
