package page

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/tidegate/tidegate/shared/token"
)

// Limits of the door.
const (
	atOnce     = 64               // requests worked on at once
	watchers   = 16               // live lists open at once
	stopWithin = 5 * time.Second  // what was asked is answered by then
	takeWithin = 30 * time.Second // without the browser taking a byte
)

//go:embed static
var static embed.FS

// access says who may use a route.
type access string

const (
	open    access = "open"    // anybody: the form to sign in and what it is drawn with
	auditor access = "auditor" // who has a token with the scope audit
)

// route is one path of the page.
type route struct {
	method, path string
	access       access
	handle       func(http.ResponseWriter, *http.Request, viewer) error
}

// Route names a method and path of the page and who may use them: "open" or "auditor".
type Route struct{ Method, Path, Access string }

// Routes lists everything that the page offers.
func (s *Service) Routes() []Route {
	var all []Route
	for _, r := range s.routes() {
		all = append(all, Route{r.method, r.path, string(r.access)})
	}
	return all
}

// routes is everything that the page offers. What is not open changes nothing: all of it is GET.
func (s *Service) routes() []route {
	return []route{
		{"GET", "/{$}", auditor, s.getSearch},
		{"GET", "/order", auditor, s.getOrder},
		{"GET", "/records/{log}/{leaf}", auditor, s.getRecord},
		{"GET", "/records/{log}/{leaf}/leaf", auditor, s.getLeaf},
		{"GET", "/records/{log}/{leaf}/proof", auditor, s.getProof},
		{"GET", "/checkpoint", auditor, s.getCheckpoint},
		{"GET", "/key", auditor, s.getKey},
		{"GET", "/export", auditor, s.getExport},
		{"GET", "/evidence", auditor, s.getEvidence},
		{"GET", "/calendar", auditor, s.getCalendar},
		{"GET", "/lists", auditor, s.getLists},
		{"GET", "/live", auditor, s.getLive},
		{"GET", "/live/events", auditor, s.getEvents},
		{"GET", "/sign-in", open, s.getSignIn},
		{"POST", "/sign-in", open, s.postSignIn},
		{"POST", "/sign-out", open, s.postSignOut},
		{"GET", "/static/{name}", open, s.getStatic},
		{"GET", "/healthz", open, func(w http.ResponseWriter, _ *http.Request, _ viewer) error {
			_, err := w.Write([]byte("ok\n"))
			return err
		}},
	}
}

// fault is an error that is told to whoever asked.
type fault struct {
	status int
	says   string
}

func (f fault) Error() string { return f.says }

// errNothing is the one answer to what is not there and what may not be seen.
var errNothing = fault{http.StatusNotFound, "There is no such record, or it lies beyond what your token may see."}

// Handler is the page without its listener.
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range s.routes() {
		mux.Handle(r.method+" "+r.path, s.guarded(r))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, viewer{}, fault{http.StatusNotFound, "There is no such page."})
	})
	protected := http.NewCrossOriginProtection()
	protected.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, viewer{}, fault{http.StatusForbidden, "A page of another site asked for this."})
	}))
	return s.headed(s.bounded(protected.Handler(mux)))
}

// policy lets the page load its own style, script and events, and nothing else.
const contentPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; " +
	"base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

// headed gives every answer its headers and answers what a panic left.
func (s *Service) headed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		for name, v := range map[string]string{
			"Content-Security-Policy": contentPolicy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store",
			"Permissions-Policy": "camera=(), geolocation=(), microphone=()", "X-Robots-Tag": "noindex, nofollow",
		} {
			h.Set(name, v)
		}
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler { //nolint:errorlint // the value itself, as net/http documents
					panic(p)
				}
				s.fail(w, r, viewer{}, fmt.Errorf("panic: %v", p))
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// bounded refuses requests beyond so many at once. Live lists give their place back: they have a bound of their own.
func (s *Service) bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/live/events" {
			next.ServeHTTP(w, r)
			return
		}
		select {
		case s.busy <- struct{}{}:
			defer func() { <-s.busy }()
			next.ServeHTTP(w, r)
		default:
			w.Header().Set("Retry-After", "1")
			s.fail(w, r, viewer{}, fault{http.StatusServiceUnavailable, "Too much is asked at once. Try again in a moment."})
		}
	})
}

// guarded lets a request pass that is by an auditor, or whose route is open.
func (s *Service) guarded(t route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var who viewer
		if t.access != open {
			var err error
			if who, err = s.whoIs(r); err != nil {
				s.unknown(w, r, err)
				return
			}
		}
		if err := t.handle(w, r, who); err != nil {
			s.fail(w, r, who, err)
		}
	})
}

// unknown answers who did not say who he is: a browser is led to the form.
func (s *Service) unknown(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, errSignIn) && strings.Contains(r.Header.Get("Accept"), "text/html") {
		http.Redirect(w, r, "/sign-in?"+url.Values{"next": {r.URL.RequestURI()}}.Encode(), http.StatusSeeOther)
		return
	}
	if errors.Is(err, errSignIn) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="tidegate auditor"`)
	}
	s.fail(w, r, viewer{}, err)
}

// fail says what went wrong. What is not the asker's own fault is logged and not told.
func (s *Service) fail(w http.ResponseWriter, r *http.Request, who viewer, err error) {
	var f fault
	switch {
	case r.Context().Err() != nil: // nobody listens any more
		return
	case !errors.As(err, &f):
		s.cfg.Log.ErrorContext(r.Context(), "the auditor's page could not answer", slog.String("path", r.Pattern), slog.Any("error", err))
		f = explain(err)
	}
	h := w.Header()
	h.Del("Content-Disposition")
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		h.Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(f.status)
		_, _ = w.Write([]byte(f.says + "\n"))
		return
	}
	_ = s.render(w, r, who, f.status, "problem", "Not answered", f) // nothing more can be said
}

// render writes a page. It is made whole before its first byte leaves, so that a fault in it is an answer of its own.
func (s *Service) render(w http.ResponseWriter, r *http.Request, who viewer, status int, name, title string, data any) error {
	var b bytes.Buffer
	if err := pages[name].Execute(&b, frame{Title: title, Name: name, Path: r.URL.Path, Who: who, Data: data}); err != nil {
		return fmt.Errorf("write page %s: %w", name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // a browser that is gone is no fault
	return nil
}

// getStatic gives the style and scripts.
func (s *Service) getStatic(w http.ResponseWriter, r *http.Request, _ viewer) error {
	b, err := static.ReadFile("static/" + r.PathValue("name"))
	if err != nil {
		return fault{http.StatusNotFound, "There is no such file."}
	}
	w.Header().Set("Content-Type", map[string]string{
		".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
	}[path.Ext(r.PathValue("name"))])
	w.Header().Set("Cache-Control", "no-cache") // nobody's secret, and another after an update
	_, err = w.Write(b)
	return err
}

// serve serves until ctx ends and answers what was asked.
func (s *Service) serve(ctx context.Context) error {
	srv := &http.Server{
		// No limit on reading: it would end live lists and exports, too. The one form has its own.
		Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second, WriteTimeout: takeWithin, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx }, // live lists end with it
		ErrorLog:    slog.NewLogLogger(s.cfg.Log.Handler(), slog.LevelDebug),
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		<-ctx.Done()
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
		defer cancel()
		_ = srv.Shutdown(last) // what is not done by then is cut off
		_ = srv.Close()
	}()
	if err := srv.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("auditor's page: %w", err)
	}
	<-stopped
	return nil
}

// viewer is who looks.
type viewer struct {
	token.Record
	session string // where it is a browser that signed in
}

// Actor names the viewer as notes do.
func (v viewer) Actor() string { return "token:" + v.Name }

// SignedIn says whether there is something to sign out of.
func (v viewer) SignedIn() bool { return v.session != "" }
