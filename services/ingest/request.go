package ingest

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/propagation"

	"github.com/tidegate/tidegate/shared/token"
)

const (
	headerRequestID   = "X-Request-Id"
	headerIdempotency = "Idempotency-Key"
)

// HeaderCorrects names the refusal (its event id) that an order corrects.
const HeaderCorrects = "Tidegate-Corrects"

// route is one path of the HTTP door with what a token needs for it.
type route struct {
	method, path string
	scope        token.Scope // none: open to everybody
	handle       http.HandlerFunc
}

// Route names a method and path of the HTTP door and the scope they need, "" for none.
type Route struct{ Method, Path, Scope string }

// Routes lists what the HTTP door offers.
func (s *Service) Routes() []Route {
	var all []Route
	for _, r := range s.routes() {
		all = append(all, Route{r.method, r.path, string(r.scope)})
	}
	return all
}

// Handler is the HTTP door without its listener. It answers while Run works.
func (s *Service) Handler() http.Handler {
	mux, paths := http.NewServeMux(), http.NewServeMux()
	allowed := map[string][]string{}
	for _, r := range s.routes() {
		mux.Handle(r.method+" "+r.path, s.guarded(r))
		if allowed[r.path] == nil {
			paths.Handle(r.path, http.NotFoundHandler())
		}
		allowed[r.path] = append(allowed[r.path], r.method)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		_, path := paths.Handler(r)
		if methods := allowed[path]; methods != nil {
			w.Header().Set("Allow", strings.Join(methods, ", "))
			probMethod.because("%s is not for %s; %s is", r.URL.Path, r.Method, strings.Join(methods, ", ")).write(w, r)
			return
		}
		probPath.because("%s %s; GET /openapi.json lists what there is", r.Method, r.URL.Path).write(w, r)
	})
	protected := http.NewCrossOriginProtection() // a page in somebody's browser places no orders
	protected.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		probCrossOrigin.because("a request that a page of another site made").write(w, r)
	}))
	return s.named(s.bounded(protected.Handler(mux)))
}

// named gives every request an id, the sender's own where it has a usable one, and answers what a handler's panic left.
func (s *Service) named(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := s.cfg.Clock()
		id := r.Header.Get(headerRequestID)
		if !usable(id) {
			id = uuid.NewString()
		}
		w.Header().Set(headerRequestID, id)
		noted := &notedWriter{ResponseWriter: w}
		ctx := traceContext.Extract(r.Context(), propagation.HeaderCarrier(r.Header)) // traceparent, where the sender has one
		r = r.WithContext(ctx)
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler { //nolint:errorlint // the value itself, as net/http documents
					panic(p)
				}
				s.log.ErrorContext(ctx, "request failed", slog.String("request_id", id), slog.String("text", fmt.Sprint(p)))
				if noted.status == 0 {
					probInternal.write(noted, r)
				}
			}
			s.noteRequest(r, noted.status, id, start)
		}()
		next.ServeHTTP(noted, r)
	})
}

var traceContext propagation.TraceContext

func (s *Service) noteRequest(r *http.Request, status int, id string, start time.Time) {
	s.meter.requests.WithLabelValues(method(r), template(r), strconv.Itoa(status)).Inc()
	s.meter.took.WithLabelValues(template(r)).Observe(s.cfg.Clock().Sub(start).Seconds())
	level := slog.LevelDebug
	if status >= http.StatusInternalServerError {
		level = slog.LevelWarn
	}
	s.log.LogAttrs(r.Context(), level, "request", slog.String("method", r.Method), slog.String("path", template(r)),
		slog.Int("status", status), slog.String("request_id", id), slog.Duration("took", s.cfg.Clock().Sub(start)))
}

// method is a request's method where it is one that the door has, for what a sender makes up is no label.
func method(r *http.Request) string {
	if r.Method == http.MethodGet || r.Method == http.MethodPost {
		return r.Method
	}
	return "other"
}

// template is the pattern that a request's path fits, without the values in it.
func template(r *http.Request) string {
	if _, path, ok := strings.Cut(r.Pattern, " "); ok {
		return path
	}
	return "(none)"
}

// usable says whether a sender's id can stand in headers and logs as it is.
func usable(id string) bool {
	return id != "" && len(id) <= 128 && strings.IndexFunc(id, func(c rune) bool { return c <= ' ' || c > '~' || c == '"' }) < 0
}

// notedWriter remembers the status. Unwrap gives http.ResponseController the writer below.
type notedWriter struct {
	http.ResponseWriter
	status int
}

func (w *notedWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *notedWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

func (w *notedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// bounded refuses requests beyond so many at once: a flood is the senders' to hold back, and the process stays small.
func (s *Service) bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if plain(r) {
			next.ServeHTTP(w, r)
			return
		}
		if !s.requests.TryAcquire(1) {
			probFlood.because("more than %d requests at once; send several orders in one request", s.cfg.Requests).write(w, r)
			return
		}
		defer s.requests.Release(1)
		next.ServeHTTP(w, r)
	})
}

// plain requests are answered however busy the door is.
func plain(r *http.Request) bool {
	return slices.Contains([]string{"/healthz", "/readyz", "/metrics"}, r.URL.Path)
}

// guarded lets a request pass whose token has the route's scope.
func (s *Service) guarded(t route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if t.scope == "" {
			t.handle(w, r)
			return
		}
		who, p := s.whoIs(r)
		if p != nil {
			if p.Status == http.StatusUnauthorized {
				w.Header().Set("WWW-Authenticate", `Bearer realm="tidegate"`)
			}
			p.write(w, r)
			return
		}
		if who.Spans() { // days are not told apart here
			probForbidden.because("token %s is for the auditor's page: it sees a range of days only", who.Name).write(w, r)
			return
		}
		if !who.May(t.scope) {
			probForbidden.because("token %s has not the scope %s", who.Name, t.scope).write(w, r)
			return
		}
		t.handle(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, who)))
	})
}

// caller is who sent a request.
type caller struct {
	token.Record
	Actor string // as causes name who brought them
}

type callerKey struct{}

// callerOf is who sent a request that guarded let pass.
func callerOf(ctx context.Context) caller {
	who, _ := ctx.Value(callerKey{}).(caller)
	return who
}

// whoIs finds out who sends a request. Where no token was ever made, whoever is on this machine may do everything, and
// nobody else anything.
func (s *Service) whoIs(r *http.Request) (caller, *Problem) {
	host, _, _ := net.SplitHostPort(r.RemoteAddr) // "" where there is none, which is no loopback address
	records, err := s.tokens.List(false)
	if err != nil {
		p := probNotReady.because("tokens cannot be read")
		s.log.ErrorContext(r.Context(), "tokens not read", slog.Any("error", err))
		return caller{}, &p
	}
	secret, given := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case given:
		who, ok := token.Find(append(records, s.local), secret)
		if !ok && token.Check(secret) == nil {
			if records, err = s.tokens.List(true); err == nil { // made a moment ago?
				who, ok = token.Find(records, secret)
			}
		}
		if ok {
			return caller{Record: who, Actor: "token:" + who.Name}, nil
		}
		p := probToken.because("this token does not count here")
		if err := token.Check(secret); err != nil {
			p.Detail = err.Error()
		}
		return caller{}, &p
	case len(records) == 0 && loopback(host):
		return caller{Record: token.Record{Name: "anybody on this machine", Scopes: token.Scopes}, Actor: "http:" + host}, nil
	case len(records) == 0:
		p := probToken.because("without tokens this door is open to its own machine only; make one with \"tidegate tokens create\"")
		return caller{}, &p
	default:
		p := probToken.because("send a token as Authorization: Bearer; \"tidegate tokens create\" makes one")
		return caller{}, &p
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
